package evaluate

import (
	"math"

	"tre/internal/problem"
)

// Month is one point of a series before and after a change.
type Month struct {
	Time       int     // 1, 2, ... from the start of the series; a month left out leaves a gap
	After      bool    // the month began on or after the day of the change
	Calendar   int     // 1 January to 12 December
	Events     float64 // what happened in it
	Population float64 // people it could have happened to
}

// Rate is events for each 1,000 people.
func (m Month) Rate() float64 { return 1000 * m.Events / m.Population }

// Series is a fitted interrupted time series (Wagner 2002; Lopez Bernal and
// others 2017): a level and trend before, and a change of level and of trend
// after. time_since is 1 in the first month after, so the change in that month
// is post plus time_since.
type Series struct {
	Terms        []string
	Coefficients []float64
	Covariance   Covariance
	Quantile     float64 // standard errors to either side of a 95 % interval
	DurbinWatson float64 // of the linear model; not a number for Poisson
	Dispersion   float64 // of the Poisson model; not a number for the linear one
	Ratio        bool    // coefficients are logarithms of rate ratios
	months       []Month
	harmonics    int
}

// SeriesOptions choose the regression.
type SeriesOptions struct {
	Poisson   bool // counts with the logarithm of the population as offset; otherwise rates by least squares
	Harmonics int  // pairs of sine and cosine of the calendar year, 0 for no season
	Lag       int  // months a residual may depend on, for the linear model
}

// leastMonths is how many months there must be on either side: with fewer a
// trend is a guess.
const leastMonths = 8

// FitSeries fits the series. It refuses fewer than 8 months on either side and
// a month without population.
func FitSeries(months []Month, o SeriesOptions) (Series, error) {
	if err := checkMonths(months); err != nil {
		return Series{}, err
	}
	s := Series{months: months, harmonics: o.Harmonics, DurbinWatson: math.NaN(), Dispersion: math.NaN(), Ratio: o.Poisson}
	d := Design{Terms: []string{"(Intercept)", "time", "post", "time_since"}}
	for pair := range o.Harmonics {
		year := [][2]string{{"sine of the year", "cosine of the year"}, {"sine of the half-year", "cosine of the half-year"}}
		d.Terms = append(d.Terms, year[pair][0], year[pair][1])
	}
	for _, m := range months {
		d.Rows = append(d.Rows, s.row(m, m.After))
	}
	s.Terms = d.Terms
	if o.Poisson {
		return s.poisson(d)
	}
	return s.linear(d, o.Lag)
}

func checkMonths(months []Month) error {
	before, after := 0, 0
	for _, m := range months {
		if m.Population <= 0 {
			return problem.New(problem.Failed, "begin the series when the population is known", "a month of the series has no population")
		}
		if m.After {
			after++
		} else {
			before++
		}
	}
	if before < leastMonths || after < leastMonths {
		return problem.New(problem.Failed, "choose a longer series, or wait until there are more months after the change",
			"%d months before the change and %d after: there must be %d on either side", before, after, leastMonths)
	}
	return nil
}

func (s Series) linear(d Design, lag int) (Series, error) {
	y := make([]float64, len(s.months))
	for i, m := range s.months {
		y[i] = m.Rate()
	}
	fit, err := LeastSquares(d, y)
	if err != nil {
		return Series{}, err
	}
	s.Coefficients, s.Covariance, s.DurbinWatson = fit.Coefficients, fit.NeweyWest(lag), fit.DurbinWatson()
	s.Quantile = student95(fit.Freedom())
	return s, nil
}

func (s Series) poisson(d Design) (Series, error) {
	y, offset := make([]float64, len(s.months)), make([]float64, len(s.months))
	for i, m := range s.months {
		y[i], offset[i] = m.Events, math.Log(m.Population)
	}
	fit, err := Regress(Poisson, d, y, offset, 0)
	if err != nil {
		return Series{}, err
	}
	s.Coefficients, s.Covariance, s.Dispersion = fit.Coefficients, fit.Quasi(), fit.Dispersion
	s.Quantile = normal95
	return s, nil
}

// row gives the terms of a month; changed false asks what would have been.
func (s Series) row(m Month, changed bool) []float64 {
	row := []float64{1, float64(m.Time), 0, 0}
	if changed {
		row[2], row[3] = 1, float64(m.Time-s.last())
	}
	for pair := range s.harmonics {
		angle := 2 * math.Pi * float64(pair+1) * float64(m.Calendar) / 12
		row = append(row, math.Sin(angle), math.Cos(angle))
	}
	return row
}

// last is the time just before the first month after the change.
func (s Series) last() int {
	for _, m := range s.months {
		if m.After {
			return m.Time - 1
		}
	}
	return 0
}

// Estimate is a number with its 95 % interval.
type Estimate struct{ Value, Error, Low, High float64 }

// Fitted gives the rate for each 1,000 people the model gives a month.
func (s Series) Fitted(month int) Estimate {
	m := s.months[month]
	return s.predict(s.row(m, m.After))
}

// Without gives the rate for each 1,000 people the month would have had, had
// the level and trend from before gone on.
func (s Series) Without(month int) Estimate { return s.predict(s.row(s.months[month], false)) }

func (s Series) predict(row []float64) Estimate {
	e := s.estimate(row)
	if s.Ratio {
		e.Value, e.Low, e.High = 1000*math.Exp(e.Value), 1000*math.Exp(e.Low), 1000*math.Exp(e.High)
		e.Error *= e.Value
	}
	return e
}

// Change gives how the month differs from what it would have been: a difference
// in rate for each 1,000 people, or a rate ratio.
func (s Series) Change(month int) Estimate {
	m := s.months[month]
	with, without := s.row(m, true), s.row(m, false)
	for i := range with {
		with[i] -= without[i]
	}
	return s.ratio(s.estimate(with))
}

// Term gives a coefficient; for Poisson, a rate ratio with the standard error of
// its logarithm.
func (s Series) Term(at int) Estimate {
	row := make([]float64, len(s.Terms))
	row[at] = 1
	return s.ratio(s.estimate(row))
}

func (s Series) estimate(row []float64) Estimate {
	return interval(dot(row, s.Coefficients), s.Covariance.Of(row), s.Quantile)
}

func (s Series) ratio(e Estimate) Estimate {
	if s.Ratio {
		e.Value, e.Low, e.High = math.Exp(e.Value), math.Exp(e.Low), math.Exp(e.High)
	}
	return e
}

func interval(value, standardError, quantile float64) Estimate {
	return Estimate{value, standardError, value - quantile*standardError, value + quantile*standardError}
}
