package clk

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/duck"
	"tre/internal/problem"
)

// setUp writes a schema, a secret and records into a folder, and gives options
// that encode them.
func setUp(t *testing.T, records string) EncodeOptions {
	t.Helper()
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return EncodeOptions{
		Schema: write("schema.json", smallSchema), SecretFile: write("secret", invented+"\n"),
		Records: write("records.csv", records), ID: "id", Out: filepath.Join(folder, "clks.parquet"),
	}
}

func rowsOf(t *testing.T, query string) [][]any {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	all := [][]any{}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return all
}

const threePeople = "id,name,born,diagnosis\nb,Zoë Ng,1987-03-05,E11\na,,,J45\nc,Ann O'Neil,2000-02-29,\n"

func TestEncodedFileHoldsIDsAndEncodingsOnly(t *testing.T) {
	o := setUp(t, threePeople)
	got, err := EncodeFile(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	e := encoderOf(t, []byte(smallSchema), invented, Hardening{})
	var want [][]any
	for _, p := range [][]string{{"a", "", ""}, {"b", "Zoë Ng", "1987-03-05"}, {"c", "Ann O'Neil", "2000-02-29"}} {
		clk, err := e.Encode(nil, p[0], p[1:])
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, []any{p[0], clk})
	}
	if diff := cmp.Diff(want, rowsOf(t, "SELECT * FROM "+duck.Text(o.Out))); diff != "" {
		t.Error(diff)
	}
	if got.Records != 3 || got.Empty != 1 || got.Length != 1024 || got.LeastBits != 0 || got.MostBits < 300 || got.Agreement != e.Agreement() {
		t.Errorf("said %+v", got)
	}
	o.Base64, o.Out = true, o.Out+".2.parquet"
	if _, err := EncodeFile(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for i, row := range rowsOf(t, "SELECT clk FROM "+duck.Text(o.Out)) {
		if row[0] != base64.StdEncoding.EncodeToString(want[i][1].([]byte)) {
			t.Errorf("record %d differs as base64", i)
		}
	}
}

// TestEncodedFileIsTheSameWhateverTheWorkers also reads many batches, and
// Parquet.
func TestEncodedFileIsTheSameWhateverTheWorkers(t *testing.T) {
	var records strings.Builder
	records.WriteString("id,name,born\n")
	for i := range 20_000 {
		fmt.Fprintf(&records, "%05d,Name %d of %d,%d-%02d-%02d\n", (i*7919)%20_000, i%613, i%17, 1930+i%80, 1+i%12, 1+i%28)
	}
	o := setUp(t, records.String())
	parquet := filepath.Join(filepath.Dir(o.Records), "records.parquet")
	rowsOf(t, "COPY (SELECT id, name, born::DATE AS born FROM read_csv("+duck.Text(o.Records)+", all_varchar = true)) TO "+duck.Text(parquet))
	var files [][]byte
	for _, from := range []string{o.Records, parquet} {
		for _, workers := range []int{1, 3} {
			o.Records, o.Workers = from, workers
			o.Hardening = Hardening{Epsilon: 4, SaltColumn: "born", SaltCharacters: 4}
			if _, err := EncodeFile(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(o.Out)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, data)
		}
	}
	for i, f := range files[1:] {
		if !bytes.Equal(f, files[0]) {
			t.Errorf("run %d wrote other bytes", i+1)
		}
	}
}

func TestRefusesRecords(t *testing.T) {
	nhs := "id,name,born\n"
	for _, n := range []string{"9990000018", "999 000 0026", "999-000-0034", "9990000042", "9990000050"} {
		nhs += n + ",Ann,\n"
	}
	for _, c := range []struct {
		name, records, says string
		code                problem.ExitCode
	}{
		{"NHS numbers", nhs, "looks like the NHS number", problem.Disclosive},
		{"no id", "id,name,born\n1,Ann,\n,Bob,\n", "empty in 1 rows", problem.Usage},
		{"repeated ids", "id,name,born\n1,Ann,\n1,Bob,\n2,Cat,\n", "repeats in 1 rows", problem.Usage},
		{"no rows", "id,name,born\n", "no rows", problem.Usage},
		{"no column", "id,name\n1,Ann\n", "no column born", problem.Usage},
		{"a bad date", "id,name,born\n1,Ann,\n2,Bob,1987-02-30\n3,Cat,zzsecret\n", "2 rows of", problem.TooManyRows},
		{"a name too long", "id,name,born\n1," + strings.Repeat("zzsecret", 9) + ",\n", "row 1, column name: longer than maxLength", problem.TooManyRows},
		{"a ragged line", "id,name,born\n1,Ann,\n2,Bob,,zzsecret,1\n" + strings.Repeat("3,Ann,\n", 50), "cannot read", problem.Failed},
	} {
		o := setUp(t, c.records)
		_, err := EncodeFile(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), c.says) || problem.CodeOf(err) != c.code {
			t.Errorf("%s: %v (%d), want %q (%d)", c.name, err, problem.CodeOf(err), c.says, c.code)
		}
		if err != nil && strings.Contains(err.Error()+problem.HintOf(err), "zzsecret") {
			t.Errorf("%s: a value of a row was told", c.name)
		}
		if _, err := os.Stat(o.Out); err == nil {
			t.Errorf("%s: a file was written", c.name)
		}
	}
}

func TestRefusesIDsThatTheSchemaEncodes(t *testing.T) {
	o := setUp(t, threePeople)
	o.ID = "name"
	if _, err := EncodeFile(t.Context(), o); problem.CodeOf(err) != problem.Disclosive {
		t.Errorf("an encoded column as id gave %v", err)
	}
	o = setUp(t, threePeople)
	o.Out = o.Records
	if _, err := EncodeFile(t.Context(), o); problem.CodeOf(err) != problem.Usage {
		t.Errorf("writing over the records gave %v", err)
	}
}

func TestTenDigitsAreNotNHSNumbersByThemselves(t *testing.T) {
	valid := 0
	for i := range 11_000 {
		if isNHSNumber(fmt.Sprintf("%010d", 3_000_000_019+i*101)) {
			valid++
		}
	}
	if valid < 900 || valid > 1100 {
		t.Errorf("%d of 11,000 numbers pass Modulus 11, want one in eleven", valid)
	}
	for text, want := range map[string]bool{"9876543210": true, "9876543211": false, "987654321": false, "98765432101": false, "987 654 3210": true, "987654321X": false, "": false} {
		if isNHSNumber(text) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}

func TestMatchesFiles(t *testing.T) {
	a := setUp(t, "id,name,born\n1,Zoë Ng,1987-03-05\n2,Ann O'Neil,2000-02-29\n3,Bob Roberts,1950-01-01\n")
	b := setUp(t, "id,name,born\nx,Bob Robert,1950-01-01\ny,Zoe Ng,1987-03-05\nz,Zoë Ng,1987-03-05\n")
	for _, o := range []EncodeOptions{a, b} {
		if _, err := EncodeFile(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "pairs.parquet")
	query := "SELECT id_l, id_r, round(similarity, 1) AS s FROM " + duck.Text(out) + " ORDER BY similarity DESC, id_r"
	got, err := MatchFiles(t.Context(), MatchOptions{A: a.Out, B: b.Out, Threshold: 0.7, Out: out})
	if err != nil {
		t.Fatal(err)
	}
	one := [][]any{{"1", "z", 1.0}, {"3", "x", 0.9}}
	if diff := cmp.Diff(one, rowsOf(t, query)); diff != "" {
		t.Error(diff)
	}
	if got.RecordsA != 3 || got.RecordsB != 3 || got.Candidates != 3 || got.Pairs != 2 {
		t.Errorf("said %+v", got)
	}
	if _, err = MatchFiles(t.Context(), MatchOptions{A: a.Out, B: b.Out, Threshold: 0.7, All: true, Out: out}); err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(t, query); len(got) != 3 {
		t.Errorf("%d pairs in all, want 3", len(got))
	}
	_, err = MatchFiles(t.Context(), MatchOptions{A: a.Out, B: b.Out, Threshold: 0.7, MaxPairs: 2, Out: out})
	if problem.CodeOf(err) != problem.Usage || !strings.Contains(err.Error(), "over 2 pairs") {
		t.Errorf("too many candidates gave %v", err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := MatchFiles(stopped, MatchOptions{A: a.Out, B: b.Out, Threshold: 0.7, Out: out}); err == nil {
		t.Error("a stopped run said it was done")
	}
}

func TestReadsEncodingsOfOtherMakers(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct {
		name, content, says string
		ids                 string
	}{
		{name: "clkhash.json", content: `{"metadata": {"a": [1]}, "clks": ["AAE=", "//8="]}`, ids: "0 1"},
		{name: "base64.csv", content: "clk,key\nAAE=,b\n//8=,a\n", ids: "a b"},
		{name: "lengths.json", content: `{"clks": ["AAE=", "/w=="]}`, says: "differ in length"},
		{name: "none.json", content: `{"clks": []}`, says: "no JSON object"},
		{name: "cut.json", content: `{"clks": ["AAE=",`, says: "no JSON object"},
		{name: "wrong.csv", content: "clk,key\n****,b\n", says: "no base64"},
		{name: "twice.csv", content: "clk,key\nAAE=,b\nAAE=,b\n", says: "repeats an id"},
		{name: "wide.csv", content: "clk,key,name\nAAE=,b,Ann\n", says: "3 columns"},
		{name: "other.csv", content: "bits,key\nAAE=,b\n", says: "no column clk"},
	} {
		path := filepath.Join(folder, c.name)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := ReadEncodings(t.Context(), path, 0)
		switch {
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.says == "" && strings.Join(e.IDs, " ") != c.ids:
			t.Errorf("%s: ids %v", c.name, e.IDs)
		}
	}
}
