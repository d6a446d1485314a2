package evaluate

import (
	"math"
	"testing"
)

// The points are from printed tables of Student's t.
func TestStudent95(t *testing.T) {
	for freedom, want := range map[int]float64{1: 12.7062047364, 2: 4.30265272991, 5: 2.57058183564, 10: 2.22813885196, 30: 2.04227245630, 120: 1.97993040508} {
		if got := student95(freedom); math.Abs(got-want) > 1e-9*want {
			t.Errorf("%d degrees of freedom: %.12f, want %.12f", freedom, got, want)
		}
	}
}
