package compare

import (
	"testing"

	"pgregory.net/rapid"

	"tre/linkage/model"
	"tre/linkage/records"
	kernel "tre/linkage/similarity"
)

// drawColumn draws a column of texts by its codes.
func drawColumn(t *rapid.T, name string, rows int, words []string) *records.Column {
	c := &records.Column{Name: name, Kind: records.Text}
	codes := map[string]int32{}
	for range rows {
		word := rapid.SampledFrom(append(words, "\x00")).Draw(t, name)
		if word == "\x00" {
			c.Codes = append(c.Codes, -1)
			continue
		}
		if _, ok := codes[word]; !ok {
			codes[word] = int32(len(c.Texts))
			c.Texts, c.Counts = append(c.Texts, word), append(c.Counts, 0)
		}
		c.Codes = append(c.Codes, codes[word])
		c.Counts[codes[word]]++
		c.Known++
	}
	return c
}

// TestFastIsSlow compares the short way of judging two values of a column with
// the conditions tested one by one.
func TestFastIsSlow(t *testing.T) {
	name, dob := model.Column("name"), model.Column("dob")
	comparisons := []model.Comparison{
		model.ExactMatch(name), model.NameComparison(name, nil), model.JaroAtThresholds(name, 0.9, 0.6), model.LevenshteinAtThresholds(name, 1, 2), model.DamerauLevenshteinAtThresholds(name, 1, 2),
		model.LevenshteinAtThresholds(name, 1), model.DamerauLevenshteinAtThresholds(name, 1),
		model.DateOfBirthComparison(dob, model.TimeInput{IsText: true}), model.PostcodeComparison(name, false, nil), model.EmailComparison(name),
		model.CustomComparison("c", model.Null(name), model.Levenshtein(name, 2), model.JaroWinkler(name, 0.9), model.Levenshtein(name, 1), model.Exact(name.Lower()), model.Else()),
		model.CustomComparison("c", model.Exact(name), model.JaroWinkler(name, 0.9), model.JaroWinkler(name, 0.95), model.Else()),
	}
	rapid.Check(t, func(rt *rapid.T) {
		const rows = 12
		table := &records.Table{Rows: rows, Columns: map[string]*records.Column{
			"name": drawColumn(rt, "name", rows, []string{"anna", "Anna", "ann", "hannah", "josé", "jose", "", "SW1A 1AA", "SW1A 1AB", "a@b", "martha", "marhta"}),
			"dob":  drawColumn(rt, "dob", rows, []string{"1980-01-01", "1980-01-02", "1981-01-01", "1980-10-01", "unknown", "1980-02-30", "2001-05-05"}),
		}}
		m := rapid.SampledFrom(comparisons).Draw(rt, "comparison")
		c := NewCompiler(table, rapid.SampledFrom([]kernel.Strings{kernel.Characters, kernel.DuckDBBytes}).Draw(rt, "strings"))
		if err := c.Add(&m); err != nil {
			rt.Fatal(err)
		}
		plan := c.Finish()
		if !plan.Comparisons[0].IsFast() {
			rt.Fatalf("%s is not judged the short way", m.Description)
		}
		fast, slow := plan.Judge(), plan.Judge()
		for l := range int32(rows) {
			for r := range int32(rows) {
				fast.Look(l, r, 0)
				slow.Look(l, r, 0)
				if got, want := fast.Level(0), levelByTests(slow); got != want {
					rt.Fatalf("%s: level %d, one by one %d, of rows %d and %d", m.Description, got, want, l, r)
				}
			}
		}
	})
}

func levelByTests(j *Judge) int8 {
	for i, t := range j.plan.Comparisons[0].levels {
		if t == nil || t(&j.pair) {
			return int8(i)
		}
	}
	return -1
}
