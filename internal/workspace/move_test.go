package workspace

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMoveNeverLosesOrOverwrites(t *testing.T) {
	f := folder(t)
	for name, data := range map[string]string{"new/a/file": "new", "old/file": "old", "b": "kept"} {
		if err := f.Write(name, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Move("new/a", "b"); err == nil {
		t.Error("a name that is taken was given away")
	}
	if err := f.Move("new/a", "old"); err == nil {
		t.Error("a folder that is there was overwritten")
	}
	if err := f.Move("nothing", "c"); err == nil {
		t.Error("nothing was moved without a word")
	}
	if err := f.Move("new/a", "x/y/z"); err != nil {
		t.Fatal(err)
	}
	names, err := f.Files("")
	if d := cmp.Diff([]string{"b", "old/file", "x/y/z/file"}, names); d != "" || err != nil {
		t.Error(d, err)
	}
	if text(t, f, "x/y/z/file") != "new" || text(t, f, "b") != "kept" {
		t.Error("a file changed")
	}
	for _, name := range []string{"x", "x/y", "x/y/z"} {
		if info, err := os.Stat(f.Path(name)); err != nil || info.Mode().Perm() != folderMode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestCopyTo(t *testing.T) {
	from, to := folder(t), folder(t)
	for _, name := range []string{"a/b/c", "a/d", "e"} {
		if err := from.Write(name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "nothing"} {
		if err := from.CopyTo(to, name); err != nil {
			t.Fatal(err)
		}
	}
	names, err := to.Files("")
	if d := cmp.Diff([]string{"a/b/c", "a/d"}, names); d != "" || err != nil {
		t.Error(d, err)
	}
	if text(t, to, "a/b/c") != "a/b/c" {
		t.Error("the copy differs")
	}
	if err := os.Chmod(to.Path("a/d"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := to.Flush("a"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(to.Path("a/d")); err != nil || info.Mode().Perm() != fileMode {
		t.Error("what was flushed is not private", err)
	}
}

// TestMoveKilledAtAnySystemCall: what is moved stands under one of its names.
func TestMoveKilledAtAnySystemCall(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: left out")
	}
	killed := 0
	for _, call := range []string{"mkdirat", "renameat,renameat2,rename", "fsync"} {
		for when := 1; when <= 4; when++ {
			f := folder(t)
			if err := f.Write("from/file", []byte("kept")); err != nil {
				t.Fatal(err)
			}
			c := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", "inject="+call+":signal=SIGKILL:when="+string(rune('0'+when)), os.Args[0], "-test.run=^TestMoverToBeKilled$")
			c.Env = append(os.Environ(), "WORKSPACE_MOVER="+f.Path(), "GOMAXPROCS=1")
			if out, err := c.CombinedOutput(); err != nil {
				if strings.Contains(string(out), "not permitted") {
					t.Skip("strace may not trace here: left out")
				}
				killed++
			}
			old, next := f.Exists("from/file"), f.Exists("to/there/file")
			if old == next {
				t.Fatalf("killed at %s number %d: under the old name %v, under the new %v", call, when, old, next)
			}
		}
	}
	if killed == 0 {
		t.Fatal("no move was killed: the test tests nothing")
	}
}

// TestMoverToBeKilled is the program the test above kills.
func TestMoverToBeKilled(t *testing.T) {
	path := os.Getenv("WORKSPACE_MOVER")
	if path == "" {
		t.Skip("runs only inside the test above")
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Move("from", "to/there"); err != nil {
		t.Fatal(err)
	}
}
