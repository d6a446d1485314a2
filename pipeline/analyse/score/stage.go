package score

import (
	"context"
	databasesql "database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/sql"
)

// stage is a database in which questions can be asked of invented people:
// every linked table empty, and the reference tables as they are needed.
type stage struct {
	db        *duck.DB
	questions []sql.Question
	tables    []sql.Reference // those not yet in the database
}

// openStage makes a stage. Its linked tables hide nothing by day of arrival:
// the cases are about scores, not about deliveries.
func openStage(ctx context.Context) (*stage, error) {
	questions, err := sql.Questions()
	if err != nil {
		return nil, err
	}
	tables, err := sql.References()
	if err != nil {
		return nil, err
	}
	db, err := duck.Open(ctx, duck.Options{})
	if err != nil {
		return nil, err
	}
	s := &stage{db, questions, tables}
	if err := s.prepare(ctx); err != nil {
		return nil, fmt.Errorf("prepare the tables: %w", err)
	}
	return s, nil
}

func (s *stage) prepare(ctx context.Context) error {
	if err := s.db.Exec(ctx, sql.LinkedTables()); err != nil {
		return err
	}
	for _, table := range sql.LinkedTableNames() {
		name := duck.Name(table)
		if err := s.db.Exec(ctx, "CREATE VIEW "+name+" AS SELECT * FROM typed."+name); err != nil {
			return err
		}
	}
	return nil
}

// need puts reference tables into the database; names that are none are passed
// over.
func (s *stage) need(ctx context.Context, names ...string) error {
	for _, name := range names {
		at := slices.IndexFunc(s.tables, func(t sql.Reference) bool { return t.Name == name })
		if at < 0 {
			continue
		}
		table := s.tables[at]
		var columns []string
		for _, c := range table.Columns {
			columns = append(columns, duck.Name(c.Name)+" "+c.Type)
		}
		if err := s.db.Exec(ctx, "CREATE TABLE "+duck.Name(name)+" ("+strings.Join(columns, ", ")+")"); err != nil {
			return err
		}
		if err := s.insert(ctx, duck.Name(name), table.Columns, table.Rows); err != nil {
			return err
		}
		s.tables = slices.Delete(s.tables, at, at+1)
	}
	return nil
}

func (s *stage) close() error { return s.db.Close() }

// fill puts rows into a linked table, after emptying it. Columns are written
// "name TYPE"; in a UUID column a word stands for its MD5; "" is null.
func (s *stage) fill(ctx context.Context, table, columns string, rows [][]string) error {
	if err := s.db.Exec(ctx, "DELETE FROM typed."+duck.Name(table)); err != nil {
		return err
	}
	return s.insert(ctx, "typed."+duck.Name(table), typed(columns), rows)
}

// pack puts rows into the table of a reference pack, all text.
func (s *stage) pack(ctx context.Context, name, columns string, rows [][]string) error {
	list := typed(strings.ReplaceAll(columns, ",", " VARCHAR,") + " VARCHAR")
	var names []string
	for _, c := range list {
		names = append(names, duck.Name(c.Name)+" "+c.Type)
	}
	if err := s.db.Exec(ctx, "CREATE OR REPLACE TABLE "+duck.Name(name)+" ("+strings.Join(names, ", ")+")"); err != nil {
		return err
	}
	return s.insert(ctx, duck.Name(name), list, rows)
}

func typed(columns string) []sql.Column {
	var list []sql.Column
	for text := range strings.SplitSeq(columns, ", ") {
		name, kind, _ := strings.Cut(text, " ")
		list = append(list, sql.Column{Name: name, Type: kind})
	}
	return list
}

func (s *stage) insert(ctx context.Context, table string, columns []sql.Column, rows [][]string) error {
	var names, marks []string
	for _, c := range columns {
		mark := "nullif(?::VARCHAR, '')"
		if c.Type == "UUID" {
			mark = "md5(" + mark + ")"
		}
		names, marks = append(names, duck.Name(c.Name)), append(marks, mark+"::"+c.Type)
	}
	one := "(" + strings.Join(marks, ", ") + ")"
	for chunk := range slices.Chunk(rows, 200) {
		var args []any
		for _, row := range chunk {
			for _, field := range row {
				args = append(args, field)
			}
		}
		values := strings.TrimSuffix(strings.Repeat(one+", ", len(chunk)), ", ")
		if err := s.db.Exec(ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES "+values, args...); err != nil {
			return fmt.Errorf("fill %s: %w", table, err)
		}
	}
	return nil
}

// build makes the tables of a question of kind people or rows and of all it
// reads, in order, with the parameters given and the defaults of the others.
func (s *stage) build(ctx context.Context, name string, parameters map[string]string) error {
	ordered, err := sql.Order(s.questions, name)
	if err != nil {
		return err
	}
	for _, q := range ordered {
		if err := s.need(ctx, q.Reads...); err != nil {
			return err
		}
		args, err := bind(q, parameters)
		if err != nil {
			return fmt.Errorf("question %s: %w", q.Name, err)
		}
		if err := s.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE "+duck.Name(q.Name)+" AS "+q.Text, args...); err != nil {
			return fmt.Errorf("question %s: %w", q.Name, err)
		}
	}
	return nil
}

func bind(q sql.Question, parameters map[string]string) ([]any, error) {
	var args []any
	for _, p := range q.Parameters {
		value, given := parameters[p.Name]
		if !given {
			value = p.Default
		}
		checked, err := p.Check(value)
		if err != nil {
			return nil, err
		}
		args = append(args, databasesql.Named(p.Name, checked))
	}
	return args, nil
}

// scores gives columns of a question's table as text, by person's word; a null
// is "-". Only the words given are looked for.
func (s *stage) scores(ctx context.Context, table string, words []string, columns ...string) (map[string][]string, error) {
	byID := map[string]string{}
	for chunk := range slices.Chunk(words, 500) {
		marks := strings.TrimSuffix(strings.Repeat("(?), ", len(chunk)), ", ")
		found, err := s.table(ctx, "SELECT md5(w)::UUID::VARCHAR, w FROM (VALUES "+marks+") AS v(w)", anys(chunk)...)
		if err != nil {
			return nil, err
		}
		for _, row := range found {
			byID[row[0]] = row[1]
		}
	}
	selected := make([]string, len(columns))
	for i, c := range columns {
		selected[i] = "coalesce(" + duck.Name(c) + "::VARCHAR, '-')"
	}
	rows, err := s.table(ctx, "SELECT person::VARCHAR, "+strings.Join(selected, ", ")+" FROM "+duck.Name(table))
	if err != nil {
		return nil, err
	}
	scores := map[string][]string{}
	for _, row := range rows {
		if word, ok := byID[row[0]]; ok {
			scores[word] = row[1:]
		}
	}
	if missing := len(byID) - len(slices.Collect(maps.Keys(scores))); missing > 0 {
		return nil, fmt.Errorf("%d people have no row in %s", missing, table)
	}
	return scores, nil
}

func anys(words []string) []any {
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = w
	}
	return args
}

// table runs a query and gives its rows as text.
func (s *stage) table(ctx context.Context, query string, args ...any) ([][]string, error) {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var table [][]string
	for rows.Next() {
		row, into := make([]string, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		table = append(table, row)
	}
	return table, rows.Err()
}
