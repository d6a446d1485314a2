package reidentify

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pseudonymise"
)

// fewest is the smallest count that is shown of those not returned.
const fewest = 8

// In is what Run needs.
type In struct {
	Region     *workspace.Folder
	Approval   []byte // the file's exact bytes
	Signatures [][]byte
	List       []byte // likewise

	Out     *workspace.Folder // where the answer goes, outside the region
	OutName string
	DryRun  bool // count and record, and write no answer

	// RegionKey unlocks the region's key. It is called when everything else
	// allows the list, and what it gives is wiped.
	RegionKey func() (pseudonymise.Key, error)
	// ProjectKey gives the key a project's pseudonyms are made with, likewise.
	ProjectKey func(region pseudonymise.Key, project string) (pseudonymise.Key, error)

	Now         time.Time
	Program     string // which program, for the record
	Threads     int
	MemoryBytes int64
}

// Result is what may be told of a list that was turned back.
type Result struct {
	Approval    string    `json:"approval"`
	Version     int       `json:"version"`
	Practice    string    `json:"practice"`
	Returned    int       `json:"returned"`
	NotReturned string    `json:"notReturned"` // for whatever reason, in one number; "fewer than 8" below that
	Told        time.Time `json:"registrationsAsOf"`
	ReturnTo    string    `json:"returnTo"`
	Signers     []string  `json:"signers"`
	Written     bool      `json:"written"`
}

// Run turns a list of pseudonyms back into NHS numbers, or refuses: exit code 4
// where policy says no, 5 where the key is missing or wrong, 64 where a file is
// not what it should be. A refusal by policy or for a key is recorded; nothing
// else is written then.
//
// The answer is a CSV file with the pseudonyms in the order of the list. The
// line of the record is on disk before the file appears.
func Run(ctx context.Context, in In) (Result, error) {
	lock, err := in.Region.Lock()
	if err != nil {
		return Result{}, err
	}
	defer lock.Release()
	r := &run{In: in, line: line{Time: in.Now.UTC(), Event: returned, Hash: hashOf(in.Approval), List: hashOf(in.List), Program: in.Program}}
	result, err := r.run(ctx)
	if code := problem.CodeOf(err); code == problem.PolicyRefuse || code == problem.KeyMissing {
		err = errors.Join(err, r.refuse(err, code))
	}
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

// run is one list on its way back.
type run struct {
	In
	line line
}

func (r *run) refuse(err error, code problem.ExitCode) error {
	l := r.line
	l.Event, l.Code, l.Returned, l.NotReturned, l.Reason = refused, int(code), 0, "", "unexpected"
	if expected, ok := errors.AsType[*problem.Problem](err); ok {
		l.Reason = expected.What
	}
	return l.write(r.Region)
}

func (r *run) run(ctx context.Context) (Result, error) {
	if err := r.free(); err != nil {
		return Result{}, err
	}
	approval, err := r.allowed()
	if err != nil {
		return Result{}, err
	}
	list, err := ParseList(r.List, approval.Columns, approval.Most)
	if err != nil {
		return Result{}, err
	}
	key, err := r.RegionKey()
	if err != nil {
		return Result{}, err
	}
	defer key.Wipe()
	r.line.Key = key.ID()
	numbers, told, err := r.numbers(ctx, approval, key, len(list.rows))
	if err != nil {
		return Result{}, err
	}
	answer, count, err := list.answer(numbers)
	if err != nil {
		return Result{}, err
	}
	defer clear(answer)
	return r.hand(approval, answer, Result{Approval: approval.ID, Version: approval.Version, Practice: approval.Practice, Told: told,
		ReturnTo: approval.ReturnTo, Returned: count, NotReturned: protected(len(list.rows) - count)})
}

// free refuses to write over a file: an answer is written once.
func (r *run) free() error {
	if !r.DryRun && r.Out.Exists(r.OutName) {
		return problem.New(problem.Usage, "name a file that is not there", "--out is there already and stays as it is")
	}
	return nil
}

// allowed asks everything that can be asked before a row is read.
func (r *run) allowed() (*Approval, error) {
	a, err := ParseApproval(r.Approval)
	if err != nil {
		return nil, err
	}
	l := &r.line
	l.Approval, l.Version, l.Practice, l.Project, l.RequestedBy = a.ID, a.Version, a.Practice, a.Project, a.RequestedBy
	if err := a.inForce(r.Now); err != nil {
		return nil, err
	}
	signed, err := a.signedBy(r.Region, r.Approval, r.Signatures, r.Now)
	if err != nil {
		return nil, err
	}
	l.Signers = signersOf(signed)
	if a.List != l.List {
		return nil, refuse("the approval names the hash of the one list it is for", "the list is not the one that was approved")
	}
	return a, a.unused(r.Region)
}

// numbers gives the number of each pseudonym of the practice that has one. A
// list longer than the practice's own is refused.
func (r *run) numbers(ctx context.Context, a *Approval, key pseudonymise.Key, rows int) (map[uuid.UUID]string, time.Time, error) {
	db, err := duck.Open(ctx, duck.Options{Threads: r.Threads, MemoryBytes: r.MemoryBytes})
	if err != nil {
		return nil, time.Time{}, err
	}
	defer db.Close()
	p, err := readPractice(ctx, db, r.Region, key, a.Practice, r.Now)
	if err != nil {
		return nil, time.Time{}, err
	}
	if rows > len(p.listed) {
		return nil, time.Time{}, refuse("it cannot be a list of the practice's own patients", "the list holds more pseudonyms than the practice has patients")
	}
	if a.Project == RegionPseudonyms {
		return p.numbers, p.told, nil
	}
	own, err := r.ProjectKey(key, a.Project)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer own.Wipe()
	// The domain is that of the column person in the project's extract.
	hasher, numbers := own.Hasher("extract", a.Project, "person"), map[uuid.UUID]string{}
	for person, number := range p.numbers {
		numbers[hasher.Sum(person[:])] = number
	}
	return numbers, p.told, nil
}

// answer writes the CSV, and counts its rows.
func (l *List) answer(numbers map[uuid.UUID]string) ([]byte, int, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	count, err := 0, w.Write(append([]string{pseudonymColumn, numberColumn}, l.columns...))
	for _, row := range l.rows {
		number, found := numbers[row.pseudonym]
		if !found || err != nil {
			continue
		}
		count++
		err = w.Write(append([]string{row.pseudonym.String(), number}, row.passed...))
	}
	w.Flush()
	return out.Bytes(), count, errors.Join(err, w.Error())
}

// protected hides a small count: fewer than eight says nothing about whom.
func protected(count int) string {
	if count < fewest {
		return "fewer than " + strconv.Itoa(fewest)
	}
	return strconv.Itoa(count)
}

// hand records what is about to happen, and then lets the file appear.
func (r *run) hand(a *Approval, answer []byte, result Result) (Result, error) {
	for _, s := range r.line.Signers {
		result.Signers = append(result.Signers, s.Principal)
	}
	r.line.Returned, r.line.NotReturned = result.Returned, result.NotReturned
	if r.DryRun {
		r.line.Event = triedOut
		return result, r.line.write(r.Region)
	}
	defer r.Out.Tidy()
	if err := r.line.write(r.Region); err != nil {
		return result, err
	}
	result.Written = true
	return result, r.Out.Write(r.OutName, answer)
}
