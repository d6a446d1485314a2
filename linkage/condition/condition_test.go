package condition

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// shapes reads the published shapes of conditions: one a line, after its form.
func shapes(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile("testdata/shapes.txt")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(data)) {
		if form, sql, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && !strings.HasPrefix(form, "#") {
			found[form] = append(found[form], sql)
		}
	}
	if len(found["level"]) < 50 || len(found["rule"]) < 7 {
		t.Fatalf("testdata/shapes.txt has %d levels and %d rules", len(found["level"]), len(found["rule"]))
	}
	return found
}

func TestShapesParseAndPrintBack(t *testing.T) {
	all := shapes(t)
	for _, sql := range all["level"] {
		checkPrintsBack(t, sql, ParseLevel, (*Expr).String)
	}
	for _, sql := range all["rule"] {
		checkPrintsBack(t, sql, ParseRule, (*Expr).Rule)
	}
}

func checkPrintsBack(t *testing.T, sql string, read func(string) (*Expr, error), print func(*Expr) string) {
	t.Helper()
	e, err := read(sql)
	if err != nil {
		t.Errorf("%s: %v", sql, err)
		return
	}
	again, err := read(print(e))
	if err != nil {
		t.Errorf("%s\nprinted as %s: %v", sql, print(e), err)
		return
	}
	if diff := cmp.Diff(e, again); diff != "" {
		t.Errorf("%s\nprinted as %s\n%s", sql, print(e), diff)
	}
}

func TestCanonicalText(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{`name_l=name_r`, `"name_l" = "name_r"`},
		{`NOT a_l = b_r AND c_L <> 2 OR true`, `((NOT ("a_l" = "b_r")) AND "c_l" <> 2) OR TRUE`},
		{`(a_l = 1 and b_l = 2) and c_l = 3`, `"a_l" = 1 AND "b_l" = 2 AND "c_l" = 3`},
		{`a_l - b_l - c_l * 2`, `("a_l" - "b_l") - ("c_l" * 2)`},
		{`a_l - (b_l - c_l)`, `"a_l" - ("b_l" - "c_l")`},
		{`a_l + 1 || b_l = 'it''s'`, `(("a_l" + 1) || "b_l") = 'it''s'`},
		{`-a_l[1]::int = -1`, `(-CAST("a_l"[1] AS INT)) = (-1)`},
		{`a_l is not null`, `NOT ("a_l" IS NULL)`},
		{`a_l = b_l is null`, `("a_l" = "b_l") IS NULL`},
		{`a_l IS NOT DISTINCT FROM a_r`, `coalesce("a_l" = "a_r", "a_l" IS NULL AND "a_r" IS NULL)`},
		{`a_l IS DISTINCT FROM a_r`, `NOT coalesce("a_l" = "a_r", "a_l" IS NULL AND "a_r" IS NULL)`},
		{`(a_l > 1) IS NOT TRUE`, `NOT coalesce("a_l" > 1, FALSE)`},
		{`(a_l > 1) IS FALSE`, `coalesce(NOT ("a_l" > 1), FALSE)`},
		{`a_l BETWEEN 1 AND 2 AND b_l = 3`, `"a_l" >= 1 AND "a_l" <= 2 AND "b_l" = 3`},
		{`a_l NOT IN ('x', b_r)`, `NOT ("a_l" = 'x' OR "a_l" = "b_r")`},
		{`a_l in (1)`, `"a_l" = 1`},
		{`a_l NOT LIKE 'x%' OR b_l ILIKE b_r`, `(NOT ("a_l" LIKE 'x%')) OR "b_l" ILIKE "b_r"`},
		{`a_l % 2 == 1`, `mod("a_l", 2) = 1`},
		{`2 ^ a_l = 2 ** 3`, `pow(2, "a_l") = pow(2, 3)`},
		{`case a_l when 1 then 'x' end = 'x'`, `(CASE WHEN "a_l" = 1 THEN 'x' ELSE NULL END) = 'x'`},
		{`TRY_CAST(a_l AS decimal(10, 2)) = date '2000-01-01'`, `TRY_CAST("a_l" AS DECIMAL(10,2)) = CAST('2000-01-01' AS DATE)`},
		{`cast(a_l as double precision) = 1e3`, `CAST("a_l" AS DOUBLE PRECISION) = 1e3`},
		{`extract(year from a_l) = date_part('year', a_r)`, `date_part('year', "a_l") = date_part('year', "a_r")`},
		{`len(list_filter(a_l, lambda X: x = 'a_r')) > 0`, `len(list_filter("a_l", "x" -> ("x" = 'a_r'))) > 0`},
		{`a_l = 1 -- a comment`, `"a_l" = 1`},
		{`/* one */ a_l /* two */ = 1`, `"a_l" = 1`},
		{`"first ""name"" here_l" = 1`, `"first ""name"" here_l" = 1`},
		{`café_l = café_r`, `"café_l" = "café_r"`},
	} {
		e, err := ParseLevel(c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if diff := cmp.Diff(c.want, e.String()); diff != "" {
			t.Errorf("%s\n%s", c.sql, diff)
		}
		checkPrintsBack(t, c.sql, ParseLevel, (*Expr).String)
	}
}

func TestRuleForms(t *testing.T) {
	e, err := ParseRule(`l.first_name = r."surname" and (levenshtein(L.dob,r.dob)<=1)`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.Rule(), `l."first_name" = r."surname" AND levenshtein(l."dob", r."dob") <= 1`; got != want {
		t.Errorf("rule %s, want %s", got, want)
	}
	if got, want := e.DuckDB("x", "y"), `x."first_name" = y."surname" AND levenshtein(x."dob", y."dob") <= 1`; got != want {
		t.Errorf("aliased %s, want %s", got, want)
	}
	want := []Reference{{"first_name", Left}, {"surname", Right}, {"dob", Left}, {"dob", Right}}
	if diff := cmp.Diff(want, e.Columns()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"first_name", "surname", "dob"}, e.Names()); diff != "" {
		t.Error(diff)
	}
	if n := len(e.Conjuncts()); n != 2 {
		t.Errorf("%d conjuncts, want 2", n)
	}
}

func TestUnsupportedTellsThePlace(t *testing.T) {
	for _, c := range []struct {
		sql string
		at  int
	}{
		{``, 0},
		{`a_l =`, 5},
		{`a_l = b`, 6},
		{`a_l = 'x`, 6},
		{`a_l = a_r extra`, 10},
		{`a_l = b_l = c_l`, 10},
		{`(select 1) = a_l`, 1},
		{`a_l ->> 'x' = 1`, 4},
		{`l.a = r.a`, 0},
		{`f(a_l`, 5},
		{`a_l LIKE 'x' ESCAPE '!'`, 13},
		{`a_l in ()`, 9},
		{`sum(a_l) over ()`, 9},
		{`a_l = interval '1' day`, 6},
		{`a_l = 1e`, 7},
		{`a_l = 1_000`, 7},
		{`a_l = 1e999`, 6},
		{`a_l[1:2] = 1`, 5},
		{`a_l ; drop`, 4},
		{strings.Repeat("(", 500) + "a_l", maximumDepth},
	} {
		_, err := ParseLevel(c.sql)
		u, ok := errors.AsType[*Unsupported](err)
		if !ok || u.Position != c.at {
			t.Errorf("%.40q: %v (position %+v), want position %d", c.sql, err, u, c.at)
		}
	}
	for _, sql := range []string{`a = b`, `l.a.b = r.a`, `x.a = r.a`, `a_l = a_r`, `l. = r.a`} {
		if e, err := ParseRule(sql); err == nil {
			t.Errorf("rule %s was read as %s", sql, e)
		}
	}
}

func TestBoundsOnSize(t *testing.T) {
	twice := "a_l"
	for range 60 {
		twice = "(" + twice + " IN (1, 2))"
	}
	long := "a_l" + strings.Repeat(" + a_l", 50_000)
	deep := "a_l" + strings.Repeat("::int", 5_000)
	for _, sql := range []string{twice, long, deep} {
		if _, err := ParseLevel(sql); err == nil {
			t.Errorf("%.40q… of %d bytes was read", sql, len(sql))
		}
	}
}

func TestExactMatch(t *testing.T) {
	for _, c := range []struct {
		sql  string
		want []string
	}{
		{`"a_l" = "a_r"`, []string{"a"}},
		{`a_r = A_l`, []string{"a"}},
		{`("a_l" = "a_r") AND "b_r" = "b_l"`, []string{"a", "b"}},
		{`"a_l" = "b_r"`, nil},
		{`"a_l" = "a_l"`, nil},
		{`lower(a_l) = lower(a_r)`, nil},
		{`"a_l" = "a_r" OR "b_l" = "b_r"`, nil},
		{`"a_l" = "a_r" AND b_l > b_r`, nil},
	} {
		e, err := ParseLevel(c.sql)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, e.ExactMatch()); diff != "" {
			t.Errorf("%s\n%s", c.sql, diff)
		}
	}
}

func TestTextForDuckDB(t *testing.T) {
	for _, c := range []struct {
		read      func(sql, left, right string) (string, error)
		sql, l, r string
		want      string
	}{
		{LevelText, `weird(a_l) ~ "b_r" -- c_l`, "", "", `weird("a_l") ~ "b_r"`},
		{LevelText, `a_l @> {'k': b_r}`, "", "", `"a_l" @> {'k': "b_r"}`},
		{LevelText, `weird_l(a_l) = 'b_r'`, "x", "y", `weird_l(x."a") = 'b_r'`},
		{RuleText, `l.a = R."b" and f(l.c)`, "", "", `"a_l" = "b_r" and f("c_l")`},
		{RuleText, `l.a.part = r.a.part`, "x", "y", `x."a".part = y."a".part`},
		{RuleText, `'l.a' = l.a`, "x", "y", `'l.a' = x."a"`},
	} {
		got, err := c.read(c.sql, c.l, c.r)
		if err != nil || got != c.want {
			t.Errorf("%s became %s (%v), want %s", c.sql, got, err, c.want)
		}
	}
}

func TestTextForDuckDBStaysInItsBrackets(t *testing.T) {
	for _, sql := range []string{`a_l) OR (b_l`, `a_l = 1; drop table x`, `(a_l`, `[a_l)`, `'a_l`, `a_l /* open`} {
		if got, err := LevelText(sql, "", ""); err == nil {
			t.Errorf("%s became %s", sql, got)
		}
	}
	if got, err := LevelText("-- first\na_l -- second\n= 1 -- third", "", ""); err != nil || got != `"a_l" = 1` {
		t.Errorf("comments became %s (%v)", got, err)
	}
}

func TestPlainText(t *testing.T) {
	for _, c := range []struct{ sql, level, rule string }{
		{`name`, `name_l`, `l.name`},
		{`"first name"`, `"first name_l"`, `l."first name"`},
		{`SUBSTRING(a, 1, 3) || "b"`, `SUBSTRING(a_l, 1, 3) || "b_l"`, `SUBSTRING(l.a, 1, 3) || l."b"`},
		{`cast(a as varchar)::date`, `cast(a_l as varchar)::date`, `cast(l.a as varchar)::date`},
		{`extract(year from dob)`, `extract(year from dob_l)`, `extract(year from l.dob)`},
		{`list_transform(a, x -> x || b)`, `list_transform(a_l, x -> x || b_l)`, `list_transform(l.a, x -> x || l.b)`},
		{`case when a is null then 'a' else b end`, `case when a_l is null then 'a' else b_l end`, `case when l.a is null then 'a' else l.b end`},
	} {
		level, err := PlainText(c.sql, Left, false)
		if err != nil || level != c.level {
			t.Errorf("%s became %s (%v), want %s", c.sql, level, err, c.level)
		}
		rule, err := PlainText(c.sql, Left, true)
		if err != nil || rule != c.rule {
			t.Errorf("%s became %s (%v), want %s", c.sql, rule, err, c.rule)
		}
	}
	if _, err := PlainText(`a +`, Left, false); err == nil {
		t.Error("half an expression was accepted")
	}
}

func TestGeneratedTreesPrintBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawExpr(t, 4, nil)
		for _, f := range []struct {
			read  func(string) (*Expr, error)
			print func(*Expr) string
		}{{ParseLevel, (*Expr).String}, {ParseRule, (*Expr).Rule}} {
			again, err := f.read(f.print(e))
			if err != nil {
				t.Fatalf("%s: %v", f.print(e), err)
			}
			if !Equal(e, again) {
				t.Fatalf("%s reads back as %s\n%s", f.print(e), again, cmp.Diff(e, again))
			}
		}
	})
}

func drawExpr(t *rapid.T, depth int, parameters []string) *Expr {
	kinds := []Kind{Column, Text, Number, Boolean, Null}
	if len(parameters) > 0 {
		kinds = append(kinds, Parameter)
	}
	if depth > 0 {
		kinds = append(kinds, And, Or, Not, IsNull, Operator, Call, Cast, Case, Subscript, List, Lambda)
	}
	e := &Expr{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	args := func(count int) []*Expr {
		var all []*Expr
		for range count {
			all = append(all, drawExpr(t, depth-1, parameters))
		}
		return all
	}
	switch e.Kind {
	case Column:
		e.Name = rapid.StringMatching(`[a-zA-Zé" _.'-]{1,6}`).Draw(t, "name")
		e.Side = rapid.SampledFrom([]Side{Left, Right}).Draw(t, "side")
	case Parameter:
		e.Name = rapid.SampledFrom(parameters).Draw(t, "parameter")
	case Text:
		e.Text = rapid.String().Draw(t, "text")
	case Number:
		e.Number = rapid.Float64Min(0).Draw(t, "number")
	case Boolean:
		e.Number = float64(rapid.IntRange(0, 1).Draw(t, "boolean"))
	case And, Or:
		for _, a := range args(rapid.IntRange(2, 3).Draw(t, "count")) {
			if a.Kind == e.Kind {
				a = negate(a)
			}
			e.Args = append(e.Args, a)
		}
	case Not, IsNull:
		e.Args = args(1)
	case Operator:
		e.Name = rapid.SampledFrom([]string{"=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "||", "neg"}).Draw(t, "operator")
		e.Args = args(map[bool]int{true: 1, false: 2}[e.Name == "neg"])
	case Call:
		drawCall(t, e, args)
	case Cast:
		e.Name = rapid.SampledFrom([]string{"DATE", "DECIMAL(10,2)", "VARCHAR[]", "DOUBLE PRECISION"}).Draw(t, "type")
		e.Args = args(1)
	case Case:
		e.Args = args(1 + 2*rapid.IntRange(1, 2).Draw(t, "branches"))
	case Subscript:
		e.Args = args(2)
	case List:
		e.Args = args(rapid.IntRange(0, 3).Draw(t, "count"))
	case Lambda:
		// A lambda is an argument of a function, not an operand.
		name := rapid.SampledFrom([]string{"x", "pair"}).Draw(t, "parameter")
		body := drawExpr(t, depth-1, append(parameters, name))
		return call("list_transform", args(1)[0], &Expr{Kind: Lambda, Name: name, Args: []*Expr{body}})
	}
	return e
}

func drawCall(t *rapid.T, e *Expr, args func(int) []*Expr) {
	e.Name = rapid.SampledFrom([]string{"levenshtein", "lower", "like", "coalesce", "try_cast", "today"}).Draw(t, "function")
	switch e.Name {
	case "like":
		e.Args = args(2)
	case "try_cast":
		e.Args = []*Expr{{Kind: Cast, Name: "DATE", Args: args(1)}}
	default:
		e.Args = args(rapid.IntRange(0, 2).Draw(t, "count"))
	}
}

func FuzzParse(f *testing.F) {
	for _, sql := range []string{
		`"a_l" = "a_r"`, `l."a" = r."a" AND f(l.b) IN (1, 'x')`, `list_max(list_transform(a_l, x -> x[1])) >= 0.9`,
		`CASE WHEN a_l THEN -1 ELSE b_r::date END`, `a_l BETWEEN 1 AND`, `try_cast(`, `"`, `a_l IS DISTINCT FROM`, `'\x00'`,
	} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if e, err := ParseLevel(sql); err == nil {
			if again, err := ParseLevel(e.String()); err != nil || !Equal(e, again) {
				t.Fatalf("%q prints as %q, which reads back otherwise: %v", sql, e, err)
			}
		}
		if e, err := ParseRule(sql); err == nil {
			if again, err := ParseRule(e.Rule()); err != nil || !Equal(e, again) {
				t.Fatalf("%q prints as %q, which reads back otherwise: %v", sql, e.Rule(), err)
			}
		}
		_, _ = LevelText(sql, "", "")
		_, _ = RuleText(sql, "x", "y")
		_, _ = PlainText(sql, Right, true)
	})
}
