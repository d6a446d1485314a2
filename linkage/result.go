package linkage

import (
	"context"
	"fmt"
	"slices"
)

// Result is what a run did, in counts only. For counts by people's own groups,
// join the index to what says which person belongs to which.
type Result struct {
	Records   int64         // distinct records in the identity files, excluded ones included
	Persons   int64         // persons in the index
	Steps     []StepCount   // by step and feed, in the order of the steps; step "excluded" is order 0
	Excluded  []Excluded    // records linked to nobody, on purpose, by reason and feed
	Alarms    []AlarmCount  // by kind and feed
	Events    []EventCount  // by kind; none without a previous index
	Decisions DecisionCount // what became of the decisions of people
}

// StepCount is how many records of a feed a step linked, and how the
// cross-check of their NHS numbers stands.
type StepCount struct {
	Step        string
	Order       int64
	Feed        string
	Records     int64
	Agrees      int64 // NHS number, birth date and name agree with others of the person
	Contradicts int64 // the record's NHS number was not believed
	Ambiguous   int64 // more than one person was possible
}

// Excluded counts records or rows of a feed that may not be linked.
type Excluded struct {
	Reason  string
	Feed    string
	Records int64
}

// AlarmCount counts alarms of a kind.
type AlarmCount struct {
	Kind   string
	Feed   string
	Alarms int64
}

// EventCount counts events of a kind: merge, split, new, gone.
type EventCount struct {
	Kind   string
	Events int64
}

// result counts what the index holds.
func (l *linker) result(ctx context.Context, withheld []Excluded) (Result, error) {
	r := Result{Excluded: slices.Clone(withheld), Decisions: l.decisions}
	err := l.db.Row(ctx, []any{&r.Records, &r.Persons}, "SELECT count(*), count(DISTINCT person_id) FROM index_line")
	if err != nil {
		return Result{}, fmt.Errorf("count the person index: %w", err)
	}
	steps := func(s *StepCount) []any {
		return []any{&s.Step, &s.Order, &s.Feed, &s.Records, &s.Agrees, &s.Contradicts, &s.Ambiguous}
	}
	r.Steps, err = collect(ctx, l, steps, `SELECT step, step_order, feed, count(*), count(*) FILTER (cross_check = 'agrees'),
		count(*) FILTER (cross_check = 'contradicts'), count(*) FILTER (candidates > 1) FROM index_line GROUP BY ALL ORDER BY step_order, feed`)
	if err != nil {
		return Result{}, err
	}
	excluded := func(e *Excluded) []any { return []any{&e.Reason, &e.Feed, &e.Records} }
	tests, err := collect(ctx, l, excluded, `SELECT reason, feed, count(*) FROM excluded JOIN record USING (record) GROUP BY ALL ORDER BY ALL`)
	if err != nil {
		return Result{}, err
	}
	r.Excluded = append(r.Excluded, tests...)
	alarms := func(a *AlarmCount) []any { return []any{&a.Kind, &a.Feed, &a.Alarms} }
	r.Alarms, err = collect(ctx, l, alarms, `SELECT kind, coalesce(feed, ''), count(*) FROM alarm_line GROUP BY ALL ORDER BY ALL`)
	if err != nil {
		return Result{}, err
	}
	events := func(e *EventCount) []any { return []any{&e.Kind, &e.Events} }
	r.Events, err = collect(ctx, l, events, `SELECT kind, count(*) FROM event GROUP BY ALL ORDER BY ALL`)
	return r, err
}

// collect reads a small result row by row.
func collect[T any](ctx context.Context, l *linker, fields func(*T) []any, query string) ([]T, error) {
	rows, err := l.db.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("count the person index: %w", err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
