package block

import (
	"slices"

	"tre/linkage/model"
	"tre/linkage/records"
)

// Partition is rows in groups: rows of one group agree on whatever it was
// refined by. A group that cannot make a pair is left out. Partitions count
// pairs without making any.
type Partition struct {
	rows   []int32 // group after group, ascending in each
	starts []int32 // where each group begins; one more for the end
}

// Everything is all rows of a table in one group.
func Everything(t *records.Table) Partition {
	if t.Rows < 2 {
		return Partition{starts: []int32{0}}
	}
	return Partition{rows: sequence(t.Rows), starts: []int32{0, int32(t.Rows)}}
}

// Len is the number of groups.
func (p Partition) Len() int { return len(p.starts) - 1 }

// Rows is the number of rows in any group.
func (p Partition) Rows() int { return len(p.rows) }

// Refine splits every group by a code of each row. Rows whose code is negative
// are in no group.
func (p Partition) Refine(codes []int32) Partition {
	f := refiner{out: Partition{starts: []int32{0}}}
	for g := range p.Len() {
		f.group(p.rows[p.starts[g]:p.starts[g+1]], codes)
	}
	return f.out
}

type refiner struct {
	out  Partition
	keys []uint64 // code and row
	next []int32  // by code: where its next row goes
	rows []int32
}

// group splits one group: by counting, when it has more rows than there are
// codes to count, else by sorting.
func (f *refiner) group(rows, codes []int32) {
	f.keys = f.keys[:0]
	largest := int32(-1)
	for _, row := range rows {
		if code := codes[row]; code >= 0 {
			f.keys = append(f.keys, uint64(code)<<32|uint64(row))
			largest = max(largest, code)
		}
	}
	switch {
	case len(f.keys) < 2:
	case len(f.keys) > 64 && int(largest) < 4*len(f.keys):
		f.count(int(largest) + 1)
	default:
		slices.Sort(f.keys)
		f.runs()
	}
}

func (f *refiner) count(distinct int) {
	f.next = slices.Grow(f.next[:0], distinct+1)[:distinct+1]
	clear(f.next)
	for _, key := range f.keys {
		f.next[key>>32+1]++
	}
	for code := range distinct {
		f.next[code+1] += f.next[code]
	}
	f.rows = slices.Grow(f.rows[:0], len(f.keys))[:len(f.keys)]
	for _, key := range f.keys {
		f.rows[f.next[key>>32]] = int32(uint32(key))
		f.next[key>>32]++
	}
	from := int32(0) // next[code] is now where its rows end
	for _, to := range f.next[:distinct] {
		if to-from > 1 {
			f.out.rows = append(f.out.rows, f.rows[from:to]...)
			f.out.starts = append(f.out.starts, int32(len(f.out.rows)))
		}
		from = to
	}
}

// runs makes a group of every code that two or more of the sorted rows have.
func (f *refiner) runs() {
	for from := 0; from < len(f.keys); {
		to := from + 1
		for to < len(f.keys) && f.keys[to]>>32 == f.keys[from]>>32 {
			to++
		}
		if to-from > 1 {
			for _, key := range f.keys[from:to] {
				f.out.rows = append(f.out.rows, int32(uint32(key)))
			}
			f.out.starts = append(f.out.starts, int32(len(f.out.rows)))
		}
		from = to
	}
}

// Group gives the rows of a group, in ascending order.
func (p Partition) Group(g int) []int32 { return p.rows[p.starts[g]:p.starts[g+1]] }

// Groups gives the group of each row of a table of so many rows, or -1.
func (p Partition) Groups(rows int) []int32 {
	of := make([]int32, rows)
	for row := range of {
		of[row] = -1
	}
	for g := range p.Len() {
		for _, row := range p.rows[p.starts[g]:p.starts[g+1]] {
			of[row] = int32(g)
		}
	}
	return of
}

// Pairs is the number of pairs that agree and that the linkage compares.
func (p Partition) Pairs(t *records.Table, link model.LinkType) int64 {
	s := newSources(t, link)
	var total int64
	for g := range p.Len() {
		total += s.among(p.rows[p.starts[g]:p.starts[g+1]])
	}
	return total
}

// Outside is the number of pairs that agree and that agree in none of the
// earlier groupings, each given by row as Groups gives it: by inclusion and
// exclusion, so no pair is made. It gives up, and says so, after looking at
// work rows.
func (p Partition) Outside(t *records.Table, link model.LinkType, earlier [][]int32, work int) (pairs int64, ok bool) {
	c := outside{table: t, link: link, work: work}
	return c.count(p, p.Pairs(t, link), earlier), c.work >= 0
}

type outside struct {
	table *records.Table
	link  model.LinkType
	work  int // rows that may still be looked at
}

// count takes, one after another, the pairs an earlier grouping has away from
// those that no later one has.
func (c *outside) count(p Partition, pairs int64, earlier [][]int32) int64 {
	if len(earlier) == 0 || pairs == 0 || c.work < 0 {
		return pairs
	}
	both := make([]Partition, len(earlier))
	shared := make([]int64, len(earlier))
	for i, of := range earlier {
		c.work -= p.Rows()
		if both[i] = p.Refine(of); both[i].Len() > 0 {
			shared[i] = both[i].Pairs(c.table, c.link)
		}
		if shared[i] == pairs {
			return 0 // an earlier grouping has them all
		}
		if c.work < 0 {
			return 0
		}
	}
	for i := range earlier {
		if shared[i] > 0 {
			pairs -= c.count(both[i], shared[i], earlier[:i])
		}
	}
	return pairs
}

// sources counts pairs within lists of rows: those of two inputs only, where
// the linkage is between inputs.
type sources struct {
	table    *records.Table
	isPlain  bool
	bySource []int64
}

func newSources(t *records.Table, link model.LinkType) *sources {
	s := &sources{table: t, isPlain: link != model.LinkOnly || t.Source == nil}
	if !s.isPlain {
		s.bySource = make([]int64, len(t.Sources))
	}
	return s
}

// among counts the pairs of a list of rows.
func (s *sources) among(rows []int32) int64 {
	n := int64(len(rows))
	pairs := n * (n - 1) / 2
	if s.isPlain {
		return pairs
	}
	for _, row := range rows {
		source := s.table.Source[row]
		pairs -= s.bySource[source] // with those of its own input before it
		s.bySource[source]++
	}
	clear(s.bySource)
	return pairs
}

// between counts the pairs of a left and a right row of which the left one is
// the smaller. Both lists are ascending.
func (s *sources) between(lefts, rights []int32) int64 {
	var pairs, before int64
	at := 0
	for _, r := range rights {
		for at < len(lefts) && lefts[at] < r {
			if !s.isPlain {
				s.bySource[s.table.Source[lefts[at]]]++
			}
			at++
			before++
		}
		pairs += before
		if !s.isPlain {
			pairs -= s.bySource[s.table.Source[r]]
		}
	}
	if !s.isPlain {
		clear(s.bySource)
	}
	return pairs
}

func sequence(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}
