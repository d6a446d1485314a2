package workspace

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func logged(t *testing.T, f *Folder, lines ...string) {
	t.Helper()
	l, err := f.Log("logs/run.jsonl", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(l, line); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, f *Folder, name string) string {
	t.Helper()
	data, err := f.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestLogGrowsByWholeLines(t *testing.T) {
	f := folder(t)
	logged(t, f, "one")
	if err := os.WriteFile(f.Path("logs/run.jsonl"), []byte("one\ncut of"), 0o600); err != nil {
		t.Fatal(err)
	}
	logged(t, f, "two", "three")
	if got := text(t, f, "logs/run.jsonl"); got != "one\ncut of\ntwo\nthree\n" {
		t.Errorf("the log holds %q", got)
	}
	for name, want := range map[string]os.FileMode{"logs": 0o700, "logs/run.jsonl": 0o600} {
		info, err := os.Stat(f.Path(name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestLogIsBounded(t *testing.T) {
	f := folder(t)
	for n := range 10 {
		logged(t, f, strings.Repeat(fmt.Sprint(n), 60))
	}
	names, err := f.Files("logs")
	if err != nil || len(names) != 2 {
		t.Fatalf("%v, %v", names, err)
	}
	if got := text(t, f, "logs/run.jsonl"); !strings.HasPrefix(got, "8") || !strings.Contains(got, "\n9") {
		t.Errorf("the log holds %q", got)
	}
	if got := text(t, f, "logs/run.1.jsonl"); !strings.HasPrefix(got, "6") || !strings.Contains(got, "\n7") {
		t.Errorf("the log set aside holds %q", got)
	}
}
