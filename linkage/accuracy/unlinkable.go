package accuracy

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"tre/internal/duck"
	"tre/internal/problem"
)

// Unlinkable is how many records could not be linked even to a copy of
// themselves at a threshold: their weight against themselves stays below it.
type Unlinkable struct {
	Weight      float64 `json:"matchWeight"`
	Probability float64 `json:"matchProbability"`
	Records     int64   `json:"records"` // with a weight below Weight
	Share       float64 `json:"share"`   // of all records
}

// Unlinkables reads self-weights from a column of numbers of a Parquet or CSV
// file ("" is weight) and gives the curve, ascending in steps of 0.1, wherever
// it changes.
func Unlinkables(ctx context.Context, path, column string, limits Limits) ([]Unlinkable, error) {
	if column == "" {
		column = "weight"
	}
	b, err := openBench(ctx, limits)
	if err != nil {
		return nil, err
	}
	defer b.close()
	f, err := b.openFile(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := f.need(column); err != nil {
		return nil, err
	}
	query, err := scripts.ReadFile("sql/unlinkable.sql")
	if err != nil {
		return nil, err
	}
	if err := b.db.Exec(ctx, fmt.Sprintf("CREATE VIEW own AS SELECT try_cast(%s AS DOUBLE) AS w FROM %s", duck.Name(column), f.from)); err != nil {
		return nil, err
	}
	tenths := map[int64]int64{}
	rows, err := b.db.Query(ctx, string(query))
	if err != nil {
		return nil, unreadable(err, path)
	}
	defer rows.Close()
	for rows.Next() {
		var tenth *int64
		var n int64
		if err := rows.Scan(&tenth, &n); err != nil {
			return nil, err
		}
		if tenth == nil {
			return nil, problem.New(problem.Failed, "give every record its weight against itself", "%s: column %s: not a number in %s", path, column, counted(n, "row", "rows"))
		}
		tenths[*tenth] = n
	}
	return unlinkables(tenths), rows.Err()
}

// UnlinkablesOf is Unlinkables over weights at hand. NaN counts as a weight
// below all others.
func UnlinkablesOf(weights []float64) []Unlinkable {
	tenths := map[int64]int64{}
	for _, w := range weights {
		tenths[above(w)]++
	}
	return unlinkables(tenths)
}

// above gives the first step of 0.1 that a weight lies below, in tenths.
func above(w float64) int64 {
	if math.IsNaN(w) {
		w = math.Inf(-1)
	}
	w = min(max(w, -2000), 2000)
	tenth := math.Floor(w * 10)
	if w >= tenth/10 {
		tenth++
	}
	return int64(tenth)
}

func unlinkables(tenths map[int64]int64) []Unlinkable {
	var all, below int64
	for _, n := range tenths {
		all += n
	}
	var curve []Unlinkable
	for _, tenth := range slices.Sorted(maps.Keys(tenths)) {
		below += tenths[tenth]
		w := float64(tenth) / 10
		curve = append(curve, Unlinkable{Weight: w, Probability: probabilityOf(w), Records: below, Share: float64(below) / float64(all)})
	}
	return curve
}
