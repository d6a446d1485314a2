package validate

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestVectors(t *testing.T) {
	least := []int{14, 40, 12, 30, 40, 806}
	for i, s := range Vectors() {
		o, err := s.Check(t.Context())
		if err != nil || len(o.Wrong) > 0 || o.Cases < least[i] {
			t.Errorf("%s: %d cases, %v, wrong %v", s.Name, o.Cases, err, o.Wrong[:min(5, len(o.Wrong))])
		}
	}
}

// draw gives predictions with many ties.
func draw(t *rapid.T) Predictions {
	n := rapid.IntRange(2, 40).Draw(t, "people")
	var p Predictions
	for range n {
		p.Risk = append(p.Risk, float64(rapid.IntRange(1, 12).Draw(t, "risk"))/13)
		p.Outcome = append(p.Outcome, rapid.Bool().Draw(t, "outcome"))
	}
	return p
}

// pairs is the definition: every event against every other person, and
// DeLong's components written out.
func pairs(p Predictions) (area, se float64) {
	beats := func(i, j int) float64 {
		switch {
		case p.Risk[i] > p.Risk[j]:
			return 1
		case p.Risk[i] == p.Risk[j]:
			return 0.5
		}
		return 0
	}
	var events, others []int
	for i, o := range p.Outcome {
		if o {
			events = append(events, i)
		} else {
			others = append(others, i)
		}
	}
	spread := func(v []float64) float64 {
		mean, sum := 0.0, 0.0
		for _, x := range v {
			mean += x / float64(len(v))
		}
		for _, x := range v {
			sum += (x - mean) * (x - mean)
		}
		if len(v) < 2 {
			return 0
		}
		return sum / float64(len(v)-1)
	}
	v10, v01 := make([]float64, len(events)), make([]float64, len(others))
	for a, i := range events {
		for b, j := range others {
			v10[a] += beats(i, j) / float64(len(others))
			v01[b] += beats(i, j) / float64(len(events))
		}
	}
	for _, v := range v10 {
		area += v / float64(len(v10))
	}
	return area, math.Sqrt(spread(v10)/float64(len(events)) + spread(v01)/float64(len(others)))
}

func TestAreaAgreesWithEveryPair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := draw(t)
		if e := p.Events(); e == 0 || e == len(p.Risk) {
			if !math.IsNaN(p.Discrimination().Value) {
				t.Fatal("an area without both outcomes")
			}
			return
		}
		area, se := pairs(p)
		got := p.Discrimination()
		if math.Abs(got.Value-area) > 1e-12 || math.Abs(got.Error-se) > 1e-12 {
			t.Fatalf("%v (%v), by pairs %v (%v)", got.Value, got.Error, area, se)
		}
	})
}

func TestListsAreParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := draw(t)
		people, events, expected := 0, 0, 0.0
		for _, d := range p.Deciles() {
			people, events, expected = people+d.People, events+d.Events, expected+d.Expected
		}
		if people != len(p.Risk) || events != p.Events() || math.Abs(expected-p.Expected()) > 1e-9 {
			t.Fatalf("deciles hold %d people and %d events", people, events)
		}
		ranks, tiers := p.Tiers()
		counts := map[Tier]int{}
		for i := range ranks {
			counts[tiers[i]]++
			for j := range i { // whoever comes first in a tie has the better rank
				if (p.Risk[j] >= p.Risk[i]) != (ranks[j] < ranks[i]) {
					t.Fatal("ranks do not follow risks and the order given")
				}
			}
		}
		n := len(ranks)
		if counts[VeryHigh] != n/200 || counts[VeryHigh]+counts[High] != n/20 || n-counts[Low] != n/5 {
			t.Fatalf("%d people: tiers %v", n, counts)
		}
		sorted := slices.Sorted(slices.Values(ranks))
		if sorted[0] != 1 || sorted[n-1] != n {
			t.Fatal("ranks are not 1 to n")
		}
	})
}

// TestCalibrationOfTheTruth: when each risk's share happened exactly, slope
// is 1, both intercepts 0, ratio 1.
func TestCalibrationOfTheTruth(t *testing.T) {
	var p Predictions
	for tenth := 1; tenth < 10; tenth++ {
		for k := range 20 {
			p.Risk = append(p.Risk, float64(tenth)/10)
			p.Outcome = append(p.Outcome, k < 2*tenth)
		}
	}
	c := p.Calibration()
	for what, off := range map[string]float64{"slope": c.Slope - 1, "intercept": c.InterceptAtSlope, "in the large": c.Large, "ratio": c.ObservedForExpected - 1} {
		if !(math.Abs(off) < 1e-9) {
			t.Errorf("%s is off by %v", what, off)
		}
	}
}
