package rates

import (
	"slices"

	"tre/pipeline/analyse/answer"
)

// Proportions is a step for any answer with the counts people and reached: it
// adds how many per cent of the people were reached, with Wilson's limits.
func Proportions(in answer.Answer, _ answer.Parameters) (answer.Answer, []answer.Document, error) {
	t := table{in}
	if err := t.needs(nil, []string{"people", "reached"}); err != nil {
		return answer.Answer{}, nil, err
	}
	out := begin(in.Name, in.Dimensions, in.Measures, estimates("percent")...)
	for row := range t.Labels {
		people, reached := t.count(row, "people"), t.count(row, "reached")
		e := notGiven("Wilson")
		if people != nil && reached != nil {
			e = Proportion(*reached, *people, 100)
		}
		out.add(t.Labels[row], t.Counts[row], e.numbers())
	}
	return out.Answer, nil, nil
}

// fewest is the count from 1 below which a funnel says nothing of a provider.
const fewest = 10

// Funnel is the step of readmission_funnel: it adds to each provider its per cent
// of discharges, the limits chance would keep a provider of its size in, and
// where it lies. The baseline is all providers together.
func Funnel(in answer.Answer, _ answer.Parameters) (answer.Answer, []answer.Document, error) {
	t := table{in}
	if err := t.needs([]string{"kind", "provider"}, []string{"people", "discharges", "readmissions"}); err != nil {
		return answer.Answer{}, nil, err
	}
	var happened, of *int64
	for row := range t.Labels {
		if t.label(row, "kind") == "provider" && t.label(row, "provider") == answer.All {
			happened, of = t.count(row, "readmissions"), t.count(row, "discharges")
		}
	}
	out := begin(in.Name, append(slices.Clone(in.Dimensions), "finding"), in.Measures, answer.Value{Name: "percent"},
		answer.Value{Name: "baseline"}, answer.Value{Name: "lower_95"}, answer.Value{Name: "upper_95"},
		answer.Value{Name: "lower_998"}, answer.Value{Name: "upper_998"})
	for row := range t.Labels {
		finding, numbers := "none", blank(6)
		if t.label(row, "kind") == "provider" && happened != nil && of != nil && *of > 0 {
			finding, numbers = t.place(row, float64(*happened)/float64(*of))
		}
		out.add(append(slices.Clone(t.Labels[row]), finding), t.Counts[row], numbers)
	}
	return out.Answer, nil, nil
}

// place says where the provider of a row lies, in words and numbers (per cent).
func (t table) place(row int, baseline float64) (string, []*float64) {
	x, n := t.known(row, "readmissions"), t.known(row, "discharges")
	at95, at998 := FunnelLimits(baseline, n, Confidence95()).scaled(100), FunnelLimits(baseline, n, Confidence998()).scaled(100)
	numbers := []*float64{given(float64(x) / float64(n) * 100), given(baseline * 100),
		given(at95.Low), given(at95.High), given(at998.Low), given(at998.High)}
	finding := string(InFunnel(x, n, baseline))
	if n < fewest || x > 0 && x < fewest {
		finding = "too few to say"
	}
	if t.label(row, "provider") == answer.All {
		finding = "the baseline"
	}
	return finding, numbers
}
