package records

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestWholeOrderSorts compares the sort by digits with a plain one, over ids as
// far apart as can be.
func TestWholeOrderSorts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3000, 3000), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, 0})), 1, 40).Draw(t, "ids")
		want := slices.Clone(ids)
		slices.Sort(want)
		if got := inOrder(ids, wholeOrder(ids)); !slices.Equal(got, want) {
			t.Errorf("%v in order %v", ids, got)
		}
	})
}
