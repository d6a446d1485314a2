package block

import "slices"

// groups are the rows that share the keys of a part. Rows of a group are in
// ascending order, and a group that cannot make a pair is left out.
type groups struct {
	rows   []int32 // group after group
	starts []int32 // where each group begins; one more for the end
	of     []int32 // by row: its group, or -1; nil when a row may be in several
	rights *groups // where the right record has keys of its own: the same groups' right rows
	items  []int32 // for exploded arrays: by position in rows, the element
}

func (g *groups) len() int { return len(g.starts) - 1 }

func (g *groups) group(i int) []int32 { return g.rows[g.starts[i]:g.starts[i+1]] }

// entries are the rows to group with the codes of their keys. A row with an
// exploded array has one entry an element.
type entries struct {
	n     int
	rows  []int32   // by entry; nil where entry and row are one
	codes [][]int32 // by key, by entry
	sizes []int     // distinct codes of each key
}

// room is a worker's memory for sorting.
type room struct{ sorted, other []uint64 }

func (r *room) of(n int) (sorted, other []uint64) {
	r.sorted, r.other = slices.Grow(r.sorted[:0], n), slices.Grow(r.other[:0], n)
	return r.sorted[:0], r.other[:n]
}

// group puts entries with equal keys together, in ascending order of rows.
func (e entries) group(r *room) groups {
	sorted := e.sorted(r)
	entries, runs := 0, 0
	eachRun(sorted, 2, func(run []uint64) { entries, runs = entries+len(run), runs+1 })
	g := groups{rows: make([]int32, 0, entries), starts: make([]int32, 1, runs+1)}
	if e.rows == nil {
		g.of = make([]int32, e.n)
		for row := range g.of {
			g.of[row] = -1
		}
	}
	eachRun(sorted, 2, func(run []uint64) { e.keep(&g, run) })
	return g
}

func (e entries) keep(g *groups, run []uint64) {
	at := int32(g.len())
	for _, entry := range run {
		row := int32(uint32(entry))
		if e.rows == nil {
			g.of[row] = at
		} else {
			g.items = append(g.items, e.codes[len(e.codes)-1][row])
			row = e.rows[row]
		}
		g.rows = append(g.rows, row)
	}
	g.starts = append(g.starts, int32(len(g.rows)))
}

// eachRun visits the runs of one number that are at least so long.
func eachRun(sorted []uint64, least int, visit func(run []uint64)) {
	from := 0
	for at := 1; at <= len(sorted); at++ {
		if at < len(sorted) && sorted[at]>>32 == sorted[from]>>32 {
			continue
		}
		if at-from >= least {
			visit(sorted[from:at])
		}
		from = at
	}
}

// sorted gives the entries none of whose keys is null in the order of the first
// key, then the second, and so on, each under a number that entries of equal
// keys share: number << 32 | entry. It sorts by counting, one key at a time, the
// last one first, each time keeping the order there is among equals. The numbers
// spare a second look at keys that lie far apart in memory.
func (e entries) sorted(r *room) []uint64 {
	sorted, other := r.of(e.n)
	starts := make([][]int32, len(e.codes))
	for k := range starts {
		starts[k] = make([]int32, e.sizes[k]+1)
	}
next:
	for entry := range e.n {
		for _, codes := range e.codes {
			if codes[entry] < 0 {
				continue next
			}
		}
		for k, codes := range e.codes {
			starts[k][codes[entry]+1]++
		}
		sorted = append(sorted, uint64(entry))
	}
	for k := len(e.codes) - 1; k >= 0; k-- {
		other = other[:len(sorted)]
		scatter(sorted, other, e.codes[k], starts[k])
		sorted, other = other, sorted
	}
	return sorted
}

// scatter sorts numbered entries stably by one code and numbers them anew.
// Starts holds, one place on, how many entries have each code.
func scatter(from, to []uint64, codes, starts []int32) {
	for code := range len(starts) - 1 {
		starts[code+1] += starts[code]
	}
	next := slices.Clone(starts)
	for _, entry := range from {
		code := codes[uint32(entry)]
		to[next[code]] = entry
		next[code]++
	}
	number := uint64(0)
	for code := range len(starts) - 1 {
		before := ^uint64(0) // no number is as large
		for i, entry := range to[starts[code]:starts[code+1]] {
			if entry>>32 != before {
				before = entry >> 32
				number++
			}
			to[int(starts[code])+i] = number<<32 | uint64(uint32(entry))
		}
	}
}

// prepare groups the rows of a part.
func (p *part) prepare(rows int, r *room) {
	switch {
	case len(p.elements) > 0:
		p.groups = p.exploded(rows, r)
	case p.isSymmetric():
		e := entries{n: rows}
		for _, k := range p.keys {
			e.codes, e.sizes = append(e.codes, k.left), append(e.sizes, k.distinct)
		}
		p.groups = e.group(r)
	default:
		p.groups = p.twoSided(rows, r)
	}
}

func (p *part) isSymmetric() bool {
	return !slices.ContainsFunc(p.keys, func(k key) bool { return !k.isSymmetric() })
}

// exploded groups rows by the keys both sides read alike and one element at a
// time; addAny asks about the others.
func (p *part) exploded(rows int, r *room) groups {
	e := entries{rows: []int32{}}
	var keys []key
	for _, k := range p.keys {
		if k.isSymmetric() {
			keys = append(keys, k)
			e.sizes = append(e.sizes, k.distinct)
		}
	}
	e.codes = make([][]int32, len(keys)+1)
	e.sizes = append(e.sizes, p.elements[0].distinct)
	for row := range int32(rows) {
		list := slices.Clone(p.elements[0].of(row))
		slices.Sort(list)
		for _, item := range slices.Compact(list) {
			e.rows = append(e.rows, row)
			for i, k := range keys {
				e.codes[i] = append(e.codes[i], k.left[row])
			}
			e.codes[len(keys)] = append(e.codes[len(keys)], item)
		}
	}
	e.n = len(e.rows)
	return e.group(r)
}

// twoSided groups left rows and right rows by the same keys: each row has an
// entry for either side, and a group pairs its left rows with its right ones.
func (p *part) twoSided(rows int, r *room) groups {
	e := entries{n: 2 * rows, codes: make([][]int32, len(p.keys))}
	for i, k := range p.keys {
		e.codes[i] = append(slices.Clone(k.left), k.right...)
		e.sizes = append(e.sizes, k.distinct)
	}
	lefts, rights := groups{starts: []int32{0}}, groups{starts: []int32{0}}
	eachRun(e.sorted(r), 1, func(run []uint64) {
		for _, numbered := range run {
			if entry := int32(uint32(numbered)); int(entry) < rows {
				lefts.rows = append(lefts.rows, entry)
			} else {
				rights.rows = append(rights.rows, entry-int32(rows))
			}
		}
		lefts.starts, rights.starts = append(lefts.starts, int32(len(lefts.rows))), append(rights.starts, int32(len(rights.rows)))
	})
	lefts.rights = &rights
	return lefts
}

// share says whether two rows, the left one first, satisfy the part's
// equalities.
func (p *part) share(l, r int32) bool {
	if p.groups.of != nil {
		return p.groups.of[l] >= 0 && p.groups.of[l] == p.groups.of[r]
	}
	for _, k := range p.keys {
		if k.left[l] < 0 || k.left[l] != k.right[r] {
			return false
		}
	}
	for _, e := range p.elements {
		if firstShared(e.of(l), e.of(r)) < 0 {
			return false
		}
	}
	return true
}

// firstShared gives the smallest element of both lists, or -1.
func firstShared(a, b []int32) int32 {
	best := int32(-1)
	for _, x := range a {
		if (best < 0 || x < best) && slices.Contains(b, x) {
			best = x
		}
	}
	return best
}
