package model

import (
	"fmt"
	"strings"

	"tre/internal/pattern"
	"tre/linkage/condition"
)

// Expression is what the library's comparisons and BlockOn compare: a column,
// or SQL over the columns of one record, possibly transformed.
type Expression struct {
	column     string // the column when it is one and nothing was done to it
	name       string // for naming a comparison
	label      string
	levelSides [2]string // SQL for "name_l", for "name_r"
	ruleSides  [2]string // SQL for l."name", for r."name"
}

// Column is a column by its exact name.
func Column(name string) Expression {
	return Expression{
		column: name, name: name, label: name,
		levelSides: [2]string{quote(name + "_l"), quote(name + "_r")},
		ruleSides:  [2]string{"l." + quote(name), "r." + quote(name)},
	}
}

// SQL is an expression over the columns of one record, such as
// SUBSTRING(dob, 1, 4). The error is a *condition.Unsupported.
func SQL(text string) (Expression, error) {
	e := Expression{name: notInNames.ReplaceAllString(text, "_"), label: text}
	for i, side := range []condition.Side{condition.Left, condition.Right} {
		var err error
		if e.levelSides[i], err = condition.PlainText(text, side, false); err != nil {
			return Expression{}, err
		}
		if e.ruleSides[i], err = condition.PlainText(text, side, true); err != nil {
			return Expression{}, err
		}
	}
	return e, nil
}

var notInNames = pattern.New(`[^\pL\pN_]+`)

// Parse takes a text for SQL when it has brackets or ||, otherwise for the
// name of a column, as Splink does.
func Parse(text string) (Expression, error) {
	if strings.Contains(text, "||") || strings.Contains(text, "(") && strings.Contains(text, ")") {
		return SQL(text)
	}
	if strings.TrimSpace(text) == "" {
		return Expression{}, &condition.Unsupported{Reason: "the name of a column is empty"}
	}
	return Column(text), nil
}

// around puts SQL before and after the expression.
func (e Expression) around(before, after string) Expression {
	for i := range 2 {
		e.levelSides[i] = before + e.levelSides[i] + after
		e.ruleSides[i] = before + e.ruleSides[i] + after
	}
	e.column = ""
	if !strings.HasPrefix(e.label, "transformed ") {
		e.label = "transformed " + e.label
	}
	return e
}

// Lower is the expression in lower case.
func (e Expression) Lower() Expression { return e.around("LOWER(", ")") }

// Substring is a part of the expression; start counts from 1.
func (e Expression) Substring(start, length int) Expression {
	return e.around("SUBSTRING(", fmt.Sprintf(", %d, %d)", start, length))
}

// AsText is the expression as text.
func (e Expression) AsText() Expression { return e.around("CAST(", " AS TEXT)") }

// Extract is what a regular expression finds, or what its group finds when
// group is not 0; null when it finds nothing.
func (e Expression) Extract(pattern string, group int) Expression {
	return e.around("NULLIF(regexp_extract(", fmt.Sprintf(", %s, %d), '')", literal(pattern), group))
}

// NullIf is the expression, or null where it is the given text.
func (e Expression) NullIf(text string) Expression {
	return e.around("NULLIF(", ", "+literal(text)+")")
}

// ParseDate reads a date from text; "" stands for the format %Y-%m-%d. What
// cannot be read is null.
func (e Expression) ParseDate(format string) Expression {
	if format == "" {
		format = "%Y-%m-%d"
	}
	return e.around("try_strptime(", ", "+literal(format)+")")
}

// ParseTimestamp reads a time from text; "" stands for %Y-%m-%dT%H:%M:%SZ.
// What cannot be read is null.
func (e Expression) ParseTimestamp(format string) Expression {
	if format == "" {
		format = "%Y-%m-%dT%H:%M:%SZ"
	}
	return e.around("try_strptime(", ", "+literal(format)+")")
}

// First is the first element of a list.
func (e Expression) First() Expression { return e.around("", "[1]") }

// Last is the last element of a list.
func (e Expression) Last() Expression { return e.around("", "[-1]") }

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// both writes SQL in which %[1]s is the left side and %[2]s the right.
func (e Expression) both(format string) string {
	return fmt.Sprintf(format, e.levelSides[0], e.levelSides[1])
}

// BlockOn is a rule that all expressions agree.
func BlockOn(expressions ...Expression) BlockingRule {
	parts := make([]string, len(expressions))
	for i, e := range expressions {
		parts[i] = e.ruleSides[0] + " = " + e.ruleSides[1]
		if len(expressions) > 1 {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return Rule(strings.Join(parts, " AND "))
}

// Rule is a blocking rule in SQL over l and r.
func Rule(sql string) BlockingRule {
	b := BlockingRule{SQL: sql}
	_ = b.compile() // a rule that only DuckDB can read has no tree
	return b
}

// Exploding is the rule with array columns of which any element may agree.
func (b BlockingRule) Exploding(columns ...string) BlockingRule {
	b.ArraysToExplode = columns
	return b
}
