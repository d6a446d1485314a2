package generalise

import (
	"fmt"
	"strings"
	"testing"

	"tre/internal/problem"
)

func TestRefusesRulesWithTheirLine(t *testing.T) {
	const head = "version: 1\ncolumns:\n"
	for text, want := range map[string]string{
		"":             "r.yaml: the file is empty",
		"version: 2\n": "line 1: version is not 1",
		"version: 1\n": "no columns: nothing would pass",
		head + "  - {output: a, source: a, rule: keep, wrong: 1}":                               "line 3: field wrong not found",
		head + "  - {output: a, source: a, rule: keep}\n  - {output: a, source: b, rule: keep}": "line 4: column a: the output name stands twice",
		head + "  - {output: a, source: a, rule: hide}":                                         `line 3: column a: unknown rule "hide"`,
		head + "  - {source: a, rule: keep}":                                                    "line 3: no output name",
		head + "  - {output: a, rule: keep}":                                                    "line 3: column a: no source",
		head + "  - {output: a, source: a, rule: month, cap: 80}":                               "line 3: column a: the rule month takes no cap",
		head + "  - {output: a, source: a, rule: constant, value: x}":                           "the rule constant takes no source",
		head + "  - {output: a, source: a, rule: month, format: MM/dd/yyyy}":                    "format is none of yyyy-MM-dd, dd/MM/yyyy, yyyyMMdd",
		head + "  - {output: a, source: a, rule: pseudonym}":                                    "no domain",
		head + "  - {output: lsoa, source: a, rule: lsoa_2011}":                                 "line 3: column lsoa: areas of the two censuses are different areas: the output name must hold 2011",
		head + "  - {output: lsoa_2011, source: a, rule: lsoa_2021}":                            "must hold 2021",
		head + "  - {output: a, source: a, rule: age}":                                          "no at",
		head + "  - {output: a, source: a, rule: age, at: b, cap: 95}":                          "cap is not 1 to 90",
		head + "  - {output: a, source: a, rule: age, at: b, as: text}":                         "as is neither",
		head + "  - {output: a, source: a, rule: age_band, at: b, bands: [5, 10]}":              "bands do not begin with 0",
		head + "  - {output: a, source: a, rule: age_band, at: b, bands: [0, 10, 10]}":          "bands do not rise",
		head + "  - {output: a, source: a, rule: age_band, at: b, bands: [0, 95]}":              "the last band begins above 90",
		head + "  - {output: a, source: a, rule: rare, minimum: 1}":                             "minimum is below 2",
		head + "  - {output: a, source: a, rule: number}":                                       "none of to, at_most and at_least",
		head + "  - {output: a, source: a, rule: number, at_most: 1, at_least: 2}":              "at_most is below at_least",
	} {
		_, err := Read([]byte(text), "r.yaml")
		if problem.CodeOf(err) != problem.Usage || !strings.Contains(fmt.Sprint(err), want) || strings.Contains(fmt.Sprint(err), "\n") {
			t.Errorf("%s\n\t%v\n\twant %s", text, err, want)
		}
	}
}

func TestBindRefusesColumnsThatAreNotThere(t *testing.T) {
	for rule, want := range map[string]string{
		"source: b, rule: keep":          "line 3: column a_2011: there is no column b to read",
		"source: x, rule: age, at: seen": "no column seen",
		"source: x, rule: rare, of: who": "no column who",
		"source: x, rule: lsoa_2011":     "needs a table of postcodes",
	} {
		rules, err := Read([]byte("version: 1\ncolumns:\n  - {output: a_2011, "+rule+"}"), "r.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rules.Bind([]string{"x"}, Setting{}); problem.CodeOf(err) != problem.Usage || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
