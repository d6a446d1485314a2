package train

import (
	"context"
	"errors"
	"math"
	"sync"

	"tre/linkage/block"
	"tre/linkage/compare"
	"tre/linkage/model"
)

// everyPair is up to how many pairs of distinct values, or of records, all are
// looked at instead of counted or drawn.
const everyPair = 5e6

// estimateU finds u of every comparison, not counting what is fixed.
func (t *trainer) estimateU(ctx context.Context) error {
	t.random = make([][]float64, len(t.Model.Comparisons))
	counts, err := t.counted(ctx)
	if err != nil {
		return err
	}
	var left []int
	for i := range t.Model.Comparisons {
		if counts[i] == nil {
			left = append(left, i)
			continue
		}
		t.setU(i, "exact", counts[i])
	}
	if len(left) == 0 {
		return nil
	}
	return t.drawn(ctx, left)
}

// counted counts the levels of every comparison that can be counted from
// frequencies, side by side; nil for the others.
func (t *trainer) counted(ctx context.Context) ([][]int64, error) {
	counts, errs := make([][]int64, len(t.Model.Comparisons)), make([]error, len(t.Model.Comparisons))
	var all sync.WaitGroup
	var joins sync.Mutex // a join uses all workers, and their caches, itself
	for i := range t.Model.Comparisons {
		if t.shapes[i] == nil || t.Plan.U.Method == "sample" {
			continue
		}
		column := t.Table.Column(t.Model.Comparisons[i].Columns()[0])
		all.Go(func() {
			counts[i], errs[i] = exactly(ctx, t.plan, i, t.shapes[i], newPopulation(t.Table, column, t.Model.LinkType), t.Workers, &joins)
		})
	}
	all.Wait()
	return counts, errors.Join(errs...)
}

// setU sets u from counts of random pairs by level. Pairs with a null do not
// count.
func (t *trainer) setU(i int, method string, counts []int64) {
	c := &t.Model.Comparisons[i]
	var known float64
	for level, n := range counts {
		if !c.Levels[level].IsNull {
			known += float64(n)
		}
	}
	t.random[i] = make([]float64, len(counts))
	for level, n := range counts {
		l := &c.Levels[level]
		if l.IsNull || known == 0 {
			continue
		}
		t.random[i][level] = float64(n) / known
		if l.FixU || n == 0 {
			continue
		}
		u := float64(n) / known
		l.U = &u
	}
	t.history.U = append(t.history.U, UHistory{Comparison: c.Name, Method: method, Pairs: known})
}

// drawn counts levels over every pair of records where they are few, else over
// the pairs of records drawn by a hash, as many as the plan says.
func (t *trainer) drawn(ctx context.Context, comparisons []int) error {
	rows, method := t.draw()
	total := make([][]int64, len(comparisons))
	for i, c := range comparisons {
		total[i] = make([]int64, len(t.Model.Comparisons[c].Levels))
	}
	var slow *compare.SlowJudge
	if len(t.plan.Slow) > 0 {
		var err error
		if slow, err = t.plan.SlowJudge(ctx); err != nil {
			return err
		}
		defer slow.Close()
	}
	d := &drawing{trainer: t, comparisons: comparisons, total: total, judge: t.plan.Judge(), slow: slow}
	for i, l := range rows {
		for _, r := range rows[i+1:] {
			if err := d.add(ctx, l, r); err != nil {
				return err
			}
		}
	}
	if err := d.flush(ctx); err != nil {
		return err
	}
	for i, c := range comparisons {
		t.setU(c, method, total[i])
	}
	return nil
}

// draw gives the records whose pairs are looked at.
func (t *trainer) draw() (rows []int32, method string) {
	pairs := t.Plan.U.MaxPairs
	if pairs == 0 {
		pairs = 1e7
	}
	wanted := 0.5 * (math.Sqrt(8*max(pairs, everyPair)+1) + 1)
	share := wanted / float64(t.Table.Rows)
	for row := range int32(t.Table.Rows) {
		if share >= 1 || float64(mixed(uint64(row)+t.Plan.U.Seed<<32))/math.MaxUint64 < share {
			rows = append(rows, row)
		}
	}
	if share >= 1 {
		return rows, "every pair"
	}
	return rows, "sample"
}

// mixed is the finaliser of SplitMix64 (Steele et al. 2014): the records drawn
// depend on the seed alone.
func mixed(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// drawing counts the levels of drawn pairs, a batch at a time.
type drawing struct {
	*trainer
	comparisons []int
	total       [][]int64
	judge       *compare.Judge
	slow        *compare.SlowJudge
	left, right []int32
}

func (d *drawing) add(ctx context.Context, l, r int32) error {
	if d.Model.LinkType == model.LinkOnly && d.Table.Several() && d.Table.SourceOf(l) == d.Table.SourceOf(r) {
		return nil
	}
	d.left, d.right = append(d.left, l), append(d.right, r)
	if len(d.left) < block.BatchSize {
		return nil
	}
	return d.flush(ctx)
}

func (d *drawing) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.slow != nil && len(d.left) > 0 {
		judged, err := d.slow.Judge(ctx, d.left, d.right)
		if err != nil {
			return err
		}
		d.judge.SetJudged(judged)
	}
	for i := range d.left {
		d.judge.Look(d.left[i], d.right[i], i)
		for at, c := range d.comparisons {
			d.total[at][d.judge.Level(c)]++
		}
	}
	d.left, d.right = d.left[:0], d.right[:0]
	return nil
}

// takeMatchesOut removes, from the share of random pairs at each level, the
// matches expected among them: what is left are pairs that do not match, which
// is what u is about. In large files it changes nothing to speak of; in small
// ones a rare agreement among random pairs is mostly of matches.
func (t *trainer) takeMatchesOut() {
	if t.Plan.U.KeepMatches {
		return
	}
	prior := t.Model.Prior
	for i := range t.Model.Comparisons {
		c := &t.Model.Comparisons[i]
		for level := range c.Levels {
			l := &c.Levels[level]
			if l.IsNull || l.FixU || l.U == nil || l.M == nil || t.random[i] == nil {
				continue
			}
			all := t.random[i][level]
			if all == 0 {
				continue // never seen: u is what it was before
			}
			// At least a tenth stays: m and the prior are estimates too.
			u := max((all-prior*c.M(level))/(1-prior), all/10)
			l.U = &u
		}
	}
}
