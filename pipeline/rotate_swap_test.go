package pipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/workspace"
)

// swappable makes a folder in which a swap is ready: keys, state and one file
// to be replaced, one new, one to be removed, one that is nobody's business.
func swappable(t *testing.T) *workspace.Folder {
	t.Helper()
	f, err := workspace.Create(filepath.Join(t.TempDir(), "region"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"keys/a", "keys/b", "state/steps/x", "linkage/constraints.csv", "projects/G/extract/t", "landing/kept"} {
		write(t, f, name, "old")
	}
	for _, name := range []string{"keys/a", "keys/c", "state/steps/x", "linkage/constraints.csv", "scores/new"} {
		write(t, f, rotatingName+"/"+name, "new")
	}
	data, err := json.Marshal(swap{Result: Rotated{To: "region-v2"}, Replace: []string{"keys", "state", "linkage/constraints.csv", "scores"}, Remove: []string{"projects/G/extract"}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, readyName, string(data))
	return f
}

func write(t *testing.T, f *workspace.Folder, name, data string) {
	t.Helper()
	if err := f.Write(name, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

// held lists what a folder holds, but for logs.
func held(t *testing.T, f *workspace.Folder) []string {
	t.Helper()
	names, err := f.Files("")
	if err != nil {
		t.Fatal(err)
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return strings.HasPrefix(name, "logs/") || strings.HasPrefix(name, ".staging/")
	})
	for i, name := range names {
		data, err := f.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		names[i] += " " + string(data)
	}
	return names
}

func swapped() []string {
	return []string{"keys/a new", "keys/c new", "landing/kept old", "linkage/constraints.csv new", "scores/new new", "state/steps/x new"}
}

func TestSwap(t *testing.T) {
	f := swappable(t)
	result, err := finishSwap(f)
	if err != nil || result.To != "region-v2" {
		t.Fatal(result, err)
	}
	if d := cmp.Diff(swapped(), held(t, f)); d != "" {
		t.Error(d)
	}
	if swapIsReady(f) || f.Exists(rotatingName) || f.Exists(rotatedName) {
		t.Error("something is left of the rotation")
	}
}

// TestSwapKilledAtAnySystemCall kills a swap at each system call that changes
// names on the disk, twice in a row at all distances, and demands that the next
// attempt finishes it.
func TestSwapKilledAtAnySystemCall(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: left out")
	}
	killed := 0
	for _, call := range []string{"renameat,renameat2,rename", "unlinkat", "mkdirat"} {
		for when := 1; when <= 14; when++ {
			f := swappable(t)
			for _, at := range []int{when, 1 + when%3} {
				c := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, at), os.Args[0], "-test.run=^TestSwapToBeKilled$")
				c.Env = append(os.Environ(), "PIPELINE_SWAP="+f.Path(), "GOMAXPROCS=1")
				if out, err := c.CombinedOutput(); err != nil {
					if strings.Contains(string(out), "not permitted") {
						t.Skip("strace may not trace here: left out")
					}
					killed++
				}
			}
			if swapIsReady(f) {
				if _, err := finishSwap(f); err != nil {
					t.Fatalf("killed at %s number %d: %v", call, when, err)
				}
			}
			// A rotation that is not ready any more is what any run takes away.
			if err := f.Remove(rotatingName); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(swapped(), held(t, f)); d != "" {
				t.Fatalf("killed at %s number %d:\n%s", call, when, d)
			}
		}
	}
	if killed < 10 {
		t.Fatalf("%d swaps were killed: the test tests too little", killed)
	}
	t.Logf("%d swaps were killed", killed)
}

// TestSwapToBeKilled is the program the test above kills.
func TestSwapToBeKilled(t *testing.T) {
	path := os.Getenv("PIPELINE_SWAP")
	if path == "" {
		t.Skip("runs only inside the test above")
	}
	f, err := workspace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if !swapIsReady(f) {
		return
	}
	if _, err := finishSwap(f); err != nil {
		t.Fatal(err)
	}
}

func TestPseudonymListsAreRead(t *testing.T) {
	const id = "00000000-0000-4000-8000-00000000000a"
	list, err := parsePseudonyms([]byte("\ufeffnote,pseudonym\nx," + strings.ToUpper(id) + "\n"))
	if err != nil || len(list.rows) != 1 || list.rows[0][1] != id {
		t.Fatal(list, err)
	}
	for text, want := range map[string]string{
		"":                             "there is no header",
		"person\n" + id + "\n":         "no column pseudonym",
		"pseudonym\n9990000018\n":      "row 1: column pseudonym: no pseudonym",
		"pseudonym\n{" + id + "}\n":    "row 1: column pseudonym: no pseudonym",
		"pseudonym,x\n" + id + "\n":    "row 1: not CSV of 2 columns",
		"pseudonym\n" + id + "\n\"x\n": "row 2: not CSV",
	} {
		_, err := parsePseudonyms([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "999") {
			t.Error("a value is in the error")
		}
	}
}
