// Package leak looks through folders for clear identifiers: NHS numbers by
// their check digit, and names, postcodes, birth dates, local ids and addresses
// by comparison with those of a region. It says which file and column, which
// kind and how many, and never a value.
//
// Walk through Scan: the identifiers of the region are read once and kept as
// keyed hashes only (identity.go); every file is told by its first bytes
// (file.go) and cut into lines or rows (lines.go, table.go, archive.go); the
// words and figures of each are hashed and looked up (words.go); what one row
// came to is put together (row.go) and counted by column (tally.go); and at the
// end the counts are judged: is this certain, or would chance explain it
// (judge.go)?
//
// Nothing is written. The key of the hashes is made for one scan and wiped.
package leak

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"tre/internal/problem"
	"tre/internal/sealed"
)

// In is what a scan needs. The zero value of all but Folders means: look for
// NHS numbers alone.
type In struct {
	Folders  []string   // to look through; a file may be named too
	Identity Identity   // the region's own identifiers
	Zone     sealed.Key // opens sealed files; without it they are only found to be sealed
	Allow    []Allowed  // findings that are known and have a reason
	Base     string     // what the paths of Allow are below; "" means each folder
	Own      Own        // the program's own words
	Skip     []string   // files and folders left out: their paths
	own      [][]byte   // as they stand in files
	Workers  int        // files, or parts of one, looked at side by side; 0 means one a processor
}

// Result is what was found, in the order of folders, files and columns.
type Result struct {
	Files      int64     `json:"files"`      // regular files looked at
	Bytes      int64     `json:"bytes"`      // their size
	Sealed     int64     `json:"sealed"`     // encrypted, and without the key unreadable
	Known      Known     `json:"known"`      // what there was to compare with
	Findings   []Finding `json:"findings"`   // never nil
	Unreadable []Unread  `json:"unreadable"` // never nil: files that could not be looked into in full
}

// Known counts the different identifiers of the region that were looked for.
type Known struct {
	Numbers    int `json:"nhsNumbers"`
	Names      int `json:"names"`
	Postcodes  int `json:"postcodes"`
	BirthDates int `json:"birthDates"`
	LocalIDs   int `json:"localIds"`
	Addresses  int `json:"addresses"`
}

// Unread is a file, or a part of one, that could not be looked into.
type Unread struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

// Finding is one kind of identifier in one column of one file.
type Finding struct {
	File     string   `json:"file"`              // path; what lies in an archive follows a "!"
	Column   string   `json:"column,omitempty"`  // a name, or "column 3"; empty where there are none
	Kind     Kind     `json:"kind"`              //
	Severity Severity `json:"severity"`          //
	Count    int64    `json:"count"`             // times it was seen
	Unit     string   `json:"unit"`              // what First and Last count: line, row or byte
	First    int64    `json:"first"`             // where the first one is, from 1 (bytes from 0)
	Last     int64    `json:"last"`              //
	Note     string   `json:"note,omitempty"`    // why the severity is what it is
	Sealed   bool     `json:"sealed,omitempty"`  // readable with the zone's key alone
	Allowed  string   `json:"allowed,omitempty"` // the reason for which this is left as it is
}

// Kind is a kind of identifier.
type Kind string

// The kinds.
const (
	NHSNumber Kind = "NHS number"
	Name      Kind = "name"
	Postcode  Kind = "postcode"
	BirthDate Kind = "birth date"
	LocalID   Kind = "local id"
	Address   Kind = "address"
)

// Severity says how sure a finding is.
type Severity string

// The severities, the surest first. Only Certain fails a scan.
const (
	Certain Severity = "certain" // chance does not explain it
	Likely  Severity = "likely"  // should be looked at
	Weak    Severity = "weak"    // common words, short numbers: seen, and by itself nothing
	Chance  Severity = "chance"  // looks like chance: as many as random figures would give
)

// Fails counts the findings that are certain, in clear text and not allowed.
func (r Result) Fails() int64 {
	var n int64
	for _, f := range r.Findings {
		if f.Severity == Certain && !f.Sealed && f.Allowed == "" {
			n++
		}
	}
	return n
}

// Scan looks through folders. Its memory is bounded by the region's number of
// people (about 100 bytes each) and a few MiB a worker, whatever the size of
// the files. A file that cannot be read is said to be so and stops nothing.
func Scan(ctx context.Context, in In) (Result, error) {
	in.own = ownForms(in.Own.Texts)
	if in.Workers <= 0 {
		in.Workers = runtime.GOMAXPROCS(0)
	}
	set, err := newSet(ctx, in.Identity, in.Own.Words)
	if err != nil {
		return Result{}, err
	}
	defer set.wipe()
	jobs, err := list(in)
	if err != nil {
		return Result{}, err
	}
	result := Result{Known: set.count(), Findings: []Finding{}, Unreadable: []Unread{}}
	reports := work(ctx, in, set, jobs)
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	for i, r := range reports {
		result.Bytes += jobs[i].size
		if !jobs[i].nameOnly {
			result.Files++
		}
		if r.sealed {
			result.Sealed++
		}
		result.Unreadable = append(result.Unreadable, r.unread...)
		result.Findings = append(result.Findings, r.findings...)
	}
	roots := in.Folders
	if in.Base != "" {
		roots = []string{in.Base}
	}
	allow(result.Findings, in.Allow, roots)
	return result, nil
}

// job is one file, or the name of a folder.
type job struct {
	root     string // the folder that was named
	path     string
	size     int64
	modified time.Time
	nameOnly bool
}

// list finds every file below the folders, in order. Links are not followed:
// their names alone are looked at.
func list(in In) ([]job, error) {
	var jobs []job
	for _, root := range in.Folders {
		if _, err := os.Stat(root); err != nil {
			return nil, problem.Wrap(withoutPath(err), problem.Usage, "name a folder that exists", "cannot look through %s", root)
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if skipped(path, in.Skip) {
				if d.IsDir() {
					return filepath.SkipDir
				}
				return nil
			}
			next := job{root: root, path: path, nameOnly: !d.Type().IsRegular()}
			if info, err := d.Info(); err == nil && d.Type().IsRegular() {
				next.size, next.modified = info.Size(), info.ModTime()
			}
			jobs = append(jobs, next)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

func skipped(path string, skip []string) bool {
	for _, s := range skip {
		if filepath.Clean(path) == filepath.Clean(s) {
			return true
		}
	}
	return false
}

// withoutPath drops the path from an error that repeats it.
func withoutPath(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// work shares the jobs out among the workers. One report a job, in order.
func work(ctx context.Context, in In, set *set, jobs []job) []report {
	reports := make([]report, len(jobs))
	next := make(chan int)
	var all sync.WaitGroup
	pool := make(chan struct{}, in.Workers) // a large file borrows workers that are idle
	for range in.Workers {
		all.Go(func() {
			for i := range next {
				pool <- struct{}{}
				reports[i] = examine(ctx, in, set, jobs[i], pool)
				<-pool
			}
		})
	}
	for i := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	all.Wait()
	return reports
}

// report is what became of one file.
type report struct {
	sealed   bool
	findings []Finding
	unread   []Unread
}

// examine looks at a file's name and at what it holds. A reader that panics on
// damaged bytes, as some of Parquet do, ends the file and not the scan.
func examine(ctx context.Context, in In, set *set, j job, pool chan struct{}) (r report) {
	x := &file{ctx: ctx, set: set, zone: in.Zone, pool: pool, scan: newScanner(set), own: in.own}
	name := x.nameOf(j, &r)
	if j.nameOnly {
		return r
	}
	f, err := os.Open(j.path)
	if err != nil {
		r.unread = append(r.unread, Unread{name, "it cannot be opened"})
		return r
	}
	defer f.Close()
	x.file(name, f, j.size)
	r.sealed = x.sealed
	r.unread = append(r.unread, x.unread...)
	r.findings = append(r.findings, x.findings...)
	return r
}

// nameOf looks at the last part of a path, as text, and gives the path to
// report: the path itself only when no part of it is an identifier.
func (x *file) nameOf(j job, r *report) string {
	parts := partsBelow(j.root, j.path)
	shown, folder := j.root, j.root
	for i, part := range parts {
		within := folder
		folder = filepath.Join(folder, part)
		found := x.judgeText(part, shown, "name")
		if len(found) > 0 && slices.Contains([]Severity{Certain, Likely}, surest(found)) {
			part = fmt.Sprintf("(entry %d, its name is not shown)", entry(within, part))
			if i == len(parts)-1 {
				for k := range found {
					found[k].File = filepath.Join(shown, part)
					found[k].Note = strings.TrimSuffix("in the name; "+found[k].Note, "; ")
				}
				r.findings = append(r.findings, found...)
			}
		}
		shown = filepath.Join(shown, part)
	}
	return shown
}

// judgeText looks at one short text by itself.
func (x *file) judgeText(text, of, unit string) []Finding {
	t := newTallies(x.set, unit)
	x.scan.text([]byte(text))
	x.scan.endRow(t, 1, []byte(text))
	t.rows = 1
	return t.judge(of)
}

// partsBelow gives the names on the way from a folder to a path in it.
func partsBelow(root, path string) []string {
	rel, err := filepath.Rel(root, path)
	if err != nil || rel == "." {
		return nil
	}
	return strings.Split(rel, string(filepath.Separator))
}

// entry is the place of a name in its folder, in order, from 1.
func entry(folder, name string) int {
	entries, _ := os.ReadDir(folder) // the place is a help only
	return 1 + slices.IndexFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
}
