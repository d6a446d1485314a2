// Package logistic fits logistic regression by iteratively reweighted least
// squares: the yes-or-no outcome of each row, an intercept, and the columns the
// caller gives. A ridge penalty may be asked for.
//
// The result does not depend on the number of threads: rows are summed in a
// fixed number of parts, whose sums are added in a fixed order. Rows are asked
// for one at a time, so that a million of them need not exist at once.
package logistic

import (
	"math"

	"tre/internal/problem"
)

// Data is what a model is fitted to. Row and Outcome are called from several
// threads and must give the same answer each time.
type Data struct {
	Rows    int
	Terms   []string                  // names of the columns, without the intercept
	Row     func(i int, to []float64) // fills one value a term
	Outcome func(i int) bool
	Offset  func(i int) float64 // added to the linear predictor; nil for none
}

// Options are the choices of a fit. The zero value is an ordinary fit that
// refuses fewer than 10 events for each parameter.
type Options struct {
	// Ridge is lambda in -loglikelihood + lambda/2 * sum(beta^2), on the columns
	// as they are; the intercept is never shrunk. 0 for none.
	Ridge float64
	// EventsPerParameter is the fewest events (or, where those are rarer,
	// non-events) for each term; 0 means 10, below 0 no such refusal. A ridge
	// fit is never refused: Model.Sparse says that it would have been.
	EventsPerParameter float64
	Threads            int // 0 means 2
}

// Model is a fitted regression. Index 0 is the intercept.
type Model struct {
	Terms        []string  // "(Intercept)" first
	Beta         []float64 // log odds ratios
	Error        []float64 // standard errors; of a ridge fit, from the penalised information
	Rows, Events int
	Iterations   int
	Deviance     float64 // residual
	NullDeviance float64 // of the intercept (and offset) alone
	Sparse       bool    // fewer events for each term than the guard allows
	Ridge        float64
}

// Limits of the method.
const (
	defaultEvents  = 10    // events for each parameter: Peduzzi and others, J Clin Epidemiol 1996;49:1373-9
	largestBeta    = 15.0  // beyond this log odds ratio the outcome is separated
	mostIterations = 50    // a fit that exists needs about 8
	converged      = 1e-12 // relative change of the deviance
)

// Fit fits the model. It refuses data without both outcomes, with too few
// events, with columns that are combinations of others, and separated data,
// for which no finite answer exists.
func Fit(d Data, o Options) (Model, error) {
	if o.Threads <= 0 {
		o.Threads = 2
	}
	m := Model{Terms: append([]string{"(Intercept)"}, d.Terms...), Rows: d.Rows, Ridge: o.Ridge}
	for i := range d.Rows {
		if d.Outcome(i) {
			m.Events++
		}
	}
	if err := m.guard(o); err != nil {
		return m, err
	}
	nothing := d
	nothing.Terms, nothing.Row = nil, func(int, []float64) {}
	null := Model{Terms: m.Terms[:1], Rows: d.Rows, Events: m.Events}
	if err := null.iterate(nothing, Options{Threads: o.Threads}); err != nil {
		return m, err
	}
	err := m.iterate(d, o)
	m.NullDeviance = null.Deviance
	return m, err
}

// guard refuses what cannot be fitted, or would be fitted to noise.
func (m *Model) guard(o Options) error {
	rarer := min(m.Events, m.Rows-m.Events)
	if rarer == 0 {
		return problem.New(problem.Failed, "choose a period in which the outcome both happens and does not",
			"every row has the same outcome, so there is nothing to fit")
	}
	if o.Ridge < 0 || math.IsNaN(o.Ridge) {
		return problem.New(problem.Usage, "give 0 for none, or a number above it", "a ridge penalty below 0")
	}
	fewest := o.EventsPerParameter
	if fewest == 0 {
		fewest = defaultEvents
	}
	m.Sparse = float64(rarer) < fewest*float64(len(m.Terms)-1)
	if m.Sparse && o.Ridge == 0 {
		return problem.New(problem.Failed, "take longer or more people, leave terms out, or ask for a ridge penalty",
			"fewer than %g events for each of %d terms: a fit would follow chance", fewest, len(m.Terms)-1)
	}
	return nil
}

// iterate is Newton's method from 0, with the step halved while it makes
// matters worse.
func (m *Model) iterate(d Data, o Options) error {
	m.Beta = make([]float64, len(m.Terms))
	at := pass(d, m.Beta, o)
	for m.Iterations = 1; m.Iterations <= mostIterations; m.Iterations++ {
		factor, ok := cholesky(at.information)
		if !ok {
			return separated("some columns are combinations of others, or the outcome is separated")
		}
		step := factor.solve(at.gradient)
		next, better := m.descend(d, o, step, at)
		change := math.Abs(at.objective-next.objective) / (math.Abs(next.objective) + 0.1)
		at = next
		if largest(m.Beta[1:]) > largestBeta && o.Ridge == 0 {
			return separated("a coefficient grows without end: the outcome is separated")
		}
		if change < converged || !better {
			return m.finish(at)
		}
	}
	return separated("no answer after many iterations")
}

// descend takes the step, or the half, quarter ... of it that does not raise
// the objective; better is false when none does, which means we are there.
func (m *Model) descend(d Data, o Options, step []float64, from sums) (next sums, better bool) {
	start := append([]float64(nil), m.Beta...)
	for size := 1.0; size > 1e-6; size /= 2 {
		for j := range m.Beta {
			m.Beta[j] = start[j] + size*step[j]
		}
		next = pass(d, m.Beta, o)
		if next.objective <= from.objective*(1+1e-13) {
			return next, true
		}
	}
	copy(m.Beta, start)
	return from, false
}

func (m *Model) finish(at sums) error {
	factor, ok := cholesky(at.information)
	if !ok {
		return separated("the information matrix is not positive definite at the answer")
	}
	m.Deviance = at.deviance
	m.Error = factor.errors()
	return nil
}

func separated(what string) error {
	return problem.New(problem.Failed, "fold rare levels together, leave out the term, or ask for a ridge penalty", "the model cannot be fitted: %s", what)
}

func largest(values []float64) float64 {
	top := 0.0
	for _, v := range values {
		top = max(top, math.Abs(v))
	}
	return top
}

// Z gives the Wald statistic of a coefficient.
func (m Model) Z(term int) float64 { return m.Beta[term] / m.Error[term] }

// P gives its two-sided probability under a true value of 0.
func (m Model) P(term int) float64 { return math.Erfc(math.Abs(m.Z(term)) / math.Sqrt2) }

// AIC is the deviance plus twice the number of parameters.
func (m Model) AIC() float64 { return m.Deviance + 2*float64(len(m.Beta)) }

// Linear gives the log odds of a row, which has one value a term.
func (m Model) Linear(row []float64) float64 {
	eta := m.Beta[0]
	for j, x := range row {
		eta += m.Beta[j+1] * x
	}
	return eta
}

// Probability turns log odds into a probability without overflow.
func Probability(logOdds float64) float64 {
	if logOdds < 0 {
		e := math.Exp(logOdds)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-logOdds))
}

// LogOdds is the inverse of Probability.
func LogOdds(p float64) float64 { return math.Log(p) - math.Log1p(-p) }
