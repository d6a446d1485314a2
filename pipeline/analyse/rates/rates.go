// Package rates holds the rates, ratios and inequalities a region reports, with
// their confidence limits, as the public health profiles of England define them:
// crude, directly and indirectly standardised rates, proportions, funnel limits
// and the slope and relative index of inequality.
//
// Sources: Byar's approximation in Breslow NE, Day NE, Statistical methods in
// cancer research II, 1987; Dobson AJ and others, Stat Med 1991;10:457-62;
// Wilson EB, J Am Stat Assoc 1927;22:209-12; Spiegelhalter DJ, Stat Med
// 2005;24:1185-202; Public Health England, Technical guide: confidence
// intervals, and its R package PHEindicatormethods 2.1.0, whose results the
// cases of Vectors were computed with.
//
// A limit or value that is not given is not a number (NaN), never zero.
package rates

import "math"

// Confidence is how sure an interval is to hold the true value.
type Confidence struct {
	z    float64 // the normal deviate of the tail
	tail float64 // the chance left out at each end
}

// Confidence95 leaves out 2.5 % at each end.
func Confidence95() Confidence { return Confidence{z: 1.959963984540054, tail: 0.025} }

// Confidence998 leaves out 0.1 % at each end: three standard errors, as control
// limits are drawn.
func Confidence998() Confidence { return Confidence{z: 3.090232306167813, tail: 0.001} }

// Interval is a pair of limits in the unit of the value they belong to.
type Interval struct{ Low, High float64 }

func (i Interval) scaled(factor float64) Interval { return Interval{i.Low * factor, i.High * factor} }

// Estimate is a value with its limits at 95 % and at 99.8 %.
type Estimate struct {
	Value  float64
	At95   Interval
	At998  Interval
	Method string // Exact, Byar, Dobson, Wilson, ...
}

// estimate asks for both intervals of a value.
func estimate(value float64, method string, limits func(Confidence) Interval) Estimate {
	return Estimate{Value: value, At95: limits(Confidence95()), At998: limits(Confidence998()), Method: method}
}

// notGiven is an estimate of nothing, with the method that gave none.
func notGiven(method string) Estimate {
	none := Interval{math.NaN(), math.NaN()}
	return Estimate{Value: math.NaN(), At95: none, At998: none, Method: method}
}

// limit refuses, as "not given", a lower limit below zero.
func limit(value float64) float64 {
	if value < 0 {
		return math.NaN()
	}
	return value
}
