package links

import (
	"context"
	"slices"
	"sort"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/linkage/cluster"
	"tre/linkage/records"
)

// pairsHint says what a pairs file is.
const pairsHint = "pairs are Parquet as tre link predict or Splink writes them: <id>_l, <id>_r, match_weight"

// pairColumns are the columns of a pairs file that say who is paired.
type pairColumns struct {
	id, source string // without _l and _r; source is "" when there is one input
	all        []string
}

// columnsOfPairs finds the id columns: the first two columns called something_l
// and something_r, after those of the input where there are some.
func columnsOfPairs(ctx context.Context, db *duck.DB, path string) (pairColumns, error) {
	var c pairColumns
	rows, err := db.Query(ctx, "SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet("+duck.Text(path)+"))")
	if err != nil {
		return c, problem.Wrap(err, problem.Usage, pairsHint, "cannot read the pairs %s", path)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return c, err
		}
		c.all = append(c.all, name)
	}
	if err := rows.Err(); err != nil {
		return c, err
	}
	var sides []string
	for _, name := range c.all {
		base, isLeft := strings.CutSuffix(name, "_l")
		if isLeft && slices.Contains(c.all, base+"_r") {
			sides = append(sides, base)
		}
	}
	if len(sides) > 1 && strings.Contains(sides[0], "source") {
		c.source, sides = sides[0], sides[1:]
	}
	if len(sides) == 0 || !slices.Contains(c.all, "match_weight") {
		return c, problem.New(problem.Usage, pairsHint, "%s has no columns <id>_l, <id>_r and match_weight", path)
	}
	c.id = sides[0]
	return c, nil
}

// finder gives the row of an id.
type finder struct {
	ids   records.IDs
	first int64 // of ids without a gap: the first one
	dense bool
	rows  map[string]int32 // of ids that are texts, or of several inputs
}

func newFinder(t *records.Table) *finder {
	f := &finder{ids: t.IDs}
	if n := len(t.IDs.Whole); n > 0 && !t.Several() {
		f.first = t.IDs.Whole[0]
		f.dense = t.IDs.Whole[n-1]-f.first == int64(n-1)
		return f
	}
	f.rows = t.RowsByID()
	return f
}

func (f *finder) whole(id int64) (int32, bool) {
	if f.dense {
		at := id - f.first
		return int32(at), at >= 0 && at < int64(len(f.ids.Whole))
	}
	at := sort.Search(len(f.ids.Whole), func(i int) bool { return f.ids.Whole[i] >= id })
	return int32(at), at < len(f.ids.Whole) && f.ids.Whole[at] == id
}

func (f *finder) text(id string) (int32, bool) {
	row, ok := f.rows[id]
	return row, ok
}

// readPairs reads the links of a pairs file as edges between rows.
func readPairs(ctx context.Context, db *duck.DB, path string, c pairColumns, t *records.Table) ([]cluster.Edge, error) {
	f := newFinder(t)
	kind := "VARCHAR"
	if f.rows == nil {
		kind = "BIGINT"
	}
	side := func(s string) string {
		id := duck.Name(c.id + s)
		if c.source != "" && t.Several() {
			return duck.Name(c.source+s) + " || '-__-' || " + id + "::VARCHAR"
		}
		return "TRY_CAST(" + id + " AS " + kind + ")"
	}
	var edges []cluster.Edge
	missing := 0
	query := "SELECT " + side("_l") + ", " + side("_r") + ", match_weight::FLOAT FROM read_parquet(" + duck.Text(path) + ")"
	err := db.Arrow(ctx, query, func(batches array.RecordReader) error {
		for batches.Next() {
			b := batches.RecordBatch()
			left, right, weight := rowsOf(f, b.Column(0)), rowsOf(f, b.Column(1)), b.Column(2).(*array.Float32)
			for i := range left {
				if left[i] < 0 || right[i] < 0 || weight.IsNull(i) {
					missing++
					continue
				}
				edges = append(edges, cluster.Edge{A: left[i], B: right[i], Weight: weight.Value(i)})
			}
		}
		return batches.Err()
	})
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, pairsHint, "cannot read the pairs %s", path)
	}
	if missing > 0 {
		return nil, problem.New(problem.Usage, "give the very records that were paired", "%d pairs of %s name an id that the records do not have", missing, path)
	}
	return edges, nil
}

// rowsOf looks ids up; -1 is one that the records do not have.
func rowsOf(f *finder, ids arrow.Array) []int32 {
	rows := make([]int32, ids.Len())
	for i := range rows {
		rows[i] = -1
		if ids.IsNull(i) {
			continue
		}
		var row int32
		var ok bool
		if whole, isWhole := ids.(*array.Int64); isWhole {
			row, ok = f.whole(whole.Value(i))
		} else {
			row, ok = f.text(ids.(*array.String).Value(i))
		}
		if ok {
			rows[i] = row
		}
	}
	return rows
}
