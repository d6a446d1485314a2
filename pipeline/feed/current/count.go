package current

import (
	"context"
	_ "embed"
	"fmt"

	"tre/internal/duck"
)

//go:embed sql/count_reasons.sql
var countReasonsSQL string

// countTable reads back the list of superseded rows that was written, and
// sets it against what each delivery kept.
func countTable(ctx context.Context, db *duck.DB, path, table string, applied []delivery) ([]Count, error) {
	reasons, err := countReasons(ctx, db, path)
	if err != nil {
		return nil, err
	}
	var counts []Count
	for _, d := range applied {
		kept := d.kept(table)
		if kept == 0 {
			continue
		}
		c := Count{Delivery: d.ID, Table: table, Kept: kept, Reasons: reasons[d.ID]}
		for _, r := range c.Reasons {
			c.Superseded += r.Count
		}
		c.InForce = kept - c.Superseded
		if c.InForce < 0 {
			return nil, fmt.Errorf("delivery %s: table %s: %d rows superseded of %d kept", d.ID, table, c.Superseded, kept)
		}
		counts = append(counts, c)
	}
	return counts, nil
}

func countReasons(ctx context.Context, db *duck.DB, path string) (map[string][]ReasonCount, error) {
	query, err := render("count_reasons", countReasonsSQL, map[string]any{"File": duck.Text(path)})
	if err != nil {
		return nil, err
	}
	rows, err := db.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	reasons := map[string][]ReasonCount{}
	for rows.Next() {
		var delivery string
		var r ReasonCount
		if err := rows.Scan(&delivery, &r.Reason, &r.Count); err != nil {
			return nil, err
		}
		reasons[delivery] = append(reasons[delivery], r)
	}
	return reasons, rows.Err()
}
