package risk

import (
	"fmt"
	"math"
	"slices"

	"tre/pipeline/analyse/risk/logistic"
)

// factor is something about a person that a model may use, in levels. Whoever
// has none of the levels is the reference.
type factor struct {
	name   string // in words
	column int
	levels []level
	source bool // it comes from records of care, and may be missing or drift
	order  bool // levels rise: a rare one joins its neighbour below
	none   string
}

// level is a range of numbers, ends included.
type level struct {
	name     string
	from, to int32
}

// without a number above.
const more = math.MaxInt32

// factors lists all that a model may use, besides age.
func factors() []factor {
	some := []level{{"in the year before", 1, more}}
	return []factor{
		{"sex", sex, []level{{"male", 1, 1}, {"other or not known", 2, 2}}, false, false, "female"},
		{"deprivation fifth", deprivation,
			[]level{{"1 (most deprived)", 1, 1}, {"2", 2, 2}, {"3", 3, 3}, {"4", 4, 4}, {"not known", 0, 0}}, false, false, "5 (least deprived)"},
		{"emergency admissions", emergencyAdmissions, []level{{"1", 1, 1}, {"2", 2, 2}, {"3 or more", 3, more}}, true, true, "none"},
		{"planned admissions", electiveAdmissions, []level{{"1", 1, 1}, {"2 or more", 2, more}}, true, true, "none"},
		{"nights in hospital", nights, []level{{"1 to 6", 1, 6}, {"7 to 29", 7, 29}, {"30 or more", 30, more}}, true, true, "none"},
		{"conditions coded in hospital", hospitalConditions, []level{{"1", 1, 1}, {"2", 2, 2}, {"3 or more", 3, more}}, true, true, "none"},
		{"emergency department attendances", attendances, []level{{"1", 1, 1}, {"2 to 3", 2, 3}, {"4 or more", 4, more}}, true, true, "none"},
		{"regular medicines", medicines, []level{{"1 to 4", 1, 4}, {"5 to 9", 5, 9}, {"10 or more", 10, more}}, true, true, "none"},
		{"different codes in the GP record", gpCodes,
			[]level{{"1 to 4", 1, 4}, {"5 to 9", 5, 9}, {"10 to 19", 10, 19}, {"20 or more", 20, more}}, true, true, "none"},
		{"GP record", gpCodes, []level{{"none sent", -1, -1}}, true, false, "sent"},
		{"mental health care", mentalHealth, some, true, true, "none"},
		{"community care", community, some, true, true, "none"},
		{"social care", socialCare, some, true, true, "none"},
	}
}

// What a term needs before a coefficient is estimated for it, so that neither
// the model nor its card follows a handful of people.
const (
	fewestPeople = 50
	fewestEvents = 10 // with the outcome, and without
)

// knots of age in decades: fixed, so that a new fit means the same by a term.
func knots() []float64 { return []float64{0.5, 3, 5.5, 7.5, 9} }

// encoding turns a record into the terms of a model.
type encoding struct {
	ages    [121][]float64 // the spline of each year of age
	factors []factor       // those used, with rare levels folded
	first   []int          // place of each factor's first term
	terms   []string
	leftOut []omission
}

// omission is a factor the model does without, and why.
type omission struct{ name, reason string }

// encode decides on the terms for a material.
func encode(m material) encoding {
	var e encoding
	last := len(knots()) - 1
	for a := range e.ages {
		e.ages[a] = make([]float64, last)
		logistic.Spline(float64(a)/10, knots(), e.ages[a])
	}
	e.terms = append(e.terms, "age in decades")
	for k := 1; k < last; k++ {
		e.terms = append(e.terms, fmt.Sprintf("age, bend %d", k))
	}
	for _, f := range factors() {
		if reason := f.unfit(m); reason != "" {
			e.leftOut = append(e.leftOut, omission{f.name, reason})
			continue
		}
		f.levels = f.fold(m.people[train])
		if len(f.levels) == 0 {
			e.leftOut = append(e.leftOut, omission{f.name, "too few people or admissions in each of its levels"})
			continue
		}
		e.use(f)
	}
	return e.independent(m.people[train])
}

func (e *encoding) use(f factor) {
	e.factors, e.first = append(e.factors, f), append(e.first, len(e.terms))
	for _, l := range f.levels {
		e.terms = append(e.terms, f.name+": "+l.name)
	}
}

// independent takes out levels that the others tell already, such as "no GP
// record" where everyone else has the same level of another factor.
func (e encoding) independent(people []record) encoding {
	dependent := logistic.Dependent(logistic.Data{Rows: len(people), Terms: e.terms,
		Row: func(i int, to []float64) { e.row(&people[i], to) }, Outcome: func(int) bool { return false }})
	if len(dependent) == 0 || len(e.factors) == 0 {
		return e
	}
	less := e
	less.terms, less.factors, less.first = slices.Clone(e.terms[:e.first[0]]), nil, nil
	for i, f := range e.factors {
		var levels []level
		for at, l := range f.levels {
			if slices.Contains(dependent, e.first[i]+at) {
				less.leftOut = append(less.leftOut, omission{f.name + ": " + l.name, "the other predictors tell it already"})
			} else {
				levels = append(levels, l)
			}
		}
		if f.levels = levels; len(levels) > 0 {
			less.use(f)
		}
	}
	return less
}

// row fills the terms of a record.
func (e encoding) row(r *record, to []float64) {
	clear(to)
	copy(to, e.ages[max(r[age], 0)])
	for i, f := range e.factors {
		if at := f.levelOf(r[f.column]); at >= 0 {
			to[e.first[i]+at] = 1
		}
	}
}

// levelOf gives the place of a number's level, or -1 for the reference.
func (f factor) levelOf(n int32) int {
	for at, l := range f.levels {
		if n >= l.from && n <= l.to {
			return at
		}
	}
	return -1
}

// unfit says why a factor cannot be used: a source that on one of the days was
// not there, or sent so much more or less that its numbers mean another thing.
func (f factor) unfit(m material) string {
	if !f.source {
		return ""
	}
	var share [folds]float64
	for day, people := range m.people {
		known, above := 0, 0
		for i := range people {
			n := people[i][f.column]
			if n >= 0 {
				known++
			}
			if f.levelOf(n) >= 0 {
				above++
			}
		}
		if known == 0 && len(people) > 0 {
			return "not assessable on " + m.days[day]
		}
		share[day] = float64(above) / float64(max(len(people), 1))
	}
	low, high := min(share[train], share[test], share[score]), max(share[train], share[test], share[score])
	if high > 2*low && high > 0.01 {
		return "its level more than doubled or halved between the days, so its feed was not the same on them"
	}
	return ""
}

// fold joins rare levels to others: a level that rises to its neighbour, any
// other to the reference.
func (f factor) fold(people []record) []level {
	levels := append([]level(nil), f.levels...)
	for at := len(levels) - 1; at >= 0; at-- {
		if supported(people, f.column, levels[at]) {
			continue
		}
		if f.order && at > 0 {
			below := &levels[at-1]
			below.to, below.name = levels[at].to, fmt.Sprintf("%d or more", below.from)
			if levels[at].to != more {
				below.name = fmt.Sprintf("%d to %d", below.from, below.to)
			}
		}
		if f.order && at == 0 && len(levels) > 1 {
			levels[1].from = levels[0].from
			levels[1].name = fmt.Sprintf("%d or more", levels[1].from)
			if levels[1].to != more {
				levels[1].name = fmt.Sprintf("%d to %d", levels[1].from, levels[1].to)
			}
		}
		levels = append(levels[:at], levels[at+1:]...)
	}
	return levels
}

func supported(people []record, column int, l level) bool {
	n, events := 0, 0
	for i := range people {
		if v := people[i][column]; v >= l.from && v <= l.to {
			n++
			if people[i][admitted] == 1 {
				events++
			}
		}
	}
	return n >= fewestPeople && events >= fewestEvents && n-events >= fewestEvents
}
