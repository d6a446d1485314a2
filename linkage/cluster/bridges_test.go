package cluster

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/problem"
)

// graph draws a small graph whose weights are often equal, with a pair given
// twice now and then.
func graph(t *rapid.T) (int, []Edge) {
	n := rapid.IntRange(1, 14).Draw(t, "rows")
	row := rapid.Int32Range(0, int32(n-1))
	weight := rapid.OneOf(rapid.Float32Range(-20, 20), rapid.SampledFrom([]float32{0, 1, 2, 5, float32(math.Inf(1))}))
	return n, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Edge {
		return Edge{row.Draw(t, "a"), row.Draw(t, "b"), weight.Draw(t, "weight")}
	}), 0, 40).Draw(t, "edges")
}

func pairs(t *rapid.T, n int, most int, label string) []Pair {
	row := rapid.Int32Range(0, int32(n-1))
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Pair {
		return Pair{row.Draw(t, "a"), row.Draw(t, "b")}
	}), 0, most).Draw(t, label)
}

func constraints(t *rapid.T, n int) Constraints {
	facts := Constraints{Must: pairs(t, n, 3, "must"), Cannot: pairs(t, n, 3, "cannot")}
	for range rapid.IntRange(0, 2).Draw(t, "attributes") {
		facts.Distinct = append(facts.Distinct, rapid.SliceOfN(rapid.Int32Range(-1, 2), n, n).Draw(t, "codes"))
	}
	return facts
}

// slowBridges follows the text of Bridges with sets of rows, looking at every
// cross pair again at every link.
func slowBridges(n int, edges []Edge, rule Rule, facts Constraints) []int32 {
	weight := map[Pair]float32{}
	for _, e := range edges {
		e = e.ordered()
		if w, ok := weight[Pair{e.A, e.B}]; e.A != e.B && (!ok || e.Weight > w) {
			weight[Pair{e.A, e.B}] = e.Weight
		}
	}
	var order []Edge
	for p, w := range weight {
		order = append(order, Edge{p.A, p.B, w})
	}
	slices.SortFunc(order, strongestFirst)
	group := make([]int32, n)
	for i := range group {
		group[i] = int32(i)
	}
	rows := func(g int32) (in []int32) {
		for row, other := range group {
			if other == g {
				in = append(in, int32(row))
			}
		}
		return in
	}
	merge := func(a, b int32) {
		for _, row := range rows(max(a, b)) {
			group[row] = min(a, b)
		}
	}
	for _, p := range facts.Must {
		if group[p.A] != group[p.B] {
			merge(group[p.A], group[p.B])
		}
	}
	for _, e := range order {
		a, b := group[e.A], group[e.B]
		if float64(e.Weight) >= rule.MinWeight && a != b && slowAllowed(rows(a), rows(b), weight, rule, facts) {
			merge(a, b)
		}
	}
	return group
}

func slowAllowed(a, b []int32, weight map[Pair]float32, rule Rule, facts Constraints) bool {
	best, sum := math.Inf(-1), 0.0
	for _, x := range a {
		for _, y := range b {
			if slices.Contains(facts.Cannot, Pair{x, y}) || slices.Contains(facts.Cannot, Pair{y, x}) {
				return false
			}
			for _, codes := range facts.Distinct {
				if codes[x] >= 0 && codes[y] >= 0 && codes[x] != codes[y] {
					return false
				}
			}
			w, ok := weight[Pair{min(x, y), max(x, y)}]
			if !ok {
				sum += rule.MinWeight - rule.Unscored
				continue
			}
			clipped := math.Round(min(1000, max(float64(w), rule.MinWeight-rule.Floor))*65536) / 65536
			sum += clipped
			best = max(best, clipped)
		}
	}
	mean := sum / float64(len(a)*len(b))
	asked := rule.MinWeight + min(rule.Group*float64(min(len(a), len(b))-1), rule.GroupMost)
	return (best+mean)/2 >= asked-1e-12 && (best+mean)/2 >= asked
}

// slowCounts describes a clustering by looking at every two rows.
func slowCounts(group []int32, edges []Edge, rule Rule, facts Constraints) Clustering {
	together := slices.Clone(edges)
	for _, p := range facts.Must {
		together = append(together, Edge{p.A, p.B, float32(rule.MinWeight)})
	}
	component := Components(len(group), together, rule.MinWeight)
	c := Clustering{Cluster: group}
	rows, groups := map[int32]int{}, map[int32]int{}
	for row, root := range component {
		rows[root]++
		if int(group[row]) == row {
			groups[root]++
		}
	}
	for root := range rows {
		if rows[root] > 1 {
			c.Components++
		}
		if groups[root] > 1 {
			c.Split++
		}
	}
	for row := range group {
		if int(group[row]) == row && slices.Contains(group[row+1:], int32(row)) {
			c.Clusters++
		}
	}
	for _, e := range edges {
		if float64(e.Weight) >= rule.MinWeight && e.A != e.B {
			*c.countOf(group[e.A], group[e.B], facts)++
		}
	}
	return c
}

// countOf is the count of a link between two groups.
func (c *Clustering) countOf(a, b int32, facts Constraints) *int64 {
	if a == b {
		return &c.Accepted
	}
	count := &c.Weak
	for x, from := range c.Cluster {
		for y, to := range c.Cluster {
			if from != a || to != b {
				continue
			}
			for _, codes := range facts.Distinct {
				if codes[x] >= 0 && codes[y] >= 0 && codes[x] != codes[y] {
					return &c.Distinct
				}
			}
			if slices.Contains(facts.Cannot, Pair{int32(x), int32(y)}) || slices.Contains(facts.Cannot, Pair{int32(y), int32(x)}) {
				count = &c.Cannot
			}
		}
	}
	return count
}

func TestBridgesAgreesWithTheTextOfItsRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, edges := graph(t)
		agrees(t, n, edges)
	})
}

// TestBridgesAgreesOnLargerComponents holds it for components of so many rows
// that evidence is found by hashing.
func TestBridgesAgreesOnLargerComponents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(few, 2*few).Draw(t, "rows")
		_, edges := graph(t)
		row := rapid.Int32Range(0, int32(n-1))
		for at := range int32(n - 1) {
			edges = append(edges, Edge{at, at + 1, 4}, Edge{row.Draw(t, "a"), row.Draw(t, "b"), rapid.Float32Range(-20, 20).Draw(t, "weight")})
		}
		agrees(t, n, edges)
	})
}

func agrees(t *rapid.T, n int, edges []Edge) {
	facts := constraints(t, n)
	rule := DefaultRule()
	rule.MinWeight = float64(rapid.IntRange(-3, 3).Draw(t, "threshold"))
	got, err := Bridges(n, edges, rule, facts)
	if torn := facts.contradiction(n); (err != nil) != (torn != nil) {
		t.Fatalf("error %v, contradiction %v", err, torn)
	}
	if err != nil {
		return
	}
	if diff := gocmp.Diff(slowCounts(slowBridges(n, edges, rule, facts), edges, rule, facts), got); diff != "" {
		t.Fatal(diff)
	}
	shuffled := slices.Clone(edges)
	seed := rapid.Uint64().Draw(t, "seed")
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(edges), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	again, err := Bridges(n, shuffled, rule, facts)
	if diff := gocmp.Diff(got, again); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
}

// TestComponentsAreIndependent holds what the index relies on: re-clustering a
// component alone gives what clustering everything gave.
func TestComponentsAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, edges := graph(t)
		facts := Constraints{Cannot: pairs(t, n, 3, "cannot"), Must: nil}
		rule := DefaultRule()
		all, err := Bridges(n, edges, rule, facts)
		if err != nil {
			t.Fatal(err)
		}
		component := Components(n, edges, rule.MinWeight)
		chosen := component[rapid.IntRange(0, n-1).Draw(t, "chosen")]
		var own []Edge
		for _, e := range edges {
			if component[e.A] == chosen && component[e.B] == chosen {
				own = append(own, e)
			}
		}
		alone, err := Bridges(n, own, rule, facts)
		if err != nil {
			t.Fatal(err)
		}
		for row := range n {
			if component[row] == chosen && alone.Cluster[row] != all.Cluster[row] {
				t.Fatalf("row %d: %d alone, %d among all", row, alone.Cluster[row], all.Cluster[row])
			}
		}
	})
}

func TestComponentsAreWhatCanBeReached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, edges := graph(t)
		got := Components(n, edges, 1)
		want := make([]int32, n)
		for i := range want {
			want[i] = int32(i)
		}
		for range n {
			for _, e := range edges {
				if e.Weight >= 1 {
					want[e.A] = min(want[e.A], want[e.B])
					want[e.B] = want[e.A]
				}
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// clique gives every pair of the rows the weight.
func clique(from, to int32, weight float32) (edges []Edge) {
	for a := from; a < to; a++ {
		for b := a + 1; b < to; b++ {
			edges = append(edges, Edge{a, b, weight})
		}
	}
	return edges
}

func TestBridgesCases(t *testing.T) {
	two := slices.Concat(clique(0, 4, 15), clique(4, 8, 15))
	cases := []struct {
		name  string
		edges []Edge
		facts Constraints
		want  []int32
	}{
		{"two dense groups and one weak link", append(slices.Clone(two), Edge{0, 4, 6}), Constraints{}, []int32{0, 0, 0, 0, 4, 4, 4, 4}},
		{"the same joined by every pair", clique(0, 8, 15), Constraints{}, []int32{0, 0, 0, 0, 0, 0, 0, 0}},
		{"the same joined by a decision", append(slices.Clone(two), Edge{0, 4, 6}), Constraints{Must: []Pair{{3, 7}}}, []int32{0, 0, 0, 0, 0, 0, 0, 0}},
		{"a chain of rows with good links", []Edge{{0, 1, 9}, {1, 2, 9}, {2, 3, 9}, {4, 5, 9}, {6, 7, 9}}, Constraints{}, []int32{0, 0, 0, 0, 4, 4, 6, 6}},
		{"a row that contradicts all but one", append(clique(0, 3, 15), Edge{0, 3, 3}, Edge{1, 3, -12}, Edge{2, 3, -12}), Constraints{}, []int32{0, 0, 0, 3, 4, 5, 6, 7}},
		{"a dense group with a pair forbidden", clique(0, 4, 15), Constraints{Cannot: []Pair{{0, 1}}}, []int32{0, 1, 0, 0, 4, 5, 6, 7}},
		{"twins with numbers of their own", clique(0, 4, 15), Constraints{Distinct: [][]int32{{-1, 1, 2, -1, -1, -1, -1, -1}}}, []int32{0, 0, 2, 0, 4, 5, 6, 7}},
	}
	for _, c := range cases {
		got, err := Bridges(8, c.edges, DefaultRule(), c.facts)
		if diff := gocmp.Diff(c.want, got.Cluster); err != nil || diff != "" {
			t.Errorf("%s: %v %s", c.name, err, diff)
		}
	}
}

func TestContradictionIsRefusedWithCounts(t *testing.T) {
	facts := Constraints{
		Must:     []Pair{{0, 1}, {1, 2}, {4, 5}},
		Cannot:   []Pair{{0, 2}, {2, 3}},
		Distinct: [][]int32{{-1, 7, -1, -1, 1, 2}},
	}
	_, err := Bridges(6, nil, DefaultRule(), facts)
	want := "the must-link pairs contradict 1 cannot-link pairs, and join records with different values of a verified identifier in 1 groups"
	if err == nil || err.Error() != want || problem.HintOf(err) == "" {
		t.Fatalf("got %v", err)
	}
}

func TestBridgesCountsWhatItRefused(t *testing.T) {
	edges := slices.Concat(clique(0, 3, 15), clique(3, 6, 15), []Edge{{0, 3, 6}, {6, 7, 9}, {8, 9, 9}, {10, 11, 5}})
	facts := Constraints{Cannot: []Pair{{6, 7}}, Distinct: [][]int32{{-1, -1, -1, -1, -1, -1, -1, -1, 1, 2, 3, 3}}}
	got, err := Bridges(12, edges, DefaultRule(), facts)
	got.Cluster = nil
	want := Clustering{Components: 4, Clusters: 3, Split: 3, Accepted: 7, Weak: 1, Cannot: 1, Distinct: 1}
	if diff := gocmp.Diff(want, got); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
}

// TestBridgesOnOneHugeComponent joins many groups through a hub and a chain:
// time must stay near linear.
func TestBridgesOnOneHugeComponent(t *testing.T) {
	const groups = 40000
	var edges []Edge
	for g := range int32(groups) {
		edges = append(edges, clique(1+4*g, 5+4*g, 12)...)
		edges = append(edges, Edge{0, 1 + 4*g, 1}, Edge{2 + 4*g, (6 + 4*g) % (4 * groups), 1})
	}
	got, err := Bridges(1+4*groups, edges, DefaultRule(), Constraints{})
	if err != nil || got.Components != 1 || got.Clusters != groups {
		t.Fatalf("%v: %d components, %d clusters", err, got.Components, got.Clusters)
	}
}
