package links

import (
	"context"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/linkage/cluster"
	"tre/linkage/records"
)

// ReadPairs reads the pairs of a file of tre or of Splink as edges between the
// rows of the records that were paired.
func ReadPairs(ctx context.Context, path string, t *records.Table, l Limits) ([]cluster.Edge, error) {
	db, err := duck.Open(ctx, duck.Options{Threads: l.Threads, MemoryBytes: l.MemoryBytes})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	columns, err := columnsOfPairs(ctx, db, path)
	if err != nil {
		return nil, err
	}
	return readPairs(ctx, db, path, columns, t)
}

const clustersHint = "clusters are Parquet as tre link cluster writes them: cluster_id and the id of each record"

// ReadClusters reads a file of clusters: by row, the smallest row of its
// cluster. A record that the file does not have is alone.
func ReadClusters(ctx context.Context, path string, t *records.Table, l Limits) ([]int32, error) {
	db, err := duck.Open(ctx, duck.Options{Threads: l.Threads, MemoryBytes: l.MemoryBytes})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	f := newFinder(t)
	id := duck.Name(t.IDName)
	switch {
	case t.Several():
		id = duck.Name(t.SourceName) + " || '-__-' || " + id + "::VARCHAR"
	case f.rows == nil:
		id = "TRY_CAST(" + id + " AS BIGINT)"
	default:
		id += "::VARCHAR"
	}
	first := make([]int32, t.Rows)
	for row := range first {
		first[row] = int32(row)
	}
	members, unknown := []int32{}, 0
	end := func() { // of a cluster
		if len(members) == 0 {
			return
		}
		smallest := slices.Min(members)
		for _, row := range members {
			first[row] = smallest
		}
		members = members[:0]
	}
	query := "SELECT cluster_id::VARCHAR, " + id + " FROM read_parquet(" + duck.Text(path) + ") ORDER BY 1"
	err = db.Arrow(ctx, query, func(batches array.RecordReader) error {
		before := ""
		for batches.Next() {
			b := batches.RecordBatch()
			names, rows := b.Column(0).(*array.String), rowsOf(f, b.Column(1))
			for i, row := range rows {
				if row < 0 || names.IsNull(i) {
					unknown++
					continue
				}
				if name := names.Value(i); name != before {
					end()
					before = strings.Clone(name) // the batch does not outlive the loop
				}
				members = append(members, row)
			}
		}
		end()
		return batches.Err()
	})
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, clustersHint, "cannot read the clusters %s", path)
	}
	if unknown > 0 {
		return nil, problem.New(problem.Usage, "give the very records that were clustered", "%d rows of %s name an id that the records do not have", unknown, path)
	}
	return first, nil
}
