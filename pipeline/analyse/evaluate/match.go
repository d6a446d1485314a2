package evaluate

import (
	"math"
	"slices"
)

// Candidate is a person who may be matched.
type Candidate struct {
	Treated bool
	Score   float64 // treated and controls with near scores are alike
	Block   string  // only people of the same block are matched; "" for all
}

// Pair is a treated person and their control, as places in the candidates.
type Pair struct {
	Treated, Control int
	Distance         float64
}

// Match pairs each treated person with the nearest control nobody has taken, at
// most caliper away. The treated with the highest scores choose first, because
// they have the fewest controls near them. Equal scores and equal distances are
// settled by the order of the candidates. Pairs come in the order they were made.
func Match(people []Candidate, caliper float64) []Pair {
	blocks := map[string]*line{}
	for i := range people {
		if !people[i].Treated {
			b := blocks[people[i].Block]
			if b == nil {
				b = &line{}
				blocks[people[i].Block] = b
			}
			b.people = append(b.people, i)
		}
	}
	for _, b := range blocks {
		b.build(people)
	}
	var pairs []Pair
	for _, t := range treatedByScore(people) {
		b := blocks[people[t].Block]
		if b == nil {
			continue
		}
		if stop, distance := b.nearest(people[t].Score); distance <= caliper {
			pairs = append(pairs, Pair{t, b.take(stop), distance})
		}
	}
	return pairs
}

func treatedByScore(people []Candidate) []int {
	var treated []int
	for i := range people {
		if people[i].Treated {
			treated = append(treated, i)
		}
	}
	slices.SortStableFunc(treated, func(a, b int) int {
		switch {
		case people[a].Score > people[b].Score:
			return -1
		case people[a].Score < people[b].Score:
			return 1
		}
		return 0
	})
	return treated
}

// line holds the controls of a block at their scores. A stop is one score with
// everyone who has it; an emptied stop points past itself on either side.
type line struct {
	people      []int // by score, then in the order of the candidates
	scores      []float64
	first, end  []int // of a stop, in people
	left, right []int // the nearest stop this side that may not be empty; itself while it is not
}

func (l *line) build(people []Candidate) {
	slices.SortStableFunc(l.people, func(a, b int) int {
		switch {
		case people[a].Score < people[b].Score:
			return -1
		case people[a].Score > people[b].Score:
			return 1
		}
		return 0
	})
	for i, p := range l.people {
		if i == 0 || people[p].Score != l.scores[len(l.scores)-1] {
			l.left, l.right = append(l.left, len(l.scores)), append(l.right, len(l.scores))
			l.scores, l.first, l.end = append(l.scores, people[p].Score), append(l.first, i), append(l.end, i)
		}
		l.end[len(l.end)-1] = i + 1
	}
}

// nearest gives the stop nearest a score that still has someone, and how far it
// is; infinitely far when nobody is left.
func (l *line) nearest(score float64) (int, float64) {
	at, _ := slices.BinarySearch(l.scores, score)
	above, below := l.follow(l.right, at, len(l.scores)), l.follow(l.left, at-1, -1)
	best, distance := -1, math.Inf(1)
	if below >= 0 {
		best, distance = below, math.Abs(score-l.scores[below])
	}
	if above < len(l.scores) {
		switch d := math.Abs(score - l.scores[above]); {
		case d < distance:
			best, distance = above, d
		case d == distance && l.people[l.first[above]] < l.people[l.first[below]]:
			best = above
		}
	}
	return best, distance
}

// follow walks past emptied stops and shortens the way for the next one.
func (l *line) follow(way []int, at, beyond int) int {
	end := at
	for end != beyond && way[end] != end {
		end = way[end]
	}
	for at != beyond && at != end {
		at, way[at] = way[at], end
	}
	return end
}

func (l *line) take(stop int) int {
	person := l.people[l.first[stop]]
	if l.first[stop]++; l.first[stop] == l.end[stop] {
		l.left[stop], l.right[stop] = stop-1, stop+1
	}
	return person
}

// StandardisedDifference gives the difference of means over the square root of
// the mean of the two sample variances (Austin 2011). Below 0.1 on every
// variable is the usual target after matching. It is 0 for two constant, equal
// groups, and not a number for fewer than two people in either.
func StandardisedDifference(treated, controls []float64) float64 {
	if len(treated) < 2 || len(controls) < 2 {
		return math.NaN()
	}
	mt, vt := meanAndVariance(treated)
	mc, vc := meanAndVariance(controls)
	if mt == mc {
		return 0
	}
	return (mt - mc) / math.Sqrt((vt+vc)/2)
}

func meanAndVariance(values []float64) (mean, variance float64) {
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	for _, v := range values {
		variance += (v - mean) * (v - mean)
	}
	return mean, variance / float64(len(values)-1)
}
