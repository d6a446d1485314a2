// Package validate measures how good predicted risks were once the outcome is
// known: discrimination, calibration, accuracy, usefulness, and the yield of a
// list. It knows nothing about where the risks came from.
//
// Everywhere risk[i] and outcome[i] are of the same person, risks lie between 0
// and 1 without either, and the order given breaks ties: give people in the
// order of their pseudonyms. What cannot be measured (no events, nobody) is not
// a number.
package validate

import (
	"math"
	"slices"

	"tre/pipeline/analyse/risk/logistic"
)

// z95 is the 97.5 % point of the normal distribution.
const z95 = 1.959963984540054

// Predictions are risks and what became of them.
type Predictions struct {
	Risk    []float64
	Outcome []bool
}

// Events counts the outcomes that happened.
func (p Predictions) Events() int {
	n := 0
	for _, o := range p.Outcome {
		if o {
			n++
		}
	}
	return n
}

// Expected is the sum of the risks.
func (p Predictions) Expected() float64 {
	sum := 0.0
	for _, r := range p.Risk {
		sum += r
	}
	return sum
}

// Select gives the predictions of some people.
func (p Predictions) Select(people []int) Predictions {
	s := Predictions{make([]float64, len(people)), make([]bool, len(people))}
	for at, i := range people {
		s.Risk[at], s.Outcome[at] = p.Risk[i], p.Outcome[i]
	}
	return s
}

// rising gives the people by risk, lowest first, ties in the order given.
func (p Predictions) rising() []int {
	order := make([]int, len(p.Risk))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p.Risk[a] < p.Risk[b]:
			return -1
		case p.Risk[a] > p.Risk[b]:
			return 1
		}
		return 0
	})
	return order
}

// Falling gives the people by risk, highest first, ties in the order given.
func (p Predictions) Falling() []int {
	mirrored := Predictions{Risk: make([]float64, len(p.Risk))}
	for i, r := range p.Risk {
		mirrored.Risk[i] = -r
	}
	return mirrored.rising()
}

// Area is an area under the receiver operating characteristic curve: how often
// a person with the event had the higher risk of two, ties counting half.
type Area struct {
	Value, Error float64 // DeLong's standard error
	Low, High    float64 // 95 % interval, not below 0 or above 1
}

// Discrimination gives the area by midranks and its variance by DeLong's
// components (DeLong and others, Biometrics 1988;44:837-45; the way in
// O(n log n): Sun and Xu, IEEE Signal Processing Letters 2014;21:1389-93).
func (p Predictions) Discrimination() Area {
	m := p.Events()
	n := len(p.Risk) - m
	if m == 0 || n == 0 {
		nan := math.NaN()
		return Area{nan, nan, nan, nan}
	}
	// The midrank of everyone among all, and among those with the same outcome.
	all, within := make([]float64, len(p.Risk)), make([]float64, len(p.Risk))
	p.midranks(all, within)
	events, others := moments{}, moments{}
	for i, o := range p.Outcome {
		if o {
			events.see((all[i] - within[i]) / float64(n))
		} else {
			others.see(1 - (all[i]-within[i])/float64(m))
		}
	}
	area := events.mean
	se := math.Sqrt(events.variance()/float64(m) + others.variance()/float64(n))
	return Area{area, se, max(0, area-z95*se), min(1, area+z95*se)}
}

// midranks fills the rank of everyone, ties sharing the mean of their ranks.
func (p Predictions) midranks(all, within []float64) {
	order := p.rising()
	before := [2]int{} // people with lower risks: without and with the event
	for at := 0; at < len(order); {
		end, tied := at, [2]int{}
		for ; end < len(order) && p.Risk[order[end]] == p.Risk[order[at]]; end++ {
			tied[side(p.Outcome[order[end]])]++
		}
		for _, i := range order[at:end] {
			s := side(p.Outcome[i])
			all[i] = float64(at) + float64(end-at+1)/2
			within[i] = float64(before[s]) + float64(tied[s]+1)/2
		}
		before[0], before[1], at = before[0]+tied[0], before[1]+tied[1], end
	}
}

func side(outcome bool) int {
	if outcome {
		return 1
	}
	return 0
}

// moments keeps mean and squared deviations as numbers come (Welford 1962).
type moments struct {
	n           int
	mean, about float64
}

func (m *moments) see(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / float64(m.n)
	m.about += d * (x - m.mean)
}

// variance is 0 of a single number: DeLong's components of one event do not vary.
func (m moments) variance() float64 {
	if m.n < 2 {
		return 0
	}
	return m.about / float64(m.n-1)
}

// Calibration says whether risks were the right size. A perfect model has
// slope 1, intercepts 0 and ratio 1 (Van Calster and others, BMC Medicine
// 2019;17:230).
type Calibration struct {
	Slope, SlopeError   float64 // of logit(risk) in a logistic regression of the outcome
	InterceptAtSlope    float64 // the intercept of the same regression
	Large, LargeError   float64 // calibration in the large: intercept with logit(risk) as offset
	ObservedForExpected float64 // events for each expected event
}

// Calibration measures calibration; what has no answer is not a number.
func (p Predictions) Calibration() Calibration {
	nan := math.NaN()
	c := Calibration{nan, nan, nan, nan, nan, float64(p.Events()) / p.Expected()}
	if len(p.Risk) == 0 {
		return c
	}
	logit := func(i int) float64 { return logistic.LogOdds(p.Risk[i]) }
	d := logistic.Data{Rows: len(p.Risk), Terms: []string{"logit"}, Outcome: func(i int) bool { return p.Outcome[i] },
		Row: func(i int, to []float64) { to[0] = logit(i) }}
	unguarded := logistic.Options{EventsPerParameter: -1}
	if m, err := logistic.Fit(d, unguarded); err == nil {
		c.Slope, c.SlopeError, c.InterceptAtSlope = m.Beta[1], m.Error[1], m.Beta[0]
	}
	d.Terms, d.Row, d.Offset = nil, func(int, []float64) {}, logit
	if m, err := logistic.Fit(d, unguarded); err == nil {
		c.Large, c.LargeError = m.Beta[0], m.Error[0]
	}
	return c
}

// Accuracy is the mean squared error of the risks and its relations.
type Accuracy struct {
	Brier, BrierNull float64 // null: everyone given the observed share
	Scaled           float64 // 1 - Brier / BrierNull
	LogLoss          float64
	AveragePrecision float64 // mean precision over the events, from the highest risk down
}

// Accuracy measures accuracy.
func (p Predictions) Accuracy() Accuracy {
	n, share := float64(len(p.Risk)), float64(p.Events())/float64(len(p.Risk))
	a := Accuracy{BrierNull: share * (1 - share)}
	for i, r := range p.Risk {
		if p.Outcome[i] {
			a.Brier += (1 - r) * (1 - r)
			a.LogLoss -= math.Log(r)
		} else {
			a.Brier += r * r
			a.LogLoss -= math.Log1p(-r)
		}
	}
	a.Brier, a.LogLoss = a.Brier/n, a.LogLoss/n
	a.Scaled = 1 - a.Brier/a.BrierNull
	found := 0
	for at, i := range p.Falling() {
		if p.Outcome[i] {
			found++
			a.AveragePrecision += float64(found) / float64(at+1)
		}
	}
	a.AveragePrecision /= float64(found)
	return a
}
