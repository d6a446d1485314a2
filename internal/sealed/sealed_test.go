package sealed_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
)

func newKey(t testing.TB) sealed.Key {
	t.Helper()
	secret := new([sealed.KeyBytes]byte)
	if _, err := rand.Read(secret[:]); err != nil {
		t.Fatal(err)
	}
	return sealed.NewKey(secret, "0123456789abcdef")
}

func open(t testing.TB) (*duck.DB, *workspace.Folder) {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	folder, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return db, folder
}

func exec(t testing.TB, db *duck.DB, query string) {
	t.Helper()
	if err := db.Exec(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

func rows(t testing.TB, db *duck.DB, query string) []string {
	t.Helper()
	found, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	var lines []string
	for found.Next() {
		var line string
		if err := found.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

const people = `CREATE TABLE people AS SELECT i AS n, md5(i::VARCHAR)::UUID AS key, 'Surname' || i % 97 AS surname, (i % 7)::INTEGER AS small,
	i / 3.0::DOUBLE AS real, DATE '1950-01-01' + (i % 20000)::INTEGER AS born, i % 2 = 0 AS even,
	CASE WHEN i % 3 = 0 THEN 'A' || i END AS some, NULL::VARCHAR AS never FROM range(250000) AS r(i)`

func TestWhatIsSealedIsReadBack(t *testing.T) {
	db, folder := open(t)
	key := newKey(t)
	exec(t, db, people)
	if err := sealed.Write(t.Context(), db, folder, "identified/p.parquet", "SELECT * FROM people ORDER BY n", key); err != nil {
		t.Fatal(err)
	}
	if err := sealed.Load(t.Context(), db, "back", folder, []string{"identified/p.parquet"}, key); err != nil {
		t.Fatal(err)
	}
	const types = "SELECT string_agg(column_name || ' ' || column_type, ', ') FROM (DESCRIBE %s)"
	if diff := cmp.Diff(rows(t, db, fmt.Sprintf(types, "people")), rows(t, db, fmt.Sprintf(types, "back"))); diff != "" {
		t.Errorf("columns (-written +read):\n%s", diff)
	}
	same := rows(t, db, "SELECT count(*)::VARCHAR FROM ((FROM people EXCEPT ALL FROM back) UNION ALL (FROM back EXCEPT ALL FROM people))")
	if same[0] != "0" {
		t.Errorf("%s rows differ", same[0])
	}
}

func TestNothingOfASealedFileCanBeRead(t *testing.T) {
	db, folder := open(t)
	exec(t, db, "CREATE TABLE p AS SELECT 'Featherstonehaugh' AS surname, '9990000018' AS nhs_number FROM range(1000)")
	if err := sealed.Write(t.Context(), db, folder, "p.parquet", "SELECT * FROM p", newKey(t)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(folder.Path("p.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"Featherstonehaugh", "9990000018", "surname", "nhs_number"} {
		if bytes.Contains(data, []byte(text)) {
			t.Errorf("the file holds %q", text)
		}
	}
	if err := db.Exec(t.Context(), "SELECT * FROM read_parquet("+duck.Text(folder.Path("p.parquet"))+")"); err == nil {
		t.Error("DuckDB reads a sealed file without its key")
	}
}

func TestRefusals(t *testing.T) {
	db, folder := open(t)
	exec(t, db, "CREATE TABLE p AS SELECT 'Featherstonehaugh' AS surname FROM range(1000)")
	key := newKey(t)
	for _, name := range []string{"a.parquet", "b.parquet"} {
		if err := sealed.Write(t.Context(), db, folder, name, "SELECT * FROM p", key); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(folder.Path("b.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		key    sealed.Key
		change func() []byte
		code   problem.ExitCode
	}{
		"another key":            {newKey(t), func() []byte { return whole }, problem.KeyMissing},
		"another file's place":   {key, func() []byte { data, _ := os.ReadFile(folder.Path("a.parquet")); return data }, problem.KeyMissing},
		"cut short":              {key, func() []byte { return whole[:len(whole)/2] }, problem.Failed},
		"a byte changed in data": {key, func() []byte { c := bytes.Clone(whole); c[60] ^= 1; return c }, problem.KeyMissing},
	}
	for name, test := range tests {
		if err := os.WriteFile(folder.Path("b.parquet"), test.change(), 0o600); err != nil {
			t.Fatal(err)
		}
		exec(t, db, "DROP TABLE IF EXISTS back")
		err := sealed.Load(t.Context(), db, "back", folder, []string{"b.parquet"}, test.key)
		if err == nil {
			t.Errorf("%s: read all the same", name)
			continue
		}
		if problem.CodeOf(err) != test.code {
			t.Errorf("%s: exit code %d, want %d: %v", name, problem.CodeOf(err), test.code, err)
		}
		if strings.Contains(err.Error(), "Feather") {
			t.Errorf("%s: the error shows a value", name)
		}
	}
}

func TestTheKeyCannotBePrinted(t *testing.T) {
	secret := [sealed.KeyBytes]byte{}
	copy(secret[:], "PLAINTEXTSECRETPLAINTEXTSECRET!!")
	key := sealed.NewKey(&secret, "id")
	holder := struct {
		Public sealed.Key
		hidden sealed.Key
	}{key, key}
	text, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown += fmt.Sprintf(verb, key) + fmt.Sprintf(verb, holder) + fmt.Sprintf(verb, &holder)
	}
	if strings.Contains(shown, "PLAINTEXT") || strings.Contains(shown, fmt.Sprintf("%x", "PLAINTEXT")) {
		t.Error("the key was printed")
	}
}

// TestAnyRowsComeBack writes rows of nulls, empty texts and odd numbers.
func TestAnyRowsComeBack(t *testing.T) {
	db, folder := open(t)
	key := newKey(t)
	rapid.Check(t, func(rt *rapid.T) {
		exec(t, db, "CREATE OR REPLACE TABLE p (t VARCHAR, n BIGINT, f DOUBLE, b BOOLEAN)")
		for range rapid.IntRange(0, 20).Draw(rt, "rows") {
			var values []any
			for _, v := range []any{rapid.String().Draw(rt, "t"), rapid.Int64().Draw(rt, "n"), rapid.Float64().Draw(rt, "f"), rapid.Bool().Draw(rt, "b")} {
				if rapid.Bool().Draw(rt, "null") {
					v = nil
				}
				values = append(values, v)
			}
			if s, ok := values[0].(string); ok {
				values[0] = strings.ReplaceAll(s, "\x00", "")
			}
			if err := db.Exec(t.Context(), "INSERT INTO p VALUES (?, ?, ?, ?)", values...); err != nil {
				rt.Fatal(err)
			}
		}
		if err := sealed.Write(t.Context(), db, folder, "p.parquet", "SELECT * FROM p", key); err != nil {
			rt.Fatal(err)
		}
		exec(t, db, "DROP TABLE IF EXISTS back")
		if err := sealed.Load(t.Context(), db, "back", folder, []string{"p.parquet"}, key); err != nil {
			rt.Fatal(err)
		}
		const all = "SELECT coalesce(concat_ws('|', coalesce(t, 'null'), coalesce(n::VARCHAR, 'null'), coalesce(f::VARCHAR, 'null'), coalesce(b::VARCHAR, 'null')), '') FROM "
		if diff := cmp.Diff(rows(t, db, all+"p"), rows(t, db, all+"back")); diff != "" {
			rt.Fatalf("rows (-written +read):\n%s", diff)
		}
	})
}
