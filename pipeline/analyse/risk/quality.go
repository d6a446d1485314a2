package risk

import (
	"fmt"
	"slices"
	"strconv"

	"tre/pipeline/analyse/answer"
	"tre/pipeline/analyse/risk/validate"
)

// Quality is the step of the question emergency_risk_quality: from people
// counted by group and risk it measures how good the model was.
func Quality(a answer.Answer, _ answer.Parameters) (answer.Answer, []answer.Document, error) {
	groups, err := trials(a)
	if err != nil {
		return answer.Answer{}, nil, err
	}
	out := qualityAnswer(a.Name)
	if len(groups) == 0 { // there is no model
		out.add("quality", answer.All, everyone(), measures{})
		return out.Answer, nil, nil
	}
	all := groups[0]
	for _, g := range groups {
		out.quality(g)
	}
	out.lists(all)
	for _, g := range groups[1:] {
		out.fairness(g)
	}
	out.deciles(all)
	out.decisions(all)
	out.checks(all)
	return out.Answer, nil, nil
}

// trial is one group of the trial: its people by risk.
type trial struct {
	labels []string // age band, sex, ethnicity, deprivation
	cells  []cell
}

// cell is the people of a group with about the same risk, in one decile and
// with the same smallest list.
type cell struct {
	list                         string
	decile                       int
	people, admitted, died, left int
	risk                         float64 // mean
	billionths                   int64
}

func everyone() []string { return slices.Repeat([]string{answer.All}, groupColumns) }

const groupColumns = 4

// trials reads the groups in the order of the answer; everyone comes first.
func trials(a answer.Answer) ([]trial, error) {
	var groups []trial
	for i, labels := range a.Labels {
		if len(groups) == 0 || !slices.Equal(groups[len(groups)-1].labels, labels[:groupColumns]) {
			groups = append(groups, trial{labels: labels[:groupColumns]})
		}
		n := func(column int) int { return int(*a.Counts[i][column]) }
		decile, err := strconv.Atoi(labels[groupColumns+1])
		if err != nil {
			return nil, fmt.Errorf("row %d of the trial has no decile", i+1)
		}
		c := cell{list: labels[groupColumns], decile: decile, people: n(0), admitted: n(1), died: n(2), left: n(3), billionths: *a.Counts[i][4]}
		c.risk = float64(c.billionths) / 1e9 / float64(c.people)
		last := &groups[len(groups)-1]
		last.cells = append(last.cells, c)
	}
	if len(groups) > 0 && !slices.Equal(groups[0].labels, everyone()) {
		return nil, fmt.Errorf("the trial does not begin with everyone")
	}
	return groups, nil
}

// predictions writes everyone of a group out; with composite, death is an
// event too.
func (t trial) predictions(composite bool) validate.Predictions {
	var p validate.Predictions
	for _, c := range t.cells {
		events := c.admitted
		if composite {
			events += c.died
		}
		for k := range c.people {
			p.Risk, p.Outcome = append(p.Risk, c.risk), append(p.Outcome, k < events)
		}
	}
	return p
}

// sum adds a number over the cells that are wanted.
func (t trial) sum(of func(cell) int, wanted func(cell) bool) int {
	total := 0
	for _, c := range t.cells {
		if wanted(c) {
			total += of(c)
		}
	}
	return total
}

func every(cell) bool       { return true }
func peopleOf(c cell) int   { return c.people }
func admittedOf(c cell) int { return c.admitted }

// onList wants the cells on a list of so many tenths of a per cent.
func onList(tenths int) func(cell) bool {
	return func(c cell) bool {
		size, err := strconv.ParseFloat(c.list, 64)
		return err == nil && size*10 <= float64(tenths)+0.5
	}
}

// measures are the columns of one row; nil is not assessable.
type measures struct {
	people, admitted, listed, listedAdmitted *int64
	statistics                               [7]*float64 // auroc, lower, upper, slope, intercept, brier, scaled brier
	values                                   [8]*float64 // observed, expected, ratio, yield, sensitivity, lift, net benefits
}

type table struct{ answer.Answer }

func qualityAnswer(name string) *table {
	t := &table{answer.Answer{Name: name,
		Dimensions: []string{"kind", "band", "age_band", "sex", "ethnic_group", "deprivation_fifth"},
		Measures:   []string{"people", "admitted", "listed", "listed_admitted"}}}
	for _, v := range []string{"auroc", "auroc_lower_95", "auroc_upper_95", "calibration_slope", "calibration_intercept", "brier", "scaled_brier"} {
		t.Values = append(t.Values, answer.Value{Name: v, Statistic: true})
	}
	for _, v := range []string{"observed", "expected", "observed_for_expected", "yield", "sensitivity", "lift", "net_benefit", "net_benefit_all"} {
		t.Values = append(t.Values, answer.Value{Name: v})
	}
	return t
}

func (t *table) add(kind, band string, group []string, m measures) {
	t.Labels = append(t.Labels, slices.Concat([]string{kind, band}, group))
	t.Counts = append(t.Counts, []*int64{m.people, m.admitted, m.listed, m.listedAdmitted})
	t.Numbers = append(t.Numbers, slices.Concat(m.statistics[:], m.values[:]))
}

func count(n int) *int64 { return new(int64(n)) }

// share gives of a number for each 100 of another; none of 0.
func share(of, among float64) *float64 {
	if among == 0 {
		return nil
	}
	return new(100 * of / among)
}

func ratio(of, among float64) *float64 {
	if among == 0 {
		return nil
	}
	return new(of / among)
}

// sized fills the counts of a row, and what follows from them.
func (m *measures) sized(people, events int, expected float64) {
	m.people, m.admitted = count(people), count(events)
	m.values[0], m.values[1] = share(float64(events), float64(people)), share(expected, float64(people))
	m.values[2] = ratio(float64(events), expected)
}

// found fills what a list found: of its people, and of all the admitted.
func (m *measures) found(listed, listedAdmitted, people, events int) {
	m.listed, m.listedAdmitted = count(listed), count(listedAdmitted)
	m.values[3] = share(float64(listedAdmitted), float64(listed))
	m.values[4] = share(float64(listedAdmitted), float64(events))
	if events > 0 && listed > 0 {
		m.values[5] = new(float64(listedAdmitted) / float64(listed) / (float64(events) / float64(people)))
	}
}

// standardList is the list fairness is measured with, in tenths of a per cent.
const standardList = 100

func (t *table) quality(g trial) {
	for _, composite := range []bool{false, true} {
		if composite && !slices.Equal(g.labels, everyone()) {
			continue
		}
		p := g.predictions(composite)
		var m measures
		m.sized(len(p.Risk), p.Events(), p.Expected())
		if events := p.Events(); len(p.Risk) >= fewestPeople && min(events, len(p.Risk)-events) >= fewestEvents {
			area, c, a := p.Discrimination(), p.Calibration(), p.Accuracy()
			for i, x := range []float64{area.Value, area.Low, area.High, c.Slope, c.Large, a.Brier, a.Scaled} {
				if x == x { // a number
					m.statistics[i] = new(x)
				}
			}
		}
		kind := "quality"
		if composite {
			kind = "composite"
		}
		t.add(kind, answer.All, g.labels, m)
	}
}

// fairness says what one list for everyone means for a group. It has rows of
// its own, so that a small number on a list hides nothing else.
func (t *table) fairness(g trial) {
	p, on := g.predictions(false), onList(standardList)
	group, listed := make([]int, len(p.Risk)), make([]bool, 0, len(p.Risk))
	for i := range group {
		group[i] = i
	}
	for _, c := range g.cells {
		listed = append(listed, slices.Repeat([]bool{on(c)}, c.people)...)
	}
	f := p.Fairness(group, listed)
	m := measures{people: count(f.People), admitted: count(f.Events)}
	m.found(f.Flagged, f.Found, f.People, f.Events)
	t.add("list", "highest "+percent(standardList)+" %", g.labels, m)
}

func (t *table) lists(g trial) {
	people, events := g.sum(peopleOf, every), g.sum(admittedOf, every)
	for _, tenths := range validate.ListSizes() {
		m := measures{people: count(people), admitted: count(events)}
		m.found(g.sum(peopleOf, onList(tenths)), g.sum(admittedOf, onList(tenths)), people, events)
		t.add("list", "highest "+percent(tenths)+" %", g.labels, m)
	}
}

func (t *table) deciles(g trial) {
	for d := 1; d <= 10; d++ {
		in := func(c cell) bool { return c.decile == d }
		var billionths int64
		for _, c := range g.cells {
			if in(c) {
				billionths += c.billionths
			}
		}
		var m measures
		m.sized(g.sum(peopleOf, in), g.sum(admittedOf, in), float64(billionths)/1e9)
		t.add("decile", strconv.Itoa(d), g.labels, m)
	}
}

// decisions gives the decision curve, for each 100 people.
func (t *table) decisions(g trial) {
	p := g.predictions(false)
	for _, threshold := range []int{2, 5, 10, 15, 20, 30} {
		b := p.Benefit(float64(threshold) / 100)
		m := measures{people: count(len(p.Risk)), admitted: count(p.Events())}
		m.found(b.Flagged, b.Found, len(p.Risk), p.Events())
		m.values[6], m.values[7] = new(100*b.Model), new(100*b.All)
		t.add("decision", fmt.Sprintf("risk of %d %% or more", threshold), g.labels, m)
	}
}

func (t *table) checks(g trial) {
	names := []string{"died without an admission in the time of the outcome", "left in the time of the outcome"}
	for i, of := range []func(cell) int{func(c cell) int { return c.died }, func(c cell) int { return c.left }} {
		t.add("check", names[i], g.labels, measures{people: count(g.sum(of, every))})
	}
}
