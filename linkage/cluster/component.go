package cluster

import "slices"

// work is the state of Bridges: what is asked, the components found, and the
// scratch that one component after another uses.
type work struct {
	rule   Rule
	facts  Constraints
	result Clustering

	components []component
	grouped    []Edge // the edges of all components, one after the other
	must       []Pair // the pairs of all components, likewise
	cannotLink []Pair

	local  []int32 // by row: its number in the component at hand, when rows agrees
	rows   []int32 // by that number: the row
	number forest  // of clusters, by that number
	size   []int32 // rows of the cluster
	least  []int32 // its smallest row
	codes  [][]int32
	cross  cross
	alive  int // clusters of the component at hand
}

// component is a part of each of the lists of work.
type component struct{ edges, must, cannot span }

type span struct{ from, to int32 }

func newWork(n int, edges []Edge, rule Rule, facts Constraints) *work {
	w := &work{rule: rule, facts: facts, codes: make([][]int32, len(facts.Distinct))}
	found := newForest(n)
	for _, e := range edges {
		if float64(e.Weight) >= rule.MinWeight {
			found.join(e.A, e.B)
		}
	}
	for _, p := range facts.Must {
		found.join(p.A, p.B)
	}
	found.flatten()
	w.group(found, edges)
	// Rows of no component are right already, all others are written over.
	w.result = Clustering{Cluster: found, Components: len(w.components)}
	return w
}

// group sorts edges and pairs by component. A component is known by its
// smallest row; edges between components can join nothing and are left out.
func (w *work) group(found forest, edges []Edge) {
	count := make([]int32, len(found))
	total, roots := 0, 0
	for _, e := range edges {
		if root := found[e.A]; e.A != e.B && root == found[e.B] {
			if count[root] == 0 {
				roots++
			}
			count[root]++
			total++
		}
	}
	w.must, w.cannotLink = inOrder(w.facts.Must, found), inOrder(w.facts.Cannot, found)
	w.grouped = make([]Edge, total)
	w.components = make([]component, 0, roots+len(w.must))
	w.divide(found, count)
	for _, e := range edges {
		if root := found[e.A]; e.A != e.B && root == found[e.B] {
			w.grouped[count[root]] = e.ordered()
			count[root]++
		}
	}
	w.local = count // whatever it holds: a number counts only when rows agrees
}

// divide lists the components and turns the number of edges of each into where
// they start.
func (w *work) divide(found forest, count []int32) {
	var must, cannot, at int32
	for row, size := range count {
		c := component{edges: span{at, at + size}}
		c.must, c.cannot = part(w.must, &must, int32(row), found), part(w.cannotLink, &cannot, int32(row), found)
		count[row] = at
		at += size
		if size > 0 || c.must.to > c.must.from {
			w.components = append(w.components, c)
		}
	}
}

// inOrder gives the pairs within a component, component by component.
func inOrder(pairs []Pair, found forest) []Pair {
	var kept []Pair
	for _, p := range pairs {
		if p.A != p.B && found[p.A] == found[p.B] {
			kept = append(kept, p)
		}
	}
	slices.SortStableFunc(kept, func(x, y Pair) int { return int(found[x.A]) - int(found[y.A]) })
	return kept
}

// part takes the pairs of one component from the front of what is left.
func part(pairs []Pair, next *int32, root int32, found forest) span {
	s := span{*next, *next}
	for int(s.to) < len(pairs) && found[pairs[s.to].A] == root {
		s.to++
	}
	*next = s.to
	return s
}

// cluster decides one component.
func (w *work) cluster(c component) {
	edges := w.grouped[c.edges.from:c.edges.to]
	must, cannot := w.must[c.must.from:c.must.to], w.cannotLink[c.cannot.from:c.cannot.to]
	if len(edges) == 1 && len(must) == 0 && len(cannot) == 0 && len(w.facts.Distinct) == 0 {
		w.result.Clusters++ // the component is the cluster
		w.result.Accepted++
		return
	}
	sortStrongestFirst(edges)
	w.begin(edges, must, cannot)
	for _, p := range must {
		w.join(w.local[p.A], w.local[p.B])
	}
	for _, e := range edges {
		if w.alive == 1 || float64(e.Weight) < w.rule.MinWeight {
			break
		}
		w.take(e)
	}
	w.end(edges)
}

// begin numbers the rows of a component, in its edges too, and records what is
// known between every two of them.
func (w *work) begin(edges []Edge, must, cannot []Pair) {
	w.rows = w.rows[:0]
	for i := range edges {
		edges[i].A, edges[i].B = w.enter(edges[i].A), w.enter(edges[i].B)
	}
	for _, p := range must {
		w.enter(p.A)
		w.enter(p.B)
	}
	w.alone()
	for attribute, codes := range w.facts.Distinct {
		w.codes[attribute] = w.codes[attribute][:0]
		for _, row := range w.rows {
			w.codes[attribute] = append(w.codes[attribute], codes[row])
		}
	}
	w.cross.reset(len(w.rows), len(edges)+len(cannot))
	for _, e := range edges {
		w.cross.add(e.A, e.B, w.rule.quantised(e.Weight))
	}
	for _, p := range cannot {
		w.cross.add(w.local[p.A], w.local[p.B], forbidden)
	}
}

// enter gives the number of a row in this component.
func (w *work) enter(row int32) int32 {
	if at := w.local[row]; int(at) < len(w.rows) && w.rows[at] == row {
		return at
	}
	at := int32(len(w.rows))
	w.local[row] = at
	w.rows = append(w.rows, row)
	return at
}

// alone makes every row of the component a cluster.
func (w *work) alone() {
	w.alive = len(w.rows)
	w.number, w.size = slices.Grow(w.number[:0], w.alive), slices.Grow(w.size[:0], w.alive)
	w.least = append(w.least[:0], w.rows...)
	for number := range int32(len(w.rows)) {
		w.number = append(w.number, number)
		w.size = append(w.size, 1)
	}
}

// take joins the clusters of a link if the rule and the constraints let it.
func (w *work) take(e Edge) {
	a, b := w.number.root(e.A), w.number.root(e.B)
	if a == b || w.clash(a, b) {
		return
	}
	known := w.cross.between(a, b)
	if known.best != forbidden && w.rule.enough(known, w.size[a], w.size[b]) {
		w.merge(a, b)
	}
}

// clash says whether two clusters hold different codes of an attribute.
func (w *work) clash(a, b int32) bool {
	for _, codes := range w.codes {
		if codes[a] >= 0 && codes[b] >= 0 && codes[a] != codes[b] {
			return true
		}
	}
	return false
}

func (w *work) join(x, y int32) {
	if a, b := w.number.root(x), w.number.root(y); a != b {
		w.merge(a, b)
	}
}

func (w *work) merge(a, b int32) {
	into := a
	if w.alive > 2 { // nobody asks what is known about the last one
		into = w.cross.merge(a, b)
	}
	w.alive--
	from := a + b - into
	w.number[from] = into
	w.size[into] += w.size[from]
	w.least[into] = min(w.least[into], w.least[from])
	for _, codes := range w.codes {
		codes[into] = max(codes[into], codes[from])
	}
}

// end writes down the clusters and counts the links, those that were refused
// by what finally stands between their clusters.
func (w *work) end(edges []Edge) {
	for i, row := range w.rows {
		root := w.number.root(int32(i))
		w.number[i] = root
		w.result.Cluster[row] = w.least[root]
		if root == int32(i) && w.size[i] > 1 {
			w.result.Clusters++
		}
	}
	if w.alive > 1 {
		w.result.Split++
	}
	for _, e := range edges {
		if float64(e.Weight) < w.rule.MinWeight {
			break
		}
		a, b := w.number[e.A], w.number[e.B]
		switch {
		case a == b:
			w.result.Accepted++
		case w.clash(a, b):
			w.result.Distinct++
		case w.cross.between(a, b).best == forbidden:
			w.result.Cannot++
		default:
			w.result.Weak++
		}
	}
}
