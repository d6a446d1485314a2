package sql_test

import (
	"bytes"
	databasesql "database/sql"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"tre/internal/duck"
	"tre/sql"
)

// open gives a database with every linked table empty and the points loaded.
func open(t *testing.T) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	exec(t, db, sql.LinkedTables())
	for _, table := range sql.LinkedTableNames() {
		exec(t, db, "CREATE VIEW "+duck.Name(table)+" AS SELECT * FROM typed."+duck.Name(table))
	}
	points, err := sql.FrailtyPoints()
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, "CREATE TABLE hfrs_points (code VARCHAR, tenths INTEGER)")
	for _, p := range points {
		exec(t, db, "INSERT INTO hfrs_points VALUES (?, ?)", p.Code, p.Tenths)
	}
	return db
}

func exec(t *testing.T, db *duck.DB, query string, args ...any) {
	t.Helper()
	if err := db.Exec(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// load puts CSV rows with a header into a linked table. A case names people
// and events by any word: in a UUID column a word stands for its MD5.
func load(t *testing.T, db *duck.DB, table string, rows [][]string) {
	t.Helper()
	kinds := map[string]string{}
	described, err := db.Query(t.Context(), "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'typed' AND table_name = ?", table)
	if err != nil {
		t.Fatal(err)
	}
	defer described.Close()
	for described.Next() {
		var name, kind string
		if err := described.Scan(&name, &kind); err != nil {
			t.Fatal(err)
		}
		kinds[name] = kind
	}
	var names, values []string
	for _, name := range rows[0] {
		value := "nullif(?::VARCHAR, '')"
		if kinds[name] == "" {
			t.Fatalf("table %s has no column %s", table, name)
		}
		if kinds[name] == "UUID" {
			value = "md5(" + value + ")"
		}
		names, values = append(names, duck.Name(name)), append(values, value+"::"+kinds[name])
	}
	if len(rows) == 1 {
		return
	}
	one, args := "("+strings.Join(values, ", ")+")", []any(nil)
	for _, row := range rows[1:] {
		for _, v := range row {
			args = append(args, v)
		}
	}
	exec(t, db, fmt.Sprintf("INSERT INTO typed.%s (%s) VALUES %s", duck.Name(table), strings.Join(names, ", "),
		strings.TrimSuffix(strings.Repeat(one+", ", len(rows)-1), ", ")), args...)
}

// ask runs a query with the parameters its text uses and gives header and rows;
// a null is "-".
func ask(t *testing.T, db *duck.DB, text string, parameters map[string]any) [][]string {
	t.Helper()
	var args []any
	for name, value := range parameters {
		if strings.Contains(text, "$"+name) {
			args = append(args, databasesql.Named(name, value))
		}
	}
	rows, err := db.Query(t.Context(), text, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	out := [][]string{names}
	for rows.Next() {
		fields, into := make([]*string, len(names)), make([]any, len(names))
		for i := range fields {
			into[i] = &fields[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		record := make([]string, len(names))
		for i, f := range fields {
			record[i] = "-"
			if f != nil {
				record[i] = *f
			}
		}
		out = append(out, record)
	}
	return out
}

func question(t *testing.T, name string) sql.Question {
	t.Helper()
	questions, err := sql.Questions()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range questions {
		if q.Name == name {
			return q
		}
	}
	t.Fatalf("no question %s", name)
	return sql.Question{}
}

func parseCSV(t *testing.T, data []byte) [][]string {
	t.Helper()
	reader := csv.NewReader(bytes.NewReader(data))
	reader.Comment, reader.TrimLeadingSpace = '#', true
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestQuestionsAnswerTheirCases runs testdata/<question>.txtar and
// testdata/<question>-<what>.txtar: files named for linked tables go in,
// "parameters" are bound, and the whole answer must equal answer.csv.
func TestQuestionsAnswerTheirCases(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	covered := map[string]bool{}
	for _, path := range cases {
		base := strings.TrimSuffix(filepath.Base(path), ".txtar")
		name, _, _ := strings.Cut(base, "-")
		covered[name] = true
		t.Run(base, func(t *testing.T) { runCase(t, question(t, name), path) })
	}
	questions, err := sql.Questions()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range questions {
		if !covered[q.Name] {
			t.Errorf("question %s has no case", q.Name)
		}
	}
}

func runCase(t *testing.T, q sql.Question, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	db, parameters, want := open(t), map[string]any{}, [][]string(nil)
	for _, f := range archive.Files {
		switch f.Name {
		case "parameters":
			for line := range strings.Lines(string(f.Data)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
				parameters[name] = value
			}
		case "answer.csv":
			want = parseCSV(t, f.Data)
		default:
			load(t, db, strings.TrimSuffix(f.Name, ".csv"), parseCSV(t, f.Data))
		}
	}
	got := ask(t, db, q.Text, parameters)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
		var text bytes.Buffer
		_ = csv.NewWriter(&text).WriteAll(got)
		t.Log("\n" + text.String())
	}
}

func TestFrailtyPointsArePublished(t *testing.T) {
	points, err := sql.FrailtyPoints()
	if err != nil {
		t.Fatal(err)
	}
	sum, last := 0, ""
	for _, p := range points {
		if p.Code <= last || len(p.Code) != 3 || p.Tenths < 1 {
			t.Errorf("code %s after %s with %d tenths", p.Code, last, p.Tenths)
		}
		sum, last = sum+p.Tenths, p.Code
	}
	if len(points) != 109 || sum != 1732 {
		t.Errorf("%d codes that sum to %d tenths; published: 109 and 1732", len(points), sum)
	}
}

func TestEveryQuestionSaysWhatItReads(t *testing.T) {
	questions, err := sql.Questions()
	if err != nil {
		t.Fatal(err)
	}
	tables := append(sql.LinkedTableNames(), "hfrs_points")
	for _, q := range questions {
		for _, table := range tables {
			reads := strings.Contains(q.Text, "FROM "+table) || strings.Contains(q.Text, "JOIN "+table)
			if listed := slices.Contains(q.Reads, table); reads != listed {
				t.Errorf("%s: table %s read %v, listed %v", q.Name, table, reads, listed)
			}
		}
		for _, p := range q.Parameters {
			if !strings.Contains(q.Text, "$"+p.Name+"::"+p.Type) {
				t.Errorf("%s: parameter %s is not used as %s", q.Name, p.Name, p.Type)
			}
		}
	}
}

func readGold(t *testing.T, name string) [][]string {
	t.Helper()
	data, err := os.ReadFile("testdata/hfrs/gold_hfrs_" + name + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	return parseCSV(t, data)[1:]
}
