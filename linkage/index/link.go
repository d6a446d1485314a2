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
	hash   *hasher // which has learnt the new rows
	keys   []keyed // of the new rows, by table
	isOnly bool    // pairs of one source are left out

	fresh    *segment // the new rows, already the last segment of the state
	replaced []int32  // by new row: the old row of a changed record; -1 for none
	most     int64    // pairs at most
}

// batchRows is how many partners are laid out for scoring at a time, and how
// many candidates are asked of memory at a time.
const batchRows = 512

// chunkRows is how many new rows a worker takes at a time.
const chunkRows = 64

// run gives the edges found, in no order, and how many pairs were compared.
func (l *linker) run(ctx context.Context, workers int) (edges []edge, compared int64, err error) {
	if err := l.refuseHuge(workers); err != nil {
		return nil, 0, err
	}
	stride := l.state.man.Stride
	slab := chunkRows + batchRows
	l.plan.Lay(make([]int32, workers*slab*stride))
	searchers := make([]*searcher, workers)
	var next atomic.Int64
	var all sync.WaitGroup
	for worker := range workers {
		s := &searcher{linker: l, judge: l.scorer.Judge(), first: int32(worker * slab), firsts: make([]int32, batchRows)}
		searchers[worker] = s
		all.Go(func() {
			for ctx.Err() == nil {
				from := int32(next.Add(chunkRows)) - chunkRows
				if from >= l.fresh.n {
					break
				}
				s.search(from, min(from+chunkRows, l.fresh.n))
			}
		})
	}
	all.Wait()
	for _, s := range searchers {
		edges = append(edges, s.edges...)
		compared += s.compared
	}
	return edges, compared, ctx.Err()
}

// refuseHuge counts, by the sizes of buckets, the pairs that would be looked
// at, before any is.
func (l *linker) refuseHuge(workers int) error {
	rules := make([]int64, len(l.parts))
	inParallel(len(l.parts), workers, func(at int) { rules[at] = l.countPart(l.parts[at]) })
	var total int64
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

func (l *linker) countPart(p *part) (total int64) {
	spans := make([]span, 0, batchRows)
	sides := []bool{true, false}
	if !p.isTwoSided() {
		sides = sides[:1]
	}
	for _, isLeft := range sides {
		keys := &l.keys[p.table]
		if !isLeft {
			keys = &l.keys[p.table+1]
		}
		for hashes := range slices.Chunk(keys.hashes, batchRows) {
			for _, one := range l.state.segments {
				spans = one.tables[p.tableOf(isLeft)].spansOf(hashes, spans[:0])
				for _, bucket := range spans {
					total += int64(bucket.to - bucket.from)
				}
			}
		}
	}
	return total
}

const pairsHint = "leave out values that stand for nothing (1 January, the practice's own postcode), add a column to the rule, or give --max-pairs a larger number"

func tooMany(pairs, most int64, rule int) error {
	return problem.New(problem.Usage, pairsHint, "up to %d pairs would be compared, more than %d; most by blocking rule %d", pairs, most, rule+1)
}

// tableOf is the table of a part in which partners of a left or right record
// are found.
func (p *part) tableOf(isLeft bool) int {
	if p.isTwoSided() && isLeft {
		return p.table + 1 // a left record looks among right ones
	}
	return p.table
}

// buckets visits what may hold partners of a new row: the segment and rows of
// it. isLeft says that the record would be the left one of the pair; where a
// part has one table for both sides it says nothing.
func (l *linker) buckets(p *part, row int32, codes []int32, visit func(segment int, bucket span, isLeft bool)) {
	sides := 1
	if p.isTwoSided() {
		sides = 2
	}
	for side := range sides {
		isLeft := side == 0
		l.hash.each(p, row, codes, isLeft, func(hash uint64) {
			for i, one := range l.state.segments {
				if bucket := one.tables[p.tableOf(isLeft)].span(hash); bucket.from < bucket.to {
					visit(i, bucket, isLeft)
				}
			}
		})
	}
}

// searcher is one worker. The records of its chunk, and then their partners, are
// rows of the plan's matrix that are its own.
type searcher struct {
	*linker
	judge *score.Judge
	first int32 // the first of its rows in the plan's matrix

	from, to   int32       // the chunk: new rows, as rows of their segment
	positions  [][]int32   // by segment and record of the chunk: ids below the record's
	spans      []span      // buckets of records of the chunk
	candidates []candidate // from buckets
	firsts     []int32     // of candidates: the code of the first equality
	seen       []int32     // partners, where a part may offer one twice
	partners   []partner
	left       []int32 // of the pairs of these: rows of the matrix
	right      []int32
	far        []int32 // the partner's
	touched    int32   // keeps reads made for memory's sake from being thought of no use

	edges    []edge
	compared int64
}

// candidate is a row of a segment that shares a bucket with a record of the
// chunk.
type candidate struct{ mine, row int32 }

// partner is a candidate that satisfies a blocking rule, to be scored.
type partner struct {
	row      int32 // of the index
	mine     int32 // the record of the chunk
	rule     int16
	isBefore bool // its id is smaller
}

// search finds and scores the partners of new rows.
func (s *searcher) search(from, to int32) {
	s.from, s.to = from, to
	s.place()
	stride := s.state.man.Stride
	copy(s.plan.Codes()[int(s.first)*stride:], s.fresh.codes[int(from)*stride:int(to)*stride])
	isPlain := true
	for at, p := range s.parts {
		if isPlain = isPlain && p.isPlain(); isPlain {
			s.searchPlain(at)
			continue
		}
		for mine := range to - from {
			s.searchOne(at, mine)
		}
	}
	s.flush()
}

// isPlain says that a part is equalities only.
func (p *part) isPlain() bool {
	return len(p.conditions) == 0 && len(p.same) > 0 && !p.isTwoSided() && p.element < 0
}

// place finds where the ids of the chunk stand among those of every segment.
func (s *searcher) place() {
	if s.positions == nil {
		s.positions = make([][]int32, len(s.state.segments))
		for i := range s.positions {
			s.positions[i] = make([]int32, chunkRows)
		}
	}
	for i, one := range s.state.segments {
		at := int32(-1)
		for mine := range s.to - s.from {
			at = s.placeIn(one, s.from+mine, at)
			s.positions[i][mine] = at
		}
	}
}

// placeIn finds where the id of a new row stands in a segment, given where that
// of the row before does; -1 for none.
func (s *searcher) placeIn(one *segment, row, before int32) int32 {
	if one == s.fresh {
		return row
	}
	if old := s.replaced[row] - one.start; old >= 0 && old < one.n {
		return old // the same id
	}
	k := s.fresh.ids.key(row)
	if before < 0 {
		return one.ids.position(k)
	}
	return one.ids.positionFrom(before, k)
}

// lay gives a row of the matrix that is this worker's own: a record of the
// chunk, or from chunkRows on a partner.
func (s *searcher) lay(i int) []int32 {
	stride := s.state.man.Stride
	return s.plan.Codes()[(int(s.first)+i)*stride:][:stride]
}

// slot is where the next partner is laid.
func (s *searcher) slot() int { return chunkRows + len(s.partners) }

// searchPlain takes the whole chunk through a part that, like all parts before
// it, is equalities only. Buckets and rows lie far apart: every step asks for
// those of many records, so that memory answers several at a time.
func (s *searcher) searchPlain(at int) {
	p := s.parts[at]
	keys := &s.keys[p.table]
	from, _ := slices.BinarySearch(keys.rows, s.from)
	to, _ := slices.BinarySearch(keys.rows, s.to)
	mine := keys.rows[from:to]
	for segment, one := range s.state.segments {
		t := &one.tables[p.table]
		s.spans = t.spansOf(keys.hashes[from:to], s.spans[:0])
		t.touch(s.spans)
		for i, bucket := range s.spans {
			rows := t.rows[bucket.from:bucket.to]
			if one == s.fresh { // a pair of new rows is found from its later one; rows of a bucket ascend
				end, _ := slices.BinarySearch(rows, mine[i])
				rows = rows[:end]
			}
			for _, row := range rows {
				if s.candidates = append(s.candidates, candidate{mine[i] - s.from, row}); len(s.candidates) == batchRows {
					s.offerAll(at, segment)
				}
			}
		}
		s.offerAll(at, segment)
	}
}

// offerAll takes the candidates that are partners, by a part that, like all
// parts before it, is equalities only.
func (s *searcher) offerAll(at int, segment int) {
	one, p, stride := s.state.segments[segment], s.parts[at], s.state.man.Stride
	s.fetch(one.codes, p.same[0])
next:
	for i, c := range s.candidates {
		mine := s.lay(int(c.mine))
		if s.firsts[i] != mine[p.same[0]] {
			continue
		}
		theirs := one.codes[int(c.row)*stride:][:stride]
		if !agree(p.same[1:], mine, theirs) || s.isLeftOut(one, c) {
			continue
		}
		for _, q := range s.parts[:at] {
			if agree(q.same, mine, theirs) {
				continue next
			}
		}
		copy(s.lay(s.slot()), theirs)
		s.take(partner{one.start + c.row, c.mine, int16(p.rule), c.row < s.positions[segment][c.mine]})
	}
	s.candidates = s.candidates[:0]
}

// fetch asks memory for the codes of the candidates, of which it keeps one. The
// shorter such a loop, the more are asked for at a time.
func (s *searcher) fetch(codes []int32, place int) {
	stride, last, sum := s.state.man.Stride, s.state.man.Stride-1, int32(0)
	s.firsts = s.firsts[:len(s.candidates)]
	firsts := s.firsts
	for i, c := range s.candidates {
		at := int(c.row) * stride
		firsts[i] = codes[at+place]
		sum += codes[at] + codes[at+last] // in case they stand astride two lines
	}
	s.touched = sum
}

// isLeftOut says that a candidate is of a record that ended, or of the same
// source where only pairs of two sources are wanted.
func (s *searcher) isLeftOut(one *segment, c candidate) bool {
	return s.state.isDead(one.start+c.row) || s.isOnly && one.ids.source[c.row] == s.fresh.ids.source[s.from+c.mine]
}

// searchOne takes a record of the chunk through any part.
func (s *searcher) searchOne(at int, mine int32) {
	p := s.parts[at]
	if p.element >= 0 {
		s.searchList(at, mine)
		return
	}
	s.buckets(p, s.from+mine, s.lay(int(mine)), func(segment int, bucket span, isLeft bool) {
		for _, row := range s.state.segments[segment].tables[p.tableOf(isLeft)].rows[bucket.from:bucket.to] {
			s.offer(at, segment, candidate{mine, row}, isLeft)
		}
	})
}

// searchList takes a record through a part with an exploded list, whose elements
// may offer a partner several times.
func (s *searcher) searchList(at int, mine int32) {
	p := s.parts[at]
	s.seen = s.seen[:0]
	s.buckets(p, s.from+mine, s.lay(int(mine)), func(segment int, bucket span, isLeft bool) {
		one := s.state.segments[segment]
		for _, row := range one.tables[p.tableOf(isLeft)].rows[bucket.from:bucket.to] {
			s.seen = append(s.seen, one.start+row)
		}
	})
	slices.Sort(s.seen)
	for _, other := range slices.Compact(s.seen) {
		one, row := s.state.at(other)
		segment := slices.Index(s.state.segments, one)
		s.offer(at, segment, candidate{mine, row}, row >= s.positions[segment][mine])
	}
}

// offer takes a candidate if it satisfies a part and none before.
func (s *searcher) offer(at int, segment int, c candidate, isLeft bool) {
	one := s.state.segments[segment]
	if one == s.fresh && c.row >= s.from+c.mine {
		return // a pair of new rows is found from its later one
	}
	if s.isLeftOut(one, c) {
		return
	}
	p := s.parts[at]
	taken := partner{one.start + c.row, c.mine, int16(p.rule), c.row < s.positions[segment][c.mine]}
	if p.isTwoSided() && isLeft == taken.isBefore {
		return // found from the table of the other side
	}
	stride := s.state.man.Stride
	copy(s.lay(s.slot()), one.codes[int(c.row)*stride:][:stride])
	if !s.holds(p, taken) {
		return
	}
	for _, q := range s.parts[:at] {
		if s.holds(q, taken) {
			return
		}
	}
	s.take(taken)
}

// holds says that a partner laid in the next slot satisfies a part.
func (s *searcher) holds(p *part, with partner) bool {
	if !agree(p.same, s.lay(int(with.mine)), s.lay(s.slot())) {
		return false
	}
	if len(p.conditions) == 0 {
		return true
	}
	l, r := s.pair(s.slot(), with)
	s.judge.Look(l, r, 0)
	for _, c := range p.conditions {
		if !s.judge.Holds(c) {
			return false
		}
	}
	return true
}

// pair gives the rows of the matrix to compare, the smaller id first.
func (s *searcher) pair(slot int, with partner) (l, r int32) {
	l, r = s.first+with.mine, s.first+int32(slot)
	if with.isBefore {
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

// take keeps the partner laid in the next slot.
func (s *searcher) take(p partner) {
	if s.partners = append(s.partners, p); len(s.partners) == batchRows {
		s.flush()
	}
}

// flush scores the partners laid out.
func (s *searcher) flush() {
	s.left, s.right, s.far = s.left[:0], s.right[:0], s.far[:0]
	for i, p := range s.partners {
		l, r := s.pair(chunkRows+i, p)
		s.left, s.right, s.far = append(s.left, l), append(s.right, r), append(s.far, s.first+chunkRows+int32(i))
	}
	s.judge.ScoreAll(s.left, s.right, s.far, func(i int, weight float64) {
		p := &s.partners[i]
		s.edges = append(s.edges, edge{s.fresh.start + s.from + p.mine, p.row, float32(weight), p.rule})
	})
	s.compared += int64(len(s.partners))
	s.partners = s.partners[:0]
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
