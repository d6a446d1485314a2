package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/problem"
)

const shortForm = `
link_type: link_only
unique_id: record_id
prior: 0.001
blocking:
  - [surname, dob]
  - [postcode, "substring(forename, 1, 3)"]
  - nhs_number
  - {on: [postcodes], explode: [postcodes]}
  - {sql: "l.forename = r.surname and l.dob = r.dob"}
comparisons:
  - {name: forename, kind: name, term_frequency: false}
  - {name: sur, column: lower(surname), kind: jaro_winkler, thresholds: [0.95]}
  - {kind: date_of_birth, column: dob, within: [1 month, 10 years]}
  - {kind: postcode, column: postcode, term_frequency: true}
  - {kind: forename_surname, forename: f, surname: s, name: both}
  - name: sex
    levels:
      - {null: sex}
      - {exact: sex, m: 0.99, u: 0.5, fix_u: true, term_frequency: sex, minimum_u: 0.01}
      - {sql: "sex_l = 'U' or sex_r = 'U'", label: unknown}
      - {else: true}
  - {kind: exact, name: practice, m: [0.9, 0.1], u: [0.01, 0.99]}
`

func TestReadYAML(t *testing.T) {
	m, warnings, err := ReadYAML(strings.NewReader(shortForm), "short.yaml")
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	want := New(LinkOnly)
	want.UniqueID, want.Prior = "record_id", 0.001
	want.BlockingRules = []BlockingRule{
		BlockOn(Column("surname"), Column("dob")),
		BlockOn(Column("postcode"), must(t, "substring(forename, 1, 3)")),
		BlockOn(Column("nhs_number")),
		BlockOn(Column("postcodes")).Exploding("postcodes"),
		Rule("l.forename = r.surname and l.dob = r.dob"),
	}
	name := NameComparison(Column("forename"), nil)
	name.Levels[1].TermFrequency = nil
	sex := CustomComparison("sex", Null(Column("sex")), Exact(Column("sex")).WithProbabilities(0.99, 0.5).WithTermFrequency("sex"),
		Custom("sex_l = 'U' or sex_r = 'U'", "unknown"), Else())
	sex.Levels[1].FixU, sex.Levels[1].TermFrequency.MinimumU = true, 0.01
	practice := ExactMatch(Column("practice"))
	practice.Levels[1] = practice.Levels[1].WithProbabilities(0.9, 0.01)
	practice.Levels[2] = practice.Levels[2].WithProbabilities(0.1, 0.99)
	want.Comparisons = []Comparison{
		name, JaroWinklerAtThresholds(must(t, "lower(surname)"), 0.95).Named("sur"),
		DateOfBirthComparison(Column("dob"), TimeInput{IsText: true}, Span{1, Month}, Span{10, Year}),
		PostcodeComparison(Column("postcode"), false, nil).WithTermFrequencies(),
		ForenameSurnameComparison(Column("f"), Column("s"), nil).Named("both"), sex, practice,
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
}

func TestYAMLProblemsTellTheirLines(t *testing.T) {
	const broken = `link_type: dedupe
uniqueid: x
prior: often
blocking:
  - []
  - {on: a, sql: l.a = r.a}
  - ["f(a) +"]
comparisons:
  - {kind: nmae, column: a}
  - {kind: jaro, column: b, thresholds: [2], colour: red}
  - {kind: levenshtein, name: c, m: [0.5]}
  - {kind: date_of_birth, column: d, within: [1 fortnight, month]}
  - {kind: distance_km, latitude: x}
  - {name: e}
  - name: g
    levels:
      - {null: g, exact: g}
      - {exact: g, m: 3}
`
	_, _, err := ReadYAML(strings.NewReader(broken), "broken.yaml")
	if problem.CodeOf(err) != problem.Usage {
		t.Fatalf("exit code %d: %v", problem.CodeOf(err), err)
	}
	for _, want := range []string{
		`line 1: link_type "dedupe" is not known`,
		"line 2: the key uniqueid is not known here",
		"line 3: prior is not a number",
		"line 5: blocking rule 1: the rule names no columns",
		"line 6: blocking rule 2: expected either on or sql",
		"line 7: blocking rule 3: the expression cannot be read",
		"line 9: comparison 1: the kind is not known; it may be one of array_intersect, cosine,",
		"line 10: comparison 2: a threshold is not within 0 and 1",
		"line 10: comparison 2: the key colour is not known here",
		"line 11: comparison 3 (c): m has 1 values for 4 levels",
		"line 12: comparison 4: the unit is not second,",
		"line 12: comparison 4: expected a number and a unit",
		"line 13: comparison 5: the key longitude is missing",
		"line 14: comparison 6 (e): expected either kind or levels",
		"line 17: comparison 7 (g), level 1: expected one of sql, null, exact and else",
		"line 18: comparison 7 (g), level 2: m_probability is not within 0 and 1",
		"line 15: comparison 7 (g): no level is ELSE",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing from\n%v", want, err)
		}
	}
}

func TestNotYAML(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "model x.yaml is empty",
		"a: [1":                   "model x.yaml, line 1: not YAML",
		"- a":                     "model x.yaml: line 1: expected keys and values",
		"link_type: link_only\na": "model x.yaml, line 2: not YAML",
	} {
		_, _, err := ReadYAML(strings.NewReader(text), "x.yaml")
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestReadFileChoosesTheForm(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"a.yaml": shortForm, "a.yml": shortForm, "a.json": small} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ReadFile(path); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := ReadFile(filepath.Join(folder, "none.json")); problem.CodeOf(err) != problem.Usage {
		t.Errorf("a missing file: %v", err)
	}
}

func TestShortFormIsWrittenAsJSON(t *testing.T) {
	m, _, err := ReadYAML(strings.NewReader(shortForm), "short.yaml")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := mustRead(t, string(written(t, m, Splink5)))
	if diff := cmp.Diff(m, again); diff != "" {
		t.Error(diff)
	}
}
