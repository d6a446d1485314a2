package portrait

import (
	"cmp"
	"math"
	"slices"

	"tre/linkage/records"
	"tre/linkage/score"
)

// complete counts the values of the columns that the model reads, by input.
func (p *painter) complete() {
	t := p.viewer.Table
	for _, name := range score.Columns(p.Model) {
		c := t.Column(name)
		if c == nil || c.Name == t.IDName {
			continue
		}
		counts := make([]Completeness, len(p.Sources))
		for i, source := range p.Sources {
			counts[i] = Completeness{Column: c.Name, Source: source}
		}
		seen := make([]bool, len(p.Sources)*c.Distinct())
		for row, code := range c.Codes {
			source := int(t.SourceOf(int32(row)))
			counts[source].Records++
			if code < 0 || isBlank(c, code) {
				continue
			}
			counts[source].Filled++
			if at := source*c.Distinct() + int(code); !seen[at] {
				seen[at] = true
				counts[source].Distinct++
			}
		}
		p.Completeness = append(p.Completeness, counts...)
	}
}

// isBlank says that a value is an empty text, which says nothing either.
func isBlank(c *records.Column, code int32) bool {
	return c.Kind == records.Text && c.Texts[code] == ""
}

// shownValues is how many values of a band are named, when they may be.
const shownValues = 3

// commonness finds what term frequencies add for common and for rare values.
func (p *painter) commonness() {
	done := map[string]bool{}
	for i := range p.Model.Comparisons {
		c := &p.Model.Comparisons[i]
		for level := range c.Levels {
			if !c.Adjusts(level) {
				continue
			}
			tf := c.Levels[level].TermFrequency
			column := p.viewer.Table.Column(tf.Column)
			if column == nil || column.Distinct() == 0 || done[column.Name] {
				continue
			}
			done[column.Name] = true
			exact := math.Log2(max(c.UExact(level), 1e-300))
			adjustment := func(code int32) float64 {
				return tf.Weight * (exact - math.Log2(max(column.Frequency(code), tf.MinimumU)))
			}
			p.Frequencies = append(p.Frequencies, Frequency{column.Name, p.frequencyBands(column, adjustment)})
		}
	}
}

// frequencyBands groups values by how many records hold them, in powers of ten,
// most common first.
func (p *painter) frequencyBands(c *records.Column, adjustment func(int32) float64) []FrequencyBand {
	var bands []FrequencyBand
	examples := map[int][]int32{}
	power := func(n int32) int { return int(math.Log10(float64(n)) + 1e-9) }
	for code := range int32(c.Distinct()) {
		if c.Counts[code] == 0 {
			continue
		}
		at := power(c.Counts[code])
		for len(bands) <= at {
			from := int64(math.Round(math.Pow10(len(bands))))
			bands = append(bands, FrequencyBand{From: from, To: 10*from - 1, Low: math.Inf(1), High: math.Inf(-1)})
		}
		b := &bands[at]
		b.Values++
		b.Low, b.High = min(b.Low, adjustment(code)), max(b.High, adjustment(code))
		examples[at] = keepMostCommon(c, examples[at], code)
	}
	for at := range bands {
		if p.in.Values {
			for _, code := range examples[at] {
				bands[at].Shown = append(bands[at].Shown, valueOfCode(c, code))
			}
		}
	}
	slices.Reverse(bands)
	return slices.DeleteFunc(bands, func(b FrequencyBand) bool { return b.Values == 0 })
}

func keepMostCommon(c *records.Column, kept []int32, code int32) []int32 {
	kept = append(kept, code)
	slices.SortFunc(kept, func(a, b int32) int { return cmp.Or(cmp.Compare(c.Counts[b], c.Counts[a]), cmp.Compare(a, b)) })
	return kept[:min(len(kept), shownValues)]
}
