package evaluate

import (
	"slices"
	"strings"

	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
)

// DifferenceInDifferences finishes the question difference_in_differences: from
// counts by practice and quarter it gives, by arm, the mean of the practices'
// rates for each 1,000 people, the estimates with clustered errors, and checks.
// No practice is in the answer by itself.
func DifferenceInDifferences(a answer.Answer, p answer.Parameters) (answer.Answer, []answer.Document, error) {
	in := table{a}
	cells, err := differenceCells(in, p.Text("treated_practices"))
	if err != nil {
		return answer.Answer{}, nil, err
	}
	fitted, err := FitDifference(cells)
	if err != nil {
		return answer.Answer{}, nil, err
	}
	out := table{answer.Answer{Name: a.Name, Dimensions: []string{"kind", "item", "arm", "period"}, Measures: a.Measures,
		Values: statistics("estimate", "standard_error", "lower_95", "upper_95")}}
	total, err := in.find(map[string]string{"kind": "total", "arm": answer.All, "period": answer.All})
	if err != nil {
		return answer.Answer{}, nil, err
	}
	early := addQuarters(&out, in)
	if err := addDifferences(&out, in, fitted); err != nil {
		return answer.Answer{}, nil, err
	}
	out.add([]string{"diagnostic", "quarters left out: before anything of the kind was recorded", answer.All, answer.All}, total,
		map[string]float64{"estimate": float64(early)})
	for i := range in.Labels {
		if in.label(i, "kind") == "check" {
			out.add([]string{"check", in.label(i, "item"), answer.All, answer.All}, in.Counts[i], nil)
		}
	}
	return out.Answer, nil, nil
}

// differenceCells reads the cells, leaving out quarters that are not assessable
// for anyone, and refuses a treated practice that is not among them.
func differenceCells(in table, treated string) ([]Cell, error) {
	var cells []Cell
	groups, periods := map[string]int{}, map[string]int{}
	found := false
	for i := range in.Labels {
		if in.label(i, "kind") != "cell" {
			continue
		}
		found = true
		practice, quarter := in.label(i, "practice"), in.label(i, "item")
		if _, known := groups[strings.ToUpper(practice)]; !known {
			groups[strings.ToUpper(practice)] = len(groups)
		}
		events, population := in.count(i, "events"), in.count(i, "population")
		if events == nil || population == nil {
			continue
		}
		if *population == 0 {
			return nil, problem.New(problem.Failed, "raise least_people or shorten the series", "a practice has no people in a quarter")
		}
		if _, known := periods[quarter]; !known {
			periods[quarter] = len(periods)
		}
		cells = append(cells, Cell{Group: groups[strings.ToUpper(practice)], Period: periods[quarter], Treated: in.label(i, "arm") == "treated",
			After: in.label(i, "period") == "after", Outcome: 1000 * float64(*events) / float64(*population)})
	}
	if found && len(cells) == 0 {
		return nil, errNothingRecorded()
	}
	for code := range strings.SplitSeq(strings.ToUpper(treated), ",") {
		if _, known := groups[strings.TrimSpace(code)]; !known {
			return nil, problem.New(problem.Usage, "give codes of practices with commas between them, as the registrations write them, or lower least_people",
				"a practice named in treated_practices is not among the practices compared")
		}
	}
	return cells, nil
}

// addQuarters gives each arm's counts and mean rate by quarter, in order, and how
// many quarters it left out before the first that is assessable.
func addQuarters(out *table, in table) (early int) {
	type key struct{ item, arm, period string }
	type sum struct {
		counts   [3]int64
		rates    float64
		cells    float64
		unknowns bool
	}
	sums, order := map[key]*sum{}, []key(nil)
	for i := range in.Labels {
		if in.label(i, "kind") != "cell" {
			continue
		}
		k := key{in.label(i, "item"), in.label(i, "arm"), in.label(i, "period")}
		if sums[k] == nil {
			sums[k], order = &sum{}, append(order, k)
		}
		s := sums[k]
		population, people, events := in.count(i, "population"), in.count(i, "people"), in.count(i, "events")
		if population == nil || people == nil || events == nil {
			s.unknowns = true
			continue
		}
		s.counts[0], s.counts[1], s.counts[2] = s.counts[0]+*population, s.counts[1]+*people, s.counts[2]+*events
		s.rates, s.cells = s.rates+1000*float64(*events)/float64(*population), s.cells+1
	}
	slices.SortStableFunc(order, func(a, b key) int {
		return strings.Compare(a.item+"\x00"+a.arm, b.item+"\x00"+b.arm)
	})
	known, left := false, map[string]bool{}
	for _, k := range order {
		s := sums[k]
		if known = known || !s.unknowns; !known {
			left[k.item] = true
			continue
		}
		labels := []string{"quarter", k.item, k.arm, k.period}
		if s.unknowns {
			out.add(labels, []*int64{nil, nil, nil}, nil)
			continue
		}
		out.add(labels, []*int64{&s.counts[0], &s.counts[1], &s.counts[2]}, map[string]float64{"rate": s.rates / s.cells})
	}
	return len(left)
}

// addDifferences gives the means, the estimates and the diagnostics of the fit.
func addDifferences(out *table, in table, d Difference) error {
	total := map[[2]string][]*int64{}
	for _, arm := range []string{answer.All, "treated", "comparison"} {
		for _, period := range []string{answer.All, "before", "after"} {
			counts, err := in.find(map[string]string{"kind": "total", "arm": arm, "period": period})
			if err != nil {
				return err
			}
			total[[2]string{arm, period}] = counts
		}
	}
	for treated, arm := range []string{"comparison", "treated"} {
		for after, period := range []string{"before", "after"} {
			out.add([]string{"mean", "mean of practices and quarters", arm, period}, total[[2]string{arm, period}],
				map[string]float64{"rate": d.Means[treated][after]})
		}
	}
	all := total[[2]string{answer.All, answer.All}]
	out.add([]string{"estimate", "two by two", answer.All, answer.All}, all, d.Simple.numbers())
	out.add([]string{"estimate", "with a level for every practice and quarter", answer.All, answer.All}, all, d.TwoWay.numbers())
	before := total[[2]string{answer.All, "before"}]
	if d.HasTrend() {
		out.add([]string{"diagnostic", "parallel trends: difference in trend before, a quarter", answer.All, answer.All}, before, d.TrendBefore.numbers())
	}
	out.add([]string{"diagnostic", "regression to the mean: treated practices before, less the others", answer.All, answer.All}, before,
		map[string]float64{"estimate": d.Means[1][0] - d.Means[0][0]})
	out.add([]string{"diagnostic", "treated practices", answer.All, answer.All}, total[[2]string{"treated", answer.All}],
		map[string]float64{"estimate": float64(d.TreatedGroups)})
	out.add([]string{"diagnostic", "comparison practices", answer.All, answer.All}, total[[2]string{"comparison", answer.All}],
		map[string]float64{"estimate": float64(d.Groups - d.TreatedGroups)})
	out.add([]string{"check", "regression to the mean: people of treated practices, whose change alone says nothing", answer.All, answer.All},
		total[[2]string{"treated", answer.All}], nil)
	return nil
}
