package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pseudonymise"
	"tre/pseudonymise/keystore"
)

// RotateOptions say how a region is re-keyed.
type RotateOptions struct {
	Recipients []keystore.Recipient // who can open the new key; none means who could open the old
	Needed     int                  // how many recipients must come together, when there are any
	BridgeFor  time.Duration        // how long old pseudonyms can be turned into new ones; 0 makes no bridge
	Show       func(term.Event)     // told what happens; may be nil
}

// Rotated is what a rotation came to.
type Rotated struct {
	From        string           `json:"from"` // the key before, as region-v1
	To          string           `json:"to"`
	FromID      string           `json:"fromFingerprint"`
	ToID        string           `json:"toFingerprint"`
	Records     int64            `json:"records"` // of the person index
	Persons     int64            `json:"persons"`
	Bridge      string           `json:"bridge,omitempty"`      // the sealed file, below the region
	BridgeUntil string           `json:"bridgeUntil,omitempty"` // the first moment it no longer opens
	Decisions   int              `json:"decisions,omitempty"`   // lines of people's decisions on records, brought to the new keys
	Unknown     int              `json:"unknownDecisions,omitempty"`
	Projects    []RotatedProject `json:"projects"`
	Finished    bool             `json:"finished,omitempty"` // it was stopped before, and finished now
}

// RotatedProject is what became of a project's standing extract.
type RotatedProject struct {
	ID   string `json:"id"`
	Done string `json:"done"`          // made again, or withdrawn
	Why  string `json:"why,omitempty"` // it was withdrawn
}

// What became of extracts.
const (
	madeAgain = "made again"
	withdrawn = "withdrawn"
)

// rotation is one region being re-keyed: what stands, and beside it the region
// that will take its place, which is made by Run like any other.
type rotation struct {
	was, next    *Region
	key, nextKey pseudonymise.Key
	bridge       sealedBridge
	projects     []rotatedKey
	options      RotateOptions
	now          time.Time
	result       Rotated
	made         bool // all that is to be swapped is there
}

// Rotate gives a region its next key: everything that was made with the key
// before is made anew, beside what stands, and takes its place in one step.
// Refused, or stopped before that step, it changes nothing; stopped in it,
// Rotate finishes it when it is called again.
func Rotate(ctx context.Context, region *Region, o RotateOptions) (Rotated, error) {
	lock, err := region.Folder.Lock()
	if err != nil {
		return Rotated{}, err
	}
	defer lock.Release()
	if swapIsReady(region.Folder) {
		result, err := finishSwap(region.Folder)
		result.Finished = true
		return result, err
	}
	if err := clearLeftovers(region); err != nil {
		return Rotated{}, err
	}
	// Refuse what can be refused before anything is made.
	j, err := rotatable(ctx, region)
	if err != nil {
		return Rotated{}, err
	}
	defer j.close()
	r := &rotation{was: region, key: j.key, options: o, now: time.Now()}
	if err := r.make(ctx, j); err != nil {
		return Rotated{}, errors.Join(err, region.Folder.Remove(rotatingName))
	}
	return finishSwap(region.Folder)
}

// make makes all that is to be swapped, and the file that says so.
func (r *rotation) make(ctx context.Context, was *job) error {
	defer r.wipe()
	// A copy of what the region decides for itself, under the next key.
	if err := r.stage(ctx, was); err != nil {
		return err
	}
	// From landing to report, as in any run; who is who is carried over.
	if _, err := Run(ctx, r.next, Options{Show: r.options.Show}); err != nil {
		return fmt.Errorf("make the records under the next key: %w", err)
	}
	// The answers hold no pseudonym, and stay as they are.
	if err := r.carryAnswers(ctx); err != nil {
		return err
	}
	// The way from the old pseudonyms to the new, for a while.
	if err := r.buildBridge(ctx); err != nil {
		return err
	}
	// The projects' extracts, under new keys of the projects.
	if err := r.extractAgain(ctx); err != nil {
		return err
	}
	// Nobody was lost, nobody mixed up, and nothing can be joined with what was.
	if err := r.check(ctx); err != nil {
		return err
	}
	// As at the end of every run: nothing of it identifies anyone.
	if err := r.scan(ctx); err != nil {
		return err
	}
	return r.getReady()
}

func (r *rotation) scan(ctx context.Context) error {
	r.made = true
	j, err := prepare(ctx, r.next, Options{Show: r.options.Show})
	if err != nil {
		return err
	}
	if err := j.unlock(); err != nil {
		return err
	}
	defer j.close()
	return j.scan(ctx)
}

func (r *rotation) wipe() {
	r.nextKey.Wipe()
	r.bridge.wipe()
	for _, p := range r.projects {
		p.was.Wipe()
		p.next.Wipe()
	}
}

// lend gives the next key to whoever wipes what it is given.
func (r *rotation) lend() (pseudonymise.Key, error) { return copyOf(r.nextKey) }

func copyOf(key pseudonymise.Key) (own pseudonymise.Key, err error) {
	err = key.Seal(func(secret []byte) error {
		own, err = pseudonymise.KeyFromBytes(secret)
		return err
	})
	return own, err
}

// rotatable refuses a region that cannot be made anew as it stands, and gives
// the job that knows its key.
func rotatable(ctx context.Context, region *Region) (*job, error) {
	j, err := prepare(ctx, region, Options{})
	if err != nil {
		return nil, err
	}
	if err := j.upToDate(ctx); err != nil {
		return nil, err
	}
	return j, j.unlock()
}

func (j *job) upToDate(ctx context.Context) error {
	l, err := j.survey(ctx)
	if err != nil {
		return err
	}
	for _, m := range l.vanished {
		if len(m.Outputs) > 0 {
			return problem.New(problem.Failed, "put it back into landing/ as it was sent: its rows can be made anew from it alone. Nothing was changed",
				"landing/%s: the delivery is in force and no longer there", m.Path)
		}
	}
	p := Plan{}
	p.deliveries(j, l)
	if err := p.rest(ctx, j, l); err != nil {
		return err
	}
	if p.Work() && p.Steps[0].Step != "scan" { // which Rotate does itself
		return problem.New(problem.Failed, "run it first, with tre run "+j.region.Folder.Path()+"; nothing was changed", "the region is not up to date: step %s would work", p.Steps[0].Step)
	}
	return nil
}
