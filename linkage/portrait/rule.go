package portrait

import (
	"strings"

	"tre/linkage/condition"
	"tre/linkage/model"
)

// RuleName says a blocking rule in few words: what must agree, without saying
// of which record. A rule that cannot be read is its SQL.
func RuleName(rule model.BlockingRule) string {
	if rule.Test == nil {
		return rule.SQL
	}
	alternatives := []*condition.Expr{rule.Test}
	if rule.Test.Kind == condition.Or {
		alternatives = rule.Test.Args
	}
	var names []string
	for _, alternative := range alternatives {
		var parts []string
		for _, test := range alternative.Conjuncts() {
			parts = append(parts, conjunctName(test))
		}
		names = append(names, strings.Join(parts, ", "))
	}
	return strings.Join(names, " or ")
}

// conjunctName is an expression that must agree, or the condition as it is.
func conjunctName(test *condition.Expr) string {
	if test.Kind == condition.Operator && test.Name == "=" {
		name := func(e *condition.Expr) string { return e.Print(func(r condition.Reference) string { return r.Name }) }
		if left := name(test.Args[0]); left == name(test.Args[1]) {
			return left
		}
	}
	return test.Rule()
}
