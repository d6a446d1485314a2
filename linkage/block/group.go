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
	rows  []int32
	codes [][]int32 // by key, by entry
	sizes []int     // distinct codes of each key
}

// group puts entries with equal keys together, in ascending order of rows.
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

// each visits the entries of each combination of keys, none of them null. It
// sorts by counting, one key at a time, the last one first, each time keeping
// the order there is among equals.
func (e entries) each(visit func(entries []int32)) {
	order := e.known()
	var starts []int32
	for k := len(e.codes) - 1; k >= 0; k-- {
		order, starts = scattered(order, e.codes[k], e.sizes[k])
	}
	if starts == nil {
		starts = []int32{0, int32(len(order))}
	}
	for bucket := range len(starts) - 1 {
		e.runs(order[starts[bucket]:starts[bucket+1]], visit)
	}
}

// known gives the entries none of whose keys is null.
func (e entries) known() []int32 {
	order := make([]int32, 0, len(e.rows))
next:
	for i := range e.rows {
		for _, codes := range e.codes {
			if codes[i] < 0 {
				continue next
			}
		}
		order = append(order, int32(i))
	}
	return order
}

// runs visits the stretches of equal keys in entries whose first key is equal.
func (e entries) runs(sorted []int32, visit func(entries []int32)) {
	if len(e.codes) < 2 {
		if len(sorted) > 0 {
			visit(sorted)
		}
		return
	}
	from := 0
	for at := 1; at <= len(sorted); at++ {
		if at < len(sorted) && e.isSame(sorted[at-1], sorted[at]) {
			continue
		}
		visit(sorted[from:at])
		from = at
	}
}

// isSame says that two entries have equal keys but for the first.
func (e entries) isSame(a, b int32) bool {
	for _, codes := range e.codes[1:] {
		if codes[a] != codes[b] {
			return false
		}
	}
	return true
}

// scattered sorts entries stably by one code, and tells where each code begins.
func scattered(order, codes []int32, distinct int) (sorted, starts []int32) {
	starts = make([]int32, distinct+1)
	for _, entry := range order {
		starts[codes[entry]+1]++
	}
	for code := range distinct {
		starts[code+1] += starts[code]
	}
	next := slices.Clone(starts)
	sorted = make([]int32, len(order))
	for _, entry := range order {
		code := codes[entry]
		sorted[next[code]] = entry
		next[code]++
	}
	return sorted, starts
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
		p.groups = e.group(rows)
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
	e.each(func(run []int32) {
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
