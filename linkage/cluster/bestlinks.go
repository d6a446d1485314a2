package cluster

import (
	"cmp"
	"slices"
)

// Ties says what happens to links of one row that are equally good.
type Ties string

// The two ways of settling ties. Drop distrusts every link of a row that
// reaches several rows of one duplicate-free source with one and the same
// weight; LowestID takes the smallest row.
const (
	Drop     Ties = "drop"
	LowestID Ties = "lowest_id"
)

// BestLinks accepts an edge only when it is, for the clusters on both of its
// sides, the best edge still allowed, and adds no second row of a
// duplicate-free source; it repeats until no edge is accepted. Edges rank by
// descending weight, then smaller row, then larger row.
//
// sources gives each row's source; duplicateFree tells of each source whether
// it holds every person at most once.
//
// The best edge that is allowed anywhere is the best of both of its sides, and
// what is forbidden stays forbidden, so taking edges from the best down gives
// the same clusters as repeated rounds of mutual best choices.
func BestLinks(n int, edges []Edge, minWeight float64, sources []int32, duplicateFree []bool, ties Ties) []int32 {
	links := sorted(edges, minWeight)
	if ties == Drop {
		links = dropTies(links, sources, duplicateFree)
	}
	f, held := newForest(n), newHeld(n, sources, duplicateFree)
	for _, e := range links {
		a, b := f.root(e.A), f.root(e.B)
		if a == b || held.clash(a, b) {
			continue
		}
		f.join(a, b)
		held.merge(min(a, b), max(a, b))
	}
	return f.flatten()
}

// held is, for each cluster's root, the set of duplicate-free sources it holds
// a row of: words 64-bit words a row.
type held struct {
	words int
	bits  []uint64
}

func newHeld(n int, sources []int32, duplicateFree []bool) held {
	position, count := make([]int, len(duplicateFree)), 0
	for s, free := range duplicateFree {
		position[s] = -1
		if free {
			position[s] = count
			count++
		}
	}
	h := held{words: (count + 63) / 64}
	h.bits = make([]uint64, h.words*n)
	if count == 0 {
		return h
	}
	for row, s := range sources {
		if p := position[s]; p >= 0 {
			h.bits[row*h.words+p/64] |= 1 << (p % 64)
		}
	}
	return h
}

func (h held) of(root int32) []uint64 { return h.bits[int(root)*h.words:][:h.words] }

func (h held) clash(a, b int32) bool {
	other := h.of(b)
	for i, w := range h.of(a) {
		if w&other[i] != 0 {
			return true
		}
	}
	return false
}

func (h held) merge(into, from int32) {
	to := h.of(into)
	for i, w := range h.of(from) {
		to[i] |= w
	}
}

// end is one end of a link: a row, and what it reaches.
type end struct {
	row, source, far int32
	link             int
}

// dropTies removes the links of each row that reach several rows of one
// duplicate-free source with the same weight.
func dropTies(links []Edge, sources []int32, duplicateFree []bool) []Edge {
	tied := make([]bool, len(links))
	for from := 0; from < len(links); {
		to := from + 1
		for to < len(links) && links[to].Weight == links[from].Weight {
			to++
		}
		if to > from+1 {
			markTies(links[from:to], tied[from:to], sources, duplicateFree)
		}
		from = to
	}
	kept := links[:0]
	for i, e := range links {
		if !tied[i] {
			kept = append(kept, e)
		}
	}
	return kept
}

func markTies(links []Edge, tied []bool, sources []int32, duplicateFree []bool) {
	var ends []end
	for i, e := range links {
		if s := sources[e.B]; duplicateFree[s] {
			ends = append(ends, end{e.A, s, e.B, i})
		}
		if s := sources[e.A]; duplicateFree[s] {
			ends = append(ends, end{e.B, s, e.A, i})
		}
	}
	slices.SortFunc(ends, func(x, y end) int {
		return cmp.Or(cmp.Compare(x.row, y.row), cmp.Compare(x.source, y.source), cmp.Compare(x.far, y.far))
	})
	for i := 1; i < len(ends); i++ {
		if x, y := ends[i-1], ends[i]; x.row == y.row && x.source == y.source {
			tied[x.link], tied[y.link] = true, true
		}
	}
}
