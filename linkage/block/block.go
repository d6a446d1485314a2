// Package block finds the pairs of records worth comparing, by blocking rules.
//
// A rule is a condition over two records. Its equalities make keys: rows are
// sorted by key, and only rows that share one are paired. A pair belongs to the
// first rule it satisfies, which is decided by comparing keys, so that no list
// of pairs is ever kept or made distinct.
package block

import (
	"errors"
	"fmt"

	"tre/internal/problem"
	"tre/linkage/compare"
	"tre/linkage/condition"
	"tre/linkage/model"
	"tre/linkage/records"
)

// Rules are a model's blocking rules, ready to be turned into pairs.
type Rules struct {
	table *records.Table
	link  model.LinkType
	parts []*part // rules and the alternatives of rules, in order
	names []string

	prepared bool
	of       []int32 // by row and part: the group, or -1
	stride   int
}

// part is one conjunction of equalities and other conditions. A rule with OR
// has several.
type part struct {
	rule     int
	keys     []key     // equalities of one expression on both sides, or of two
	elements []element // arrays of which any element may agree
	filters  []compare.Condition
	groups   groups
}

// Add compiles rules. The plan's compiler must not be finished yet.
func Add(c *compare.Compiler, t *records.Table, link model.LinkType, rules []model.BlockingRule) (*Rules, error) {
	out := &Rules{table: t, link: link}
	for i, rule := range rules {
		out.names = append(out.names, rule.SQL)
		for _, alternative := range alternatives(rule.Test) {
			p, err := newPart(c, t, i, rule, alternative)
			if err != nil {
				return nil, fmt.Errorf("blocking rule %d: %w", i+1, err)
			}
			out.parts = append(out.parts, p)
		}
	}
	return out, nil
}

// alternatives are the conditions of which a rule asks for one.
func alternatives(e *condition.Expr) []*condition.Expr {
	if e == nil || e.Kind != condition.Or {
		return []*condition.Expr{e}
	}
	var all []*condition.Expr
	for _, arg := range e.Args {
		all = append(all, alternatives(arg)...)
	}
	return all
}

func conjuncts(e *condition.Expr) []*condition.Expr {
	if e.Kind != condition.And {
		return []*condition.Expr{e}
	}
	var all []*condition.Expr
	for _, arg := range e.Args {
		all = append(all, conjuncts(arg)...)
	}
	return all
}

func newPart(c *compare.Compiler, t *records.Table, rule int, source model.BlockingRule, e *condition.Expr) (*part, error) {
	p := &part{rule: rule}
	if e == nil {
		return nil, problem.New(problem.Usage, "write it as equalities joined by AND, such as l.surname = r.surname AND l.dob = r.dob, and other conditions beside them",
			"a rule that this program cannot read leaves every pair to be compared: %s", source.SQL)
	}
	for _, test := range conjuncts(e) {
		isKey, err := p.addKey(c, source.ArraysToExplode, test)
		if err != nil {
			return nil, err
		}
		if isKey {
			continue
		}
		filter, err := c.Condition(test)
		if _, isSlow := errors.AsType[*condition.Unsupported](err); isSlow {
			filter, err = c.SlowCondition(source.SQL, test.String(), err.Error()), nil
		}
		if err != nil {
			return nil, err
		}
		p.filters = append(p.filters, filter)
	}
	return p, nil
}

// Len is the number of rules.
func (r *Rules) Len() int { return len(r.names) }
