package block

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"tre/linkage/compare"
	"tre/linkage/model"
)

// BatchSize is how many pairs are handed over at a time.
const BatchSize = 4096

// Batch is some pairs that belong to one rule: Left[i] with Right[i], rows of
// the table, the left one the smaller.
type Batch struct {
	Rule        int
	Left, Right []int32
	Judged      [][]bool // what DuckDB found: by slow condition of the plan, by pair
}

// Unit is a share of the work: groups of one part, or the left rows of a large
// group.
type unit struct {
	part     int
	from, to int32 // groups
	first    int32 // where from+1 == to: the left rows of that group
	last     int32
}

// unitPairs is how many pairs a unit holds, roughly.
const unitPairs = 1 << 18

// Prepare groups the rows of every rule, on all cores.
func (r *Rules) Prepare(workers int) {
	if r.prepared {
		return
	}
	r.prepared = true
	rooms := make(chan *room, max(workers, 1)) // whoever has one may work
	for range cap(rooms) {
		rooms <- &room{}
	}
	var all sync.WaitGroup
	for _, p := range r.parts {
		all.Go(func() {
			mine := <-rooms
			p.prepare(r.table.Rows, mine)
			rooms <- mine
		})
	}
	all.Wait()
	r.layOut()
}

// layOut stands the groups of one row together, so that asking whether two rows
// satisfy an earlier rule costs one look at each.
func (r *Rules) layOut() {
	r.stride = len(r.parts)
	if len(r.parts) == 1 && r.parts[0].groups.of != nil {
		r.of = r.parts[0].groups.of
		return
	}
	r.of = make([]int32, r.stride*r.table.Rows)
	half := r.table.Rows / 2
	var both sync.WaitGroup
	fill := func(from, to int) {
		for at, p := range r.parts {
			if p.groups.of == nil {
				continue
			}
			for row := from; row < to; row++ {
				r.of[row*r.stride+at] = p.groups.of[row]
			}
		}
	}
	both.Go(func() { fill(0, half) })
	fill(half, r.table.Rows)
	both.Wait()
}

// Each hands every pair of the rules to visit, each pair once, under the first
// rule it satisfies. There is one visitor a worker; a unit of work goes to one
// visitor whole, and done is told when it is finished. Units are numbered in an
// order that does not depend on the workers.
func (r *Rules) Each(ctx context.Context, plan *compare.Plan, workers int, visitor func(worker int) Visitor) (err error) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	units := r.units()
	var next atomic.Int64
	var all sync.WaitGroup
	var once sync.Once
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for worker := range workers {
		all.Go(func() {
			e := enumerator{rules: r, visit: visitor(worker), judge: plan.Judge()}
			failed := e.open(ctx, plan)
			defer e.close()
			for failed == nil && ctx.Err() == nil {
				at := int(next.Add(1)) - 1
				if at >= len(units) {
					return
				}
				failed = e.run(ctx, units[at], at)
			}
			if failed != nil {
				once.Do(func() { err = failed; cancel() })
			}
		})
	}
	all.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// Visitor takes the pairs one worker found.
type Visitor interface {
	// Visit takes a batch, valid until it returns.
	Visit(b *Batch) error
	// Done tells that all pairs of a unit were visited.
	Done(unit int) error
}

// Units is how many units of work there are: Done is called once for each.
func (r *Rules) Units() int { return len(r.units()) }

func (r *Rules) units() []unit {
	var all []unit
	for at, p := range r.parts {
		open, pairs := unit{part: at, last: -1}, 0.0
		for i := range int32(p.groups.len()) {
			size := p.pairsOf(i)
			if size > 2*unitPairs {
				if open.from < i {
					open.to = i
					all = append(all, open)
				}
				all = p.splitGroup(all, at, i)
				open, pairs = unit{part: at, from: i + 1, last: -1}, 0
				continue
			}
			if pairs += size; pairs > unitPairs {
				open.to = i + 1
				all = append(all, open)
				open, pairs = unit{part: at, from: i + 1, last: -1}, 0
			}
		}
		if open.to = int32(p.groups.len()); open.from < open.to {
			all = append(all, open)
		}
	}
	return all
}

// pairsOf is how many pairs a group makes, before any is left to an earlier
// rule.
func (p *part) pairsOf(group int32) float64 {
	n := float64(p.groups.starts[group+1] - p.groups.starts[group])
	if p.groups.rights != nil {
		m := float64(p.groups.rights.starts[group+1] - p.groups.rights.starts[group])
		return n * m
	}
	return n * (n - 1) / 2
}

// splitGroup divides a large group by its left rows.
func (p *part) splitGroup(all []unit, at int, group int32) []unit {
	n := p.groups.starts[group+1] - p.groups.starts[group]
	others := float64(n)
	if p.groups.rights != nil {
		others = float64(p.groups.rights.starts[group+1] - p.groups.rights.starts[group])
	}
	step := int32(max(unitPairs/others, 1))
	for first := int32(0); first < n; first += step {
		all = append(all, unit{part: at, from: group, to: group + 1, first: first, last: min(first+step, n)})
	}
	return all
}

// enumerator makes pairs for one worker.
type enumerator struct {
	rules   *Rules
	visit   Visitor
	judge   *compare.Judge
	slow    *compare.SlowJudge // nil when nothing is left to DuckDB
	batch   Batch
	part    *part
	at      int
	fetched int32 // keeps fetch from being thought of no use
	filter  bool  // this part, or one before it, has conditions beyond equalities
}

func (e *enumerator) open(ctx context.Context, plan *compare.Plan) (err error) {
	e.batch.Left, e.batch.Right = make([]int32, 0, BatchSize), make([]int32, 0, BatchSize)
	if len(plan.Slow) > 0 {
		e.slow, err = plan.SlowJudge(ctx)
	}
	return err
}

func (e *enumerator) close() {
	if e.slow != nil {
		e.slow.Close()
	}
}

func (e *enumerator) run(ctx context.Context, u unit, number int) error {
	e.at, e.part = u.part, e.rules.parts[u.part]
	e.batch.Rule = e.part.rule
	e.filter = false
	for _, p := range e.rules.parts[:u.part+1] {
		e.filter = e.filter || len(p.filters) > 0 || p.groups.of == nil
	}
	for group := u.from; group < u.to; group++ {
		if (group-u.from)%fetchGroups == 0 {
			e.fetch(group, min(group+fetchGroups, u.to))
		}
		last := u.last
		if last < 0 {
			last = e.part.groups.starts[group+1] - e.part.groups.starts[group]
		}
		if err := e.group(ctx, group, u.first, last); err != nil {
			return err
		}
	}
	if err := e.flush(ctx); err != nil {
		return err
	}
	return e.visit.Done(number)
}

// fetchGroups is for how many groups memory is asked ahead.
const fetchGroups = 64

// fetch asks for what add will look at: the groups of rows far apart, which
// memory answers many at a time, but not one after the other.
func (e *enumerator) fetch(from, to int32) {
	if e.filter || e.at == 0 {
		return
	}
	g := &e.part.groups
	var sum int32
	for _, row := range g.rows[g.starts[from]:min(g.starts[to], g.starts[from]+BatchSize)] {
		sum += e.rules.of[int(row)*e.rules.stride]
	}
	e.fetched = sum
}

// group makes the pairs of one group whose left rows are first to last.
func (e *enumerator) group(ctx context.Context, group, first, last int32) error {
	lefts := e.part.groups.group(int(group))
	isTwoSided := e.part.groups.rights != nil
	for i := first; i < last; i++ {
		rights := lefts
		from := int(i) + 1
		if isTwoSided {
			rights, from = e.part.groups.rights.group(int(group)), 0
		}
		l := lefts[i]
		for from < len(rights) {
			room := BatchSize - len(e.batch.Left)
			to := min(from+room, len(rights))
			if e.filter || isTwoSided {
				e.addAny(l, rights[from:to], group)
			} else {
				e.add(l, rights[from:to])
			}
			from = to
			if len(e.batch.Left) == BatchSize {
				if err := e.flush(ctx); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// add takes the pairs of a left row that the kind of linkage allows and no
// earlier part has; all parts so far are equalities only.
func (e *enumerator) add(l int32, rights []int32) {
	left, right := e.batch.Left, e.batch.Right
	stride := e.rules.stride
	mine := e.rules.of[int(l)*stride : int(l)*stride+e.at]
	var sources []int32
	if e.rules.link == model.LinkOnly {
		sources = e.rules.table.Source
	}
next:
	for _, r := range rights {
		if sources != nil && sources[l] == sources[r] {
			continue
		}
		theirs := e.rules.of[int(r)*stride : int(r)*stride+e.at]
		for i, group := range mine {
			if group == theirs[i] && group >= 0 {
				continue next
			}
		}
		left, right = append(left, l), append(right, r)
	}
	e.batch.Left, e.batch.Right = left, right
}

// addAny takes pairs whose other conditions flush will ask about.
func (e *enumerator) addAny(l int32, rights []int32, group int32) {
	isLinkOnly := e.rules.link == model.LinkOnly && e.rules.table.Source != nil
	for _, r := range rights {
		a, b := l, r
		if a >= b && e.part.groups.rights != nil {
			continue // the left record of a pair is the one with the smaller id
		}
		if isLinkOnly && e.rules.table.SourceOf(a) == e.rules.table.SourceOf(b) {
			continue
		}
		if len(e.part.elements) > 0 && !e.part.share(a, b) {
			continue // another array, or a key of two expressions, which the groups know nothing of
		}
		if len(e.part.elements) > 0 && firstShared(e.part.elements[0].of(a), e.part.elements[0].of(b)) != e.part.groups.items[e.part.groups.starts[group]] {
			continue
		}
		e.batch.Left, e.batch.Right = append(e.batch.Left, a), append(e.batch.Right, b)
	}
}

// flush hands the batch over, after the conditions beyond equalities.
func (e *enumerator) flush(ctx context.Context) error {
	if len(e.batch.Left) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.slow != nil {
		judged, err := e.slow.Judge(ctx, e.batch.Left, e.batch.Right)
		if err != nil {
			return err
		}
		e.batch.Judged = judged
		e.judge.SetJudged(judged)
	}
	if e.filter {
		e.sift()
	}
	if len(e.batch.Left) > 0 {
		if err := e.visit.Visit(&e.batch); err != nil {
			return err
		}
	}
	e.batch.Left, e.batch.Right = e.batch.Left[:0], e.batch.Right[:0]
	return nil
}

// sift keeps the pairs that satisfy this part and no earlier one.
func (e *enumerator) sift() {
	kept := 0
	for i := range e.batch.Left {
		l, r := e.batch.Left[i], e.batch.Right[i]
		e.judge.Look(l, r, i)
		if !e.passes(e.part) || e.isTaken(l, r) {
			continue
		}
		e.batch.Left[kept], e.batch.Right[kept] = l, r
		for _, judged := range e.batch.Judged {
			judged[kept] = judged[i]
		}
		kept++
	}
	e.batch.Left, e.batch.Right = e.batch.Left[:kept], e.batch.Right[:kept]
}

func (e *enumerator) passes(p *part) bool {
	for _, filter := range p.filters {
		if !e.judge.Holds(filter) {
			return false
		}
	}
	return true
}

func (e *enumerator) isTaken(l, r int32) bool {
	for _, p := range e.rules.parts[:e.at] {
		if p.share(l, r) && e.passes(p) {
			return true
		}
	}
	return false
}

// Candidates is how many pairs the rules make, counting a pair of several rules
// more than once. Prepare must have been called.
func (r *Rules) Candidates() float64 {
	var total float64
	for _, p := range r.parts {
		for i := range int32(p.groups.len()) {
			total += p.pairsOf(i)
		}
	}
	return total
}
