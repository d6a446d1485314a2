package cluster

import (
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// slowBestLinks repeats rounds: every cluster picks its best allowed edge, and
// the edges that both of their sides picked are accepted.
func slowBestLinks(n int, edges []Edge, minWeight float64, sources []int32, free []bool, ties Ties) []int32 {
	var links []Edge
	for _, e := range edges {
		e = e.ordered()
		best := !slices.ContainsFunc(edges, func(o Edge) bool {
			o = o.ordered()
			return o.A == e.A && o.B == e.B && o.Weight > e.Weight
		})
		if e.A != e.B && best && float64(e.Weight) >= minWeight && !(ties == Drop && slowTied(e, edges, sources, free)) {
			links = append(links, e)
		}
	}
	group := make([]int32, n)
	for i := range group {
		group[i] = int32(i)
	}
	for {
		picked := make(map[int32]Edge)
		for _, e := range links {
			a, b := group[e.A], group[e.B]
			if a == b || slowClash(a, b, group, sources, free) {
				continue
			}
			for _, side := range []int32{a, b} {
				if p, ok := picked[side]; !ok || better(e, p) {
					picked[side] = e
				}
			}
		}
		changed := false
		for _, e := range links {
			a, b := group[e.A], group[e.B]
			if a != b && picked[a] == e && picked[b] == e {
				for row := range group {
					if group[row] == max(a, b) {
						group[row] = min(a, b)
					}
				}
				delete(picked, a)
				delete(picked, b)
				changed = true
			}
		}
		if !changed {
			return group
		}
	}
}

func better(e, p Edge) bool {
	return cmp.Or(cmp.Compare(p.Weight, e.Weight), cmp.Compare(e.A, p.A), cmp.Compare(e.B, p.B)) < 0
}

func slowClash(a, b int32, group, sources []int32, free []bool) bool {
	for x := range group {
		for y := range group {
			if group[x] == a && group[y] == b && sources[x] == sources[y] && free[sources[x]] {
				return true
			}
		}
	}
	return false
}

// slowTied says whether an end of e reaches another row of the far end's
// duplicate-free source with the same weight.
func slowTied(e Edge, edges []Edge, sources []int32, free []bool) bool {
	best := map[Pair]float32{}
	for _, o := range edges {
		o = o.ordered()
		if w, ok := best[Pair{o.A, o.B}]; o.A != o.B && (!ok || o.Weight > w) {
			best[Pair{o.A, o.B}] = o.Weight
		}
	}
	reaches := func(near, far int32) bool {
		for p, w := range best {
			for _, q := range []Pair{p, {p.B, p.A}} {
				if q.A == near && q.B != far && w == e.Weight && sources[q.B] == sources[far] && free[sources[far]] {
					return true
				}
			}
		}
		return false
	}
	return reaches(e.A, e.B) || reaches(e.B, e.A)
}

func TestBestLinksAgreesWithRoundsOfMutualChoices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, edges := graph(t)
		free := rapid.SliceOfN(rapid.Bool(), 3, 3).Draw(t, "duplicate-free")
		sources := rapid.SliceOfN(rapid.Int32Range(0, 2), n, n).Draw(t, "sources")
		ties := rapid.SampledFrom([]Ties{Drop, LowestID}).Draw(t, "ties")
		got := BestLinks(n, edges, -5, sources, free, ties)
		if diff := gocmp.Diff(slowBestLinks(n, edges, -5, sources, free, ties), got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestBestLinksTies(t *testing.T) {
	edges := []Edge{{0, 1, 5}, {0, 2, 5}, {0, 3, 4}}
	sources, free := []int32{0, 1, 1, 1}, []bool{true, true}
	for ties, want := range map[Ties][]int32{Drop: {0, 1, 2, 0}, LowestID: {0, 0, 2, 3}} {
		if diff := gocmp.Diff(want, BestLinks(4, edges, 0, sources, free, ties)); diff != "" {
			t.Errorf("%s: %s", ties, diff)
		}
	}
}

func TestBestLinksWithManyDuplicateFreeSources(t *testing.T) {
	const n = 130
	sources, free := make([]int32, n), make([]bool, n)
	var edges []Edge
	for i := range n - 1 {
		sources[i], free[i] = int32(i), true
		edges = append(edges, Edge{int32(i), int32(i + 1), float32(i)})
	}
	sources[n-1], free[n-1] = 65, true
	got := BestLinks(n, edges, 0, sources, free, LowestID)
	if got[n-1] != got[66] || got[65] == got[66] || got[65] != 0 {
		t.Fatalf("the second row of source 65 is with %d, the first with %d", got[n-1], got[65])
	}
}
