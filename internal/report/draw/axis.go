package draw

import "math"

// Axis places values between two coordinates, in CSS pixels. Start is not
// always 0: whoever cuts an axis has to say so.
type Axis struct {
	Start, End, Step float64 // values
	From, To         float64 // coordinates; To may be the smaller
}

// Range gives round values that hold low and high, with at most seven steps
// between them. It is as Scale where low is 0.
func Range(low, high float64) Axis {
	if math.IsNaN(low) || math.IsInf(low, 0) || math.IsNaN(high) || math.IsInf(high, 0) || low > high {
		return Axis{End: 1, Step: 1}
	}
	if low == high {
		spread := max(math.Abs(high)/10, 1e-6)
		low, high = low-spread, high+spread
	}
	_, step := Scale((high - low) * 4 / 5)
	return Axis{Start: step*math.Floor(low/step+1e-9) + 0, End: step * math.Ceil(high/step-1e-9), Step: step}
}

// At gives the coordinate of a value; one beyond an end stops there.
func (a Axis) At(x float64) float64 {
	x = min(max(x, a.Start), a.End)
	return a.From + (a.To-a.From)*(x-a.Start)/(a.End-a.Start)
}

// Holds reports whether a value lies on the axis.
func (a Axis) Holds(x float64) bool {
	slack := (a.End - a.Start) / 1e6
	return x >= a.Start-slack && x <= a.End+slack
}

// Cut reports whether the axis leaves out 0.
func (a Axis) Cut() bool { return a.Start > 0 || a.End < 0 }

// Ticks gives the values of the axis's ticks.
func (a Axis) Ticks() []float64 {
	var at []float64
	for i := 0; a.Start+float64(i)*a.Step <= a.End+a.Step/1000; i++ {
		x := a.Start + float64(i)*a.Step
		if math.Abs(x) < a.Step/1000 {
			x = 0
		}
		at = append(at, x)
	}
	return at
}

// Labels gives those of a row of words of which there is room beside each
// other, each with its coordinate: every one, or every second, and so on. The
// first is always among them.
func Labels(at []float64, words []string) []int {
	for every := 1; ; every++ {
		var shown []int
		last, fits := math.Inf(-1), true
		for i := 0; i < len(at); i += every {
			half := CharWidth*float64(len([]rune(words[i])))/2 + 3
			fits = fits && at[i]-half >= last
			last = at[i] + half
			shown = append(shown, i)
		}
		if fits || len(shown) <= 1 {
			return shown
		}
	}
}
