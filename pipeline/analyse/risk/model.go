package risk

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"tre/internal/problem"
	"tre/pipeline/analyse/risk/logistic"
	"tre/pipeline/analyse/risk/validate"
)

// model is a fit with what it needs to be used and explained.
type model struct {
	encoding
	fit     logistic.Model
	average []float64 // of each term, over the people fitted to
	problem string    // why there is no model; "" when there is one
}

// learn fits a model to the people of the training day. What stands in the way
// is said in words, because the people are then not assessable and the rest of
// an answer stands.
func learn(m material, ridge float64) (model, error) {
	none := func(why string) (model, error) { return model{problem: "no model: " + why}, nil }
	people := m.people[train]
	switch {
	case len(people) == 0 || len(m.people[test]) == 0:
		return none("nobody was known on the days to fit from and to try on")
	case people[0][admitted] < 0 || m.people[test][0][admitted] < 0:
		return none("admissions had not begun to be sent when the time of the outcome began")
	}
	built := model{encoding: encode(m)}
	var err error
	built.fit, err = logistic.Fit(logistic.Data{
		Rows: len(people), Terms: built.terms,
		Row:     func(i int, to []float64) { built.row(&people[i], to) },
		Outcome: func(i int) bool { return people[i][admitted] == 1 },
	}, logistic.Options{Ridge: ridge})
	if problem.HintOf(err) != "" { // a refusal of the method
		return none(err.Error())
	}
	built.average = built.mean(people)
	return built, err
}

// mean gives the mean of each term.
func (m model) mean(people []record) []float64 {
	sum, row := make([]float64, len(m.terms)), make([]float64, len(m.terms))
	for i := range people {
		m.row(&people[i], row)
		for j, x := range row {
			sum[j] += x
		}
	}
	for j := range sum {
		sum[j] /= float64(len(people))
	}
	return sum
}

// predict gives the risks of the people of a day, and what became of them.
func (m model) predict(people []record) validate.Predictions {
	p := validate.Predictions{Risk: make([]float64, len(people)), Outcome: make([]bool, len(people))}
	row := make([]float64, len(m.terms))
	for i := range people {
		m.row(&people[i], row)
		p.Risk[i] = logistic.Probability(m.fit.Linear(row))
		p.Outcome[i] = people[i][admitted] == 1
	}
	return p
}

// part is what one factor adds to a person's log odds, over the average person.
type part struct {
	name string
	adds float64
}

// most is how many parts an explanation names.
const most = 4

// evidence names the factors that move a person's risk most, with what each
// adds to the log odds over the average person fitted to: "age 84 +0.91; ...".
func (m model) evidence(r *record, row []float64) string {
	m.row(r, row)
	adds := func(from, to int) float64 {
		sum := 0.0
		for j := from; j < to; j++ {
			sum += m.fit.Beta[j+1] * (row[j] - m.average[j])
		}
		return sum
	}
	parts := make([]part, 0, 16)
	parts = append(parts, part{fmt.Sprintf("age %d", r[age]), adds(0, len(knots())-1)})
	for i, f := range m.factors {
		name := f.none
		if at := f.levelOf(r[f.column]); at >= 0 {
			name = f.levels[at].name
		}
		parts = append(parts, part{f.name + " " + name, adds(m.first[i], m.first[i]+len(f.levels))})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(math.Abs(b.adds), math.Abs(a.adds)) })
	var text strings.Builder
	for _, p := range parts[:min(most, len(parts))] {
		if math.Abs(p.adds) < 0.005 {
			break
		}
		if text.Len() > 0 {
			text.WriteString("; ")
		}
		fmt.Fprintf(&text, "%s %+.2f", p.name, p.adds)
	}
	return text.String()
}
