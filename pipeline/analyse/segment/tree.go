package segment

import (
	"math"
	"slices"
)

// unknownValue stands for a feature that is not known: below every value.
const unknownValue = -1

// Cell is a group of people whose features are all alike, with the sums of the
// amount to be explained. Features are whole numbers of 0 or more, or
// unknownValue.
type Cell struct {
	Features []int16
	Group
}

// TreeOptions are the limits of a tree.
type TreeOptions struct {
	MinimumShare  float64 // no leaf has a smaller share of the people
	MinimumPeople float64 // nor fewer people than this
	MinimumGain   float64 // a split takes away at least this share of the whole sum of squares
	MaxLeaves     int
}

// Node is a node of a tree. A leaf has Left < 0; any other sends those whose
// feature is at most Threshold to Left and the rest to Right.
type Node struct {
	Feature     int
	Threshold   int16
	Left, Right int
	Group
}

// Tree is a regression tree; node 0 is its root.
type Tree struct{ Nodes []Node }

// Grow grows a regression tree (Breiman, Friedman, Olshen and Stone 1984): again
// and again the split that takes away most of the sum of squares anywhere, until
// the limits. Of equal splits the one of the earlier leaf, the earlier feature,
// the lower threshold is taken, so the same cells give the same tree.
func Grow(cells []Cell, o TreeOptions) Tree {
	var all Group
	rows := make([]int, len(cells))
	for i := range cells {
		rows[i] = i
		all = all.plus(cells[i].Group)
	}
	g := grower{cells: cells, least: math.Max(1, math.Max(o.MinimumPeople, o.MinimumShare*all.N))}
	g.tree.Nodes = []Node{{Left: -1, Right: -1, Group: all}}
	leaves := []leaf{g.leaf(0, rows)}
	for len(leaves) < o.MaxLeaves {
		at := best(leaves)
		if at < 0 || leaves[at].gain < o.MinimumGain*all.spread() {
			break
		}
		left, right := g.divide(leaves[at])
		leaves[at] = left
		leaves = append(leaves, right)
	}
	return g.tree
}

type grower struct {
	cells []Cell
	least float64 // people in a leaf
	tree  Tree
}

// leaf is a leaf that may yet be split, with its best split.
type leaf struct {
	node      int
	rows      []int
	feature   int
	threshold int16
	gain      float64 // 0 when there is no split
}

func best(leaves []leaf) int {
	at, most := -1, 0.0
	for i, l := range leaves {
		if l.gain > most {
			at, most = i, l.gain
		}
	}
	return at
}

// leaf looks for the best split of a node's cells.
func (g *grower) leaf(node int, rows []int) leaf {
	l := leaf{node: node, rows: rows}
	if len(rows) == 0 {
		return l
	}
	for feature := range g.cells[rows[0]].Features {
		g.try(&l, feature)
	}
	return l
}

// try compares all thresholds of one feature. Only numbers of people and sums
// enter, both whole, so equal splits come out exactly equal.
func (g *grower) try(l *leaf, feature int) {
	whole := g.tree.Nodes[l.node].Group
	values := g.histogram(l.rows, feature)
	left := Group{}
	for i, v := range values[:max(0, len(values)-1)] {
		left = left.plus(v)
		if v.N == 0 {
			continue
		}
		right := Group{N: whole.N - left.N, Sum: whole.Sum - left.Sum}
		if left.N < g.least || right.N < g.least {
			continue
		}
		gain := left.Sum*left.Sum/left.N + right.Sum*right.Sum/right.N - whole.Sum*whole.Sum/whole.N
		if gain > l.gain {
			l.feature, l.threshold, l.gain = feature, int16(i+unknownValue), gain
		}
	}
}

// histogram gives the people and sums by value, unknownValue first.
func (g *grower) histogram(rows []int, feature int) []Group {
	var values []Group
	for _, row := range rows {
		at := int(g.cells[row].Features[feature]) - unknownValue
		if at >= len(values) {
			values = slices.Concat(values, make([]Group, at+1-len(values)))
		}
		values[at].N += g.cells[row].N
		values[at].Sum += g.cells[row].Sum
	}
	return values
}

// divide splits a leaf in two and looks for the best splits of both.
func (g *grower) divide(l leaf) (leaf, leaf) {
	var rows [2][]int
	var sums [2]Group
	for _, row := range l.rows {
		side := 0
		if g.cells[row].Features[l.feature] > l.threshold {
			side = 1
		}
		rows[side] = append(rows[side], row)
		sums[side] = sums[side].plus(g.cells[row].Group)
	}
	at := len(g.tree.Nodes)
	n := &g.tree.Nodes[l.node]
	n.Feature, n.Threshold, n.Left, n.Right = l.feature, l.threshold, at, at+1
	g.tree.Nodes = append(g.tree.Nodes, Node{Left: -1, Right: -1, Group: sums[0]}, Node{Left: -1, Right: -1, Group: sums[1]})
	return g.leaf(at, rows[0]), g.leaf(at+1, rows[1])
}

// Leaf gives the node in which features end.
func (t Tree) Leaf(features []int16) int {
	at := 0
	for t.Nodes[at].Left >= 0 {
		n := t.Nodes[at]
		at = n.Right
		if features[n.Feature] <= n.Threshold {
			at = n.Left
		}
	}
	return at
}

// Leaves gives the leaves from left to right.
func (t Tree) Leaves() []int {
	var leaves []int
	t.walk(0, nil, func(node int, _ []step) { leaves = append(leaves, node) })
	return leaves
}

// step is one turn on the way to a leaf.
type step struct {
	node int
	left bool
}

// walk calls see with every leaf from left to right and the way to it.
func (t Tree) walk(node int, way []step, see func(leaf int, way []step)) {
	n := t.Nodes[node]
	if n.Left < 0 {
		see(node, way)
		return
	}
	t.walk(n.Left, append(way[:len(way):len(way)], step{node, true}), see)
	t.walk(n.Right, append(way[:len(way):len(way)], step{node, false}), see)
}

// Groups gives the sums of cells by the leaf they end in, from left to right:
// for variance measures on people the tree was not grown on.
func (t Tree) Groups(cells []Cell) []Group {
	at := map[int]int{}
	for i, leaf := range t.Leaves() {
		at[leaf] = i
	}
	groups := make([]Group, len(at))
	for _, c := range cells {
		i := at[t.Leaf(c.Features)]
		groups[i] = groups[i].plus(c.Group)
	}
	return groups
}
