package analyse

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/sql"
)

// offer makes every linked table a view over its files, and the reference
// tables tables.
func offer(ctx context.Context, db *duck.DB, folder *workspace.Folder) error {
	if err := db.Exec(ctx, sql.LinkedTables()); err != nil {
		return fmt.Errorf("make linked tables: %w", err)
	}
	for _, table := range sql.LinkedTableNames() {
		if err := offerTable(ctx, db, folder, table); err != nil {
			return err
		}
	}
	return offerPoints(ctx, db)
}

// offerTable puts the files of a table behind its empty, typed namesake: a table
// without files is empty, and a file without a column gives nulls.
func offerTable(ctx context.Context, db *duck.DB, folder *workspace.Folder, table string) error {
	names, err := folder.Files("linked/" + table)
	if err != nil {
		return err
	}
	var paths []string
	for _, name := range names {
		if path.Ext(name) == ".parquet" {
			paths = append(paths, folder.Path(name))
		}
	}
	query := "SELECT * FROM typed." + duck.Name(table)
	if len(paths) > 0 {
		query += " UNION ALL BY NAME SELECT * FROM read_parquet(" + duck.Texts(paths) + ", union_by_name = true)"
	}
	if err := db.Exec(ctx, "CREATE VIEW "+duck.Name(table)+" AS "+query); err != nil {
		return problem.Wrap(err, problem.Failed, "run the linked step again", "cannot read linked/%s", table)
	}
	return nil
}

func offerPoints(ctx context.Context, db *duck.DB) error {
	points, err := sql.FrailtyPoints()
	if err != nil {
		return err
	}
	if err := db.Exec(ctx, "CREATE TABLE hfrs_points (code VARCHAR, tenths INTEGER)"); err != nil {
		return err
	}
	for _, p := range points {
		if err := db.Exec(ctx, "INSERT INTO hfrs_points VALUES (?, ?)", p.Code, p.Tenths); err != nil {
			return err
		}
	}
	return nil
}

// newestArrival gives the last day on which any row arrived.
func newestArrival(ctx context.Context, db *duck.DB) (time.Time, error) {
	var arrivals []string
	for _, table := range sql.LinkedTableNames() {
		if table == "person" { // combined from all feeds: it has no day of arrival
			continue
		}
		arrivals = append(arrivals, "SELECT max(arrived) AS arrived FROM "+duck.Name(table))
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
