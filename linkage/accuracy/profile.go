package accuracy

import (
	"context"
	"fmt"
)

// topValues is how many of the most frequent values a profile counts.
const topValues = 10

// Column is what a column holds, without saying any value.
type Column struct {
	File     string  `json:"file"`
	Name     string  `json:"name"`
	Type     string  `json:"type"`
	Rows     int64   `json:"rows"`
	Missing  int64   `json:"missing"` // null or empty text
	Complete float64 `json:"complete"`
	Distinct int64   `json:"distinct"`
	Shortest int64   `json:"shortest"` // characters of the value as text; 0 when there is none
	Longest  int64   `json:"longest"`
	Top      []Value `json:"top"` // the ten most frequent values, most frequent first
}

// Value is how often some value occurs, and how long it is.
type Value struct {
	Count  int64 `json:"count"`
	Length int64 `json:"length"` // characters as text
}

// Profile says for every column of every file how complete and how distinct it
// is. It never says a value.
func Profile(ctx context.Context, paths []string, limits Limits) ([]Column, error) {
	b, err := openBench(ctx, limits)
	if err != nil {
		return nil, err
	}
	defer b.close()
	var all []Column
	for _, path := range paths {
		f, err := b.openFile(ctx, path)
		if err != nil {
			return nil, err
		}
		for i, name := range f.columns {
			c, err := b.profile(ctx, f, name)
			if err != nil {
				return nil, err
			}
			c.Type = f.types[i]
			all = append(all, c)
		}
	}
	return all, nil
}

func (b *bench) profile(ctx context.Context, f file, name string) (Column, error) {
	c := Column{File: f.path, Name: name, Top: []Value{}}
	query, err := scripts.ReadFile("sql/profile.sql")
	if err != nil {
		return c, err
	}
	if err := b.db.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE VIEW looked_at AS SELECT %s AS value FROM %s", value(name, "VARCHAR"), f.from)); err != nil {
		return c, fmt.Errorf("profile: %w", err)
	}
	if err := b.db.Exec(ctx, string(query)); err != nil {
		return c, unreadable(err, f.path)
	}
	if err := b.db.Row(ctx, []any{&c.Rows, &c.Missing, &c.Distinct, &c.Shortest, &c.Longest}, "SELECT total, missing, different, shortest, longest FROM profile"); err != nil {
		return c, err
	}
	c.Complete = ratio(float64(c.Rows-c.Missing), float64(c.Rows))
	rows, err := b.db.Query(ctx, "SELECT n, length FROM counted WHERE value IS NOT NULL ORDER BY n DESC, length, value LIMIT ?", topValues)
	if err != nil {
		return c, err
	}
	defer rows.Close()
	for rows.Next() {
		var v Value
		if err := rows.Scan(&v.Count, &v.Length); err != nil {
			return c, err
		}
		c.Top = append(c.Top, v)
	}
	return c, rows.Err()
}
