package rates

import "math"

// population is the people of one group by age, as a question gives them: a row
// an age band, the youngest first.
type population struct {
	strata       []Stratum
	people, with *int64 // all ages; with: those with at least one event
	events       *int64
}

func newPopulation() *population { return &population{people: zero(), with: zero(), events: zero()} }

// take adds the stratum of a row. with and events name the columns.
func (p *population) take(t table, row int, with, events string) {
	p.people = total(p.people, t.count(row, "people"))
	p.with = total(p.with, t.count(row, with))
	p.events = total(p.events, t.count(row, events))
	p.strata = append(p.strata, Stratum{
		People: t.known(row, "people"), Events: t.known(row, events), Squares: t.known(row, "squares"),
		Weight: float64(t.known(row, "standard_people")),
	})
}

// addTo adds a group's strata to those of all groups.
func (p *population) addTo(all *population) {
	all.people, all.with, all.events = total(all.people, p.people), total(all.with, p.with), total(all.events, p.events)
	if all.strata == nil {
		all.strata = make([]Stratum, len(p.strata))
	}
	for i, s := range p.strata {
		sum := &all.strata[i]
		sum.People, sum.Events, sum.Squares, sum.Weight = sum.People+s.People, sum.Events+s.Events, sum.Squares+s.Squares, s.Weight
	}
}

func (p *population) assessable() bool { return p.people != nil && p.with != nil && p.events != nil }

func (p *population) counts() []*int64 { return []*int64{p.people, p.with, p.events} }

func (p *population) crude() Estimate {
	if !p.assessable() {
		return notGiven("")
	}
	return Crude(*p.events, *p.people, per)
}

// standardised gives the rate over the age bands in which somebody lives.
func (p *population) standardised() Estimate {
	if !p.assessable() || *p.people == 0 {
		return notGiven("Dobson")
	}
	rate, err := DirectlyStandardised(JoinEmpty(p.strata), per)
	if err != nil { // somebody lives here, so no joined stratum is empty
		return notGiven("Dobson")
	}
	return rate
}

func (p *population) proportion() Estimate {
	if !p.assessable() {
		return notGiven("Wilson")
	}
	return Proportion(*p.with, *p.people, 1)
}

// ratio compares with the events expected at a reference's rates.
func (p *population) ratio(reference *population) Estimate {
	if !p.assessable() || !reference.assessable() {
		return notGiven("")
	}
	expected, err := ExpectedEvents(p.strata, reference.strata)
	if err != nil {
		expected = math.NaN()
	}
	return IndirectRatio(*p.events, expected, 1)
}
