package rates_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tre/pipeline/analyse/rates"
)

// The slow and obvious ways: limits found by bisection of what defines them, and
// rates by adding up.

// atMost is the chance of n events or fewer, summed term by term.
func atMost(n int64, mean float64) float64 {
	sum := 0.0
	for k := range n + 1 {
		factorial, _ := math.Lgamma(float64(k) + 1)
		sum += math.Exp(float64(k)*math.Log(mean) - mean - factorial)
	}
	return sum
}

// bisect finds where a rising function crosses zero.
func bisect(low, high float64, f func(float64) float64) float64 {
	for range 200 {
		if middle := low + (high-low)/2; f(middle) < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

func near(a, b, relative float64) bool {
	return math.Abs(a-b) <= relative*math.Max(math.Abs(a), math.Abs(b))
}

func TestExactLimitsAreWhereThePoissonTailsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 300).Draw(t, "events")
		for _, level := range []struct {
			c    rates.Confidence
			tail float64
		}{{rates.Confidence95(), 0.025}, {rates.Confidence998(), 0.001}} {
			got := rates.ExactPoisson(n, level.c)
			high := bisect(float64(n), float64(n)*3+50, func(mean float64) float64 { return level.tail - atMost(n, mean) })
			if !near(got.High, high, 1e-9) {
				t.Fatalf("upper limit of %d: %v, by summing %v", n, got.High, high)
			}
			if n == 0 {
				if got.Low != 0 {
					t.Fatalf("lower limit of none: %v", got.Low)
				}
				continue
			}
			low := bisect(1e-12, float64(n), func(mean float64) float64 { return 1 - atMost(n-1, mean) - level.tail })
			if !near(got.Low, low, 1e-9) {
				t.Fatalf("lower limit of %d: %v, by summing %v", n, got.Low, low)
			}
		}
	})
}

func TestByarComesNearTheExactLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(10, 100_000).Draw(t, "events")
		for _, c := range []rates.Confidence{rates.Confidence95(), rates.Confidence998()} {
			byar, exact := rates.Byar(n, c), rates.ExactPoisson(n, c)
			if !near(byar.Low, exact.Low, 0.02) || !near(byar.High, exact.High, 0.01) {
				t.Fatalf("%d events: Byar %v, exact %v", n, byar, exact)
			}
		}
	})
}

// TestWilsonLimitsAreWhereTheScoreSays solves (p - x/n)² = z² p (1-p) / n.
func TestWilsonLimitsAreWhereTheScoreSays(t *testing.T) {
	const z = 1.959963984540054
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 100_000).Draw(t, "n")
		x := rapid.Int64Range(0, n).Draw(t, "x")
		share, got := float64(x)/float64(n), rates.Wilson(x, n, rates.Confidence95())
		score := func(p float64) float64 { return (p-share)*(p-share) - z*z*p*(1-p)/float64(n) }
		high := 1.0
		if x < n {
			high = bisect(share, 1, score)
		}
		low := 0.0
		if x > 0 {
			low = bisect(0, 1, func(q float64) float64 { return -score(q * share) }) * share
		}
		if !near(got.High, high, 1e-9) || math.Abs(got.Low-low) > 1e-9*low+1e-15 {
			t.Fatalf("%d of %d: %v, by its definition %v to %v", x, n, got, low, high)
		}
	})
}

func strata(t *rapid.T, least int64) []rates.Stratum {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rates.Stratum {
		s := rates.Stratum{People: rapid.Int64Range(least, 5000).Draw(t, "people"), Weight: float64(rapid.IntRange(1, 70).Draw(t, "weight")) * 100}
		if s.People > 0 {
			for frequency, people := range rapid.SliceOfN(rapid.Int64Range(0, 9), 3, 3).Draw(t, "with so many") {
				s.Events += int64(frequency+1) * people
				s.Squares += int64((frequency+1)*(frequency+1)) * people
			}
		}
		return s
	}), 1, 19).Draw(t, "strata")
}

func TestDirectStandardisationIsTheSumItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bands, events := strata(t, 1), int64(0)
		var expected, variance, standard float64
		for _, s := range bands {
			events += s.Events
			standard += s.Weight
		}
		for _, s := range bands {
			share := s.Weight / standard
			expected += share * float64(s.Events) / float64(s.People)
			variance += share * share * float64(s.Squares) / (float64(s.People) * float64(s.People))
		}
		got, err := rates.DirectlyStandardised(bands, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if events < 10 {
			if !math.IsNaN(got.Value) {
				t.Fatalf("%d events are given a rate", events)
			}
			return
		}
		count := rates.Byar(events, rates.Confidence998())
		low := 1000 * (expected + math.Sqrt(variance/float64(events))*(count.Low-float64(events)))
		if !near(got.Value, 1000*expected, 1e-12) || math.Abs(got.At998.Low-low) > 1e-9*(1+1000*expected) {
			t.Fatalf("%v, by adding up %v from %v", got, 1000*expected, low)
		}
	})
}

func TestJoiningEmptyStrataLosesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bands := strata(t, 0)
		for i := range bands {
			if rapid.Bool().Draw(t, "empty") {
				bands[i] = rates.Stratum{Weight: bands[i].Weight}
			}
		}
		joined := rates.JoinEmpty(slices.Clone(bands))
		sum := func(of []rates.Stratum) (s rates.Stratum) {
			for _, b := range of {
				s.People, s.Events, s.Squares, s.Weight = s.People+b.People, s.Events+b.Events, s.Squares+b.Squares, s.Weight+b.Weight
			}
			return s
		}
		if sum(joined) != sum(bands) {
			t.Fatalf("joined to %v, from %v", sum(joined), sum(bands))
		}
		for i, s := range joined {
			if s.People == 0 && sum(bands).People > 0 {
				t.Fatalf("stratum %d is still empty", i)
			}
		}
	})
}

func TestExpectedEventsOfAllAreasAreThoseObserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := strata(t, 0)
		second := slices.Clone(first)
		for i := range second {
			second[i].People = rapid.Int64Range(0, 900).Draw(t, "people")
		}
		reference, observed := make([]rates.Stratum, len(first)), 0.0
		for i := range first {
			reference[i] = rates.Independent(first[i].Events+second[i].Events, first[i].People+second[i].People, 0)
			if reference[i].People > 0 {
				observed += float64(reference[i].Events)
			}
		}
		one, err := rates.ExpectedEvents(first, reference)
		if err != nil {
			t.Fatal(err)
		}
		two, err := rates.ExpectedEvents(second, reference)
		if err != nil || math.Abs(one+two-observed) > 1e-9*(1+observed) {
			t.Fatalf("%v and %v expected, %v observed: %v", one, two, observed, err)
		}
	})
}
