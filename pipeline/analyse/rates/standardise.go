package rates

import (
	"fmt"
	"math"
)

// smallestPublished is the fewest events a directly standardised rate is given
// for.
const smallestPublished = 10

// Stratum is one age band (or age band and sex) of a population.
type Stratum struct {
	Events int64
	// Squares is the sum over people of the square of each one's events. Where
	// nobody has more than one it equals Events; where some have several, events
	// are not independent and the limits are wider.
	Squares int64
	People  int64
	Weight  float64 // people of the standard population
}

// Independent is a stratum in which every event counts as another person's.
func Independent(events, people int64, weight float64) Stratum {
	return Stratum{Events: events, Squares: events, People: people, Weight: weight}
}

func check(strata []Stratum) error {
	for i, s := range strata {
		switch {
		case s.Events < 0 || s.People < 0 || s.Weight < 0 || math.IsNaN(s.Weight):
			return fmt.Errorf("stratum %d holds a negative number", i+1)
		case s.Squares < s.Events:
			return fmt.Errorf("stratum %d: the squares of each person's events sum to less than the events", i+1)
		case s.People == 0:
			return fmt.Errorf("stratum %d holds nobody, so it has no rate", i+1)
		}
	}
	if len(strata) == 0 {
		return fmt.Errorf("no strata to standardise over")
	}
	return nil
}

// DirectlyStandardised gives the events there would be for each per of people if
// the population had the ages of the standard one, with Dobson's limits. Fewer
// than 10 events give no rate. A stratum in which nobody lives is an error: its
// rate is not known (see JoinEmpty).
func DirectlyStandardised(strata []Stratum, per float64) (Estimate, error) {
	if err := check(strata); err != nil {
		return notGiven("Dobson"), err
	}
	var events int64
	var weights, sum, squares float64
	for _, s := range strata {
		each := s.Weight / float64(s.People)
		events += s.Events
		weights += s.Weight
		sum += each * float64(s.Events)
		squares += each * each * float64(s.Squares)
	}
	if events < smallestPublished || weights == 0 {
		return notGiven("Dobson"), nil
	}
	value, variance := sum/weights, squares/(weights*weights)
	return estimate(value*per, "Dobson", func(c Confidence) Interval {
		count, stretch := Byar(events, c), math.Sqrt(variance/float64(events))
		return Interval{
			(value + stretch*(count.Low-float64(events))) * per,
			(value + stretch*(count.High-float64(events))) * per,
		}
	}), nil
}

// JoinEmpty joins a stratum in which nobody lives with its younger neighbour (the
// first ones with the next older), weights and all. Strata come youngest first.
func JoinEmpty(strata []Stratum) []Stratum {
	var joined []Stratum
	for _, s := range strata {
		last := len(joined) - 1
		if last < 0 || (s.People > 0 && joined[last].People > 0) {
			joined = append(joined, s)
			continue
		}
		joined[last].Events += s.Events
		joined[last].Squares += s.Squares
		joined[last].People += s.People
		joined[last].Weight += s.Weight
	}
	return joined
}

// ExpectedEvents gives the events a population would have at the reference's rate
// in each stratum. The two lists run in step. People in a stratum of which the
// reference has none are an error: their rate is not known.
func ExpectedEvents(strata, reference []Stratum) (float64, error) {
	if len(strata) != len(reference) {
		return 0, fmt.Errorf("%d strata against %d of the reference", len(strata), len(reference))
	}
	expected := 0.0
	for i, s := range strata {
		if s.People == 0 {
			continue
		}
		if reference[i].People <= 0 {
			return 0, fmt.Errorf("stratum %d: the reference holds nobody, so it has no rate", i+1)
		}
		expected += float64(s.People) * float64(reference[i].Events) / float64(reference[i].People)
	}
	return expected, nil
}

// IndirectRatio gives observed over expected events (a standardised mortality or
// admission ratio), times a factor such as 1 or 100.
func IndirectRatio(observed int64, expected, factor float64) Estimate {
	if !(expected > 0) || observed < 0 {
		return notGiven("")
	}
	return perExpected(observed, expected, factor)
}

// IndirectRate gives the ratio times the reference's crude rate, for each per of
// people.
func IndirectRate(observed int64, expected float64, reference []Stratum, per float64) Estimate {
	var events, people int64
	for _, s := range reference {
		events += s.Events
		people += s.People
	}
	if people == 0 {
		return notGiven("")
	}
	return IndirectRatio(observed, expected, float64(events)/float64(people)*per)
}
