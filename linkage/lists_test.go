package linkage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tre/internal/problem"
	"tre/linkage"
)

func writeList(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	replacementHeader = "old_number,new_number,from"
	exclusionHeader   = "number,other_number,reason"
	decisionHeader    = "a,b,verdict,who,when,note"
)

func TestReplacedNumbersAreOnePersonUnlessExcluded(t *testing.T) {
	t.Parallel()
	a, h := john()
	a.nhs, h.nhs, h.postcode, h.prac = numberB, numberA, "SR9 9XX", ""
	g := newRegion(t, []row{a, h})
	persons := func(change func(*linkage.In)) int64 { return g.link(t, change).Persons }
	if n := persons(func(*linkage.In) {}); n != 2 {
		t.Fatalf("%d persons without a list, want 2", n)
	}
	list := writeList(t, replacementHeader, numberA+","+numberC+",2020-01-01", numberC+","+numberB+",2021-01-01")
	if n := persons(func(in *linkage.In) { in.Lists.Replacements = list }); n != 1 {
		t.Errorf("%d persons with the number replaced twice over, want 1", n)
	}
	exclusions := writeList(t, exclusionHeader, numberB+","+numberA+",adoption")
	_, err := linkage.Run(t.Context(), linkage.In{Folder: g.folder, IdentityFiles: g.files, Lists: linkage.Lists{Replacements: list, Exclusions: exclusions}})
	if problem.CodeOf(err) != problem.Failed || strings.Contains(err.Error(), numberA) {
		t.Errorf("error %v, want a refusal without the number", err)
	}
}

func TestExcludedPersonIsNotJoinedByWeight(t *testing.T) {
	t.Parallel()
	a, h := renamed()
	g := newRegion(t, []row{a, h})
	if n := g.link(t).Persons; n != 1 {
		t.Fatalf("%d persons, want 1", n)
	}
	list := writeList(t, exclusionHeader, numberA+",,")
	if n := g.link(t, func(in *linkage.In) { in.Lists.Exclusions = list }).Persons; n != 2 {
		t.Errorf("%d persons with the number excluded, want 2", n)
	}
}

// renamed is a person in a register and in an emergency department, who has
// moved and whose surname was misheard: no deterministic step joins them.
func renamed() (register, hospital row) {
	register, _ = john()
	hospital, _ = numberless()
	register.forename, hospital.forename = "THEODORA", "THEODORA"
	hospital.surname, hospital.postcode = "OAKLEYS", "SR9 9XX"
	register.sex, hospital.sex = "female", "female"
	return register, hospital
}

func TestMisheardSurnameIsJoinedByWeightWithItsReasons(t *testing.T) {
	t.Parallel()
	a, h := renamed()
	rows := []row{a, h}
	for i := range 60 { // others, so that a date and a postcode say something
		r, _ := john()
		r.localID, r.nhs, r.birth, r.postcode, r.forename = string(rune('a'+i)), synthetic(i+900), "1950-02-"+string(rune('1'+i%2))+string(rune('0'+i%9)), "DH"+string(rune('1'+i%9))+" 1AA", "PETER"
		rows = append(rows, r)
	}
	g := newRegion(t, rows)
	g.link(t, func(in *linkage.In) { in.Rules.BusyPostcodes = -1 })
	index := g.index(t)
	l := index[h.filled().recordKey()]
	if l.person != index[a.filled().recordKey()].person || l.step != "probabilistic" || l.matchedOn != "forename surname sex birth_date" {
		t.Errorf("joined by step %s on %q, want probabilistic on forename, surname, sex and birth date", l.step, l.matchedOn)
	}
	var heavy, without int
	g.each(t, "SELECT count(*) FILTER (match_weight >= 5 AND step = 'probabilistic' AND margin IS NULL), count(*) FILTER (match_weight IS NULL) FROM read_parquet('"+
		g.folder.Path(linkage.PersonsFile)+"')", func(scan func(...any)) { scan(&heavy, &without) })
	if heavy != 1 || without != len(index)-1 {
		t.Errorf("%d records with a weight and %d without, want 1 and %d", heavy, without, len(index)-1)
	}
	g.link(t, func(in *linkage.In) { in.Rules.BusyPostcodes, in.Rules.Deterministic = -1, true })
	if l := g.index(t)[h.filled().recordKey()]; l.step != "own" {
		t.Errorf("without match weights joined by step %s, want own", l.step)
	}
}

func TestDecisionsJoinAndPartAtEveryRun(t *testing.T) {
	t.Parallel()
	a, h := john()
	b := h
	b.feed, b.nhs, b.birth, b.postcode, b.prac, b.localID = "acute_op", "", "1951-02-03", "SR9 9XX", "", "H9"
	other := a
	other.localID, other.nhs, other.birth = "guid-other", numberB, "1955-02-03"
	g := newRegion(t, []row{a, h, b, other})
	key := func(r row) string { return r.filled().recordKey() }
	line := func(x, y row, verdict string) string {
		return key(x) + "," + key(y) + "," + verdict + ",M. Reader,2026-03-01T09:30:00Z,seen the notes"
	}
	list := writeList(t, decisionHeader, line(a, b, "same"), line(a, h, "different"), line(a, other, "same"), line(a, row{feed: "gone"}, "same"))
	in := func(in *linkage.In) { in.Lists.Decisions, in.Previous = list, "" }
	for range 2 {
		r := g.link(t, in)
		want := linkage.DecisionCount{Same: 2, Different: 1, Without: 1, Refused: 1}
		if r.Decisions != want {
			t.Errorf("decisions %+v, want %+v", r.Decisions, want)
		}
		index := g.index(t)
		pa, ph, pb, po := index[key(a)].person, index[key(h)].person, index[key(b)].person, index[key(other)].person
		if pa != pb || pa == ph || pa == po {
			t.Errorf("same as decided %t; apart as decided %t; two numbers kept apart %t", pa == pb, pa != ph, pa != po)
		}
	}
}

func TestMalformedListsAreRefusedWithoutValues(t *testing.T) {
	t.Parallel()
	a, h := john()
	g := newRegion(t, []row{a, h})
	key := func(r row) string { return r.filled().recordKey() }
	decision := func(x, y row, verdict string) string {
		return key(x) + "," + key(y) + "," + verdict + ",x,2026-03-01T09:30:00Z,"
	}
	third := h
	third.localID = "H77"
	three := newRegion(t, []row{a, h, third})
	for name, c := range map[string]struct {
		lists linkage.Lists
		says  string
		of    *region
	}{
		"header":        {linkage.Lists{Replacements: writeList(t, "old,new,from")}, "the header is not", g},
		"columns":       {linkage.Lists{Replacements: writeList(t, replacementHeader, numberA)}, "row 1: not a line", g},
		"check digit":   {linkage.Lists{Replacements: writeList(t, replacementHeader, "9990000019,"+numberB+",2020-01-01")}, "row 1: old_number", g},
		"placeholder":   {linkage.Lists{Replacements: writeList(t, replacementHeader, numberB+",1111111111,2020-01-01")}, "row 1: new_number", g},
		"itself":        {linkage.Lists{Replacements: writeList(t, replacementHeader, numberB+","+numberB+",2020-01-01")}, "row 1: new_number", g},
		"day":           {linkage.Lists{Replacements: writeList(t, replacementHeader, numberA+","+numberB+",1/2/2020")}, "row 1: from", g},
		"twice":         {linkage.Lists{Replacements: writeList(t, replacementHeader, numberA+","+numberB+",2020-01-01", numberA+","+numberC+",2020-01-01")}, "row 2: old_number", g},
		"circle":        {linkage.Lists{Replacements: writeList(t, replacementHeader, numberA+","+numberB+",2020-01-01", numberB+","+numberA+",2020-01-01")}, "leads back", g},
		"exclusion":     {linkage.Lists{Exclusions: writeList(t, exclusionHeader, "x,,")}, "row 1: number", g},
		"other":         {linkage.Lists{Exclusions: writeList(t, exclusionHeader, numberA+",x,")}, "row 1: other_number", g},
		"verdict":       {linkage.Lists{Decisions: writeList(t, decisionHeader, decision(a, h, "perhaps"))}, "row 1: verdict", g},
		"contradiction": {linkage.Lists{Decisions: writeList(t, decisionHeader, decision(a, h, "same"), decision(h, third, "same"), decision(a, third, "different"))}, "1 pairs decided to be different", three},
		"no file":       {linkage.Lists{Decisions: filepath.Join(t.TempDir(), "none.csv")}, "cannot read", g},
	} {
		_, err := linkage.Run(t.Context(), linkage.In{Folder: c.of.folder, IdentityFiles: c.of.files, Lists: c.lists})
		if code := problem.CodeOf(err); code != problem.Failed && code != problem.Usage || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		} else if strings.Contains(err.Error(), numberA) || strings.Contains(err.Error(), numberB) || strings.Contains(err.Error(), key(a)) {
			t.Errorf("%s: the error shows a value", name)
		}
	}
}
