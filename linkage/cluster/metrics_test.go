package cluster

import (
	"math"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// simple draws a graph in which every pair is given at most once.
func simple(t *rapid.T) (int, []Edge) {
	n, edges := graph(t)
	var once []Edge
	for _, e := range edges {
		if e.A != e.B && !slices.ContainsFunc(once, func(o Edge) bool { return o.ordered().A == e.ordered().A && o.ordered().B == e.ordered().B }) {
			once = append(once, e)
		}
	}
	return n, once
}

// slowMetrics finds one cluster's metrics from the table of distances between
// its rows.
func slowMetrics(id int32, rows []int32, links []Edge, distinct [][]int32) ClusterMetrics {
	n := len(rows)
	c := ClusterMetrics{ID: id, Rows: int32(n), Links: int64(len(links)), Weakest: float32(math.Inf(1))}
	degree := make(map[int32]int)
	for _, e := range links {
		c.Weakest = min(c.Weakest, e.Weight)
		degree[e.A]++
		degree[e.B]++
	}
	if len(links) == 0 {
		c.Weakest = 0
	}
	c.Density = float64(len(links)) / float64(n*(n-1)/2)
	most := 0
	for _, row := range rows {
		most = max(most, degree[row])
	}
	for _, row := range rows {
		if n > 2 {
			c.Centralisation += float64(most-degree[row]) / float64((n-1)*(n-2))
		}
	}
	for from := range rows {
		for _, d := range distances(rows, links)[from] {
			if d < n {
				c.Diameter = max(c.Diameter, int32(d))
			}
		}
	}
	for i := range links {
		if side, bridge := slowBridge(rows, links, i); bridge {
			c.Bridges++
			c.BridgeSides = max(c.BridgeSides, int32(side))
		}
	}
	for _, codes := range distinct {
		held := map[int32]bool{}
		for _, row := range rows {
			if codes[row] >= 0 {
				held[codes[row]] = true
			}
		}
		c.Values = max(c.Values, int32(len(held)))
	}
	return c
}

// distances is the table of Floyd and Warshall; len(rows) stands for no way.
func distances(rows []int32, links []Edge) [][]int {
	n := len(rows)
	table := make([][]int, n)
	for i := range table {
		table[i] = make([]int, n)
		for j := range table[i] {
			table[i][j] = n
		}
		table[i][i] = 0
	}
	for _, e := range links {
		a, b := slices.Index(rows, e.A), slices.Index(rows, e.B)
		table[a][b], table[b][a] = 1, 1
	}
	for k := range n {
		for i := range n {
			for j := range n {
				table[i][j] = min(table[i][j], table[i][k]+table[k][j])
			}
		}
	}
	return table
}

// slowBridge removes a link and looks whether its ends still reach each other;
// side is the number of rows on the smaller side.
func slowBridge(rows []int32, links []Edge, i int) (side int, bridge bool) {
	table := distances(rows, slices.Delete(slices.Clone(links), i, i+1))
	a, b := slices.Index(rows, links[i].A), slices.Index(rows, links[i].B)
	sides := [2]int{}
	for row := range rows {
		for s, end := range []int{a, b} {
			if table[end][row] < len(rows) {
				sides[s]++
			}
		}
	}
	return min(sides[0], sides[1]), table[a][b] == len(rows)
}

func TestMeasureAgreesWithSlowMetrics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, edges := simple(t)
		clusters := Components(n, edges, 1)
		if rapid.Bool().Draw(t, "joined by a decision") {
			clusters = Components(n, append(slices.Clone(edges), Edge{0, int32(n - 1), 9}), 1)
		}
		distinct := [][]int32{rapid.SliceOfN(rapid.Int32Range(-1, 2), n, n).Draw(t, "codes")}
		got := Measure(edges, clusters, 1, distinct)
		var want []ClusterMetrics
		for root := range int32(n) {
			var rows []int32
			var links []Edge
			for row := range int32(n) {
				if clusters[row] == root {
					rows = append(rows, row)
				}
			}
			for i, e := range edges {
				isLink := e.Weight >= 1 && clusters[e.A] == root && clusters[e.B] == root
				if isLink {
					links = append(links, e)
				} else if clusters[e.A] == root && got.IsBridge[i] {
					t.Fatalf("edge %d is no link, but a bridge", i)
				}
			}
			for i, e := range links {
				if _, bridge := slowBridge(rows, links, i); bridge != got.IsBridge[slices.Index(edges, e)] {
					t.Fatalf("edge of %d: bridge %v", root, !bridge)
				}
			}
			if len(rows) > 1 {
				want = append(want, slowMetrics(root, rows, links, distinct))
			}
		}
		if diff := gocmp.Diff(want, got.Clusters, cmpopts.EquateApprox(1e-12, 0), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestMeasureOfAStarAndOfRowsAlone(t *testing.T) {
	edges := []Edge{{0, 1, 3}, {0, 2, 5}, {0, 3, 9}, {4, 5, 0.2}}
	got := Measure(edges, []int32{0, 0, 0, 0, 4, 5}, 0.5, nil)
	want := Metrics{
		Clusters:   []ClusterMetrics{{ID: 0, Rows: 4, Links: 3, Density: 0.5, Centralisation: 1, Weakest: 3, Diameter: 2, Bridges: 3, BridgeSides: 1}},
		Degree:     []int32{3, 1, 1, 1, 0, 0},
		Centrality: []float32{1, 1. / 3, 1. / 3, 1. / 3, 0, 0},
		IsBridge:   []bool{true, true, true, false},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestAlarms(t *testing.T) {
	m := Metrics{Clusters: []ClusterMetrics{
		{ID: 1, Rows: 200, Density: 0.1, BridgeSides: 30, Values: 2},
		{ID: 300, Rows: 3, Density: 0.67, BridgeSides: 1, Values: 1},
	}}
	want := []Alarm{{Large, 1, 200}, {Sparse, 1, 0.1}, {Bridged, 1, 30}, {Conflict, 1, 2}}
	if diff := gocmp.Diff(want, m.Alarms(DefaultLimits())); diff != "" {
		t.Fatal(diff)
	}
}

// TestMeasureOfALongChain would overflow a stack that grows with the cluster,
// and would not end if diameters were sought in large clusters.
func TestMeasureOfALongChain(t *testing.T) {
	const n = 300000
	edges := make([]Edge, n-1)
	for i := range edges {
		edges[i] = Edge{int32(i), int32(i + 1), 4}
	}
	c := Measure(edges, make([]int32, n), 1, nil).Clusters[0]
	if c.Bridges != n-1 || c.BridgeSides != n/2 || c.Diameter != -1 {
		t.Fatalf("%+v", c)
	}
}
