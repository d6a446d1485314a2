// Package spc draws XmR charts (individual values and moving ranges) by the
// rules of NHS England's Making Data Count: the mean, process limits, and which
// points show a special cause.
//
// The constants are Shewhart's for ranges of two: limits at 2.66 mean moving
// ranges from the mean, and a moving range is an outlier from 3.267 times their
// mean. Answers agree with the R package NHSRplotthedots 0.2.2 except where that
// one gives limits of no width (see XmR).
package spc

import (
	"math"

	"tre/internal/problem"
)

// Published constants of the chart.
const (
	limitFactor  = 2.66         // process limits, in mean moving ranges
	nearFactor   = 2 * 2.66 / 3 // two thirds of the way to a limit
	screenFactor = 3.267        // a moving range from here up is an outlier
	runLength    = 7            // points of a run or a trend
	shortSeries  = 13           // fewer points than this make limits unsure
	rounding     = 1e-12        // relative: two numbers nearer than this are equal
)

// Improvement says which way is better.
type Improvement int

// The ways a measure can improve. Neutral has no better way.
const (
	Neutral  Improvement = 0
	Increase Improvement = 1
	Decrease Improvement = -1
)

// Options say how a chart is made. The zero value: no better way, limits from
// every point, extreme moving ranges screened out once, no target.
type Options struct {
	Improvement Improvement
	KeepRanges  bool     // use every moving range, extreme or not
	FixAfter    int      // mean and limits come from this many first points; 0 means all
	Rebase      []int    // positions, ascending from 1, at which mean and limits start afresh
	Target      *float64 // nil for none
}

// Point is one value with the mean and limits of its part of the series.
type Point struct {
	Part         int     // which part the value is in, from 0; a rebase starts another
	Value, Mean  float64 // in the unit of the series
	Lower, Upper float64 // process limits; not a number where there are none
	Side         int     // -1 below the mean, 0 on it, 1 above
	Outside      bool    // beyond a limit
	Near         bool    // within the limits, beyond two thirds of the way to one
	Cause        Cause
	Variation    Variation
	Short        bool // its limits come from fewer than 13 points, so they are unsure
}

// Limited reports whether the point has process limits.
func (p Point) Limited() bool { return !math.IsNaN(p.Upper) }

// Chart is a series with its limits.
type Chart struct {
	Points    []Point
	Assurance Assurance
}

// XmR makes the chart of a series in the order of time, without gaps.
//
// A part whose values never vary, or vary in so few steps that each is screened
// away as an outlier, has no limits: limits of no width would make every point a
// special cause. The rules that need no limits (runs and trends) still hold.
func XmR(values []float64, o Options) (Chart, error) {
	if err := o.check(values); err != nil {
		return Chart{}, err
	}
	points := make([]Point, 0, len(values))
	starts := append([]int{0}, o.Rebase...)
	for part, start := range starts {
		end := len(values)
		if part+1 < len(starts) {
			end = starts[part+1]
		}
		points = append(points, chartPart(part, values[start:end], o)...)
	}
	return Chart{Points: points, Assurance: assurance(points, o)}, nil
}

func (o Options) check(values []float64) error {
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return problem.New(problem.Failed, "leave the gap out, or chart the part after it", "point %d of the series is not a number", i+1)
		}
	}
	if o.FixAfter < 0 || o.FixAfter == 1 {
		return problem.New(problem.Usage, "give 2 points or more, or 0 for all", "limits cannot come from %d points", o.FixAfter)
	}
	last := 0
	for _, at := range o.Rebase {
		if at <= last || at >= len(values) {
			return problem.New(problem.Usage, "give positions in ascending order, after the first point and within the series",
				"the series cannot start afresh at position %d", at)
		}
		last = at
	}
	return nil
}

// chartPart charts the values between two rebases.
func chartPart(part int, values []float64, o Options) []Point {
	base := values
	if o.FixAfter > 0 && o.FixAfter < len(values) {
		base = values[:o.FixAfter]
	}
	mean, spread := mean(base), meanRange(base, !o.KeepRanges)
	points := make([]Point, len(values))
	for i, v := range values {
		points[i] = place(Point{Part: part, Value: v, Mean: mean, Short: len(base) < shortSeries}, spread)
	}
	label(points, o.Improvement)
	return points
}

// place says where a value lies. A spread of 0 gives no limits.
func place(p Point, spread float64) Point {
	p.Side = compare(p.Value, p.Mean)
	p.Lower, p.Upper = math.NaN(), math.NaN()
	if !(spread > 0) {
		return p
	}
	p.Lower, p.Upper = p.Mean-limitFactor*spread, p.Mean+limitFactor*spread
	p.Outside = compare(p.Value, p.Upper) > 0 || compare(p.Value, p.Lower) < 0
	p.Near = !p.Outside && (compare(p.Value, p.Mean+nearFactor*spread) > 0 || compare(p.Value, p.Mean-nearFactor*spread) < 0)
	return p
}

// meanRange is the mean moving range, screened once for outliers when asked. It
// is not a number for fewer than two values, and 0 when no range is left that is
// not 0.
func meanRange(values []float64, screen bool) float64 {
	ranges := make([]float64, 0, len(values))
	for i := 1; i < len(values); i++ {
		ranges = append(ranges, math.Abs(values[i]-values[i-1]))
	}
	average := mean(ranges)
	if !screen || !(average > 0) {
		return average
	}
	kept := ranges[:0]
	for _, r := range ranges {
		if compare(r, screenFactor*average) < 0 {
			kept = append(kept, r)
		}
	}
	return mean(kept)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// compare is the sign of a - b, 0 when they differ by rounding alone: a point
// exactly on the mean or on a limit is on it.
func compare(a, b float64) int {
	switch {
	case math.Abs(a-b) <= rounding*math.Max(math.Abs(a), math.Abs(b)):
		return 0
	case a > b:
		return 1
	}
	return -1
}
