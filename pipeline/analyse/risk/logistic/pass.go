package logistic

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// sums is what one pass over the rows adds up.
type sums struct {
	objective   float64 // penalised minus log likelihood
	deviance    float64
	gradient    []float64 // of minus the objective
	information [][]float64
}

// parts is how many sums the rows are divided into, whatever the threads.
const parts = 64

// pass adds up gradient and information at beta.
func pass(d Data, beta []float64, o Options) sums {
	done := make([]sums, parts)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range o.Threads {
		wait.Go(func() {
			for {
				part := int(next.Add(1)) - 1
				if part >= parts {
					return
				}
				done[part] = d.part(beta, part*d.Rows/parts, (part+1)*d.Rows/parts)
			}
		})
	}
	wait.Wait()
	total := newSums(len(beta))
	for _, s := range done {
		total.add(s)
	}
	total.objective = total.deviance / 2
	for j := 1; j < len(beta) && o.Ridge > 0; j++ {
		total.objective += o.Ridge / 2 * beta[j] * beta[j]
		total.gradient[j] -= o.Ridge * beta[j]
		total.information[j][j] += o.Ridge
	}
	return total
}

func newSums(n int) sums {
	s := sums{gradient: make([]float64, n), information: make([][]float64, n)}
	for j := range s.information {
		s.information[j] = make([]float64, j+1) // lower triangle
	}
	return s
}

func (s *sums) add(other sums) {
	s.deviance += other.deviance
	for j := range s.gradient {
		s.gradient[j] += other.gradient[j]
		for k := range s.information[j] {
			s.information[j][k] += other.information[j][k]
		}
	}
}

// part adds up the rows from up to but without to. Most columns of most rows
// are 0, so only the others are multiplied.
func (d Data) part(beta []float64, from, to int) sums {
	s, row, filled := newSums(len(beta)), make([]float64, len(beta)), make([]int, 0, len(beta))
	row[0] = 1
	for i := from; i < to; i++ {
		d.Row(i, row[1:])
		filled = filled[:0]
		eta := 0.0
		if d.Offset != nil {
			eta = d.Offset(i)
		}
		for j, x := range row {
			if x != 0 {
				filled = append(filled, j)
				eta += x * beta[j]
			}
		}
		s.observe(row, filled, eta, d.Outcome(i))
	}
	return s
}

func (s *sums) observe(row []float64, filled []int, eta float64, outcome bool) {
	// exp(-|eta|) gives the probability and its logarithm without overflow.
	e := math.Exp(-math.Abs(eta))
	p := 1 / (1 + e)
	if eta < 0 {
		p = e / (1 + e)
	}
	weight, residual, against := p*(1-p), -p, eta
	if outcome {
		residual, against = 1-p, -eta
	}
	s.deviance += 2 * (max(against, 0) + math.Log1p(e))
	for at, j := range filled {
		x := row[j]
		s.gradient[j] += residual * x
		into, scaled := s.information[j], weight*x
		for _, k := range filled[:at+1] {
			into[k] += scaled * row[k]
		}
	}
}

// triangle is the lower Cholesky factor of a matrix whose rows and columns
// were scaled to a diagonal of 1.
type triangle struct {
	rows  [][]float64
	scale []float64
}

// smallestPivot is how little of a column may be left once the columns before
// it are taken out.
const smallestPivot = 1e-11

// cholesky factors a symmetric matrix given by its lower triangle; false when
// it is not positive definite.
func cholesky(a [][]float64) (triangle, bool) {
	t := triangle{rows: make([][]float64, len(a)), scale: make([]float64, len(a))}
	for i := range a {
		if !(a[i][i] > 0) || math.IsInf(a[i][i], 0) {
			return t, false
		}
		t.scale[i] = math.Sqrt(a[i][i])
		t.rows[i] = make([]float64, i+1)
		for j := range i + 1 {
			sum := a[i][j] / t.scale[i] / t.scale[j]
			for k := range j {
				sum -= t.rows[i][k] * t.rows[j][k]
			}
			if i > j {
				t.rows[i][j] = sum / t.rows[j][j]
				continue
			}
			if !(sum > smallestPivot) {
				return t, false
			}
			t.rows[i][i] = math.Sqrt(sum)
		}
	}
	return t, true
}

// solve gives x in a x = b.
func (t triangle) solve(b []float64) []float64 {
	x := t.forward(b)
	for i := len(x) - 1; i >= 0; i-- {
		for k := i + 1; k < len(x); k++ {
			x[i] -= t.rows[k][i] * x[k]
		}
		x[i] /= t.rows[i][i]
	}
	for i := range x {
		x[i] /= t.scale[i]
	}
	return x
}

func (t triangle) forward(b []float64) []float64 {
	x := make([]float64, len(b))
	for i := range b {
		x[i] = b[i] / t.scale[i]
		for k := range i {
			x[i] -= t.rows[i][k] * x[k]
		}
		x[i] /= t.rows[i][i]
	}
	return x
}

// errors gives the square roots of the diagonal of the inverse.
func (t triangle) errors() []float64 {
	out := make([]float64, len(t.rows))
	for i := range out {
		unit := make([]float64, len(out))
		unit[i] = 1
		sum := 0.0
		for _, v := range t.forward(unit) {
			sum += v * v
		}
		out[i] = math.Sqrt(sum)
	}
	return out
}

// Dependent gives the places of terms that are combinations of the intercept
// and the terms before them, so that a fit can do without them.
func Dependent(d Data) []int {
	d.Offset = nil
	a := pass(d, make([]float64, len(d.Terms)+1), Options{Threads: 2}).information
	var kept, dependent []int
	for i := range a {
		trial := append(slices.Clone(kept), i)
		part := make([][]float64, len(trial))
		for r, from := range trial {
			part[r] = make([]float64, r+1)
			for c, to := range trial[:r+1] {
				part[r][c] = a[from][to]
			}
		}
		if _, ok := cholesky(part); ok {
			kept = trial
		} else if i > 0 {
			dependent = append(dependent, i-1)
		}
	}
	return dependent
}
