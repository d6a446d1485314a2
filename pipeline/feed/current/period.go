package current

import (
	"context"
	"database/sql"
	_ "embed"
	"time"

	"tre/internal/duck"
	"tre/pipeline/feed"
)

// dayCount is how many rows of a delivery bear a date, over all its tables.
type dayCount struct {
	delivery *delivery
	day      sql.NullTime
	rows     int64
}

// applyPeriods refuses a delivery that holds far fewer rows than it replaces.
// Which rows it replaces depends on which before it were refused, so it goes
// through the deliveries in order, over counts by delivery and day: at most one
// for each day a delivery's rows bear.
func applyPeriods(ctx context.Context, db *duck.DB, in In, deliveries []delivery) (applied []delivery, refused []Refused, err error) {
	days, err := countDays(ctx, db, in, deliveries)
	if err != nil {
		return nil, nil, err
	}
	percent := shrinkPercent(in.Contract)
	standing := map[string][]dayCount{} // provider -> what is in force
	for i := range deliveries {
		d := &deliveries[i]
		var left []dayCount
		var replaced int64
		for _, c := range standing[d.Provider] {
			if d.replaces(c) {
				replaced += c.rows
			} else {
				left = append(left, c)
			}
		}
		if rows := d.rows(); shrinks(rows, replaced, percent) {
			refused = append(refused, d.refuse("shrinks", shrinksMessage, rows, replaced, percent))
			continue
		}
		standing[d.Provider] = append(left, days[d.ID]...)
		applied = append(applied, *d)
	}
	return applied, refused, nil
}

// replaces reports whether a later delivery replaces an earlier one's rows of
// a day: the day lies in its period, or all of the earlier period does. The
// second takes along rows that are undated (unfinished episodes) or dated
// outside the period they were sent for.
func (d *delivery) replaces(c dayCount) bool {
	return c.day.Valid && d.covers(c.day.Time) || d.coversAll(c.delivery)
}

func (d *delivery) covers(day time.Time) bool {
	return !d.from.IsZero() && !day.Before(d.from) && day.Before(d.to)
}

func (d *delivery) coversAll(earlier *delivery) bool {
	return !d.from.IsZero() && !earlier.from.IsZero() && !earlier.from.Before(d.from) && !earlier.to.After(d.to)
}

//go:embed sql/count_days.sql
var countDaysSQL string

// countDays counts rows by delivery and day over all dated tables.
func countDays(ctx context.Context, db *duck.DB, in In, deliveries []delivery) (map[string][]dayCount, error) {
	byID := map[string]*delivery{}
	for i := range deliveries {
		byID[deliveries[i].ID] = &deliveries[i]
	}
	days := map[string][]dayCount{}
	for i := range in.Contract.Schema {
		t := &in.Contract.Schema[i]
		files := payloadFiles(in, t.Name, deliveries)
		if len(files) == 0 {
			continue
		}
		if err := countTableDays(ctx, db, in.Contract, t, files, func(id string, day sql.NullTime, rows int64) {
			days[id] = append(days[id], dayCount{byID[id], day, rows})
		}); err != nil {
			return nil, err
		}
	}
	return days, nil
}

func countTableDays(ctx context.Context, db *duck.DB, c *feed.Contract, t *feed.Table, files []string, add func(string, sql.NullTime, int64)) error {
	day, err := dayExpression(c, t)
	if err != nil {
		return err
	}
	query, err := render("count_days", countDaysSQL, map[string]any{"Files": duck.Texts(files), "Day": day})
	if err != nil {
		return err
	}
	rows, err := db.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var day sql.NullTime
		var count int64
		if err := rows.Scan(&id, &day, &count); err != nil {
			return err
		}
		add(id, day, count)
	}
	return rows.Err()
}

// dayExpression dates a payload row p for replacement by period.
func dayExpression(c *feed.Contract, t *feed.Table) (string, error) {
	if t.Rules.Month == "" {
		return "CAST(NULL AS DATE)", nil
	}
	column, err := payloadColumn(c, t, t.Rules.Month)
	if err != nil {
		return "", err
	}
	return "CAST(p." + duck.Name(column.Name) + " AS DATE)", nil
}
