package files

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tre/internal/duck"
	"tre/pseudonymise"
)

var (
	benchRows   = flag.Int("rows", 1_000_000, "rows of the benchmark's file")
	benchRuns   = flag.Int("runs", 3, "runs of each side, by turns")
	benchFolder = flag.String("folder", "", "where the benchmark's files go, and what stands there is used again; a temporary folder if empty")
)

// peopleQuery makes 3 million valid numbers out of the range 900 to 998, which
// is never issued.
const peopleQuery = `CREATE TABLE people AS
SELECT row_number() OVER () - 1 AS n, stem::VARCHAR || digit AS nhs_number FROM (
	SELECT stem, (11 - list_sum(list_transform(range(1, 10), lambda i: substr(stem::VARCHAR, i, 1)::INTEGER * (11 - i))) % 11) % 11 AS digit
	FROM (SELECT 900000000 + i * 29 AS stem FROM range(3310000) AS t(i)))
WHERE digit < 10 LIMIT 3000000`

// rowsQuery makes rows of them, in an order that has nothing to do with theirs.
const rowsQuery = `COPY (
	SELECT nhs_number, DATE '2015-01-01' + (hash(i, 1) %% 3650)::INTEGER AS date, chr(65 + (hash(i, 2) %% 20)::INTEGER) || (hash(i, 3) %% 1000) AS code,
		(hash(i, 4) %% 100000) / 100 AS value
	FROM range(%d) AS t(i) JOIN people ON n = hash(i) %% 3000000) TO %s (HEADER)`

func benchFile(b *testing.B, folder string) string {
	path := filepath.Join(folder, fmt.Sprintf("plain-%d.csv", *benchRows))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	db, err := duck.Open(b.Context(), duck.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, query := range []string{peopleQuery, fmt.Sprintf(rowsQuery, *benchRows, duck.Text(path))} {
		if err := db.Exec(b.Context(), query); err != nil {
			b.Fatal(err)
		}
	}
	return path
}

// copyByDuckDB copies a file untouched on two threads, rows in any order, which
// is quicker than its default of keeping theirs.
func copyByDuckDB(ctx context.Context, b *testing.B, in, out string) time.Duration {
	db, err := duck.Open(ctx, duck.Options{Threads: 2, MemoryBytes: 4 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	begun := time.Now()
	if err := db.Exec(ctx, "COPY (FROM read_csv("+duck.Text(in)+")) TO "+duck.Text(out)+" (FORMAT csv, HEADER)"); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun)
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkPlainFile pseudonymises a CSV file and lets DuckDB copy it, by
// turns.
func BenchmarkPlainFile(b *testing.B) {
	folder := *benchFolder
	if folder == "" {
		folder = b.TempDir()
	}
	in, out := benchFile(b, folder), filepath.Join(folder, "out.csv")
	key, err := pseudonymise.NewKey()
	if err != nil {
		b.Fatal(err)
	}
	var ours, theirs []time.Duration
	for range *benchRuns {
		begun := time.Now()
		said, err := Run(b.Context(), Options{In: in, Out: out, Key: key, Project: "benchmark", Columns: []Column{{"nhs_number", "person"}}})
		if err != nil || said.RowsOut != int64(*benchRows) {
			b.Fatal(said.RowsOut, err)
		}
		ours = append(ours, time.Since(begun))
		_ = os.Remove(out)
		theirs = append(theirs, copyByDuckDB(b.Context(), b, in, out))
		_ = os.Remove(out)
	}
	b.Logf("ours %v, DuckDB's copy %v", ours, theirs)
	b.ReportMetric(median(ours).Seconds(), "s/ours")
	b.ReportMetric(median(theirs).Seconds(), "s/copy")
	b.ReportMetric(float64(*benchRows)/median(ours).Seconds()/1e6, "Mrows/s")
	b.ReportMetric(median(ours).Seconds()/median(theirs).Seconds(), "ratio")
}
