package train

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"tre/linkage/block"
	"tre/linkage/compare"
)

// pattern is a combination of levels and how many pairs have it. Training needs
// nothing else of them.
type pattern struct {
	levels []int8 // by comparison of the session
	pairs  float64
}

// patternsOf counts the patterns of some comparisons over the pairs of rules.
func patternsOf(ctx context.Context, plan *compare.Plan, rules *block.Rules, comparisons []int, workers int) ([]pattern, error) {
	c := &counting{plan: plan, comparisons: comparisons, total: map[uint64]int64{}}
	err := rules.Each(ctx, plan, workers, func(int) block.Visitor {
		return &counter{counting: c, judge: plan.Judge(), counts: map[uint64]int64{}}
	})
	if err != nil {
		return nil, err
	}
	return c.patterns(), nil
}

// counting gathers what the workers counted.
type counting struct {
	plan        *compare.Plan
	comparisons []int
	mutex       sync.Mutex
	total       map[uint64]int64
}

type counter struct {
	*counting
	judge  *compare.Judge
	counts map[uint64]int64
}

// Visit counts a batch.
func (c *counter) Visit(b *block.Batch) error {
	c.judge.SetJudged(b.Judged)
	c.judge.Fetch(b.Left)
	c.judge.Fetch(b.Right)
	for i, l := range b.Left {
		c.judge.Look(l, b.Right[i], i)
		key := uint64(0)
		for _, comparison := range c.comparisons {
			key = key*uint64(c.plan.Comparisons[comparison].Len()) + uint64(c.judge.Level(comparison))
		}
		c.counts[key]++
	}
	return nil
}

// Done adds what was counted so far to the total.
func (c *counter) Done(int) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for key, n := range c.counts {
		c.total[key] += n
	}
	clear(c.counts)
	return nil
}

// patterns spells the keys, in ascending order, so that sums over them always
// come out the same.
func (c *counting) patterns() []pattern {
	keys := make([]uint64, 0, len(c.total))
	for key := range c.total {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, cmp.Compare[uint64])
	found := make([]pattern, len(keys))
	for i, key := range keys {
		found[i] = pattern{levels: make([]int8, len(c.comparisons)), pairs: float64(c.total[key])}
		for at := len(c.comparisons) - 1; at >= 0; at-- {
			n := uint64(c.plan.Comparisons[c.comparisons[at]].Len())
			found[i].levels[at] = int8(key % n)
			key /= n
		}
	}
	return found
}
