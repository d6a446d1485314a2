package workspace

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestKilledAtAnySystemCall re-runs the program below under strace, killing
// it at each system call that changes the disk, and demands that the file is
// always the old one or the new one. It is left out, saying so, where strace
// is missing or may not trace.
func TestKilledAtAnySystemCall(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: left out")
	}
	old, next := strings.Repeat("old ", 5000), strings.Repeat("next ", 5000)
	killed := 0
	for _, call := range []string{"openat", "write", "fsync", "renameat,renameat2,rename", "mkdirat", "close"} {
		for when := 1; when <= 12; when++ {
			f := folder(t)
			if err := f.Write("kept", []byte(old)); err != nil {
				t.Fatal(err)
			}
			inject := "inject=" + call + ":signal=SIGKILL:when=" + string(rune('0'+when%10))
			if when >= 10 {
				inject = "inject=" + call + ":signal=SIGKILL:when=1" + string(rune('0'+when-10))
			}
			c := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", inject, "-P", f.Path(), "-P", f.Path(staging), os.Args[0], "-test.run=^TestWriterToBeKilled$")
			c.Env = append(os.Environ(), "WORKSPACE_VICTIM="+f.Path(), "GOMAXPROCS=1")
			if out, err := c.CombinedOutput(); err != nil {
				if bytes.Contains(out, []byte("not permitted")) {
					t.Skip("strace may not trace here: left out")
				}
				killed++
			}
			data, err := f.Read("kept")
			if err != nil || (string(data) != old && string(data) != next) {
				t.Fatalf("killed at %s number %d: the file is neither old nor new (%d bytes, %v)", call, when, len(data), err)
			}
		}
	}
	if killed == 0 {
		t.Fatal("no run was killed: the test tests nothing")
	}
}

// TestWriterToBeKilled is the program the test above kills.
func TestWriterToBeKilled(t *testing.T) {
	path := os.Getenv("WORKSPACE_VICTIM")
	if path == "" {
		t.Skip("runs only inside the test above")
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Write("kept", []byte(strings.Repeat("next ", 5000))); err != nil {
		t.Fatal(err)
	}
}
