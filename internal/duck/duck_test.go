package duck

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/internal/problem"
	"tre/internal/workspace"
)

func open(t *testing.T, o Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestRefusesExtensionsAndSettings(t *testing.T) {
	db := open(t, Options{})
	for _, query := range []string{
		"INSTALL httpfs", "SET memory_limit = '100GB'", "SET threads = 64", "SET temp_directory = '/tmp'",
		"SELECT * FROM read_csv('https://example.org/x.csv')",
	} {
		if err := db.Exec(t.Context(), query); err == nil {
			t.Errorf("%s was allowed", query)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	db := open(t, Options{MemoryBytes: 64 << 20})
	err := db.Exec(t.Context(), "CREATE TABLE big AS SELECT range AS n, md5(range::VARCHAR) AS text FROM range(20000000)")
	if err == nil || !strings.Contains(problem.HintOf(err), "memoryMiB") {
		t.Fatalf("a table larger than the limit gave %v", err)
	}
}

func TestSpillsOnlyWhereTold(t *testing.T) {
	spill := t.TempDir()
	db := open(t, Options{MemoryBytes: 96 << 20, SpillFolder: spill})
	var n int64
	err := db.Row(t.Context(), []any{&n}, "SELECT count(*) FROM (SELECT md5(range::VARCHAR) AS text FROM range(4000000) ORDER BY text) WHERE text > 'a'")
	if err != nil || n == 0 {
		t.Fatalf("sorting more than fits gave %d, %v", n, err)
	}
}

func TestSameBytesWhateverTheThreads(t *testing.T) {
	folder, err := workspace.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var sums [2][32]byte
	for i, threads := range []int{1, 2} {
		db := open(t, Options{Threads: threads})
		name := filepath.Join("out", "t.parquet")
		query := "SELECT hash(range) % 1000 AS person, range AS n, md5(range::VARCHAR) AS text FROM range(400000) ORDER BY ALL"
		if err := db.WriteParquet(t.Context(), folder, name, query); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(folder.Path(name))
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = sha256.Sum256(data)
	}
	if sums[0] != sums[1] {
		t.Fatal("one thread and two threads wrote different bytes")
	}
}

func TestArrowGoesOutAndComesBack(t *testing.T) {
	db := open(t, Options{})
	var total int64
	err := db.Arrow(t.Context(), "SELECT range AS n FROM range(10000)", func(out array.RecordReader) error {
		other := open(t, Options{})
		return other.WithView("numbers", out, func() error {
			return other.Row(t.Context(), []any{&total}, "SELECT sum(n)::BIGINT FROM numbers")
		})
	})
	if err != nil || total != 10000*9999/2 {
		t.Fatalf("sum is %d, %v", total, err)
	}
}

func TestQuotingKeepsTextText(t *testing.T) {
	db := open(t, Options{})
	hostile := `x'; DROP TABLE t; --"`
	var got string
	if err := db.Row(t.Context(), []any{&got}, "SELECT "+Name(hostile)+" FROM (SELECT "+Text(hostile)+" AS "+Name(hostile)+")"); err != nil || got != hostile {
		t.Fatalf("got %q, %v", got, err)
	}
}
