package suggest

import (
	"cmp"
	"math"
	"slices"
)

// chooser picks rules among candidates.
type chooser struct {
	candidates []candidate
	patterns   []pattern
	budget     int64
	most       int     // rules
	least      float64 // matches a rule must add
	rounds     int     // of exchanging rules at the end
	tries      int     // candidates that are counted together with those chosen when none fits by itself
}

// choose gives the rules that find most matches within the budget, as far as
// greed can tell: the best of several greedy runs. One takes the rule of most
// matches a pair again and again; the others take the rule that finds most,
// among those of at most a share of the budget. At the end rules are exchanged,
// one for others, as long as that finds more.
//
// What rules find together is a monotone submodular function, so the greedy
// choice of k rules finds at least 1 - 1/e of what the best k would (Nemhauser,
// Wolsey and Fisher 1978), and the better of the run by ratio and the best
// single rule at least half of that share within a budget (Khuller, Moss and
// Naor 1999). In practice they are far closer.
func (c *chooser) choose() []candidate {
	best := c.withoutIdle(c.run(nil, c.budget, true))
	for share := int64(1); share <= 64; share *= 4 {
		best = c.better(best, c.withoutIdle(c.run(nil, c.budget/share, false)))
	}
	for range c.rounds {
		exchanged := c.exchange(best)
		if exchanged == nil {
			break
		}
		best = exchanged
	}
	slices.SortStableFunc(best, func(a, b candidate) int { return cmp.Compare(a.pairs, b.pairs) })
	return best
}

// better gives the rules that find more or, when both find the same, make fewer
// pairs.
func (c *chooser) better(a, b []candidate) []candidate {
	x, y := c.coverage(a), c.coverage(b)
	slack := 1e-9 * max(x, y)
	if y > x+slack || y >= x-slack && sum(b) < sum(a) {
		return b
	}
	return a
}

// exchange puts other rules in the place of one, if that finds more.
func (c *chooser) exchange(chosen []candidate) []candidate {
	finds := c.coverage(chosen)
	best := chosen
	for i := range chosen {
		rest := slices.Delete(slices.Clone(chosen), i, i+1)
		for _, share := range []int64{1, 4, 16} {
			best = c.better(best, c.withoutIdle(c.run(rest, c.budget/share, false)))
		}
		best = c.better(best, c.withoutIdle(c.run(rest, c.budget, true)))
	}
	if c.coverage(best) <= finds*(1+1e-9) {
		return nil
	}
	return best
}

func sum(chosen []candidate) int64 {
	var pairs int64
	for _, c := range chosen {
		pairs += c.pairs
	}
	return pairs
}

// run is one greedy run over the rules of at most so many pairs, after those
// chosen already. Pairs of
// several rules are paid for once: when nothing more fits, those chosen are
// counted together and what is left is spent.
func (c *chooser) run(chosen []candidate, largest int64, byRatio bool) []candidate {
	chosen = slices.Clone(chosen)
	open := slices.DeleteFunc(slices.Clone(c.patterns), func(p pattern) bool {
		return slices.ContainsFunc(chosen, func(r candidate) bool { return p.atoms&r.mask == r.mask })
	})
	spent, isCounted := union(chosen), true
	most := c.most
	if byRatio {
		most *= 4 // narrow rules come first, and go again when wider ones have what they find
	}
	for len(chosen) < most {
		next := c.best(open, min(largest, c.budget-spent), byRatio)
		if next < 0 && !isCounted {
			spent, isCounted = union(chosen), true
			continue
		}
		if next < 0 {
			if next = c.overlapping(chosen, open, largest); next < 0 {
				break
			}
		}
		picked := c.candidates[next]
		chosen = append(chosen, picked)
		spent, isCounted = min(spent+picked.pairs, c.budget), len(chosen) == 1
		open = slices.DeleteFunc(open, func(p pattern) bool { return p.atoms&picked.mask == picked.mask })
	}
	return chosen
}

// best gives the candidate that adds most, or most a pair; -1 when none fits.
func (c *chooser) best(open []pattern, room int64, byRatio bool) int {
	best, bestValue, bestGain := -1, 0.0, 0.0
	for i, candidate := range c.candidates {
		if candidate.pairs > room || candidate.finds < c.least || !byRatio && candidate.finds < bestValue {
			continue
		}
		gain := weightOf(open, candidate.mask)
		if gain < c.least {
			continue
		}
		value := gain
		if byRatio {
			value = gain / float64(candidate.pairs)
		}
		if best < 0 || value > bestValue || value == bestValue && (gain > bestGain || gain == bestGain && candidate.pairs < c.candidates[best].pairs) {
			best, bestValue, bestGain = i, value, gain
		}
	}
	return best
}

// overlapping gives the candidate that adds most of those that fit only because
// the rules chosen make many of its pairs already; -1 when there is none.
func (c *chooser) overlapping(chosen []candidate, open []pattern, largest int64) int {
	type option struct {
		at   int
		gain float64
	}
	var options []option
	for i, candidate := range c.candidates {
		if candidate.pairs > largest || candidate.finds < c.least {
			continue
		}
		if gain := weightOf(open, candidate.mask); gain >= c.least {
			options = append(options, option{i, gain})
		}
	}
	slices.SortStableFunc(options, func(a, b option) int { return cmp.Compare(b.gain, a.gain) })
	for _, o := range options[:min(len(options), c.tries)] {
		if union(append(slices.Clone(chosen), c.candidates[o.at])) <= c.budget {
			return o.at
		}
	}
	return -1
}

// withoutIdle takes rules away again: those that add next to nothing to the
// others, the least useful first, and then as many as are too many.
func (c *chooser) withoutIdle(chosen []candidate) []candidate {
	for len(chosen) > 1 {
		worst, adds := c.worst(chosen)
		if adds >= c.least && len(chosen) <= c.most {
			break
		}
		chosen = slices.Delete(chosen, worst, worst+1)
	}
	return chosen
}

// withoutLast takes the least useful rule away.
func (c *chooser) withoutLast(chosen []candidate) []candidate {
	worst, _ := c.worst(chosen)
	return slices.Delete(chosen, worst, worst+1)
}

// worst is the rule that adds least to the others; of several, the one of most
// pairs.
func (c *chooser) worst(chosen []candidate) (at int, adds float64) {
	at, adds = -1, math.Inf(1)
	for i := range chosen {
		if a := c.alone(chosen, i); a < adds || a == adds && chosen[i].pairs > chosen[at].pairs {
			at, adds = i, a
		}
	}
	return at, adds
}

// alone is what only one of the rules finds.
func (c *chooser) alone(chosen []candidate, at int) float64 {
	adds := 0.0
	for _, p := range c.patterns {
		if p.atoms&chosen[at].mask != chosen[at].mask {
			continue
		}
		if !slices.ContainsFunc(chosen, func(other candidate) bool {
			return other.mask != chosen[at].mask && p.atoms&other.mask == other.mask
		}) {
			adds += p.weight
		}
	}
	return adds
}

// coverage is what rules find together.
func (c *chooser) coverage(chosen []candidate) float64 {
	sum := 0.0
	for _, p := range c.patterns {
		if slices.ContainsFunc(chosen, func(r candidate) bool { return p.atoms&r.mask == r.mask }) {
			sum += p.weight
		}
	}
	return sum
}
