package analyse

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/sql"
)

// offer makes every linked table a view of what had arrived by the as-at date,
// and the reference tables and packs tables. Without a date it is the day the
// newest row arrived.
func (d *desk) offer(ctx context.Context, folders []string, asAt time.Time) (time.Time, error) {
	if err := d.db.Exec(ctx, sql.LinkedTables()+"CREATE SCHEMA whole"); err != nil {
		return asAt, fmt.Errorf("make linked tables: %w", err)
	}
	for _, table := range sql.LinkedTableNames() {
		if err := offerWhole(ctx, d.db, folders, table); err != nil {
			return asAt, err
		}
	}
	if asAt.IsZero() {
		var err error
		if asAt, err = newestArrival(ctx, d.db); err != nil {
			return asAt, err
		}
	}
	d.plan.given["as_at"] = asAt.Format(time.DateOnly)
	if err := offerAsAt(ctx, d.db, d.plan.given["as_at"]); err != nil {
		return asAt, err
	}
	return asAt, d.offerReferences(ctx)
}

// offerWhole puts the files of a table behind its empty, typed namesake: a table
// without files is empty, and a file without a column gives nulls. With a file
// of text among them all are text at first: DuckDB would take a word beside a
// UUID for a UUID.
func offerWhole(ctx context.Context, db *duck.DB, folders []string, table string) error {
	parquet, texts := filesOf(folders, table)
	columns := "*"
	if len(texts) > 0 {
		columns = "COLUMNS(*)::VARCHAR"
	}
	query := "SELECT " + columns + " FROM typed." + duck.Name(table)
	if len(parquet) > 0 {
		query += " UNION ALL BY NAME SELECT " + columns + " FROM read_parquet(" + duck.Texts(parquet) + ", union_by_name = true)"
	}
	for _, file := range texts {
		query += " UNION ALL BY NAME SELECT * FROM " + duck.CSVText(file, ",")
	}
	if len(texts) > 0 {
		cast, err := castAll(ctx, db, table, query)
		if err != nil {
			return err
		}
		query = "SELECT " + cast + " FROM (" + query + ")"
	}
	if err := db.Exec(ctx, "CREATE VIEW whole."+duck.Name(table)+" AS "+query); err != nil {
		return problem.Wrap(err, problem.Failed, columnsHint, "cannot read the linked table %s", table)
	}
	return nil
}

const columnsHint = "docs/file-formats.md lists the columns of the linked tables"

// filesOf gives the files that are a table: <table>/*.parquet or .csv, or
// <table>.parquet or .csv, in order.
func filesOf(folders []string, table string) (parquet, texts []string) {
	for _, folder := range folders {
		for _, form := range []string{table + "/*", table} {
			more, _ := filepath.Glob(filepath.Join(plainGlob(folder), form) + ".parquet")
			parquet = append(parquet, more...)
			more, _ = filepath.Glob(filepath.Join(plainGlob(folder), form) + ".csv")
			texts = append(texts, more...)
		}
	}
	slices.Sort(parquet)
	slices.Sort(texts)
	return parquet, texts
}

// plainGlob takes the special meaning from the signs of a pattern in a path.
func plainGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// castAll gives every column of a table of text, cast to its type, once every
// value of every file has been seen to be of it. An id that is no UUID, as a
// plain file may have, becomes the hash of its text.
func castAll(ctx context.Context, db *duck.DB, table, query string) (string, error) {
	rows, err := db.Query(ctx, "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'typed' AND table_name = ? ORDER BY ordinal_position", table)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var columns, names, wrong []string
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return "", err
		}
		value := "nullif(" + duck.Name(name) + "::VARCHAR, '')"
		cast := "TRY_CAST(" + value + " AS " + kind + ")"
		if kind == "UUID" {
			cast = "coalesce(" + cast + ", md5(" + value + ")::UUID)"
		} else if kind != "VARCHAR" {
			names = append(names, name+" is no "+kind)
			wrong = append(wrong, "count(*) FILTER ("+value+" IS NOT NULL AND "+cast+" IS NULL)")
		}
		columns = append(columns, cast+" AS "+duck.Name(name))
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	return strings.Join(columns, ", "), checkCasts(ctx, db, table, query, names, wrong)
}

// checkCasts refuses a table in which a value is not of its column's type. The
// database's own error would quote the value.
func checkCasts(ctx context.Context, db *duck.DB, table, query string, names, wrong []string) error {
	counts, into := make([]int64, len(names)), make([]any, len(names))
	for i := range counts {
		into[i] = &counts[i]
	}
	if err := db.Row(ctx, into, "SELECT "+strings.Join(wrong, ", ")+" FROM ("+query+")"); err != nil {
		where := table
		if line := duck.LineOf(err); line != "" {
			where += ", line " + line + " of a CSV file"
		}
		return problem.New(problem.Failed, columnsHint, "cannot read the linked table %s", where)
	}
	for i, n := range counts {
		if n > 0 {
			return problem.New(problem.Failed, columnsHint, "linked table %s: column %s in %d rows", table, names[i], n)
		}
	}
	return nil
}

// offerAsAt shows of each table only what had arrived by the day.
func offerAsAt(ctx context.Context, db *duck.DB, day string) error {
	if err := db.Exec(ctx, "SET VARIABLE as_at = DATE "+duck.Text(day)); err != nil {
		return err
	}
	for _, table := range sql.LinkedTableNames() {
		view := "CREATE VIEW main." + duck.Name(table) + " AS SELECT * FROM whole." + duck.Name(table)
		switch table {
		case "person": // combined from all feeds: it has no day of arrival
		case "flagged":
			view += " WHERE flagged_on < getvariable('as_at')"
		default:
			view += " WHERE arrived <= getvariable('as_at')"
		}
		if err := db.Exec(ctx, view); err != nil {
			return err
		}
	}
	return nil
}

// offerReferences makes the reference tables, and the packs that are there.
func (d *desk) offerReferences(ctx context.Context) error {
	for _, table := range d.plan.references {
		if err := offerReference(ctx, d.db, table); err != nil {
			return fmt.Errorf("reference table %s: %w", table.Name, err)
		}
	}
	for name, pack := range d.plan.packs {
		query := "CREATE TABLE " + duck.Name(name) + " AS SELECT * FROM " + duck.CSVText(pack.path, ",")
		if err := d.db.Exec(ctx, query); err != nil {
			return problem.Wrap(err, problem.Failed, "docs/reference-packs.md describes the file", "cannot read the reference pack %s", name)
		}
	}
	return nil
}

func offerReference(ctx context.Context, db *duck.DB, table sql.Reference) error {
	var columns, marks []string
	for _, c := range table.Columns {
		columns, marks = append(columns, duck.Name(c.Name)+" "+c.Type), append(marks, "nullif(?, '')::"+c.Type)
	}
	if err := db.Exec(ctx, "CREATE TABLE "+duck.Name(table.Name)+" ("+strings.Join(columns, ", ")+")"); err != nil {
		return err
	}
	one := "(" + strings.Join(marks, ", ") + ")"
	for chunk := range slices.Chunk(table.Rows, 200) {
		var args []any
		for _, row := range chunk {
			for _, field := range row {
				args = append(args, field)
			}
		}
		values := strings.TrimSuffix(strings.Repeat(one+", ", len(chunk)), ", ")
		if err := db.Exec(ctx, "INSERT INTO "+duck.Name(table.Name)+" VALUES "+values, args...); err != nil {
			return err
		}
	}
	return nil
}

// newestArrival gives the last day on which any row arrived.
func newestArrival(ctx context.Context, db *duck.DB) (time.Time, error) {
	var arrivals []string
	for _, table := range sql.LinkedTableNames() {
		if table == "person" || table == "flagged" { // made of what arrived
			continue
		}
		arrivals = append(arrivals, "SELECT max(arrived) AS arrived FROM whole."+duck.Name(table))
	}
	var newest *time.Time
	query := "SELECT max(arrived) FROM (" + strings.Join(arrivals, " UNION ALL ") + ")"
	if err := db.Row(ctx, []any{&newest}, query); err != nil {
		return time.Time{}, fmt.Errorf("find the newest arrival: %w", err)
	}
	if newest == nil {
		return time.Time{}, problem.New(problem.Failed, "link a delivery first, or give the date to look from",
			"the linked tables hold no rows, so there is no date to look from")
	}
	return *newest, nil
}
