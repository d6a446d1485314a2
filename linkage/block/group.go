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

// group sorts the entries by their keys, last key first, each time by counting:
// rows with equal keys end up together, in ascending order.
func (e entries) group(table int) groups {
	order := e.known()
	for k := len(e.codes) - 1; k >= 0; k-- {
		order = countingSort(order, e.codes[k], e.sizes[k])
	}
	g := groups{starts: []int32{0}}
	isOnce := len(e.rows) == table
	if isOnce {
		g.of = make([]int32, table)
		for row := range g.of {
			g.of[row] = -1
		}
	}
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && e.same(order[from], order[to]) {
			to++
		}
		if to-from > 1 {
			e.keep(&g, order[from:to], isOnce)
		}
		from = to
	}
	return g
}

// known gives the entries none of whose keys is null.
func (e entries) known() []int32 {
	order := make([]int32, 0, len(e.rows))
	for i := range e.rows {
		if e.isKnown(i) {
			order = append(order, int32(i))
		}
	}
	return order
}

func (e entries) isKnown(i int) bool {
	for _, codes := range e.codes {
		if codes[i] < 0 {
			return false
		}
	}
	return true
}

func (e entries) same(a, b int32) bool {
	for _, codes := range e.codes {
		if codes[a] != codes[b] {
			return false
		}
	}
	return true
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

// countingSort sorts stably by code. When there are far more codes than
// entries, comparing is cheaper than counting.
func countingSort(order, codes []int32, distinct int) []int32 {
	if distinct > 8*len(order)+1024 {
		slices.SortStableFunc(order, func(a, b int32) int { return int(codes[a]) - int(codes[b]) })
		return order
	}
	next := make([]int32, distinct+1)
	for _, entry := range order {
		next[codes[entry]+1]++
	}
	for code := range distinct {
		next[code+1] += next[code]
	}
	sorted := make([]int32, len(order))
	for _, entry := range order {
		code := codes[entry]
		sorted[next[code]] = entry
		next[code]++
	}
	return sorted
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

// exploded groups rows by their other keys and one element at a time.
func (p *part) exploded(rows int) groups {
	e := entries{codes: make([][]int32, len(p.keys)+1)}
	for _, k := range p.keys {
		e.sizes = append(e.sizes, k.distinct)
	}
	e.sizes = append(e.sizes, p.elements[0].distinct)
	for row := range int32(rows) {
		list := slices.Clone(p.elements[0].of(row))
		slices.Sort(list)
		for _, item := range slices.Compact(list) {
			e.rows = append(e.rows, row)
			for i, k := range p.keys {
				e.codes[i] = append(e.codes[i], k.left[row])
			}
			e.codes[len(p.keys)] = append(e.codes[len(p.keys)], item)
		}
	}
	g := e.group(-1)
	return g
}

// twoSided groups left rows and right rows by the same keys: each row has an
// entry for either side, and a group pairs its left rows with its right ones.
func (p *part) twoSided(rows int) groups {
	e := entries{rows: append(sequence(rows), sequence(rows)...), codes: make([][]int32, len(p.keys))}
	for i, k := range p.keys {
		e.codes[i] = append(slices.Clone(k.left), k.right...)
		e.sizes = append(e.sizes, k.distinct)
	}
	order := e.known()
	for k := len(e.codes) - 1; k >= 0; k-- {
		order = countingSort(order, e.codes[k], e.sizes[k])
	}
	lefts, rights := groups{starts: []int32{0}}, groups{starts: []int32{0}}
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && e.same(order[from], order[to]) {
			to++
		}
		for _, entry := range order[from:to] {
			if int(entry) < rows {
				lefts.rows = append(lefts.rows, entry)
			} else {
				rights.rows = append(rights.rows, entry-int32(rows))
			}
		}
		lefts.starts, rights.starts = append(lefts.starts, int32(len(lefts.rows))), append(rights.starts, int32(len(rights.rows)))
		from = to
	}
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
