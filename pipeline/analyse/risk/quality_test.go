package risk_test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tre/internal/duck"
	"tre/pipeline/analyse/answer"
	"tre/pipeline/analyse/risk"
)

// askQuality runs the question and its step on emergency_risk_people.
func askQuality(t *testing.T, db *duck.DB) answer.Answer {
	t.Helper()
	return ask(t, db, "emergency_risk_quality", risk.Quality)
}

func ask(t *testing.T, db *duck.DB, name string, step func(answer.Answer, answer.Parameters) (answer.Answer, []answer.Document, error)) answer.Answer {
	t.Helper()
	text, err := os.ReadFile("../../../sql/" + name + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	query := regexp.MustCompile(`\$[a-z_]+::DATE`).ReplaceAllString(string(text), "DATE '2025-01-01'")
	rows, err := db.Query(t.Context(), strings.ReplaceAll(query, "$yield_months::INTEGER", "12"))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	kinds, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	a := answer.Answer{Name: name}
	for _, k := range kinds {
		if k.DatabaseTypeName() == "VARCHAR" {
			a.Dimensions = append(a.Dimensions, k.Name())
		} else {
			a.Measures = append(a.Measures, k.Name())
		}
	}
	for rows.Next() {
		labels, counts := make([]string, len(a.Dimensions)), make([]*int64, len(a.Measures))
		var into []any
		for i := range labels {
			into = append(into, &labels[i])
		}
		for i := range counts {
			into = append(into, &counts[i])
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		a.Labels, a.Counts = append(a.Labels, labels), append(a.Counts, counts)
	}
	finished, _, err := step(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	return finished
}

// number gives a value of the first row that begins with labels.
func number(t *testing.T, a answer.Answer, column string, labels ...string) float64 {
	t.Helper()
	for i, l := range a.Labels {
		if !slices.Equal(l[:len(labels)], labels) {
			continue
		}
		if at := slices.Index(a.Measures, column); at >= 0 && a.Counts[i][at] != nil {
			return float64(*a.Counts[i][at])
		}
		if at := slices.IndexFunc(a.Values, func(v answer.Value) bool { return v.Name == column }); at >= 0 && a.Numbers[i][at] != nil {
			return *a.Numbers[i][at]
		}
		return math.NaN()
	}
	t.Errorf("no row %v", labels)
	return math.NaN()
}

// TestQualityAgreesWithSQL compares the measures, made from steps of risk,
// with the exact ones DuckDB works out from everyone's risk.
func TestQualityAgreesWithSQL(t *testing.T) {
	db, _ := run(t, 2, 12000, "0", "")
	a := askQuality(t, db)
	exact := func(query string) float64 {
		return one[float64](t, db, "WITH e AS (SELECT test_risk AS p, test_admitted AS y, test_rank AS r, test_decile AS d, test_sex AS sex FROM emergency_risk_people WHERE test_risk IS NOT NULL) "+query)
	}
	all := []string{"quality", "all", "all", "all", "all", "all"}
	auroc := `SELECT (sum(rank) FILTER (y) - count(*) FILTER (y) * (count(*) FILTER (y) + 1) / 2) / (count(*) FILTER (y) * count(*) FILTER (NOT y))
		FROM (SELECT y, rank() OVER (ORDER BY p) + (count(*) OVER (PARTITION BY p) - 1) / 2 AS rank FROM e %s)`
	checks := []struct {
		got, want, within float64
	}{
		{number(t, a, "people", all...), exact("SELECT count(*)::DOUBLE FROM e"), 0},
		{number(t, a, "admitted", all...), exact("SELECT count(*) FILTER (y)::DOUBLE FROM e"), 0},
		{number(t, a, "auroc", all...), exact(fmt.Sprintf(auroc, "")), 1e-4},
		{number(t, a, "auroc", "quality", "all", "all", "male"), exact(fmt.Sprintf(auroc, "WHERE sex = 'male'")), 1e-4},
		{number(t, a, "expected", all...), exact("SELECT 100 * avg(p) FROM e"), 1e-6},
		{number(t, a, "brier", all...), exact("SELECT avg((p - y::INTEGER) ** 2) FROM e"), 1e-6},
		{number(t, a, "listed", "list", "highest 5 %"), exact("SELECT (count(*) * 5 // 100)::DOUBLE FROM e"), 0},
		{number(t, a, "listed_admitted", "list", "highest 5 %"), exact("SELECT count(*) FILTER (y AND r <= (SELECT count(*) * 5 // 100 FROM e))::DOUBLE FROM e"), 0},
		{number(t, a, "listed_admitted", "list", "highest 10 %", "all", "male"),
			exact("SELECT count(*) FILTER (y AND r <= (SELECT count(*) * 10 // 100 FROM e))::DOUBLE FROM e WHERE sex = 'male'"), 0},
		{number(t, a, "admitted", "decile", "10"), exact("SELECT count(*) FILTER (y AND d = 10)::DOUBLE FROM e"), 0},
		{number(t, a, "people", "decile", "1"), exact("SELECT ceil(count(*) / 10) FROM e"), 0},
		{number(t, a, "net_benefit", "decision", "risk of 10 % or more"),
			exact("SELECT 100 * (count(*) FILTER (p >= 0.1 AND y) - count(*) FILTER (p >= 0.1 AND NOT y) / 9) / count(*) FROM e"), 0.05},
	}
	for i, c := range checks {
		if !(math.Abs(c.got-c.want) <= c.within) {
			t.Errorf("measure %d: %v, exactly %v", i, c.got, c.want)
		}
	}
	if slope := number(t, a, "calibration_slope", all...); math.Abs(slope-1) > 0.15 {
		t.Errorf("tried on people of the same make, the slope is %v", slope)
	}
	// Small groups have no area: ethnicity 'asian' is large, so make a small one.
	exec(t, db, "UPDATE emergency_risk_people SET test_ethnic_group = 'mixed' WHERE person IN (SELECT person FROM emergency_risk_people WHERE test_risk IS NOT NULL ORDER BY person LIMIT 60)")
	if area := number(t, askQuality(t, db), "auroc", "quality", "all", "all", "all", "mixed"); !math.IsNaN(area) {
		t.Errorf("a group with a few admissions has an area of %v", area)
	}
}

// TestYieldIsTheDifferenceFromPeopleAlike works a small comparison by hand.
func TestYieldIsTheDifferenceFromPeopleAlike(t *testing.T) {
	c := func(numbers ...int64) (counts []*int64) {
		for _, n := range numbers {
			counts = append(counts, &n)
		}
		return counts
	}
	a := answer.Answer{Name: "flagged_yield",
		Labels: [][]string{
			{"risk", "2023-12-31", "high", "80 to 89", "male", "1"},
			{"risk", "2023-12-31", "very_high", "80 to 89", "male", "1"},
			{"risk", "2023-12-31", "very_high", "90 and over", "male", "3"},
			{"risk", "2024-06-30", "high", "80 to 89", "male", "1"},
		},
		//             people, before, after, before not after, died; the others: people, before, after, died
		Counts: [][]*int64{c(20, 20, 8, 12, 1, 100, 100, 20, 5), c(10, 10, 6, 4, 1, 100, 100, 20, 5), c(4, 4, 3, 1, 2, 0, 0, 0, 0),
			append(c(5, 5), nil, nil, nil, c(50)[0], c(50)[0], nil, nil)},
	}
	got, _, err := risk.Yield(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"people": 30, "events": 14, "without_comparator": 4, "comparators": 100, "comparator_events": 20,
		"listed_rate": 100 * 14. / 30, "comparator_rate": 20, "difference": 100*14./30 - 20,
		"lower_95": 100 * (14./30 - 0.2 - 1.959963984540054*math.Sqrt(14./30*16/30/30+0.2*0.8/100))}
	for column, value := range want {
		if x := number(t, got, column, "after", "risk", "2023-12-31", "all"); math.Abs(x-value) > 1e-9 {
			t.Errorf("%s is %v, want %v", column, x, value)
		}
	}
	if x := number(t, got, "difference", "after", "risk", "2024-06-30", "all"); !math.IsNaN(x) {
		t.Errorf("a list too young to be followed has a difference of %v", x)
	}
	if x := number(t, got, "listed_rate", "before", "risk", "2024-06-30", "all"); x != 100 {
		t.Errorf("its members were admitted before: %v", x)
	}
	// The warning is a row of every list, with those it is about.
	warned := 0
	for i, l := range got.Labels {
		if strings.HasPrefix(l[0], "check: regression to the mean") {
			if warned++; l[2] == "2023-12-31" && *got.Counts[i][0] != 17 {
				t.Errorf("%d people were admitted before and not after", *got.Counts[i][0])
			}
		}
	}
	if warned != 2 {
		t.Errorf("%d lists are warned of", warned)
	}
}
