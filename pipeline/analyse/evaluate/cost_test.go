package evaluate_test

import (
	databasesql "database/sql"
	"fmt"
	"math"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/sql"
)

// costDatabase holds the unit costs and one person with one thing of each kind.
// The cost questions are asked here, beside their cases, because these checks
// come to the same numbers by a second way.
func costDatabase(t *testing.T) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	queries := []string{sql.LinkedTables(), "CREATE VIEW care_event AS SELECT * FROM typed.care_event", "CREATE VIEW contact AS SELECT * FROM typed.contact"}
	for _, name := range []string{"unit_costs", "cost_deflators"} {
		queries = append(queries, "CREATE TABLE "+name+" AS SELECT * FROM read_csv("+duck.Text("../../../sql/reference/"+name+".csv")+", comment = '#', header = true, all_varchar = true)")
	}
	queries = append(queries,
		"ALTER TABLE unit_costs ALTER pence TYPE BIGINT", "ALTER TABLE unit_costs ALTER price_year TYPE INTEGER", "ALTER TABLE cost_deflators ALTER year TYPE INTEGER",
		"ALTER TABLE cost_deflators ALTER gdp TYPE BIGINT", "ALTER TABLE cost_deflators ALTER cpi TYPE BIGINT", "ALTER TABLE cost_deflators ALTER cpih TYPE BIGINT",
		`INSERT INTO typed.contact BY NAME SELECT md5('one')::UUID AS person, md5(unnest(['a', 'b', 'c', 'd']))::UUID AS event_id,
			unnest(['gp', 'outpatient', 'community', 'mental_health']) AS setting, DATE '2024-06-01' AS contact_date, 'attended' AS attendance, 30 AS duration_minutes`,
		`INSERT INTO typed.care_event BY NAME SELECT md5('one')::UUID AS person, md5('e' || n)::UUID AS event_id, setting, kind, detail, DATE '2024-06-01' AS start_date,
			DATE '2024-06-01' AS end_date, admission_method, patient_class FROM (VALUES (1, 'admitted', 'episode', '', '21', '1'), (2, 'admitted', 'episode', '', '11', '1'),
			(3, 'admitted', 'episode', '', '11', '2'), (4, 'emergency', 'attendance', '', '', ''), (5, 'social_care', 'service', 'Long term support: Nursing care', '', ''))
			AS v(n, setting, kind, detail, admission_method, patient_class)`)
	for _, query := range queries {
		if err := db.Exec(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// costs asks costed_activity of one person with one thing of each kind, and
// gives the pence by setting and item.
func costs(t *testing.T, db *duck.DB, set, deflator string, year int) map[string]int64 {
	t.Helper()
	text, err := os.ReadFile("../../../sql/costed_activity.sql")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(t.Context(), "SELECT setting || '/' || item, pence FROM ("+string(text)+")", databasesql.Named("as_at", "2024-12-31"),
		databasesql.Named("window_months", 12), databasesql.Named("cost_set", set), databasesql.Named("price_year", year), databasesql.Named("deflator", deflator))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var item string
		var pence *int64
		if err := rows.Scan(&item, &pence); err != nil {
			t.Fatal(err)
		}
		if pence != nil {
			out[item] = *pence
		}
	}
	return out
}

// TestPeerDefectCostSourceChangesTheAnswer: a published study costs the same hip
// fracture at £10,749 to £14,440 by the set of unit costs. A peer's cost carries no
// source. Here the same care costs differently by set too, the set is a parameter
// and so stands beside every answer, and each row of a set names its source.
func TestPeerDefectCostSourceChangesTheAnswer(t *testing.T) {
	db := costDatabase(t)
	byContact, byTime, without := costs(t, db, "by_contact", "gdp", 2024), costs(t, db, "by_staff_time", "gdp", 2024), costs(t, db, "without_acute", "gdp", 2024)
	if byContact["community/contact"] != 8400 || byTime["community/contact"] == byContact["community/contact"] || byTime["community/contact"] == 0 {
		t.Errorf("a community contact of 30 minutes costs %d and %d pence", byContact["community/contact"], byTime["community/contact"])
	}
	if _, costed := without["admitted/elective"]; costed || byContact["admitted/elective"] == 0 {
		t.Error("a stay without a unit cost must have no cost, which is not 0")
	}
	var unnamed int
	if err := db.Row(t.Context(), []any{&unnamed}, "SELECT count(*) FROM unit_costs WHERE length(source) < 20 OR NOT regexp_matches(source, '20[0-9][0-9]')"); err != nil || unnamed != 0 {
		t.Errorf("%d unit costs name no source and year: %v", unnamed, err)
	}
	questions, err := sql.Questions()
	if err != nil {
		t.Skip("another question is being written: ", err)
	}
	for _, q := range questions {
		if slices.Contains([]string{"costed_activity", "person_cost"}, q.Name) && !slices.ContainsFunc(q.Parameters, func(p sql.Parameter) bool { return p.Name == "cost_set" }) {
			t.Errorf("%s does not say which set", q.Name)
		}
	}
}

// TestUnitCostsAreRoundedOnceHalfUp brings unit costs to other years over the
// rationals.
func TestUnitCostsAreRoundedOnceHalfUp(t *testing.T) {
	db := costDatabase(t)
	rows, err := db.Query(t.Context(), `SELECT u.setting || '/' || u.item, u.unit, u.pence, w.year, w.gdp, p.gdp FROM unit_costs AS u JOIN cost_deflators AS p ON p.year = u.price_year
		CROSS JOIN cost_deflators AS w WHERE u.cost_set = 'by_staff_time' AND w.year IN (2000, 2013, 2024, 2030) ORDER BY ALL`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	want := map[int]map[string]int64{}
	for rows.Next() {
		var item, unit string
		var pence, wanted, paid int64
		var year int
		if err := rows.Scan(&item, &unit, &pence, &year, &wanted, &paid); err != nil {
			t.Fatal(err)
		}
		exact := new(big.Rat).Add(big.NewRat(pence*wanted, paid), big.NewRat(1, 2))
		each := new(big.Int).Quo(exact.Num(), exact.Denom()).Int64()
		if unit == "minute" {
			each *= 30
		}
		if want[year] == nil {
			want[year] = map[string]int64{}
		}
		want[year][item] = each
	}
	for year, items := range want {
		got := costs(t, db, "by_staff_time", "gdp", year)
		if len(got) < 8 {
			t.Fatalf("%d items were costed", len(got))
		}
		for item, pence := range got {
			if items[item] != pence {
				t.Errorf("%s in %d: %d pence, want %d", item, year, pence, items[item])
			}
		}
	}
}

// TestConcentrationEqualsItsDefinition: half the mean difference of all pairs over
// the mean, and shares from a sorted list.
func TestConcentrationEqualsItsDefinition(t *testing.T) {
	db := costDatabase(t)
	text, err := os.ReadFile("../../../sql/cost_concentration.sql")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		pence := rapid.SliceOfN(rapid.Int64Range(0, 100_000), 1, 30).Draw(rt, "pence")
		values := make([]string, len(pence))
		for i, p := range pence {
			values[i] = fmt.Sprintf("(md5('%d')::UUID, %d::BIGINT)", i, p)
		}
		if err := db.Exec(t.Context(), "CREATE OR REPLACE TEMP TABLE person_cost AS SELECT * FROM (VALUES "+strings.Join(values, ", ")+") AS v(person, pence)"); err != nil {
			rt.Fatal(err)
		}
		rows, err := db.Query(t.Context(), "SELECT kind, people_group, people, share_of_cost, gini FROM ("+string(text)+") WHERE kind IN ('top', 'measure')", databasesql.Named("as_at", "2024-12-31"))
		if err != nil {
			rt.Fatal(err)
		}
		defer rows.Close()
		slices.Sort(pence)
		slices.Reverse(pence)
		for rows.Next() {
			var kind, group string
			var people int
			var share, gini *float64
			if err := rows.Scan(&kind, &group, &people, &share, &gini); err != nil {
				rt.Fatal(err)
			}
			checkShare(rt, pence, kind, group, people, share, gini)
		}
	})
}

func checkShare(t *rapid.T, pence []int64, kind, group string, people int, share, gini *float64) {
	total, apart := 0.0, 0.0
	for _, a := range pence {
		total += float64(a)
		for _, b := range pence {
			apart += math.Abs(float64(a - b))
		}
	}
	switch {
	case total == 0:
		if share != nil || gini != nil {
			t.Errorf("nothing was spent, and %s has a share", group)
		}
	case group == "all":
		if want := apart / (2 * float64(len(pence)) * total); math.Abs(*gini-want) > 1e-12 {
			t.Errorf("Gini %v, want %v", *gini, want)
		}
	case kind == "top":
		percent, _ := strconv.ParseFloat(strings.Fields(group)[1], 64)
		if want := int(math.Floor(float64(len(pence)) * percent / 100)); people != want {
			t.Errorf("%s are %d people, want %d", group, people, want)
		}
		sum := 0.0
		for _, p := range pence[:people] {
			sum += float64(p)
		}
		if math.Abs(*share-sum/total) > 1e-12 {
			t.Errorf("%s have %v of the cost, want %v", group, *share, sum/total)
		}
	default: // who take 80 % of the cost
		sum, want := 0.0, 0
		for 5*sum < 4*total {
			sum += float64(pence[want])
			want++
		}
		if people != want {
			t.Errorf("%d people take 80 %%, want %d", people, want)
		}
	}
}
