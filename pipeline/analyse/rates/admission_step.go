package rates

import (
	"strings"

	"tre/pipeline/analyse/answer"
)

// EmergencyAdmissionRates is the step of the question of that name. It takes a
// row for each age band of every group and gives each group's crude rate, its
// directly standardised rate and its indirectly standardised ratio to everybody.
func EmergencyAdmissionRates(in answer.Answer, _ answer.Parameters) (answer.Answer, []answer.Document, error) {
	t := table{in}
	if err := t.needs([]string{"kind", "deprivation_fifth", "sex", "ethnic_group", "detail"},
		[]string{"people", "people_admitted", "admissions", "squares", "standard_people"}); err != nil {
		return answer.Answer{}, nil, err
	}
	// Gather the age bands of each group, in the order the groups come.
	groups, order := map[string]*population{}, []string(nil)
	for row := range t.Labels {
		if t.label(row, "kind") != "rate" {
			continue
		}
		key := strings.Join(t.admissionGroup(row), "\x00")
		if groups[key] == nil {
			groups[key], order = newPopulation(), append(order, key)
		}
		groups[key].take(t, row, "people_admitted", "admissions")
	}
	everybody := groups[strings.Join([]string{answer.All, answer.All, answer.All}, "\x00")]
	if everybody == nil {
		return answer.Answer{}, nil, t.lacks("row for all")
	}
	// Three measures of each; then the checks, as they are. How many age bands have
	// people gives no count away.
	out := begin(in.Name, []string{"kind", "deprivation_fifth", "sex", "ethnic_group", "measure"},
		[]string{"people", "people_admitted", "admissions"},
		append(estimates("value"), answer.Value{Name: "age_bands", Statistic: true})...)
	for _, key := range order {
		out.addAdmissionRates(strings.Split(key, "\x00"), groups[key], everybody)
	}
	for row := range t.Labels {
		if t.label(row, "kind") != "rate" {
			labels := append([]string{t.label(row, "kind")}, append(t.admissionGroup(row), t.label(row, "detail"))...)
			out.add(labels, []*int64{t.count(row, "people"), t.count(row, "people_admitted"), t.count(row, "admissions")}, blank(6))
		}
	}
	return out.Answer, nil, nil
}

func (t table) admissionGroup(row int) []string {
	return []string{t.label(row, "deprivation_fifth"), t.label(row, "sex"), t.label(row, "ethnic_group")}
}

func (t *table) addAdmissionRates(group []string, p, everybody *population) {
	bands := given(float64(len(JoinEmpty(p.strata))))
	add := func(measure string, e Estimate) {
		labels := append(append([]string{"rate"}, group...), measure)
		t.add(labels, p.counts(), append(e.numbers(), bands))
	}
	add("crude", p.crude())
	add("dsr", p.standardised())
	add("ratio", p.ratio(everybody))
}
