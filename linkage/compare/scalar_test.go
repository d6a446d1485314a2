package compare

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/linkage/condition"
	"tre/linkage/records"
)

func open(t testing.TB) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// values are columns of every type, as SQL and as this package has them.
func values() (sql map[string][]string, ours map[string][]value) {
	sql, ours = map[string][]string{}, map[string][]value{}
	add := func(name, literal string, v value) {
		sql[name], ours[name] = append(sql[name], literal), append(ours[name], v)
	}
	for _, text := range []string{"", " ", "Smith", "smith", " Anne Marie ", "JOSÉ", "josé", "Łukasz", "ÅNGSTRÖM", "straße", "ǅ", "İ", "a@b.org", "SW1A 1AA", "007", "-12", "1.50", "1e3", "nan", "12abc",
		"1980-02-29", "1981-02-29", "1980-2-9", "0001-01-01", "1980-02-29 10:11:12", "1980-02-29T10:11:12", "1980-02-29T10:11:12Z", " 1980-02-29 ", "1980-02-30", "29/02/1980", "29 Feb 1980", "29 february 1980", "80-01-01",
		"日本語", "e\u0301clair", "'quoted'"} {
		add("t", duck.Text(text), textOf(text))
	}
	for _, n := range []int{0, 1, -1, 7, 42, -300, 1 << 40} {
		add("n", fmt.Sprint(n), wholeOf(n))
	}
	for _, x := range []float64{0, 1, -1.5, 0.1, 1e15, 1e16, 1e17, 123456789.125, 1e-5, 0.0001, 1e300, 3.0} {
		add("x", fmt.Sprintf("%v::DOUBLE", x), numberOf(x))
	}
	for _, day := range []int{0, 3711, -25568, 11016, 19000} {
		add("d", fmt.Sprintf("(DATE '1970-01-01' + %d)", day), value{kind: records.Date, isKnown: true, number: float64(day) * 86400})
		add("s", fmt.Sprintf("(TIMESTAMP '1970-01-01 01:02:03' + to_days(%d))", day), timestampOf(float64(day)*86400+3723))
	}
	add("b", "true", truthOf(true))
	add("b", "false", truthOf(false))
	kinds := map[string]records.Kind{"t": records.Text, "n": records.Whole, "x": records.Real, "d": records.Date, "s": records.Timestamp, "b": records.Boolean}
	types := map[string]string{"t": "VARCHAR", "n": "BIGINT", "x": "DOUBLE", "d": "DATE", "s": "TIMESTAMP", "b": "BOOLEAN"}
	for name, kind := range kinds {
		add(name, "NULL::"+types[name], value{kind: kind})
	}
	return sql, ours
}

// expression draws SQL over one record, of every function the compiler knows.
type expression struct {
	*rapid.T
	depth int
}

func (e expression) one(of ...string) string { return rapid.SampledFrom(of).Draw(e.T, "one of") }

func (e expression) deeper() expression { return expression{e.T, e.depth - 1} }

// of draws an expression of any type.
func (e expression) any() string {
	return []func() string{e.text, e.number, e.time, e.truth}[rapid.IntRange(0, 3).Draw(e.T, "type")]()
}

// top draws an expression; functions of mathematics only here, where their last
// digit does not matter.
func (e expression) top() string {
	if rapid.IntRange(0, 9).Draw(e.T, "mathematics") == 0 {
		return e.one("radians", "sin", "cos", "ln", "log2", "exp") + "(" + e.number() + ")"
	}
	return e.any()
}

func (e expression) whole() string { return fmt.Sprint(rapid.IntRange(-4, 6).Draw(e.T, "number")) }

// start of a substring: before the first character DuckDB's answer depends on
// whether the text is a constant.
func (e expression) start() string { return fmt.Sprint(rapid.IntRange(-1, 6).Draw(e.T, "start")) }

// part of a text, for substring: start and length. Backwards from behind the
// last character DuckDB's answer depends on the same.
func (e expression) part() string {
	start, length := rapid.IntRange(-1, 6).Draw(e.T, "start"), rapid.IntRange(-4, 6).Draw(e.T, "length")
	if length < 0 {
		start = min(start, 1)
	}
	return fmt.Sprintf("%d, %d", start, length)
}

func (e expression) pattern() string {
	return e.one(`'^[^@]+'`, `'[a-z]+'`, `'([A-Z])([a-z]*)'`, `'^(\d+)-(\d+)'`, `'.$'`, `''`, `'\s'`, `'x*'`, `'é'`)
}

func (e expression) text() string {
	if e.depth == 0 {
		return e.one("t", "t", "t", "'ab'", "''", "NULL", "'1980-02-29'")
	}
	d := e.deeper()
	switch rapid.IntRange(0, 15).Draw(e.T, "text") {
	case 0:
		return "substring(" + d.text() + ", " + e.part() + ")"
	case 1:
		return "substr(" + d.text() + ", " + e.start() + ")"
	case 2:
		return e.one("left(", "right(") + d.text() + ", " + e.whole() + ")"
	case 3:
		return "regexp_extract(" + d.text() + ", " + e.pattern() + e.one("", ", 0", ", 1", ", 2") + ")"
	case 4:
		return "nullif(" + d.text() + ", " + d.text() + ")"
	case 5:
		return "CAST(" + d.any() + " AS " + e.one("TEXT", "VARCHAR") + ")"
	case 6:
		return "coalesce(" + d.text() + ", " + d.text() + ")"
	case 7:
		return "concat(" + d.any() + ", " + d.text() + ", " + d.any() + ")"
	case 8:
		return "(" + d.text() + " || " + d.text() + ")"
	case 9, 10:
		return e.one("lower", "upper", "trim", "ltrim", "rtrim") + "(" + d.text() + ")"
	case 11:
		return "CASE WHEN " + d.truth() + " THEN " + d.text() + " ELSE " + d.text() + " END"
	case 12:
		return "replace(" + d.text() + ", " + e.one("''", "'a'", "'é'", "t") + ", 'b')"
	case 13:
		return "regexp_replace(" + d.text() + ", " + e.pattern() + ", " + e.one("''", "'-'", `'\1'`, "'$1'") + e.one("", ", 'g'") + ")"
	case 14:
		return "(" + d.text() + ")[" + e.whole() + "]"
	}
	return d.text()
}

func (e expression) number() string {
	if e.depth == 0 {
		return e.one("n", "x", "2", "-3", "1e2")
	}
	d := e.deeper()
	switch rapid.IntRange(0, 8).Draw(e.T, "number") {
	case 0:
		return e.one("length", "strlen") + "(" + d.text() + ")"
	case 1:
		return e.one("abs", "floor", "ceil", "sqrt") + "(" + d.number() + ")"
	case 2:
		return e.one("year", "month", "day", "epoch") + "(" + d.time() + ")"
	case 3:
		return "(" + d.number() + e.one(" + ", " - ", " * ", " / ") + d.number() + ")"
	case 4:
		return "CAST(" + d.any() + " AS " + e.one("DOUBLE", "INTEGER", "BIGINT") + ")"
	case 5:
		return "-" + d.number()
	case 6:
		return "nullif(" + d.number() + ", " + d.number() + ")"
	}
	return d.number()
}

func (e expression) time() string {
	if e.depth == 0 {
		return e.one("d", "s")
	}
	d := e.deeper()
	switch rapid.IntRange(0, 4).Draw(e.T, "time") {
	case 0, 1:
		return "try_strptime(" + d.text() + ", " + e.one("'%Y-%m-%d'", "'%d/%m/%Y'", "'%d %b %Y'", "'%d %B %Y'", "'%Y-%m-%dT%H:%M:%SZ'", "'%Y-%m-%d %H:%M:%S'", "'%y-%m-%d'", "'%Y'", "'%Y%%'") + ")"
	case 2:
		return "CAST(" + e.one("t", d.time()) + " AS " + e.one("DATE", "TIMESTAMP") + ")"
	}
	return d.time()
}

func (e expression) truth() string {
	if e.depth == 0 {
		return e.one("b", "true", "NULL", "t = 'smith'", "n > 0")
	}
	d := e.deeper()
	compared := e.one(" = ", " <> ", " < ", " <= ", " > ", " >= ")
	switch rapid.IntRange(0, 7).Draw(e.T, "truth") {
	case 0:
		return "(" + d.text() + compared + d.text() + ")"
	case 1:
		return "(" + d.number() + compared + d.number() + ")"
	case 2:
		return "(" + d.time() + compared + d.time() + ")"
	case 3:
		return "(" + d.any() + " IS NULL AND NOT " + d.truth() + ")"
	case 4:
		return "(" + d.text() + " IN ('smith', " + d.text() + ") OR " + d.text() + " BETWEEN 'a' AND 'z')"
	case 5:
		return "(" + d.time() + compared + "'1980-02-29')"
	}
	return d.truth()
}

// TestScalarsAreDuckDBs compares every function of one record with DuckDB's, or
// leaves it to DuckDB. Where DuckDB gives an error for a value, as for a cast
// that fails, nothing is asked.
func TestScalarsAreDuckDBs(t *testing.T) {
	db := open(t)
	sql, ours := values()
	for name, literals := range sql {
		var rows []string
		for i, l := range literals {
			rows = append(rows, fmt.Sprintf("(%d, %s)", i, l))
		}
		if err := db.Exec(t.Context(), fmt.Sprintf("CREATE TABLE v_%s AS SELECT * FROM (VALUES %s) t(i, %s)", name, strings.Join(rows, ", "), name)); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := expression{rt, rapid.IntRange(0, 3).Draw(rt, "depth")}.top()
		e, err := condition.ParseLevel("(" + sided(text) + ") IS NULL")
		if err != nil {
			return // DuckDB's, then
		}
		checkScalar(rt, db, text, withoutSides(e.Args[0]), ours)
	})
}

// TestHalvesAreRoundedAsDuckDBRounds holds that a text and a double go different
// ways.
func TestHalvesAreRoundedAsDuckDBRounds(t *testing.T) {
	db := open(t)
	for _, half := range []float64{-2.5, -0.5, 0.5, 1.5, 2.5} {
		var ofText, ofDouble float64
		text := fmt.Sprint(half)
		if err := db.Row(t.Context(), []any{&ofText, &ofDouble}, "SELECT CAST(? AS INTEGER)::DOUBLE, CAST(?::DOUBLE AS INTEGER)::DOUBLE", text, half); err != nil {
			t.Fatal(err)
		}
		if got := castWhole(textOf(text)).number; got != ofText {
			t.Errorf("the text %s is %v, DuckDB says %v", text, got, ofText)
		}
		if got := castWhole(value{kind: records.Real, isKnown: true, number: half}).number; got != ofDouble {
			t.Errorf("%s is %v, DuckDB says %v", text, got, ofDouble)
		}
	}
}

// sided gives columns the names that conditions of levels know.
func sided(text string) string {
	out, err := condition.PlainText(text, condition.Left, false)
	if err != nil {
		return "?"
	}
	return out
}

// checkScalar evaluates an expression for each value of each column it reads,
// all other columns at their first value but one.
func checkScalar(t *rapid.T, db *duck.DB, text string, e *condition.Expr, ours map[string][]value) {
	compute, err := compileScalar(e)
	if _, isUnsupported := errors.AsType[*condition.Unsupported](err); isUnsupported {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"t", "n", "x", "d", "s", "b"}
	at := map[string]int{}
	for _, name := range names {
		at[name] = rapid.IntRange(0, len(ours[name])-1).Draw(t, "value of "+name)
	}
	from := "v_t, v_n, v_x, v_d, v_s, v_b WHERE true"
	for _, name := range names {
		from += fmt.Sprintf(" AND v_%s.i = %d", name, at[name])
	}
	var want *string
	if err := db.Row(context.Background(), []any{&want}, "SELECT ("+text+")::VARCHAR FROM "+from); err != nil {
		return // of no type, or a value that cannot be cast
	}
	got := compute(func(name string) value { return ours[name][at[name]] })
	printed := "NULL"
	if got.isKnown {
		printed = got.printed()
	}
	expected := "NULL"
	if want != nil {
		expected = *want
	}
	if strings.Contains(expected, "(BC)") {
		return
	}
	if printed != expected && !sameNumber(db, printed, expected, got.kind) {
		given := ""
		for _, name := range names {
			given += fmt.Sprintf(" %s=%q", name, ours[name][at[name]].printed())
		}
		t.Fatalf("%s: %s, DuckDB says %s, given%s", text, printed, expected, given)
	}
}

// sameNumber allows for the last digit of a function of mathematics, and for the
// type that a number prints as.
func sameNumber(db *duck.DB, a, b string, kind records.Kind) bool {
	if kind == records.Text {
		return false
	}
	var isSame *bool
	err := db.Row(context.Background(), []any{&isSame}, "SELECT abs("+duck.Text(a)+"::DOUBLE - "+duck.Text(b)+"::DOUBLE) <= 1e-12 * greatest(abs("+duck.Text(b)+"::DOUBLE), 1)")
	return err == nil && isSame != nil && *isSame
}
