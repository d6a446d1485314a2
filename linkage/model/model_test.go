package model

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/problem"
)

func mustRead(t testing.TB, text string) (*Model, []string) {
	t.Helper()
	m, warnings, err := Read(strings.NewReader(text), "test.json")
	if err != nil {
		t.Fatal(err)
	}
	return m, warnings
}

func value(t testing.TB, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func written(t testing.TB, m *Model, version Version) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.Write(&b, version); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const small = `{
  "link_type": "dedupe_only",
  "blocking_rules_to_generate_predictions": ["l.a = r.a", {"blocking_rule": "l.b = r.b", "salting_partitions": 4, "arrays_to_explode": ["b"]}],
  "comparisons": [
    {"comparison_levels": [
      {"sql_condition": "\"a_l\" IS NULL OR \"a_r\" IS NULL", "is_null_level": true},
      {"sql_condition": "\"a_l\" = \"a_r\"", "m_probability": 0.9, "u_probability": 1e-5, "tf_adjustment_column": "\"a\"", "tf_minimum_u_value": 0.001},
      {"sql_condition": "jaro_winkler_similarity(\"a_l\", \"a_r\") >= 0.9", "m_probability": 0.05, "tf_adjustment_column": "A", "tf_adjustment_weight": 0.5},
      {"sql_condition": " else ", "u_probability": "level not observed in training dataset", "colour": [1, 2]}
    ]}
  ],
  "made_by": {"who": "hand"}
}`

func TestReadFillsInDefaults(t *testing.T) {
	m, warnings := mustRead(t, small)
	want := New(DedupeOnly)
	want.BlockingRules = []BlockingRule{Rule("l.a = r.a"), Rule("l.b = r.b").Exploding("b")}
	want.Extra = map[string]json.RawMessage{"made_by": json.RawMessage(`{"who": "hand"}`)}
	probability := func(p float64) *float64 { return &p }
	levels := []Level{
		Null(Column("a")).Labelled(""),
		Exact(Column("a")).Labelled(""),
		JaroWinkler(Column("a"), 0.9).Labelled(""),
		{Condition: " else ", IsElse: true, Extra: map[string]json.RawMessage{"colour": json.RawMessage(`[1, 2]`)}},
	}
	levels[1].M, levels[1].U = probability(0.9), probability(1e-5)
	levels[1].TermFrequency = &TermFrequency{Column: "a", Quoted: true, Weight: 1, MinimumU: 0.001}
	levels[2].M = probability(0.05)
	levels[2].TermFrequency = &TermFrequency{Column: "A", Weight: 0.5}
	want.Comparisons = []Comparison{{Name: "a", Levels: levels}}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	wantWarnings := []string{
		"blocking rule 2: salting_partitions has no effect here",
		"comparison 1, level 4: u_probability was never observed in training; the default is used",
		`comparison 1, level 4: the key "colour" is not known; it is kept and has no effect`,
		`the key "made_by" is not known; it is kept and has no effect`,
	}
	if diff := cmp.Diff(wantWarnings, warnings); diff != "" {
		t.Error(diff)
	}
}

func TestVersionIsDetectedAndConverted(t *testing.T) {
	text := strings.Replace(small, `"link_type"`, `"bayes_factor_column_prefix": "bf_", "link_type"`, 1)
	m, _ := mustRead(t, text)
	if m.Version != Splink4 || m.WeightPrefix != "bf_" {
		t.Errorf("version %d, prefix %s", m.Version, m.WeightPrefix)
	}
	five := value(t, written(t, m, Splink5)).(map[string]any)
	if five["match_weight_column_prefix"] != "mw_" || five["bayes_factor_column_prefix"] != nil {
		t.Errorf("prefixes for version 5: %v", five)
	}
	four := value(t, written(t, m, Splink4)).(map[string]any)
	if four["bayes_factor_column_prefix"] != "bf_" || four["match_weight_column_prefix"] != nil {
		t.Errorf("prefixes for version 4: %v", four)
	}
}

func TestConditionsForDuckDBAreWarnedAbout(t *testing.T) {
	text := strings.Replace(small, `jaro_winkler_similarity(\"a_l\", \"a_r\") >= 0.9`, `a_l ->> 'x' = a_r ->> 'x'`, 1)
	m, warnings := mustRead(t, text)
	if l := m.Comparisons[0].Levels[2]; l.Test != nil {
		t.Errorf("the condition became %s", l.Test)
	}
	want := "comparison 1, level 3: the condition cannot be compiled and will be evaluated by DuckDB, which is slow: at byte 5: the condition goes on after its end"
	if !strings.Contains(strings.Join(warnings, "\n"), want) {
		t.Errorf("warnings %q lack %q", warnings, want)
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	const broken = `{
	  "link_type": "sideways", "probability_two_random_records_match": 1, "em_convergence": "small", "max_iterations": 2.5,
	  "blocking_rules_to_generate_predictions": ["", 3, {"blocking_rule": "l.a = r.a", "arrays_to_explode": ["z"]}],
	  "comparisons": [
	    {"output_column_name": "a b", "comparison_levels": [
	      {"sql_condition": "a_l = a_r", "m_probability": 1.5, "u_probability": "often"},
	      {"sql_condition": "ELSE"},
	      {"sql_condition": "a_l > a_r"}]},
	    {"output_column_name": "A_B", "comparison_levels": [
	      {"sql_condition": " "},
	      {"sql_condition": "a_l < a_r", "tf_adjustment_column": "c"},
	      {"sql_condition": "a_l <= a_r", "tf_adjustment_weight": 0.5}]},
	    {"output_column_name": "d", "comparison_levels": [{"sql_condition": "ELSE", "is_null_level": true}]},
	    {"output_column_name": "e", "comparison_levels": []}
	  ]}`
	_, _, err := Read(strings.NewReader(broken), "broken.json")
	if problem.CodeOf(err) != problem.Usage {
		t.Fatalf("exit code %d: %v", problem.CodeOf(err), err)
	}
	const want = `model broken.json has 19 problems:
  em_convergence is not a number
  max_iterations is not a whole number
  blocking rule 2: expected an object with keys
  comparison 1 (a b), level 1: u_probability is not a number
  comparison 2 (A_B), level 3: the term frequency adjustment names no column (tf_adjustment_column)
  link_type "sideways" is not known: dedupe_only, link_only or link_and_dedupe
  probability_two_random_records_match is not between 0 and 1
  comparison 1 (a b), level 1: m_probability is not within 0 and 1
  comparison 1 (a b), level 3: the level comes after ELSE and can never be reached
  comparison 2 (A_B): comparison 1 has the same name
  comparison 2 (A_B), level 1: sql_condition is empty
  comparison 2 (A_B), level 2: the term frequency adjustment needs a level that is the exact match of c (or disable_tf_exact_match_detection)
  comparison 2 (A_B): no level is ELSE, so pairs may fall through the comparison
  comparison 3 (d), level 1: ELSE cannot be the null level
  comparison 3 (d): only ELSE is left beside null levels; there is nothing to compare
  comparison 4 (e): comparison_levels is empty
  blocking rule 1: blocking_rule is empty
  blocking rule 2: blocking_rule is empty
  blocking rule 3: arrays_to_explode names z, which the rule does not use`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestNotAModel(t *testing.T) {
	for text, want := range map[string]string{
		"{\n\"link_type\": nan}":               "model x.json, line 2: not JSON",
		"":                                     "model x.json, line 1: not JSON",
		"[]":                                   "model x.json: expected an object with keys",
		`{"link_type": "dedupe_only"}`:         "model x.json: comparisons is empty: the model compares nothing",
		`{"link_type": 1, "comparisons": "x"}`: "model x.json has 2 problems:\n  link_type is not a text\n  comparisons is not a list",
		`{"link_type": "link_only", "comparisons": [3]}`: "model x.json has 3 problems:\n  comparison 1: expected an object with keys\n  comparison 1: output_column_name is missing\n  comparison 1: comparison_levels is empty",
	} {
		_, _, err := Read(strings.NewReader(text), "x.json")
		if err == nil || err.Error() != want || problem.CodeOf(err) != problem.Usage {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestGamma(t *testing.T) {
	c := CustomComparison("x", Null(Column("a")), Exact(Column("a")), Null(Column("b")), Levenshtein(Column("a"), 1), Else())
	var gammas []int
	for i := range c.Levels {
		gammas = append(gammas, c.Gamma(i))
	}
	if diff := cmp.Diff([]int{-1, 2, -1, 1, 0}, gammas); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{1, 3, 4}, c.NonNull()); diff != "" {
		t.Error(diff)
	}
}

func TestDefaultsAreSplinks(t *testing.T) {
	for levels, weights := range map[int][]float64{2: {10, -5}, 3: {10, 3, -5}, 4: {10, 3, -1, -5}, 6: {10, 3, 1, -1, -3, -5}} {
		m, u := DefaultM(levels), DefaultU(levels)
		sum := 0.0
		for i := range weights {
			sum += m[i]
			if w := math.Log2(m[i] / u[i]); math.Abs(w-weights[i]) > 1e-12 {
				t.Errorf("%d levels: weight %d is %g, want %g", levels, i, w, weights[i])
			}
		}
		if m[0] != 0.95 || math.Abs(sum-1) > 1e-12 {
			t.Errorf("%d levels: m %v", levels, m)
		}
	}
}

func TestWeights(t *testing.T) {
	c := ExactMatch(Column("a"))
	c.Levels[1] = c.Levels[1].WithProbabilities(0.8, 0.1)
	c.Levels[2] = c.Levels[2].WithProbabilities(0, 0.5)
	if w := c.Weight(0); w != 0 {
		t.Errorf("null weighs %g", w)
	}
	if w := c.Weight(1); math.Abs(w-3) > 1e-15 {
		t.Errorf("exact weighs %g", w)
	}
	if w := c.Weight(2); math.IsInf(w, 0) || w > -990 {
		t.Errorf("an impossible level weighs %g", w)
	}
	untrained := ExactMatch(Column("a"))
	if w := untrained.Weight(1); math.Abs(w-10) > 1e-12 {
		t.Errorf("an untrained exact level weighs %g", w)
	}
}

func TestWeightsAndProbabilitiesAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weight := rapid.Float64Range(-1000, 40).Draw(t, "weight")
		p := ProbabilityOf(weight)
		tolerance := 1e-9 + 0x1p-52*math.Exp2(max(weight, 0))*4
		if back := WeightOf(p); math.Abs(back-weight) > tolerance {
			t.Fatalf("weight %g became %g", weight, back)
		}
	})
	for weight, want := range map[float64]float64{
		0: 0.5, 2000: 1, -2000: 0, math.Inf(1): 1, math.Inf(-1): 0,
	} {
		if p := ProbabilityOf(weight); p != want {
			t.Errorf("probability of %g is %g, want %g", weight, p, want)
		}
	}
	if !math.IsInf(WeightOf(1), 1) || !math.IsInf(WeightOf(0), -1) {
		t.Error("certainty has no infinite weight")
	}
}

func TestExactMatchLevelFor(t *testing.T) {
	both := CustomComparison("x", And(Exact(Column("a")), Exact(Column("b"))), Exact(Column("B")), JaroWinkler(Column("a"), 0.9), Else())
	for column, want := range map[string]int{"a": -1, "b": 1, "c": -1} {
		if got := both.ExactMatchLevelFor(column); got != want {
			t.Errorf("exact match for %s is level %d, want %d", column, got, want)
		}
	}
	c := NameComparison(Column("a"), nil)
	c.Levels[1] = c.Levels[1].WithProbabilities(0.9, 0.125)
	c.Levels[2] = c.Levels[2].WithTermFrequency("a").WithProbabilities(0.05, 0.25)
	if u := c.UExact(2); u != 0.125 {
		t.Errorf("u of the exact match is %g", u)
	}
	c.Levels[2].TermFrequency.DisableExactMatchDetection = true
	if u := c.UExact(2); u != 0.25 {
		t.Errorf("u of the level itself is %g", u)
	}
}

func TestDecimalText(t *testing.T) {
	for number, want := range map[float64]string{
		1: "1.0", 0.0001: "0.0001", 0.00001: "1e-05", 1e16: "1e+16", 1e15: "1000000000000000.0", 0: "0.0",
		0.0023429457903817435: "0.0023429457903817435", 5e-324: "5e-324",
	} {
		if got := decimalText(number); got != want {
			t.Errorf("%g is written %s, want %s", number, got, want)
		}
	}
}

func TestGeneratedModelsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		for _, version := range []Version{Splink4, Splink5} {
			var b bytes.Buffer
			if err := m.Write(&b, version); err != nil {
				t.Fatal(err)
			}
			again, _, err := Read(&b, "generated.json")
			if err != nil {
				t.Fatal(err)
			}
			want := *m
			want.Version, want.WeightPrefix = version, version.weightPrefix()
			if diff := cmp.Diff(&want, again); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func drawModel(t *rapid.T) *Model {
	m := New(rapid.SampledFrom([]LinkType{DedupeOnly, LinkOnly, LinkAndDedupe}).Draw(t, "link type"))
	m.Prior = rapid.Float64Range(1e-12, 0.99).Draw(t, "prior")
	m.MaxIterations = rapid.IntRange(1, 1000).Draw(t, "iterations")
	m.LinkerUID = rapid.StringMatching(`[a-z0-9]{0,8}`).Draw(t, "uid")
	m.RetainMatchingColumns = rapid.Bool().Draw(t, "retain")
	name := rapid.StringMatching(`[a-zé "_]{0,6}`)
	for i := range rapid.IntRange(1, 3).Draw(t, "comparisons") {
		e := Column(name.Draw(t, "column") + string(rune('a'+i)))
		c := rapid.SampledFrom([]Comparison{
			NameComparison(e, nil), PostcodeComparison(e, true, nil), EmailComparison(e).WithTermFrequencies(),
			DateOfBirthComparison(e, TimeInput{IsText: true}), ArrayIntersectAtSizes(e, 2, 1),
		}).Draw(t, "comparison").Named(string(rune('a' + i)))
		for k := range c.Levels {
			if !c.Levels[k].IsNull && rapid.Bool().Draw(t, "trained") {
				probability := rapid.Float64Range(0, 1)
				c.Levels[k] = c.Levels[k].WithProbabilities(probability.Draw(t, "m"), probability.Draw(t, "u"))
				c.Levels[k].FixM = rapid.Bool().Draw(t, "fix m")
			}
		}
		m.Comparisons = append(m.Comparisons, c)
		m.BlockingRules = append(m.BlockingRules, BlockOn(e, e.Substring(1, 3)))
	}
	return m
}

func FuzzRead(f *testing.F) {
	f.Add(small)
	f.Add("link_type: dedupe_only\ncomparisons:\n  - {name: a, kind: name}\n  - {name: b, levels: [{null: b}, {exact: b}, {else: true}]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if m, _, err := Read(strings.NewReader(text), "fuzz"); err == nil {
			first := written(t, m, m.Version)
			again, _, err := Read(bytes.NewReader(first), "fuzz")
			if err != nil {
				t.Fatalf("what was written cannot be read: %v\n%s", err, first)
			}
			if second := written(t, again, m.Version); !bytes.Equal(first, second) {
				t.Fatalf("%s\nbecame\n%s", first, second)
			}
		}
		_, _, _ = ReadYAML(strings.NewReader(text), "fuzz")
	})
}

func published(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("TRE_SHARED")
	if folder == "" {
		t.Skip("left out: make accept runs it, where the published data are at hand")
	}
	return filepath.Join(folder, "data", "linkage", "reference")
}

// TestAcceptModelsRoundTrip reads Splink's own files and expects to write the
// same JSON.
func TestAcceptModelsRoundTrip(t *testing.T) {
	folder := published(t)
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, path := range paths {
		if strings.HasSuffix(path, ".result.json") {
			continue
		}
		checked++
		m, warnings, err := ReadFile(path)
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v %q", filepath.Base(path), err, warnings)
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(value(t, data), value(t, written(t, m, m.Version))); diff != "" {
			t.Errorf("%s\n%s", filepath.Base(path), diff)
		}
	}
	if checked < 7 {
		t.Errorf("only %d models in %s", checked, folder)
	}
}
