package cluster

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/problem"
	"tre/internal/workspace"
)

func rowOf(id string) (int32, bool) {
	row := strings.Index("abcdef", id)
	return int32(row), row >= 0 && len(id) == 1
}

func at(hour int) time.Time { return time.Date(2026, 3, 1, hour, 0, 0, 0, time.UTC) }

func TestTheLatestDecisionHolds(t *testing.T) {
	const file = decisionColumns + `
a,b,same,reader one,2026-03-01T10:00:00Z,
b,a,different,reader two,2026-03-01T11:00:00Z,"twins, says the ward"
a,b,same,reader one,2026-03-01T10:30:00+01:00,
c,d,different,reader one,2026-03-01T10:00:00Z,
d,c,different,reader two,2026-03-01T09:00:00Z,
e,zz,same,reader one,2026-03-01T10:00:00Z,
f,e,same,reader one,2026-03-01T10:00:00Z,
`
	got, err := ReadDecisions("decisions.csv", strings.NewReader(file), rowOf)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.All) != 7 || got.All[1].Note != "twins, says the ward" || !got.All[2].When.Equal(at(10).Add(-30*time.Minute)) {
		t.Errorf("lines: %+v", got.All)
	}
	got.All = nil
	want := Decisions{Must: []Pair{{4, 5}}, Cannot: []Pair{{0, 1}, {2, 3}}, Reversed: 2, Repeated: 1, Unknown: 1}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestRefusesDecisionsThatAreNotWellFormed(t *testing.T) {
	cases := map[string]string{
		"":                                       "decisions.csv: the header is not a,b,verdict,who,when,note",
		"a,b,verdict\n":                          "decisions.csv: the header is not a,b,verdict,who,when,note",
		"a,b,same,x,y\n":                         "decisions.csv: row 1: not a line of CSV with 6 columns",
		",b,same,reader,2026-03-01T10:00:00Z,\n": "decisions.csv: row 1: a: is empty",
		"a,a,same,reader,2026-03-01T10:00:00Z,\n":             "decisions.csv: row 1: b: is the same record as a",
		"a,b,maybe,reader,2026-03-01T10:00:00Z,\n":            "decisions.csv: row 1: verdict: must be same or different",
		"a,b,same,,2026-03-01T10:00:00Z,\n":                   "decisions.csv: row 1: who: is empty",
		"a,b,same,reader,1 March,\n":                          "decisions.csv: row 1: when: must be a moment such as 2026-03-01T09:30:00Z",
		"a,b,same,reader,2026-03-01T10:00:00Z,\"x\x1by\"\n":   "decisions.csv: row 1: note: holds control characters or is not UTF-8",
		"a,b,same,rea\xffder,2026-03-01T10:00:00Z,\n":         "decisions.csv: row 1: who: holds control characters or is not UTF-8",
		"a,b,same,reader,2026-03-01T10:00:00Z,\"unclosed\n\n": "decisions.csv: row 1: not a line of CSV with 6 columns",
	}
	for text, want := range cases {
		if text != "" && !strings.HasPrefix(text, "a,b,verdict") {
			text = decisionColumns + "\n" + text
		}
		_, err := ReadDecisions("decisions.csv", strings.NewReader(text), rowOf)
		if err == nil || err.Error() != want || problem.HintOf(err) == "" {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestDecisionsAreReadAsWritten(t *testing.T) {
	text := rapid.StringMatching(`[a-zé,"; ]{1,8}`)
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Decision {
			a := text.Draw(t, "a")
			return Decision{a, a + text.Draw(t, "b"), rapid.SampledFrom([]Verdict{Same, Different}).Draw(t, "verdict"),
				text.Draw(t, "who"), at(0).Add(time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "when"))), text.Draw(t, "note")}
		})).Draw(t, "decisions")
		var file bytes.Buffer
		if err := WriteDecisions(&file, all); err != nil {
			t.Fatal(err)
		}
		got, err := ReadDecisions("decisions.csv", &file, rowOf)
		if err != nil || len(got.All) != len(all) {
			t.Fatal(err)
		}
		for i := range all {
			if got.All[i] != all[i] {
				t.Fatal(gocmp.Diff(all[i], got.All[i]))
			}
		}
	})
}

func TestAppendedDecisionsAreKept(t *testing.T) {
	folder, err := workspace.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	one := Decision{"a", "b", Same, "reader one", at(9), ""}
	two := Decision{"zz", "b", Different, "reader two", at(10), "unknown to these records"}
	for _, d := range []Decision{one, two} {
		if err := AppendDecision(folder, "review/decisions.csv", d); err != nil {
			t.Fatal(err)
		}
	}
	if err := AppendDecision(folder, "review/decisions.csv", Decision{A: "a", B: "b", Verdict: "maybe", Who: "x", When: at(1)}); err == nil {
		t.Error("a verdict that is none was written")
	}
	data, err := folder.Read("review/decisions.csv")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadDecisions("decisions.csv", bytes.NewReader(data), rowOf)
	if diff := gocmp.Diff([]Decision{one, two}, got.All); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
}

func FuzzReadDecisions(f *testing.F) {
	f.Add([]byte(decisionColumns + "\na,b,same,reader one,2026-03-01T10:00:00Z,\n"))
	f.Add([]byte("\ufeff" + decisionColumns + "\r\n\"a\",b,different,r,2026-03-01T10:00:00.5+01:00,\"n\"\"\"\r\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := ReadDecisions("decisions.csv", bytes.NewReader(file), rowOf)
		if err != nil {
			if _, expected := errors.AsType[*problem.Problem](err); !expected {
				t.Fatalf("not a problem: %v", err)
			}
			return
		}
		var again bytes.Buffer
		if err := WriteDecisions(&again, got.All); err != nil {
			t.Fatal("what was read cannot be written")
		}
		same, err := ReadDecisions("decisions.csv", &again, rowOf)
		if diff := gocmp.Diff(got, same); err != nil || diff != "" {
			t.Fatal("what was written reads differently")
		}
	})
}
