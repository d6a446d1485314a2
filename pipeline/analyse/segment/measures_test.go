package segment

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func close(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(a))
}

// slowGini is half the mean absolute difference over the mean, over all pairs.
func slowGini(amounts []int64) float64 {
	var differences, total float64
	for _, a := range amounts {
		total += float64(a)
		for _, b := range amounts {
			differences += math.Abs(float64(a - b))
		}
	}
	return differences / (2 * float64(len(amounts)) * total)
}

func TestGiniAgreesWithAllPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.SliceOfN(rapid.Int64Range(0, 1000), 1, 40).Draw(t, "amounts")
		if got, want := Gini(amounts), slowGini(amounts); !close(got, want) {
			t.Fatalf("%v, pairs say %v", got, want)
		}
		curve := Lorenz(amounts)
		var area float64
		for i := range curve[1:] {
			area += (curve[i+1].People - curve[i].People) * (curve[i+1].Share + curve[i].Share) / 2
		}
		if !close(1-2*area, Gini(amounts)) {
			t.Fatalf("the area under the curve says %v, Gini %v", 1-2*area, Gini(amounts))
		}
	})
}

func TestGiniOfKnownShares(t *testing.T) {
	for _, c := range []struct {
		amounts []int64
		want    float64
	}{{[]int64{5, 5, 5, 5}, 0}, {[]int64{0, 0, 0, 8}, 0.75}, {[]int64{1, 2, 3, 4}, 0.25}, {[]int64{0, 0}, math.NaN()}, {nil, math.NaN()}} {
		if got := Gini(c.amounts); !close(got, c.want) {
			t.Errorf("%v: %v, want %v", c.amounts, got, c.want)
		}
	}
}

// slowPairs counts pairs one by one.
func slowPairs(a, b []int) (both, first, second, all float64) {
	for i := range a {
		for j := range i {
			all++
			if a[i] == a[j] {
				first++
			}
			if b[i] == b[j] {
				second++
			}
			if a[i] == a[j] && b[i] == b[j] {
				both++
			}
		}
	}
	return both, first, second, all
}

func TestAgreementAgreesWithCountedPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 25).Draw(t, "n")
		label := rapid.SliceOfN(rapid.IntRange(0, 4), n, n)
		a, b := label.Draw(t, "a"), label.Draw(t, "b")
		both, first, second, all := slowPairs(a, b)
		if want := (both + (all - first - second + both)) / all; !close(Rand(a, b), want) {
			t.Fatalf("Rand %v, pairs say %v", Rand(a, b), want)
		}
		if either := first + second - both; either > 0 && !close(PairJaccard(a, b), both/either) {
			t.Fatalf("Jaccard %v, pairs say %v", PairJaccard(a, b), both/either)
		}
		expected := first * second / all
		if most := (first + second) / 2; most != expected && !close(AdjustedRand(a, b), (both-expected)/(most-expected)) {
			t.Fatalf("adjusted Rand %v", AdjustedRand(a, b))
		}
		if AdjustedRand(a, a) != 1 || Rand(a, a) != 1 || PairJaccard(a, a) != 1 || !close(AdjustedRand(a, b), AdjustedRand(b, a)) {
			t.Fatal("a division does not agree with itself, or the order matters")
		}
	})
}

// TestPeerDefectVarianceReductionIsNotRSquared: the two weight the same sample
// variances by n and by n-1. Two groups of two, worked out by hand: variances 2 and
// 8 within, 23 in all (amounts 1 3, 6 10 give mean 5, squares 16+4+1+25 = 46, 46/3).
func TestPeerDefectVarianceReductionIsNotRSquared(t *testing.T) {
	groups := []Group{GroupOf([]float64{1, 3}), GroupOf([]float64{6, 10})}
	if got, want := VarianceReduction(groups), 1-(0.5*2+0.5*8)/(46.0/3); !close(got, want) {
		t.Errorf("reduction in variance %v, want %v", got, want)
	}
	if got, want := RSquared(groups), 1-(2.0+8.0)/46; !close(got, want) {
		t.Errorf("R squared %v, want %v", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.SliceOfN(rapid.Float64Range(0, 100), 2, 10)
		groups := []Group{GroupOf(amounts.Draw(t, "a")), GroupOf(amounts.Draw(t, "b")), GroupOf(amounts.Draw(t, "c"))}
		if reduction, r2 := VarianceReduction(groups), RSquared(groups); reduction > r2+1e-9 {
			t.Fatalf("reduction in variance %v is above R squared %v", reduction, r2)
		}
	})
}

func TestClusteringCellsIsClusteringPeople(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cells, people Points
		cells.Gamma, people.Gamma = 0.5, 0.5
		for range rapid.IntRange(3, 12).Draw(t, "cells") {
			at := []float64{float64(rapid.IntRange(0, 9).Draw(t, "x")), float64(rapid.IntRange(0, 9).Draw(t, "y"))}
			word := []int{rapid.IntRange(0, 2).Draw(t, "word")}
			weight := rapid.IntRange(1, 4).Draw(t, "people")
			cells.Numbers, cells.Words, cells.Weight = append(cells.Numbers, at), append(cells.Words, word), append(cells.Weight, float64(weight))
			for range weight {
				people.Numbers, people.Words, people.Weight = append(people.Numbers, at), append(people.Words, word), append(people.Weight, 1)
			}
		}
		starts := []Centre{{cells.Numbers[0], cells.Words[0]}, {cells.Numbers[1], cells.Words[1]}}
		a, b := cells.From(starts), people.From(starts)
		at := 0
		for i, w := range cells.Weight {
			for range int(w) {
				if b.Cluster[at] != a.Cluster[i] {
					t.Fatal("people alike are in different clusters")
				}
				at++
			}
		}
		if !close(a.Within, b.Within) || !close(cells.Silhouette(a.Cluster, 2), people.Silhouette(b.Cluster, 2)) {
			t.Fatal("cells and people measure differently")
		}
		if a.Within > cells.Total()+1e-9 {
			t.Fatal("clusters are further apart than all people together")
		}
	})
}

func TestBootstrapTellsClustersFromNone(t *testing.T) {
	var apart, even Points
	for i := range 60 {
		x := float64(i%20) / 20
		apart.Numbers, apart.Weight = append(apart.Numbers, []float64{x + 10*float64(i/20), x}), append(apart.Weight, 2)
		even.Numbers, even.Weight = append(even.Numbers, []float64{math.Cos(float64(i) * math.Pi / 30), math.Sin(float64(i) * math.Pi / 30)}), append(even.Weight, 1)
	}
	for _, c := range []struct {
		points Points
		k      int
		stable bool
	}{{apart, 3, true}, {even, 5, false}} {
		found, err := c.points.Cluster(c.k, 5, 7)
		must(t, err)
		s, err := c.points.Bootstrap(found, 20, 3, 7)
		must(t, err)
		again, err := c.points.Bootstrap(found, 20, 3, 7)
		must(t, err)
		for k, j := range s.Jaccard {
			if (Verdict(j) == "stable") != c.stable || again.Jaccard[k] != j {
				t.Errorf("cluster %d of %d: Jaccard %v, %s", k+1, c.k, j, Verdict(j))
			}
		}
	}
	if _, err := apart.Cluster(61, 1, 1); err == nil {
		t.Error("sixty points made sixty-one clusters")
	}
}

func TestVerdictAtTheMarks(t *testing.T) {
	for jaccard, want := range map[float64]string{0.75: "doubtful", 0.7501: "stable", 0.6: "doubtful", 0.5999: "not stable", math.NaN(): "not assessable"} {
		if got := Verdict(jaccard); got != want {
			t.Errorf("%v is %s, want %s", jaccard, got, want)
		}
	}
}
