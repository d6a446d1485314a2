package model

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/linkage/condition"
)

func must(t testing.TB, text string) Expression {
	t.Helper()
	e, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// line is what is compared of a level.
type line struct{ Label, Condition, TermFrequency string }

func lines(c Comparison) []line {
	var all []line
	for _, l := range c.Levels {
		one := line{Label: l.Label, Condition: fold(l.Condition)}
		if l.TermFrequency != nil {
			one.TermFrequency = l.TermFrequency.Column
		}
		all = append(all, one)
	}
	return all
}

func fold(sql string) string { return strings.Join(strings.Fields(sql), " ") }

func TestLibraryWritesTheSQLOfSplink(t *testing.T) {
	first := Column("first_name")
	want := []line{
		{"first_name is NULL", `"first_name_l" IS NULL OR "first_name_r" IS NULL`, ""},
		{"Exact match on first_name", `"first_name_l" = "first_name_r"`, "first_name"},
		{"Jaro-Winkler distance of first_name >= 0.92", `jaro_winkler_similarity("first_name_l", "first_name_r") >= 0.92`, ""},
		{"Jaro-Winkler distance of first_name >= 0.88", `jaro_winkler_similarity("first_name_l", "first_name_r") >= 0.88`, ""},
		{"Jaro-Winkler distance of first_name >= 0.7", `jaro_winkler_similarity("first_name_l", "first_name_r") >= 0.7`, ""},
		{"All other comparisons", "ELSE", ""},
	}
	if diff := cmp.Diff(want, lines(NameComparison(first, nil))); diff != "" {
		t.Error(diff)
	}
	dob := lines(DateOfBirthComparison(Column("dob"), TimeInput{}, Span{1, Month}))
	if got, want := dob[2].Condition, `damerau_levenshtein(CAST("dob_l" AS TEXT), CAST("dob_r" AS TEXT)) <= 1`; got != want {
		t.Errorf("edits of dates: %s, want %s", got, want)
	}
	if got, want := dob[3].Condition, `ABS(EPOCH("dob_l") - EPOCH("dob_r")) <= 2629800.0`; got != want {
		t.Errorf("months: %s, want %s", got, want)
	}
	postcode := lines(PostcodeComparison(Column("postcode"), true, nil))
	if got, want := postcode[4].Condition, `NULLIF(regexp_extract("postcode_l", '^[A-Za-z]{1,2}', 0), '') = NULLIF(regexp_extract("postcode_r", '^[A-Za-z]{1,2}', 0), '')`; got != want {
		t.Errorf("areas: %s, want %s", got, want)
	}
	if got, want := postcode[0].Condition, `$', 0), '') IS NULL OR `; !strings.Contains(got, want) {
		t.Errorf("null: %s lacks %s", got, want)
	}
}

func TestBlockOn(t *testing.T) {
	for _, c := range []struct {
		rule BlockingRule
		want string
	}{
		{BlockOn(Column("a")), `l."a" = r."a"`},
		{BlockOn(Column("a"), must(t, "substr(b, 1, 3)")), `(l."a" = r."a") AND (substr(l.b, 1, 3) = substr(r.b, 1, 3))`},
		{BlockOn(Column(`it"s`).Lower()), `LOWER(l."it""s") = LOWER(r."it""s")`},
		{Rule("l.a = r.b"), `l.a = r.b`},
	} {
		if c.rule.SQL != c.want || c.rule.Test == nil {
			t.Errorf("rule %s (tree %v), want %s", c.rule.SQL, c.rule.Test, c.want)
		}
	}
	if rule := Rule("l.a ->> 'x' = 1"); rule.Test != nil {
		t.Errorf("the rule became %s", rule.Test)
	}
	if _, err := Parse("f(a"); err != nil {
		t.Errorf("a name with one bracket is a column: %v", err)
	}
	if _, err := Parse("f(a) +"); err == nil {
		t.Error("half an expression was read")
	}
}

func TestEveryLevelOfTheLibraryCompiles(t *testing.T) {
	for name, l := range libraryLevels(t) {
		if l.Test == nil && !l.IsElse {
			t.Errorf("%s has no tree: %s", name, l.Condition)
		}
	}
	for name, c := range libraryComparisons(t) {
		m := New(DedupeOnly)
		m.Comparisons = []Comparison{c}
		if err := m.Check(name); err != nil {
			t.Error(err)
		}
		if warnings := m.Compile(); len(warnings) > 0 {
			t.Errorf("%s: %q", name, warnings)
		}
	}
}

func TestWithTermFrequencies(t *testing.T) {
	c := ForenameSurnameComparison(Column("f"), Column("s"), nil).WithTermFrequencies()
	var columns []string
	for _, l := range lines(c) {
		columns = append(columns, l.TermFrequency)
	}
	if diff := cmp.Diff([]string{"", "", "", "", "", "s", "f", ""}, columns); diff != "" {
		t.Error(diff)
	}
	m := New(DedupeOnly)
	m.Comparisons = []Comparison{c, ExactMatch(Column("F")).WithTermFrequencies(), ExactMatch(Column("g"))}
	if diff := cmp.Diff([]string{"s", "f"}, m.TermFrequencyColumns()); diff != "" {
		t.Error(diff)
	}
}

// libraryComparisons are those of the published list, by its headings.
func libraryComparisons(t testing.TB) map[string]Comparison {
	name, dob, arr := Column("name"), Column("dob"), Column("arr")
	place := Place{Column("lat"), Column("long"), []float64{1, 10, 50}}
	first, joined, codes := Column("first_name"), Column("first_name_surname_concat"), Column("first_name_dm")
	asText := TimeInput{IsText: true}
	return map[string]Comparison{
		"ExactMatch":                                 ExactMatch(Column("city")).WithTermFrequencies(),
		"LevenshteinAtThresholds":                    LevenshteinAtThresholds(dob, 1, 2),
		"DamerauLevenshteinAtThresholds":             DamerauLevenshteinAtThresholds(dob, 1, 2),
		"JaccardAtThresholds":                        JaccardAtThresholds(name, 0.9, 0.7),
		"JaroAtThresholds":                           JaroAtThresholds(name, 0.9, 0.7),
		"JaroWinklerAtThresholds":                    JaroWinklerAtThresholds(name, 0.9, 0.7),
		"CosineSimilarityAtThresholds":               CosineSimilarityAtThresholds(Column("embedding"), 0.9, 0.8),
		"DistanceFunctionAtThresholds":               DistanceFunctionAtThresholds(name, "my_fn", true, 2, 1),
		"PairwiseStringDistanceFunctionAtThresholds": PairwiseStringDistanceFunctionAtThresholds(arr, ByJaroWinkler, 0.9),
		"AbsoluteTimeDifferenceAtThresholds":         AbsoluteTimeDifferenceAtThresholds(Column("ts"), asText, Span{2, Hour}, Span{3, Day}),
		"AbsoluteDateDifferenceAtThresholds":         AbsoluteDateDifferenceAtThresholds(dob, asText, Span{1, Day}, Span{1, Month}, Span{1, Year}),
		"ArrayIntersectAtSizes":                      ArrayIntersectAtSizes(arr, 2, 1),
		"DistanceInKMAtThresholds":                   DistanceInKMAtThresholds(place.Latitude, place.Longitude, 1, 10),
		"DateOfBirthComparison":                      DateOfBirthComparison(dob, asText),
		"PostcodeComparison":                         PostcodeComparison(Column("postcode"), false, &place),
		"EmailComparison":                            EmailComparison(Column("email")),
		"NameComparison":                             NameComparison(first, &codes),
		"ForenameSurnameComparison":                  ForenameSurnameComparison(first, Column("surname"), &joined),
	}
}

// libraryLevels are those of the published list, by its names.
func libraryLevels(t testing.TB) map[string]Level {
	a, b := Column("a"), Column("b")
	two := []Level{Exact(a), Levenshtein(b, 1)}
	return map[string]Level{
		"NullLevel":                               Null(a),
		"NullLevel(valid_string_pattern)":         NullUnless(a, "^[A-Z]+"),
		"ElseLevel":                               Else(),
		"CustomLevel":                             Custom("substr(name_l,1,1)=substr(name_r,1,1)", "x"),
		"ExactMatchLevel":                         Exact(a),
		"LiteralMatchLevel":                       Literal(a, "'male'", OnBoth),
		"LiteralMatchLevel date":                  Literal(Column("dob"), "CAST('1900-01-01' AS DATE)", OnLeft),
		"ColumnsReversedLevel":                    ColumnsReversed(a, b, false),
		"ColumnsReversedLevel sym":                ColumnsReversed(a, b, true),
		"LevenshteinLevel":                        Levenshtein(a, 1),
		"DamerauLevenshteinLevel":                 DamerauLevenshtein(a, 1),
		"JaroWinklerLevel":                        JaroWinkler(a, 0.9),
		"JaroLevel":                               Jaro(a, 0.9),
		"JaccardLevel":                            Jaccard(a, 0.9),
		"CosineSimilarityLevel":                   Cosine(a, 0.9),
		"DistanceFunctionLevel":                   DistanceFunction(a, "fn", 1, false),
		"PairwiseStringDistanceFunctionLevel lev": PairwiseStringDistance(a, ByLevenshtein, 1),
		"AbsoluteTimeDifferenceLevel":             AbsoluteTimeDifference(a, TimeInput{IsText: true}, Span{2, Hour}),
		"AbsoluteDateDifferenceLevel str":         AbsoluteDateDifference(a, TimeInput{IsText: true}, Span{2, Month}),
		"AbsoluteDateDifferenceLevel date":        AbsoluteDateDifference(a, TimeInput{}, Span{2, Day}),
		"DistanceInKMLevel":                       DistanceInKM(Column("lat"), Column("long"), 5, true),
		"ArrayIntersectLevel":                     ArrayIntersect(a, 1),
		"ArraySubsetLevel":                        ArraySubset(a, false),
		"PercentageDifferenceLevel":               PercentageDifference(a, 0.1),
		"AbsoluteDifferenceLevel":                 AbsoluteDifference(a, 5),
		"And":                                     And(two...),
		"Or":                                      Or(two...),
		"Not":                                     Not(Exact(a)),
	}
}

func libraryExpressions() map[string]Expression {
	a := Column("a")
	return map[string]Expression{
		"lower": a.Lower(), "substr": a.Substring(1, 3), "regex_extract": a.Extract("^[A-Z]", 0),
		"try_parse_date": a.ParseDate(""), "try_parse_timestamp": a.ParseTimestamp(""), "cast_to_string": a.AsText(),
		"nullif": a.NullIf(""), "first el": a.First(), "last el": a.Last(),
		// A column whose name merely looks like an expression.
		"expr": Column("name->>'x'"),
	}
}

func libraryRules(t testing.TB) map[string]BlockingRule {
	return map[string]BlockingRule{
		"block_on 1":    BlockOn(Column("first_name")),
		"block_on 2":    BlockOn(Column("first_name"), Column("surname")),
		"block_on expr": BlockOn(must(t, "SUBSTRING(first_name, 1, 3)"), Column("surname")),
		"explode":       BlockOn(Column("postcodes")).Exploding("postcodes"),
		"salt":          BlockOn(Column("first_name")),
	}
}

var (
	shapeLine  = regexp.MustCompile(`(?ms)^- (.*?) \| (.*?) \| (\{'.*?\})$`)
	tfColumn   = regexp.MustCompile(`'tf_adjustment_column': '([^']*)'`)
	chartLabel = regexp.MustCompile(`'label_for_charts': (?:'([^']*)'|"([^"]*)")`)
)

// TestAcceptLibraryShapes compares the SQL of the whole library with what
// Splink 4 and 5 write.
func TestAcceptLibraryShapes(t *testing.T) {
	for _, version := range []string{"4", "5"} {
		data, err := os.ReadFile(filepath.Join(published(t), "splink_v"+version+"_sql_shapes.txt"))
		if err != nil {
			t.Fatal(err)
		}
		comparisons, rest, _ := strings.Cut(string(data), "# LEVELS")
		levels, rest, _ := strings.Cut(rest, "# COLUMN EXPRESSIONS")
		expressions, rest, _ := strings.Cut(rest, "# BLOCKING")
		rules, _, _ := strings.Cut(rest, "# SETTINGS")
		checkComparisons(t, comparisons)
		checkLevels(t, levels)
		checkExpressions(t, expressions)
		checkRules(t, rules)
	}
}

func checkComparisons(t *testing.T, text string) {
	ours := libraryComparisons(t)
	for _, part := range strings.Split(text, "## ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		var want []line
		for _, m := range shapeLine.FindAllStringSubmatch(body, -1) {
			one := line{Label: m[1], Condition: fold(m[2])}
			if column := tfColumn.FindStringSubmatch(m[3]); column != nil {
				one.TermFrequency = column[1]
			}
			want = append(want, one)
			checkParses(t, m[2], condition.ParseLevel)
		}
		got := lines(ours[name])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", name, diff)
		}
		delete(ours, name)
	}
	if len(ours) > 0 {
		t.Errorf("the published list lacks %d comparisons", len(ours))
	}
}

func checkLevels(t *testing.T, text string) {
	ours := libraryLevels(t)
	for _, m := range shapeLine.FindAllStringSubmatch(text, -1) {
		label := chartLabel.FindStringSubmatch(m[3])
		want := line{Label: label[1] + label[2], Condition: fold(m[2])}
		got := line{Label: ours[m[1]].Label, Condition: fold(ours[m[1]].Condition)}
		if m[1] == "LiteralMatchLevel date" {
			got.Label = want.Label // ours keeps the SQL of the date
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", m[1], diff)
		}
		checkParses(t, m[2], condition.ParseLevel)
		delete(ours, m[1])
	}
	if len(ours) > 0 {
		t.Errorf("the published list lacks %d levels", len(ours))
	}
}

func checkExpressions(t *testing.T, text string) {
	ours := libraryExpressions()
	for listed := range strings.Lines(strings.TrimSpace(text)) {
		name, sql, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(listed), "- "), " | ")
		if got := Exact(ours[name]).Condition; got != sql {
			t.Errorf("%s: %s, want %s", name, got, sql)
		}
		checkParses(t, sql, condition.ParseLevel)
	}
}

func checkRules(t *testing.T, text string) {
	ours := libraryRules(t)
	for listed := range strings.Lines(strings.TrimSpace(text)) {
		name, object, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(listed), "- "), " | ")
		var want struct {
			SQL     string   `json:"blocking_rule"`
			Explode []string `json:"arrays_to_explode"`
		}
		if err := json.Unmarshal([]byte(object), &want); err != nil {
			t.Fatal(err)
		}
		checkParses(t, want.SQL, condition.ParseRule)
		got, ok := ours[name]
		if !ok {
			continue
		}
		if diff := cmp.Diff(want.Explode, got.ArraysToExplode); diff != "" || got.SQL != want.SQL {
			t.Errorf("%s: %s, want %s %s", name, got.SQL, want.SQL, diff)
		}
	}
}

// checkParses expects every published condition to be read.
func checkParses(t *testing.T, sql string, parse func(string) (*condition.Expr, error)) {
	t.Helper()
	if sql == "ELSE" {
		return
	}
	if _, err := parse(sql); err != nil {
		t.Errorf("%s: %v", fold(sql), err)
	}
}
