package train

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"tre/linkage/condition"
	"tre/linkage/model"
	"tre/linkage/records"
)

// ChoosePlan makes a training plan for records nobody made one for: two
// sessions or more, of pairs that agree on the two most telling columns and then
// on the next two, so that every comparison is trained in one; a prior from
// pairs that agree on three telling columns, its recall estimated; u exact.
func ChoosePlan(m *model.Model, t *records.Table) *Plan {
	columns := telling(m, t)
	p := &Plan{U: U{Method: "exact"}}
	p.EM = sessionRules(m, t, columns)
	p.Prior.DeterministicRules = deterministicRules(m, t, columns)
	if len(p.Prior.DeterministicRules) == 0 {
		p.Prior.Probability = m.Prior
	}
	return p
}

// tellingColumn is a column that some comparison asks to be equal.
type tellingColumn struct {
	name       string
	comparison int
	agreeing   float64 // share of random pairs of known values that agree
	known      float64 // share of records with a value
}

// telling lists the columns of exact matches, the most telling first; one a
// comparison.
func telling(m *model.Model, t *records.Table) []tellingColumn {
	var found []tellingColumn
	for i := range m.Comparisons {
		for _, name := range m.Comparisons[i].Columns() {
			c := t.Column(name)
			if m.Comparisons[i].ExactMatchLevelFor(name) < 0 || c == nil || c.Kind == records.TextList || c.Kind == records.NumberList || c.Known < 2 {
				continue
			}
			found = append(found, tellingColumn{c.Name, i, agreement(c), float64(c.Known) / float64(t.Rows)})
		}
	}
	sort.SliceStable(found, func(a, b int) bool { return found[a].score() < found[b].score() })
	return found
}

// score ranks a column: agreement by chance is bad, and so is missing values.
func (c tellingColumn) score() float64 { return c.agreeing / (c.known * c.known * c.known) }

func agreement(c *records.Column) float64 {
	var same float64
	for _, n := range c.Counts {
		same += float64(n) * float64(n-1)
	}
	return same / (float64(c.Known) * float64(c.Known-1))
}

// sessionRules pairs columns of different comparisons up: first with second,
// third with fourth; then, for a comparison every rule so far reads, others, and
// in the end single columns.
func sessionRules(m *model.Model, t *records.Table, columns []tellingColumn) []string {
	const mostAgreeing = 0.02 // columns that say more than this little
	useful := slices.DeleteFunc(slices.Clone(columns), func(c tellingColumn) bool { return c.agreeing > mostAgreeing })
	if len(useful) < 2 {
		useful = columns
	}
	var rules []string
	trained := make([]bool, len(m.Comparisons))
	take := func(pair ...tellingColumn) {
		var names []string
		for _, c := range pair {
			names = append(names, c.name)
		}
		rules = append(rules, equalities(names...))
		for i := range m.Comparisons {
			if !readsAny(m.Comparisons[i].Columns(), names) {
				trained[i] = true
			}
		}
	}
	for _, pair := range pairsOf(useful) {
		if trains(m, trained, pair[0], pair[1]) {
			take(pair[0], pair[1])
		}
	}
	for _, column := range columns { // two columns may leave nothing to train
		const mostPairs = 1e8 // one alone may make too many pairs
		if trains(m, trained, column) && column.agreeing*float64(t.Rows)*float64(t.Rows)/2 <= mostPairs {
			take(column)
		}
	}
	return rules
}

// trains says that a session of pairs that agree on some columns would train a
// comparison that none does yet.
func trains(m *model.Model, trained []bool, columns ...tellingColumn) bool {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	for i := range m.Comparisons {
		if !trained[i] && !readsAny(m.Comparisons[i].Columns(), names) {
			return true
		}
	}
	return false
}

// pairsOf lists pairs of columns of different comparisons, disjoint ones first.
func pairsOf(columns []tellingColumn) [][2]tellingColumn {
	var disjoint, others [][2]tellingColumn
	for i := range columns {
		for j := i + 1; j < len(columns); j++ {
			if columns[i].comparison == columns[j].comparison {
				continue
			}
			pair := [2]tellingColumn{columns[i], columns[j]}
			if i%2 == 0 && j == i+1 {
				disjoint = append(disjoint, pair)
			} else {
				others = append(others, pair)
			}
		}
	}
	return append(disjoint, others...)
}

// deterministicRules joins telling columns until chance agreement is under a
// hundredth of a pair in every hundred records.
func deterministicRules(m *model.Model, t *records.Table, columns []tellingColumn) []string {
	limit := 0.01 / float64(t.Rows)
	var rules []string
	for skip := range columns {
		var names []string
		comparisons := map[int]bool{}
		chance := 1.0
		for i, c := range columns {
			if i == skip && skip > 0 || comparisons[c.comparison] || chance < limit && len(names) >= 2 || c.agreeing > 0.2 {
				continue
			}
			comparisons[c.comparison] = true
			names = append(names, c.name)
			chance *= c.agreeing
		}
		rule := equalities(names...)
		if len(names) >= 2 && chance < limit && !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
		if len(rules) == 3 {
			break
		}
	}
	return rules
}

// equalities writes a rule.
func equalities(columns ...string) string {
	var terms []string
	for _, c := range columns {
		e := func(side condition.Side) *condition.Expr {
			return &condition.Expr{Kind: condition.Column, Name: c, Side: side}
		}
		terms = append(terms, fmt.Sprintf("%s = %s", e(condition.Left).Rule(), e(condition.Right).Rule()))
	}
	return strings.Join(terms, " AND ")
}
