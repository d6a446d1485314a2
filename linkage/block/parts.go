package block

import (
	"slices"

	"tre/internal/problem"
	"tre/linkage/condition"
	"tre/linkage/model"
)

// Conjunction is one way to satisfy a blocking rule, taken apart: equalities of
// an expression of the left record with one of the right, arrays of which any
// element may agree, and other conditions. A rule with OR has several.
type Conjunction struct {
	Rule     int
	Keys     []Equality
	Explode  []Equality
	Filters  []*condition.Expr
	Equality []*condition.Expr // of Keys, as they were written
}

// Equality is an expression of the left record and one of the right.
type Equality struct{ Left, Right *condition.Expr }

// TakeApart gives the conjunctions of rules in the order in which pairs belong
// to them.
func TakeApart(rules []model.BlockingRule) ([]Conjunction, error) {
	var all []Conjunction
	for i, rule := range rules {
		if rule.Test == nil {
			return nil, problem.New(problem.Usage, "write it as equalities joined by AND, such as l.surname = r.surname AND l.dob = r.dob, and other conditions beside them",
				"blocking rule %d cannot be read: %s", i+1, rule.SQL)
		}
		for _, alternative := range alternatives(rule.Test) {
			c := Conjunction{Rule: i}
			for _, test := range conjuncts(alternative) {
				c.take(test, rule.ArraysToExplode)
			}
			all = append(all, c)
		}
	}
	return all, nil
}

func (c *Conjunction) take(test *condition.Expr, explode []string) {
	if test.Kind == condition.Operator && test.Name == "=" {
		if left, right, ok := oneEach(test); ok {
			if left.Kind == condition.Column && slices.Contains(explode, left.Name) && right.Kind == condition.Column && right.Name == left.Name {
				c.Explode = append(c.Explode, Equality{left, right})
				return
			}
			c.Keys, c.Equality = append(c.Keys, Equality{left, right}), append(c.Equality, test)
			return
		}
	}
	c.Filters = append(c.Filters, test)
}
