package suggest

import (
	"cmp"
	"math"
	"slices"

	"tre/linkage/condition"
	"tre/linkage/model"
	"tre/linkage/records"
)

// pattern is a set of atoms on which matches agree, and how many do.
type pattern struct {
	atoms  uint64
	weight float64
}

// Matches are pairs of rows that are matches, or probably so.
type Matches struct {
	Left, Right []int32
	Probability []float64 // nil when they are known
}

func (m Matches) weight(i int) float64 {
	if m.Probability == nil {
		return 1
	}
	return m.Probability[i]
}

// patternsOf counts the patterns of matches. What agrees together is counted
// together, so that correlated columns do no harm.
func patternsOf(atoms []atom, m Matches) []pattern {
	weights := map[uint64]float64{}
	for i, l := range m.Left {
		var agree uint64
		for at := range atoms {
			if code := atoms[at].codes[l]; code >= 0 && code == atoms[at].codes[m.Right[i]] {
				agree |= 1 << at
			}
		}
		weights[agree] += m.weight(i)
	}
	return sorted(weights)
}

func sorted(weights map[uint64]float64) []pattern {
	patterns := make([]pattern, 0, len(weights))
	for atoms, weight := range weights {
		patterns = append(patterns, pattern{atoms, weight})
	}
	slices.SortFunc(patterns, func(a, b pattern) int { return cmp.Compare(a.atoms, b.atoms) })
	return patterns
}

// maximumPatterns bounds those expected of a model.
const maximumPatterns = 1 << 15

// patternsExpected are those a model expects of as many matches, were columns
// independent of one another given a match. An atom agrees when a level that
// implies it is reached and both records have the column; where only the whole
// column has a level, its m is what a part of it agrees with at least.
func patternsExpected(atoms []atom, m *model.Model, t *records.Table, matches float64) []pattern {
	patterns := []pattern{{0, matches}}
	for from := 0; from < len(atoms); {
		to := from + 1
		for to < len(atoms) && atoms[to].column == atoms[from].column {
			to++
		}
		patterns = times(patterns, outcomes(atoms, from, to, m, t))
		from = to
	}
	return patterns
}

// outcomes are the ways in which the atoms of one column agree: those that
// agree more often do so whenever a rarer one does.
func outcomes(atoms []atom, from, to int, m *model.Model, t *records.Table) []pattern {
	type chance struct {
		atom int
		p    float64
	}
	var chances []chance
	for at := from; at < to; at++ {
		chances = append(chances, chance{at, agreement(atoms, at, m, t)})
	}
	slices.SortStableFunc(chances, func(a, b chance) int { return cmp.Compare(b.p, a.p) })
	out := []pattern{{0, 1 - chances[0].p}}
	var agree uint64
	for i, c := range chances {
		agree |= 1 << c.atom
		next := 0.0
		if i+1 < len(chances) {
			next = chances[i+1].p
		}
		if c.p > next {
			out = append(out, pattern{agree, c.p - next})
		}
	}
	return out
}

// times combines independent outcomes, and lets go of the rarest when there are
// too many.
func times(a, b []pattern) []pattern {
	weights := map[uint64]float64{}
	for _, x := range a {
		for _, y := range b {
			weights[x.atoms|y.atoms] += x.weight * y.weight
		}
	}
	all := sorted(weights)
	if len(all) > maximumPatterns {
		slices.SortStableFunc(all, func(a, b pattern) int { return cmp.Compare(b.weight, a.weight) })
		all = all[:maximumPatterns]
		slices.SortFunc(all, func(a, b pattern) int { return cmp.Compare(a.atoms, b.atoms) })
	}
	return all
}

// agreement is the probability that a match agrees on an atom.
func agreement(atoms []atom, at int, m *model.Model, t *records.Table) float64 {
	implying := map[string]bool{bare(atoms[at].test.Args[0]): true}
	for _, finer := range atoms[at].finer {
		implying[bare(atoms[finer].test.Args[0])] = true
	}
	best := 0.0
	for i := range m.Comparisons {
		c := &m.Comparisons[i]
		sum := 0.0
		for level := range c.Levels {
			if test := c.Levels[level].Test; test != nil && implies(test, implying) {
				sum += c.M(level)
			}
		}
		best = max(best, sum)
	}
	column := t.Column(atoms[at].column)
	known := float64(column.Known) / float64(max(t.Rows, 1))
	return min(best, 1) * math.Pow(known, 2)
}

// implies says that a condition cannot hold unless one of the equalities does.
func implies(e *condition.Expr, equalities map[string]bool) bool {
	return slices.ContainsFunc(e.Conjuncts(), func(c *condition.Expr) bool { return equalities[equality(c)] })
}
