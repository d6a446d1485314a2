package train

import (
	"context"
	"slices"
	"sync"

	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/records"
)

// population is how often each value of a column occurs, in all and by input,
// and with it how many pairs of records stand behind a pair of values.
type population struct {
	all    []int64
	within [][]int64 // by input: only for a linkage between inputs, whose own pairs do not count
}

func newPopulation(t *records.Table, c *records.Column, link model.LinkType) population {
	p := population{all: make([]int64, c.Distinct())}
	for code, n := range c.Counts {
		p.all[code] = int64(n)
	}
	if link != model.LinkOnly || !t.Several() {
		return p
	}
	p.within = make([][]int64, len(t.Sources))
	for source := range p.within {
		p.within[source] = make([]int64, c.Distinct())
	}
	for row, code := range c.Codes {
		if code >= 0 {
			p.within[t.Source[row]][code]++
		}
	}
	return p
}

// without gives the population of the values that are not left out.
func (p population) without(leftOut []bool) population {
	clear := func(counts []int64) []int64 {
		counts = slices.Clone(counts)
		for value, isOut := range leftOut {
			if isOut {
				counts[value] = 0
			}
		}
		return counts
	}
	out := population{all: clear(p.all)}
	for _, counts := range p.within {
		out.within = append(out.within, clear(counts))
	}
	return out
}

// between is the number of pairs of records with one of two different values
// each.
func (p population) between(a, b int32) int64 {
	n := p.all[a] * p.all[b]
	for _, counts := range p.within {
		n -= counts[a] * counts[b]
	}
	return n
}

// pairs is the number of pairs of records among those of some values: of all,
// if of is nil. Values are given as runs that count as one, by key; a negative
// key counts for nothing.
func (p population) pairs(key []int32) int64 {
	n := pairsWithin(p.all, key)
	for _, counts := range p.within {
		n -= pairsWithin(counts, key)
	}
	return n
}

func pairsWithin(counts []int64, key []int32) int64 {
	sums := map[int32]int64{}
	var total int64
	for value, n := range counts {
		k := int32(0)
		if key != nil {
			k = key[value]
		}
		if k >= 0 && n > 0 {
			before := sums[k]
			total += before*n + n*(n-1)/2
			sums[k] = before + n
		}
	}
	return total
}

// near is the number of pairs of records that agree on a key and whose numbers
// differ by at most a limit.
func (p population) near(key []int32, of compare.LevelShape) int64 {
	n := pairsNear(p.all, key, of)
	for _, counts := range p.within {
		n -= pairsNear(counts, key, of)
	}
	return n
}

func pairsNear(counts []int64, key []int32, of compare.LevelShape) int64 {
	var values []int32
	for value := range int32(len(counts)) {
		if counts[value] > 0 && of.Known[value] && (key == nil || key[value] >= 0) {
			values = append(values, value)
		}
	}
	keyOf := func(value int32) int32 {
		if key == nil {
			return 0
		}
		return key[value]
	}
	slices.SortFunc(values, func(a, b int32) int {
		if keyOf(a) != keyOf(b) {
			return int(keyOf(a)) - int(keyOf(b))
		}
		switch {
		case of.Numbers[a] < of.Numbers[b]:
			return -1
		case of.Numbers[a] > of.Numbers[b]:
			return 1
		}
		return int(a) - int(b)
	})
	var total, inWindow int64
	from := 0
	for _, value := range values {
		for keyOf(values[from]) != keyOf(value) || of.Numbers[value]-of.Numbers[values[from]] > of.Limit {
			inWindow -= counts[values[from]]
			from++
		}
		n := counts[value]
		total += inWindow*n + n*(n-1)/2
		inWindow += n
	}
	return total
}

// exactly counts, for every level of a comparison, the pairs of records at it,
// from the frequencies of values: no pair of records is looked at.
//
// Levels of equality and of ranges of numbers are counted by groups and windows,
// each union by inclusion and exclusion. Similar texts are found by a join; the
// pairs found are judged one by one and taken out of the groups and windows they
// were counted in.
func exactly(ctx context.Context, plan *compare.Plan, at int, shape *compare.Shape, p population, workers int, joins *sync.Mutex) ([]int64, error) {
	p = p.without(shape.IsNull)
	counts := denseCounts(shape, p)
	var sparse []int
	for level := range shape.Levels {
		if shape.Levels[level].Kind == compare.ShapeNear {
			sparse = append(sparse, level)
		}
	}
	if len(sparse) == 0 {
		return counts, nil
	}
	joins.Lock()
	defer joins.Unlock()
	found, err := joined(ctx, plan, at, shape, sparse, p, workers)
	if err != nil {
		return nil, err
	}
	for level, n := range found {
		counts[level] += n
	}
	return counts, nil
}

// denseCounts counts pairs by the levels that groups and windows decide, as if
// no two texts were similar.
func denseCounts(shape *compare.Shape, p population) []int64 {
	counts := make([]int64, len(shape.Levels))
	var before []compare.LevelShape
	covered := int64(0)
	for level, l := range shape.Levels {
		switch l.Kind {
		case compare.ShapeElse:
			counts[level] = p.pairs(nil) - covered
		case compare.ShapeEqual, compare.ShapeRange:
			before = append(before, l)
			union := unionOf(before, p)
			counts[level] = union - covered
			covered = union
		}
	}
	return counts
}

// unionOf counts pairs that satisfy any of some conditions, by inclusion and
// exclusion. Conditions that contain one another cut the sum short.
func unionOf(conditions []compare.LevelShape, p population) int64 {
	conditions = maximal(conditions)
	var total int64
	for subset := 1; subset < 1<<len(conditions); subset++ {
		sign := int64(-1)
		var chosen []compare.LevelShape
		for i, c := range conditions {
			if subset>>i&1 == 1 {
				chosen = append(chosen, c)
				sign = -sign
			}
		}
		total += sign * intersectionOf(chosen, p)
	}
	return total
}

// maximal leaves out ranges within wider ranges of the same numbers.
func maximal(conditions []compare.LevelShape) []compare.LevelShape {
	var kept []compare.LevelShape
	for i, c := range conditions {
		isWithin := slices.ContainsFunc(conditions[i+1:], func(wider compare.LevelShape) bool { return isWithin(c, wider) })
		if !isWithin {
			kept = append(kept, c)
		}
	}
	return kept
}

// isWithin says that every pair that satisfies a condition satisfies another.
func isWithin(c, wider compare.LevelShape) bool {
	switch {
	case c.Kind == compare.ShapeRange && wider.Kind == compare.ShapeRange:
		return c.Limit <= wider.Limit && slices.Equal(c.Numbers, wider.Numbers) && slices.Equal(c.Known, wider.Known)
	case c.Kind == compare.ShapeEqual && wider.Kind == compare.ShapeEqual:
		return refines(c.Key, wider.Key)
	case c.Kind == compare.ShapeEqual && wider.Kind == compare.ShapeRange:
		return refinesNumbers(c.Key, wider)
	}
	return false
}

// refines says that values with equal keys have equal keys of the other kind.
func refines(key, other []int32) bool {
	seen := map[int32]int32{}
	for value, k := range key {
		if k < 0 {
			continue
		}
		if before, ok := seen[k]; (ok && before != other[value]) || other[value] < 0 {
			return false
		}
		seen[k] = other[value]
	}
	return true
}

func refinesNumbers(key []int32, wider compare.LevelShape) bool {
	seen := map[int32]float64{}
	for value, k := range key {
		if k < 0 {
			continue
		}
		if before, ok := seen[k]; (ok && before != wider.Numbers[value]) || !wider.Known[value] {
			return false
		}
		seen[k] = wider.Numbers[value]
	}
	return true
}

// intersectionOf counts pairs that satisfy all of some conditions: equal on
// every key, and within the narrowest range.
func intersectionOf(conditions []compare.LevelShape, p population) int64 {
	var key []int32
	var narrow *compare.LevelShape
	for i := range conditions {
		c := &conditions[i]
		switch {
		case c.Kind == compare.ShapeEqual:
			key = together(key, c.Key)
		case narrow == nil || c.Limit < narrow.Limit:
			narrow = c
		}
	}
	if narrow == nil {
		return p.pairs(key)
	}
	return p.near(key, *narrow)
}

// together numbers the combinations of two keys.
func together(a, b []int32) []int32 {
	if a == nil {
		return b
	}
	numbers := map[[2]int32]int32{}
	out := make([]int32, len(a))
	for value := range a {
		if a[value] < 0 || b[value] < 0 {
			out[value] = -1
			continue
		}
		both := [2]int32{a[value], b[value]}
		if _, ok := numbers[both]; !ok {
			numbers[both] = int32(len(numbers))
		}
		out[value] = numbers[both]
	}
	return out
}

// canCount says that missing values have a level of their own, since they are
// not counted, and that the shape's ranges are all of the same numbers, which
// intersections of windows need.
func canCount(shape *compare.Shape) bool {
	if shape.Levels[0].Kind != compare.ShapeNull {
		return false
	}
	var first *compare.LevelShape
	for i := range shape.Levels {
		l := &shape.Levels[i]
		if l.Kind != compare.ShapeRange {
			continue
		}
		if first != nil && (!slices.Equal(first.Numbers, l.Numbers) || !slices.Equal(first.Known, l.Known)) {
			return false
		}
		first = l
	}
	return true
}
