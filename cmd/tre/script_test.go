package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptCommands are what the scripts need beyond the shell-like commands
// testscript has.
func scriptCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"same":   same,
		"mode":   mode,
		"exits":  exits,
		"append": appendText,

		"cp_tree":   copyTree,
		"replace":   replaceText,
		"bytes":     appendBytes,
		"longline":  longLine,
		"zip":       makeZip,
		"zipbomb":   zipBomb,
		"isjson":    isJSON,
		"rows":      countRows,
		"locked":    holdLock,
		"interrupt": interruptRun,
		"plainkey":  writePlainKey,
		"publickey": appendPublicKey,
	}
}

// same FOLDER FOLDER: both hold the same files with the same bytes.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same FOLDER FOLDER")
	}
	a, b := tree(ts, args[0]), tree(ts, args[1])
	if (a == b) == neg {
		ts.Fatalf("same = %v:\n%s\n%s", a == b, a, b)
	}
}

func tree(ts *testscript.TestScript, folder string) string {
	var text strings.Builder
	root := ts.MkAbs(folder)
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "logs/keys.jsonl") { // which every opening of a key adds to
			return err
		}
		from := path
		if _, name := regionOf(path); isSealed(name) { // sealed anew, the same rows are other bytes
			from = unsealed(path)
		}
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		rel, err := filepath.Rel(root, path)
		fmt.Fprintf(&text, "%s %x\n", rel, sum[:6])
		return err
	}))
	return text.String()
}

// mode MODE FILE: the file has these permission bits, as 0600.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	got := fmt.Sprintf("%04o", info.Mode().Perm())
	if (got == args[0]) == neg {
		ts.Fatalf("%s has mode %s", args[1], got)
	}
}

// exits CODE COMMAND...: the command ends with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if exit, ok := err.(interface{ ExitCode() int }); ok {
		got = strconv.Itoa(exit.ExitCode())
	} else if err != nil {
		ts.Fatalf("could not run: %v", err)
	}
	if (got == args[0]) == neg {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// append FILE TEXT: add a line to a file.
func appendText(ts *testscript.TestScript, neg bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	ts.Check(err)
	_, err = f.WriteString(strings.Join(args[1:], " ") + "\n")
	ts.Check(err)
	ts.Check(f.Close())
}
