package model_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/linkage/model"
)

// asJSON is a model as Splink would read it: all there is to compare.
func asJSON(t *testing.T, m *model.Model) string {
	t.Helper()
	var text bytes.Buffer
	if err := m.Write(&text, model.Splink5); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestShortFormReadsBackAsTheSameModel(t *testing.T) {
	m := model.New(model.LinkAndDedupe)
	m.UniqueID, m.SourceDataset, m.Prior, m.MaxIterations = "record id", "feed", 7.1e-07, 40
	m.AdditionalColumns, m.RetainMatchingColumns = []string{"ward"}, false
	m.BlockingRules = []model.BlockingRule{
		model.BlockOn(model.Column("surname"), model.Column("dob")), model.BlockOn(model.Column("null")),
		model.Rule("l.forename = r.surname and l.dob = r.dob"), model.BlockOn(model.Column("postcodes")).Exploding("postcodes"),
		model.Rule(`l."a: b" = r."a: b"`), model.Rule("hash(l.a) % 7 = hash(r.a) % 7 OR l.b = r.b"),
	}
	odd := model.CustomComparison("odd one", model.Null(model.Column("x")), model.Exact(model.Column("x")).WithProbabilities(0.1+0.2, 1e-300),
		model.Custom(`"x_l" = "x_r" AND "y_l" IS NOT NULL`, ""), model.Custom(`soundex("x_l") = soundex("x_r")`, "sounds: alike # here"), model.Else())
	odd.Levels[1].Label, odd.Levels[1].FixU = "", true
	odd.Levels[2].TermFrequency = &model.TermFrequency{Column: "x", Weight: 0.5, MinimumU: 0.001, DisableExactMatchDetection: true}
	m.Comparisons = []model.Comparison{model.NameComparison(model.Column("forename"), nil), model.DateOfBirthComparison(model.Column("dob"), model.TimeInput{IsText: true}),
		model.PostcodeComparison(model.Column("postcode"), true, nil), model.EmailComparison(model.Column("email")), odd}
	m.Compile()
	var text bytes.Buffer
	leftOut, err := m.WriteYAML(&text)
	if err != nil || len(leftOut) > 0 {
		t.Fatalf("left out %q, error %v", leftOut, err)
	}
	back, _, err := model.ReadYAML(bytes.NewReader(text.Bytes()), "m.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	if diff := cmp.Diff(asJSON(t, m), asJSON(t, back)); diff != "" {
		t.Errorf("(-before +after)\n%s\n%s", diff, text.String())
	}
	if !bytes.Contains(text.Bytes(), []byte("[surname, dob]")) || !bytes.Contains(text.Bytes(), []byte("exact: ")) {
		t.Errorf("nothing is short:\n%s", text.String())
	}
}

func TestShortFormSaysWhatItLeavesOut(t *testing.T) {
	const text = `{"link_type": "dedupe_only", "linker_uid": "abc", "gamma": 1, "comparison_vector_value_column_prefix": "g_",
		"comparisons": [{"output_column_name": "a", "comparison_levels": [{"sql_condition": "\"a_l\" = \"a_r\""}, {"sql_condition": "ELSE"}]}]}`
	m, _, err := model.Read(bytes.NewReader([]byte(text)), "m.json")
	if err != nil {
		t.Fatal(err)
	}
	leftOut, err := m.WriteYAML(&bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"prefixes of columns: the short form has Splink's own", "linker_uid: Splink makes a new one", "keys that are not known here: 1"}
	if !slices.Equal(leftOut, want) {
		t.Errorf("left out %q, want %q", leftOut, want)
	}
}
