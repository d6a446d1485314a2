package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"tre/internal/duck"
	"tre/internal/workspace"
)

// isjson object|lines FILE: the text is one JSON object, or one a line. FILE
// may be stdout or stderr.
func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(args[1])))
	objects := 0
	for {
		var object map[string]any
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			ts.Fatalf("%s is not JSON after %d objects: %v", args[1], objects, err)
		}
		objects++
	}
	lines := strings.Count(ts.ReadFile(args[1]), "\n")
	if args[0] == "object" && objects != 1 || args[0] == "lines" && (objects == 0 || objects != lines) {
		ts.Fatalf("%s holds %d objects in %d lines", args[1], objects, lines)
	}
}

// rows COUNT FILE [CONDITION]: the Parquet files hold this many rows (that
// fulfil a condition in SQL). FILE may hold asterisks; no file is no row.
func countRows(ts *testscript.TestScript, neg bool, args []string) {
	condition := "true"
	if len(args) > 2 {
		condition = args[2]
	}
	db, err := duck.Open(context.Background(), duck.Options{})
	ts.Check(err)
	defer db.Close()
	var rows int64
	query := "SELECT count(*) FROM read_parquet(" + duck.Text(ts.MkAbs(args[1])) + ", union_by_name = true) WHERE " + condition
	ts.Check(db.Row(context.Background(), []any{&rows}, query))
	if got := strconv.FormatInt(rows, 10); (got == args[0]) == neg {
		ts.Fatalf("%s holds %s rows where %s", args[1], got, condition)
	}
}

// locked FOLDER: hold the folder's lock until the script ends.
func holdLock(ts *testscript.TestScript, neg bool, args []string) {
	folder, err := workspace.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	lock, err := folder.Lock()
	ts.Check(err)
	ts.Defer(func() { _ = lock.Release() })
}

// interrupt TEXT COMMAND...: run a command, press Ctrl-C once it has said TEXT
// on standard error, and demand exit code 130.
func interruptRun(ts *testscript.TestScript, neg bool, args []string) {
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	c := exec.Command(path, args[2:]...)
	c.Dir = ts.MkAbs(".")
	stderr, err := c.StderrPipe()
	ts.Check(err)
	ts.Check(c.Start())
	var said bytes.Buffer
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), args[0]) {
			_ = c.Process.Signal(syscall.SIGINT)
		}
	}
	_ = c.Wait()
	if c.ProcessState.ExitCode() != 130 || !strings.Contains(said.String(), "tre: error: interrupted") {
		ts.Fatalf("exit code %d, and it said:\n%s", c.ProcessState.ExitCode(), said.String())
	}
}
