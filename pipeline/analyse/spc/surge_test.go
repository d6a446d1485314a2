package spc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
	"tre/pipeline/analyse/spc"
)

func weekly(rows ...string) answer.Answer {
	in := answer.Answer{Name: "surge", Dimensions: []string{"kind", "series", "provider", "week", "chart"}, Measures: []string{"people", "events"}}
	for _, row := range rows {
		var labels [5]string
		var people, events int64
		n, err := fmt.Sscan(row, &labels[0], &labels[1], &labels[2], &labels[3], &labels[4], &people, &events)
		counts := []*int64{&people, &events}
		if n < 7 || err != nil {
			counts = []*int64{nil, nil}
		}
		in.Labels, in.Counts, in.Numbers = append(in.Labels, labels[:]), append(in.Counts, counts), append(in.Numbers, nil)
	}
	return in
}

func parameters() answer.Parameters {
	return answer.Parameters{"better": "decrease", "screen_outliers": "true"}
}

// shownAs writes an answer as lines: labels from the week on, then mean, lower and upper.
func shownAs(a answer.Answer) []string {
	var lines []string
	for i, labels := range a.Labels {
		line := strings.Join(labels[3:], ", ")
		for _, number := range a.Numbers[i] {
			if number == nil {
				line += ", -"
			} else {
				line += fmt.Sprintf(", %.3f", *number)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func TestSurgeLabelsWeeks(t *testing.T) {
	in := weekly("series ed all w0 not_told -", "series ed all w1 baseline 10 10", "series ed all w2 baseline 12 12", "series ed all w3 baseline 10 10",
		"series ed all w4 judged 40 41",
		"series ed all w5 judged 1 1", "series ed C w1 baseline 0 0", "series ed C w2 baseline 10 10", "series ed C w3 baseline 0 0",
		"series ed A w1 baseline 5 5", "series ed A w2 baseline 5 5", "series ed B w1 too_few 1 1", "check ed all none - 3 3")
	out, documents, err := spc.Surge(in, parameters())
	if err != nil || len(documents) != 0 {
		t.Fatal(err, documents)
	}
	want := []string{
		"w0, not_told, not assessable, not assessable, not assessable, not assessable, -, -, -",
		// Mean 32/3 and mean moving range 2: limits 5.32 either side.
		"w1, baseline, common cause, common cause, no, unsure: fewer than 13 weeks, 10.500, 5.500, 16.000",
		"w2, baseline, common cause, common cause, no, unsure: fewer than 13 weeks, 10.500, 5.500, 16.000",
		"w3, baseline, common cause, common cause, no, unsure: fewer than 13 weeks, 10.500, 5.500, 16.000",
		"w4, judged, above the upper limit, concern, yes, unsure: fewer than 13 weeks, 10.500, 5.500, 16.000",
		"w5, judged, below the lower limit, improvement, no, unsure: fewer than 13 weeks, 10.500, 5.500, 16.000",
		// Mean 10/3, limits 26.6 either side.
		"w1, baseline, common cause, common cause, no, unsure: fewer than 13 weeks, 3.500, 0.000, 30.000",
		"w2, baseline, common cause, common cause, no, unsure: fewer than 13 weeks, 3.500, 0.000, 30.000",
		"w3, baseline, common cause, common cause, no, unsure: fewer than 13 weeks, 3.500, 0.000, 30.000",
		"w1, baseline, common cause, common cause, no, none: the series hardly varies, 5.000, -, -",
		"w2, baseline, common cause, common cause, no, none: the series hardly varies, 5.000, -, -",
		"w1, too_few, not assessable, not assessable, not assessable, not assessable, -, -, -",
		"none, -, not assessable, not assessable, not assessable, not assessable, -, -, -",
	}
	if diff := cmp.Diff(want, shownAs(out)); diff != "" {
		t.Errorf("weeks (-want +got):\n%s", diff)
	}
	if len(out.Dimensions) != 9 || len(out.Values) != 3 || len(out.Counts) != len(out.Labels) || len(in.Dimensions) != 5 {
		t.Errorf("%d dimensions, %d values, %d and %d rows", len(out.Dimensions), len(out.Values), len(out.Counts), len(out.Labels))
	}
}

func TestSurgeRefusesAnotherQuestion(t *testing.T) {
	in := weekly()
	in.Dimensions[4] = "other"
	if _, _, err := spc.Surge(in, parameters()); err == nil || problem.HintOf(err) == "" {
		t.Errorf("error %v", err)
	}
	one := weekly("series ed all w1 baseline 10 10", "series ed all w2 judged 12 12")
	if _, _, err := spc.Surge(one, parameters()); problem.CodeOf(err) != problem.Usage {
		t.Errorf("limits from one week: %v", err)
	}
}
