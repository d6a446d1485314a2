package sql_test

import (
	"bytes"
	"crypto/md5"
	databasesql "database/sql"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/rogpeppe/go-internal/txtar"

	"tre/internal/duck"
	"tre/sql"
)

// open gives a database with every linked table empty, and the reference tables.
// As in the program, the linked tables show only what had arrived by $as_at,
// once lookFrom has said when that is.
func open(t *testing.T) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	exec(t, db, sql.LinkedTables())
	lookFrom(t, db, "9999-12-31")
	for _, table := range sql.LinkedTableNames() {
		view := "CREATE VIEW " + duck.Name(table) + " AS SELECT * FROM typed." + duck.Name(table)
		if table != "person" && table != "flagged" {
			view += " WHERE arrived <= getvariable('as_at')"
		}
		exec(t, db, view)
	}
	tables, err := sql.References()
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		loadReference(t, db, table)
	}
	return db
}

func lookFrom(t *testing.T, db *duck.DB, day string) {
	t.Helper()
	exec(t, db, "SET VARIABLE as_at = DATE "+duck.Text(day))
}

func loadReference(t *testing.T, db *duck.DB, table sql.Reference) {
	t.Helper()
	var columns, marks []string
	for _, c := range table.Columns {
		columns, marks = append(columns, duck.Name(c.Name)+" "+c.Type), append(marks, "nullif(?, '')::"+c.Type)
	}
	exec(t, db, "CREATE TABLE "+duck.Name(table.Name)+" ("+strings.Join(columns, ", ")+")")
	insert(t, db, duck.Name(table.Name), marks, table.Rows)
}

// insert puts rows of text into a table, each value through its column's mark.
func insert(t *testing.T, db *duck.DB, table string, marks []string, rows [][]string) {
	t.Helper()
	one := "(" + strings.Join(marks, ", ") + ")"
	for chunk := range slices.Chunk(rows, 100) {
		var args []any
		for _, row := range chunk {
			for _, v := range row {
				args = append(args, v)
			}
		}
		exec(t, db, "INSERT INTO "+table+" VALUES "+strings.TrimSuffix(strings.Repeat(one+", ", len(chunk)), ", "), args...)
	}
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
	rows, err := db.Query(t.Context(), text, named(text, parameters)...)
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
		fields, into := make([]any, len(names)), make([]any, len(names))
		for i := range fields {
			into[i] = &fields[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		record := make([]string, len(names))
		for i, f := range fields {
			record[i] = shown(f)
		}
		out = append(out, record)
	}
	return out
}

// shown gives a value as an expected answer writes it.
func shown(value any) string {
	switch v := value.(type) {
	case nil:
		return "-"
	case []byte: // a UUID
		return uuid.UUID(v).String()
	case time.Time:
		return strings.TrimSuffix(v.Format("2006-01-02 15:04:05"), " 00:00:00")
	}
	return fmt.Sprint(value)
}

// named gives the parameters a text uses.
func named(text string, parameters map[string]any) []any {
	var args []any
	for name, value := range parameters {
		if strings.Contains(text, "$"+name+"::") {
			args = append(args, databasesql.Named(name, value))
		}
	}
	return args
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
	db, parameters, want, given := open(t), map[string]any{}, [][]string(nil), map[string][][]string{}
	for _, f := range archive.Files {
		name := strings.TrimSuffix(f.Name, ".csv")
		switch {
		case name == "parameters":
			for line := range strings.Lines(string(f.Data)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
				parameters[name] = value
			}
		case name == "answer":
			want = parseCSV(t, f.Data)
		case slices.Contains(sql.LinkedTableNames(), name):
			load(t, db, name, parseCSV(t, f.Data))
		default:
			given[name] = parseCSV(t, f.Data)
		}
	}
	if day, ok := parameters["as_at"].(string); ok {
		lookFrom(t, db, day)
	}
	build(t, db, q, parameters, given)
	got := ask(t, db, q.Text, withDefaults(q, parameters))
	nameByWord(want, got)
	if q.Kind == sql.Rows { // a table others build on has no order
		for _, rows := range [][][]string{want, got} {
			slices.SortFunc(rows[1:], slices.Compare)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
		var text bytes.Buffer
		_ = csv.NewWriter(&text).WriteAll(got)
		t.Log("\n" + text.String())
	}
}

// build makes the tables of the questions that q reads, in order. One that the
// case gives takes the place of the question; so do the tables of packs.
func build(t *testing.T, db *duck.DB, q sql.Question, parameters map[string]any, given map[string][][]string) {
	t.Helper()
	all, err := sql.Questions()
	if err != nil {
		t.Fatal(err)
	}
	ordered, err := sql.Order(all, q.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, read := range ordered {
		for _, pack := range read.Packs {
			if rows := given[pack]; rows != nil {
				givePack(t, db, pack, rows)
				delete(given, pack)
			}
		}
	}
	for _, read := range ordered[:len(ordered)-1] {
		if needed(all, q.Name, read.Name, given) {
			buildOne(t, db, read, parameters, given[read.Name])
		}
		delete(given, read.Name)
	}
	for name := range given {
		t.Fatalf("the case has a file %s, which the question does not read", name)
	}
}

// needed tells whether anything that the case does not give reads a question.
func needed(all []sql.Question, from, name string, given map[string][][]string) bool {
	at := slices.IndexFunc(all, func(q sql.Question) bool { return q.Name == from })
	if at < 0 {
		return false
	}
	for _, read := range all[at].Reads {
		if read == name || given[read] == nil && needed(all, read, name, given) {
			return true
		}
	}
	return false
}

func buildOne(t *testing.T, db *duck.DB, q sql.Question, parameters map[string]any, rows [][]string) {
	t.Helper()
	create := "CREATE TEMP TABLE " + duck.Name(q.Name) + " AS "
	switch {
	case rows == nil && q.Then != "":
		t.Fatalf("question %s is finished in Go: give its table in the case", q.Name)
	case rows == nil:
		exec(t, db, create+q.Text, named(q.Text, withDefaults(q, parameters))...)
		return
	}
	var columns, marks []string
	for _, heading := range rows[0] {
		name, kind, _ := strings.Cut(heading, " ")
		mark := "nullif(?::VARCHAR, '')"
		if kind == "" {
			t.Fatalf("file %s.csv: its header gives no type for %s; write: name TYPE", q.Name, name)
		}
		if kind == "UUID" {
			mark = "md5(" + mark + ")"
		}
		columns, marks = append(columns, duck.Name(name)+" "+kind), append(marks, mark+"::"+kind)
	}
	exec(t, db, "CREATE TEMP TABLE "+duck.Name(q.Name)+" ("+strings.Join(columns, ", ")+")")
	insert(t, db, duck.Name(q.Name), marks, rows[1:])
}

func givePack(t *testing.T, db *duck.DB, pack string, rows [][]string) {
	t.Helper()
	var columns, marks []string
	for _, name := range rows[0] {
		columns, marks = append(columns, duck.Name(name)+" VARCHAR"), append(marks, "nullif(?, '')")
	}
	exec(t, db, "CREATE TABLE "+duck.Name(pack)+" ("+strings.Join(columns, ", ")+")")
	insert(t, db, duck.Name(pack), marks, rows[1:])
}

// withDefaults adds the values a question has when none are given.
func withDefaults(q sql.Question, given map[string]any) map[string]any {
	all := map[string]any{}
	for _, p := range q.Parameters {
		if value, ok := given[p.Name]; ok {
			all[p.Name] = value
		} else if !p.Required {
			all[p.Name] = p.Default
		}
	}
	return all
}

// nameByWord turns the words of an expected answer into UUIDs in the columns
// where the answer has UUIDs.
func nameByWord(want, got [][]string) {
	for i := 1; i < len(want); i++ {
		for j := range want[i] {
			if i < len(got) && j < len(got[i]) && uuid.Validate(got[i][j]) == nil && uuid.Validate(want[i][j]) != nil {
				want[i][j] = uuid.UUID(md5.Sum([]byte(want[i][j]))).String()
			}
		}
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

// TestEveryQuestionSaysWhatItReads compares the lists a question begins with to
// its text, and asks that two questions mean the same by a parameter's name.
func TestEveryQuestionSaysWhatItReads(t *testing.T) {
	questions, err := sql.Questions()
	if err != nil {
		t.Fatal(err)
	}
	references, err := sql.References()
	if err != nil {
		t.Fatal(err)
	}
	tables := sql.LinkedTableNames()
	for _, r := range references {
		tables = append(tables, r.Name)
	}
	for _, q := range questions {
		if q.Kind != sql.Counts {
			tables = append(tables, q.Name)
		}
	}
	for _, q := range questions {
		checkReads(t, q, tables)
		checkParameters(t, q)
	}
}

func checkReads(t *testing.T, q sql.Question, tables []string) {
	for _, table := range slices.Concat(tables, q.Packs) {
		reads := regexp.MustCompile(`(?i)\b(FROM|JOIN) ` + table + `\b`).MatchString(q.Text)
		listed := slices.Contains(q.Reads, table) || slices.Contains(q.Packs, table)
		if strings.Contains(q.Text, "\n"+table+" AS (") { // a part of its own, of that name
			continue
		}
		if reads != listed && table != q.Name {
			t.Errorf("%s: table %s read %v, listed %v", q.Name, table, reads, listed)
		}
	}
	for _, read := range q.Reads {
		if !slices.Contains(tables, read) {
			t.Errorf("%s reads %s, which is no table", q.Name, read)
		}
	}
}

func checkParameters(t *testing.T, q sql.Question) {
	if len(q.Parameters) == 0 || q.Parameters[0].Name != "as_at" {
		t.Errorf("%s: its first parameter is not as_at", q.Name)
	}
	for _, p := range q.Parameters {
		if !strings.Contains(q.Text, "$"+p.Name+"::"+p.Type) {
			t.Errorf("%s: parameter %s is not used as %s", q.Name, p.Name, p.Type)
		}
	}
	for _, used := range regexp.MustCompile(`\$([a-z_0-9]+)(::[A-Z]+)?`).FindAllStringSubmatch(q.Text, -1) {
		if !slices.ContainsFunc(q.Parameters, func(p sql.Parameter) bool { return p.Name == used[1] && "::"+p.Type == used[2] }) {
			t.Errorf("%s: $%s%s is not declared so", q.Name, used[1], used[2])
		}
	}
}

// TestAParameterMeansTheSameEverywhere holds for every question and those it reads.
func TestAParameterMeansTheSameEverywhere(t *testing.T) {
	questions, err := sql.Questions()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range questions {
		ordered, err := sql.Order(questions, q.Name)
		if err != nil {
			t.Fatal(err)
		}
		first := map[string]string{}
		for _, read := range ordered {
			for _, p := range read.Parameters {
				if text, ok := first[p.Name]; ok && text != p.String() {
					t.Errorf("%s: %s in %s, and %s in a question it is read with", q.Name, p, read.Name, text)
				}
				first[p.Name] = p.String()
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
