package rates_test

import (
	"math"
	"testing"

	"tre/pipeline/analyse/rates"
	"tre/sql"
)

// Traps and defects of peers that concern rates, each by name.

// Admissions of one person are not independent: ignoring that gives intervals
// that are too narrow.
func TestPeerDefectRepeatedEventsTakenAsIndependentNarrowTheInterval(t *testing.T) {
	// 50 people with 4 admissions each, or 200 people with one.
	repeated := []rates.Stratum{{Events: 120, Squares: 480, People: 1000, Weight: 60}, {Events: 80, Squares: 320, People: 1000, Weight: 40}}
	single := []rates.Stratum{rates.Independent(120, 1000, 60), rates.Independent(80, 1000, 40)}
	wide, err := rates.DirectlyStandardised(repeated, 1000)
	if err != nil {
		t.Fatal(err)
	}
	narrow, err := rates.DirectlyStandardised(single, 1000)
	if err != nil || wide.Value != narrow.Value {
		t.Fatalf("the rates differ: %v and %v: %v", wide.Value, narrow.Value, err)
	}
	// Four times the variance: twice as wide.
	if got := (wide.At95.High - wide.At95.Low) / (narrow.At95.High - narrow.At95.Low); math.Abs(got-2) > 1e-12 {
		t.Errorf("%v times as wide, want 2", got)
	}
}

// A peer's interval of the slope index comes from 100,000 random draws and is
// another one each time.
func TestPeerDefectInequalityIntervalComesFromRandomDraws(t *testing.T) {
	groups := []rates.Group{{980, 182.1, 5.4}, {1010, 171.4, 5.1}, {1005, 160.2, 4.8}, {990, 151, 4.5}, {1020, 149.3, 4.4}}
	first, err := rates.Slope(groups, rates.Log)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, _ := rates.Slope(groups, rates.Log); again != first {
			t.Fatal("the same groups gave another interval")
		}
	}
}

func TestPeerDefectNegativeLowerLimitIsNoLimit(t *testing.T) {
	if low := rates.Byar(1, rates.Confidence998()).Low; !math.IsNaN(low) {
		t.Errorf("the lower limit of one event is given as %v", low)
	}
	if low := rates.Byar(0, rates.Confidence95()).Low; !math.IsNaN(low) {
		t.Errorf("the lower limit of no event is given as %v", low)
	}
}

func TestTrapExactBelowTenEventsByarFromTen(t *testing.T) {
	for events, want := range map[int64]string{0: "Exact", 9: "Exact", 10: "Byar", 11: "Byar"} {
		if got := rates.Crude(events, 1000, 1000).Method; got != want {
			t.Errorf("%d events: %s, want %s", events, got, want)
		}
	}
}

func TestTrapFewerThanTenEventsGiveNoStandardisedRate(t *testing.T) {
	for events, given := range map[int64]bool{9: false, 10: true} {
		got, err := rates.DirectlyStandardised([]rates.Stratum{rates.Independent(events, 100, 1)}, 1000)
		if err != nil || math.IsNaN(got.Value) == given {
			t.Errorf("%d events give %v: %v", events, got.Value, err)
		}
	}
}

// A band in which nobody lives has no rate; a rate of zero would be an answer.
func TestTrapAnEmptyAgeBandHasNoRate(t *testing.T) {
	bands := []rates.Stratum{rates.Independent(30, 1000, 90), rates.Independent(0, 0, 10)}
	if _, err := rates.DirectlyStandardised(bands, 1000); err == nil {
		t.Error("a rate was given over a band in which nobody lives")
	}
	got, err := rates.DirectlyStandardised(rates.JoinEmpty(bands), 1000)
	if err != nil || math.Abs(got.Value-30) > 1e-12 {
		t.Errorf("joined with its neighbour: %v, want 30: %v", got.Value, err)
	}
}

// Decile 1 is the most deprived: where it has more, the slope index is below 0
// and the relative index below 1.
func TestTrapDecileOneIsTheMostDeprived(t *testing.T) {
	groups := []rates.Group{{100, 30, 1}, {100, 20, 1}, {100, 10, 1}}
	for _, scale := range []rates.Scale{rates.Linear, rates.Log} {
		got, err := rates.Slope(groups, scale)
		if err != nil || got.SII.Value >= 0 || got.RII.Value >= 1 || got.RII.At95.Low >= got.RII.At95.High {
			t.Errorf("%s: slope %v, relative index %v: %v", scale, got.SII.Value, got.RII, err)
		}
	}
}

func TestFunnelLimitsStayBetweenNoneAndAll(t *testing.T) {
	for n := range int64(200) {
		for _, baseline := range []float64{0, 0.01, 0.5, 0.99, 1} {
			at95 := rates.FunnelLimits(baseline, n+1, rates.Confidence95())
			at998 := rates.FunnelLimits(baseline, n+1, rates.Confidence998())
			if at998.Low < 0 || at998.High > 1 || at998.Low > at95.Low || at998.High < at95.High || at95.Low > baseline || at95.High < baseline {
				t.Fatalf("baseline %v of %d: %v and %v", baseline, n+1, at95, at998)
			}
		}
	}
}

func TestPlacesInAFunnel(t *testing.T) {
	for x, want := range map[int64]rates.Place{50: rates.FarLow, 80: rates.Low, 100: rates.Expected, 120: rates.High, 140: rates.FarHigh} {
		if got := rates.InFunnel(x, 1000, 0.1); got != want {
			t.Errorf("%d of 1000 against a tenth: %s, want %s", x, got, want)
		}
	}
}

// TestStandardPopulationIsThePublishedOne: 19 bands that sum to 100,000.
func TestStandardPopulationIsThePublishedOne(t *testing.T) {
	tables, err := sql.References()
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if table.Name != "esp2013" {
			continue
		}
		sum := 0
		for _, row := range table.Rows {
			people := 0
			for _, digit := range row[2] {
				people = people*10 + int(digit-'0')
			}
			sum += people
		}
		if len(table.Rows) != 19 || sum != 100_000 {
			t.Errorf("%d bands of %d people", len(table.Rows), sum)
		}
		return
	}
	t.Error("there is no European Standard Population")
}
