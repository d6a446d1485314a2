package rates_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"tre/pipeline/analyse/rates"
)

func drawGroups(t *rapid.T) []rates.Group {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rates.Group {
		return rates.Group{
			People: float64(rapid.IntRange(50, 20_000).Draw(t, "people")),
			Value:  float64(rapid.IntRange(50, 900).Draw(t, "thousandths")) / 1000,
			Error:  float64(rapid.IntRange(0, 50).Draw(t, "error")) / 1000,
		}
	}), 3, 10).Draw(t, "groups")
}

// slowLine solves the normal equations of the weighted fit as they stand.
func slowLine(groups []rates.Group, value func(rates.Group) float64) (intercept, slope float64) {
	var total, w, wx, wy, wxx, wxy, before float64
	for _, g := range groups {
		total += g.People
	}
	for _, g := range groups {
		x, y := (before+g.People/2)/total, value(g)
		before += g.People
		w, wx, wy, wxx, wxy = w+g.People, wx+g.People*x, wy+g.People*y, wxx+g.People*x*x, wxy+g.People*x*y
	}
	slope = (w*wxy - wx*wy) / (w*wxx - wx*wx)
	return (wy - slope*wx) / w, slope
}

func TestSlopeIsTheWeightedLine(t *testing.T) {
	scales := map[rates.Scale][2]func(float64) float64{
		rates.Linear: {func(y float64) float64 { return y }, func(y float64) float64 { return y }},
		rates.Log:    {math.Log, math.Exp},
		rates.Logit:  {func(p float64) float64 { return math.Log(p / (1 - p)) }, func(y float64) float64 { return 1 / (1 + math.Exp(-y)) }},
	}
	rapid.Check(t, func(t *rapid.T) {
		groups := drawGroups(t)
		for scale, way := range scales {
			intercept, slope := slowLine(groups, func(g rates.Group) float64 { return way[0](g.Value) })
			most, least := way[1](intercept), way[1](intercept+slope)
			got, err := rates.Slope(groups, scale)
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(got.SII.Value-(least-most)) > 1e-9 || math.Abs(got.RII.Value-least/most) > 1e-8*math.Abs(least/most) || math.Abs(got.Intercept-most) > 1e-9 {
				t.Fatalf("%s: %v and %v from %v; slowly %v and %v from %v", scale, got.SII.Value, got.RII.Value, got.Intercept, least-most, least/most, most)
			}
		}
	})
}

// TestSlopeIntervalIsHowTheValuesErrorsCarry moves each value by a little and
// adds up what that does to the slope.
func TestSlopeIntervalIsHowTheValuesErrorsCarry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups, variance := drawGroups(t), 0.0
		for i := range groups {
			_, before := slowLine(groups, func(g rates.Group) float64 { return g.Value })
			moved := append([]rates.Group(nil), groups...)
			moved[i].Value++
			_, after := slowLine(moved, func(g rates.Group) float64 { return g.Value })
			variance += (after - before) * (after - before) * groups[i].Error * groups[i].Error
		}
		got, err := rates.Slope(groups, rates.Linear)
		if err != nil {
			t.Fatal(err)
		}
		width := 2 * 1.959963984540054 * math.Sqrt(variance)
		if math.Abs(got.SII.At95.High-got.SII.At95.Low-width) > 1e-8*(1+width) {
			t.Fatalf("an interval %v wide, %v by moving each value", got.SII.At95.High-got.SII.At95.Low, width)
		}
	})
}

// TestFiellerLimitsAreWhereTheRatioIsJustPossible checks the definition: at a
// limit r, (least - r most) is z of its own standard errors from nothing.
func TestFiellerLimitsAreWhereTheRatioIsJustPossible(t *testing.T) {
	groups := []rates.Group{{900, 30, 2}, {1000, 26, 1.5}, {1100, 24, 1.7}, {700, 20, 2.1}, {1300, 15, 1.1}}
	got, err := rates.Slope(groups, rates.Linear)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []float64{got.RII.At95.Low, got.RII.At95.High} {
		end := func(of []rates.Group) float64 {
			intercept, slope := slowLine(of, func(g rates.Group) float64 { return g.Value })
			return intercept + slope - r*intercept
		}
		variance := 0.0
		for i := range groups {
			moved := append([]rates.Group(nil), groups...)
			moved[i].Value++
			variance += math.Pow((end(moved)-end(groups))*groups[i].Error, 2)
		}
		if z := math.Abs(end(groups)) / math.Sqrt(variance); math.Abs(z-1.959963984540054) > 1e-9 {
			t.Errorf("at %v the ends differ by %v errors", r, z)
		}
	}
}

func TestSlopeRefusesWhatHasNoLine(t *testing.T) {
	good := rates.Group{People: 10, Value: 0.5, Error: 0.1}
	cases := map[string]struct {
		scale  rates.Scale
		groups []rates.Group
	}{
		"two groups":         {rates.Linear, []rates.Group{good, good}},
		"nobody in one":      {rates.Linear, []rates.Group{good, good, {Value: 1, Error: 1}}},
		"no value":           {rates.Linear, []rates.Group{good, good, {People: 1, Value: math.NaN(), Error: 1}}},
		"no error":           {rates.Linear, []rates.Group{good, good, {People: 1, Value: 1, Error: math.NaN()}}},
		"logarithm of zero":  {rates.Log, []rates.Group{good, good, {People: 1, Value: 0, Error: 1}}},
		"logit of one":       {rates.Logit, []rates.Group{good, good, {People: 1, Value: 1, Error: 1}}},
		"logit of above one": {rates.Logit, []rates.Group{good, good, {People: 1, Value: 2, Error: 1}}},
	}
	for name, c := range cases {
		if _, err := rates.Slope(c.groups, c.scale); err == nil {
			t.Errorf("%s: a slope was given", name)
		}
	}
}
