package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
)

// people are some records of which 1 and 2 are one person by their model.
func people() []person {
	return []person{
		{"1", "", "anna", "gray", "1970-01-01", "ab1 1aa"},
		{"2", "", "anna", "gray", "1970-01-01", "ab1 1aa"},
		{"3", "", "owen", "hill", "1981-05-05", "cd3 3cc"},
		{"4", "", "jane", "novak", "1981-05-15", "ab2 2bb"},
	}
}

func built(t *testing.T, records []person) Options {
	t.Helper()
	o := Options{Folder: filepath.Join(t.TempDir(), "index"), Model: readWorldModel(t, "dedupe_only"), AsAt: "2026-01-01", Records: []string{write(t, "first.csv", false, records)}}
	if _, err := Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	o.Records = nil
	return o
}

func delivered2(t *testing.T, o Options, records ...person) Options {
	t.Helper()
	o.Records = []string{write(t, "delivery.csv", false, records)}
	return o
}

func must(t *testing.T, o Options) RunOf {
	t.Helper()
	run, err := Update(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func lines(t *testing.T, query string) []string {
	t.Helper()
	rows, err := testDB().Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	return all
}

func eventsOf(t *testing.T, folder string, run int) []string {
	t.Helper()
	return lines(t, "SELECT event || ' ' || records || ' ' || reason FROM read_parquet("+duck.Text(filepath.Join(folder, fileName("events", run, "parquet")))+")")
}

func TestEventsSayWhy(t *testing.T) {
	o := built(t, people())
	first := exported(t, o.Folder, "", false)
	if first["1"] != first["2"] || first["3"] == first["4"] {
		t.Fatalf("%v", first)
	}
	// 4 becomes what 3 is; 2 becomes nobody's twin.
	must(t, delivered2(t, o, person{"4", "", "owen", "hill", "1981-05-05", "cd3 3cc"}, person{"2", "", "josé", "hall", "1970-10-01", ""}))
	now := exported(t, o.Folder, "", false)
	if now["3"] != now["4"] || now["1"] == now["2"] || now["1"] != first["1"] {
		t.Errorf("%v", now)
	}
	want := []string{"merge 1 changed record", "split 1 changed record"}
	if got := slices.Sorted(slices.Values(eventsOf(t, o.Folder, 2))); !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
	o.Gone = write(t, "gone.csv", false, []person{{"2", "", "", "", "", ""}, {"99", "", "", "", "", ""}})
	if run := must(t, o); run.Gone != 1 || run.Unknown != 1 {
		t.Errorf("%+v", run)
	}
	o.Gone = ""
	o.Constraints = filepath.Join(t.TempDir(), "decisions.csv")
	if err := os.WriteFile(o.Constraints, []byte("a,b,verdict,who,when,note\n3,4,different,me,2026-01-01T00:00:00Z,\n1,3,same,me,2026-01-01T00:00:00Z,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, o)
	if got := eventsOf(t, o.Folder, 3); !slices.Equal(got, []string{"gone 0 removed record"}) {
		t.Errorf("events %q", got)
	}
	if got := eventsOf(t, o.Folder, 4); !slices.Equal(got, []string{"split 1 constraint"}) {
		t.Errorf("events %q", got) // 3 leaves 4 for 1, whose id stays
	}
	o.Constraints = ""
	if run := must(t, delivered2(t, o, person{"4", "", "owen", "hill", "1981-05-05", "cd3 3cc"})); run.Unchanged != 1 || run.Moved != 0 {
		t.Errorf("the same record again: %+v", run)
	}
	last := exported(t, o.Folder, "", false)
	if last["3"] == last["4"] || last["1"] != last["3"] {
		t.Errorf("decisions were forgotten: %v", last)
	}
}

func TestLinesTellHowSureALinkIs(t *testing.T) {
	o := built(t, people())
	must(t, delivered2(t, o, person{"5", "", "anne", "gray", "1970-01-02", "ab1 1aa"}))
	out := filepath.Join(t.TempDir(), "out.parquet")
	if _, err := Export(t.Context(), o.Folder, "", out); err != nil {
		t.Fatal(err)
	}
	got := lines(t, "SELECT concat_ws(' ', id, step, round(weight, 3), match_key, round(runner_up, 3), round(margin, 3), first_run, last_changed_run) FROM read_parquet("+duck.Text(out)+") ORDER BY id")
	for i, line := range got {
		step := map[int]string{0: "probabilistic", 1: "probabilistic", 2: "single", 3: "single"}[i]
		if step != "" && !strings.Contains(line, step) {
			t.Errorf("line %q is not of step %s", line, step)
		}
	}
	if len(got) != 5 || !strings.HasSuffix(got[4], " 2 2") || !strings.HasSuffix(got[2], " 1 1") {
		t.Errorf("%q", got)
	}
}

func TestRebuildCarriesIDsOver(t *testing.T) {
	o := built(t, people())
	must(t, delivered2(t, o, person{"4", "", "owen", "hill", "1981-05-05", "cd3 3cc"}))
	before := exported(t, o.Folder, "", false)
	all := people()[:3]
	o.Rebuild = true
	o.Model.Prior = 0.02
	if run := must(t, delivered2(t, o, append(all, person{"9", "", "jane", "novak", "1981-05-15", ""})...)); run.Kind != "rebuild" || run.New != 1 || run.Gone != 1 {
		t.Errorf("%+v", run)
	}
	now := exported(t, o.Folder, "", false)
	if now["1"] != before["1"] || now["2"] != before["2"] || now["3"] != before["3"] || len(now) != 4 {
		t.Errorf("%v, then %v", before, now)
	}
	if then := exported(t, o.Folder, "2", false); !cmp.Equal(then, before) {
		t.Error("the run before the rebuild is told otherwise")
	}
}

func TestRefuses(t *testing.T) {
	other := readWorldModel(t, "dedupe_only")
	other.Prior = 0.5
	noDate := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "short.csv")
		if err := os.WriteFile(path, []byte("id,forename,surname,postcode\n7,a,b,c\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, change := range map[string]func(t *testing.T, o *Options){
		"another model":    func(t *testing.T, o *Options) { o.Model = other },
		"nothing to do":    func(t *testing.T, o *Options) { o.Records = nil },
		"a missing column": func(t *testing.T, o *Options) { o.Records = []string{noDate(t)} },
		"an id twice":      func(t *testing.T, o *Options) { *o = delivered2(t, *o, people()[0], people()[0]) },
		"ids of another kind": func(t *testing.T, o *Options) {
			*o = delivered2(t, *o, person{"x", "", "a", "b", "c", "d"})
		},
		"sources where there were none": func(t *testing.T, o *Options) {
			o.Records = []string{write(t, "delivery.csv", true, []person{{"1", "gp", "a", "b", "c", "d"}})}
		},
		"a day before the last run's":  func(t *testing.T, o *Options) { o.AsAt = "2025-12-31" },
		"no day":                       func(t *testing.T, o *Options) { o.AsAt = "yesterday" },
		"too many pairs":               func(t *testing.T, o *Options) { o.MaxPairs = 1 },
		"a column of changes not text": func(t *testing.T, o *Options) { o.Change = "forename" },
		"gone and there": func(t *testing.T, o *Options) {
			o.Gone = write(t, "gone.csv", false, []person{{"1", "", "", "", "", ""}})
		},
		"a rebuild with gone": func(t *testing.T, o *Options) {
			o.Rebuild, o.Gone = true, "gone.csv"
		},
		"an id named as a column of persons": func(t *testing.T, o *Options) {
			o.Folder, o.Model = filepath.Join(t.TempDir(), "index"), readWorldModel(t, "dedupe_only")
			o.Model.UniqueID = "Step"
		},
		"no index": func(t *testing.T, o *Options) { o.Folder, o.Model = t.TempDir(), nil },
		"a folder of other things": func(t *testing.T, o *Options) {
			o.Folder = t.TempDir()
			if err := os.WriteFile(filepath.Join(o.Folder, "letter.txt"), []byte("dear"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"decisions that contradict": func(t *testing.T, o *Options) {
			o.Constraints = filepath.Join(t.TempDir(), "d.csv")
			if err := os.WriteFile(o.Constraints, []byte("a,b,verdict,who,when,note\n1,2,same,me,2026-01-01T00:00:00Z,\n2,3,same,me,2026-01-01T00:00:00Z,\n1,3,different,me,2026-01-01T00:00:00Z,\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := built(t, people())
			before := exported(t, o.Folder, "", false)
			folder := o.Folder
			o = delivered2(t, o, person{"1", "", "anna", "grey", "1970-01-01", "ab1 1aa"}, person{"9", "", "anna", "gray", "1970-01-01", "ab1 1aa"})
			change(t, &o)
			_, err := Update(t.Context(), o)
			if _, isExpected := errors.AsType[*problem.Problem](err); !isExpected {
				t.Fatalf("%v", err)
			}
			t.Log(err)
			if d := cmp.Diff(before, exported(t, folder, "", false)); d != "" {
				t.Errorf("the index changed:\n%s", d)
			}
		})
	}
}

func TestOneRunAtATime(t *testing.T) {
	o := built(t, people())
	folder, err := workspace.Open(o.Folder)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := folder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	if _, err := Update(t.Context(), delivered2(t, o, people()[0])); err == nil {
		t.Error("two runs at once")
	}
}

// TestDamageIsRefused changes bytes of each file, cuts it short and puts
// another index's in its place.
func TestDamageIsRefused(t *testing.T) {
	o := built(t, append(people(), drawn(30)...))
	o.overlay = 1
	must(t, delivered2(t, o, person{"1", "", "anna", "grey", "1970-01-01", "ab1 1aa"}))
	another := built(t, drawn(30))
	another.overlay = 1
	must(t, delivered2(t, another, person{"40", "", "anna", "grey", "1970-01-01", "ab1 1aa"}))
	o = delivered2(t, o, person{"2", "", "anna", "grey", "1970-01-01", "ab1 1aa"})
	o.Model = nil
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"base-000001.bin", "segment-000002.bin", manifestName} {
		path := filepath.Join(o.Folder, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		try := func(what string, data []byte) {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Update(t.Context(), o); err == nil {
				t.Fatalf("%s: %s was accepted", name, what)
			} else if _, isExpected := errors.AsType[*problem.Problem](err); !isExpected {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		for range 6 {
			data := slices.Clone(whole)
			at := random.IntN(len(data))
			if slices.Max(data[max(0, at-8):min(len(data), at+8)]) == 0 {
				continue // padding between sections is not covered, and not read
			}
			data[at] ^= 1 << random.IntN(8)
			if !bytes.Equal(bytes.TrimSpace(data), bytes.TrimSpace(whole)) && !isPadding(whole, at, name) {
				try(fmt.Sprint("a changed byte at ", at), data)
			}
		}
		try("half of it", whole[:len(whole)/2])
		try("nothing", nil)
		if name != manifestName {
			foreign, err := os.ReadFile(filepath.Join(another.Folder, name))
			if err != nil {
				t.Fatal(err)
			}
			try("another index's", foreign)
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must(t, o)
}

// isPadding says that a byte of a container is in no section.
func isPadding(data []byte, at int, name string) bool {
	if name == manifestName {
		return false
	}
	c := &container{data: data, sections: map[string][]byte{}, sums: map[string]uint32{}}
	if c.list() != nil {
		return false
	}
	n := int(data[12])
	if at < 16+n*entrySize+4 {
		return false
	}
	for _, section := range c.sections {
		if len(section) > 0 {
			if from := offsetOf(data, section); at >= from && at < from+len(section) {
				return false
			}
		}
	}
	return true
}

func offsetOf(data, section []byte) int {
	for at := 0; at < len(data); at += alignment {
		if &data[at] == &section[0] {
			return at
		}
	}
	return -1
}

func drawn(n int) []person {
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	var all []person
	for i := range n {
		all = append(all, person{fmt.Sprint(100 + i), "", pick("anna", "jane", "owen"), pick("gray", "hill", "novak"), pick("1970-01-01", "1981-05-05"), pick("ab1 1aa", "cd3 3cc", "")})
	}
	return all
}

// TestKilledRunLeavesTheStateBefore undoes the switch of the manifest, which is
// what a run killed just before it leaves, and kills runs at odd moments.
func TestKilledRunLeavesTheStateBefore(t *testing.T) {
	o := built(t, drawn(60))
	o.overlay = 1
	before := exported(t, o.Folder, "", false)
	o = delivered2(t, o, append(drawn(70)[60:], person{"100", "", "jane", "hill", "1981-05-05", ""})...)
	kept, err := os.ReadFile(filepath.Join(o.Folder, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	must(t, o)
	after := exported(t, o.Folder, "", false)
	undo := func() {
		if err := os.WriteFile(filepath.Join(o.Folder, manifestName), kept, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	undo()
	if d := cmp.Diff(before, exported(t, o.Folder, "", false)); d != "" {
		t.Fatalf("before the switch:\n%s", d)
	}
	killed, finished := 0, 0
	run := func(most time.Duration) error {
		undo()
		ctx, cancel := context.WithTimeout(t.Context(), most)
		defer cancel()
		c := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestRunToBeKilled$")
		c.Env = append(os.Environ(), "INDEX_VICTIM="+o.Folder, "INDEX_DELIVERY="+o.Records[0])
		return c.Run()
	}
	start := time.Now()
	if err := run(time.Minute); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	for i := range 5 {
		if err := run(took * time.Duration(i+1) / 5); err != nil {
			killed++
		} else {
			finished++
		}
		now := exported(t, o.Folder, "", false)
		if !cmp.Equal(now, before) && !cmp.Equal(now, after) {
			t.Fatal("a killed run left neither the state before nor the one after")
		}
	}
	t.Logf("%d runs killed, %d finished", killed, finished)
	if killed == 0 {
		t.Error("no run was killed: the test tests nothing")
	}
	undo()
	must(t, o)
	if d := cmp.Diff(after, exported(t, o.Folder, "", false)); d != "" {
		t.Errorf("the run after killed ones:\n%s", d)
	}
}

// TestRunToBeKilled is the program the test above kills.
func TestRunToBeKilled(t *testing.T) {
	folder := os.Getenv("INDEX_VICTIM")
	if folder == "" {
		t.Skip("runs only inside the test above")
	}
	must(t, Options{overlay: 1, Folder: folder, AsAt: "2026-01-01", Records: []string{os.Getenv("INDEX_DELIVERY")}})
}

func TestSameRecordsGiveTheSameBytes(t *testing.T) {
	var sums [2]string
	for i, threads := range []int{1, 3} {
		o := Options{Folder: filepath.Join(t.TempDir(), "index"), Model: readWorldModel(t, "dedupe_only"), AsAt: "2026-01-01", Threads: threads, Records: []string{write(t, "first.csv", false, drawn(200))}}
		must(t, o)
		must(t, delivered2(t, o, drawn(230)[190:]...))
		for _, name := range []string{"base-000001.bin", "segment-000002.bin", "base-000002.bin", "persons-000002.parquet", "events-000002.parquet", manifestName} {
			data, _ := os.ReadFile(filepath.Join(o.Folder, name))
			sums[i] += string(data)
			info, err := os.Stat(filepath.Join(o.Folder, name))
			if err == nil && info.Mode().Perm() != 0o600 {
				t.Errorf("%s is of mode %v", name, info.Mode())
			}
		}
	}
	if sums[0] != sums[1] {
		t.Error("one worker and three wrote different bytes")
	}
}

// FuzzContainer reads any bytes as a container: it must refuse or read them.
func FuzzContainer(f *testing.F) {
	c := &contents{}
	c.bytes("ids", []byte("some"))
	put(c, "codes", []int32{1, 2, 3})
	folder, err := workspace.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	if err := c.write(folder, "seed"); err != nil {
		f.Fatal(err)
	}
	seed, err := folder.Read("seed")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:70])
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 20 {
			return
		}
		c := &container{path: "fuzz", data: data, sections: map[string][]byte{}, sums: map[string]uint32{}}
		if c.list() == nil && c.check(func(string) bool { return true }) == nil {
			_ = section[int32](c, "codes")
		}
	})
}
