package train

import (
	"cmp"
	"context"
	"slices"

	"tre/linkage/compare"
	kernel "tre/linkage/similarity"
)

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
	everyText  = 30000
	commonText = 20000
	rareText   = 8000
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
