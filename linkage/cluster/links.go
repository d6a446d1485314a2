package cluster

import "cmp"

// links are the edges within clusters, by row.
type links struct {
	edges     []Edge
	clusters  []int32
	minWeight float64
	start     []int32 // by row: where its links begin in by; one more at the end
	by        []int32 // positions in edges
}

func comparePairs(x, y Pair) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) }

// counts says whether an edge is a link.
func (g *links) counts(e Edge) bool {
	return e.A != e.B && float64(e.Weight) >= g.minWeight && g.clusters[e.A] == g.clusters[e.B]
}

func newLinks(edges []Edge, clusters []int32, minWeight float64) *links {
	g := &links{edges: edges, clusters: clusters, minWeight: minWeight, start: make([]int32, len(clusters)+2)}
	for _, e := range edges {
		if g.counts(e) {
			g.start[e.A+2]++
			g.start[e.B+2]++
		}
	}
	for row := range len(clusters) {
		g.start[row+2] += g.start[row+1]
	}
	g.by = make([]int32, g.start[len(clusters)+1])
	for i, e := range edges {
		if g.counts(e) {
			for _, row := range []int32{e.A, e.B} {
				g.by[g.start[row+1]] = int32(i)
				g.start[row+1]++
			}
		}
	}
	return g
}

func (g *links) degree(row int32) int32 { return g.start[row+1] - g.start[row] }

// far is the other end of an edge.
func (g *links) far(edge, row int32) int32 { return g.edges[edge].A ^ g.edges[edge].B ^ row }

// search is the state of a depth-first search for bridges (Tarjan 1974),
// without recursion: a cluster may be a chain of a million rows.
type search struct {
	*links
	found []int32 // by row: when it was found, from 1; 0 not yet
	low   []int32 // by row: the earliest row found that its subtree reaches
	below []int32 // by row: rows of its subtree
	next  []int32 // by row: the next of its links to follow
	via   []int32 // by row: the edge it was found by
	clock int32
}

// bridge is one link and the rows on the side of it that was found later.
type bridge struct{ edge, below int32 }

// bridges calls report for each bridge, with the rows linked to each other on
// its smaller side.
func (g *links) bridges(report func(edge, side int32)) {
	n := len(g.clusters)
	s := &search{links: g, found: make([]int32, n), low: make([]int32, n), below: make([]int32, n), next: make([]int32, n), via: make([]int32, n)}
	var path []int32
	var found []bridge
	for row := range int32(n) {
		if s.found[row] != 0 || g.degree(row) == 0 {
			continue
		}
		s.enter(row, -1)
		found = found[:0]
		for path = append(path[:0], row); len(path) > 0; {
			at := path[len(path)-1]
			if to, went := s.step(at); went {
				path = append(path, to)
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 && s.leave(at, path[len(path)-1]) {
				found = append(found, bridge{s.via[at], s.below[at]})
			}
		}
		for _, b := range found {
			report(b.edge, min(b.below, s.below[row]-b.below))
		}
	}
}

func (s *search) enter(row, via int32) {
	s.clock++
	s.found[row], s.low[row], s.below[row], s.next[row], s.via[row] = s.clock, s.clock, 1, s.start[row], via
}

// step follows links of a row until one finds a new row.
func (s *search) step(row int32) (to int32, went bool) {
	for s.next[row] < s.start[row+1] {
		edge := s.by[s.next[row]]
		s.next[row]++
		if edge == s.via[row] {
			continue
		}
		to := s.far(edge, row)
		if s.found[to] == 0 {
			s.enter(to, edge)
			return to, true
		}
		s.low[row] = min(s.low[row], s.found[to])
	}
	return 0, false
}

// leave goes back from a row whose links are all followed, and says whether
// the link it was found by is a bridge.
func (s *search) leave(row, parent int32) bool {
	s.low[parent] = min(s.low[parent], s.low[row])
	s.below[parent] += s.below[row]
	return s.low[row] > s.found[parent]
}

// diameters fills in diameters by a breadth-first search from every row of
// each cluster that is not too large. In a cluster that links alone do not
// connect, it is that of its widest part.
func (g *links) diameters(clusters []int32, of func(int32) *ClusterMetrics) {
	distance := make([]int32, len(clusters))
	var queue []int32
	for row := range clusters {
		c := of(int32(row))
		switch {
		case c == nil:
		case c.Rows > mostForDiameter:
			c.Diameter = -1
		case c.Density == 1:
			c.Diameter = 1
		default:
			queue = g.reach(int32(row), distance, queue[:0])
			c.Diameter = max(c.Diameter, distance[queue[len(queue)-1]]-1)
			for _, seen := range queue {
				distance[seen] = 0
			}
		}
	}
}

// reach lists the rows linked to one, nearest first, and sets their distances,
// from 1.
func (g *links) reach(row int32, distance, queue []int32) []int32 {
	distance[row] = 1
	queue = append(queue, row)
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		for _, edge := range g.by[g.start[at]:g.start[at+1]] {
			if to := g.far(edge, at); distance[to] == 0 {
				distance[to] = distance[at] + 1
				queue = append(queue, to)
			}
		}
	}
	return queue
}
