package train

import (
	"fmt"
	"math"
)

// Warning is something about a trained model that its user should know.
type Warning struct {
	Kind       string `json:"kind"` // not trained, not seen, not monotone, correlated, not converged, slow
	Comparison string `json:"comparison"`
	Level      string `json:"level,omitempty"`
	Message    string `json:"message"`
}

func (t *trainer) warnings() []Warning {
	var found []Warning
	for i := range t.Model.Comparisons {
		found = append(found, t.levelWarnings(i)...)
	}
	for _, s := range t.history.Sessions {
		if !s.Converged {
			found = append(found, Warning{Kind: "not converged", Message: fmt.Sprintf("training rule %s stopped after %d rounds", s.Rule, len(s.Iterations)-1)})
		}
	}
	for _, s := range t.plan.Slow {
		found = append(found, Warning{Kind: "slow", Comparison: s.Comparison, Level: s.Level, Message: "DuckDB evaluates this condition, which is slow: " + s.Reason})
	}
	return append(found, t.correlated...)
}

// levelWarnings tells of levels without an estimate, and of levels that weigh
// more than a better one.
func (t *trainer) levelWarnings(i int) []Warning {
	c := &t.Model.Comparisons[i]
	var found []Warning
	add := func(kind string, level int, message string) {
		found = append(found, Warning{Kind: kind, Comparison: c.Name, Level: c.Levels[level].Label, Message: message})
	}
	best := math.Inf(1)
	for level := range c.Levels {
		l := &c.Levels[level]
		if l.IsNull {
			continue
		}
		if l.M == nil {
			add("not trained", level, "no pair of matches showed this level: m keeps its default")
		}
		if l.U == nil {
			add("not seen", level, "no random pair showed this level: u keeps its default")
		}
		if l.M == nil || l.U == nil {
			continue
		}
		if weight := c.Weight(level); weight > best+1e-9 {
			add("not monotone", level, "this level weighs more than a better one: the levels overlap, or one is rare")
		} else {
			best = weight
		}
	}
	return found
}

// correlationLimit is how far two comparisons may depend on each other among
// pairs that do not match before a warning.
const correlationLimit = 0.2

// correlations warns of comparisons that agree together more often than their
// being independent allows, among the pairs of a session that do not match.
func (s *session) correlations(rule string) []Warning {
	n := len(s.comparisons)
	var total float64
	single := make([]float64, n)
	joint := make([][]float64, n)
	for i := range joint {
		joint[i] = make([]float64, n)
	}
	for _, p := range s.patterns {
		weight := p.pairs * (1 - s.probability(p))
		total += weight
		for i := range n {
			if !s.agrees(i, p.levels[i]) {
				continue
			}
			single[i] += weight
			for j := range i {
				if s.agrees(j, p.levels[j]) {
					joint[i][j] += weight
				}
			}
		}
	}
	var found []Warning
	for i := range n {
		for j := range i {
			if phi := correlation(joint[i][j], single[i], single[j], total); phi > correlationLimit {
				a, b := s.model.Comparisons[s.comparisons[j]].Name, s.model.Comparisons[s.comparisons[i]].Name
				found = append(found, Warning{Kind: "correlated", Comparison: a + ", " + b,
					Message: fmt.Sprintf("they agree together among pairs that do not match (correlation %.2f, rule %s): their weights count some evidence twice", phi, rule)})
			}
		}
	}
	return found
}

// agrees says that a level is the best of its comparison.
func (s *session) agrees(i int, level int8) bool {
	c := &s.model.Comparisons[s.comparisons[i]]
	return !c.Levels[level].IsNull && c.Gamma(int(level)) == len(c.NonNull())-1
}

// correlation is Pearson's of two events (phi); 0 where either always or never
// happens.
func correlation(both, a, b, total float64) float64 {
	if total <= 0 {
		return 0
	}
	pa, pb := a/total, b/total
	spread := pa * (1 - pa) * pb * (1 - pb)
	if spread <= 1e-12 {
		return 0
	}
	return (both/total - pa*pb) / math.Sqrt(spread)
}
