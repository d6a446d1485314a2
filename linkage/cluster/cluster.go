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
	return cmp.Or(cmp.Compare(y.Weight, x.Weight), cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B))
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

// flatten turns the forest into a clustering.
func (f forest) flatten() []int32 {
	for i := range f {
		f[i] = f.root(int32(i))
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
