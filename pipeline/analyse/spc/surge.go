package spc

import (
	"math"
	"slices"

	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
)

// Surge finishes the question surge: it adds to each week of each series its
// mean and process limits (values mean, lower and upper, in events a week), the
// rule it breaks (label cause), what that means (variation), whether it is a
// special cause towards more (surge, yes or no), and how sure the limits are
// (limits). Mean and limits are rounded to halves. Rows that are no part of a chart have "not assessable" for these labels.
func Surge(in answer.Answer, p answer.Parameters) (answer.Answer, []answer.Document, error) {
	at, err := find(in)
	if err != nil {
		return answer.Answer{}, nil, err
	}
	out := in
	out.Dimensions = append(slices.Clone(in.Dimensions), "cause", "variation", "surge", "limits")
	out.Values = append(slices.Clone(in.Values), statistic("mean"), statistic("lower"), statistic("upper"))
	out.Labels, out.Numbers = nil, nil
	options := Options{
		Improvement: map[string]Improvement{"increase": Increase, "decrease": Decrease}[p.Text("better")],
		KeepRanges:  !p.Boolean("screen_outliers"),
	}
	for from := 0; from < len(in.Labels); {
		to := from + 1
		for to < len(in.Labels) && charted(in, at, from) && charted(in, at, to) && sameSeries(in, at, from, to) {
			to++
		}
		points := make([]Point, to-from)
		if charted(in, at, from) {
			if points, err = stretch(in, at, from, to, options); err != nil {
				return answer.Answer{}, nil, err
			}
		}
		for i, point := range points {
			labels, numbers := describe(point, charted(in, at, from))
			out.Labels = append(out.Labels, slices.Concat(in.Labels[from+i], labels))
			out.Numbers = append(out.Numbers, slices.Concat(numbersOf(in, from+i), numbers))
		}
		from = to
	}
	return out, nil, nil
}

// columns are where the question's columns stand.
type columns struct{ series, provider, chart, events int }

func find(in answer.Answer) (columns, error) {
	at := columns{
		series: slices.Index(in.Dimensions, "series"), provider: slices.Index(in.Dimensions, "provider"),
		chart: slices.Index(in.Dimensions, "chart"), events: slices.Index(in.Measures, "events"),
	}
	if min(at.series, at.provider, at.chart, at.events) < 0 {
		return at, problem.New(problem.Failed, "ask the question surge", "there are no series, provider, chart and events to make a chart from")
	}
	return at, nil
}

// charted reports whether a row is a week of a chart.
func charted(in answer.Answer, at columns, row int) bool {
	chart := in.Labels[row][at.chart]
	return (chart == "baseline" || chart == "judged") && in.Counts[row][at.events] != nil
}

func sameSeries(in answer.Answer, at columns, a, b int) bool {
	return in.Labels[a][at.series] == in.Labels[b][at.series] && in.Labels[a][at.provider] == in.Labels[b][at.provider]
}

// stretch charts the weeks from row from up to row to, which follow one another.
func stretch(in answer.Answer, at columns, from, to int, o Options) ([]Point, error) {
	values := make([]float64, 0, to-from)
	for row := from; row < to; row++ {
		values = append(values, float64(*in.Counts[row][at.events]))
		if in.Labels[row][at.chart] == "baseline" {
			o.FixAfter++
		}
	}
	if o.FixAfter == len(values) {
		o.FixAfter = 0
	}
	chart, err := XmR(values, o)
	return chart.Points, err
}

func describe(p Point, charted bool) ([]string, []*float64) {
	if !charted {
		const none = "not assessable"
		return []string{none, none, none, none}, []*float64{nil, nil, nil}
	}
	surge, limits := "no", "usual"
	if p.Cause.High() {
		surge = "yes"
	}
	labels := func(limits string) []string { return []string{p.Cause.String(), p.Variation.String(), surge, limits} }
	switch {
	case !p.Limited():
		return labels("none: the series hardly varies"), []*float64{half(p.Mean), nil, nil}
	case p.Short:
		limits = "unsure: fewer than 13 weeks"
	}
	return labels(limits), []*float64{half(p.Mean), half(max(0, p.Lower)), half(p.Upper)}
}

func statistic(name string) answer.Value { return answer.Value{Name: name, Statistic: true} }

// half rounds to the nearest half event a week. A mean times its weeks is a
// count, and the means of this week and of the next would give the week between
// exactly; halves over 13 weeks and more blur it as rounding to 5 does.
func half(x float64) *float64 {
	x = math.Round(2*x) / 2
	return &x
}

// numbersOf gives a row's values, none when the question has none.
func numbersOf(in answer.Answer, row int) []*float64 {
	if row < len(in.Numbers) {
		return in.Numbers[row]
	}
	return nil
}
