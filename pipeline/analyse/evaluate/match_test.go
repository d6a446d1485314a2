package evaluate_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/pipeline/analyse/evaluate"
)

// slowMatch looks at everybody each time.
func slowMatch(people []evaluate.Candidate, caliper float64) []evaluate.Pair {
	done := make([]bool, len(people))
	var pairs []evaluate.Pair
	for {
		t := -1
		for i, p := range people {
			if p.Treated && !done[i] && (t < 0 || p.Score > people[t].Score) {
				t = i
			}
		}
		if t < 0 {
			return pairs
		}
		done[t] = true
		best, distance := -1, math.Inf(1)
		for i, p := range people {
			if d := math.Abs(people[t].Score - p.Score); !p.Treated && !done[i] && p.Block == people[t].Block && d < distance {
				best, distance = i, d
			}
		}
		if best >= 0 && distance <= caliper {
			done[best] = true
			pairs = append(pairs, evaluate.Pair{Treated: t, Control: best, Distance: distance})
		}
	}
}

func TestMatchEqualsLookingAtEverybody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		people := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) evaluate.Candidate {
			return evaluate.Candidate{Treated: rapid.Bool().Draw(t, "treated"),
				Score: float64(rapid.IntRange(0, 12).Draw(t, "score")) / 4, // exact in binary, so that ties are ties
				Block: rapid.SampledFrom([]string{"", "f", "m"}).Draw(t, "block")}
		}), 0, 60).Draw(t, "people")
		caliper := rapid.SampledFrom([]float64{0, 0.25, 1, 9}).Draw(t, "caliper")
		if diff := cmp.Diff(slowMatch(people, caliper), evaluate.Match(people, caliper)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestStandardisedDifferenceOfFewOrEqual(t *testing.T) {
	if got := evaluate.StandardisedDifference([]float64{1}, []float64{1, 2}); !math.IsNaN(got) {
		t.Errorf("one person gave %v", got)
	}
	if got := evaluate.StandardisedDifference([]float64{1, 1}, []float64{1, 1}); got != 0 {
		t.Errorf("equal and constant groups gave %v", got)
	}
}
