package score

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// conditionsOf enters coded entries, "word code date", and gives who has what.
func conditionsOf(t *testing.T, s *stage, entries []string) []string {
	t.Helper()
	var rows [][]string
	for i, entry := range entries {
		part := strings.Split(entry, " ")
		rows = append(rows, []string{part[0], fmt.Sprint(i), "gp", "2024-12-01", part[1], "snomed", part[2]})
	}
	pack := [][]string{{"asthma", "snomed", "1", "diagnosis"}, {"asthma", "snomed", "2", "diagnosis"}, {"asthma", "snomed", "8", "resolved"}, {"asthma", "snomed", "9", "resolved"}}
	err := errors.Join(s.pack(t.Context(), "condition_codes", "condition, code_system, code, role", pack), s.fill(t.Context(), "condition", conditionColumns, rows),
		s.build(t.Context(), "long_term_condition", map[string]string{"as_at": asAt}))
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.table(t.Context(), "SELECT person::VARCHAR || ' ' || condition || ' ' || coalesce(last_date::VARCHAR, '') FROM long_term_condition")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, row := range found {
		list = append(list, row[0])
	}
	slices.Sort(list)
	return list
}

// The rule as a published table words it, "any code that postdates any resolved
// code", would call this asthma active: 2010 is later than 2005.
func TestPeerDefectAnyCodeAfterAnyResolvedCode(t *testing.T) {
	s := newStage(t)
	if got := conditionsOf(t, s, []string{"Ada 8 2005-01-01", "Ada 1 2010-01-01", "Ada 9 2015-01-01"}); len(got) != 0 {
		t.Errorf("resolved in 2015 and still there: %d conditions", len(got))
	}
	if got := conditionsOf(t, s, []string{"Ada 8 2005-01-01", "Ada 9 2015-01-01", "Ada 2 2015-01-02"}); len(got) != 1 {
		t.Errorf("coded again after it was resolved: %d conditions", len(got))
	}
}

// TestConditionsAgreeWithASlowImplementation asks the rule of drawn entries: the
// latest diagnosis up to the as-at date is later than the latest resolved code.
func TestConditionsAgreeWithASlowImplementation(t *testing.T) {
	t.Parallel()
	s := ownStage(t)
	entry := rapid.Custom(func(rt *rapid.T) string {
		return rapid.SampledFrom([]string{"Ada", "Ben", "Cat"}).Draw(rt, "who") + " " + rapid.SampledFrom([]string{"1", "2", "8", "9", "5"}).Draw(rt, "code") + " " +
			rapid.SampledFrom([]string{"2023-01-01", "2023-01-02", "2023-02-01", "2024-12-31", "2025-01-01", ""}).Draw(rt, "day")
	})
	rapid.Check(t, func(rt *rapid.T) {
		entries := rapid.SliceOfN(entry, 1, 12).Draw(rt, "entries")
		want := 0
		for _, who := range []string{"Ada", "Ben", "Cat"} {
			diagnosed, last, resolved := false, "", ""
			for _, e := range entries {
				part := strings.Split(e, " ")
				switch {
				case part[0] != who || part[2] > asAt:
				case part[1] == "1" || part[1] == "2":
					diagnosed, last = true, max(last, part[2])
				case part[1] == "8" || part[1] == "9":
					resolved = max(resolved, part[2])
				}
			}
			if diagnosed && (resolved == "" || last > resolved) {
				want++
			}
		}
		if got := conditionsOf(t, s, entries); len(got) != want {
			rt.Errorf("%d people have the condition, want %d", len(got), want)
		}
	})
}
