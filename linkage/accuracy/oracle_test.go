package accuracy_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tre/linkage/accuracy"
)

// TestPairsAgreeWithLookingAtEveryPair: every count, measure, best threshold,
// subgroup and mistake is what a loop over all pairs of records gives.
func TestPairsAgreeWithLookingAtEveryPair(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		files, pairs, _ := w.write(t, t.TempDir())
		kind := w.linkType(rt)
		minimum := rapid.SampledFrom([]float64{0.01, 0.5, 0.9}).Draw(rt, "minimum")
		curve, err := accuracy.Pairs(t.Context(), accuracy.PairsIn{
			Pairs: pairs, LinkType: kind, MinProbability: minimum, Mistakes: 2,
			Records: accuracy.Records{Paths: files, Truth: "who", By: []string{"band"}},
		})
		if err != nil {
			rt.Fatal(err)
		}
		all := w.candidates(kind, func(r record) bool { return r.person > 0 })
		same := func(p [2]int) float64 { return truth(w.records[p[0]].person == w.records[p[1]].person) }
		checkThresholds(rt, w, curve, all, same, minimum)
		threshold := math.Log2(minimum / (1 - minimum))
		linked := func(p [2]int) bool { weight, ok := w.weights()[p]; return ok && weight >= threshold }
		checkSubgroups(rt, w, curve.Overall, curve.Subgroups, all, linked, dyadic)
		checkMistakes(rt, w, curve, all, same, threshold)
	})
}

// TestEstimatesAgreeWithLookingAtEveryPair: likewise without truth, where a
// pair is as much of a match as its probability.
func TestEstimatesAgreeWithLookingAtEveryPair(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		files, pairs, _ := w.write(t, t.TempDir())
		kind := w.linkType(rt)
		curve, err := accuracy.Pairs(t.Context(), accuracy.PairsIn{Pairs: pairs, LinkType: kind, Records: accuracy.Records{Paths: files, By: []string{"band"}}})
		if err != nil {
			rt.Fatal(err)
		}
		weights := w.weights()
		all := w.candidates(kind, func(record) bool { return true })
		share := func(p [2]int) float64 {
			if weight, ok := weights[p]; ok {
				return 1 / (1 + math.Exp2(-weight))
			}
			return 0
		}
		checkThresholds(rt, w, curve, all, share, 0.5)
		linked := map[int]bool{}
		for _, p := range all {
			if weight, ok := weights[p]; ok && weight >= 0 {
				linked[p[0]], linked[p[1]] = true, true
			}
		}
		checkLinked(rt, w, curve.Linked, func(i int) bool { return linked[i] })
	})
}

// TestPriorExpectsWhatBlockingMissed: with a prior, all expected matches are
// its share of all pairs, unless the scored ones expect more.
func TestPriorExpectsWhatBlockingMissed(t *testing.T) {
	w := world{sources: 1, records: []record{{source: "a", id: "0"}, {source: "a", id: "1"}, {source: "a", id: "2"}, {source: "a", id: "3"}},
		pairs: []scoredPair{{a: 0, b: 1, weight: 0}}}
	files, pairs, _ := w.write(t, t.TempDir())
	for prior, want := range map[float64]float64{0: 0.5, 0.01: 0.5, 0.25: 1.5} {
		curve, err := accuracy.Pairs(t.Context(), accuracy.PairsIn{Pairs: pairs, Prior: prior, Records: accuracy.Records{Paths: files}})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(curve.Matches-want) > 1e-9 || math.Abs(curve.Threshold.FN-(want-0.5)) > 1e-9 || (curve.BlockingRecall == nil) != (prior == 0) {
			t.Errorf("prior %v: %v matches, %v missed; want %v matches", prior, curve.Matches, curve.Threshold.FN, want)
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// checkThresholds compares the grid, the best and the quoted thresholds.
func checkThresholds(t *rapid.T, w world, curve accuracy.Curve, all [][2]int, share func([2]int) float64, minimum float64) {
	t.Helper()
	weights := w.weights()
	at := func(reaches func(float64) bool) counted {
		return count(all, func(p [2]int) bool { weight, ok := weights[p]; return ok && reaches(weight) }, share)
	}
	counts := func(p [2]int) bool { return slices.Contains(all, p) }
	best, bestWeight, grid := -1.0, 0.0, []float64{}
	for _, weight := range sortedWeights(w, counts) {
		c := at(func(x float64) bool { return x >= weight })
		if f1 := 2 * c.tp / (2*c.tp + c.fp + c.fn); f1 >= best { // of equals the highest weight
			best, bestWeight = f1, weight
		}
		grid = append(grid, math.Round(weight/0.1)/10)
	}
	grid = slices.Compact(grid)
	if len(curve.Grid) != len(grid) {
		t.Fatalf("%d points, want %d", len(curve.Grid), len(grid))
	}
	for i, p := range curve.Grid {
		if math.Abs(p.Weight-grid[i]) > 1e-12 {
			t.Fatalf("point at %v, want %v", p.Weight, grid[i])
		}
		agrees(t, fmt.Sprint("grid ", p.Weight), p, at(func(x float64) bool { return math.Round(x/0.1)/10 >= grid[i] }))
		if p.F1 > curve.BestOnGrid.F1 {
			t.Fatalf("a better point than the best on the grid")
		}
	}
	if len(grid) > 0 && math.Abs(best-curve.BestF1.F1) > 1e-9 {
		t.Fatalf("best F1 %v, want %v", curve.BestF1.F1, best)
	}
	if len(grid) > 0 && curve.Basis != accuracy.Estimated && curve.BestF1.Weight != bestWeight {
		t.Fatalf("best at %v, want %v", curve.BestF1.Weight, bestWeight)
	}
	if len(grid) > 0 {
		agrees(t, "best", curve.BestF1, at(func(x float64) bool { return x >= curve.BestF1.Weight }))
	}
	for _, quoted := range curve.At {
		agrees(t, "exact", quoted.Exact, at(func(x float64) bool { return x >= math.Log2(quoted.Probability/(1-quoted.Probability)) }))
		agrees(t, "on the grid", quoted.Grid, at(func(x float64) bool { return 1/(1+math.Exp2(-math.Round(x/0.1)/10)) >= quoted.Probability }))
	}
	agrees(t, "threshold", curve.Threshold, at(func(x float64) bool { return x >= math.Log2(minimum/(1-minimum)) }))
	scored := at(func(float64) bool { return true })
	if curve.Basis == accuracy.Estimated {
		if curve.BlockingRecall != nil {
			t.Fatalf("an estimate without a prior says how much blocking found")
		}
	} else if want := div(scored.tp, scored.tp+scored.fn); math.Abs(want-*curve.BlockingRecall) > 1e-9 {
		t.Fatalf("blocking recall %v, want %v", *curve.BlockingRecall, want)
	}
}

func div(a, b float64) float64 {
	if b == 0 {
		return 1
	}
	return a / b
}

// unitsOf says which units a pair depends on: the pair, whether it counts
// towards missed matches, and whether it is an error.
type unitsOf func(w world, p [2]int, missed bool) []int

func dyadic(w world, p [2]int, missed bool) []int {
	a, b := w.records[p[0]].person, w.records[p[1]].person
	if missed || a == b {
		return []int{a}
	}
	return []int{a, b}
}

func byCluster(w world, p [2]int, missed bool) []int {
	if missed {
		return []int{w.records[p[0]].person}
	}
	return []int{w.records[p[0]].cluster}
}

// checkSubgroups compares all records and every subgroup with loops over all
// pairs; the variance is summed over pairs of pairs that share a unit.
func checkSubgroups(t *rapid.T, w world, overall *accuracy.Subgroup, groups []accuracy.Subgroup, all [][2]int, linked func([2]int) bool, units unitsOf) {
	t.Helper()
	for _, name := range []string{"all", "", "x", "y"} {
		inside := func(i int) bool { return name == "all" || w.records[i].group == name }
		people, records := map[int]bool{}, 0
		for i, r := range w.records {
			if r.person > 0 && inside(i) {
				people[r.person] = true
				records++
			}
		}
		got, found := byGroup(groups, name)
		if name == "all" {
			got, found = *overall, true
		}
		if found != (records > 0) {
			t.Fatalf("subgroup %q is there: %v", name, found)
		}
		if !found {
			continue
		}
		var actual, predicted [][2]int
		for _, p := range all {
			if !inside(p[0]) && !inside(p[1]) {
				continue
			}
			if w.records[p[0]].person == w.records[p[1]].person {
				actual = append(actual, p)
			}
			if linked(p) {
				predicted = append(predicted, p)
			}
		}
		same := func(p [2]int) bool { return w.records[p[0]].person == w.records[p[1]].person }
		missed := clustered(w, actual, func(p [2]int) bool { return !linked(p) }, true, units)
		wrong := clustered(w, predicted, func(p [2]int) bool { return !same(p) }, false, units)
		compareRates(t, "missed "+name, got.MissedMatchRate, missed)
		compareRates(t, "false "+name, got.FalseMatchRate, wrong)
		if got.Records != int64(records) || got.People != int64(len(people)) || got.TruePairs != int64(len(actual)) || got.LinkedPairs != int64(len(predicted)) {
			t.Fatalf("subgroup %q: %+v", name, got)
		}
		if behind := overall.Recall - got.Recall; name != "all" && (math.Abs(behind-got.RecallBehind) > 1e-12 || got.Flagged != (behind > 0.015)) {
			t.Fatalf("subgroup %q: behind by %v, flagged %v", name, behind, got.Flagged)
		}
	}
}

// clustered is the slow way to a rate and its interval.
func clustered(w world, pairs [][2]int, bad func([2]int) bool, missed bool, units unitsOf) accuracy.Rate {
	if len(pairs) == 0 {
		return accuracy.Rate{High: 1}
	}
	n, part, seen := float64(len(pairs)), 0.0, map[int]bool{}
	for _, p := range pairs {
		part += truth(bad(p))
		for _, u := range units(w, p, missed) {
			seen[u] = true
		}
	}
	rate, variance, m := part/n, 0.0, float64(len(seen))
	for _, p := range pairs {
		for _, q := range pairs {
			shared := slices.ContainsFunc(units(w, p, missed), func(u int) bool { return slices.Contains(units(w, q, missed), u) })
			variance += truth(shared) * (truth(bad(p)) - rate) * (truth(bad(q)) - rate)
		}
	}
	if m > 1 {
		variance *= m / (m - 1)
	}
	effective := min(m, n)
	if v := variance / (n * n); v > 1e-15 && rate > 0 && rate < 1 {
		effective = min(rate*(1-rate)/v, n)
	}
	const z = 1.959963984540054
	middle, half := rate+z*z/(2*effective), z*math.Sqrt(rate*(1-rate)/effective+z*z/(4*effective*effective))
	low, high := (middle-half)/(1+z*z/effective), (middle+half)/(1+z*z/effective)
	if rate == 0 {
		low = 0
	}
	if rate == 1 {
		high = 1
	}
	return accuracy.Rate{Rate: rate, Low: low, High: high, Effective: effective}
}

func checkLinked(t *rapid.T, w world, groups []accuracy.LinkedGroup, linked func(int) bool) {
	t.Helper()
	var in, out float64
	for i := range w.records {
		in, out = in+truth(linked(i)), out+truth(!linked(i))
	}
	for _, g := range groups {
		var records, both float64
		for i, r := range w.records {
			if r.group == g.Value && g.Missing == (r.group == "") {
				records, both = records+1, both+truth(linked(i))
			}
		}
		p, q := 0.0, 0.0
		if in > 0 {
			p = both / in
		}
		if out > 0 {
			q = (records - both) / out
		}
		difference := 0.0
		if spread := (p*(1-p) + q*(1-q)) / 2; spread > 0 && in > 0 && out > 0 {
			difference = (p - q) / math.Sqrt(spread)
		}
		if float64(g.Records) != records || float64(g.Linked) != both || math.Abs(g.StandardisedDifference-difference) > 1e-9 || math.Abs(g.Share-both/records) > 1e-9 {
			t.Fatalf("group %q: %+v, want %v records, %v linked, difference %v", g.Value, g, records, both, difference)
		}
	}
}

// checkMistakes: the two worst of each kind, by their weights, and that what
// they are called is true of them.
func checkMistakes(t *rapid.T, w world, curve accuracy.Curve, all [][2]int, same func([2]int) float64, threshold float64) {
	t.Helper()
	weights := w.weights()
	var positives, negatives []float64
	unscored := 0
	for _, p := range all {
		weight, scored := weights[p]
		switch {
		case scored && weight >= threshold && same(p) == 0:
			positives = append(positives, -weight)
		case scored && weight < threshold && same(p) == 1:
			negatives = append(negatives, weight)
		case !scored && same(p) == 1:
			unscored++
		}
	}
	slices.Sort(positives)
	slices.Sort(negatives)
	check := func(got []accuracy.Pair, want []float64, sign float64) {
		if len(got) != min(2, len(want)) {
			t.Fatalf("%d mistakes, want %d", len(got), min(2, len(want)))
		}
		for i, p := range got {
			if *p.Weight*sign != want[i] {
				t.Fatalf("mistake %d has weight %v, want %v", i, *p.Weight, want[i]*sign)
			}
		}
	}
	check(curve.Mistakes.FalsePositives, positives, -1)
	check(curve.Mistakes.FalseNegatives, negatives, 1)
	if len(curve.Mistakes.NotCompared) != min(2, unscored) {
		t.Fatalf("%d never compared, want %d", len(curve.Mistakes.NotCompared), min(2, unscored))
	}
	for _, p := range curve.Mistakes.NotCompared {
		index := func(id string) int { return slices.IndexFunc(w.records, func(r record) bool { return r.id == id }) }
		pair := [2]int{min(index(p.IDL), index(p.IDR)), max(index(p.IDL), index(p.IDR))}
		if _, scored := weights[pair]; scored || same(pair) == 0 || !slices.Contains(all, pair) {
			t.Fatalf("%v is no true pair that was never scored", p)
		}
	}
}
