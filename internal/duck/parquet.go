package duck

import (
	"context"
	"fmt"

	"tre/internal/workspace"
)

// rowGroup is DuckDB's own vector-aligned default; readers skip whole groups by
// their statistics, so a group should hold a few thousand people.
const rowGroup = 122880

// WriteParquet writes the rows of a query, in the query's own order, as one
// Parquet file that appears whole or not at all. Encodings are those every
// reader knows (format version 1, zstd). The query must end in ORDER BY over a
// total order, so that the same rows give the same bytes whatever the threads.
func (db *DB) WriteParquet(ctx context.Context, folder *workspace.Folder, name, query string, args ...any) error {
	staged, err := folder.StagePath(name)
	if err != nil {
		return err
	}
	defer staged.Discard()
	copyOut := fmt.Sprintf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v1, ROW_GROUP_SIZE %d)",
		query, Text(staged.Path()), rowGroup)
	if err := db.Exec(ctx, copyOut, args...); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return staged.Commit()
}
