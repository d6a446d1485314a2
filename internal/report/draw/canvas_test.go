package draw_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"tre/internal/report/draw"
)

func TestScaleHoldsEveryValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		largest := rapid.Float64Range(1e-6, 1e9).Draw(t, "largest")
		end, step := draw.Scale(largest)
		at := draw.Ticks(end, step)
		if end < largest*0.999999 || end > largest*2.6 || len(at) < 2 || len(at) > 7 || at[0] != 0 || math.Abs(at[len(at)-1]-end) > step/100 {
			t.Fatalf("largest %v: axis to %v by %v, %d ticks", largest, end, step, len(at))
		}
	})
	for _, nothing := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if end, step := draw.Scale(nothing); end != 1 || step != 1 {
			t.Errorf("draw.Scale(%v) = %v, %v", nothing, end, step)
		}
	}
}
