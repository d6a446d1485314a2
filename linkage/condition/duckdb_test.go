package condition

import (
	"fmt"
	"strings"
	"testing"

	"tre/internal/duck"
)

// tables are relations with every column of both sides in one type, to find
// the one a condition is meant for.
func tables() map[string]string {
	return map[string]string{
		"texts":   `SELECT v AS v FROM (VALUES ('1999-12-31'), ('male'), ('Jose'), (''), (NULL), ('SW1A 1AA'), ('a@b')) t(v)`,
		"words":   `SELECT v AS v FROM (VALUES ('male'), ('female'), ('Jose'), (NULL)) t(v)`,
		"numbers": `SELECT v::DOUBLE AS v FROM (VALUES (0), (1), (2), (-3.5), (NULL)) t(v)`,
		"dates":   `SELECT v::DATE AS v FROM (VALUES ('1999-12-31'), ('2000-01-02'), (NULL)) t(v)`,
		"lists":   `SELECT v::VARCHAR[] AS v FROM (VALUES (['a', 'b']), (['b']), ([]), (NULL)) t(v)`,
		"vectors": `SELECT v::FLOAT[2] AS v FROM (VALUES ([0.1, 0.9]), ([0.5, 0.5]), (NULL)) t(v)`,
	}
}

func database(t *testing.T) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// relation gives a query with the columns of a condition, each side running
// through the values of a table.
func relation(table string, columns []Reference) string {
	var items []string
	for _, c := range columns {
		side := map[Side]string{Left: "l", Right: "r"}[c.Side]
		items = append(items, fmt.Sprintf("%s.v AS %s", side, duck.Name(c.Name+"_"+side)))
	}
	if len(items) == 0 {
		items = []string{"1 AS none"}
	}
	return fmt.Sprintf("SELECT %s FROM (%[2]s) l, (%[2]s) r", strings.Join(items, ", "), table)
}

// checkSameAnswers expects a text and what was made of it to answer the same on
// every pair of values, nulls included. It says whether DuckDB understood the
// text for any type of column.
func checkSameAnswers(t *testing.T, db *duck.DB, sql, made string, columns []Reference) bool {
	t.Helper()
	understood := false
	for name, table := range tables() {
		from := relation(table, columns)
		count := func(condition string) (n int, err error) {
			return n, db.Row(t.Context(), []any{&n}, "SELECT count(*) FROM ("+from+") WHERE "+condition)
		}
		if _, err := count("((" + sql + "\n)::BOOLEAN) IS NULL"); err != nil {
			continue // not the type this condition is for
		}
		understood = true
		differ, err := count("((" + sql + "\n)::BOOLEAN) IS DISTINCT FROM ((" + made + ")::BOOLEAN)")
		if err != nil || differ != 0 {
			t.Errorf("%s\nbecame %s\nwhich answers otherwise for %d pairs of %s: %v", sql, made, differ, name, err)
		}
	}
	return understood
}

// TestDuckDBAnswersTheSame compares with DuckDB what each text and its
// canonical form mean: precedence, and what is put in other terms.
func TestDuckDBAnswersTheSame(t *testing.T) {
	db := database(t)
	unknown := map[string]bool{"my_fn": true, "fn": true, "ARRAY_INTERSECT": true}
	conditions := shapes(t)["level"]
	conditions = append(conditions,
		`NOT a_l = a_r AND a_l <> 'male' OR true`, `a_l = a_r IS NULL`, `a_l IS NOT DISTINCT FROM a_r`, `a_l IS DISTINCT FROM a_r`,
		`(a_l > a_r) IS NOT TRUE`, `(a_l > a_r) IS FALSE`, `a_l BETWEEN 'a' AND a_r`, `a_l NOT BETWEEN a_r AND 'x' AND a_r = a_r`,
		`a_l IN ('male', a_r)`, `a_l NOT IN ('male', NULL)`, `a_l LIKE '%a%' OR a_r NOT ILIKE 'J%'`, `case a_l when 'male' then a_r = 'Jose' end`,
		`TRY_CAST(a_l AS DATE) = DATE '1999-12-31'`, `a_l || 1 + 2 = 'male3'`, `a_l || 'x' || a_r = 'malexmale'`, `(a_l::VARCHAR)[1] = 'm'`, `a_l::FLOAT[2] = [0.5, 0.5]::FLOAT[2]`, `a_l::VARCHAR[] = ['a', 'b']`,
		`a_l - a_r - 1 = 0`, `a_l - (a_r - 1) = 0`, `-a_l ^ 2 = 4`, `2 ^ 3 ^ 2 = a_l + 64`, `a_l % 2 * 3 = 3`, `a_l / 2 * 2 = a_r`, `- a_l::INT = 1`,
		`NOT a_l IS NULL`, `NOT a_l BETWEEN 0 AND 1`, `a_l + 1 BETWEEN 0 AND a_r * 2`, `extract(year from a_l) = date_part('year', a_r)`,
		`len(list_filter(a_l, x -> x = 'a' OR x = 'b')) > 1`, `len(list_filter(a_l, lambda x: x = 'b')) = len(a_r)`, `a_l = ['a', 'b']`,
		`a_l[1] = 'a' AND a_r[-1] = 'b'`, `a_l = 1 -- a comment`, `a_l > 1 = true`, `a_l = 1 OR a_l = 2 AND a_r = 1`,
	)
	for _, sql := range conditions {
		e, err := ParseLevel(sql)
		if err != nil {
			if sql != `a_l > 1 = true` {
				t.Errorf("%s: %v", sql, err)
			}
			continue
		}
		understood := checkSameAnswers(t, db, sql, e.String(), e.Columns())
		text, err := LevelText(sql, "", "")
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		checkSameAnswers(t, db, sql, text, e.Columns())
		ours := false
		for name := range unknown {
			ours = ours || strings.Contains(sql, name+"(")
		}
		if !understood && !ours {
			t.Errorf("DuckDB understands %s for no type", sql)
		}
	}
}

// TestRulesInDuckDB checks both ways of giving a rule to DuckDB.
func TestRulesInDuckDB(t *testing.T) {
	db := database(t)
	for _, sql := range shapes(t)["rule"] {
		e, err := ParseRule(sql)
		if err != nil {
			t.Fatal(err)
		}
		text, err := RuleText(sql, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if !checkSameAnswers(t, db, text, e.String(), e.Columns()) {
			t.Errorf("DuckDB does not understand %s", text)
		}
	}
}
