package index

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"tre/internal/problem"
	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/score"
)

// linker scores new rows of an index against all living rows.
type linker struct {
	state  *state
	scorer *score.Scorer
	plan   *compare.Plan
	parts  []*part
	hash   *hasher
	isOnly bool // pairs of one source are left out

	fresh *segment // the new rows, already the last segment of the state
	most  int64    // pairs at most
}

// batchRows is how many partners are laid out for scoring at a time.
const batchRows = 512

// chunkRows is how many new rows a worker takes at a time.
const chunkRows = 64

// run gives the edges found, in the order of the new rows, and how many pairs
// were compared.
func (l *linker) run(ctx context.Context, workers int) (edges []edge, compared int64, err error) {
	if err := l.refuseHuge(); err != nil {
		return nil, 0, err
	}
	stride := l.state.man.Stride
	slab := 1 + batchRows
	l.plan.Lay(make([]int32, workers*slab*stride))
	chunks := (int(l.fresh.n) + chunkRows - 1) / chunkRows
	found := make([][]edge, chunks)
	var next, pairs atomic.Int64
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			s := &searcher{linker: l, judge: l.scorer.Judge(), first: int32(worker * slab), positions: make([]int32, len(l.state.segments))}
			for ctx.Err() == nil {
				chunk := int(next.Add(1)) - 1
				if chunk >= chunks {
					break
				}
				s.edges = nil
				for row := chunk * chunkRows; row < min((chunk+1)*chunkRows, int(l.fresh.n)); row++ {
					s.search(int32(row))
				}
				found[chunk] = s.edges
			}
			pairs.Add(s.compared)
		})
	}
	all.Wait()
	for _, f := range found {
		edges = append(edges, f...)
	}
	return edges, pairs.Load(), ctx.Err()
}

// refuseHuge counts, by the sizes of buckets, the pairs that would be looked
// at, before any is.
func (l *linker) refuseHuge() error {
	var total int64
	rules := make([]int64, len(l.parts))
	for row := range l.fresh.n {
		for at, p := range l.parts {
			l.buckets(p, l.state.codes(l.fresh.start+row), func(_ int, bucket []int32, _ bool) { rules[at] += int64(len(bucket)) })
		}
	}
	largest := 0
	for at, n := range rules {
		total += n
		if n > rules[largest] {
			largest = at
		}
	}
	if total > l.most {
		return tooMany(total, l.most, l.parts[largest].rule)
	}
	return nil
}

const pairsHint = "leave out values that stand for nothing (1 January, the practice's own postcode), add a column to the rule, or give --max-pairs a larger number"

func tooMany(pairs, most int64, rule int) error {
	return problem.New(problem.Usage, pairsHint, "up to %d pairs would be compared, more than %d; most by blocking rule %d", pairs, most, rule+1)
}

// buckets visits what may hold partners of a record: the segment and rows of
// it. isLeft says that the record would be the left one of the pair; where a
// part has one table for both sides it says nothing.
func (l *linker) buckets(p *part, codes []int32, visit func(segment int, rows []int32, isLeft bool)) {
	sides := 1
	if p.isTwoSided() {
		sides = 2
	}
	for side := range sides {
		isLeft := side == 0
		l.hash.each(p, codes, isLeft, func(hash uint64) {
			for i, one := range l.state.segments {
				at := p.table
				if p.isTwoSided() && isLeft {
					at++ // a left record looks among right ones
				}
				if rows := one.tables[at].bucket(hash); len(rows) > 0 {
					visit(i, rows, isLeft)
				}
			}
		})
	}
}

// searcher is one worker.
type searcher struct {
	*linker
	judge     *score.Judge
	first     int32   // its rows in the plan's matrix: the record at hand, then its partners
	positions []int32 // by segment: ids below that of the record at hand
	seen      []int32 // partners, where a part may offer one twice
	firsts    []int32 // of a bucket: the code of the first equality

	row      int32 // the record at hand
	codes    []int32
	origin   int32
	partners []int32
	before   []bool // by partner: its id is smaller
	rules    []int16

	edges    []edge
	compared int64
}

// search finds and scores the partners of a new row.
func (s *searcher) search(row int32) {
	s.row = s.fresh.start + row
	s.codes = s.state.codes(s.row)
	s.origin = s.state.source(s.row)
	k := s.fresh.ids.key(row)
	for i, one := range s.state.segments {
		s.positions[i] = one.ids.position(k)
	}
	copy(s.lay(0), s.codes)
	isPlain := true
	for at, p := range s.parts {
		isPlain = isPlain && len(p.conditions) == 0 && len(p.same) > 0
		if isPlain {
			s.buckets(p, s.codes, func(segment int, rows []int32, _ bool) { s.offerAll(at, segment, rows) })
			continue
		}
		if p.element >= 0 {
			s.seen = s.seen[:0]
			s.buckets(p, s.codes, func(segment int, rows []int32, isLeft bool) {
				for _, r := range rows {
					s.seen = append(s.seen, s.state.segments[segment].start+r)
				}
			})
			slices.Sort(s.seen)
			for _, other := range slices.Compact(s.seen) {
				one, r := s.state.at(other)
				segment := s.segmentOf(one)
				s.offer(at, segment, r, r >= s.positions[segment])
			}
			continue
		}
		s.buckets(p, s.codes, func(segment int, rows []int32, isLeft bool) {
			for _, r := range rows {
				s.offer(at, segment, r, isLeft)
			}
		})
	}
	s.flush()
}

func (s *searcher) segmentOf(one *segment) int { return slices.Index(s.state.segments, one) }

// lay gives a row of the matrix that is this worker's own.
func (s *searcher) lay(i int) []int32 {
	stride := s.state.man.Stride
	return s.plan.Codes()[(int(s.first)+i)*stride:][:stride]
}

// offerAll takes the partners of a bucket for a part that, like all parts before
// it, is equalities only.
func (s *searcher) offerAll(at int, segment int, rows []int32) {
	one := s.state.segments[segment]
	stride := s.state.man.Stride
	p := s.parts[at]
	if one == s.fresh { // a pair of new rows is found from its later one; rows of a bucket ascend
		end, _ := slices.BinarySearch(rows, s.row-one.start)
		rows = rows[:end]
	}
	// Rows lie far apart: asking for all of them first lets the memory answer
	// several at a time.
	s.firsts = s.firsts[:0]
	for _, r := range rows {
		s.firsts = append(s.firsts, one.codes[int(r)*stride+p.same[0]])
	}
next:
	for i, r := range rows {
		if s.firsts[i] != s.codes[p.same[0]] {
			continue
		}
		theirs := one.codes[int(r)*stride:][:stride]
		for _, place := range p.same[1:] {
			if s.codes[place] != theirs[place] {
				continue next
			}
		}
		if s.state.isDead(one.start+r) || s.isOnly && one.ids.source[r] == s.origin {
			continue
		}
		for _, q := range s.parts[:at] {
			if agree(q.same, s.codes, theirs) {
				continue next
			}
		}
		copy(s.lay(1+len(s.partners)), theirs)
		s.take(one.start+r, r < s.positions[segment], p.rule)
	}
}

func (s *searcher) take(other int32, isBefore bool, rule int) {
	s.partners, s.before, s.rules = append(s.partners, other), append(s.before, isBefore), append(s.rules, int16(rule))
	if len(s.partners) == batchRows {
		s.flush()
	}
}

// offer takes a partner if it satisfies a part and none before.
func (s *searcher) offer(at int, segment int, r int32, isLeft bool) {
	one := s.state.segments[segment]
	other := one.start + r
	if other >= s.row && one == s.fresh {
		return // a pair of new rows is found from its later one
	}
	if s.state.isDead(other) || s.isOnly && one.ids.source[r] == s.origin {
		return
	}
	stride := s.state.man.Stride
	theirs := one.codes[int(r)*stride:][:stride]
	p := s.parts[at]
	isBefore := r < s.positions[segment] // the partner's id is the smaller
	if p.isTwoSided() && isLeft == isBefore {
		return // found from the table of the other side
	}
	slot := len(s.partners)
	copy(s.lay(1+slot), theirs)
	if !s.holds(p, slot, isBefore) {
		return
	}
	for _, q := range s.parts[:at] {
		if s.holds(q, slot, isBefore) {
			return
		}
	}
	s.take(other, isBefore, p.rule)
}

// holds says that the record at hand and the partner laid in a slot satisfy a
// part.
func (s *searcher) holds(p *part, slot int, isBefore bool) bool {
	if !agree(p.same, s.codes, s.lay(1+slot)) {
		return false
	}
	if len(p.conditions) == 0 {
		return true
	}
	l, r := s.pair(slot, isBefore)
	s.judge.Look(l, r, 0)
	for _, c := range p.conditions {
		if !s.judge.Holds(c) {
			return false
		}
	}
	return true
}

// pair gives the rows of the matrix to compare, the smaller id first.
func (s *searcher) pair(slot int, isBefore bool) (l, r int32) {
	l, r = s.first, s.first+1+int32(slot)
	if isBefore {
		l, r = r, l
	}
	return l, r
}

func agree(places []int, a, b []int32) bool {
	for _, place := range places {
		if a[place] != b[place] || a[place] < 0 {
			return false
		}
	}
	return true
}

// flush scores the partners laid out.
func (s *searcher) flush() {
	for i, other := range s.partners {
		l, r := s.pair(i, s.before[i])
		if weight, isKept := s.judge.Score(l, r, 0); isKept {
			s.edges = append(s.edges, edge{s.row, other, float32(weight), s.rules[i]})
		}
	}
	s.compared += int64(len(s.partners))
	s.partners, s.before, s.rules = s.partners[:0], s.before[:0], s.rules[:0]
}

// collector keeps what a full run finds.
type collector struct{ edges []edge }

// Take keeps the edges of a unit.
func (c *collector) Take(f *score.Found) error {
	for i := range f.Left {
		c.edges = append(c.edges, edge{f.Left[i], f.Right[i], float32(f.Weight[i]), f.Rule[i]})
	}
	return nil
}

// isLinkOnly says that pairs within a source are left out.
func isLinkOnly(m *model.Model, man *manifest) bool {
	return m.LinkType == model.LinkOnly && man.Source != ""
}
