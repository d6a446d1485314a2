package segment

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/pipeline/analyse/answer"
	"tre/sql"
)

func TestRuleTablesAreRefused(t *testing.T) {
	good := [][]string{{"1", "Adults", "scope", "age >= 2"}, {"2", "Ill", "exclusive", "ill"}, {"3", "Rest", "exclusive", "true"}, {"4", "Old", "flag", "old"}}
	if _, err := ParseTable("x", "x", good, someFeatures()); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func([][]string) [][]string{
		"places count from 1":                   func(r [][]string) [][]string { r[1][0] = "7"; return r },
		"rule 2: condition, line 1, column 1":   func(r [][]string) [][]string { r[1][3] = "sick"; return r },
		"the kind of a rule":                    func(r [][]string) [][]string { r[1][2] = "first"; return r },
		"last exclusive rule has to be: true":   func(r [][]string) [][]string { r[2][3] = "old"; return r },
		"rule 2 holds of everyone, so rule 3":   func(r [][]string) [][]string { r[1][3] = "true"; return r },
		"a table has one scope":                 func(r [][]string) [][]string { r[3][2] = "scope"; return r },
		"a segment has a name":                  func(r [][]string) [][]string { r[1][1] = "a;b"; return r },
		"a rule has a place":                    func(r [][]string) [][]string { r[1] = r[1][:3]; return r },
		"last exclusive rule has to be: true; ": func([][]string) [][]string { return nil },
	} {
		rows := [][]string{}
		for _, row := range good {
			rows = append(rows, append([]string(nil), row...))
		}
		if _, err := ParseTable("x", "x", change(rows), someFeatures()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestTableAgreesWithDuckDB assigns random people by random tables both ways.
func TestTableAgreesWithDuckDB(t *testing.T) {
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		rows := [][]string{{"1", "In", "scope", anyCondition().Draw(t, "scope")}}
		for range rapid.IntRange(0, 3).Draw(t, "rules") {
			rows = append(rows, []string{fmt.Sprint(len(rows) + 1), fmt.Sprint("S", len(rows)), "exclusive", "(" + anyCondition().Draw(t, "rule") + ") and known old"})
		}
		rows = append(rows, []string{fmt.Sprint(len(rows) + 1), "Rest", "exclusive", "true"}, []string{fmt.Sprint(len(rows) + 2), "F", "flag", anyCondition().Draw(t, "flag")})
		table, err := ParseTable("x", "x", rows, someFeatures())
		if err != nil {
			t.Fatal(err)
		}
		v := anyValues().Draw(t, "values")
		in, out := fmt.Sprint("in", run), fmt.Sprint("out", run)
		query := "CREATE TEMP TABLE " + in + " AS SELECT 1 AS person, ?::INTEGER AS age, ?::INTEGER AS count, ?::BOOLEAN AS ill, ?::BOOLEAN AS old, ?::VARCHAR AS sex"
		if err := db.Exec(context.Background(), query, v["age"], v["count"], v["ill"], v["old"], v["sex"]); err != nil {
			t.Fatal(err)
		}
		if err := table.Apply(context.Background(), db, in, out); err != nil {
			t.Fatal(err)
		}
		var segment, flags, reason string
		if err := db.Row(context.Background(), []any{&segment, &flags, &reason}, "SELECT coalesce(segment, ''), flags, coalesce(reason, '') FROM "+out); err != nil {
			t.Fatal(err)
		}
		want := table.Assign(v)
		if diff := cmp.Diff([]string{want.Segment, strings.Join(want.Flags, "; "), want.Reason}, []string{segment, flags, reason}); diff != "" {
			t.Fatalf("%v of %v (-Go +DuckDB):\n%s", rows, v, diff)
		}
		if (segment == "") == (reason == "") {
			t.Fatal("a person has a segment or a reason, and not both")
		}
	})
}

func published(t *testing.T, rules string) Table {
	t.Helper()
	features, err := ruleFeatures(rules)
	if err != nil {
		t.Fatal(err)
	}
	table, err := Published(rules, features)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestEveryChoiceOfRulesIsATable(t *testing.T) {
	questions, err := sql.Questions()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, q := range questions {
		for _, p := range q.Parameters {
			if p.Name != "rules" {
				continue
			}
			for _, choice := range p.Choices {
				found++
				if text := string(published(t, choice).Document().Text); !strings.Contains(text, "not NHS England's own") {
					t.Errorf("%s does not say what it is not", choice)
				}
			}
		}
	}
	if found < 3 {
		t.Error("no question offers the rule tables")
	}
	if _, err := Published("no such", nil); err == nil {
		t.Error("a table that is none was given")
	}
}

func TestPeerDefectStartWellIsNotASegmentOfAdults(t *testing.T) {
	table := published(t, "snee")
	for _, rule := range table.Rules {
		if rule.Segment == "Start well" {
			t.Error("Start well is of an older copy")
		}
	}
	if got := table.Assign(Values{"age": int64(17), "recorded": true}); got.Segment != "" || got.Reason != outsideScope {
		t.Errorf("a person of 17 is %+v", got)
	}
	if got := table.Assign(Values{}); got.Reason != "not known: age" {
		t.Errorf("a person of no known age is %+v", got)
	}
}

func TestPeerDefectBridgesToHealthIsJudgedByItsOwnActivity(t *testing.T) {
	table := published(t, "bridges_to_health")
	for target, want := range map[Activity][]string{
		Emergency: {"nel_admissions_12m"}, Admissions: {"nel_admissions_12m"}, Maternity: {"maternity_12m"}, MentalHealth: nil,
		AnyActivity: {"maternity_12m", "nel_admissions_12m"},
	} {
		if diff := cmp.Diff(want, table.Circular(target)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
	a := answer.Answer{Dimensions: []string{"kind", "segment"}, Measures: []string{"people", "people_with_any"}, Values: []answer.Value{{Name: "gini"}},
		Labels: [][]string{{"measure", "all"}}, Counts: [][]*int64{{new(int64(40)), nil}}, Numbers: [][]*float64{{nil}}}
	same, _, err := Quality(a, answer.Parameters{"judged": "same", "rules": "bridges_to_health", "target": "cost"})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"measure", "all"}, {"check", "circular: a rule reads maternity_12m"}, {"check", "circular: a rule reads nel_admissions_12m"}}
	if diff := cmp.Diff(want, same.Labels); diff != "" || *same.Counts[1][0] != 40 || !same.Values[0].Statistic {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	later, _, err := Quality(a, answer.Parameters{"judged": "following"})
	if err != nil || len(later.Labels) != 1 {
		t.Error("the amount of a later year is no circle", err)
	}
}

// The order in which North West London's groups win is not published.
func TestNorthWestLondonSaysItsOrderIsNotPublished(t *testing.T) {
	table := published(t, "nwl")
	if len(table.Rules) != 15 {
		t.Errorf("%d groups, published: 15", len(table.Rules))
	}
	references, err := sql.References()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range references {
		if r.Name == ReferenceName("nwl") && !strings.Contains(r.Source, "not published") {
			t.Error("its source does not say so")
		}
	}
	healthy := Values{"age": int64(70), "ltc_count": int64(0), "dementia": false, "learning_disability": false, "smi": false, "cancer": false}
	for age, want := range map[int64]string{
		12: "01 Mostly healthy children", 13: "02 Mostly healthy young people", 18: "03 Mostly healthy adults", 64: "03 Mostly healthy adults", 65: "04 Mostly healthy older people",
	} {
		healthy["age"] = age
		if got := table.Assign(healthy).Segment; got != want {
			t.Errorf("healthy at %d: %s, want %s", age, got, want)
		}
	}
}

func TestRuleThatCannotBeDecidedStops(t *testing.T) {
	table := published(t, "bridges_to_health")
	v := Values{"sex": "male", "ltc_count": int64(3), "dementia": false, "heart_failure": false, "chd": false, "ckd": nil, "cancer": false}
	if got := table.Assign(v); got.Segment != "" || got.Reason != "not known: ckd" {
		t.Errorf("%+v", got)
	}
	v["heart_failure"] = true
	if got := table.Assign(v); got.Segment != "Limited reserve" || got.Rule.Place != 2 {
		t.Errorf("%+v", got)
	}
}
