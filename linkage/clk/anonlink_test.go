package clk

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestSolvesAsAnonlinkDoes compares with candidates and groups that anonlink
// 0.15.3 found between random encodings.
func TestSolvesAsAnonlinkDoes(t *testing.T) {
	data, err := os.ReadFile("testdata/anonlink.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Threshold  float64
		A, B       []string
		Candidates int
		Pairs      [][2]int32
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	side := func(texts []string) *Encodings {
		var raw [][]byte
		for _, text := range texts {
			clk, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			raw = append(raw, clk)
		}
		return encodingsOf(t, raw)
	}
	var found []Pair
	_, err = Compare(t.Context(), side(want.A), side(want.B), want.Threshold, 0, func(pairs []Pair) error {
		found = append(found, pairs...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != want.Candidates {
		t.Errorf("%d candidates, anonlink finds %d", len(found), want.Candidates)
	}
	var got [][2]int32
	for _, p := range OneToOne(found) {
		got = append(got, [2]int32{p.A, p.B})
	}
	slices.SortFunc(got, func(x, y [2]int32) int { return int(x[0] - y[0]) })
	if diff := gocmp.Diff(want.Pairs, got); diff != "" {
		t.Error(diff)
	}
}
