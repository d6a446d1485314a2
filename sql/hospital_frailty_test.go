package sql_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/sql"
)

func frailtyParameters() map[string]any {
	return map[string]any{
		"as_at": "2024-12-31", "minimum_age": 60, "index_months": 24, "look_back_months": 24, "emergency_only": true,
	}
}

// scores asks for each person's score.
func scores(t *testing.T, db *duck.DB, parameters map[string]any) [][]string {
	t.Helper()
	all, err := sql.Questions()
	if err != nil {
		t.Fatal(err)
	}
	ordered, err := sql.Order(all, "hospital_frailty_people")
	if err != nil {
		t.Fatal(err)
	}
	lookFrom(t, db, fmt.Sprint(parameters["as_at"]))
	for _, q := range ordered {
		exec(t, db, "CREATE OR REPLACE TEMP TABLE "+duck.Name(q.Name)+" AS "+q.Text, named(q.Text, parameters)...)
	}
	return ask(t, db, "SELECT person::VARCHAR, tenths, band FROM hospital_frailty_people ORDER BY person", nil)[1:]
}

func person(t *testing.T, db *duck.DB, word string) string {
	t.Helper()
	var id string
	if err := db.Row(t.Context(), []any{&id}, "SELECT md5(?)::UUID::VARCHAR", word); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestFrailtyGoldPeople scores the 16 published edge cases: band edges, dots and
// case, repeated codes, look-back to the day, planned spells, U80 and U82.
func TestFrailtyGoldPeople(t *testing.T) {
	db := open(t)
	people, demographics := [][]string{{"person", "birth_month", "sex"}}, [][]string{{"person", "arrived"}}
	events := [][]string{{"person", "event_id", "spell_id", "setting", "kind", "arrived", "start_date", "end_date", "admission_method"}}
	owner := map[string]string{}
	for _, s := range readGold(t, "spells") {
		admitted, err := time.Parse(time.DateOnly, s[2])
		age, ageErr := strconv.Atoi(s[5])
		if err != nil || ageErr != nil {
			t.Fatal(err, ageErr)
		}
		if owner[s[1]] = s[0]; !slices.ContainsFunc(people, func(p []string) bool { return p[0] == s[0] }) {
			people = append(people, []string{s[0], admitted.AddDate(-age, 0, 0).Format(time.DateOnly), "female"})
			demographics = append(demographics, []string{s[0], "2024-06-01"})
		}
		events = append(events, []string{s[0], s[1], s[1] + " spell", "admitted", "episode", "2024-06-01", s[2], s[3], s[4]})
	}
	conditions := [][]string{{"person", "event_id", "setting", "arrived", "code", "code_system"}}
	for _, d := range readGold(t, "diagnoses") {
		conditions = append(conditions, []string{owner[d[0]], d[0], "admitted", "2024-06-01", d[2], "icd10"})
	}
	load(t, db, "person", people)
	load(t, db, "demographic", demographics)
	load(t, db, "care_event", events)
	load(t, db, "condition", conditions)
	got := map[string]string{}
	for _, row := range scores(t, db, frailtyParameters()) {
		got[row[0]] = row[1] + " " + row[2]
	}
	expected := readGold(t, "expected")
	if len(expected) != 16 || len(got) != 16 {
		t.Fatalf("%d people expected, %d scored", len(expected), len(got))
	}
	for _, e := range expected {
		if want := e[3] + " " + e[4]; got[person(t, db, e[0])] != want {
			t.Errorf("%s: got %s, want %s", e[0], got[person(t, db, e[0])], want)
		}
	}
}

// A stay is one spell of the oracle below.
type stay struct {
	admitted, discharged int // days after 2020-01-01
	emergency            bool
	arrived              int
	codes                []string
}

// oracleTenths scores one person slowly and plainly, from the rule's words.
func oracleTenths(stays []stay, points map[string]int, asAt, indexFrom int, lookBack func(int) int, emergencyOnly bool) (int, bool) {
	var usable []stay
	for _, s := range stays {
		if s.arrived <= asAt && s.admitted <= asAt && (s.emergency || !emergencyOnly) {
			usable = append(usable, s)
		}
	}
	index := -1
	for i, s := range usable {
		if s.admitted > indexFrom && (index < 0 || s.admitted > usable[index].admitted) {
			index = i
		}
	}
	if index < 0 {
		return 0, false
	}
	counted := map[string]bool{}
	for i, s := range usable {
		if i == index || (s.admitted <= usable[index].admitted && s.discharged >= lookBack(usable[index].admitted)) {
			for _, c := range s.codes {
				counted[c[:3]] = true
			}
		}
	}
	total := 0
	for c := range counted {
		total += points[c]
	}
	return total, true
}

// TestFrailtyAgreesWithOracle compares the question with a plain second
// implementation on invented stays, including ones that arrive too late.
func TestFrailtyAgreesWithOracle(t *testing.T) {
	list, err := sql.FrailtyPoints()
	if err != nil {
		t.Fatal(err)
	}
	points, codes := map[string]int{}, []string{"A001", "U821", "Z999"}
	for _, p := range list {
		points[p.Code] = p.Tenths
		codes = append(codes, p.Code, p.Code+"1")
	}
	db := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		stays := rapid.SliceOfNDistinct(rapid.Custom(func(rt *rapid.T) stay {
			admitted := rapid.IntRange(0, 1900).Draw(rt, "admitted")
			discharged := admitted + rapid.IntRange(0, 30).Draw(rt, "nights")
			return stay{admitted, discharged, rapid.Bool().Draw(rt, "emergency"), discharged + rapid.IntRange(0, 90).Draw(rt, "delay"),
				rapid.SliceOfN(rapid.SampledFrom(codes), 0, 6).Draw(rt, "codes")}
		}), 0, 6, func(s stay) int { return s.admitted }).Draw(rt, "stays")
		emergencyOnly := rapid.Bool().Draw(rt, "emergency only")
		checkOracle(t, rt, db, stays, points, emergencyOnly)
	})
}

func checkOracle(t *testing.T, rt *rapid.T, db *duck.DB, stays []stay, points map[string]int, emergencyOnly bool) {
	start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	date := func(day int) string { return start.AddDate(0, 0, day).Format(time.DateOnly) }
	days := func(at time.Time) int { return int(at.Sub(start).Hours() / 24) }
	asAt := 1826 // 2024-12-31
	for _, table := range []string{"person", "demographic", "care_event", "condition"} {
		exec(t, db, "DELETE FROM typed."+table)
	}
	load(t, db, "person", [][]string{{"person", "birth_month", "sex"}, {"P", "1935-01-01", "male"}})
	load(t, db, "demographic", [][]string{{"person", "arrived"}, {"P", "2020-01-01"}})
	events := [][]string{{"person", "event_id", "spell_id", "setting", "kind", "arrived", "start_date", "end_date", "admission_method"},
		{"somebody else, so that there is a feed", "anchor", "anchor", "admitted", "episode", "2020-01-01", "2020-01-01", "2020-01-01", "11"}}
	conditions := [][]string{{"person", "event_id", "setting", "arrived", "code", "code_system"}}
	for i, s := range stays {
		id, method := fmt.Sprint("stay ", i), "11"
		if s.emergency {
			method = "21"
		}
		events = append(events, []string{"P", id, id, "admitted", "episode", date(s.arrived), date(s.admitted), date(s.discharged), method})
		for _, c := range s.codes {
			conditions = append(conditions, []string{"P", id, "admitted", date(s.arrived), c, "icd10"})
		}
	}
	load(t, db, "care_event", events)
	load(t, db, "condition", conditions)
	parameters := frailtyParameters()
	parameters["emergency_only"] = emergencyOnly
	got := scores(t, db, parameters)[0][1]
	lookBack := func(day int) int {
		at := start.AddDate(0, 0, day)
		if at.Month() == time.February && at.Day() == 29 { // two years before is the last of February
			at = at.AddDate(0, 0, -1)
		}
		return days(at.AddDate(-2, 0, 0))
	}
	want := "-"
	if tenths, scored := oracleTenths(stays, points, asAt, days(time.Date(2022, 12, 31, 0, 0, 0, 0, time.UTC)), lookBack, emergencyOnly); scored {
		want = fmt.Sprint(tenths)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Fatalf("tenths (-want +got):\n%s", diff)
	}
}
