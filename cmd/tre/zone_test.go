package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tre/internal/sealed"
	"tre/internal/workspace"
	"tre/pipeline/leak"
)

// TestKilledRunsLeaveNothingClear kills runs at several moments, with SIGKILL
// and with the signal that asks for a core file, and looks through everything
// but landing and truth for every identifier of the region: finished and
// half-written files, spilled and temporary ones, and core files. What is
// sealed is looked at as bytes, without the key.
func TestKilledRunsLeaveNothingClear(t *testing.T) {
	if testing.Short() {
		t.Skip("runs two regions: left out of short tests")
	}
	calm := small(t, "", "400")
	must(t, 0, "run", calm)
	look := newSearch(t, calm)
	region := small(t, "", "400") // the same people under another key
	temporary, working := t.TempDir(), t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	killed := 0
	for i := range 10 {
		signal := []os.Signal{syscall.SIGKILL, syscall.SIGABRT}[i%2]
		c := dumping("run", region)
		c.Dir, c.Env = working, append(c.Env, "TMPDIR="+temporary, "GOTRACEBACK=crash")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		stop := time.AfterFunc(time.Duration(150+200*i+random.IntN(200))*time.Millisecond, func() { _ = c.Process.Signal(signal) })
		if err := c.Wait(); err != nil {
			killed++
		}
		stop.Stop()
		for _, folder := range []string{region, temporary, working} {
			look.through(t, folder)
		}
	}
	if killed < 3 {
		t.Fatalf("%d runs were killed: the test tests nothing", killed)
	}
	must(t, 0, "run", region)
	look.through(t, region)
	look.scan(t, region, temporary, working)
}

// TestNoCoreFileIsWritten: a core file would hold the people in memory; where
// one could be made, the program makes none.
func TestNoCoreFileIsWritten(t *testing.T) {
	control := t.TempDir()
	shell := exec.Command("sh", "-c", "ulimit -c unlimited && kill -ABRT $$")
	shell.Dir = control
	_ = shell.Run()
	if cores(t, control) == 0 {
		t.Skip("no process can leave a core file here: left out")
	}
	folder := small(t, "", "400")
	working := t.TempDir()
	c := dumping("run", folder)
	c.Dir, c.Env = working, append(c.Env, "GOTRACEBACK=crash")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(700*time.Millisecond, func() { _ = c.Process.Signal(syscall.SIGABRT) })
	if err := c.Wait(); err == nil {
		t.Fatal("the run was not killed: the test tests nothing")
	}
	if n := cores(t, working); n > 0 {
		t.Errorf("the run left %d core files", n)
	}
}

// dumping runs the program where core files are allowed.
func dumping(args ...string) *exec.Cmd {
	c := asProcess(args...)
	script := `ulimit -c unlimited 2>/dev/null; exec "$0" "$@"`
	allowed := exec.Command("sh", append([]string{"-c", script, c.Path}, args...)...)
	allowed.Env = c.Env
	return allowed
}

func cores(t *testing.T, folder string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*core*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// search looks for the identifiers of a region in the bytes of files.
type search struct {
	calm  string
	known map[string]map[string]bool
	own   map[string]bool
	done  map[string]string // files looked at, by their size and time
}

func newSearch(t *testing.T, calm string) *search {
	t.Helper()
	s := &search{calm: calm, known: identifiers(t, calm), own: words(t), done: map[string]string{}}
	// What the search cannot see in landing, it would not see elsewhere.
	seen := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(calm, "landing"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".csv" {
			return err
		}
		data, err := os.ReadFile(path)
		for _, kind := range s.kinds(data) {
			seen[kind] = true
		}
		return err
	})
	if err != nil || len(seen) < 4 {
		t.Fatalf("in landing the search sees only %v (%v): it sees too little", seen, err)
	}
	return s
}

// kinds names what stands in bytes that may be of any form. Short words and
// figures stand in compressed bytes by chance, and are left out.
func (s *search) kinds(data []byte) []string {
	var found []string
	note := func(kind string) {
		if !slices.Contains(found, kind) {
			found = append(found, kind)
		}
	}
	for _, token := range tokenForm.FindAll(data, -1) {
		word := string(token)
		switch lower := strings.ToLower(word); {
		case len(word) >= 8 && s.known["local id"][word]:
			note("local id")
		case len(word) >= 7 && s.known["name"][lower] && !s.own[lower]:
			note("name")
		}
		for i := 0; i+10 <= len(word); i++ {
			if s.known["NHS number"][word[i:i+10]] {
				note("NHS number")
			}
		}
	}
	for _, match := range dateForms.FindAll(data, -1) {
		if bytes.Contains(match, []byte(" ")) && s.known["postcode"][string(match)] {
			note("postcode")
		}
	}
	return found
}

// through looks at every file that is new or changed.
func (s *search) through(t *testing.T, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{filepath.Join(folder, "landing"), filepath.Join(folder, "truth"), filepath.Join(folder, "reference")}, path) {
			return filepath.SkipDir
		}
		info, err := d.Info()
		state := ""
		if err == nil {
			state = fmt.Sprint(info.Size(), info.ModTime())
		}
		if err != nil || !d.Type().IsRegular() || s.done[path] == state {
			return err
		}
		s.done[path] = state
		data, err := os.ReadFile(path)
		for _, kind := range s.kinds(append(data, path...)) {
			t.Errorf("%s holds a %s", path, kind)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// scan asks the program's own scan, which also unpacks what is compressed, with
// the identifiers of the calm region and without the other's key.
func (s *search) scan(t *testing.T, region string, more ...string) {
	t.Helper()
	identity := s.identity(t)
	in := leak.In{Folders: append([]string{region}, more...), Identity: identity}
	for _, known := range []string{"landing", "truth", "reference", "identified/payload"} {
		in.Skip = append(in.Skip, filepath.Join(region, known))
	}
	found, err := leak.Scan(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Findings {
		if f.Severity == leak.Certain {
			t.Errorf("the scan found: %+v", f)
		}
	}
	if found.Sealed == 0 {
		t.Error("the scan met no sealed file: it did not see the identified zone")
	}
	control, err := leak.Scan(t.Context(), leak.In{Folders: []string{filepath.Join(region, "landing")}, Identity: identity})
	if err != nil || control.Fails() == 0 {
		t.Errorf("the scan found nothing in landing (%v): it sees nothing", err)
	}
	for _, kind := range []leak.Kind{leak.NHSNumber, leak.Name, leak.Postcode, leak.BirthDate, leak.LocalID} {
		if !slices.ContainsFunc(control.Findings, func(f leak.Finding) bool { return f.Kind == kind && f.Severity == leak.Certain }) {
			t.Errorf("the scan found no %s in landing", kind)
		}
	}
}

// identity reads the calm region's identity tables from their plain forms, so
// that this test needs no key.
func (s *search) identity(t *testing.T) leak.Identity {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.calm, "identified/identity/*/*/*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	plain := t.TempDir()
	for i, file := range files {
		data, err := os.ReadFile(unsealed(file))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(plain, "identified/identity", fmt.Sprintf("%d.parquet", i))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := workspace.Open(plain)
	if err != nil {
		t.Fatal(err)
	}
	return leak.OfRegion(folder, sealed.Key{})
}
