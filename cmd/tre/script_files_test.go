package main

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// ownContracts gives every script the contracts and mappings in testdata/own,
// as a region's own: podiatry (rows, one CSV, replaced by period) and callback
// (a register of people in a ZIP, by delta).
func ownContracts(env *testscript.Env) error {
	env.Setenv("TRE_IDENTITY", os.Getenv("TRE_IDENTITY"))
	return os.CopyFS(filepath.Join(env.WorkDir, "own"), os.DirFS("testdata/own"))
}

// create opens a file of the script for writing at its end.
func create(ts *testscript.TestScript, name string) *os.File {
	path := ts.MkAbs(name)
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o700))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	ts.Check(err)
	return f
}

// cp_tree FOLDER FOLDER: copy a folder to a new one.
func copyTree(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

// replace FILE OLD NEW: put a text in place of another, wherever it stands.
func replaceText(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o600))
}

// bytes FILE HEX...: append bytes.
func appendBytes(ts *testscript.TestScript, neg bool, args []string) {
	data, err := hex.DecodeString(strings.Join(args[1:], ""))
	ts.Check(err)
	f := create(ts, args[0])
	_, err = f.Write(data)
	ts.Check(err)
	ts.Check(f.Close())
}

// longline FILE MEGABYTES: append a line of one letter.
func longLine(ts *testscript.TestScript, neg bool, args []string) {
	megabytes, err := strconv.Atoi(args[1])
	ts.Check(err)
	f := create(ts, args[0])
	block := bytes.Repeat([]byte{'A'}, 1<<20)
	for range megabytes {
		_, err := f.Write(block)
		ts.Check(err)
	}
	_, err = f.Write([]byte{'\n'})
	ts.Check(err)
	ts.Check(f.Close())
}

// zip FILE MEMBER...: a new ZIP that holds files of the script by their base
// names.
func makeZip(ts *testscript.TestScript, neg bool, args []string) {
	f := create(ts, args[0])
	archive := zip.NewWriter(f)
	for _, name := range args[1:] {
		member, err := archive.Create(filepath.Base(name))
		ts.Check(err)
		_, err = io.WriteString(member, ts.ReadFile(name))
		ts.Check(err)
	}
	ts.Check(archive.Close())
	ts.Check(f.Close())
}

// zipbomb FILE MEMBER: a new ZIP of some 300 kB whose member is 300 MB of one
// letter.
func zipBomb(ts *testscript.TestScript, neg bool, args []string) {
	f := create(ts, args[0])
	archive := zip.NewWriter(f)
	member, err := archive.Create(args[1])
	ts.Check(err)
	block := bytes.Repeat([]byte{'A'}, 1<<20)
	for range 300 {
		_, err := member.Write(block)
		ts.Check(err)
	}
	ts.Check(archive.Close())
	ts.Check(f.Close())
}
