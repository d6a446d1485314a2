package analyse

import (
	"bytes"
	"context"
	databasesql "database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/sql"
)

// read runs a question. Text columns become labels and BIGINT columns counts;
// a question with any other column is wrongly written.
func read(ctx context.Context, db *duck.DB, q sql.Question, args []any) (Answer, error) {
	rows, err := db.Query(ctx, q.Text, args...)
	if err != nil {
		return Answer{}, err
	}
	defer rows.Close()
	answer := Answer{Name: q.Name}
	if err := answer.columns(rows); err != nil {
		return Answer{}, err
	}
	for rows.Next() {
		labels, counts := make([]string, len(answer.Dimensions)), make([]*int64, len(answer.Measures))
		into := make([]any, 0, len(labels)+len(counts))
		for i := range labels {
			into = append(into, &labels[i])
		}
		for i := range counts {
			into = append(into, &counts[i])
		}
		if err := rows.Scan(into...); err != nil {
			return Answer{}, err
		}
		answer.Labels = append(answer.Labels, labels)
		answer.Counts = append(answer.Counts, counts)
	}
	return answer, rows.Err()
}

func (a *Answer) columns(rows *databasesql.Rows) error {
	columns, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	for _, c := range columns {
		switch kind := c.DatabaseTypeName(); {
		case kind == "VARCHAR" && len(a.Measures) == 0:
			a.Dimensions = append(a.Dimensions, c.Name())
		case kind == "BIGINT":
			a.Measures = append(a.Measures, c.Name())
		default:
			return fmt.Errorf("column %s is %s: labels (VARCHAR) come first, then counts (BIGINT)", c.Name(), kind)
		}
	}
	return nil
}

// write writes a protected answer in its own order, once for programs and once
// for people, and how it was asked.
func write[T Protected](ctx context.Context, db *duck.DB, folder *workspace.Folder, asked Asked[T]) ([]string, error) {
	name := "analyses/" + asked.Question.Name
	files := []string{name + ".csv", name + ".json", name + ".parquet"}
	header, records := asked.Table.Header(), asked.Table.Records()
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(append([][]string{header}, records...)); err != nil {
		return nil, err
	}
	if err := folder.Write(files[0], text.Bytes()); err != nil {
		return nil, err
	}
	about, err := describe(asked)
	if err != nil {
		return nil, err
	}
	if err := folder.Write(files[1], about); err != nil {
		return nil, err
	}
	return files, writeParquet(ctx, db, folder, files[2], header, records)
}

// describe says how an answer was made. Definitions can be compared by hash.
func describe[T Protected](asked Asked[T]) ([]byte, error) {
	q := asked.Question
	about := struct {
		Name       string    `json:"name"`
		Question   string    `json:"question"`
		Unit       string    `json:"unit"`
		Source     string    `json:"source"`
		Limits     string    `json:"limits"`
		SHA256     string    `json:"sha256"`
		Parameters []Setting `json:"parameters"`
	}{q.Name, q.Title, q.Unit, q.Source, q.Limits, q.SHA256, asked.Parameters}
	text, err := json.MarshalIndent(about, "", "  ")
	return append(text, '\n'), err
}

// writeParquet writes the records as text columns: a protected count may be a
// number, "*" or "not assessable", and a number type would have to lie about two
// of them.
func writeParquet(ctx context.Context, db *duck.DB, folder *workspace.Folder, name string, header []string, records [][]string) error {
	columns, marks := make([]string, len(header)), strings.Repeat(", ?", len(header))
	for i, h := range header {
		columns[i] = duck.Name(h)
	}
	create := "CREATE OR REPLACE TEMP TABLE protected (place INTEGER, " + strings.Join(columns, " VARCHAR, ") + " VARCHAR)"
	if err := db.Exec(ctx, create); err != nil {
		return err
	}
	for place, record := range records {
		args := []any{place}
		for _, field := range record {
			args = append(args, field)
		}
		if err := db.Exec(ctx, "INSERT INTO protected VALUES (?"+marks+")", args...); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return db.WriteParquet(ctx, folder, name, "SELECT "+strings.Join(columns, ", ")+" FROM protected ORDER BY place")
}
