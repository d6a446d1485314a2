package evaluate

import (
	"math"

	"tre/internal/problem"
)

// Design is the right-hand side of a regression: one row an observation, one
// column a term.
type Design struct {
	Terms []string
	Rows  [][]float64
}

// factors is the QR decomposition of a design by Householder reflections:
// upper is the triangle R (terms by terms), rotated is the first terms entries
// of Q'y.
type factors struct {
	upper   [][]float64
	rotated []float64
}

// smallestPivot is how much of a term must be left once the other terms are
// taken out of it, as a share of its length.
const smallestPivot = 1e-9

// decompose factors a design whose rows are multiplied by weights (nil for
// none), and rotates y along. It refuses a design whose terms cannot be told
// apart.
func decompose(d Design, y, weights []float64) (factors, error) {
	k := len(d.Terms)
	if len(d.Rows) <= k {
		return factors{}, problem.New(problem.Failed, "choose a longer window or fewer terms",
			"%d observations are too few for %d terms", len(d.Rows), k)
	}
	columns := make([][]float64, k+1)
	for j := range columns {
		columns[j] = make([]float64, len(d.Rows))
		for i, row := range d.Rows {
			columns[j][i] = y[i]
			if j < k {
				columns[j][i] = row[j]
			}
			if weights != nil {
				columns[j][i] *= weights[i]
			}
		}
	}
	f := factors{upper: make([][]float64, k), rotated: make([]float64, k)}
	for j := range k {
		f.upper[j] = make([]float64, k)
	}
	for j := range k {
		length := norm(columns[j])
		if norm(columns[j][j:]) <= smallestPivot*length {
			return factors{}, problem.New(problem.Failed, "choose a longer or more varied window, or leave a term out",
				"the data cannot tell the term %q from the others", d.Terms[j])
		}
		reflect(columns, j)
	}
	for j := range k {
		for i := range j + 1 {
			f.upper[i][j] = columns[j][i]
		}
		f.rotated[j] = columns[k][j]
	}
	return f, nil
}

// reflect turns column j onto its own axis below row j, and the columns after
// it along.
func reflect(columns [][]float64, j int) {
	mirror := append([]float64(nil), columns[j][j:]...)
	mirror[0] += math.Copysign(norm(mirror), mirror[0])
	square := dot(mirror, mirror)
	for _, column := range columns[j:] {
		tail := column[j:]
		scale := 2 * dot(mirror, tail) / square
		for i := range tail {
			tail[i] -= scale * mirror[i]
		}
	}
}

// solve gives the coefficients by back substitution.
func (f factors) solve() []float64 {
	k := len(f.upper)
	b := make([]float64, k)
	for i := k - 1; i >= 0; i-- {
		b[i] = f.rotated[i]
		for j := i + 1; j < k; j++ {
			b[i] -= f.upper[i][j] * b[j]
		}
		b[i] /= f.upper[i][i]
	}
	return b
}

// bread gives the inverse of X'X, which is the inverse of R times its transpose.
func (f factors) bread() [][]float64 {
	k := len(f.upper)
	inverse := square(k)
	for column := range k {
		for i := column; i >= 0; i-- {
			if i == column {
				inverse[i][column] = 1
			}
			for j := i + 1; j <= column; j++ {
				inverse[i][column] -= f.upper[i][j] * inverse[j][column]
			}
			inverse[i][column] /= f.upper[i][i]
		}
	}
	out := square(k)
	for i := range k {
		for j := range k {
			out[i][j] = dot(inverse[i], inverse[j])
		}
	}
	return out
}

func square(k int) [][]float64 {
	m := make([][]float64, k)
	for i := range m {
		m[i] = make([]float64, k)
	}
	return m
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// norm is the Euclidean length, scaled so that squares neither overflow nor
// vanish.
func norm(a []float64) float64 {
	largest := 0.0
	for _, v := range a {
		largest = max(largest, math.Abs(v))
	}
	if largest == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range a {
		sum += v / largest * (v / largest)
	}
	return largest * math.Sqrt(sum)
}
