package model

import "math"

// smallest is the probability below which m and u are raised, so that no
// weight is infinite.
const smallest = 1e-300

// DefaultM gives the m probabilities of an untrained comparison with a number
// of levels that are not null, the highest gamma first: 0.95 for the first,
// the rest shared evenly.
func DefaultM(levels int) []float64 {
	m := make([]float64, levels)
	for i := range m {
		m[i] = 0.05 / float64(max(levels-1, 1))
	}
	if levels > 0 {
		m[0] = 0.95
	}
	return m
}

// DefaultU gives the u probabilities of an untrained comparison, the highest
// gamma first: m / 2^w with weight 10 for the first level and a straight line
// from 3 down to -5 for the others.
func DefaultU(levels int) []float64 {
	u := DefaultM(levels)
	for i := range u {
		u[i] /= math.Exp2(defaultWeight(i, levels))
	}
	return u
}

func defaultWeight(i, levels int) float64 {
	switch {
	case i == 0:
		return 10
	case levels == 2:
		return -5
	}
	return 3 - 8*float64(i-1)/float64(levels-2)
}

// M gives the m probability of a level, the default when it was never
// estimated, and 0 for a null level.
func (c *Comparison) M(level int) float64 { return c.probability(level, c.Levels[level].M, DefaultM) }

// U gives the u probability of a level, the default when it was never
// estimated, and 0 for a null level.
func (c *Comparison) U(level int) float64 { return c.probability(level, c.Levels[level].U, DefaultU) }

func (c *Comparison) probability(level int, estimate *float64, defaults func(int) []float64) float64 {
	switch {
	case c.Levels[level].IsNull:
		return 0
	case estimate != nil:
		return *estimate
	}
	levels := len(c.NonNull())
	return defaults(levels)[levels-1-c.Gamma(level)]
}

// Weight gives the match weight of a level, log2(m/u), with m and u of at
// least 1e-300; 0 for a null level.
func (c *Comparison) Weight(level int) float64 {
	if c.Levels[level].IsNull {
		return 0
	}
	return math.Log2(max(c.M(level), smallest)) - math.Log2(max(c.U(level), smallest))
}

// PriorWeight gives the match weight a pair starts with.
func (m *Model) PriorWeight() float64 { return WeightOf(m.Prior) }

// ProbabilityOf gives the match probability of a match weight.
func ProbabilityOf(weight float64) float64 {
	if weight < 0 {
		odds := math.Exp2(weight)
		return odds / (1 + odds)
	}
	return 1 / (1 + math.Exp2(-weight))
}

// WeightOf gives the match weight of a match probability: the log2 of its
// odds, infinite for 0 and 1.
func WeightOf(probability float64) float64 {
	return (math.Log(probability) - math.Log1p(-probability)) / math.Ln2
}
