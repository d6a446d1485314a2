// Package capacity checks that beds are counted right: the questions bed_stay,
// bed_night and bed_hour are asked of invented stays whose occupancy was counted
// by brute force, over a database in memory.
package capacity

import (
	"context"
	databasesql "database/sql"
	"embed"
	"errors"
	"fmt"
	"strings"

	"tre/internal/duck"
	"tre/internal/vector"
	"tre/sql"
)

//go:embed vectors/*.csv
var vectors embed.FS

// Vectors are occupancies by hour and midnight of eight stays, one of them
// still open, and three stays over the changes of the clock.
func Vectors() []vector.Suite {
	const source = "invented stays, counted by brute force"
	return []vector.Suite{
		{Name: "beds occupied by the hour", Source: source, Check: checkHours},
		{Name: "beds occupied at midnight", Source: source, Check: checkMidnights},
		{Name: "time in bed over changes of the clock", Source: source, Check: checkClock},
	}
}

// Stay is a stay on a ward in local time, yyyy-MM-dd HH:mm, or yyyy-MM-dd where
// the time is not known; End is "" while it lasts.
type Stay struct{ Name, Provider, Start, End string }

// Ask asks a question of kind rows, after those it reads, of a database that
// holds nothing but the stays, and hands each row of query to use. The question
// is a table of its own name in query.
func Ask(ctx context.Context, stays []Stay, asAt, question, query string, scan func(*databasesql.Rows) error) error {
	db, err := duck.Open(ctx, duck.Options{Threads: 1})
	if err != nil {
		return err
	}
	err = ask(ctx, db, stays, asAt, question, query, scan)
	return errors.Join(err, db.Close())
}

func ask(ctx context.Context, db *duck.DB, stays []Stay, asAt, question, query string, scan func(*databasesql.Rows) error) error {
	if err := offer(ctx, db, stays); err != nil {
		return err
	}
	questions, err := sql.Questions()
	if err != nil {
		return err
	}
	ordered, err := sql.Order(questions, question)
	if err != nil {
		return err
	}
	for _, q := range ordered {
		if err := answer(ctx, db, q, asAt); err != nil {
			return fmt.Errorf("question %s: %w", q.Name, err)
		}
	}
	rows, err := db.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// offer makes the linked tables, with the stays as those of mental-health wards.
func offer(ctx context.Context, db *duck.DB, stays []Stay) error {
	if err := db.Exec(ctx, sql.LinkedTables()); err != nil {
		return err
	}
	for _, table := range sql.LinkedTableNames() {
		if err := db.Exec(ctx, "CREATE VIEW "+duck.Name(table)+" AS SELECT * FROM typed."+duck.Name(table)); err != nil {
			return err
		}
	}
	const insert = `INSERT INTO typed.care_event (person, event_id, setting, kind, provider, start_date, start_time, end_date, end_time, finished)
		VALUES (md5(?)::UUID, md5(?)::UUID, 'mental_health', 'ward_stay', ?, ?::DATE, nullif(?, ''), nullif(?, '')::DATE, nullif(?, ''), ?)`
	for _, s := range stays {
		startDay, startTime, _ := strings.Cut(s.Start, " ")
		endDay, endTime, ended := strings.Cut(s.End, " ")
		if err := db.Exec(ctx, insert, s.Name, s.Name, s.Provider, startDay, startTime, endDay, endTime, ended); err != nil {
			return err
		}
	}
	return nil
}

func answer(ctx context.Context, db *duck.DB, q sql.Question, asAt string) error {
	var args []any
	for _, p := range q.Parameters {
		value := p.Default
		if p.Name == "as_at" {
			value = asAt
		}
		args = append(args, databasesql.Named(p.Name, value))
	}
	return db.Exec(ctx, "CREATE TEMP TABLE "+duck.Name(q.Name)+" AS "+q.Text, args...)
}

func stays() ([]Stay, error) {
	rows, err := vector.Rows(vectors, "vectors/gold_occupancy_spells.csv")
	var all []Stay
	for _, r := range rows {
		all = append(all, Stay{r["spell"], r["site"], r["start"], r["end"]})
	}
	return all, err
}

func checkHours(ctx context.Context) (vector.Outcome, error) {
	var out vector.Outcome
	rows, err := vector.Rows(vectors, "vectors/gold_occupancy_hourly.csv")
	if err != nil {
		return out, err
	}
	all, err := stays()
	if err != nil {
		return out, err
	}
	beds, seconds := map[string]int64{}, map[string]int64{}
	err = Ask(ctx, all, "2024-01-05", "bed_hour", "SELECT strftime(local_hour, '%Y-%m-%d %H:%M'), beds, bed_seconds FROM bed_hour",
		func(r *databasesql.Rows) error {
			var hour string
			var n, s int64
			err := r.Scan(&hour, &n, &s)
			beds[hour], seconds[hour] = n, s
			return err
		})
	for _, r := range rows {
		out.Same(r["hour"]+", beds", beds[r["hour"]], r["snapshot_half_open"])
		out.Near(r["hour"]+", bed-hours", float64(seconds[r["hour"]])/3600, r.Number("bed_hours"), 1e-9)
	}
	return out, err
}

func checkMidnights(ctx context.Context) (vector.Outcome, error) {
	var out vector.Outcome
	rows, err := vector.Rows(vectors, "vectors/gold_occupancy_midnight.csv")
	if err != nil {
		return out, err
	}
	all, err := stays()
	if err != nil {
		return out, err
	}
	beds, withLeavers := map[string]int64{}, map[string]int64{}
	err = Ask(ctx, all, "2024-01-05", "bed_night", "SELECT night::VARCHAR, beds, beds_and_leavers FROM bed_night",
		func(r *databasesql.Rows) error {
			var night string
			var n, l int64
			err := r.Scan(&night, &n, &l)
			beds[night], withLeavers[night] = n, l
			return err
		})
	for _, r := range rows {
		out.Same(r["night_of"]+", leavers not counted", beds[r["night_of"]], r["occupied_at_midnight_end_exclusive"])
		out.Same(r["night_of"]+", leavers counted", withLeavers[r["night_of"]], r["occupied_at_midnight_end_inclusive"])
	}
	return out, err
}

func checkClock(ctx context.Context) (vector.Outcome, error) {
	var out vector.Outcome
	rows, err := vector.Rows(vectors, "vectors/gold_occupancy_dst.csv")
	if err != nil {
		return out, err
	}
	var all []Stay
	for _, r := range rows {
		all = append(all, Stay{r["spell"], r["spell"], r["start_local_europe_london"], r["end_local_europe_london"]})
	}
	hours := map[string]float64{}
	err = Ask(ctx, all, "2024-12-31", "bed_hour", "SELECT provider, sum(bed_seconds)::BIGINT FROM bed_hour GROUP BY provider",
		func(r *databasesql.Rows) error {
			var name string
			var seconds int64
			err := r.Scan(&name, &seconds)
			hours[name] = float64(seconds) / 3600
			return err
		})
	for _, r := range rows {
		out.Near(r["note"], hours[r["spell"]], r.Number("expected_hours"), 1e-9)
	}
	return out, err
}
