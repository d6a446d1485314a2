package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

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

// TestOldReaderOpensLinkedRecords reads every linked file, every row, with a
// reader that has not been maintained for years.
func TestOldReaderOpensLinkedRecords(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(region(t), "linked", "*", "*.parquet"))
	if err != nil || len(files) < 10 {
		t.Fatalf("the run left %d linked files, %v", len(files), err)
	}
	for _, path := range files {
		file, err := local.NewLocalFileReader(path)
		if err != nil {
			t.Fatal(err)
		}
		old, err := reader.NewParquetReader(file, nil, 1)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		rows, err := old.ReadByNumber(int(old.GetNumRows()))
		if err != nil || int64(len(rows)) != old.GetNumRows() {
			t.Errorf("%s: read %d of %d rows, %v", path, len(rows), old.GetNumRows(), err)
		}
		old.ReadStop()
		_ = file.Close()
	}
}
