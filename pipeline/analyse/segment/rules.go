package segment

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tre/internal/problem"
	"tre/sql"
)

// Table is an ordered rule table. The first exclusive rule that holds of a
// person names the person's one segment; every flag rule that holds adds a flag.
type Table struct {
	Name  string
	Title string
	Scope *Condition // who the table is for; nil is everyone
	Rules []Rule     // exclusive ones in order of place; the last is "true"
	Flags []Rule     // overlapping, in order of place
}

// Rule names the people of whom its condition holds.
type Rule struct {
	Place     int // its number in the file, from 1
	Segment   string
	Condition Condition
	Text      string // the condition as it is written
}

// The kinds of rule in a file.
const (
	scopeRule     = "scope"     // at most one: who the table is for
	exclusiveRule = "exclusive" // first match wins
	flagRule      = "flag"      // all that match
)

// ReferenceName gives the name of the reference table that holds the rules.
func ReferenceName(rules string) string { return "segment_rules_" + rules }

// Published reads a rule table that comes with the program.
func Published(rules string, features []Feature) (Table, error) {
	references, err := sql.References()
	if err != nil {
		return Table{}, err
	}
	at := slices.IndexFunc(references, func(r sql.Reference) bool { return r.Name == ReferenceName(rules) })
	if at < 0 {
		return Table{}, problem.New(problem.Usage, "tre analyse list shows what the parameter rules may be", "there is no such rule table")
	}
	return ParseTable(rules, references[at].Title, references[at].Rows, features)
}

// ParseTable checks the rows of a rule file: place, segment, kind, condition.
// An error names the rule and, inside its condition, the line and the column.
func ParseTable(name, title string, rows [][]string, features []Feature) (Table, error) {
	t := Table{Name: name, Title: title}
	for i, row := range rows {
		if err := t.add(i+1, row, features); err != nil {
			return Table{}, problem.Wrap(err, problem.Failed, "correct the rule table", "segment rules %s: rule %d", name, i+1)
		}
	}
	if err := t.whole(); err != nil {
		return Table{}, problem.Wrap(err, problem.Failed, "correct the rule table", "segment rules %s", name)
	}
	return t, nil
}

func (t *Table) add(place int, row []string, features []Feature) error {
	if len(row) != 4 {
		return errors.New("a rule has a place, a segment, a kind and a condition")
	}
	if row[0] != strconv.Itoa(place) {
		return errors.New("places count from 1 without a gap, in order")
	}
	if row[1] == "" || strings.ContainsAny(row[1], ";|\n\"'") {
		return errors.New("a segment has a name, without quotes, semicolons or bars")
	}
	condition, err := ParseCondition(row[3], features)
	if err != nil {
		return fmt.Errorf("condition, %w", err)
	}
	rule := Rule{place, row[1], condition, row[3]}
	switch row[2] {
	case scopeRule:
		if t.Scope != nil {
			return errors.New("a table has one scope")
		}
		t.Scope = &condition
	case exclusiveRule:
		t.Rules = append(t.Rules, rule)
	case flagRule:
		t.Flags = append(t.Flags, rule)
	default:
		return errors.New("the kind of a rule is scope, exclusive or flag")
	}
	return nil
}

// whole refuses a table that could leave somebody without a segment: its last
// exclusive rule has to hold of everyone.
func (t *Table) whole() error {
	if len(t.Rules) == 0 || t.Rules[len(t.Rules)-1].Condition.root != constant(true) {
		return errors.New("the last exclusive rule has to be: true; otherwise somebody could be without a segment")
	}
	for i, rule := range t.Rules[:len(t.Rules)-1] {
		if rule.Condition.root == constant(true) {
			return fmt.Errorf("rule %d holds of everyone, so rule %d is never reached", rule.Place, t.Rules[i+1].Place)
		}
	}
	return nil
}

// Features gives every feature the table names, in order, each once.
func (t Table) Features() []string {
	var names []string
	for _, rule := range slices.Concat(t.Rules, t.Flags) {
		for _, name := range rule.Condition.Features() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// Assignment is what a rule table says of one person.
type Assignment struct {
	Segment string   // "" when there is none, and then Reason says why
	Rule    *Rule    // the rule that decided; nil when none did
	Flags   []string // overlapping
	Reason  string
}

// Assign applies the table to one person. A rule that cannot be decided before
// any rule holds makes the person not assessable: it is not passed over as if
// the answer were no.
func (t Table) Assign(v Values) Assignment {
	var a Assignment
	for _, f := range t.Flags {
		if holds := f.Condition.Truth(v); holds != nil && *holds {
			a.Flags = append(a.Flags, f.Segment)
		}
	}
	if t.Scope != nil {
		switch inside := t.Scope.Truth(v); {
		case inside == nil:
			a.Reason = notKnown(*t.Scope, v)
			return a
		case !*inside:
			a.Reason = outsideScope
			return a
		}
	}
	for _, rule := range t.Rules {
		switch holds := rule.Condition.Truth(v); {
		case holds == nil:
			a.Reason = notKnown(rule.Condition, v)
			return a
		case *holds:
			a.Segment, a.Rule = rule.Segment, &rule
			return a
		}
	}
	return a
}

const (
	outsideScope = "outside the scope of the rule table"
	unknownWords = "not known: "
)

// notKnown names what is missing: first of all what the condition needs.
func notKnown(c Condition, v Values) string {
	for _, names := range [][]string{c.Needed(), c.Features()} {
		missing := slices.DeleteFunc(names, func(name string) bool { return v[name] != nil })
		if len(missing) > 0 {
			return unknownWords + strings.Join(missing, ", ")
		}
	}
	return unknownWords
}
