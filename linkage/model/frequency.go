package model

import (
	"slices"
	"strings"
)

// adjusts says whether term frequencies change a level's weight: never for
// ELSE and null levels.
func (c *Comparison) adjusts(level int) bool {
	l := &c.Levels[level]
	return l.TermFrequency != nil && l.TermFrequency.Weight != 0 && !l.IsElse && !l.IsNull
}

// Adjusts says whether term frequencies change the weight of a level.
func (c *Comparison) Adjusts(level int) bool { return c.adjusts(level) }

// ExactMatchLevelFor gives the index of the first level whose condition says
// that a column is the same on both sides and nothing else; -1 when there is
// none. Case does not matter, as in Splink.
func (c *Comparison) ExactMatchLevelFor(column string) int {
	return slices.IndexFunc(c.Levels, func(l Level) bool {
		if l.Test == nil {
			return false
		}
		columns := l.Test.ExactMatch()
		return len(columns) == 1 && strings.EqualFold(columns[0], column)
	})
}

// UExact gives the u probability that term frequencies of a level are compared
// with: that of the exact match on the level's adjustment column, or the
// level's own when detection is disabled or no level is the exact match. The
// level must have a TermFrequency.
func (c *Comparison) UExact(level int) float64 {
	t := c.Levels[level].TermFrequency
	if !t.DisableExactMatchDetection {
		if exact := c.ExactMatchLevelFor(t.Column); exact >= 0 {
			return c.U(exact)
		}
	}
	return c.U(level)
}

// TermFrequencyColumns gives the columns whose value frequencies the model
// needs, in the order of its comparisons.
func (m *Model) TermFrequencyColumns() []string {
	var columns []string
	for i := range m.Comparisons {
		for _, l := range m.Comparisons[i].Levels {
			if t := l.TermFrequency; t != nil && !containsFold(columns, t.Column) {
				columns = append(columns, t.Column)
			}
		}
	}
	return columns
}
