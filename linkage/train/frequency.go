package train

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/records"
	kernel "tre/linkage/similarity"
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

// joined finds the pairs of values that are similar in any way the shape asks
// for. Each is counted at the level it truly has, and taken from the level it
// has if similarities are left out of account.
func joined(ctx context.Context, plan *compare.Plan, at int, shape *compare.Shape, sparse []int, p population, workers int) ([]int64, error) {
	nears, least := distinctNears(shape, sparse)
	if len(nears) == 1 && p.within == nil && isPlain(shape, nears[0]) {
		return tallied(ctx, shape, nears[0], p, workers)
	}
	judges := make([]*sparseJudge, workers)
	for w := range judges {
		judges[w] = &sparseJudge{judge: plan.Judge(), comparison: at, shape: shape, population: p, counts: make([]int64, len(shape.Levels))}
	}
	for n, near := range nears {
		values, earlier := valuesByText(near), nears[:n]
		visit := func(worker int, a, b int32) {
			for _, x := range values[a] {
				for _, y := range values[b] {
					judges[worker].add(x, y, earlier, least)
				}
			}
		}
		for text := range values { // values of one text are as near as can be
			for i, x := range values[text] {
				for _, y := range values[text][:i] {
					judges[0].add(x, y, earlier, least)
				}
			}
		}
		if err := join(ctx, near, least[near], workers, visit); err != nil {
			return nil, err
		}
	}
	counts := make([]int64, len(shape.Levels))
	for _, j := range judges {
		for level, n := range j.counts {
			counts[level] += n
		}
	}
	return counts, nil
}

// isPlain says that nothing but its similarity decides the level of a pair of
// different values: no range, no equality of anything but the values, and each
// value a text of its own.
func isPlain(shape *compare.Shape, near *compare.Near) bool {
	if len(near.Texts) != shape.Values || near.IsDistance {
		return false
	}
	for _, l := range shape.Levels {
		if l.Kind == compare.ShapeRange || l.Kind == compare.ShapeEqual && !areDistinct(l.Key) {
			return false
		}
	}
	return areDistinct(near.Of)
}

func areDistinct(key []int32) bool {
	seen := make([]bool, len(key))
	for _, k := range key {
		if k < 0 || int(k) >= len(seen) || seen[k] {
			return false
		}
		seen[k] = true
	}
	return true
}

// tallied counts the pairs of a plain shape by similarity alone, and takes them
// from ELSE.
func tallied(ctx context.Context, shape *compare.Shape, near *compare.Near, p population, workers int) ([]int64, error) {
	levelAt := map[float64]int{}
	var thresholds []float64
	for level, l := range shape.Levels {
		if _, ok := levelAt[l.Least]; l.Kind == compare.ShapeNear && !ok {
			levelAt[l.Least] = level
			thresholds = append(thresholds, l.Least)
		}
	}
	slices.Sort(thresholds)
	perText := make([]int64, shape.Values)
	for value, text := range near.Of {
		perText[text] = p.all[value]
	}
	texts, perText := represented(near.Texts, perText)
	tally := kernel.NewTally(perText, thresholds, workers)
	joinTexts := kernel.JoinJaro
	if near.IsJaroWinkler {
		joinTexts = kernel.JoinJaroWinkler
	}
	if err := joinTexts(ctx, texts, thresholds[0], workers, tally.Add); err != nil {
		return nil, err
	}
	counts := make([]int64, len(shape.Levels))
	for i, n := range tally.Sums() {
		counts[firstNear(shape, thresholds[i], levelAt)] += n
		counts[elseLevel(shape)] -= n
	}
	return counts, nil
}

// A join of similar texts takes time with the square of their number. Up to
// everyText texts all are joined; beyond, the commonest are, and of the rare
// ones, mostly slips of the pen that few records hold, every so many stands for
// its neighbours.
const (
	everyText  = 60000
	commonText = 40000
	rareText   = 10000
)

// represented gives the texts to join and how many records each stands for.
func represented(texts []kernel.Text, counts []int64) ([]kernel.Text, []int64) {
	if len(texts) <= everyText {
		return texts, counts
	}
	order := make([]int32, len(texts))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	var chosen []kernel.Text
	var standsFor []int64
	every := float64(len(texts)-commonText) / rareText
	next, gathered := commonText+every/2, int64(0)
	for at, i := range order {
		if at < commonText {
			chosen, standsFor = append(chosen, texts[i]), append(standsFor, counts[i])
			continue
		}
		gathered += counts[i]
		if float64(at) >= next {
			chosen, standsFor = append(chosen, texts[i]), append(standsFor, gathered)
			next, gathered = next+every, 0
		}
	}
	if gathered > 0 {
		standsFor[len(standsFor)-1] += gathered
	}
	return chosen, standsFor
}

// elseLevel is the level that takes what no other does.
func elseLevel(shape *compare.Shape) int {
	return slices.IndexFunc(shape.Levels, func(l compare.LevelShape) bool { return l.Kind == compare.ShapeElse })
}

// firstNear is the level of pairs that reach a threshold and no higher one: the
// first level, in order, whose threshold is no higher.
func firstNear(shape *compare.Shape, threshold float64, levelAt map[float64]int) int {
	for level, l := range shape.Levels {
		if l.Kind == compare.ShapeNear && l.Least <= threshold {
			return level
		}
	}
	return levelAt[threshold]
}

// distinctNears lists the similarities and the weakest each is asked for.
func distinctNears(shape *compare.Shape, sparse []int) ([]*compare.Near, map[*compare.Near]float64) {
	var nears []*compare.Near
	least := map[*compare.Near]float64{}
	for _, level := range sparse {
		l := shape.Levels[level]
		before, ok := least[l.Near]
		switch {
		case !ok:
			nears = append(nears, l.Near)
			least[l.Near] = l.Least
		case l.Near.IsDistance:
			least[l.Near] = max(before, l.Least)
		default:
			least[l.Near] = min(before, l.Least)
		}
	}
	return nears, least
}

func valuesByText(near *compare.Near) [][]int32 {
	values := make([][]int32, len(near.Texts))
	for value, text := range near.Of {
		if text >= 0 {
			values[text] = append(values[text], int32(value))
		}
	}
	return values
}

func join(ctx context.Context, near *compare.Near, least float64, workers int, visit func(worker int, a, b int32)) error {
	similar := func(worker int, a, b int32, _ float64) { visit(worker, a, b) }
	switch {
	case near.IsDistance:
		return kernel.JoinEdits(ctx, near.Texts, int(least), near.IsDamerau, workers, func(worker int, a, b int32, _ int) { visit(worker, a, b) })
	case near.IsJaroWinkler:
		return kernel.JoinJaroWinkler(ctx, near.Texts, least, workers, similar)
	}
	return kernel.JoinJaro(ctx, near.Texts, least, workers, similar)
}

// sparseJudge judges pairs of values for one worker.
type sparseJudge struct {
	judge      *compare.Judge
	comparison int
	shape      *compare.Shape
	population population
	counts     []int64
}

// add counts a pair of values found by a join, unless an earlier join found it
// too.
func (j *sparseJudge) add(x, y int32, earlier []*compare.Near, least map[*compare.Near]float64) {
	if x > y {
		x, y = y, x
	}
	n := j.population.between(x, y)
	if n == 0 {
		return
	}
	for _, near := range earlier {
		if near.Reaches(x, y, least[near]) {
			return
		}
	}
	j.judge.Look(j.shape.First[x], j.shape.First[y], 0)
	j.counts[j.judge.Level(j.comparison)] += n
	j.counts[j.denseLevel(x, y)] -= n
}

// denseLevel is the level of two values when no similarity counts.
func (j *sparseJudge) denseLevel(x, y int32) int {
	for level, l := range j.shape.Levels {
		switch l.Kind {
		case compare.ShapeEqual:
			if l.Key[x] >= 0 && l.Key[x] == l.Key[y] {
				return level
			}
		case compare.ShapeRange:
			if d := l.Numbers[x] - l.Numbers[y]; l.Known[x] && l.Known[y] && d <= l.Limit && -d <= l.Limit {
				return level
			}
		case compare.ShapeElse:
			return level
		}
	}
	return len(j.shape.Levels) - 1
}
