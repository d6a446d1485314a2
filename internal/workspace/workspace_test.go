package workspace

import (
	"os"
	"path/filepath"
	"testing"

	"tre/internal/problem"
)

func folder(t *testing.T) *Folder {
	t.Helper()
	f, err := Create(filepath.Join(t.TempDir(), "region"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFileAppearsOnlyOnCommit(t *testing.T) {
	f := folder(t)
	s, err := f.Stage("a/b.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte("whole")); err != nil {
		t.Fatal(err)
	}
	if f.Exists("a/b.txt") {
		t.Fatal("a staged file is already seen under its final name")
	}
	if err := s.Commit(); err != nil {
		t.Fatal(err)
	}
	data, err := f.Read("a/b.txt")
	if err != nil || string(data) != "whole" {
		t.Fatalf("read back %q, %v", data, err)
	}
}

func TestDiscardLeavesTheOldFile(t *testing.T) {
	f := folder(t)
	if err := f.Write("x", []byte("old")); err != nil {
		t.Fatal(err)
	}
	s, err := f.Stage("x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte("ne")); err != nil {
		t.Fatal(err)
	}
	s.Discard()
	if data, _ := f.Read("x"); string(data) != "old" {
		t.Fatalf("discarding changed the file to %q", data)
	}
}

func TestEverythingIsPrivate(t *testing.T) {
	f := folder(t)
	staged, err := f.StageFolder("made")
	if err != nil {
		t.Fatal(err)
	}
	// What DuckDB would do: create with the process's own mask.
	if err := os.MkdirAll(filepath.Join(staged.Path(), "inner"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(staged.Path(), "inner", "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := staged.Commit(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "made": 0o700, "made/inner": 0o700, "made/inner/file": 0o600} {
		info, err := os.Stat(f.Path(name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%q has mode %o, want %o", name, got, want)
		}
	}
}

func TestFolderReplacesFolder(t *testing.T) {
	f := folder(t)
	for _, content := range []string{"one", "two"} {
		s, err := f.StageFolder("out")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.Path(), content), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	names, err := f.Files("out")
	if err != nil || len(names) != 1 || names[0] != "out/two" {
		t.Fatalf("the folder holds %v, %v", names, err)
	}
}

func TestOneWriterAtATime(t *testing.T) {
	f := folder(t)
	lock, err := f.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Lock(); problem.HintOf(err) == "" {
		t.Fatalf("a second lock gave %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := f.Lock()
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Release()
}

func TestNamesCannotLeaveTheFolder(t *testing.T) {
	for _, name := range []string{"../x", "/etc/passwd", "a/../../b", "a\nb", ""} {
		if ValidName(name) {
			t.Errorf("%q is accepted", name)
		}
	}
	if !ValidName("gp/2026-01/file.csv") {
		t.Error("an ordinary name is refused")
	}
}
