package block

import (
	"cmp"
	"slices"
)

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
	rows  []int32
	codes [][]int32 // by key, by entry
	sizes []int     // distinct codes of each key
}

// group puts entries with equal keys together, in ascending order of rows: first
// by the key with most values, by counting, then within each of its values by
// the others packed into one number.
func (e entries) group(table int) groups {
	g := groups{starts: []int32{0}}
	isOnce := len(e.rows) == table
	if isOnce {
		g.of = make([]int32, table)
		for row := range g.of {
			g.of[row] = -1
		}
	}
	e.each(func(run []int32) {
		if len(run) > 1 {
			e.keep(&g, run, isOnce)
		}
	})
	return g
}

// each visits the entries of each combination of keys, none of them null.
func (e entries) each(visit func(entries []int32)) {
	if len(e.codes) == 0 {
		visit(sequence(len(e.rows)))
		return
	}
	widest := 0
	for k := range e.codes {
		if e.sizes[k] > e.sizes[widest] {
			widest = k
		}
	}
	order, starts := bucketed(e.codes[widest], e.sizes[widest])
	rest := packing{entries: e, leftOut: widest}
	for bucket := range len(starts) - 1 {
		run := order[starts[bucket]:starts[bucket+1]]
		if len(e.codes) == 1 {
			if len(run) > 0 {
				visit(run)
			}
			continue
		}
		rest.each(run, visit)
	}
}

// bucketed sorts entries stably by one code, leaving nulls out.
func bucketed(codes []int32, distinct int) (order, starts []int32) {
	starts = make([]int32, distinct+1)
	for _, code := range codes {
		if code >= 0 {
			starts[code+1]++
		}
	}
	for code := range distinct {
		starts[code+1] += starts[code]
	}
	next := slices.Clone(starts)
	order = make([]int32, starts[distinct])
	for entry, code := range codes {
		if code >= 0 {
			order[next[code]] = int32(entry)
			next[code]++
		}
	}
	return order, starts
}

// packing sorts the entries of a bucket by all keys but one.
type packing struct {
	entries
	leftOut int
	packed  []packedEntry
	run     []int32
}

// packedEntry is an entry with its other keys as one number.
type packedEntry struct {
	key   uint64
	entry int32
}

func (p *packing) each(bucket []int32, visit func(entries []int32)) {
	p.packed = p.packed[:0]
	for _, entry := range bucket {
		if key, isKnown := p.key(entry); isKnown {
			p.packed = append(p.packed, packedEntry{key, entry})
		}
	}
	if len(p.packed) < 2 {
		return
	}
	p.sort()
	for from := 0; from < len(p.packed); {
		p.run = append(p.run[:0], p.packed[from].entry)
		to := from + 1
		for to < len(p.packed) && p.packed[to].key == p.packed[from].key {
			p.run = append(p.run, p.packed[to].entry)
			to++
		}
		visit(p.run)
		from = to
	}
}

// key packs the other keys in mixed radix. No three columns of a billion records
// have more than 2^64 combinations of codes that occur; beyond that keys that
// differ could meet, so prepare numbers such keys first.
func (p *packing) key(entry int32) (key uint64, isKnown bool) {
	for k, codes := range p.codes {
		if k == p.leftOut {
			continue
		}
		code := codes[entry]
		if code < 0 {
			return 0, false
		}
		key = key*uint64(p.sizes[k]) + uint64(code)
	}
	return key, true
}

// sort orders by key, then entry; a small bucket by insertion.
func (p *packing) sort() {
	if len(p.packed) > 24 {
		slices.SortFunc(p.packed, func(a, b packedEntry) int {
			if a.key != b.key {
				return cmp.Compare(a.key, b.key)
			}
			return int(a.entry - b.entry)
		})
		return
	}
	for i := 1; i < len(p.packed); i++ {
		now := p.packed[i]
		at := i
		for at > 0 && p.packed[at-1].key > now.key { // entries come in ascending order
			p.packed[at] = p.packed[at-1]
			at--
		}
		p.packed[at] = now
	}
}

func (e entries) keep(g *groups, entries []int32, isOnce bool) {
	at := int32(g.len())
	for _, entry := range entries {
		row := e.rows[entry]
		g.rows = append(g.rows, row)
		if isOnce {
			g.of[row] = at
		} else {
			g.items = append(g.items, e.codes[len(e.codes)-1][entry])
		}
	}
	g.starts = append(g.starts, int32(len(g.rows)))
}

// narrowed numbers the combinations of keys anew, two at a time, while their
// product is too large for one number.
func (e entries) narrowed() entries {
	product := 1.0
	for _, size := range e.sizes {
		product *= float64(max(size, 1))
	}
	if product < 1<<63 || len(e.codes) < 3 {
		return e
	}
	codes, distinct := combined(e.codes[0], e.codes[1])
	e.codes = append([][]int32{codes}, e.codes[2:]...)
	e.sizes = append([]int{distinct}, e.sizes[2:]...)
	return e.narrowed()
}

func combined(a, b []int32) (codes []int32, distinct int) {
	numbers := map[[2]int32]int32{}
	codes = make([]int32, len(a))
	for i := range a {
		codes[i] = -1
		if a[i] < 0 || b[i] < 0 {
			continue
		}
		both := [2]int32{a[i], b[i]}
		if _, ok := numbers[both]; !ok {
			numbers[both] = int32(len(numbers))
		}
		codes[i] = numbers[both]
	}
	return codes, len(numbers)
}

// prepare groups the rows of a part.
func (p *part) prepare(rows int) {
	switch {
	case len(p.elements) > 0:
		p.groups = p.exploded(rows)
	case p.isSymmetric():
		e := entries{rows: sequence(rows)}
		for _, k := range p.keys {
			e.codes, e.sizes = append(e.codes, k.left), append(e.sizes, k.distinct)
		}
		p.groups = e.narrowed().group(rows)
	default:
		p.groups = p.twoSided(rows)
	}
}

func (p *part) isSymmetric() bool {
	return !slices.ContainsFunc(p.keys, func(k key) bool { return !k.isSymmetric() })
}

func sequence(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

// exploded groups rows by the keys both sides read alike and one element at a
// time; addAny asks about the others.
func (p *part) exploded(rows int) groups {
	var e entries
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
	return e.group(-1)
}

// twoSided groups left rows and right rows by the same keys: each row has an
// entry for either side, and a group pairs its left rows with its right ones.
func (p *part) twoSided(rows int) groups {
	e := entries{rows: append(sequence(rows), sequence(rows)...), codes: make([][]int32, len(p.keys))}
	for i, k := range p.keys {
		e.codes[i] = append(slices.Clone(k.left), k.right...)
		e.sizes = append(e.sizes, k.distinct)
	}
	lefts, rights := groups{starts: []int32{0}}, groups{starts: []int32{0}}
	e.narrowed().each(func(run []int32) {
		for _, entry := range run {
			if int(entry) < rows {
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
