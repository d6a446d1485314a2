package rates

import (
	"math"
	"slices"

	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
)

// per is what rates of events are given for.
const per = 100_000

// table reads an answer by the names of its columns.
type table struct{ answer.Answer }

// needs refuses an answer without a column a step works with.
func (t table) needs(dimensions, measures []string) error {
	for _, name := range dimensions {
		if !slices.Contains(t.Dimensions, name) {
			return t.lacks("column " + name)
		}
	}
	for _, name := range measures {
		if !slices.Contains(t.Measures, name) {
			return t.lacks("column " + name)
		}
	}
	return nil
}

func (t table) lacks(what string) error {
	return problem.New(problem.Failed, "the question and its step do not belong together", "the answer of %s has no %s", t.Name, what)
}

func (t table) label(row int, name string) string {
	return t.Labels[row][slices.Index(t.Dimensions, name)]
}

// count is nil where nothing could be counted.
func (t table) count(row int, name string) *int64 {
	return t.Counts[row][slices.Index(t.Measures, name)]
}

// known gives a count, 0 where nothing could be counted.
func (t table) known(row int, name string) int64 {
	if n := t.count(row, name); n != nil {
		return *n
	}
	return 0
}

// begin starts an answer of a question with the given columns.
func begin(name string, dimensions, measures []string, values ...answer.Value) *table {
	return &table{answer.Answer{Name: name, Dimensions: dimensions, Measures: measures, Values: values}}
}

// add adds a row.
func (t *table) add(labels []string, counts []*int64, numbers []*float64) {
	t.Labels = append(t.Labels, labels)
	t.Counts = append(t.Counts, counts)
	t.Numbers = append(t.Numbers, numbers)
}

// estimates names the value columns of an estimate: the value and its limits.
// Each can be worked back to a count, so none is a statistic.
func estimates(value string) []answer.Value {
	return []answer.Value{{Name: value}, {Name: "lower_95"}, {Name: "upper_95"}, {Name: "lower_998"}, {Name: "upper_998"}}
}

// numbers gives an estimate as a row's values.
func (e Estimate) numbers() []*float64 {
	return []*float64{given(e.Value), given(e.At95.Low), given(e.At95.High), given(e.At998.Low), given(e.At998.High)}
}

// given is nil for what is not a number, which is how an answer says "not given".
func given(value float64) *float64 {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return nil
	}
	return &value
}

// blank is n values that are not given.
func blank(n int) []*float64 { return make([]*float64, n) }

// total is nil as soon as one part is: a sum with an unknown part is unknown.
func total(sum, part *int64) *int64 {
	if sum == nil || part == nil {
		return nil
	}
	n := *sum + *part
	return &n
}

func zero() *int64 { return new(int64) }
