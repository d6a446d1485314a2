package train

import (
	"math"

	"tre/linkage/condition"
	"tre/linkage/model"
)

// Session is the history of one run of expectation-maximisation.
type Session struct {
	Rule        string      `json:"rule"`
	Pairs       float64     `json:"pairs"`
	Comparisons []string    `json:"comparisons"` // trained here
	LeftOut     []string    `json:"left_out"`    // comparisons that read a column of the rule
	Iterations  []Iteration `json:"iterations"`  // the first holds the values at the start
	Converged   bool        `json:"converged"`
}

// Iteration is the state after one round.
type Iteration struct {
	Lambda float64     `json:"lambda"` // share of the session's pairs that match
	Change float64     `json:"change"` // the largest change of any parameter
	M      [][]float64 `json:"m"`      // by comparison of the session and level; -1 for null levels
}

// session is what expectation-maximisation works on.
type session struct {
	model       *model.Model
	comparisons []int
	patterns    []pattern
	lambda      float64
	m, u        [][]float64 // by comparison of the session and level
	seen        [][]bool    // levels that any pair had
}

// notSeen is the probability a level without a single pair has while a session
// runs.
const notSeen = 1e-6

func newSession(m *model.Model, rule *condition.Expr, comparisons []int, patterns []pattern) *session {
	s := &session{model: m, comparisons: comparisons, patterns: patterns, lambda: startingLambda(m, rule.Names(), rule)}
	for _, at := range comparisons {
		c := &m.Comparisons[at]
		ms, us := make([]float64, len(c.Levels)), make([]float64, len(c.Levels))
		for level := range c.Levels {
			ms[level], us[level] = c.M(level), c.U(level)
		}
		s.m, s.u = append(s.m, ms), append(s.u, us)
		s.seen = append(s.seen, make([]bool, len(c.Levels)))
	}
	for _, p := range patterns {
		for i, level := range p.levels {
			s.seen[i][level] = true
		}
	}
	return s
}

// startingLambda is the prior raised by what the rule's equalities say: the
// weights of the exact matches whose columns all lie in the rule. The levels
// that cover most columns come first and use them up.
func startingLambda(m *model.Model, columns []string, rule *condition.Expr) float64 {
	open := map[string]bool{}
	for _, conjunct := range rule.Conjuncts() {
		for _, column := range conjunct.ExactMatch() {
			open[column] = true
		}
	}
	weight := m.PriorWeight()
	for size := len(columns); size > 0; size-- {
		for i := range m.Comparisons {
			for level, l := range m.Comparisons[i].Levels {
				if l.Test == nil {
					continue
				}
				exact := l.Test.ExactMatch()
				if len(exact) != size || !allOpen(open, exact) {
					continue
				}
				weight += m.Comparisons[i].Weight(level)
				for _, column := range exact {
					delete(open, column)
				}
			}
		}
	}
	return model.ProbabilityOf(weight)
}

func allOpen(open map[string]bool, columns []string) bool {
	for _, column := range columns {
		if !open[column] {
			return false
		}
	}
	return true
}

// run iterates until no parameter moves by more than the model's limit.
func (s *session) run(history *Session) {
	history.Iterations = append(history.Iterations, s.state(0))
	for range s.model.MaxIterations {
		change := s.round()
		history.Iterations = append(history.Iterations, s.state(change))
		if change < s.model.EMConvergence {
			history.Converged = true
			return
		}
	}
}

// round is one expectation step and one maximisation step.
func (s *session) round() (change float64) {
	sums := make([][]float64, len(s.m))
	for i := range sums {
		sums[i] = make([]float64, len(s.m[i]))
	}
	var matches, pairs float64
	for _, p := range s.patterns {
		expected := p.pairs * s.probability(p)
		matches += expected
		pairs += p.pairs
		for i, level := range p.levels {
			sums[i][level] += expected
		}
	}
	lambda := matches / pairs
	change = math.Abs(lambda - s.lambda)
	s.lambda = lambda
	for i, at := range s.comparisons {
		change = max(change, s.maximise(i, &s.model.Comparisons[at], sums[i]))
	}
	return change
}

// maximise sets m of one comparison from the expected matches at each level;
// null levels count for nothing.
func (s *session) maximise(i int, c *model.Comparison, sums []float64) (change float64) {
	var known float64
	for level, sum := range sums {
		if !c.Levels[level].IsNull {
			known += sum
		}
	}
	for level, sum := range sums {
		if c.Levels[level].IsNull || c.Levels[level].FixM || known == 0 {
			continue
		}
		m := sum / known
		if !s.seen[i][level] {
			m = notSeen
		}
		change = max(change, math.Abs(m-s.m[i][level]))
		s.m[i][level] = m
	}
	return change
}

// probability that a pair of a pattern matches.
func (s *session) probability(p pattern) float64 {
	weight := model.WeightOf(s.lambda)
	for i, level := range p.levels {
		if s.model.Comparisons[s.comparisons[i]].Levels[level].IsNull {
			continue
		}
		weight += math.Log2(max(s.m[i][level], 1e-300)) - math.Log2(max(s.u[i][level], 1e-300))
	}
	return model.ProbabilityOf(weight)
}

func (s *session) state(change float64) Iteration {
	state := Iteration{Lambda: s.lambda, Change: change}
	for i, at := range s.comparisons {
		m := make([]float64, len(s.m[i]))
		for level := range m {
			m[level] = s.m[i][level]
			if s.model.Comparisons[at].Levels[level].IsNull {
				m[level] = -1
			}
		}
		state.M = append(state.M, m)
	}
	return state
}
