package rates

import (
	"errors"
	"fmt"
	"math"
)

// Scale is what values are fitted as, so that a line is a fair shape for them.
type Scale int

// The scales: values as they are, rates by their logarithm, proportions by their
// logit.
const (
	Linear Scale = iota
	Log
	Logit
)

// String names the scale.
func (s Scale) String() string { return [...]string{"linear", "log", "logit"}[s] }

func (s Scale) to(value float64) float64 {
	switch s {
	case Log:
		return math.Log(value)
	case Logit:
		return math.Log(value) - math.Log1p(-value)
	}
	return value
}

func (s Scale) from(value float64) float64 {
	switch s {
	case Log:
		return math.Exp(value)
	case Logit:
		return 1 / (1 + math.Exp(-value))
	}
	return value
}

// Error gives the standard error on the scale that 95 % limits amount to.
func (s Scale) Error(at95 Interval) float64 {
	return (s.to(at95.High) - s.to(at95.Low)) / (2 * Confidence95().z)
}

// Group is one group of people ranked by deprivation.
type Group struct {
	People float64
	Value  float64 // its rate or proportion
	Error  float64 // standard error of the value on the scale of the fit
}

// Inequality is the line through the groups' values.
type Inequality struct {
	// SII is the slope index: the value of the least deprived end less that of the
	// most deprived end. RII is the relative index: the one over the other.
	SII, RII Estimate
	// Intercept is the value at the most deprived end.
	Intercept float64
}

// Slope fits a line, weighted by people, to the groups' values at the middle of
// their rank in the cumulated population, most deprived first.
//
// The slope is linear in the values, so its limits have a closed form and need no
// drawing of random numbers: slope ± z × √Σ(h² e²). On a scale of logarithms or
// logits the middle of the line is held and both limits of the slope are put back
// at its ends. The relative index of the linear scale has Fieller's limits.
func Slope(groups []Group, scale Scale) (Inequality, error) {
	line, err := fit(groups, scale)
	if err != nil {
		return Inequality{}, err
	}
	end := func(slope, side float64) float64 { return scale.from(line.middle + side*slope/2) }
	index := func(slope float64) float64 { return end(slope, 1) - end(slope, -1) }
	ratio := func(slope float64) float64 { return end(slope, 1) / end(slope, -1) }
	limits := func(of func(float64) float64) func(Confidence) Interval {
		return func(c Confidence) Interval {
			return Interval{of(line.slope - c.z*line.slopeError), of(line.slope + c.z*line.slopeError)}
		}
	}
	ratioLimits := limits(ratio)
	if scale == Linear {
		ratioLimits = line.fieller
	}
	return Inequality{
		SII:       estimate(index(line.slope), "closed form", limits(index)),
		RII:       estimate(ratio(line.slope), "closed form", ratioLimits),
		Intercept: end(line.slope, -1),
	}, nil
}

// line is a weighted least-squares line over ranks 0 to 1, whose weighted mean is
// exactly the middle of them.
type line struct {
	middle, slope           float64
	middleError, slopeError float64
	covariance              float64
}

func fit(groups []Group, scale Scale) (line, error) {
	total := 0.0
	for i, g := range groups {
		y := scale.to(g.Value)
		if !(g.People > 0) || !(g.Error >= 0) || math.IsInf(g.Error, 0) || math.IsNaN(y) || math.IsInf(y, 0) {
			return line{}, fmt.Errorf("group %d has no people, no value on the %s scale or no error", i+1, scale)
		}
		total += g.People
	}
	if len(groups) < 3 {
		return line{}, errors.New("a slope needs three groups or more")
	}
	spread, rank := 0.0, 0.0
	for _, g := range groups {
		share := g.People / total
		spread += share * square(rank+share/2-0.5)
		rank += share
	}
	var l line
	rank = 0
	for _, g := range groups {
		share := g.People / total
		pull := share * (rank + share/2 - 0.5) / spread // what the slope takes of this value
		rank += share
		l.slope += pull * scale.to(g.Value)
		l.middle += share * scale.to(g.Value)
		l.slopeError += square(pull * g.Error)
		l.middleError += square(share * g.Error)
		l.covariance += pull * share * square(g.Error)
	}
	l.slopeError, l.middleError = math.Sqrt(l.slopeError), math.Sqrt(l.middleError)
	return l, nil
}

// fieller gives the limits of the ratio of the line's two ends (Fieller EC, J R
// Stat Soc B 1954;16:175-85). There are none when the lower end may be zero.
func (l line) fieller(c Confidence) Interval {
	v, w, cov := square(l.middleError), square(l.slopeError)/4, l.covariance/2
	least, most := l.middle+l.slope/2, l.middle-l.slope/2
	a := most*most - square(c.z)*(v+w-2*cov)
	b := least*most - square(c.z)*(v-w)
	d := b*b - a*(least*least-square(c.z)*(v+w+2*cov))
	if a <= 0 || d < 0 {
		return Interval{math.NaN(), math.NaN()}
	}
	return Interval{(b - math.Sqrt(d)) / a, (b + math.Sqrt(d)) / a}
}

func square(x float64) float64 { return x * x }
