package links_test

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/linkage/train"
)

// train estimates the parameters from every pair: counts for the prior and u,
// expectation-maximisation pair by pair for m. It says false where there is
// nothing to train on.
func (o *oracle) train(t rapid.TB, db *duck.DB, plan *train.Plan) bool {
	t.Helper()
	if !o.estimatePrior(t, db, plan) {
		return false
	}
	shares := o.estimateU()
	switch {
	case plan.M.LabelColumn != "":
		if !o.fromLabels(t, db, plan.M.LabelColumn) {
			return false
		}
	default:
		estimates := map[[2]int][]float64{}
		for _, rule := range plan.EM {
			if !o.session(t, db, rule, estimates) {
				return false
			}
		}
	}
	if !plan.U.KeepMatches {
		o.takeMatchesOut(shares)
	}
	return true
}

func (o *oracle) estimatePrior(t rapid.TB, db *duck.DB, plan *train.Plan) bool {
	t.Helper()
	if plan.Prior.Probability > 0 {
		o.model.Prior = plan.Prior.Probability
		return true
	}
	if len(plan.Prior.DeterministicRules) == 0 {
		return true
	}
	union := map[[2]int]bool{}
	for _, rule := range plan.Prior.DeterministicRules {
		for pair := range o.of(t, db, ruleJSON{SQL: rule}) {
			union[pair] = true
		}
	}
	o.model.Prior = float64(len(union)) / plan.Prior.Recall / float64(len(o.pairs))
	return o.model.Prior > 0 && o.model.Prior < 1
}

// estimateU counts levels over all pairs and gives their shares.
func (o *oracle) estimateU() [][]float64 {
	all := make([][]float64, len(o.model.Comparisons))
	for i, c := range o.model.Comparisons {
		all[i] = o.shares(i, o.pairs)
		for level := range c.Levels {
			if l := &c.Levels[level]; all[i][level] > 0 && !l.FixU {
				u := all[i][level]
				l.U = &u
			}
		}
	}
	return all
}

// shares of the pairs at each level of a comparison, null levels left out.
func (o *oracle) shares(i int, pairs []*oraclePair) []float64 {
	levels := o.model.Comparisons[i].Levels
	shares := make([]float64, len(levels))
	known := 0.0
	for _, p := range pairs {
		if level := p.levels[i]; !levels[level].IsNull {
			shares[level]++
			known++
		}
	}
	for level := range shares {
		shares[level] /= max(known, 1)
	}
	return shares
}

func (o *oracle) fromLabels(t rapid.TB, db *duck.DB, column string) bool {
	t.Helper()
	pairs := o.chosen(o.of(t, db, ruleJSON{SQL: "l." + column + " = r." + column}))
	for i, c := range o.model.Comparisons {
		shares := o.shares(i, pairs)
		for level := range c.Levels {
			if l := &c.Levels[level]; shares[level] > 0 && !l.FixM {
				l.M = &shares[level]
			}
		}
	}
	return len(pairs) > 0
}

func (o *oracle) chosen(which map[[2]int]bool) []*oraclePair {
	var pairs []*oraclePair
	for _, p := range o.pairs {
		if which[[2]int{p.l, p.r}] {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

var (
	levelColumn = regexp.MustCompile(`\b(\w+?)_[lr]\b`)
	ruleColumn  = regexp.MustCompile(`\b[lr]\."?(\w+)"?`)
	levelExact  = regexp.MustCompile(`^\(?"(\w+)_l" = "(\w+)_r"\)?$`)
	ruleExact   = regexp.MustCompile(`^\(?[lr]\."?(\w+)"? = [lr]\."?(\w+)"?\)?$`)
)

// exact gives the columns of a condition that is equalities of columns and
// nothing else.
func exact(sql string, equality *regexp.Regexp) (columns []string, all bool) {
	all = true
	if strings.Contains(sql, " OR ") {
		return nil, false
	}
	for _, part := range strings.Split(sql, " AND ") {
		if found := equality.FindStringSubmatch(part); found != nil && found[1] == found[2] {
			columns = append(columns, found[1])
		} else {
			all = false
		}
	}
	return columns, all
}

func (c comparisonJSON) reads(columns [][]string) bool {
	for _, l := range c.Levels {
		for _, mine := range levelColumn.FindAllStringSubmatch(l.SQL, -1) {
			if slices.ContainsFunc(columns, func(theirs []string) bool { return theirs[1] == mine[1] }) {
				return true
			}
		}
	}
	return false
}

// session is one run of expectation-maximisation over the pairs of a rule.
func (o *oracle) session(t rapid.TB, db *duck.DB, rule string, estimates map[[2]int][]float64) bool {
	t.Helper()
	pairs := o.chosen(o.of(t, db, ruleJSON{SQL: rule}))
	columns := ruleColumn.FindAllStringSubmatch(rule, -1)
	var trained []int
	for i, c := range o.model.Comparisons {
		if !c.reads(columns) {
			trained = append(trained, i)
		}
	}
	if len(pairs) == 0 || len(trained) == 0 {
		return false
	}
	m := o.maximise(pairs, trained, o.startingLambda(rule))
	for at, i := range trained {
		for level := range m[at] {
			l := &o.model.Comparisons[i].Levels[level]
			isSeen := slices.ContainsFunc(pairs, func(p *oraclePair) bool { return p.levels[i] == level })
			if l.IsNull || l.FixM || !isSeen {
				continue
			}
			key := [2]int{i, level}
			estimates[key] = append(estimates[key], m[at][level])
			sorted := slices.Sorted(slices.Values(estimates[key]))
			middle := (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
			l.M = &middle
		}
	}
	return true
}

// startingLambda raises the prior by the exact matches that the rule asks for.
func (o *oracle) startingLambda(rule string) float64 {
	open, _ := exact(rule, ruleExact)
	odds := o.model.Prior / (1 - o.model.Prior)
	for size := 9; size > 0; size-- {
		for _, c := range o.model.Comparisons {
			for level, l := range c.Levels {
				columns, all := exact(l.SQL, levelExact)
				if !all || len(columns) != size || slices.ContainsFunc(columns, func(name string) bool { return !slices.Contains(open, name) }) {
					continue
				}
				odds *= math.Pow(2, c.weight(level))
				open = slices.DeleteFunc(slices.Clone(open), func(name string) bool { return slices.Contains(columns, name) })
			}
		}
	}
	return odds / (1 + odds)
}

// maximise runs to convergence and gives m by comparison and level.
func (o *oracle) maximise(pairs []*oraclePair, trained []int, lambda float64) [][]float64 {
	m := make([][]float64, len(trained))
	for at, i := range trained {
		for level := range o.model.Comparisons[i].Levels {
			m[at] = append(m[at], 0)
			if !o.model.Comparisons[i].Levels[level].IsNull {
				m[at][level] = o.model.Comparisons[i].m(level)
			}
		}
	}
	for range o.model.Iterations {
		expected := make([]float64, len(pairs))
		total := 0.0
		for n, p := range pairs {
			expected[n] = o.posterior(p, trained, m, lambda)
			total += expected[n]
		}
		change := math.Abs(total/float64(len(pairs)) - lambda)
		lambda = total / float64(len(pairs))
		for at, i := range trained {
			change = max(change, o.newM(m[at], i, pairs, expected))
		}
		if change < o.model.Convergence {
			break
		}
	}
	return m
}

func (o *oracle) posterior(p *oraclePair, trained []int, m [][]float64, lambda float64) float64 {
	match, other := lambda, 1-lambda
	for at, i := range trained {
		c := o.model.Comparisons[i]
		if level := p.levels[i]; !c.Levels[level].IsNull {
			match *= max(m[at][level], 1e-300)
			other *= max(c.u(level), 1e-300)
		}
	}
	return match / (match + other)
}

// newM sets m of one comparison, and tells the largest change. A level that no
// pair shows counts as 1e-6.
func (o *oracle) newM(m []float64, i int, pairs []*oraclePair, expected []float64) (change float64) {
	sums, seen, known := make([]float64, len(m)), make([]bool, len(m)), 0.0
	for n, p := range pairs {
		if level := p.levels[i]; !o.model.Comparisons[i].Levels[level].IsNull {
			sums[level] += expected[n]
			known += expected[n]
			seen[level] = true
		}
	}
	for level, l := range o.model.Comparisons[i].Levels {
		if l.IsNull || l.FixM || known == 0 {
			continue
		}
		now := 1e-6
		if seen[level] {
			now = sums[level] / known
		}
		change = max(change, math.Abs(now-m[level]))
		m[level] = now
	}
	return change
}

// takeMatchesOut leaves of the share of all pairs what does not match; at least
// a tenth.
func (o *oracle) takeMatchesOut(shares [][]float64) {
	for i, c := range o.model.Comparisons {
		for level := range c.Levels {
			l, all := &c.Levels[level], shares[i][level]
			if l.IsNull || l.FixU || l.M == nil || all == 0 {
				continue
			}
			u := max((all-o.model.Prior**l.M)/(1-o.model.Prior), all/10)
			l.U = &u
		}
	}
}
