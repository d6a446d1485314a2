package records_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/linkage/records"
)

// file writes a file and gives its path.
func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// parquet writes the rows of a query.
func parquet(t testing.TB, name, query string) string {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	path := filepath.Join(t.TempDir(), name)
	if err := db.Exec(t.Context(), "COPY ("+query+") TO "+duck.Text(path)+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	return path
}

// text prints a table, a line a record.
func text(table *records.Table, columns ...string) string {
	var b strings.Builder
	for row := range int32(table.Rows) {
		b.WriteString(table.Label(row))
		for _, name := range columns {
			b.WriteString("|" + value(table.Column(name), row))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func value(c *records.Column, row int32) string {
	code := c.Codes[row]
	switch {
	case code < 0:
		return "NULL"
	case c.Kind == records.Text:
		return c.Texts[code]
	case c.Kind == records.TextList:
		var elements []string
		for _, at := range c.Lists[code] {
			elements = append(elements, c.Elements[at])
		}
		return fmt.Sprint(elements)
	case c.Kind == records.NumberList:
		return fmt.Sprint(c.Vectors[code])
	}
	if n := c.Numbers[code]; n == math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return strconv.FormatFloat(c.Numbers[code], 'f', -1, 64)
}

func read(t testing.TB, in records.In) *records.Table {
	t.Helper()
	if in.ID == "" {
		in.ID = "id"
	}
	table, err := records.Read(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestReadsCSV(t *testing.T) {
	const header = "id,Name,dob\n"
	plain := header + "10,\"O'Neil, \"\"Bob\"\"\",1980-01-01\n9,,\"\"\n100,\"two\nlines\",x\n"
	const want = "9|NULL|NULL\n10|O'Neil, \"Bob\"|1980-01-01\n100|two\nlines|x\n"
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(plain))
	_ = z.Close()
	for name, text := range map[string]string{
		"a.csv": plain, "bom.csv": "\xef\xbb\xbf" + plain, "crlf.csv": strings.ReplaceAll(plain, "\n", "\r\n"), "a.csv.gz": zipped.String(), "A.TSV": strings.ReplaceAll(strings.ReplaceAll(plain, ",", "\t"), "O'Neil\t", "O'Neil,"),
	} {
		table := read(t, records.In{Files: []string{file(t, name, text)}, Columns: []string{"name", "DOB"}})
		got := strings.ReplaceAll(fmt.Sprint(ids(table), "\n", column(table, "name"), column(table, "dob")), "\r", "")
		if wanted := fmt.Sprint([]string{"9", "10", "100"}, "\n", []string{"NULL", `O'Neil, "Bob"`, "two\nlines"}, []string{"NULL", "1980-01-01", "x"}); got != wanted {
			t.Errorf("%s: read\n%s\nwanted\n%s (%s)", name, got, wanted, want)
		}
	}
}

func ids(table *records.Table) []string {
	var all []string
	for row := range int32(table.Rows) {
		all = append(all, table.Label(row))
	}
	return all
}

func column(table *records.Table, name string) []string {
	var all []string
	for row := range int32(table.Rows) {
		all = append(all, value(table.Column(name), row))
	}
	return all
}

// TestIDsKeepTheirText reads ids as numbers only where they print as they are
// written.
func TestIDsKeepTheirText(t *testing.T) {
	for text, want := range map[string][]string{
		"id\n10\n9\n-3\n": {"-3", "9", "10"}, "id\n10\n9\n007\n": {"007", "10", "9"}, "id\n10\n9\n+7\n": {"+7", "10", "9"},
		"id\n99999999999999999999\n9\n": {"9", "99999999999999999999"}, "id\nb\na\n": {"a", "b"},
	} {
		if got := ids(read(t, records.In{Files: []string{file(t, "a.csv", text)}})); !slices.Equal(got, want) {
			t.Errorf("%q: ids %v, wanted %v", text, got, want)
		}
	}
}

func TestReadsEveryType(t *testing.T) {
	path := parquet(t, "a.parquet", `SELECT * FROM (VALUES (2, 'x', 1.5::DOUBLE, 1.25::DECIMAL(5,2), true, DATE '1970-01-02', TIMESTAMP '1970-01-01 00:01:00', ['a', 'b', 'a'], [1.0, 2.5]::DOUBLE[], '7e1f0000-0000-0000-0000-000000000000'::UUID, 5::UTINYINT),
		(1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)) t(id, text, real, dec, bool, day, moment, list, vector, uuid, tiny)`)
	names := []string{"text", "real", "dec", "bool", "day", "moment", "list", "vector", "uuid", "tiny"}
	got := text(read(t, records.In{Files: []string{path}, Columns: names}), names...)
	want := "1" + strings.Repeat("|NULL", len(names)) + "\n2|x|1.5|1.25|1|86400|60|[a b a]|[1 2.5]|7e1f0000-0000-0000-0000-000000000000|5\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestReadsAlikeDirectlyAndThroughDuckDB compares the two ways of reading
// Parquet: a column of lists sends a file through DuckDB.
func TestReadsAlikeDirectlyAndThroughDuckDB(t *testing.T) {
	path := parquet(t, "a.parquet", `SELECT (i * 7919) % 300007 AS id, CASE WHEN i % 11 > 0 THEN 'name' || (i % 1000) END AS name, CASE WHEN i % 3 > 0 THEN i % 50 END AS age, i % 7 * 0.5::DOUBLE AS x,
		CASE WHEN i % 5 > 0 THEN DATE '1900-01-01' + (i % 40000)::INTEGER END AS day, ['a'] AS list FROM range(30000) t(i)`)
	names := []string{"name", "age", "x", "day"}
	for _, threads := range []int{1, 2, 3} {
		direct := read(t, records.In{Files: []string{path}, Columns: names, Threads: threads})
		through := read(t, records.In{Files: []string{path}, Columns: append(slices.Clone(names), "list"), Threads: threads})
		for _, name := range names {
			if !cmp.Equal(direct.Column(name), through.Column(name)) {
				t.Errorf("%d threads: column %s differs", threads, name)
			}
		}
		if !slices.Equal(direct.IDs.Whole, through.IDs.Whole) || !slices.IsSorted(direct.IDs.Whole) {
			t.Errorf("%d threads: ids differ or are not in order", threads)
		}
	}
}

func TestSeveralInputs(t *testing.T) {
	a, b := file(t, "gp.2024.csv", "id,name\n1,x\n2,y\n"), file(t, "acute.csv", "NAME,id\nz,1\n")
	table := read(t, records.In{Files: []string{a, b}, Columns: []string{"name"}, Source: "source_dataset"})
	if got, want := text(table, "name"), "acute-__-1|z\ngp-__-1|x\ngp-__-2|y\n"; got != want {
		t.Errorf("read\n%s", cmp.Diff(want, got))
	}
	named := file(t, "all.csv", "id,name,source_dataset\n1,x,gp\n1,z,acute\n2,y,gp\n")
	table = read(t, records.In{Files: []string{named}, Columns: []string{"name"}, Source: "source_dataset"})
	if got, want := text(table, "name"), "acute-__-1|z\ngp-__-1|x\ngp-__-2|y\n"; got != want {
		t.Errorf("read\n%s", cmp.Diff(want, got))
	}
	mixed := parquet(t, "numbers.parquet", "SELECT 5 AS id, 12 AS name")
	table = read(t, records.In{Files: []string{a, mixed}, Columns: []string{"name"}})
	if got, want := text(table, "name"), "gp-__-1|x\ngp-__-2|y\nnumbers-__-5|12\n"; got != want {
		t.Errorf("read\n%s", cmp.Diff(want, got))
	}
}

// secret stands for a person's data; no error may hold it.
const secret = "Zachariasson"

// TestRefusals says what is wrong, where, and nothing of a row.
func TestRefusals(t *testing.T) {
	good := parquet(t, "good.parquet", "SELECT i AS id, '"+secret+"' AS name FROM range(5) t(i)")
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		files []string
		want  string
	}{
		"empty":              {[]string{file(t, "a.csv", "")}, "a.csv"},
		"header only":        {[]string{file(t, "a.csv", "id,name\n")}, "a.csv has no rows"},
		"no header":          {[]string{file(t, "a.csv", "1,"+secret+"\n2,"+secret+"\n")}, "a.csv has no column id"},
		"missing column":     {[]string{file(t, "a.csv", "id,"+secret+"\n1,x\n")}, "a.csv has no column name"},
		"null id":            {[]string{file(t, "a.csv", "id,name\n1,"+secret+"\n,"+secret+"\n")}, "a.csv: column id is null in 1 rows, first in row 2"},
		"null id in Parquet": {[]string{parquet(t, "n.parquet", "SELECT CASE WHEN i <> 3 THEN i END AS id, '"+secret+"' AS name FROM range(5) t(i)")}, "column id is null in 1 rows, first in row 4"},
		"repeated id":        {[]string{file(t, "a.csv", "id,name\n1,"+secret+"\n2,b\n1,c\n")}, "a.csv: column id is repeated in 2 rows, first in row 1"},
		"repeated secret id": {[]string{file(t, "a.csv", "id,name\n"+secret+",a\n"+secret+",b\n")}, "is repeated in 2 rows"},
		"same name of files": {[]string{file(t, "a.csv", "id,name\n1,x\n"), file(t, "a.csv", "id,name\n1,x\n")}, "is repeated across the files given"},
		"ragged":             {[]string{file(t, "a.csv", "id,name\n1,x\n2,"+secret+",too,many\n")}, "cannot read"},
		"not UTF-8":          {[]string{file(t, "a.csv", "id,name\n1,"+secret+"\xff\xfe\n")}, "cannot read"},
		"open quote":         {[]string{file(t, "a.csv", "id,name\n1,\""+secret+"\n")}, "cannot read"},
		"no Parquet":         {[]string{file(t, "a.parquet", "id,name\n1,"+secret+"\n")}, "cannot read"},
		"truncated Parquet":  {[]string{file(t, "a.parquet", string(whole[:len(whole)-20]))}, "cannot read"},
		"no such file":       {[]string{"nowhere.csv"}, "nowhere.csv"},
		"struct":             {[]string{parquet(t, "s.parquet", "SELECT 1 AS id, {'a': 1} AS name")}, "column name of"},
	}
	for name, c := range cases {
		_, err := records.Read(t.Context(), records.In{Files: c.files, ID: "id", Columns: []string{"name"}})
		if err == nil {
			t.Errorf("%s: read", name)
			continue
		}
		message := err.Error() + " " + problem.HintOf(err)
		if strings.Contains(message, secret) {
			t.Errorf("%s: the error shows a row", name)
		}
		if !strings.Contains(message, c.want) || problem.HintOf(err) == "" {
			t.Errorf("%s: %s; wanted %q and a hint", name, message, c.want)
		}
	}
}

// TestDamagedParquetIsNeverMisread flips bits. A file without checksums cannot
// tell a changed value; but what is read must be what DuckDB reads, or an error,
// and nothing may crash.
func TestDamagedParquetIsNeverMisread(t *testing.T) {
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	path := parquet(t, "a.parquet", "SELECT i AS id, CASE WHEN i % 3 > 0 THEN 'name' || i % 17 END AS name, i * 3 AS x FROM range(200) t(i)")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	for range 150 {
		damaged := slices.Clone(data)
		at := random.IntN(len(damaged))
		damaged[at] ^= byte(1 << random.IntN(8))
		broken := file(t, "broken.parquet", string(damaged))
		table, err := records.Read(t.Context(), records.In{Files: []string{broken}, ID: "id", Columns: []string{"name", "x"}})
		if err != nil {
			continue
		}
		var want string
		query := `SELECT coalesce(string_agg(id || '|' || coalesce(name, 'NULL') || '|' || x::DOUBLE::DECIMAL(38, 0), chr(10) ORDER BY id), '') FROM read_parquet(` + duck.Text(broken) + ")"
		if err := db.Row(t.Context(), []any{&want}, query); err != nil {
			t.Logf("byte %d: DuckDB refuses what was read", at)
			continue
		}
		if got := strings.TrimSuffix(text(table, "name", "x"), "\n"); got != want {
			t.Errorf("seed %d: with byte %d of %d changed, something else is read than DuckDB reads\n%s", seed, at, len(data), cmp.Diff(want, got))
		}
	}
}
