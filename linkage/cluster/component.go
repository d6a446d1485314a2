package cluster

import "slices"

// work is the state of Bridges: what is asked, the components found, and the
// scratch that one component after another uses.
type work struct {
	rule   Rule
	facts  Constraints
	joined forest // over all rows: the answer

	components []component
	grouped    []Edge // the edges of all components, one after the other
	must       []Pair // the pairs of all components, likewise
	cannotLink []Pair

	local  []int32 // by row: its number in the component at hand
	rows   []int32 // by that number: the row
	number forest  // of clusters, by that number
	size   []int32 // rows of the cluster
	codes  [][]int32
	cross  cross

	weak, cannot, distinct int64
	split                  int
}

// component is a part of each of the lists of work.
type component struct{ edges, must, cannot span }

type span struct{ from, to int }

func newWork(n int, edges []Edge, rule Rule, facts Constraints) *work {
	w := &work{rule: rule, facts: facts, joined: newForest(n)}
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
	w.local = make([]int32, n)
	w.group(found, edges)
	w.codes = make([][]int32, len(facts.Distinct))
	return w
}

// group sorts edges and pairs by component. A component is known by its
// smallest row; edges between components can join nothing and are left out.
func (w *work) group(found forest, edges []Edge) {
	count := make([]int32, len(found)+1)
	total := 0
	for _, e := range edges {
		if e.A != e.B && found[e.A] == found[e.B] {
			count[found[e.A]]++
			total++
		}
	}
	w.must, w.cannotLink = inOrder(w.facts.Must, found), inOrder(w.facts.Cannot, found)
	w.grouped = make([]Edge, total)
	must, cannot, at := 0, 0, 0
	for row := range found {
		size := int(count[row])
		count[row] = int32(at)
		c := component{edges: span{at, at + size}}
		c.must, c.cannot = part(w.must, &must, int32(row), found), part(w.cannotLink, &cannot, int32(row), found)
		at += size
		if size > 0 || c.must.to > c.must.from {
			w.components = append(w.components, c)
		}
	}
	for _, e := range edges {
		if root := found[e.A]; e.A != e.B && root == found[e.B] {
			w.grouped[count[root]] = e.ordered()
			count[root]++
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
func part(pairs []Pair, next *int, root int32, found forest) span {
	s := span{*next, *next}
	for s.to < len(pairs) && found[pairs[s.to].A] == root {
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
		w.joined.join(edges[0].A, edges[0].B)
		return
	}
	slices.SortFunc(edges, strongestFirst)
	w.number = w.number[:0]
	w.rows = w.rows[:0]
	w.begin(edges, must, cannot)
	for _, p := range must {
		w.join(p.A, p.B)
	}
	for _, e := range edges {
		if float64(e.Weight) < w.rule.MinWeight {
			break
		}
		w.take(e)
	}
	w.end(edges)
}

// begin numbers the rows of a component and records what is known between
// every two of them.
func (w *work) begin(edges []Edge, must, cannot []Pair) {
	for _, e := range edges {
		w.enter(e.A, e.B)
	}
	for _, p := range must {
		w.enter(p.A, p.B)
	}
	w.size = cleared(w.size, len(w.rows))
	for i := range w.size {
		w.size[i] = 1
	}
	for attribute, codes := range w.facts.Distinct {
		w.codes[attribute] = w.codes[attribute][:0]
		for _, row := range w.rows {
			w.codes[attribute] = append(w.codes[attribute], codes[row])
		}
	}
	w.cross.reset(len(w.rows), len(edges)+len(cannot))
	for _, e := range edges {
		w.cross.add(w.local[e.A], w.local[e.B], w.rule.quantised(e.Weight))
	}
	for _, p := range cannot {
		w.cross.add(w.local[p.A], w.local[p.B], forbidden)
	}
}

// enter numbers rows not met before in this component.
func (w *work) enter(rows ...int32) {
	for _, row := range rows {
		if at := w.local[row]; int(at) < len(w.rows) && w.rows[at] == row {
			continue
		}
		w.local[row] = int32(len(w.rows))
		w.rows = append(w.rows, row)
		w.number = append(w.number, int32(len(w.number)))
	}
}

// take joins the clusters of a link if the rule and the constraints let it.
func (w *work) take(e Edge) {
	a, b := w.number.root(w.local[e.A]), w.number.root(w.local[e.B])
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
	if a, b := w.number.root(w.local[x]), w.number.root(w.local[y]); a != b {
		w.merge(a, b)
	}
}

func (w *work) merge(a, b int32) {
	w.joined.join(w.rows[a], w.rows[b])
	into := w.cross.merge(a, b)
	from := a + b - into
	w.number[from] = into
	w.size[into] += w.size[from]
	for _, codes := range w.codes {
		codes[into] = max(codes[into], codes[from])
	}
}

// end counts the links that were refused, by what finally stands between
// their clusters.
func (w *work) end(edges []Edge) {
	roots := 0
	for i := range w.number {
		if w.number[i] == int32(i) {
			roots++
		}
	}
	if roots > 1 {
		w.split++
	}
	for _, e := range edges {
		if float64(e.Weight) < w.rule.MinWeight {
			break
		}
		a, b := w.number.root(w.local[e.A]), w.number.root(w.local[e.B])
		switch {
		case a == b:
		case w.clash(a, b):
			w.distinct++
		case w.cross.between(a, b).best == forbidden:
			w.cannot++
		default:
			w.weak++
		}
	}
}
