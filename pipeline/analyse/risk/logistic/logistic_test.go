package logistic

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tre/internal/problem"
)

func TestVectors(t *testing.T) {
	least := []int{8 * 5, 5, 2000, 8 * 2}
	for i, s := range Vectors() {
		o, err := s.Check(t.Context())
		if err != nil || len(o.Wrong) > 0 || o.Cases < least[i] {
			t.Errorf("%s: %d cases, wrong %v, %v", s.Name, o.Cases, o.Wrong, err)
		}
	}
}

func dense(x [][]float64, y []bool) Data {
	d := Data{Rows: len(x), Row: func(i int, to []float64) { copy(to, x[i]) }, Outcome: func(i int) bool { return y[i] }}
	for range x[0] {
		d.Terms = append(d.Terms, "x")
	}
	return d
}

// slow is gradient descent on the written-out objective: nothing shared with
// Newton's method but the model.
func slow(x [][]float64, y []bool, ridge float64) []float64 {
	beta := make([]float64, len(x[0])+1)
	for range 60000 {
		g := make([]float64, len(beta))
		for i, row := range x {
			eta := beta[0]
			for j, v := range row {
				eta += beta[j+1] * v
			}
			r := -1 / (1 + math.Exp(-eta))
			if y[i] {
				r++
			}
			g[0] += r
			for j, v := range row {
				g[j+1] += r * v
			}
		}
		for j := range beta {
			if j > 0 {
				g[j] -= ridge * beta[j]
			}
			beta[j] += g[j] / (0.5*float64(len(x)) + ridge)
		}
	}
	return beta
}

func TestFitAgreesWithGradientDescent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(12, 30).Draw(t, "rows")
		x, y := make([][]float64, n), make([]bool, n)
		for i := range x {
			x[i] = []float64{float64(rapid.IntRange(0, 1).Draw(t, "a")), rapid.Float64Range(-1, 1).Draw(t, "b")}
			y[i] = rapid.Bool().Draw(t, "y")
		}
		m, err := Fit(dense(x, y), Options{Ridge: 1})
		if err != nil {
			t.Skip("one outcome only")
		}
		for j, want := range slow(x, y, 1) {
			if math.Abs(m.Beta[j]-want) > 1e-6 {
				t.Fatalf("coefficient %d is %v, slowly %v", j, m.Beta[j], want)
			}
		}
	})
}

// TestOneDummyIsTheTwoByTwoTable: with one yes-or-no term the log odds ratio
// and its standard error have a closed form.
func TestOneDummyIsTheTwoByTwoTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.IntRange(11, 200)
		a, b, c, d := cell.Draw(t, "a"), cell.Draw(t, "b"), cell.Draw(t, "c"), cell.Draw(t, "d")
		var x [][]float64
		var y []bool
		for k, n := range []int{a, b, c, d} {
			for range n {
				x, y = append(x, []float64{float64(k / 2)}), append(y, k%2 == 0)
			}
		}
		m, err := Fit(dense(x, y), Options{})
		if err != nil {
			t.Fatal(err)
		}
		f := func(n int) float64 { return float64(n) }
		odds := math.Log(f(c) * f(b) / f(d) / f(a))
		se := math.Sqrt(1/f(a) + 1/f(b) + 1/f(c) + 1/f(d))
		if math.Abs(m.Beta[1]-odds) > 1e-8 || math.Abs(m.Error[1]-se) > 1e-8 {
			t.Fatalf("%v (%v), want %v (%v)", m.Beta[1], m.Error[1], odds, se)
		}
	})
}

func TestRefusals(t *testing.T) {
	column := func(n int, f func(int) (float64, bool)) Data {
		var x [][]float64
		var y []bool
		for i := range n {
			v, o := f(i)
			x, y = append(x, []float64{v}), append(y, o)
		}
		return dense(x, y)
	}
	tests := map[string]Data{
		"same outcome":    column(100, func(i int) (float64, bool) { return float64(i), false }),
		"fewer than 10":   column(100, func(i int) (float64, bool) { return float64(i % 7), i%12 == 0 }),
		"separated":       column(100, func(i int) (float64, bool) { return float64(i), i >= 50 }),
		"without end":     column(200, func(i int) (float64, bool) { return float64(i % 2), i%2 == 1 || i%4 == 0 }),
		"are combination": column(100, func(i int) (float64, bool) { return 0, i%2 == 0 }),
	}
	for what, d := range tests {
		_, err := Fit(d, Options{})
		if err == nil || problem.HintOf(err) == "" || (!strings.Contains(err.Error(), what) && !strings.Contains(err.Error(), "separated")) {
			t.Errorf("%s: %v", what, err)
		}
	}
	few := tests["fewer than 10"]
	m, err := Fit(few, Options{Ridge: 1})
	if err != nil || !m.Sparse {
		t.Errorf("a ridge fit on few events: %v, said %v", err, m.Sparse)
	}
}

// million makes rows on the fly, as the risk model does.
func million(n, terms int) Data {
	d := Data{Rows: n, Terms: make([]string, terms)}
	mix := func(i, j int) uint64 {
		h := uint64(i)*0x9E3779B97F4A7C15 + uint64(j)*0xBF58476D1CE4E5B9
		h ^= h >> 31
		h *= 0x94D049BB133111EB
		return h ^ h>>29
	}
	d.Row = func(i int, to []float64) {
		to[0] = float64(mix(i, 0)%100) / 10
		for j := 1; j < len(to); j++ {
			to[j] = 0
			if mix(i, j)%8 == 0 {
				to[j] = 1
			}
		}
	}
	d.Outcome = func(i int) bool {
		p := 0.02
		if mix(i, 1)%8 == 0 {
			p = 0.1
		}
		return float64(mix(i, 999)%1e6)/1e6 < p
	}
	return d
}

func TestSameAnswerWhateverTheThreads(t *testing.T) {
	d := million(5000, 6)
	one, err := Fit(d, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{2, 3, 7} {
		many, err := Fit(d, Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		for j := range one.Beta {
			if one.Beta[j] != many.Beta[j] || one.Error[j] != many.Error[j] {
				t.Fatalf("coefficient %d differs on %d threads", j, threads)
			}
		}
	}
}

func BenchmarkMillionByForty(b *testing.B) {
	d := million(1_000_000, 40)
	for b.Loop() {
		start := time.Now()
		m, err := Fit(d, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "s/fit")
		b.ReportMetric(float64(m.Iterations), "iterations")
	}
}

// TestSpline checks what defines a restricted cubic spline: straight outside
// the outer knots, and smooth (three derivatives by differences) inside.
func TestSpline(t *testing.T) {
	knots := []float64{5, 35, 60, 75, 90}
	at := func(x float64) []float64 {
		to := make([]float64, len(knots)-1)
		Spline(x, knots, to)
		return to
	}
	for j := range len(knots) - 1 {
		for _, x := range []float64{-20, 0, 2, 95, 110} {
			bend := at(x + 1)[j] - 2*at(x)[j] + at(x - 1)[j]
			if math.Abs(bend) > 1e-9 {
				t.Errorf("term %d bends by %v at %v", j, bend, x)
			}
		}
		for _, k := range knots {
			h := 1e-3
			left := (at(k)[j] - 2*at(k - h)[j] + at(k - 2*h)[j]) / h / h
			right := (at(k + 2*h)[j] - 2*at(k + h)[j] + at(k)[j]) / h / h
			if math.Abs(left-right) > 1e-2 {
				t.Errorf("term %d: second derivative jumps from %v to %v at %v", j, left, right, k)
			}
		}
	}
}

func TestDependentTermsAreFound(t *testing.T) {
	var x [][]float64
	var y []bool
	for i := range 300 {
		a, b := float64(i%2), float64(i%3)
		x, y = append(x, []float64{a, b, a + 2*b - 1, float64(i % 7), 0, 1}), append(y, i%5 == 0)
	}
	if got := Dependent(dense(x, y)); !slices.Equal(got, []int{2, 4, 5}) {
		t.Errorf("terms %v, want 2, 4 and 5", got)
	}
}
