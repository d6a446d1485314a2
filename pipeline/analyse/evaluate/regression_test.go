package evaluate_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"tre/pipeline/analyse/evaluate"
)

// exact solves the normal equations X'X b = X'y over the rationals: slow,
// obvious and without rounding. It reports false where X'X has no inverse.
func exact(rows [][]int64, y []int64) (b []*big.Rat, inverse [][]*big.Rat, ok bool) {
	k := len(rows[0])
	m := make([][]*big.Rat, k) // [X'X | X'y | I]
	for i := range k {
		m[i] = make([]*big.Rat, 2*k+1)
		for j := range m[i] {
			m[i][j] = new(big.Rat)
		}
		for r, row := range rows {
			for j := range k {
				m[i][j].Add(m[i][j], big.NewRat(row[i]*row[j], 1))
			}
			m[i][k].Add(m[i][k], big.NewRat(row[i]*y[r], 1))
		}
		m[i][k+1+i].SetInt64(1)
	}
	for c := range k {
		pivot := c
		for pivot < k && m[pivot][c].Sign() == 0 {
			pivot++
		}
		if pivot == k {
			return nil, nil, false
		}
		m[c], m[pivot] = m[pivot], m[c]
		scale := new(big.Rat).Inv(m[c][c])
		for j := range m[c] {
			m[c][j].Mul(m[c][j], scale)
		}
		for i := range k {
			if factor := new(big.Rat).Set(m[i][c]); i != c && factor.Sign() != 0 {
				for j := range m[i] {
					m[i][j].Sub(m[i][j], new(big.Rat).Mul(factor, m[c][j]))
				}
			}
		}
	}
	for i := range k {
		b, inverse = append(b, m[i][k]), append(inverse, m[i][k+1:])
	}
	return b, inverse, true
}

func float(r *big.Rat) float64 { f, _ := r.Float64(); return f }

func close9(got, want float64) bool {
	return math.Abs(got-want) <= 1e-9*math.Max(1, math.Abs(want))
}

// slowSandwich gives the variance of coefficient c from the definition: for every
// pair of rows, the product of their residuals and rows, times a weight.
func slowSandwich(rows [][]int64, residuals []float64, inverse [][]*big.Rat, c int, weight func(i, j int) float64) float64 {
	pull := make([]float64, len(rows)) // row c of the inverse times the row
	for i, row := range rows {
		for j := range row {
			pull[i] += float(inverse[c][j]) * float64(row[j])
		}
	}
	sum := 0.0
	for i := range rows {
		for j := range rows {
			sum += weight(i, j) * pull[i] * pull[j] * residuals[i] * residuals[j]
		}
	}
	return sum
}

func TestLeastSquaresEqualsTheNormalEquations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(1, 4).Draw(t, "terms")
		n := rapid.IntRange(k+2, 14).Draw(t, "rows")
		var rows [][]int64
		var y []int64
		group := make([]int, n)
		design := evaluate.Design{Terms: make([]string, k)}
		var outcome []float64
		for i := range n {
			row, line := []int64{1}, []float64{1}
			for range k - 1 {
				v := rapid.Int64Range(-20, 20).Draw(t, "x")
				row, line = append(row, v), append(line, float64(v))
			}
			v := rapid.Int64Range(-50, 50).Draw(t, "y")
			rows, y, outcome = append(rows, row), append(y, v), append(outcome, float64(v))
			design.Rows = append(design.Rows, line)
			group[i] = i % 4
		}
		want, inverse, ok := exact(rows, y)
		fit, err := evaluate.LeastSquares(design, outcome)
		if !ok {
			if err == nil {
				t.Fatal("fitted terms that cannot be told apart")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		residuals, squares := make([]float64, n), 0.0
		for i := range rows {
			exactly := big.NewRat(y[i], 1)
			for j := range k {
				exactly.Sub(exactly, new(big.Rat).Mul(big.NewRat(rows[i][j], 1), want[j]))
			}
			residuals[i] = float(exactly)
			squares += residuals[i] * residuals[i]
		}
		free, groups := float64(n-k), math.Min(float64(n), 4)
		for c := range k {
			variances := map[string][2]float64{
				"usual": {fit.Usual()[c][c], float(inverse[c][c]) * squares / free},
				"HC1":   {fit.HC1()[c][c], float64(n) / free * slowSandwich(rows, residuals, inverse, c, func(i, j int) float64 { return when(i == j) })},
				"Newey-West": {fit.NeweyWest(3)[c][c], float64(n) / free * slowSandwich(rows, residuals, inverse, c, func(i, j int) float64 {
					return math.Max(0, 1-math.Abs(float64(i-j))/4)
				})},
				"clustered": {fit.Clustered(group)[c][c], groups / (groups - 1) * float64(n-1) / free *
					slowSandwich(rows, residuals, inverse, c, func(i, j int) float64 { return when(group[i] == group[j]) })},
			}
			if !close9(fit.Coefficients[c], float(want[c])) {
				t.Errorf("coefficient %d: %v, want %v", c, fit.Coefficients[c], float(want[c]))
			}
			for name, v := range variances {
				if math.Abs(v[0]-v[1]) > 1e-8*math.Max(1, v[1]) {
					t.Errorf("%s variance %d: %v, want %v", name, c, v[0], v[1])
				}
			}
		}
	})
}

func when(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// TestTwoWayEqualsATermForEveryGroupAndPeriod compares the within transformation
// with the regression written out in full, over the rationals, also where cells
// are missing.
func TestTwoWayEqualsATermForEveryGroupAndPeriod(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups, periods := rapid.IntRange(4, 6).Draw(t, "groups"), rapid.IntRange(2, 5).Draw(t, "periods")
		change := rapid.IntRange(1, periods-1).Draw(t, "change")
		var cells []evaluate.Cell
		var rows [][]int64
		var y []int64
		for g := range groups {
			for p := range periods {
				if p > 0 && p != change && rapid.IntRange(0, 9).Draw(t, "missing") == 0 {
					continue
				}
				v := rapid.Int64Range(0, 40).Draw(t, "y")
				cells = append(cells, evaluate.Cell{Group: g, Period: p, Treated: g < 2, After: p >= change, Outcome: float64(v)})
				row := make([]int64, 1+groups+periods-1)
				if g < 2 && p >= change {
					row[0] = 1
				}
				row[1+g] = 1
				if p > 0 {
					row[groups+p] = 1
				}
				rows, y = append(rows, row), append(y, v)
			}
		}
		want, inverse, ok := exact(rows, y)
		d, err := evaluate.FitDifference(cells)
		if !ok || len(cells) <= len(rows[0]) {
			if ok && err == nil && len(cells) == len(rows[0]) {
				t.Error("fitted as many terms as observations")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if !close9(d.TwoWay.Value, float(want[0])) {
			t.Errorf("%v, want %v", d.TwoWay.Value, float(want[0]))
		}
		residuals := make([]float64, len(rows))
		for i := range rows {
			residuals[i] = float64(y[i])
			for j := range rows[i] {
				residuals[i] -= float64(rows[i][j]) * float(want[j])
			}
		}
		n, k, g := float64(len(rows)), float64(len(rows[0])), float64(groups)
		variance := g / (g - 1) * (n - 1) / (n - k) * slowSandwich(rows, residuals, inverse, 0, func(i, j int) float64 {
			return when(cells[i].Group == cells[j].Group)
		})
		if got := d.TwoWay.Error * d.TwoWay.Error; math.Abs(got-variance) > 1e-8*math.Max(1, variance) {
			t.Errorf("variance %v, want %v", got, variance)
		}
	})
}

// TestRegressSolvesItsEquations checks what a maximum of the likelihood must
// fulfil: each term times what is left over sums to 0 (to the pull of the ridge,
// where there is one), and the variance is the inverse of the information, here
// computed by Gauss and Jordan.
func TestRegressSolvesItsEquations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(12, 40).Draw(t, "rows")
		family := rapid.SampledFrom([]evaluate.Family{evaluate.Poisson, evaluate.Logistic}).Draw(t, "family")
		ridge := rapid.SampledFrom([]float64{0, 0.5, 2}).Draw(t, "ridge")
		d := evaluate.Design{Terms: []string{"(Intercept)", "x"}}
		var y, offset []float64
		for i := range n {
			d.Rows = append(d.Rows, []float64{1, float64(rapid.IntRange(-5, 5).Draw(t, "x"))})
			y = append(y, float64(rapid.IntRange(0, map[bool]int{true: 9, false: 1}[family == evaluate.Poisson]).Draw(t, "y")))
			offset = append(offset, float64(i%3)/4)
		}
		fit, err := evaluate.Regress(family, d, y, offset, ridge)
		if err != nil {
			t.Skip("separated, constant or without a varying term: refused")
		}
		var score [2]float64
		var information [2][2]float64
		for i, row := range d.Rows {
			linear := offset[i] + fit.Coefficients[0] + fit.Coefficients[1]*row[1]
			mean := math.Exp(linear)
			slope := mean
			if family == evaluate.Logistic {
				mean = 1 / (1 + math.Exp(-linear))
				slope = mean * (1 - mean)
			}
			for a := range 2 {
				score[a] += row[a] * (y[i] - mean)
				for b := range 2 {
					information[a][b] += row[a] * row[b] * slope
				}
			}
		}
		score[1] -= ridge * fit.Coefficients[1]
		information[1][1] += ridge
		if math.Abs(score[0]) > 1e-5 || math.Abs(score[1]) > 1e-5 {
			t.Errorf("the equations come to %v", score)
		}
		determinant := information[0][0]*information[1][1] - information[0][1]*information[1][0]
		if want := information[0][0] / determinant; math.Abs(fit.Model[1][1]-want) > 1e-5*math.Max(1, want) {
			t.Errorf("variance %v, want %v", fit.Model[1][1], want)
		}
	})
}

func TestRegressRefuses(t *testing.T) {
	rows := [][]float64{{1, -2}, {1, -1}, {1, 1}, {1, 2}}
	tests := map[string][]float64{"separated": {0, 0, 1, 1}, "constant": {1, 1, 1, 1}, "neither": {0, 2, 1, 0}}
	for name, y := range tests {
		if _, err := evaluate.Regress(evaluate.Logistic, evaluate.Design{Terms: []string{"(Intercept)", "x"}, Rows: rows}, y, nil, 0); err == nil {
			t.Errorf("%s outcomes were fitted", name)
		}
	}
}
