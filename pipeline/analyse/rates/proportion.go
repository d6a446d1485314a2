package rates

import "math"

// Wilson gives Wilson's score limits of x of n.
func Wilson(x, n int64, c Confidence) Interval {
	if n <= 0 || x < 0 || x > n {
		return Interval{math.NaN(), math.NaN()}
	}
	count, of, z := float64(x), float64(n), c.z
	middle := 2*count + z*z
	spread := z * math.Sqrt(z*z+4*count*(1-count/of))
	// At none and at all the formula is exactly 0 and 1, and rounding would not be.
	limits := Interval{(middle - spread) / (2 * (of + z*z)), (middle + spread) / (2 * (of + z*z))}
	if x == 0 {
		limits.Low = 0
	}
	if x == n {
		limits.High = 1
	}
	return limits
}

// Proportion gives x of n times a factor (1, or 100 for per cent).
func Proportion(x, n int64, factor float64) Estimate {
	if n <= 0 || x < 0 || x > n {
		return notGiven("")
	}
	return estimate(float64(x)/float64(n)*factor, "Wilson", func(c Confidence) Interval {
		return Wilson(x, n, c).scaled(factor)
	})
}

// FunnelLimits gives the proportions between which a unit of n is expected to lie
// when only chance sets it apart from the baseline. They are the proportions
// whose own Wilson interval just reaches the baseline, cut to 0 and 1.
func FunnelLimits(baseline float64, n int64, c Confidence) Interval {
	if n <= 0 || baseline < 0 || baseline > 1 {
		return Interval{math.NaN(), math.NaN()}
	}
	spread := c.z * math.Sqrt(baseline*(1-baseline)/float64(n))
	return Interval{max(0, baseline-spread), min(1, baseline+spread)}
}

// Place is where a unit lies in a funnel.
type Place string

// The places, from the lowest.
const (
	FarLow   Place = "lower (99.8%)"
	Low      Place = "lower (95%)"
	Expected Place = "as expected"
	High     Place = "higher (95%)"
	FarHigh  Place = "higher (99.8%)"
)

// InFunnel says where x of n lies around a baseline. On a limit is within it.
func InFunnel(x, n int64, baseline float64) Place {
	value := float64(x) / float64(n)
	at95, at998 := FunnelLimits(baseline, n, Confidence95()), FunnelLimits(baseline, n, Confidence998())
	switch {
	case value < at998.Low:
		return FarLow
	case value < at95.Low:
		return Low
	case value > at998.High:
		return FarHigh
	case value > at95.High:
		return High
	}
	return Expected
}
