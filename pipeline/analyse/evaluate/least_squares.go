package evaluate

import "math"

// Fit is a fitted regression.
type Fit struct {
	Terms        []string
	Coefficients []float64
	Residuals    []float64 // observed less fitted, in the order of the rows

	rows       [][]float64
	bread      [][]float64 // inverse of X'X
	parameters int         // terms, with those taken out before the fit
}

// LeastSquares fits y to the design by Householder QR.
func LeastSquares(d Design, y []float64) (Fit, error) {
	f, err := decompose(d, y, nil)
	if err != nil {
		return Fit{}, err
	}
	fit := Fit{Terms: d.Terms, Coefficients: f.solve(), rows: d.Rows, bread: f.bread(), parameters: len(d.Terms)}
	for i, row := range d.Rows {
		fit.Residuals = append(fit.Residuals, y[i]-dot(row, fit.Coefficients))
	}
	return fit, nil
}

// Freedom is the number of rows less the number of parameters.
func (f Fit) Freedom() int { return len(f.rows) - f.parameters }

// Covariance is a matrix of the coefficients' variances and covariances.
type Covariance [][]float64

// Errors gives the standard errors.
func (c Covariance) Errors() []float64 {
	errors := make([]float64, len(c))
	for i := range c {
		errors[i] = math.Sqrt(c[i][i])
	}
	return errors
}

// Of gives the standard error of a weighted sum of the coefficients, such as a
// prediction.
func (c Covariance) Of(weights []float64) float64 {
	variance := 0.0
	for i := range c {
		variance += weights[i] * dot(c[i], weights)
	}
	return math.Sqrt(max(0, variance))
}

// Usual gives the textbook covariance: right only when every observation is
// independent of every other and equally variable.
func (f Fit) Usual() Covariance {
	return scaled(f.bread, dot(f.Residuals, f.Residuals)/float64(f.Freedom()))
}

// HC1 allows observations to vary unequally (MacKinnon and White 1985).
func (f Fit) HC1() Covariance { return f.NeweyWest(0) }

// NeweyWest also allows an observation to depend on the lag before it, with
// weights that fall in a straight line (Newey and West 1987), times rows over
// rows less parameters.
func (f Fit) NeweyWest(lag int) Covariance {
	scores, k := f.scores(), len(f.Terms)
	meat := square(k)
	for apart := range lag + 1 {
		weight := 1 - float64(apart)/float64(lag+1)
		for i := apart; i < len(scores); i++ {
			addProduct(meat, scores[i], scores[i-apart], weight)
			if apart > 0 {
				addProduct(meat, scores[i-apart], scores[i], weight)
			}
		}
	}
	return scaled(f.sandwich(meat), float64(len(f.rows))/float64(f.Freedom()))
}

// Clustered allows every observation of a group, such as a practice, to depend
// on every other of it (Liang and Zeger 1986), with the CR1 adjustment:
// G/(G-1) times (n-1)/(n-k). Groups are numbered from 0.
func (f Fit) Clustered(group []int) Covariance {
	groups, k := 0, len(f.Terms)
	for _, g := range group {
		groups = max(groups, g+1)
	}
	sums := make([][]float64, groups)
	for i, score := range f.scores() {
		if sums[group[i]] == nil {
			sums[group[i]] = make([]float64, k)
		}
		for j := range score {
			sums[group[i]][j] += score[j]
		}
	}
	meat := square(k)
	for _, sum := range sums {
		if sum != nil {
			addProduct(meat, sum, sum, 1)
		}
	}
	g, n := float64(groups), float64(len(f.rows))
	return scaled(f.sandwich(meat), g/(g-1)*(n-1)/float64(f.Freedom()))
}

// DurbinWatson is near 2 when each residual is independent of the one before,
// and nearer 0 the more alike neighbours are.
func (f Fit) DurbinWatson() float64 {
	sum := 0.0
	for i := 1; i < len(f.Residuals); i++ {
		step := f.Residuals[i] - f.Residuals[i-1]
		sum += step * step
	}
	return sum / dot(f.Residuals, f.Residuals)
}

// scores gives each row times its residual.
func (f Fit) scores() [][]float64 {
	scores := make([][]float64, len(f.rows))
	for i, row := range f.rows {
		scores[i] = make([]float64, len(row))
		for j := range row {
			scores[i][j] = row[j] * f.Residuals[i]
		}
	}
	return scores
}

func (f Fit) sandwich(meat [][]float64) [][]float64 {
	return multiply(multiply(f.bread, meat), f.bread)
}

func scaled(m [][]float64, by float64) Covariance {
	out := square(len(m))
	for i := range m {
		for j := range m {
			out[i][j] = m[i][j] * by
		}
	}
	return out
}

func addProduct(into [][]float64, a, b []float64, weight float64) {
	for i := range a {
		for j := range b {
			into[i][j] += weight * a[i] * b[j]
		}
	}
}

func multiply(a, b [][]float64) [][]float64 {
	out := square(len(a))
	for i := range a {
		for j := range b {
			for l := range b {
				out[i][j] += a[i][l] * b[l][j]
			}
		}
	}
	return out
}
