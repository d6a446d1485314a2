package main

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/pipeline/feed"
	"tre/pseudonymise"
)

// BenchmarkExtractRegion reads every delivery of a region (TRE_BENCH_REGION, or
// a new one of 20,000 people) and, in the same run, has DuckDB copy the same
// CSV bytes, all text, to Parquet: the floor. ZIP members are unpacked and made
// UTF-8 for the floor beforehand, at no charge.
func BenchmarkExtractRegion(b *testing.B) {
	region := os.Getenv("TRE_BENCH_REGION")
	if region == "" {
		region = filepath.Join(b.TempDir(), "region")
		for _, args := range [][]string{{"init", region}, {"fixtures", region, "--people", "20000"}} {
			if code, said := tre(args...); code != 0 {
				b.Fatal(said)
			}
		}
	}
	files := floorFiles(b, filepath.Join(region, "landing"), b.TempDir())
	for b.Loop() {
		floor := copyAll(b, files)
		rows, extract := extractAll(b, region)
		b.ReportMetric(extract.Seconds()/floor.Seconds(), "x-floor")
		b.ReportMetric(float64(rows)/extract.Seconds(), "rows/s")
		b.Logf("floor %.1f s, extract %.1f s, %d rows", floor.Seconds(), extract.Seconds(), rows)
	}
}

// floorFiles lists the region's CSV files as DuckDB can read them.
func floorFiles(b *testing.B, landing, unpacked string) []string {
	var files []string
	err := filepath.WalkDir(landing, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case filepath.Ext(path) == ".csv":
			files = append(files, path)
		case filepath.Ext(path) == ".zip":
			return unpack(path, unpacked, &files)
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		b.Fatal("no CSV files", err)
	}
	return files
}

func unpack(path, into string, files *[]string) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer archive.Close()
	for _, member := range archive.File {
		from, err := member.Open()
		if err != nil {
			return err
		}
		name := filepath.Join(into, fmt.Sprintf("%d.csv", len(*files)))
		to, err := os.Create(name)
		if err != nil {
			return err
		}
		out := bufio.NewWriterSize(to, 1<<20)
		if _, err := io.Copy(out, charmap.Windows1252.NewDecoder().Reader(from)); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
		*files = append(*files, name)
		if err := to.Close(); err != nil {
			return err
		}
	}
	return nil
}

// copyAll is the floor: plain COPY, all text, the engine's own defaults.
func copyAll(b *testing.B, files []string) time.Duration {
	db, err := duck.Open(b.Context(), duck.Options{Threads: 2, MemoryBytes: 4 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	out := b.TempDir()
	began := time.Now()
	for i, path := range files {
		query := fmt.Sprintf("COPY (SELECT * FROM read_csv(%s, all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"', null_padding = true)) TO %s (FORMAT parquet)",
			duck.Text(path), duck.Text(filepath.Join(out, fmt.Sprint(i, ".parquet"))))
		if err := db.Exec(b.Context(), query); err != nil {
			b.Fatalf("%s: %v", path, err)
		}
	}
	return time.Since(began)
}

// extractAll extracts every delivery into a folder of its own.
func extractAll(b *testing.B, region string) (rows int64, took time.Duration) {
	landing, err := workspace.Open(filepath.Join(region, "landing"))
	if err != nil {
		b.Fatal(err)
	}
	into, err := workspace.Create(filepath.Join(b.TempDir(), strings.ReplaceAll(b.Name(), "/", "-")))
	if err != nil {
		b.Fatal(err)
	}
	catalogue, err := feed.NewCatalogue(nil)
	if err != nil {
		b.Fatal(err)
	}
	key, err := pseudonymise.NewKey()
	if err != nil {
		b.Fatal(err)
	}
	postcodes, err := os.Open(filepath.Join(region, "reference/geography/postcodes.csv"))
	if err != nil {
		b.Fatal(err)
	}
	defer postcodes.Close()
	areas, err := pseudonymise.ReadAreas(postcodes)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	arrivals, _, err := feed.Discover(landing, catalogue)
	if err != nil {
		b.Fatal(err)
	}
	for _, a := range arrivals {
		m, err := feed.Extract(b.Context(), feed.Job{Landing: landing, Region: into, Arrival: a, Contracts: catalogue.Versions(a.Feed), Key: key, Areas: areas, Workers: 2})
		if err != nil {
			b.Fatal(err)
		}
		for _, t := range m.Tables {
			rows += t.RowsIn
		}
	}
	return rows, time.Since(began)
}
