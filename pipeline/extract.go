package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tre/internal/term"
	"tre/pipeline/feed"
)

// landed is what stands in landing, beside what became of it before.
type landed struct {
	arrivals []arrival
	notTaken []NotTaken
	vanished []feed.Manifest // read before, and gone from landing since: their rows stay
}

// standing lists what is not taken and will not be as it is: what is still
// arriving is left out.
func (l landed) standing() []NotTaken {
	var standing []NotTaken
	for _, n := range l.notTaken {
		if !n.Waiting {
			standing = append(standing, n)
		}
	}
	return standing
}

// arrival is one delivery and whether it has to be read.
type arrival struct {
	feed.Arrival
	inputs string         // hash of everything its extract depends on
	done   *feed.Manifest // set when it was extracted from these inputs before
	why    string         // why it has to be read; "" when done
}

// survey looks at landing and decides which deliveries have to be read.
func (j *job) survey(ctx context.Context) (landed, error) {
	l, err := j.discover()
	if err != nil {
		return l, err
	}
	manifests, err := readManifests(j.region)
	if err != nil {
		return l, err
	}
	before, here := map[string]*feed.Manifest{}, map[string]bool{}
	for i := range manifests {
		before[manifests[i].Path] = &manifests[i]
	}
	for i, a := range l.arrivals {
		here[a.Path] = true
		if l.arrivals[i].Arrival, err = feed.Sign(ctx, j.region.Landing, a.Arrival, before[a.Path]); err != nil {
			return l, err
		}
	}
	for _, m := range manifests {
		if !here[m.Path] && j.region.Settings.wants(m.Feed) {
			l.vanished = append(l.vanished, m)
		}
	}
	if err := j.markDuplicates(&l); err != nil {
		return l, err
	}
	for i, a := range l.arrivals {
		if l.arrivals[i], err = j.judge(a.Arrival, before[a.Path]); err != nil {
			return l, err
		}
	}
	return l, nil
}

// discover lists what lies in landing, before any file is opened.
func (j *job) discover() (landed, error) {
	var l landed
	found, unmatched, err := feed.Discover(j.region.Landing, j.region.Catalogue)
	for _, a := range found {
		if j.region.Settings.wants(a.Feed) {
			l.arrivals = append(l.arrivals, arrival{Arrival: a})
		}
	}
	for _, u := range unmatched {
		l.notTaken = append(l.notTaken, NotTaken{Path: u.Path, Why: u.Reason, Waiting: u.Waiting})
	}
	return l, err
}

// markDuplicates finds what repeats an earlier delivery, also one that was
// taken out of landing since it was read.
func (j *job) markDuplicates(l *landed) error {
	var all []feed.Arrival
	for _, a := range l.arrivals {
		all = append(all, a.Arrival)
	}
	for _, m := range l.vanished {
		a, found, err := feed.Recall(m, j.region.Catalogue)
		if err != nil {
			return err
		}
		if found {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, feed.InOrder)
	feed.MarkDuplicates(all)
	original := map[string]string{}
	for _, a := range all {
		original[a.Path] = a.DuplicateOf
	}
	for i := range l.arrivals {
		l.arrivals[i].DuplicateOf = original[l.arrivals[i].Path]
	}
	return nil
}

// judge compares a delivery with what became of it before.
func (j *job) judge(a feed.Arrival, before *feed.Manifest) (arrival, error) {
	var contracts []string
	for _, c := range j.region.Catalogue.Versions(a.Feed) {
		hash, err := c.Hash()
		if err != nil {
			return arrival{}, err
		}
		contracts = append(contracts, hash)
	}
	inputs, err := fingerprint(a.ID, a.DuplicateOf, contracts, j.keyID, j.packs.geographyHash, j.program)
	next := arrival{Arrival: a, inputs: inputs}
	switch {
	case err != nil:
		return next, err
	case before == nil:
		next.why = "new"
	case before.ID != a.ID:
		next.why = "its bytes changed since it was read"
	case before.Inputs != inputs:
		next.why = "the contract, the key, the geography or the program changed"
	case !outputsStand(j.region.Folder, before.Outputs):
		next.why = "what was read from it is missing"
	case j.forced("extract"):
		next.why = "asked for"
	}
	if next.why == "" || (before != nil && !j.wants(a.Feed)) {
		next.done, next.why = before, ""
	}
	return next, nil
}

// extract reads each delivery that has to be read and gives the manifests of
// all, in the order of their feeds and times.
func (j *job) extract(ctx context.Context, l landed) ([]feed.Manifest, error) {
	manifests := slices.Clone(l.vanished)
	for _, a := range l.arrivals {
		switch {
		case a.done != nil:
			manifests = append(manifests, *a.done)
		case j.wants(a.Feed):
			m, err := j.extractOne(ctx, a)
			if err != nil {
				return nil, err
			}
			manifests = append(manifests, m)
		}
	}
	sortManifests(manifests)
	return manifests, j.forgetReplaced(manifests)
}

func (j *job) extractOne(ctx context.Context, a arrival) (feed.Manifest, error) {
	areas, err := j.packs.areas()
	if err != nil {
		return feed.Manifest{}, err
	}
	var total int64
	for _, f := range a.Files {
		total += f.Bytes
	}
	began := time.Now()
	progress := func(read int64) {
		j.show(term.Event{Kind: "progress", Step: "extract", Of: a.Path, Rows: read, Total: total, Detail: "bytes"})
	}
	m, err := feed.Extract(ctx, feed.Job{Landing: j.region.Landing, Region: j.region.Folder, Arrival: a.Arrival, Contracts: j.region.Catalogue.Versions(a.Feed),
		Key: j.key, Zone: j.zone, Areas: areas, Inputs: a.inputs, Workers: j.region.Settings.Threads, Progress: progress})
	if err != nil {
		return m, err
	}
	j.worked = true
	j.show(extractEvent(m, time.Since(began)))
	return m, nil
}

func extractEvent(m feed.Manifest, took time.Duration) term.Event {
	e := term.Event{Kind: "done", Step: "extract", Of: m.Path, Millis: took.Milliseconds()}
	var quarantined int64
	for _, t := range m.Tables {
		e.Rows += t.RowsIn
		quarantined += t.Quarantined
	}
	switch {
	case m.Refusal != nil:
		e.Detail = "refused: " + m.Refusal.Rule
	case m.DuplicateOf != "":
		e.Detail = "the same as an earlier delivery"
	case quarantined > 0:
		e.Detail = fmt.Sprintf("%s quarantined", term.Number(quarantined))
	}
	return e
}

// forgetReplaced removes the manifests and outputs of deliveries whose bytes
// were replaced under the same path.
func (j *job) forgetReplaced(keep []feed.Manifest) error {
	kept := map[string]bool{}
	for _, m := range keep {
		kept[m.Feed+"/"+m.ID] = true
	}
	all, err := readManifests(j.region)
	if err != nil {
		return err
	}
	for _, m := range all {
		if kept[m.Feed+"/"+m.ID] {
			continue
		}
		if j.probing {
			return &wouldWork{"extract", m.Path, "the region no longer takes it"}
		}
		j.worked = true
		for _, o := range m.Outputs {
			if err := j.region.Folder.Remove(o.Path); err != nil {
				return err
			}
		}
		for _, name := range []string{feed.ManifestName(m.Feed, m.ID), feed.QualityName(m.Feed, m.ID)} {
			if err := j.region.Folder.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}
