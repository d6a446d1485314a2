package draw_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tre/internal/report/draw"
)

func TestRangeHoldsEveryValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(-1e6, 1e6).Draw(t, "a"), rapid.Float64Range(-1e6, 1e6).Draw(t, "b")
		axis := draw.Range(min(a, b), max(a, b))
		axis.From, axis.To = 10, 300
		ticks := axis.Ticks()
		if !axis.Holds(a) || !axis.Holds(b) || len(ticks) < 2 || len(ticks) > 9 {
			t.Fatalf("%v and %v: axis from %v to %v by %v", a, b, axis.Start, axis.End, axis.Step)
		}
		for _, x := range append(ticks, a, b, 2e6, -2e6) {
			if at := axis.At(x); at < 10-1e-6 || at > 300+1e-6 {
				t.Fatalf("%v is drawn at %v", x, at)
			}
		}
	})
}

func TestRangeBeginsAtNoughtWhenAsked(t *testing.T) {
	if axis := draw.Range(0, 37); axis.Start != 0 || axis.Cut() || axis.End < 37 {
		t.Errorf("axis from %v to %v", axis.Start, axis.End)
	}
	if !draw.Range(80, 100).Cut() || draw.Range(-5, 5).Cut() {
		t.Error("an axis does not know whether it leaves out 0")
	}
}

func TestLabelsDoNotTouch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var at []float64
		var words []string
		x := 0.0
		for range rapid.IntRange(1, 60).Draw(t, "labels") {
			x += rapid.Float64Range(1, 60).Draw(t, "step")
			at, words = append(at, x), append(words, strings.Repeat("x", rapid.IntRange(0, 12).Draw(t, "length")))
		}
		shown := draw.Labels(at, words)
		if len(shown) == 0 || shown[0] != 0 {
			t.Fatalf("shown %v", shown)
		}
		for i := 1; i < len(shown); i++ {
			a, b := shown[i-1], shown[i]
			if at[a]+draw.CharWidth*float64(len(words[a]))/2 > at[b]-draw.CharWidth*float64(len(words[b]))/2 {
				t.Fatalf("labels %d and %d touch", a, b)
			}
		}
	})
}
