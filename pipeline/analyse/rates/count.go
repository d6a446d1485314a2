package rates

import "math"

// exactBelow is the count from which Byar's approximation is used.
const exactBelow = 10

// Byar gives Byar's approximate limits of a count of events. Where the formula
// gives a negative lower limit, and for no events, there is none.
func Byar(observed int64, c Confidence) Interval {
	o := float64(observed)
	low := math.NaN()
	if observed > 0 {
		low = limit(o * math.Pow(1-1/(9*o)-c.z/(3*math.Sqrt(o)), 3))
	}
	above := o + 1
	return Interval{low, above * math.Pow(1-1/(9*above)+c.z/(3*math.Sqrt(above)), 3)}
}

// ExactPoisson gives the exact limits of a count of events: the means under which
// as many, or as few, happen by the chance of one tail.
func ExactPoisson(observed int64, c Confidence) Interval {
	low := 0.0
	if observed > 0 {
		low = gammaQuantile(float64(observed), c.tail, -c.z)
	}
	return Interval{low, gammaQuantile(float64(observed)+1, c.tail, c.z)}
}

// CountLimits gives the limits of a count of events and how they were made: exact
// below 10 events, Byar's from there.
func CountLimits(observed int64, c Confidence) (Interval, string) {
	if observed < exactBelow {
		return ExactPoisson(observed, c), "Exact"
	}
	return Byar(observed, c), "Byar"
}

// Crude gives events for each per of people, such as 100,000. Nobody to count
// among, or a negative count, gives nothing.
func Crude(events, people int64, per float64) Estimate {
	if people <= 0 || events < 0 {
		return notGiven("")
	}
	return perExpected(events, float64(people), per)
}

// perExpected is events over what they are measured against, which is known
// without error, times a factor.
func perExpected(events int64, against, factor float64) Estimate {
	_, method := CountLimits(events, Confidence95())
	return estimate(float64(events)/against*factor, method, func(c Confidence) Interval {
		limits, _ := CountLimits(events, c)
		return limits.scaled(factor / against)
	})
}
