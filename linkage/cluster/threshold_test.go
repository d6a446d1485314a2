package cluster

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// invented draws records of invented people and scored pairs whose weights are
// right, and the truth. A record is good or bad; bad ones agree less, with all
// others alike, as mistyped records do. shift is then added to every weight:
// a model whose prior is wrong.
func invented(seed uint64, people int, shift float64) (edges []Edge, truth []int32) {
	r := rand.New(rand.NewPCG(seed, 7))
	var bad []float64
	for person := range int32(people) {
		for range 1 + r.IntN(2)*r.IntN(4) {
			truth = append(truth, person)
			bad = append(bad, max(0, r.NormFloat64()*9))
		}
	}
	add := func(a, b int, mean float64) {
		w := mean - bad[a] - bad[b] + r.NormFloat64()*3
		edges = append(edges, Edge{int32(a), int32(b), float32(w + shift)})
	}
	for a := range truth {
		for b := a + 1; b < len(truth) && truth[b] == truth[a]; b++ {
			add(a, b, 20)
		}
		for range 8 {
			b := r.IntN(len(truth))
			if truth[a] != truth[b] {
				add(min(a, b), max(a, b), -4)
			}
		}
	}
	slices.SortFunc(edges, strongestFirst)
	return slices.CompactFunc(edges, func(x, y Edge) bool { return x.A == y.A && x.B == y.B }), truth
}

// f1 compares pairs of a clustering with pairs of the truth.
func f1(clusters, truth []int32) float64 {
	inCluster, inTruth, inBoth := map[int32]int{}, map[int32]int{}, map[Pair]int{}
	found, right, hits := 0, 0, 0
	for row, c := range clusters {
		found, right, hits = found+inCluster[c], right+inTruth[truth[row]], hits+inBoth[Pair{c, truth[row]}]
		inCluster[c]++
		inTruth[truth[row]]++
		inBoth[Pair{c, truth[row]}]++
	}
	return 2 * float64(hits) / float64(found+right)
}

func bridgesAt(t *testing.T, n int, edges []Edge, weight float64) []int32 {
	t.Helper()
	rule := DefaultRule()
	rule.MinWeight = weight
	got, err := Bridges(n, edges, rule, Constraints{})
	if err != nil {
		t.Fatal(err)
	}
	return got.Cluster
}

// TestChosenThresholdIsNearTheBest shifts all weights by several bits: the
// choice must follow, and lose little against the best that labels would give.
func TestChosenThresholdIsNearTheBest(t *testing.T) {
	for seed := range uint64(3) {
		for _, shift := range []float64{-6, 0, 3} {
			t.Run(fmt.Sprintf("seed %d shift %v", seed, shift), func(t *testing.T) {
				edges, truth := invented(seed, 4000, shift)
				best := 0.0
				for w := -14.0; w <= 8; w++ {
					best = max(best, f1(bridgesAt(t, len(truth), edges, w), truth))
				}
				chosen := ChooseThreshold(len(truth), edges)
				got := f1(bridgesAt(t, len(truth), edges, chosen.MinWeight), truth)
				t.Logf("best %.4f, chosen %.4f at %v (%+v)", best, got, chosen.MinWeight, chosen)
				if !chosen.Calibrated || got < best-0.0125 {
					t.Errorf("F1 %.4f at %v, best %.4f", got, chosen.MinWeight, best)
				}
			})
		}
	}
}

// TestBridgesBeatsComponentsOnInventedPeople is why it is the default.
func TestBridgesBeatsComponentsOnInventedPeople(t *testing.T) {
	edges, truth := invented(1, 4000, 0)
	bridges, components := 0.0, 0.0
	for w := -4.0; w <= 8; w++ {
		bridges = max(bridges, f1(bridgesAt(t, len(truth), edges, w), truth))
		components = max(components, f1(Components(len(truth), edges, w), truth))
	}
	if bridges <= components {
		t.Errorf("best F1 %.4f, components %.4f", bridges, components)
	}
}

func TestThresholdWithoutThreesUsesTheModel(t *testing.T) {
	var edges []Edge
	for i := range int32(1000) {
		edges = append(edges, Edge{2 * i, 2*i + 1, float32(i%40) - 20})
	}
	got := ChooseThreshold(2000, edges)
	if got.Calibrated || got.Offset != 0 || got.Slope != 1 || got.MinWeight < -1 || got.MinWeight > 1 {
		t.Fatalf("%+v", got)
	}
	if empty := ChooseThreshold(5, nil); empty.Calibrated || empty.MinWeight != DefaultRule().MinWeight {
		t.Fatalf("without pairs: %+v", empty)
	}
}
