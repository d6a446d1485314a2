package index

import (
	"math/bits"
	"slices"
	"sort"

	"tre/linkage/cluster"
)

// web is what lies around some rows of an index, as it was before a run and as
// it is after, gathered so that it stands together in memory: rows that a run
// touches lie far apart, and are turned to many times.
type web struct {
	state   *state   // after the run
	old     []uint64 // the rows dead before it
	fresh   int32    // the first row that it added
	workers int

	slots   []int32 // open addressing by row of the index: 1 + its place; 0 is free
	shift   int     // leaves the bits of a hash that number a slot
	rows    []int32 // by place
	person  []cluster.ID
	ends    []int32 // by place: where its strands end; they begin where those before end
	strands []strand
}

// strand is a link of a row that is here.
type strand struct {
	to      int32 // a row of the index
	at      int32 // its place, when resolve has found it; -1 when it is not here
	weight  float32
	rule    int16
	was, is bool // whether to lived before the run, and the link was known, and whether it lives after
}

// newWeb has room for so many rows; it may take more.
func newWeb(s *state, old *state, rows, workers int) *web {
	w := &web{state: s, old: old.dead, fresh: old.rows(), workers: workers}
	w.rows, w.person, w.ends = make([]int32, 0, rows), make([]cluster.ID, 0, rows), make([]int32, 0, rows)
	w.strands = make([]strand, 0, 2*rows)
	w.makeSlots(rows)
	return w
}

func (w *web) makeSlots(rows int) {
	w.slots = make([]int32, powerOfTwo(2*rows+1))
	clear(w.slots) // written first, fresh memory is handed out once; read first, twice
	w.shift = 32 - bits.TrailingZeros(uint(len(w.slots)))
}

// place gives the place of a row, or -1 when it is not here.
func (w *web) place(row int32) int32 {
	for at := w.slot(row); ; at = (at + 1) & (len(w.slots) - 1) {
		if place := w.slots[at] - 1; place < 0 || w.rows[place] == row {
			return place
		}
	}
}

// slot is where to look for a row first.
func (w *web) slot(row int32) int { return int(uint32(row) * 0x9e3779b1 >> w.shift) }

// enter gives rows that are not here places.
func (w *web) enter(rows []int32) {
	from := len(w.rows)
	w.rows = append(w.rows, rows...)
	if 2*len(w.rows) > len(w.slots) {
		w.makeSlots(2 * len(w.rows))
		from = 0
	}
	for place := from; place < len(w.rows); place++ {
		at := w.slot(w.rows[place])
		for w.slots[at] != 0 {
			at = (at + 1) & (len(w.slots) - 1)
		}
		w.slots[at] = int32(place) + 1
	}
}

// add gathers rows that are not here yet, in ascending order.
func (w *web) add(rows []int32) {
	first := len(w.rows)
	w.enter(rows)
	w.person = append(w.person, make([]cluster.ID, len(rows))...)
	w.ends = append(w.ends, make([]int32, len(rows))...)
	share := (len(rows) + w.workers - 1) / w.workers
	spun := make([][]strand, w.workers)
	inParallel(w.workers, w.workers, func(i int) {
		from := min(i*share, len(rows))
		to := min(from+share, len(rows))
		spun[i] = w.spin(rows[from:to], w.person[first+from:first+to], w.ends[first+from:first+to])
	})
	for i, strands := range spun {
		at := int32(len(w.strands))
		from := min(i*share, len(rows))
		for place := first + from; place < first+min(from+share, len(rows)); place++ {
			w.ends[place] += at
		}
		w.strands = append(w.strands, strands...)
	}
}

// spin gives the strands of rows and fills in their persons and where the
// strands of each end. They lie far apart; each step asks for those of all rows.
func (w *web) spin(rows []int32, person []cluster.ID, ends []int32) []strand {
	base := w.state.segments[0]
	spans := make([]span, len(rows))
	total := 0
	for i, row := range rows {
		from, to := base.links.of(row)
		spans[i] = span{from, to}
		total += int(to - from)
		if row < w.fresh {
			person[i] = w.state.person(row)
		}
	}
	base.links.touch(spans)
	strands := make([]strand, 0, total+total/4+len(rows))
	cursors := make([]int, len(w.state.segments))
	for i, row := range rows {
		strands = w.take(strands, &base.links, spans[i], row >= w.fresh)
		for at, one := range w.state.segments[1:] {
			if one.start+one.n > row { // links lie in the segment of their later row, or after it
				strands = w.take(strands, &one.links, one.links.next(row, &cursors[at+1]), one.start >= w.fresh)
			}
		}
		ends[i] = int32(len(strands))
	}
	return strands
}

// resolve finds the places of what the strands from one on lead to.
func (w *web) resolve(from int) {
	strands := w.strands[from:]
	share := (len(strands) + w.workers - 1) / w.workers
	inParallel(w.workers, w.workers, func(i int) {
		first := min(i*share, len(strands))
		w.resolveSome(strands[first:min(first+share, len(strands))])
	})
}

// resolveSome also asks memory for the persons of what is not here. It must not
// be inlined: that is of no other use, and the reading would be left out.
//
//go:noinline
func (w *web) resolveSome(strands []strand) (sum byte) {
	people := w.state.segments[0].people
	for i := range strands {
		s := &strands[i]
		if s.at = w.place(s.to); s.at < 0 && int(s.to) < len(people) {
			sum += people[s.to][0]
		}
	}
	return sum
}

func (w *web) take(strands []strand, links *adjacency, of span, isNew bool) []strand {
	for i := of.from; i < of.to; i++ {
		to := links.to[i]
		s := strand{to: to, weight: links.weight[i], rule: links.rule[i], is: !w.state.isDead(to)}
		s.was = !isNew && w.old[to/64]>>(to%64)&1 == 0
		if s.was || s.is {
			strands = append(strands, s)
		}
	}
	return strands
}

// around gives the strands of the row at a place.
func (w *web) around(place int32) []strand {
	if place == 0 {
		return w.strands[:w.ends[0]]
	}
	return w.strands[w.ends[place-1]:w.ends[place]]
}

// personBefore is the person a row had before the run.
func (w *web) personBefore(row int32) cluster.ID {
	if place := w.place(row); place >= 0 {
		return w.person[place]
	}
	return w.state.person(row)
}

// touch asks memory for links that will be looked at. It must not be inlined:
// what it gives is of no use, and the reading would be left out.
//
//go:noinline
func (a *adjacency) touch(of []span) (sum float32) {
	for _, s := range of {
		if s.from < s.to {
			sum += a.weight[s.from] + float32(a.to[s.from]) + float32(a.rule[s.from])
		}
	}
	return sum
}

// next is of for rows that are asked for in ascending order; cursor is where the
// one before was.
func (a *adjacency) next(row int32, cursor *int) span {
	if a.rows == nil {
		from, to := a.of(row)
		return span{from, to}
	}
	*cursor += follow(a.rows[*cursor:], row)
	if *cursor == len(a.rows) || a.rows[*cursor] != row {
		return span{}
	}
	return span{a.offsets[*cursor], a.offsets[*cursor+1]}
}

// follow is the number of rows, in ascending order, below one; it takes little
// time when there are few.
func follow(rows []int32, below int32) int {
	from, step := 0, 1
	for from+step < len(rows) && rows[from+step] < below {
		from += step
		step *= 2
	}
	reach := min(from+step, len(rows))
	return from + sort.Search(reach-from, func(i int) bool { return rows[from+i] >= below })
}

// inOrder sorts rows, which ascend, by id. Rows of a segment are in that order
// already.
func (s *state) inOrder(rows []int32) {
	var runs [][]int32
	for _, one := range s.segments {
		n := follow(rows, one.start+one.n)
		if n > 0 {
			runs = append(runs, rows[:n])
		}
		rows = rows[n:]
	}
	s.mergeRuns(runs)
}

// mergeRuns merges runs that stand one after the other, by twos.
func (s *state) mergeRuns(runs [][]int32) {
	for len(runs) > 1 {
		merged := runs[:0]
		for i := 0; i < len(runs); i += 2 {
			if i+1 == len(runs) {
				merged = append(merged, runs[i])
				break
			}
			merged = append(merged, s.mergeTwo(runs[i], runs[i+1]))
		}
		runs = merged
	}
}

// mergeTwo merges a run with the one that stands after it, in their place. Of
// equal ids the earlier row is first.
func (s *state) mergeTwo(a, b []int32) []int32 {
	out := a[:len(a)+len(b)]
	left := slices.Clone(a)
	keys := s.keysOf(left)
	of := s.keysOf(b)
	for at, i, j := 0, 0, 0; i < len(left); at++ {
		if j < len(b) && compareKeys(of[j], keys[i]) < 0 {
			out[at] = b[j]
			j++
		} else {
			out[at] = left[i]
			i++
		}
	}
	return out
}

func (s *state) keysOf(rows []int32) []key {
	keys := make([]key, len(rows))
	for i, row := range rows {
		keys[i] = s.key(row)
	}
	return keys
}
