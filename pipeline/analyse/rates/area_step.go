package rates

import "tre/pipeline/analyse/answer"

// AreaNeeds is the step of the question area_needs. It takes a row for each
// stratum of age and sex in which somebody of an area lives and adds them up.
// Each need of an area is a row of its own, so that a need few have hides no
// other: how many per cent have it, and for admissions how they compare with
// those expected at the rates of all areas.
func AreaNeeds(in answer.Answer, _ answer.Parameters) (answer.Answer, []answer.Document, error) {
	t := table{in}
	counted := []string{"people", "admissions"}
	for _, need := range areaNeeds() {
		counted = append(counted, need.column)
	}
	if err := t.needs([]string{"vintage", "area", "stratum"}, counted); err != nil {
		return answer.Answer{}, nil, err
	}
	all, areas, order := newArea(), map[string]*smallArea{}, []string(nil)
	for row := range t.Labels {
		name := t.label(row, "area")
		if areas[name] == nil {
			areas[name], order = newArea(), append(order, name)
		}
		areas[name].take(t, row)
		all.take(t, row)
	}
	out := begin(in.Name, []string{"kind", "vintage", "area", "measure"}, []string{"people", "reached", "events"},
		estimates("value")...)
	if len(order) == 0 {
		return out.Answer, nil, nil
	}
	vintage := t.label(0, "vintage")
	out.addArea([]string{"all", vintage, answer.All}, all, all)
	for _, name := range order {
		out.addArea([]string{"area", vintage, name}, areas[name], all)
	}
	return out.Answer, nil, nil
}

// need is something a person of an area may have: the measure's name, and the
// column that counts the people who have it.
type need struct{ measure, column string }

func areaNeeds() []need {
	return []need{
		{"aged_65_and_over", "aged_65_and_over"},
		{"long_term_condition", "with_long_term_condition"},
		{"two_or_more_conditions", "with_two_or_more"},
		{"admitted", "people_admitted"},
	}
}

func (t *table) addArea(labels []string, a, all *smallArea) {
	row := func(measure string) []string { return append(labels[:len(labels):len(labels)], measure) }
	people := a.counts["people"]
	for _, need := range areaNeeds() {
		reached, e := a.counts[need.column], notGiven("Wilson")
		if people != nil && reached != nil {
			e = Proportion(*reached, *people, 100)
		}
		t.add(row(need.measure), []*int64{people, reached, reached}, e.numbers())
	}
	t.add(row("admissions_ratio"), []*int64{people, a.counts["people_admitted"], a.counts["admissions"]}, a.ratio(all).numbers())
}

// smallArea is the counts of an area by column, and its strata by name.
type smallArea struct {
	counts map[string]*int64
	strata map[string]Stratum
	order  []string // of the strata, so that sums do not depend on a map
}

func newArea() *smallArea {
	return &smallArea{counts: map[string]*int64{}, strata: map[string]Stratum{}}
}

func (a *smallArea) take(t table, row int) {
	for _, column := range t.Measures {
		sum, found := a.counts[column]
		if !found {
			sum = zero()
		}
		a.counts[column] = total(sum, t.count(row, column))
	}
	name := t.label(row, "stratum")
	sum, found := a.strata[name]
	if !found {
		a.order = append(a.order, name)
	}
	sum.People += t.known(row, "people")
	sum.Events += t.known(row, "admissions")
	a.strata[name] = sum
}

// ratio compares the area's admissions with those expected at the rates of all.
func (a *smallArea) ratio(all *smallArea) Estimate {
	observed := a.counts["admissions"]
	if observed == nil {
		return notGiven("")
	}
	strata, reference := make([]Stratum, len(a.order)), make([]Stratum, len(a.order))
	for i, name := range a.order {
		strata[i], reference[i] = a.strata[name], all.strata[name]
	}
	expected, err := ExpectedEvents(strata, reference)
	if err != nil {
		return notGiven("")
	}
	return IndirectRatio(*observed, expected, 1)
}
