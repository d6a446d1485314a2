package optout

import (
	"context"
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
)

// MaxAgeDays is how long a list may be used and kept: opt-outs must take
// effect within 21 days.
const MaxAgeDays = 21

const (
	zoneFolder   = "identified/optout"
	exchangeName = zoneFolder + "/exchange.json"
	peopleName   = "identified/index/people.parquet"
	identityName = "identified/identity"
	lastSequence = 9999
)

// Store is a region's opt-outs. Nothing in it is safe for concurrent use; hold
// the region's lock.
type Store struct {
	Folder      *workspace.Folder
	Key         sealed.Key // of the identified zone
	Today       time.Time
	Threads     int
	MemoryBytes int64
}

// exchange is what is remembered of the file exchange: no number, and no count
// that is not protected.
type exchange struct {
	Mailbox    string     `json:"mailbox,omitempty"`
	Sequence   int        `json:"sequence"` // of the last request ever made; never goes back
	Requests   []Asked    `json:"requests,omitempty"`
	List       *List      `json:"list,omitempty"`
	Objections Objections `json:"objections"`
}

// Asked is a request that was written.
type Asked struct {
	Sequence int    `json:"sequence"`
	Date     string `json:"date"` // yyyy-MM-dd
	File     string `json:"file"` // name of the data file
	Numbers  string `json:"numbers"`
	State    string `json:"state"` // pending, answered, replaced or expired
}

// The states of a request.
const (
	Pending  = "pending"  // no answer yet
	Answered = "answered" // its answer was imported
	Replaced = "replaced" // a later request was made before it was answered
	Expired  = "expired"  // nothing it answers could still be used
)

// List is the cleaned list that stands: the numbers without an opt-out.
type List struct {
	Sequence int    `json:"sequence"` // of the request it answers
	Date     string `json:"date"`     // of that request: what the list says was not known before
}

// Age is how many days old the list is.
func (l List) Age(today time.Time) int {
	made, err := time.Parse(time.DateOnly, l.Date)
	if err != nil {
		return MaxAgeDays + 1 // a date that cannot be read is too old
	}
	now := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	return int(now.Sub(made).Hours() / 24)
}

// fresh says whether the list may be used. One from the future is no list.
func (l List) fresh(today time.Time, days int) bool {
	age := l.Age(today)
	return age >= 0 && age <= min(days, MaxAgeDays)
}

func (l List) file() string { return zoneFolder + "/cleaned-" + four(l.Sequence) + ".parquet" }

func (a Asked) kept() string { return zoneFolder + "/request-" + four(a.Sequence) + ".parquet" }

func four(n int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, 4-len(s))) + s
}

func (s Store) read() (exchange, error) {
	var x exchange
	if !s.Folder.Exists(exchangeName) {
		return x, nil
	}
	data, err := s.Folder.Read(exchangeName)
	if err != nil {
		return x, err
	}
	if json.Unmarshal(data, &x) != nil {
		return x, problem.New(problem.PolicyRefuse, "put the file back from a copy: without it a sequence number could be used twice", "%s is damaged", exchangeName)
	}
	return x, nil
}

func (s Store) write(x exchange) error {
	data, err := json.MarshalIndent(x, "", " ")
	if err != nil {
		return err
	}
	return s.Folder.Write(exchangeName, append(data, '\n'))
}

// Expire removes what may no longer be kept: a list and requests of more than
// 21 days, and sealed files that nothing names. Every command that has to do
// with opt-outs begins with it, and so does a run.
func (s Store) Expire() error {
	x, err := s.read()
	if err != nil {
		return err
	}
	changed := false
	if x.List != nil && !x.List.fresh(s.Today, MaxAgeDays) {
		x.List, changed = nil, true
	}
	for i := range x.Requests {
		a := &x.Requests[i]
		if a.State == Pending && !(List{a.Sequence, a.Date}).fresh(s.Today, MaxAgeDays) {
			a.State, changed = Expired, true
		}
	}
	if changed {
		if err := s.write(x); err != nil {
			return err
		}
	}
	return s.tidy(x)
}

// tidy removes sealed files that the exchange does not name.
func (s Store) tidy(x exchange) error {
	names, err := s.Folder.Files(zoneFolder)
	if err != nil {
		return err
	}
	named := []string{exchangeName}
	if x.List != nil {
		named = append(named, x.List.file())
	}
	if x.Objections.Kept {
		named = append(named, x.Objections.file())
	}
	for _, a := range x.Requests {
		if a.State == Pending {
			named = append(named, a.kept())
		}
	}
	for _, name := range names {
		if path.Dir(name) == zoneFolder && !slices.Contains(named, name) {
			if err := s.Folder.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// Status is what stands and what is waited for.
type Status struct {
	Sequence   int        `json:"sequence"`
	List       *List      `json:"list,omitempty"`
	AgeDays    int        `json:"ageDays,omitempty"`
	UseUntil   string     `json:"useUntil,omitempty"`
	Requests   []Asked    `json:"requests"`
	Objections Objections `json:"objections"`
}

// Status reads what stands; what is too old is removed first.
func (s Store) Status() (Status, error) {
	if err := s.Expire(); err != nil {
		return Status{}, err
	}
	x, err := s.read()
	if err != nil {
		return Status{}, err
	}
	status := Status{Sequence: x.Sequence, List: x.List, Requests: append([]Asked{}, x.Requests...), Objections: x.Objections}
	if x.List != nil {
		status.AgeDays = x.List.Age(s.Today)
		made, _ := time.Parse(time.DateOnly, x.List.Date)
		status.UseUntil = made.AddDate(0, 0, MaxAgeDays).Format(time.DateOnly)
	}
	return status, nil
}

// Current gives the list that stands when it is at most so many days old, and
// else refuses with exit code 4.
func (s Store) Current(days int) (List, error) {
	const hint = "ask again: tre optout request REGION, send the files, then tre optout import REGION FILE"
	x, err := s.read()
	if err != nil {
		return List{}, err
	}
	switch {
	case x.List == nil || !s.Folder.Exists(x.List.file()):
		return List{}, problem.New(problem.PolicyRefuse, hint, "there is no list of people without a national data opt-out")
	case !x.List.fresh(s.Today, days):
		return List{}, problem.New(problem.PolicyRefuse, hint, "the list of people without a national data opt-out is %d days old, and %d are allowed",
			x.List.Age(s.Today), min(days, MaxAgeDays))
	}
	return *x.List, nil
}

// open opens an engine for what the zone holds: in memory, for what an engine
// spills is not sealed.
func (s Store) open(ctx context.Context) (*duck.DB, error) {
	return duck.Open(ctx, duck.Options{Threads: s.Threads, MemoryBytes: s.MemoryBytes})
}
