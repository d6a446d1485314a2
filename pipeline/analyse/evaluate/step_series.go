package evaluate

import (
	"fmt"
	"strconv"
	"strings"

	"tre/pipeline/analyse/answer"
)

// InterruptedTimeSeries finishes the question interrupted_time_series: it fits
// the monthly counts and adds, to each month, its rate for each 1,000 people, the
// fitted rate and the rate without the change with its interval; then what
// changed, diagnostics of the fit, and the check that a series has no comparator.
func InterruptedTimeSeries(a answer.Answer, p answer.Parameters) (answer.Answer, []answer.Document, error) {
	in := table{a}
	months, of := seriesMonths(in)
	if len(months) == 0 {
		return answer.Answer{}, nil, errNothingRecorded()
	}
	options := SeriesOptions{Poisson: p.Text("series_model") == "poisson", Harmonics: p.Integer("season_pairs"), Lag: p.Integer("lag_months")}
	series, err := FitSeries(months, options)
	if err != nil {
		return answer.Answer{}, nil, err
	}
	total, err := in.find(map[string]string{"kind": "total", "period": answer.All})
	if err != nil {
		return answer.Answer{}, nil, err
	}
	out := table{answer.Answer{Name: a.Name, Dimensions: a.Dimensions, Measures: a.Measures,
		Values: statistics("fitted", "without", "lower_95", "upper_95", "estimate", "standard_error")}}
	early := earlyMonths(in)
	for i := early; i < len(in.Labels); i++ {
		out.add(in.Labels[i], in.Counts[i], series.monthNumbers(in, i, of[i]))
	}
	for _, row := range series.changes() {
		out.add([]string{"estimate", row.name, answer.All}, total, row.Estimate.numbers())
	}
	left := namedEstimate{"months left out: before anything of the kind was recorded", Estimate{Value: float64(early)}}
	for _, row := range append(series.diagnostics(), left) {
		out.add([]string{"diagnostic", row.name, answer.All}, total, map[string]float64{"estimate": row.Value})
	}
	out.add([]string{"check", "regression to the mean: people of a series that nothing is compared with", answer.All}, total, nil)
	return out.Answer, []answer.Document{series.card(p)}, nil
}

// seriesMonths gives the months that can be fitted, and for each row of the
// answer which of them it is, or -1.
func seriesMonths(in table) (months []Month, of []int) {
	first := -1
	for i := range in.Labels {
		of = append(of, -1)
		events, population := in.count(i, "events"), in.count(i, "population")
		period := in.label(i, "period")
		if in.label(i, "kind") != "month" || events == nil || population == nil || *population == 0 {
			continue
		}
		if first < 0 {
			first = i
		}
		if period == "change" {
			continue
		}
		calendar, _ := strconv.Atoi(in.label(i, "item")[len("2006-"):])
		of[i] = len(months)
		months = append(months, Month{Time: i - first + 1, After: period == "after", Calendar: calendar,
			Events: float64(*events), Population: float64(*population)})
	}
	return months, of
}

// earlyMonths counts the rows before the first month that is assessable: they
// would only make the picture wide.
func earlyMonths(in table) int {
	row := 0
	for in.label(row, "kind") == "month" && in.count(row, "events") == nil {
		row++
	}
	return row
}

func (s Series) monthNumbers(in table, row, month int) map[string]float64 {
	if month < 0 {
		return nil
	}
	without := s.Without(month)
	return map[string]float64{"rate": s.months[month].Rate(), "fitted": s.Fitted(month).Value, "without": without.Value,
		"lower_95": without.Low, "upper_95": without.High}
}

// namedEstimate is a row of the answer below its months.
type namedEstimate struct {
	name string
	Estimate
}

// changes are what a reader asks of the series.
func (s Series) changes() []namedEstimate {
	first := 0
	for !s.months[first].After {
		first++
	}
	kind := ""
	if s.Ratio {
		kind = " (ratio)"
	}
	return []namedEstimate{
		{"trend before, a month" + kind, s.Term(1)},
		{"change of level" + kind, s.Term(2)},
		{"change of trend, a month" + kind, s.Term(3)},
		{"change in the first month" + kind, s.Change(first)},
		{"change in the last month" + kind, s.Change(len(s.months) - 1)},
	}
}

// diagnostics tell how far the answer can be trusted.
func (s Series) diagnostics() []namedEstimate {
	var before []int
	for i, m := range s.months {
		if !m.After {
			before = append(before, i)
		}
	}
	off := 0.0
	for _, i := range before[len(before)-3:] {
		off += (s.months[i].Rate() - s.Fitted(i).Value) / 3
	}
	rows := []namedEstimate{{"regression to the mean: last three months before, above (+) or below (-) their trend", Estimate{Value: off}}}
	if s.Ratio {
		return append(rows, namedEstimate{"dispersion: 1 where events come singly and by chance", Estimate{Value: s.Dispersion}})
	}
	return append(rows, namedEstimate{"Durbin-Watson: 2 where a month says nothing of the next", Estimate{Value: s.DurbinWatson}})
}

// card is the model in full. It holds nothing that the answer does not.
func (s Series) card(p answer.Parameters) answer.Document {
	var b strings.Builder
	fmt.Fprintf(&b, "# Interrupted time series\n\nModel: %s, %d months, change on %s.\n", p.Text("series_model"), len(s.months), p.Text("intervention"))
	fmt.Fprintf(&b, "\nA series without a comparator cannot tell the change from anything else that happened at the time, and a change\n"+
		"made after bad months is followed by better ones by itself (regression to the mean).\n\n| term | coefficient | standard error |\n|---|---|---|\n")
	for i, standardError := range s.Covariance.Errors() {
		fmt.Fprintf(&b, "| %s | %.6g | %.6g |\n", s.Terms[i], s.Coefficients[i], standardError)
	}
	return answer.Document{Name: "interrupted_time_series.md", MediaType: "text/markdown", Text: []byte(b.String())}
}
