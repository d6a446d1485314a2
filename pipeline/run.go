package pipeline

import (
	"context"
	"errors"
	"time"

	"tre/internal/term"
	"tre/linkage"
	"tre/pipeline/feed"
	"tre/pipeline/optout"
)

// Options narrow a run.
type Options struct {
	Feeds []string         // only these feeds; empty means all
	From  string           // redo this step and those after it; "" redoes nothing
	Show  func(term.Event) // told what happens; may be nil
}

// Summary is what a run has to say at its end.
type Summary struct {
	Worked      bool       `json:"worked"`     // false when everything was up to date
	Deliveries  int        `json:"deliveries"` // that the region holds or held
	RowsIn      int64      `json:"rowsIn"`
	InForce     int64      `json:"inForce"`
	Quarantined int64      `json:"quarantined"`
	Superseded  int64      `json:"superseded"`
	Records     int64      `json:"records"`
	Persons     int64      `json:"persons"`
	Refused     []string   `json:"refused,omitempty"`  // paths below landing/
	NotTaken    []NotTaken `json:"notTaken,omitempty"` // what lies in landing/ and is no delivery
	Report      string     `json:"report"`             // the page's path
}

// Run takes a region from landing to report. It needs the region's lock, and
// changes nothing when nothing changed. RowsIn = InForce + Quarantined +
// Superseded for every table of every delivery, or it fails.
func Run(ctx context.Context, region *Region, o Options) (sum Summary, err error) {
	lock, err := region.Folder.Lock()
	if err != nil {
		return Summary{}, err
	}
	defer lock.Release()

	if err := clearLeftovers(region); err != nil {
		return Summary{}, err
	}
	// Let go of lists of opt-outs that may no longer be kept.
	if err := (optout.Store{Folder: region.Folder, Today: time.Now()}).Expire(); err != nil {
		return Summary{}, err
	}
	journal := newJournal(region.Folder, o)
	defer func() { err = journal.end(ctx, sum, err) }()
	// Refuse what can be refused before any row is read: settings, key, packs, mappings.
	j, err := prepare(ctx, region, o)
	if err != nil {
		return Summary{}, err
	}
	j.journal = journal
	if err := j.unlock(); err != nil {
		return Summary{}, err
	}
	defer j.close()
	// See what arrived, and what became of what arrived before.
	landed, err := j.survey(ctx)
	if err != nil {
		return Summary{}, err
	}
	sum, err = j.run(ctx, landed)
	sum.Worked, sum.Deliveries, sum.NotTaken = j.worked, len(landed.arrivals)+len(landed.vanished), landed.notTaken
	return sum, err
}

// run takes what landed to the report.
func (j *job) run(ctx context.Context, landed landed) (Summary, error) {
	// Read each new delivery: check it, set bad rows aside, divide identity from payload.
	manifests, err := j.extract(ctx, landed)
	if err != nil {
		return Summary{}, err
	}
	// Let go of what came from feeds that the region no longer takes.
	if err := j.forgetFeeds(manifests); err != nil || len(manifests) == 0 {
		return Summary{}, err
	}
	// Decide which rows are in force: later versions, deletions, replacements.
	settled, err := j.settle(ctx, manifests)
	if err != nil {
		return Summary{}, err
	}
	// Decide which records are the same person, from identity alone.
	index, err := j.link(ctx, settled)
	if err != nil {
		return Summary{}, err
	}
	// Replace each person by a pseudonym only the region's key can make.
	people, err := j.pseudonymise(ctx, index)
	if err != nil {
		return Summary{}, err
	}
	// Bring every feed into the canonical tables, under pseudonyms.
	records, err := j.linked(ctx, settled, people)
	if err != nil {
		return Summary{}, err
	}
	// Ask the first questions, and protect the answers.
	answers, err := j.analyse(ctx, manifests, records)
	if err != nil {
		return Summary{}, err
	}
	// Write down what happened to every row, and the answers, on one page.
	sum, err := j.report(ctx, outcome{landed, manifests, settled, index, people, records, answers})
	if err != nil {
		return sum, err
	}
	// Look through all of it for what identifies anyone.
	return sum, j.scan(ctx)
}

// outcome is what the steps before the report came to.
type outcome struct {
	landed    landed
	manifests []feed.Manifest
	settled   []settledFeed
	index     linkage.Result
	people    pseudonymised
	records   linkedRecords
	answers   answers
}

// clearLeftovers removes what a killed run left: half-written files, what its
// engine had spilled, which may hold identity, and a rotation that was not
// ready; and bridges between pseudonyms whose time is over.
func clearLeftovers(region *Region) error {
	err := errors.Join(region.Folder.ClearStaging(), region.Folder.Remove(spillName))
	if !swapIsReady(region.Folder) {
		err = errors.Join(err, region.Folder.Remove(rotatingName))
	}
	return errors.Join(err, removeBridges(region, time.Now()))
}
