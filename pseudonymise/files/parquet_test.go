package files

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/pseudonymise/generalise"
)

// rowsOf gives the rows of a query as text, in order.
func rowsOf(t *testing.T, query string) []string {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	return all
}

func writeParquet(t *testing.T, path, query string) {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(t.Context(), "COPY ("+query+") TO "+duck.Text(path)+" (FORMAT parquet, ROW_GROUP_SIZE 2048)"); err != nil {
		t.Fatal(err)
	}
}

const parquetRows = `SELECT i AS row,
	CASE i % 5 WHEN 0 THEN '999 000 0018' WHEN 1 THEN '9990000026' WHEN 2 THEN '9990000027' WHEN 3 THEN '2222222222' END AS nhs_number,
	DATE '1930-01-01' + (i * 7 % 30000)::INTEGER AS born, [i, i + 1] AS list, uuid() AS id, i / 7 AS value FROM range(10000) AS t(i)`

func TestParquetKeepsRowsTypesAndOrder(t *testing.T) {
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
	writeParquet(t, in, parquetRows)
	for how, want := range map[string]string{InvalidEmpty: "true", InvalidKeepOut: "row % 5 NOT IN (2, 3)"} {
		said, err := Run(t.Context(), Options{In: in, Out: out, Key: testKey(t), Project: "p", Invalid: how,
			Columns: []Column{{"nhs_number", "person"}}, Drop: []string{"value"}})
		if err != nil {
			t.Fatal(err)
		}
		if c := said.Columns[0]; c.Passed != 4000 || c.Invalid != 2000 || c.Placeholder != 2000 || c.Missing != 2000 || said.RowsIn != said.RowsOut+said.RowsLeftOut {
			t.Errorf("%s: %+v", how, said)
		}
		if d := cmp.Diff([]string{"row BIGINT", "nhs_number_pseudonym UUID", "born DATE", "list BIGINT[]", "id UUID"},
			rowsOf(t, "SELECT column_name || ' ' || column_type FROM (DESCRIBE FROM read_parquet("+duck.Text(out)+"))")); d != "" {
			t.Error(d)
		}
		first, second := slowPseudonym("p", "", "person", "9990000018"), slowPseudonym("p", "", "person", "9990000026")
		expected := "SELECT concat_ws(' ', row, CASE row % 5 WHEN 0 THEN '" + first + "' WHEN 1 THEN '" + second + "' END, born, list, id) FROM read_parquet(" + duck.Text(in) + ") WHERE " + want
		got := "SELECT concat_ws(' ', row, nhs_number_pseudonym, born, list, id) FROM read_parquet(" + duck.Text(out) + ")"
		if d := cmp.Diff(rowsOf(t, expected), rowsOf(t, got)); d != "" {
			t.Error(how, d)
		}
	}
}

func TestParquetRefusals(t *testing.T) {
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
	if err := os.WriteFile(in, []byte("PAR1 no"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{In: in, Out: out, Key: testKey(t), Columns: []Column{{"nhs_number", "person"}}}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "as Parquet") {
		t.Error(err)
	}
	writeParquet(t, in, "SELECT '9990000018' AS nhs_number, 9990000026 AS mother")
	if _, err := Run(t.Context(), o); problem.CodeOf(err) != problem.PolicyRefuse {
		t.Error(err)
	}
	o.Columns, o.Invalid = append(o.Columns, Column{"mother", "person"}), InvalidFail
	if _, err := Run(t.Context(), o); err != nil {
		t.Error(err)
	}
	writeParquet(t, in, "SELECT unnest(['9990000018', '12']) AS nhs_number, '' AS mother")
	if _, err := Run(t.Context(), o); problem.CodeOf(err) != problem.TooManyRows || !strings.Contains(err.Error(), "line 2") {
		t.Error(err)
	}
}

const rulesText = `version: 1
columns:
  - {output: person, source: nhs_number, rule: pseudonym, domain: person}
  - {output: birth_month, source: born, rule: month}
  - {output: age, source: born, rule: age, at: 2024-01-01}
  - {output: age_capped, source: born, rule: age, at: 2024-01-01, as: number, cap: 60}
  - {output: code, source: code, rule: rare, minimum: 3}
  - {output: value, source: value, rule: number, to: 5, at_most: 20}
  - {output: site, rule: constant, value: north}
`

func TestRulesGiveTheSameOfBothForms(t *testing.T) {
	rules, err := generalise.Read([]byte(rulesText), "rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	inParquet, outParquet := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
	inCSV, outCSV := filepath.Join(folder, "in.csv"), filepath.Join(folder, "out.csv")
	writeParquet(t, inParquet, `SELECT '9990000018' AS nhs_number, DATE '1930-02-03' + (i * 1000)::INTEGER AS born, CASE WHEN i < 3 THEN 'common' ELSE 'r' || i END AS code, i * 3 AS value, 'secret' AS unlisted FROM range(12) AS t(i)`)
	rowsOf(t, "COPY (FROM read_parquet("+duck.Text(inParquet)+")) TO "+duck.Text(inCSV)+" (HEADER)")
	for in, out := range map[string]string{inParquet: outParquet, inCSV: outCSV} {
		said, err := Run(t.Context(), Options{In: in, Out: out, Key: testKey(t), Project: "p", Rules: rules, BlockBytes: 100})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"unlisted"}, said.Dropped); d != "" || said.Columns[4].Grouped != 9 {
			t.Error(in, d, said)
		}
	}
	const columns = "concat_ws(' ', person, birth_month, age, age_capped, code, value::DOUBLE, site)"
	fromParquet := rowsOf(t, "SELECT "+columns+" FROM read_parquet("+duck.Text(outParquet)+")")
	if d := cmp.Diff(fromParquet, rowsOf(t, "SELECT "+columns+" FROM read_csv("+duck.Text(outCSV)+")")); d != "" {
		t.Error(d)
	}
	if want := slowPseudonym("p", "", "person", "9990000018") + " 1930-02-01 90+ 60 common 0.0 north"; fromParquet[0] != want {
		t.Errorf("%s, want %s", fromParquet[0], want)
	}
}
