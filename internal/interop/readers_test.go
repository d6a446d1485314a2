package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/xitongsys/parquet-go-source/local"
	"github.com/xitongsys/parquet-go/reader"
)

// region builds the program and runs it over a small invented region.
func region(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	program, where := filepath.Join(folder, "tre"), filepath.Join(folder, "region")
	for _, args := range [][]string{
		{"go", "build", "-tags", "duckdb_arrow", "-o", program, "./cmd/tre"},
		{program, "init", where},
		{program, "fixtures", where, "--people", "400"},
		{program, "run", where},
	} {
		c := exec.Command(args[0], args[1:]...)
		c.Dir = filepath.Join("..", "..")
		c.Env = append(os.Environ(), "GOFLAGS=")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return where
}

// TestOtherReadersOpenLinkedRecords reads every linked file, every row, with
// Arrow and with a reader that has not been maintained for years.
func TestOtherReadersOpenLinkedRecords(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(region(t), "linked", "*", "*.parquet"))
	if err != nil || len(files) < 10 {
		t.Fatalf("the run left %d linked files, %v", len(files), err)
	}
	for _, path := range files {
		if old, arrow := oldRows(t, path), arrowRows(t, path); old != arrow {
			t.Errorf("%s: the old reader finds %d rows, Arrow %d", path, old, arrow)
		}
	}
}

// oldRows reads every row with xitongsys/parquet-go.
func oldRows(t *testing.T, path string) int64 {
	t.Helper()
	file, err := local.NewLocalFileReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	old, err := reader.NewParquetReader(file, nil, 1)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer old.ReadStop()
	rows, err := old.ReadByNumber(int(old.GetNumRows()))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return int64(len(rows))
}

// arrowRows reads every row into an Arrow table.
func arrowRows(t *testing.T, path string) int64 {
	t.Helper()
	file, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer file.Close()
	arrow, err := pqarrow.NewFileReader(file, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	table, err := arrow.ReadTable(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer table.Release()
	return table.NumRows()
}
