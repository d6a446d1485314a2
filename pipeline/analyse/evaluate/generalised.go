package evaluate

import (
	"math"

	"tre/internal/problem"
)

// Family is a kind of generalised linear model with its usual link.
type Family int

// The families.
const (
	Poisson  Family = iota // counts, log link
	Logistic               // yes or no, logit link
)

// Generalised is a fitted generalised linear model.
type Generalised struct {
	Terms        []string
	Coefficients []float64
	Model        Covariance // as the family says: for Poisson, with dispersion 1
	Dispersion   float64    // Pearson's chi-squared over its degrees of freedom
	Iterations   int
}

// Quasi is the covariance with the dispersion the data show, which is the one to
// use for counts of events that come in clusters.
func (g Generalised) Quasi() Covariance {
	return scaled(g.Model, g.Dispersion)
}

const (
	mostIterations = 60
	mostExponent   = 30 // a probability this near 0 or 1 is separation, not a finding
)

// Regress fits a generalised linear model by iteratively reweighted least
// squares. The offset, nil for none, is added to every row with coefficient 1;
// for rates it is the logarithm of the population. A ridge above 0 holds every
// coefficient but the first, the intercept, towards 0: half of it times the
// square of the coefficient is taken from the log likelihood.
func Regress(family Family, d Design, y, offset []float64, ridge float64) (Generalised, error) {
	if offset == nil {
		offset = make([]float64, len(y))
	}
	if err := family.check(y); err != nil {
		return Generalised{}, err
	}
	linear := make([]float64, len(y))
	for i := range y {
		linear[i] = family.start(y[i])
	}
	penalised := penalise(d, ridge)
	target, root := make([]float64, len(penalised.Rows)), make([]float64, len(penalised.Rows))
	for i := len(y); i < len(root); i++ {
		root[i] = 1
	}
	out, before := Generalised{Terms: d.Terms}, math.Inf(1)
	for out.Iterations < mostIterations {
		out.Iterations++
		for i := range y {
			mean, slope := family.mean(linear[i])
			root[i] = math.Sqrt(slope)
			target[i] = linear[i] - offset[i] + (y[i]-mean)/slope
		}
		f, err := decompose(penalised, target, root)
		if err != nil {
			return Generalised{}, err
		}
		out.Coefficients, out.Model = f.solve(), f.bread()
		for i, row := range d.Rows {
			linear[i] = offset[i] + dot(row, out.Coefficients)
			if family == Logistic && math.Abs(linear[i]) > mostExponent {
				return Generalised{}, separated()
			}
		}
		deviance := family.deviance(y, linear)
		for _, b := range out.Coefficients[1:] {
			deviance += ridge * b * b
		}
		if math.Abs(before-deviance) <= 1e-11*(1+math.Abs(deviance)) {
			out.Dispersion = family.pearson(y, linear) / float64(len(y)-len(d.Terms))
			return out, nil
		}
		before = deviance
	}
	return Generalised{}, separated()
}

// penalise adds a row for each term but the first, which pulls its coefficient
// towards 0.
func penalise(d Design, ridge float64) Design {
	if ridge <= 0 {
		return d
	}
	out := Design{d.Terms, d.Rows[:len(d.Rows):len(d.Rows)]}
	for j := 1; j < len(d.Terms); j++ {
		row := make([]float64, len(d.Terms))
		row[j] = math.Sqrt(ridge)
		out.Rows = append(out.Rows, row)
	}
	return out
}

func separated() error {
	return problem.New(problem.Failed, "leave out the term that decides the outcome by itself, or use a larger group",
		"the regression does not settle: some term separates the outcomes completely")
}

func (f Family) check(y []float64) error {
	sum := 0.0
	for _, v := range y {
		if v < 0 || math.IsNaN(v) || (f == Logistic && v != 0 && v != 1) {
			return problem.New(problem.Failed, "counts are 0 or more; yes and no are 1 and 0", "the outcome holds something that is neither")
		}
		sum += v
	}
	if sum == 0 || (f == Logistic && sum == float64(len(y))) {
		return problem.New(problem.Failed, "choose a longer window or another outcome", "the outcome is the same in every row, so there is nothing to fit")
	}
	return nil
}

// start is a first guess of the linear predictor.
func (f Family) start(y float64) float64 {
	if f == Poisson {
		return math.Log(y + 0.1)
	}
	return math.Log((y + 0.5) / (1.5 - y))
}

// mean gives the expected outcome at a linear predictor and its slope there,
// which for these links is also its variance.
func (f Family) mean(linear float64) (mean, slope float64) {
	if f == Poisson {
		m := math.Exp(linear)
		return m, m
	}
	p := 1 / (1 + math.Exp(-linear))
	return p, p * (1 - p)
}

func (f Family) deviance(y, linear []float64) float64 {
	sum := 0.0
	for i := range y {
		mean, _ := f.mean(linear[i])
		if y[i] > 0 {
			sum += y[i] * math.Log(y[i]/mean)
		}
		if f == Poisson {
			sum -= y[i] - mean
		} else if y[i] < 1 {
			sum += (1 - y[i]) * math.Log((1-y[i])/(1-mean))
		}
	}
	return 2 * sum
}

func (f Family) pearson(y, linear []float64) float64 {
	sum := 0.0
	for i := range y {
		mean, variance := f.mean(linear[i])
		sum += (y[i] - mean) * (y[i] - mean) / variance
	}
	return sum
}
