package profile_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tre/internal/problem"
	"tre/linkage/model"
	"tre/linkage/profile"
	"tre/linkage/score"
	"tre/linkage/similarity"
)

func namesOf(m *model.Model) []string {
	var all []string
	for _, c := range m.Comparisons {
		all = append(all, c.Name)
	}
	return all
}

func TestForPicksWhatTheColumnsAllow(t *testing.T) {
	for _, c := range []struct {
		columns, want []string
		rules         int
	}{
		{[]string{"record_id", "Forename", "SURNAME", "dob", "postcode", "gender", "nhs_number"}, []string{"name", "date_of_birth", "postcode", "sex", "nhs_number"}, 9},
		{[]string{"unique_id", "first_name", "surname", "dob", "city", "email"}, []string{"name", "date_of_birth", "email"}, 3},
		{[]string{"given_name", "family_name", "date_of_birth"}, []string{"name", "date_of_birth"}, 2},
		{[]string{"id", "full_name", "birth date", "sex"}, []string{"name", "date_of_birth", "sex"}, 2},
		{[]string{"surname", "forename", "sex"}, []string{"name", "sex"}, 1},
	} {
		m, err := profile.For(c.columns)
		if err != nil {
			t.Fatal(err)
		}
		if got := namesOf(m); !slices.Equal(got, c.want) || len(m.BlockingRules) != c.rules {
			t.Errorf("%v: comparisons %v and %d rules, want %v and %d", c.columns, got, len(m.BlockingRules), c.want, c.rules)
		}
		if err := m.Check("profile"); err != nil {
			t.Errorf("%v: %v", c.columns, err)
		}
		for _, comparison := range m.Comparisons {
			sound(t, &comparison)
		}
	}
	_, err := profile.For([]string{"id", "height", "weight"})
	if problem.CodeOf(err) != problem.Usage {
		t.Errorf("columns nobody knows: error %v, want one of code %d", err, problem.Usage)
	}
}

// sound checks that conditions are compiled, probabilities are those of one
// choice of several, and that agreeing on all speaks for a match and on nothing
// against it.
func sound(t *testing.T, c *model.Comparison) {
	t.Helper()
	var m, u float64
	for i, l := range c.Levels {
		if l.Test == nil && !l.IsElse {
			t.Errorf("comparison %s, level %q: only DuckDB can read the condition", c.Name, l.Label)
		}
		if !l.IsNull {
			m, u = m+c.M(i), u+c.U(i)
		}
	}
	if m < 0.9999 || m > 1.0001 || u < 0.9999 || u > 1.0001 {
		t.Errorf("comparison %s: m add up to %g and u to %g, want 1", c.Name, m, u)
	}
	if first, last := c.Weight(1), c.Weight(len(c.Levels)-1); first <= 0 || last >= 0 {
		t.Errorf("comparison %s: weights from %g to %g, want one above and one below 0", c.Name, first, last)
	}
}

// The levels of a pair of records that differ in one thing each.
func TestLevelsSeeWhatTheyAreMeantFor(t *testing.T) {
	const header = "record_id,forename,surname,dob,postcode,sex,nhs_number\n"
	base := "0,JOHN,OAKLEY,1980-05-06,NE1 4XX,male,9990000018\n"
	others := []struct{ line, comparison, label string }{
		{"JOHN,OAKLEY,1980-05-06,NE1 4XX,male,9990000018", "name", "forename and surname exact"},
		{"OAKLEY,JOHN,1980-05-06,NE1 4XX,male,9990000018", "name", "forename and surname exchanged"},
		{"JOHNN,OAKLEY,1980-05-06,NE1 4XX,male,9990000018", "name", "both names Jaro-Winkler >= 0.92"},
		{"PETER,OAKLEY,1980-05-06,NE1 4XX,male,9990000018", "name", "Exact match on surname"},
		{"JOHN,SMITHERS,1980-05-06,NE1 4XX,male,9990000018", "name", "Exact match on forename"},
		{"JOHN,OAKLEY,1980-06-05,NE1 4XX,male,9990000018", "date_of_birth", "day and month exchanged"},
		{"JOHN,OAKLEY,1980-05-07,NE1 4XX,male,9990000018", "date_of_birth", "one slip"},
		{"JOHN,OAKLEY,1980-05-27,NE1 4XX,male,9990000018", "date_of_birth", "two of day, month and year"},
		{"JOHN,OAKLEY,1980-12-24,NE1 4XX,male,9990000018", "date_of_birth", "within a year"},
		{"JOHN,OAKLEY,1973-12-24,NE1 4XX,male,9990000018", "date_of_birth", "within ten years"},
		{"JOHN,OAKLEY,1980-05-06,NE1 4XY,male,9990000018", "postcode", "one slip"},
		{"JOHN,OAKLEY,1980-05-06,NE1 4AA,male,9990000018", "postcode", "sector"},
		{"JOHN,OAKLEY,1980-05-06,NE1 2AA,male,9990000018", "postcode", "district"},
		{"JOHN,OAKLEY,1980-05-06,NE7 2AA,male,9990000018", "postcode", "area"},
		{"JOHN,OAKLEY,1980-05-06,NE1 4XX,,9990000018", "sex", "sex is NULL"},
		{"JOHN,OAKLEY,1980-05-06,NE1 4XX,male,9990000081", "nhs_number", "one slip"},
		{"JOHN,OAKLEY,1980-05-06,NE1 4XX,male,9990158398", "nhs_number", "All other comparisons"},
	}
	text := header + base
	for i, o := range others {
		text += string(rune('A'+i)) + "," + o.line + "\n"
	}
	path := filepath.Join(t.TempDir(), "records.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := profile.For([]string{"record_id", "forename", "surname", "dob", "postcode", "sex", "nhs_number"})
	if err != nil {
		t.Fatal(err)
	}
	linker, err := score.Open(t.Context(), m, []string{path}, score.Options{Strings: similarity.Characters})
	if err != nil {
		t.Fatal(err)
	}
	if len(linker.Plan.Slow) > 0 {
		t.Errorf("%d conditions are left to DuckDB", len(linker.Plan.Slow))
	}
	judge := score.New(linker.Plan, m, -1000).Judge()
	for i, o := range others {
		if _, ok := judge.Score(0, int32(i+1), 0); !ok {
			t.Fatalf("%s: not scored", o.line)
		}
		at := slices.Index(namesOf(m), o.comparison)
		if got := m.Comparisons[at].Levels[judge.Levels[at]].Label; got != o.label {
			t.Errorf("%s: level %q, want %q", o.line, got, o.label)
		}
	}
}

func TestFormsAreCapitalsAndKnown(t *testing.T) {
	has := func(all []profile.Form, written, standard string) bool {
		return slices.Contains(all, profile.Form{Written: written, Standard: standard})
	}
	if !has(profile.Nicknames(), "BETTY", "ELIZABETH") || !has(profile.Spellings(), "HOSSAIN", "HUSSAIN") || !has(profile.Spellings(), "HUSSAIN", "HUSSAIN") {
		t.Error("a form everybody knows is missing")
	}
	for _, f := range append(profile.Nicknames(), profile.Spellings()...) {
		for _, r := range f.Written + f.Standard {
			if r < 'A' || r > 'Z' {
				t.Errorf("%s for %s: not in capitals without accents", f.Written, f.Standard)
			}
		}
	}
}
