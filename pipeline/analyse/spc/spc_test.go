package spc_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tre/internal/problem"
	"tre/pipeline/analyse/spc"
)

func TestVectorsArePublished(t *testing.T) {
	least := []int{260, 12}
	for i, suite := range spc.Vectors() {
		out, err := suite.Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range out.Wrong {
			t.Errorf("%s: %s", suite.Name, wrong)
		}
		if out.Cases < least[i] {
			t.Errorf("%s: %d cases, fewer than the file has rows", suite.Name, out.Cases)
		}
	}
}

func chart(t *testing.T, values []float64, o spc.Options) []spc.Point {
	t.Helper()
	c, err := spc.XmR(values, o)
	if err != nil {
		t.Fatal(err)
	}
	return c.Points
}

func steps(counts ...float64) []float64 {
	var values []float64
	for i := 0; i < len(counts); i += 2 {
		for range int(counts[i+1]) {
			values = append(values, counts[i])
		}
	}
	return values
}

func TestPeerDefectFlatSeriesWithTwoStepsMakesEveryPointASpecialCause(t *testing.T) {
	points := chart(t, steps(5, 6, 6, 7, 5, 7), spc.Options{})
	want := append(append(slices.Repeat([]spc.Cause{spc.Common}, 6), slices.Repeat([]spc.Cause{spc.RunAbove}, 7)...),
		slices.Repeat([]spc.Cause{spc.RunBelow}, 7)...)
	for i, p := range points {
		if p.Limited() || p.Outside || p.Near || p.Cause != want[i] {
			t.Errorf("point %d: limits %v, cause %v, want none and %v", i+1, p.Limited(), p.Cause, want[i])
		}
	}
}

func TestNoLimitsWithoutVariation(t *testing.T) {
	target := 4.0
	for name, values := range map[string][]float64{"constant": steps(5, 20), "one point": {5}, "no points": {}} {
		c, err := spc.XmR(values, spc.Options{Improvement: spc.Increase, Target: &target})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range c.Points {
			if p.Limited() || p.Cause != spc.Common || p.Side != 0 {
				t.Errorf("%s: point %d has limits %v, cause %v", name, i+1, p.Limited(), p.Cause)
			}
		}
		if c.Assurance != spc.None {
			t.Errorf("%s: assurance %v without limits", name, c.Assurance)
		}
	}
}

// TestAPointOnTheMeanBreaksARun: tenths have no exact binary form, and the mean
// of the series is still one of its values.
func TestAPointOnTheMeanBreaksARun(t *testing.T) {
	half := steps(0.2, 6, 0.3, 1, 0.2, 6)
	other := steps(0.4, 6, 0.3, 1, 0.4, 6)
	points := chart(t, append(half, other...), spc.Options{})
	for i, p := range points {
		if onMean := i == 6 || i == 19; onMean != (p.Side == 0) || p.Cause == spc.RunAbove || p.Cause == spc.RunBelow {
			t.Errorf("point %d: side %d, cause %v", i+1, p.Side, p.Cause)
		}
	}
}

func TestAPointOnALimitIsInside(t *testing.T) {
	// Moving ranges 0.1, mean 5: the limit is 5.266, and the last, outside the base, lies on it.
	values := append(slices.Repeat([]float64{4.95, 5.05}, 10), 5.266)
	p := chart(t, values, spc.Options{FixAfter: 20})[20]
	if p.Outside || !p.Near || math.Abs(p.Upper-5.266) > 1e-12 {
		t.Errorf("outside %v, near %v, limit %v", p.Outside, p.Near, p.Upper)
	}
}

// TestAnExtremeRangeIsScreenedFromItsFactorUp: 3267 is 3.267 times the mean of
// four ranges that sum to 4000.
func TestAnExtremeRangeIsScreenedFromItsFactorUp(t *testing.T) {
	tests := map[string]struct {
		values []float64
		spread float64
	}{
		"at the factor": {[]float64{0, 3267, 3017, 2767, 2534}, 733.0 / 3},
		"below it":      {[]float64{0, 3266, 3016, 2766, 2532}, 1000},
	}
	for name, test := range tests {
		p := chart(t, test.values, spc.Options{})[0]
		if got := (p.Upper - p.Mean) / 2.66; math.Abs(got-test.spread) > 1e-9 {
			t.Errorf("%s: mean moving range %v, want %v", name, got, test.spread)
		}
	}
}

func TestFixedLimitsJudgeLaterPoints(t *testing.T) {
	values := append(slices.Repeat([]float64{10, 12}, 10), 30, 31)
	points := chart(t, values, spc.Options{FixAfter: 20, Improvement: spc.Decrease})
	for _, p := range points {
		if p.Mean != 11 || math.Abs(p.Upper-(11+2.66*2)) > 1e-12 {
			t.Fatalf("mean %v, upper %v", p.Mean, p.Upper)
		}
	}
	if last := points[21]; last.Cause != spc.AboveLimit || last.Variation != spc.Worse {
		t.Errorf("cause %v, variation %v", last.Cause, last.Variation)
	}
}

func TestRefuses(t *testing.T) {
	tests := map[string]struct {
		values []float64
		o      spc.Options
	}{
		"a gap":                  {[]float64{1, math.NaN(), 2}, spc.Options{}},
		"an infinity":            {[]float64{1, math.Inf(1)}, spc.Options{}},
		"a base of one":          {[]float64{1, 2}, spc.Options{FixAfter: 1}},
		"a negative base":        {[]float64{1, 2}, spc.Options{FixAfter: -1}},
		"a rebase at the start":  {[]float64{1, 2}, spc.Options{Rebase: []int{0}}},
		"a rebase after the end": {[]float64{1, 2}, spc.Options{Rebase: []int{2}}},
		"rebases out of order":   {[]float64{1, 2, 3}, spc.Options{Rebase: []int{2, 1}}},
	}
	for name, test := range tests {
		if _, err := spc.XmR(test.values, test.o); err == nil || problem.HintOf(err) == "" {
			t.Errorf("%s: error %v with hint %q", name, err, problem.HintOf(err))
		}
	}
}

// TestAgreesWithSlowRules judges every point by itself, from the rules' words, in
// whole numbers: everything is multiplied by the number of points and of ranges.
func TestAgreesWithSlowRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.SampledFrom([]int{1, 3, 10, 60}).Draw(t, "width")
		whole := rapid.SliceOfN(rapid.IntRange(0, width), 2, 40).Draw(t, "series")
		drift := rapid.IntRange(-2, 2).Draw(t, "drift")
		values := make([]float64, len(whole))
		for i := range whole {
			whole[i] += i * drift
			values[i] = float64(whole[i])
		}
		keep := rapid.Bool().Draw(t, "keep ranges")
		c, err := spc.XmR(values, spc.Options{KeepRanges: keep})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range slowCauses(whole, keep) {
			if got := c.Points[i].Cause; got != want {
				t.Fatalf("point %d of %v: %v, want %v", i, whole, got, want)
			}
		}
	})
}

// slowCauses works in integers: y - mean is (n y - sum) / n.
func slowCauses(y []int, keep bool) []spc.Cause {
	n, sum := len(y), 0
	var ranges []int
	for i, v := range y {
		sum += v
		if i > 0 {
			ranges = append(ranges, max(v-y[i-1], y[i-1]-v))
		}
	}
	total := 0
	for _, r := range ranges {
		total += r
	}
	count, spread := len(ranges), 0
	kept := 0
	for _, r := range ranges {
		if keep || 1000*r*count < 3267*total {
			kept++
			spread += r
		}
	}
	side := func(i int) int { return sign(n*y[i] - sum) }
	// |y - mean| against factor * spread / kept, in units of 1 / (300 n kept); 3 * 2.66 = 7.98, twice 2.66 = 5.32.
	beyond := func(i, hundredthsOfThirds int) bool {
		return spread > 0 && 300*kept*abs(n*y[i]-sum) > hundredthsOfThirds*spread*n
	}
	out := func(i int) bool { return beyond(i, 798) }
	near := func(i int) bool { return !out(i) && beyond(i, 532) }
	causes := make([]spc.Cause, n)
	for i := range y {
		causes[i] = slowCause(y, i, side, out, near)
	}
	return causes
}

func slowCause(y []int, i int, side func(int) int, out, near func(int) bool) spc.Cause {
	n := len(y)
	trendAt := func(i int) bool {
		return window(i, 7, n, func(from int) bool {
			up, down := true, true
			for j := from + 1; j < from+7; j++ {
				up, down = up && y[j] > y[j-1], down && y[j] < y[j-1]
			}
			return up || down
		})
	}
	twoOfThree := func(from int) bool {
		close := 0
		for j := from; j < from+3; j++ {
			if near(j) {
				close++
			}
		}
		return close >= 2 && side(from) == side(i) && side(from+1) == side(i) && side(from+2) == side(i)
	}
	run := func(from int) bool {
		all := side(i)
		for j := from; j < from+7; j++ {
			if side(j) != side(i) {
				all = 0
			}
		}
		return all != 0
	}
	switch {
	case out(i):
		return pick(side(i), spc.AboveLimit, spc.BelowLimit)
	case trendAt(i) && i+1 < n && trendAt(i+1):
		return pick(y[i+1]-y[i], spc.Rising, spc.Falling)
	case trendAt(i):
		return pick(y[i]-y[i-1], spc.Rising, spc.Falling)
	case near(i) && window(i, 3, n, twoOfThree):
		return pick(side(i), spc.NearUpper, spc.NearLower)
	case window(i, 7, n, run):
		return pick(side(i), spc.RunAbove, spc.RunBelow)
	}
	return spc.Common
}

// window asks of every stretch of a length that holds i.
func window(i, length, n int, holds func(from int) bool) bool {
	for from := 0; from+length <= n; from++ {
		if from <= i && i < from+length && holds(from) {
			return true
		}
	}
	return false
}

func pick(direction int, up, down spc.Cause) spc.Cause {
	if direction > 0 {
		return up
	}
	return down
}

func sign(n int) int {
	switch {
	case n > 0:
		return 1
	case n < 0:
		return -1
	}
	return 0
}

func abs(n int) int { return max(n, -n) }
