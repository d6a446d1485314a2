package analyse

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/sql"
)

// Exported says what Export wrote.
type Exported[T Protected] struct {
	AsAt time.Time
	Asked[T]
	Rows int64 // written; about persons when the question is not of kind counts
}

// Export asks one question and writes it as one file, Parquet, CSV or JSON by
// its ending: an answer as the disclosure rule leaves it, or a table about
// persons, which must stay inside the region.
func Export[T Protected](ctx context.Context, in In[T], folder *workspace.Folder, name string) (Exported[T], error) {
	if !slices.Contains([]string{".parquet", ".csv", ".json"}, filepath.Ext(name)) {
		return Exported[T]{}, problem.New(problem.Usage, "let the file's name end in .parquet, .csv or .json", "no form is known by the ending of the file to write")
	}
	return in.one(ctx, folder, name)
}

// Look asks one question whose answer may be shown, and writes nothing.
func Look[T Protected](ctx context.Context, in In[T]) (Exported[T], error) {
	return in.one(ctx, nil, "")
}

func (in In[T]) one(ctx context.Context, folder *workspace.Folder, name string) (Exported[T], error) {
	in.Write = nil
	plan, err := in.plan()
	if err != nil {
		return Exported[T]{}, err
	}
	q := plan.asked[0]
	if folder == nil && q.Kind != sql.Counts {
		return Exported[T]{}, problem.New(problem.Usage, "add: --out FILE, below the region", "analysis %s gives a row about each person, which is not shown on a screen", q.Name)
	}
	db, err := duck.Open(ctx, in.Database)
	if err != nil {
		return Exported[T]{}, err
	}
	exported, err := in.export(ctx, db, plan, folder, name)
	return exported, errors.Join(err, db.Close())
}

func (in In[T]) export(ctx context.Context, db *duck.DB, plan plan, folder *workspace.Folder, name string) (Exported[T], error) {
	desk := newDesk(db, plan)
	asAt, err := desk.offer(ctx, in.Tables, in.AsAt)
	if err != nil {
		return Exported[T]{}, err
	}
	q := plan.asked[0]
	asked, _, err := in.ask(ctx, desk, q)
	if err != nil {
		return Exported[T]{}, fmt.Errorf("analysis %s: %w", q.Name, err)
	}
	exported := Exported[T]{AsAt: asAt, Asked: asked}
	query := "SELECT * FROM " + duck.Name(q.Name) + " ORDER BY ALL"
	if q.Kind == sql.Counts {
		if err := protectedTable(ctx, db, asked.Table.Header(), asked.Table.Records()); err != nil {
			return exported, err
		}
		query = protectedQuery(asked.Table.Header())
	}
	if folder == nil {
		return exported, nil
	}
	if err := db.Row(ctx, []any{&exported.Rows}, "SELECT count(*) FROM ("+query+")"); err != nil {
		return exported, err
	}
	return exported, writeQuery(ctx, db, folder, name, query)
}

// writeQuery writes the rows of a query in the form that the name ends in.
func writeQuery(ctx context.Context, db *duck.DB, folder *workspace.Folder, name, query string) error {
	if filepath.Ext(name) == ".parquet" {
		return db.WriteParquet(ctx, folder, name, query)
	}
	staged, err := folder.Stage(name)
	if err != nil {
		return err
	}
	if filepath.Ext(name) == ".csv" {
		err = writeCSV(ctx, db, staged, query)
	} else {
		err = writeJSON(ctx, db, staged, query)
	}
	if err != nil {
		staged.Discard()
		return err
	}
	return staged.Commit()
}

func writeCSV(ctx context.Context, db *duck.DB, to io.Writer, query string) error {
	w := csv.NewWriter(to)
	err := eachRow(ctx, db, query, func(header []string) error { return w.Write(header) }, func(header []string, fields []*string) error {
		record := make([]string, len(fields))
		for i, f := range fields {
			if f != nil {
				record[i] = *f
			}
		}
		return w.Write(record)
	})
	w.Flush()
	return errors.Join(err, w.Error())
}

// writeJSON writes an array of objects, a line each; every value is text or null.
func writeJSON(ctx context.Context, db *duck.DB, to io.Writer, query string) error {
	before := "[\n"
	err := eachRow(ctx, db, query, func([]string) error { return nil }, func(header []string, fields []*string) error {
		line := []byte("{")
		for i, f := range fields {
			key, _ := json.Marshal(header[i])
			value, _ := json.Marshal(f)
			if i > 0 {
				line = append(line, ", "...)
			}
			line = append(append(append(line, key...), ": "...), value...)
		}
		_, err := fmt.Fprintf(to, "%s%s}", before, line)
		before = ",\n"
		return err
	})
	if before == "[\n" {
		return errors.Join(err, writeText(to, "[]\n"))
	}
	return errors.Join(err, writeText(to, "\n]\n"))
}

func writeText(to io.Writer, text string) error {
	_, err := io.WriteString(to, text)
	return err
}

// eachRow runs a query and hands over each row as text, nil for null.
func eachRow(ctx context.Context, db *duck.DB, query string, first func([]string) error, use func([]string, []*string) error) error {
	rows, err := db.Query(ctx, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ("+query+")")
	if err != nil {
		return err
	}
	defer rows.Close()
	header, err := rows.Columns()
	if err != nil {
		return err
	}
	if err := first(header); err != nil {
		return err
	}
	fields, into := make([]*string, len(header)), make([]any, len(header))
	for i := range fields {
		into[i] = &fields[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := use(header, fields); err != nil {
			return err
		}
	}
	return rows.Err()
}
