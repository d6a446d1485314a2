// Package segment divides people into segments: by published rule tables, where
// the first rule that holds decides; by a regression tree on later cost; by
// k-means or k-prototypes. It also measures what a division is worth: variance
// reduction, concentration, agreement between two divisions and stability.
//
// Nothing here is NHS England's own segmentation, whose rules are only partly
// public.
package segment

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
)

// Segments is the step of the questions that assign segments by rule: in is a
// table of features, one row a person; out has person, segment, place, rule,
// flags, evidence and reason, with segment null exactly where reason is not.
// The parameter rules names the rule table.
func Segments(ctx context.Context, db *duck.DB, in, out string, p answer.Parameters) ([]answer.Document, error) {
	features, err := featuresOf(ctx, db, in)
	if err != nil {
		return nil, err
	}
	table, err := Published(p.Text("rules"), features)
	if err != nil {
		return nil, err
	}
	if err := table.Apply(ctx, db, in, out); err != nil {
		return nil, err
	}
	return []answer.Document{table.Document()}, nil
}

// conditionsColumn lists a person's conditions, for the evidence.
const conditionsColumn = "conditions"

// Apply makes the temp table out from the temp table in, and fails if anybody
// is left without a segment and without a reason.
func (t Table) Apply(ctx context.Context, db *duck.DB, in, out string) error {
	features, err := featuresOf(ctx, db, in)
	if err != nil {
		return err
	}
	more := "''"
	if slices.Contains(features, Feature{conditionsColumn, Text}) {
		more = "CASE WHEN " + conditionsColumn + " <> '' THEN '; conditions: ' || " + conditionsColumn + " ELSE '' END"
	}
	if err := db.Exec(ctx, "CREATE TEMP TABLE "+duck.Name(out)+" AS "+t.query(in, more)); err != nil {
		return fmt.Errorf("assign segments: %w", err)
	}
	var unassigned, people, rows int64
	err = db.Row(ctx, []any{&unassigned, &people, &rows}, "SELECT count(*) FILTER (WHERE segment IS NULL AND reason IS NULL), "+
		"count(DISTINCT person), (SELECT count(*) FROM "+duck.Name(in)+") FROM "+duck.Name(out))
	if err != nil {
		return err
	}
	if unassigned != 0 || people != rows {
		return problem.New(problem.Failed, "this is a mistake in the program: tell its makers",
			"segment rules %s: %d of %d people have no segment and no reason, %d have one row", t.Name, unassigned, rows, people)
	}
	return nil
}

// query decides in one expression: the place of the first rule that holds, or
// its negative where that rule cannot be decided; 0 is outside the scope. more is
// SQL for what is added to the evidence.
func (t Table) query(in, more string) string {
	var hit, segment, rule, reason, evidence strings.Builder
	if t.Scope != nil {
		fmt.Fprintf(&hit, " WHEN %s IS NULL THEN -1000000 WHEN NOT %s THEN 0", t.Scope.SQL(), t.Scope.SQL())
		fmt.Fprintf(&reason, " WHEN 0 THEN %s WHEN -1000000 THEN %s", duck.Text(outsideScope), missingSQL(*t.Scope))
	}
	for _, r := range t.Rules {
		condition := r.Condition.SQL()
		fmt.Fprintf(&hit, " WHEN %s IS NULL THEN %d WHEN %s THEN %d", condition, -r.Place, condition, r.Place)
		fmt.Fprintf(&segment, " WHEN %d THEN %s", r.Place, duck.Text(r.Segment))
		fmt.Fprintf(&rule, " WHEN %d THEN %s", r.Place, duck.Text(r.Text))
		fmt.Fprintf(&reason, " WHEN %d THEN %s", -r.Place, missingSQL(r.Condition))
		fmt.Fprintf(&evidence, " WHEN %d THEN %s", r.Place, evidenceSQL(r.Condition))
	}
	flags := []string{"''"}
	for _, f := range t.Flags {
		flags = append(flags, fmt.Sprintf("CASE WHEN %s THEN %s END", f.Condition.SQL(), duck.Text(f.Segment)))
	}
	return fmt.Sprintf(`SELECT person, CASE hit%s END AS segment, CASE WHEN hit > 0 THEN hit END AS place, CASE hit%s END AS rule,
		ltrim(concat_ws('; ', %s), '; ') AS flags, CASE hit%s END || %s AS evidence, CASE hit%s END AS reason
		FROM (SELECT *, (CASE%s END)::INTEGER AS hit FROM %s) ORDER BY person`,
		segment.String(), rule.String(), strings.Join(flags, ", "), evidence.String(), more, orNull(reason.String()), hit.String(), duck.Name(in))
}

// orNull makes a list of branches a list even when it is empty.
func orNull(branches string) string {
	if branches == "" {
		return " WHEN NULL THEN NULL"
	}
	return branches
}

// missingSQL says in SQL what notKnown says.
func missingSQL(c Condition) string {
	return fmt.Sprintf("%s || coalesce(nullif(%s, ''), %s)", duck.Text(unknownWords), nullsSQL(c.Needed()), nullsSQL(c.Features()))
}

// nullsSQL lists the features that are null in a row.
func nullsSQL(features []string) string {
	parts := []string{"', '"}
	for _, name := range features {
		parts = append(parts, fmt.Sprintf("CASE WHEN %s IS NULL THEN %s END", duck.Name(name), duck.Text(name)))
	}
	if len(parts) == 1 {
		return "''"
	}
	return "concat_ws(" + strings.Join(parts, ", ") + ")"
}

// evidenceSQL writes the features of a condition with what they are in a row.
func evidenceSQL(c Condition) string {
	var parts []string
	for _, name := range c.Features() {
		column := duck.Name(name) + "::VARCHAR"
		parts = append(parts, duck.Text(name+" ")+" || coalesce("+column+", 'not known')")
	}
	if len(parts) == 0 {
		return "'no earlier rule holds'"
	}
	return "concat_ws('; ', " + strings.Join(parts, ", ") + ")"
}

// featuresOf gives the columns of a table that conditions may name: all but the
// person and dates.
func featuresOf(ctx context.Context, db *duck.DB, table string) ([]Feature, error) {
	rows, err := db.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE "+duck.Name(table)+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	kinds := map[string]Kind{"BOOLEAN": Flag, "TINYINT": Number, "SMALLINT": Number, "INTEGER": Number, "BIGINT": Number, "VARCHAR": Text}
	var features []Feature
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, err
		}
		if k, usable := kinds[kind]; usable && name != "person" {
			features = append(features, Feature{name, k})
		}
	}
	return features, rows.Err()
}

// Document says the rules in words a reader can check.
func (t Table) Document() answer.Document {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nThe first rule that holds decides; a rule that cannot be decided stops there, and the person is not assessable.\n", t.Title)
	b.WriteString("This is not NHS England's own segmentation, whose rules are only partly public.\n\n")
	if t.Scope != nil {
		b.WriteString("The table has a scope: people outside it get no segment.\n\n")
	}
	b.WriteString("| place | segment | condition |\n|---|---|---|\n")
	for _, r := range t.Rules {
		fmt.Fprintf(&b, "| %d | %s | `%s` |\n", r.Place, r.Segment, strings.Join(strings.Fields(r.Text), " "))
	}
	for _, r := range t.Flags {
		fmt.Fprintf(&b, "| flag | %s | `%s` |\n", r.Segment, strings.Join(strings.Fields(r.Text), " "))
	}
	if circular := t.Circular(AnyActivity); len(circular) > 0 {
		fmt.Fprintf(&b, "\nRules that read activity, so that judging the table by activity or cost of the same time is circular: %s.\n", strings.Join(circular, ", "))
	}
	return answer.Document{Name: "segment-rules-" + t.Name + ".md", MediaType: "text/markdown", Text: []byte(b.String())}
}
