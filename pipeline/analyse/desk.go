package analyse

import (
	"context"
	databasesql "database/sql"
	"fmt"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
	"tre/sql"
)

// desk is one database with the linked tables on it, and the tables questions
// share, each built when the first question needs it.
type desk struct {
	db    *duck.DB
	plan  plan
	built map[string]built // by question
}

// built is what came of building a question's table.
type built struct {
	documents []answer.Document // that its step wrote
	err       error
}

func newDesk(db *duck.DB, plan plan) *desk {
	return &desk{db: db, plan: plan, built: map[string]built{}}
}

// build makes the table of a question of kind people or rows, and first those
// it reads, and gives the documents that came with it.
func (d *desk) build(ctx context.Context, q sql.Question) ([]answer.Document, error) {
	b, found := d.built[q.Name]
	if !found {
		b.documents, b.err = d.buildAnew(ctx, q)
		d.built[q.Name] = b
	}
	return b.documents, b.err
}

func (d *desk) buildAnew(ctx context.Context, q sql.Question) ([]answer.Document, error) {
	if err := d.prepare(ctx, q); err != nil {
		return nil, err
	}
	values, args, err := d.bind(q)
	if err != nil {
		return nil, err
	}
	into := q.Name
	if q.Then != "" {
		into += " before its step"
	}
	if err := d.db.Exec(ctx, "CREATE TEMP TABLE "+duck.Name(into)+" AS "+q.Text, args...); err != nil {
		return nil, fmt.Errorf("build %s: %w", q.Name, withoutValue(err))
	}
	var documents []answer.Document
	if q.Then != "" {
		step := peopleSteps()[q.Then]
		if documents, err = step(ctx, d.db, into, q.Name, values); err != nil {
			return nil, fmt.Errorf("build %s: %w", q.Name, err)
		}
		if err := d.db.Exec(ctx, "DROP TABLE "+duck.Name(into)); err != nil {
			return nil, err
		}
	}
	return documents, nil
}

// withoutValue takes the value out of what the engine says of one that it could
// not convert: it may identify someone.
func withoutValue(err error) error {
	if !strings.Contains(err.Error(), "Conversion Error") {
		return err
	}
	return problem.New(problem.Failed, "docs/file-formats.md lists the columns of the linked tables and their types", "a linked table holds a value that is not of its column's type")
}

// prepare builds every table a question reads.
func (d *desk) prepare(ctx context.Context, q sql.Question) error {
	for _, name := range q.Reads {
		for _, read := range d.plan.all {
			if read.Name != name || name == q.Name {
				continue
			}
			if _, err := d.build(ctx, read); err != nil {
				return err
			}
		}
	}
	return nil
}

// bind gives a question's own parameters to DuckDB, and all of them to its step.
func (d *desk) bind(q sql.Question) (answer.Parameters, []any, error) {
	values, err := d.plan.values(q)
	var args []any
	for _, p := range q.Parameters {
		args = append(args, databasesql.Named(p.Name, values[p.Name]))
	}
	return values, args, err
}

// answer asks a question of kind counts and lets its step finish. The
// documents are its own and those of the tables it reads.
func (d *desk) answer(ctx context.Context, q sql.Question) (answer.Answer, []answer.Document, error) {
	if err := d.prepare(ctx, q); err != nil {
		return answer.Answer{}, nil, err
	}
	values, args, err := d.bind(q)
	if err != nil {
		return answer.Answer{}, nil, err
	}
	given, err := d.read(ctx, q, args)
	if err != nil {
		return answer.Answer{}, nil, err
	}
	var documents []answer.Document
	for _, name := range q.Reads {
		documents = append(documents, d.built[name].documents...)
	}
	if q.Then == "" {
		return given, documents, nil
	}
	finished, own, err := countSteps()[q.Then](given, values)
	return finished, append(documents, own...), err
}

// read runs a question. Text columns become labels, BIGINT columns counts and
// DOUBLE columns values; a question with any other column is wrongly written.
func (d *desk) read(ctx context.Context, q sql.Question, args []any) (answer.Answer, error) {
	rows, err := d.db.Query(ctx, q.Text, args...)
	if err != nil {
		return answer.Answer{}, withoutValue(err)
	}
	defer rows.Close()
	a := answer.Answer{Name: q.Name}
	if err := columns(&a, rows); err != nil {
		return answer.Answer{}, err
	}
	for rows.Next() {
		labels, counts := make([]string, len(a.Dimensions)), make([]*int64, len(a.Measures))
		numbers := make([]*float64, len(a.Values))
		into := make([]any, 0, len(labels)+len(counts)+len(numbers))
		for i := range labels {
			into = append(into, &labels[i])
		}
		for i := range counts {
			into = append(into, &counts[i])
		}
		for i := range numbers {
			into = append(into, &numbers[i])
		}
		if err := rows.Scan(into...); err != nil {
			return answer.Answer{}, err
		}
		a.Labels, a.Counts, a.Numbers = append(a.Labels, labels), append(a.Counts, counts), append(a.Numbers, numbers)
	}
	return a, rows.Err()
}

func columns(a *answer.Answer, rows *databasesql.Rows) error {
	kinds, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	for _, c := range kinds {
		switch kind := c.DatabaseTypeName(); {
		case kind == "VARCHAR" && len(a.Measures)+len(a.Values) == 0:
			a.Dimensions = append(a.Dimensions, c.Name())
		case kind == "BIGINT" && len(a.Values) == 0:
			a.Measures = append(a.Measures, c.Name())
		case kind == "DOUBLE":
			a.Values = append(a.Values, answer.Value{Name: c.Name()})
		default:
			return fmt.Errorf("column %s is %s: labels (VARCHAR) come first, then counts (BIGINT), then values (DOUBLE)", c.Name(), kind)
		}
	}
	if !strings.Contains(" "+strings.Join(a.Measures, " ")+" ", " people ") {
		return fmt.Errorf("no column of counts is called people")
	}
	return nil
}
