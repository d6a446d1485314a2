package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tre/internal/cli"
	"tre/internal/duck"
	"tre/pipeline"
)

// ran is one region that was filled and run, with all that the program said.
type ran struct {
	folder string
	said   string
}

// tre runs the program inside this process and gives its exit code and what
// it said.
func tre(args ...string) (int, string) {
	var said bytes.Buffer
	code := cli.Main(args, strings.NewReader(""), &said, &said)
	return code, said.String()
}

// must runs the program and demands an exit code.
func must(t *testing.T, code int, args ...string) string {
	t.Helper()
	got, said := tre(args...)
	if got != code {
		t.Fatalf("tre %s: exit code %d, want %d\n%s", strings.Join(args, " "), got, code, said)
	}
	return said
}

// dirtyFolder is what tidy removes; "" until the shared region is made.
var dirtyFolder string

// dirty is a region with every kind of error and one bad delivery of every
// kind, made once for all tests that only look.
var dirty = sync.OnceValues(func() (ran, error) {
	folder, err := os.MkdirTemp("", "tre-dirty-")
	if err != nil {
		return ran{}, err
	}
	dirtyFolder = folder
	r := ran{folder: filepath.Join(folder, "region")}
	for _, args := range [][]string{
		{"init", r.folder}, {"fixtures", r.folder, "--people", "1500", "--seed", "7", "--traps"}, {"run", r.folder}, {"status", r.folder, "--deliveries"},
		{"quality", r.folder}, {"doctor", r.folder}, {"plan", r.folder}, {"link", "evaluate", r.folder},
	} {
		_, said := tre(args...)
		r.said += "$ tre " + strings.Join(args, " ") + "\n" + said
	}
	return r, nil
})

func dirtyRegion(t *testing.T) ran {
	t.Helper()
	if testing.Short() {
		t.Skip("makes and runs a whole region: left out of short tests")
	}
	r, err := dirty()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// asProcess runs the program as a process of its own.
func asProcess(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), beTheProgram+"=1")
	return c
}

func statusOf(t *testing.T, folder string) pipeline.Status {
	t.Helper()
	var status pipeline.Status
	if err := json.Unmarshal([]byte(must(t, 0, "status", folder, "--json")), &status); err != nil {
		t.Fatal(err)
	}
	return status
}

// texts runs a query of one text column over the region's Parquet files.
func texts(t *testing.T, query string) []string {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func number(t *testing.T, query string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(texts(t, "SELECT ("+query+")::VARCHAR")[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// rowsOf is one Parquet file as SQL reads it.
func rowsOf(path string) string {
	if _, name := regionOf(path); isSealed(name) {
		path = unsealed(path)
	}
	return "read_parquet(" + duck.Text(path) + ")"
}
