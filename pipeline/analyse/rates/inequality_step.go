package rates

import (
	"strconv"

	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
)

// deciles is how many groups the country's areas are ranked into.
const deciles = 10

// noScale stands where no line was fitted.
const noScale = "none"

// Inequalities is the step of the question inequality. It takes a row for each
// age band of every deprivation decile, and gives each decile's rates and the
// slope and relative index of inequality of each.
func Inequalities(in answer.Answer, _ answer.Parameters) (answer.Answer, []answer.Document, error) {
	t := table{in}
	if err := t.needs([]string{"kind", "deprivation_decile", "detail"},
		[]string{"people", "people_with", "events", "squares", "standard_people"}); err != nil {
		return answer.Answer{}, nil, err
	}
	everybody, ranked, err := t.byDecile()
	if err != nil {
		return answer.Answer{}, nil, err
	}
	out := begin(in.Name, []string{"kind", "measure", "scale", "deprivation_decile"}, []string{"people", "people_with", "events"},
		estimates("value")...)
	for _, m := range inequalityMeasures() {
		out.addDecile(m, answer.All, everybody)
		for i, p := range ranked {
			out.addDecile(m, strconv.Itoa(i+1), p)
		}
		for _, scale := range m.scales {
			out.addIndices(m, scale, ranked, everybody)
		}
	}
	for row := range t.Labels {
		if t.label(row, "kind") != "decile" {
			out.add([]string{t.label(row, "kind"), t.label(row, "detail"), noScale, answer.All},
				[]*int64{t.count(row, "people"), t.count(row, "people_with"), t.count(row, "events")}, blank(5))
		}
	}
	return out.Answer, nil, nil
}

// byDecile gathers the age bands of each decile, most deprived first.
func (t table) byDecile() (everybody *population, ranked []*population, err error) {
	for range deciles {
		ranked = append(ranked, newPopulation())
	}
	for row := range t.Labels {
		if t.label(row, "kind") != "decile" {
			continue
		}
		decile, err := strconv.Atoi(t.label(row, "deprivation_decile"))
		if err != nil || decile < 1 || decile > deciles {
			return nil, nil, problem.New(problem.Failed, "deciles of deprivation run from 1, the most deprived, to 10",
				"row %d of %s has no decile of deprivation", row+1, t.Name)
		}
		ranked[decile-1].take(t, row, "people_with", "events")
	}
	everybody = newPopulation()
	for _, p := range ranked {
		if len(p.strata) != len(ranked[0].strata) {
			return nil, nil, problem.New(problem.Failed, "give every decile a row for each age band, also where nobody lives",
				"the deciles of %s have different age bands", t.Name)
		}
		p.addTo(everybody)
	}
	return everybody, ranked, nil
}

// measure is a way to say how much a group has, and the scales it is fitted on.
type measure struct {
	name   string
	of     func(*population) Estimate
	scales []Scale
}

func inequalityMeasures() []measure {
	return []measure{
		{"dsr", (*population).standardised, []Scale{Linear, Log}},
		{"crude", (*population).crude, []Scale{Linear, Log}},
		{"proportion", (*population).proportion, []Scale{Linear, Logit}},
	}
}

func (t *table) addDecile(m measure, decile string, p *population) {
	t.add([]string{"decile", m.name, noScale, decile}, p.counts(), m.of(p).numbers())
}

// addIndices adds both indices; a decile without a rate leaves none to give.
func (t *table) addIndices(m measure, scale Scale, ranked []*population, everybody *population) {
	groups := make([]Group, len(ranked))
	for i, p := range ranked {
		e := m.of(p)
		groups[i] = Group{Value: e.Value, Error: scale.Error(e.At95)}
		if p.people != nil {
			groups[i].People = float64(*p.people)
		}
	}
	sii, rii := notGiven(""), notGiven("")
	if slope, err := Slope(groups, scale); err == nil {
		sii, rii = slope.SII, slope.RII
	}
	t.add([]string{"sii", m.name, scale.String(), answer.All}, everybody.counts(), sii.numbers())
	t.add([]string{"rii", m.name, scale.String(), answer.All}, everybody.counts(), rii.numbers())
}
