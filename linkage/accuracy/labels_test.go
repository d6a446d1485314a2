package accuracy_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/linkage/accuracy"
)

// TestLabelsAgreeWithLookingAtEveryLabel: with labelled pairs only those count,
// and those never scored are not linked at any threshold.
func TestLabelsAgreeWithLookingAtEveryLabel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		folder := t.TempDir()
		_, pairs, _ := w.write(t, folder)
		var labelled [][2]int
		scores := map[[2]int]float64{}
		var text strings.Builder
		text.WriteString("unique_id_l,source_dataset_l,unique_id_r,source_dataset_r,clerical_match_score\n")
		for _, p := range w.candidates(accuracy.LinkAndDedupe, func(record) bool { return true }) {
			if len(labelled) > 0 && rapid.Bool().Draw(rt, "unlabelled") {
				continue
			}
			scores[p] = rapid.SampledFrom([]float64{0, 0.49, 0.5, 1}).Draw(rt, "score")
			labelled = append(labelled, p)
			a, b := w.records[p[1]], w.records[p[0]]
			fmt.Fprintf(&text, "%s,%s,%s,%s,%v\n", a.id, a.source, b.id, b.source, scores[p])
		}
		labels := filepath.Join(folder, "labels.csv")
		if err := os.WriteFile(labels, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		curve, err := accuracy.Pairs(t.Context(), accuracy.PairsIn{Pairs: pairs, Labels: labels, Mistakes: 2})
		if err != nil {
			rt.Fatal(err)
		}
		same := func(p [2]int) float64 { return truth(scores[p] >= 0.5) }
		checkThresholds(rt, w, curve, labelled, same, 0.5)
		checkMistakes(rt, w, curve, labelled, same, 0)
	})
}

// TestUnlinkables: the curve is the share of weights below each step.
func TestUnlinkables(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-3, 3), rapid.Map(rapid.IntRange(-30, 30), func(i int) float64 { return float64(i) / 10 })), 1, 30).Draw(rt, "weights")
		curve := accuracy.UnlinkablesOf(weights)
		for _, u := range curve {
			var below int64
			for _, w := range weights {
				if w < u.Weight {
					below++
				}
			}
			if u.Records != below || math.Abs(u.Share-float64(below)/float64(len(weights))) > 1e-12 {
				rt.Fatalf("below %v: %d, want %d", u.Weight, u.Records, below)
			}
		}
		if last := curve[len(curve)-1]; last.Share != 1 {
			rt.Fatalf("the curve ends at %v", last.Share)
		}
		path := filepath.Join(t.TempDir(), "own.csv")
		var text strings.Builder
		text.WriteString("id,weight\n")
		for i, w := range weights {
			fmt.Fprintf(&text, "%d,%v\n", i, w)
		}
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		read, err := accuracy.Unlinkables(t.Context(), path, "", accuracy.Limits{})
		if err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(curve, read); d != "" {
			rt.Fatal(d)
		}
	})
}

// TestProfileSaysNoValue: counts and lengths are right, and no value is said.
func TestProfileSaysNoValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte("id,name\n1,Zoë\n2,Zoë\n3,\n4,Abelard\n5,\"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := accuracy.Profile(t.Context(), []string{path}, accuracy.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	one := accuracy.Value{Count: 1, Length: 1}
	want := []accuracy.Column{
		{File: path, Name: "id", Type: "VARCHAR", Rows: 5, Complete: 1, Distinct: 5, Shortest: 1, Longest: 1, Top: slices.Repeat([]accuracy.Value{one}, 5)},
		{File: path, Name: "name", Type: "VARCHAR", Rows: 5, Missing: 2, Complete: 0.6, Distinct: 2, Shortest: 3, Longest: 7, Top: []accuracy.Value{{Count: 2, Length: 3}, {Count: 1, Length: 7}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
