package block

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"tre/linkage/compare"
	"tre/linkage/model"
)

// looker decides for pairs which parts they satisfy. It belongs to one worker.
type looker struct {
	rules       *Rules
	judge       *compare.Judge
	slow        *compare.SlowJudge
	left, right []int32
}

func (r *Rules) looker(ctx context.Context, plan *compare.Plan) (*looker, error) {
	l := &looker{rules: r, judge: plan.Judge()}
	var err error
	if len(plan.Slow) > 0 {
		l.slow, err = plan.SlowJudge(ctx)
	}
	return l, err
}

func (l *looker) close() {
	if l.slow != nil {
		l.slow.Close()
	}
}

// each looks at the pairs gathered, and forgets them.
func (l *looker) each(ctx context.Context, see func(a, b int32)) error {
	if l.slow != nil && len(l.left) > 0 {
		judged, err := l.slow.Judge(ctx, l.left, l.right)
		if err != nil {
			return err
		}
		l.judge.SetJudged(judged)
	}
	for i, a := range l.left {
		l.judge.Look(a, l.right[i], i)
		see(a, l.right[i])
	}
	l.left, l.right = l.left[:0], l.right[:0]
	return ctx.Err()
}

// satisfies says whether the pair looked at satisfies a part.
func (l *looker) satisfies(p *part, a, b int32) bool {
	return p.share(a, b) && l.passes(p)
}

func (l *looker) passes(p *part) bool {
	for _, filter := range p.filters {
		if !l.judge.Holds(filter) {
			return false
		}
	}
	return true
}

// tally counts pairs of a part.
type tally struct{ alone, added int64 }

// see counts the pair looked at, which is of a group of the part.
func (l *looker) see(at int, t *tally, a, b int32) {
	p := l.rules.parts[at]
	if !l.passes(p) {
		return
	}
	isFirst, isFirstOfRule := true, true
	for _, before := range l.rules.parts[:at] {
		if (isFirst || before.rule == p.rule) && l.satisfies(before, a, b) {
			isFirst = false
			isFirstOfRule = isFirstOfRule && before.rule != p.rule
		}
	}
	if isFirst {
		t.added++
	}
	if isFirstOfRule {
		t.alone++
	}
}

// isPair says whether two rows that a group offers are a pair of the linkage
// that belongs to that group.
func (r *Rules) isPair(p *part, group int32, a, b int32) bool {
	if p.groups.rights != nil && a >= b {
		return false
	}
	if r.link == model.LinkOnly && r.table.Source != nil && r.table.Source[a] == r.table.Source[b] {
		return false
	}
	return len(p.elements) == 0 || firstShared(p.elements[0].of(a), p.elements[0].of(b)) == p.groups.items[p.groups.starts[group]]
}

// groupsAtOnce is how many groups a worker takes.
const groupsAtOnce = 1024

// look counts a part pair by pair.
func (r *Rules) look(ctx context.Context, plan *compare.Plan, at, workers int) (alone, added Number, err error) {
	tallies, errs := make([]tally, workers), make([]error, workers)
	var next atomic.Int64
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			l, err := r.looker(ctx, plan)
			if err != nil {
				errs[worker] = err
				return
			}
			defer l.close()
			for errs[worker] == nil {
				from := int(next.Add(groupsAtOnce)) - groupsAtOnce
				to := min(from+groupsAtOnce, r.parts[at].groups.len())
				if from >= to {
					return
				}
				errs[worker] = l.lookAt(ctx, at, from, to, &tallies[worker])
			}
		})
	}
	all.Wait()
	var sum tally
	for i, t := range tallies {
		if errs[i] != nil {
			return alone, added, errs[i]
		}
		sum.alone, sum.added = sum.alone+t.alone, sum.added+t.added
	}
	return exactly(sum.alone), exactly(sum.added), nil
}

func (l *looker) lookAt(ctx context.Context, at, from, to int, t *tally) error {
	p := l.rules.parts[at]
	see := func(a, b int32) { l.see(at, t, a, b) }
	for group := from; group < to; group++ {
		lefts := p.groups.group(group)
		for i, a := range lefts {
			rights := lefts[i+1:]
			if p.groups.rights != nil {
				rights = p.groups.rights.group(group)
			}
			for _, b := range rights {
				if !l.rules.isPair(p, int32(group), a, b) {
					continue
				}
				l.left, l.right = append(l.left, a), append(l.right, b)
				if len(l.left) == BatchSize {
					if err := l.each(ctx, see); err != nil {
						return err
					}
				}
			}
		}
	}
	return l.each(ctx, see)
}

// sample estimates a part from pairs drawn with equal chances from all that its
// groups hold, with Wilson's interval. The draws depend on the seed alone.
func (r *Rules) sample(ctx context.Context, plan *compare.Plan, at int, o CountOptions) (alone, added Number, err error) {
	l, err := r.looker(ctx, plan)
	if err != nil {
		return alone, added, err
	}
	defer l.close()
	p := r.parts[at]
	ends := make([]float64, p.groups.len())
	total := 0.0
	for group := range ends {
		total += p.pairsOf(int32(group))
		ends[group] = total
	}
	random := rand.New(rand.NewPCG(o.Seed, uint64(at)))
	var t tally
	for range o.Sample {
		group, _ := slices.BinarySearch(ends, math.Nextafter(random.Float64()*total, total))
		a, b := p.draw(group, random)
		if r.isPair(p, int32(group), a, b) {
			l.left, l.right = append(l.left, a), append(l.right, b)
		}
		if len(l.left) == BatchSize {
			if err := l.each(ctx, func(a, b int32) { l.see(at, &t, a, b) }); err != nil {
				return alone, added, err
			}
		}
	}
	err = l.each(ctx, func(a, b int32) { l.see(at, &t, a, b) })
	return wilson(t.alone, o.Sample, total), wilson(t.added, o.Sample, total), err
}

// draw takes two rows of a group at random.
func (p *part) draw(group int, random *rand.Rand) (a, b int32) {
	rows := p.groups.group(group)
	if p.groups.rights != nil {
		rights := p.groups.rights.group(group)
		return rows[random.IntN(len(rows))], rights[random.IntN(len(rights))]
	}
	i, j := random.IntN(len(rows)), random.IntN(len(rows)-1)
	if j >= i {
		j++
	}
	return rows[min(i, j)], rows[max(i, j)]
}

// wilson estimates how many of total have what hits of n drawn have.
func wilson(hits int64, n int, total float64) Number {
	const z = 1.959963984540054
	size := float64(n)
	share := float64(hits) / size
	middle := (share + z*z/(2*size)) / (1 + z*z/size)
	half := z / (1 + z*z/size) * math.Sqrt(share*(1-share)/size+z*z/(4*size*size))
	return Number{Pairs: share * total, Low: max(middle-half, 0) * total, High: min(middle+half, 1) * total, Basis: Estimated}
}

// plus adds counts of pairs that are not the same. Estimates are of independent
// samples, so the widths of their intervals add up as squares do.
func (n Number) plus(m Number) Number {
	sum := Number{Pairs: n.Pairs + m.Pairs, Basis: n.Basis}
	if sum.Basis == Exact {
		sum.Basis = m.Basis
	}
	sum.Low = sum.Pairs - math.Hypot(n.Pairs-n.Low, m.Pairs-m.Low)
	sum.High = sum.Pairs + math.Hypot(n.High-n.Pairs, m.High-m.Pairs)
	return sum
}
