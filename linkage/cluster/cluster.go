// Package cluster decides which records are one person, given the pairs that
// were scored.
//
// Records are rows 0..n-1; a pair is an Edge with a match weight (log2 of the
// odds that both are one person). A clustering is one int32 a row: the
// smallest row of the row's cluster, so clusters have a name that depends on
// nothing but their records. No result depends on the order of the edges.
//
//   - Components joins everything that hangs together.
//   - BestLinks accepts a link only when it is the best of both sides, with
//     sources that hold each person once.
//   - Bridges, the default, is Components that resists false bridges and
//     honours constraints. Its rule is described there.
//
// ChooseThreshold finds the weight at which to cut without labels, Measure
// describes clusters and raises alarms, KeepIDs carries ids from one run to
// the next, and ReadDecisions holds what people decided.
package cluster

import (
	"cmp"
	"slices"
)

// Edge is a scored pair of two rows. Weight is log2 odds; it may be infinite
// and is never NaN. A pair given twice counts once, with its largest weight.
type Edge struct {
	A, B   int32
	Weight float32
}

// Pair is two rows about which something is known or was decided.
type Pair struct{ A, B int32 }

// ordered names the smaller row first.
func (e Edge) ordered() Edge {
	if e.A > e.B {
		e.A, e.B = e.B, e.A
	}
	return e
}

// strongestFirst orders edges whose smaller row comes first: a total order, so
// equal weights are settled by the rows.
func strongestFirst(x, y Edge) int {
	switch { // one after the other: most are settled by the first
	case x.Weight != y.Weight:
		return cmp.Compare(y.Weight, x.Weight)
	case x.A != y.A:
		return cmp.Compare(x.A, y.A)
	}
	return cmp.Compare(x.B, y.B)
}

// sortStrongestFirst sorts edges whose smaller row comes first. Most lists are
// of a few edges, for which calling a function to compare is most of the cost.
func sortStrongestFirst(edges []Edge) {
	if len(edges) > 12 {
		slices.SortFunc(edges, strongestFirst)
		return
	}
	for i := 1; i < len(edges); i++ {
		e, at := edges[i], i
		for ; at > 0 && !(edges[at-1].Weight > e.Weight) && strongestFirst(e, edges[at-1]) < 0; at-- {
			edges[at] = edges[at-1]
		}
		edges[at] = e
	}
}

// forest is a union-find whose trees are rooted in their smallest row.
type forest []int32

func newForest(n int) forest {
	f := make(forest, n)
	for i := range f {
		f[i] = int32(i)
	}
	return f
}

func (f forest) root(x int32) int32 {
	for f[x] != x {
		f[x] = f[f[x]]
		x = f[x]
	}
	return x
}

// join makes one tree of two and says whether they were two.
func (f forest) join(a, b int32) bool {
	a, b = f.root(a), f.root(b)
	f[max(a, b)] = min(a, b)
	return a != b
}

// flatten turns the forest into a clustering. What is above a row is smaller,
// and so has its root by then.
func (f forest) flatten() []int32 {
	for i, above := range f {
		f[i] = f[above]
	}
	return f
}

// Components joins rows connected by edges of at least minWeight. It costs
// time linear in the edges and 4 bytes a row.
func Components(n int, edges []Edge, minWeight float64) []int32 {
	f := newForest(n)
	for _, e := range edges {
		if float64(e.Weight) >= minWeight {
			f.join(e.A, e.B)
		}
	}
	return f.flatten()
}

// sorted gives the edges between two rows of at least minWeight, smaller row
// first, strongest first, each pair once.
func sorted(edges []Edge, minWeight float64) []Edge {
	var kept []Edge
	for _, e := range edges {
		if float64(e.Weight) >= minWeight && e.A != e.B {
			kept = append(kept, e.ordered())
		}
	}
	slices.SortFunc(kept, func(x, y Edge) int {
		return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B), cmp.Compare(y.Weight, x.Weight))
	})
	kept = slices.CompactFunc(kept, func(x, y Edge) bool { return x.A == y.A && x.B == y.B })
	slices.SortFunc(kept, strongestFirst)
	return kept
}
