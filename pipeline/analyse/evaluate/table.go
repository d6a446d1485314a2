package evaluate

import (
	"fmt"
	"math"
	"slices"

	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
)

// table reads the columns of an answer by name.
type table struct{ answer.Answer }

func (t table) label(row int, dimension string) string {
	at := slices.Index(t.Dimensions, dimension)
	if at < 0 {
		panic(fmt.Sprintf("question %s has no dimension %s", t.Name, dimension))
	}
	return t.Labels[row][at]
}

func (t table) count(row int, measure string) *int64 {
	at := slices.Index(t.Measures, measure)
	if at < 0 {
		panic(fmt.Sprintf("question %s has no count %s", t.Name, measure))
	}
	return t.Counts[row][at]
}

// find gives the counts of the first row with these labels.
func (t table) find(labels map[string]string) ([]*int64, error) {
	for i := range t.Labels {
		found := true
		for dimension, label := range labels {
			found = found && t.label(i, dimension) == label
		}
		if found {
			return t.Counts[i], nil
		}
	}
	return nil, fmt.Errorf("question %s gives no row of kind %s", t.Name, labels["kind"])
}

// add appends a row; numbers are by name of a value, and what is not a number is
// left out.
func (t *table) add(labels []string, counts []*int64, numbers map[string]float64) {
	row := make([]*float64, len(t.Values))
	for i, v := range t.Values {
		if n, given := numbers[v.Name]; given && !math.IsNaN(n) {
			row[i] = &n
		}
	}
	t.Labels, t.Counts, t.Numbers = append(t.Labels, labels), append(t.Counts, counts), append(t.Numbers, row)
}

// numbers gives an estimate's columns.
func (e Estimate) numbers() map[string]float64 {
	return map[string]float64{"estimate": e.Value, "standard_error": e.Error, "lower_95": e.Low, "upper_95": e.High}
}

func statistics(names ...string) []answer.Value {
	values := []answer.Value{{Name: "rate"}}
	for _, name := range names {
		values = append(values, answer.Value{Name: name, Statistic: true})
	}
	return values
}

func errNothingRecorded() error {
	return problem.New(problem.Failed, "link the feed that records it, or name another activity",
		"the activity is not assessable: no feed had recorded any of it by the as-at date")
}
