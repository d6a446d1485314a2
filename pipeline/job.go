package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/term"
	"tre/pseudonymise"
)

// stepOrder is the order of Run; --from takes one of these names.
func stepOrder() []string {
	return []string{"extract", "settle", "link", "pseudonymise", "linked", "analyse", "report", "scan"}
}

// StepNames lists the steps for help texts.
func StepNames() string { return strings.Join(stepOrder(), ", ") }

// job is one run over one region: what every step needs and nothing a step
// passes to another.
type job struct {
	region  *Region
	options Options
	program string           // hash of the running program
	keyID   string           // the region key's fingerprint
	key     pseudonymise.Key // not a key until unlock
	zone    sealed.Key       // seals the identified zone
	packs   packs
	from    int   // steps at or after this place are redone
	probing bool  // say which step would work (wouldWork) instead of working
	worked  bool  // some step did something
	counted int64 // rows the step at work deals with, for its event
	journal *journal
}

// prepare refuses what can be refused before any row is read.
func prepare(ctx context.Context, region *Region, o Options) (*job, error) {
	j := &job{region: region, options: o, from: len(stepOrder())}
	if o.From != "" {
		if j.from = slices.Index(stepOrder(), o.From); j.from < 0 {
			return nil, problem.New(problem.Usage, "the steps are: "+StepNames(), "there is no step %s to start from", o.From)
		}
	}
	for _, feed := range slices.Concat(o.Feeds, region.Settings.Feeds) {
		if !region.Catalogue.Has(feed) {
			return nil, problem.New(problem.Usage, "list the feeds with: tre contract list", "no contract defines the feed %s", feed)
		}
	}
	var err error
	if j.keyID, err = region.KeyID(); err != nil {
		return nil, err
	}
	if j.packs, err = openPacks(region); err != nil {
		return nil, err
	}
	if err := j.checkOwn(ctx); err != nil {
		return nil, err
	}
	j.program, err = programHash()
	return j, err
}

// unlock opens the region's key, which is recorded.
func (j *job) unlock() error {
	key, err := j.region.Key()
	if err != nil {
		return err
	}
	j.key, j.keyID, j.zone = key, key.ID(), key.Zone()
	return nil
}

// close wipes the keys.
func (j *job) close() {
	j.key.Wipe()
	j.zone.Wipe()
}

// wants reports whether this run works on a feed.
func (j *job) wants(feed string) bool {
	return j.region.Settings.wants(feed) && (len(j.options.Feeds) == 0 || slices.Contains(j.options.Feeds, feed))
}

func (j *job) show(e term.Event) {
	j.journal.note(e)
	if j.options.Show != nil {
		j.options.Show(e)
	}
}

// forced reports whether --from asks for a step to be redone.
func (j *job) forced(step string) bool { return slices.Index(stepOrder(), step) >= j.from }

// open opens an engine within the region's limits, spilling inside
// identified/.
func (j *job) open(ctx context.Context) (*duck.DB, error) {
	return duck.Open(ctx, j.engine())
}

// openSealed opens an engine for what the identified zone holds: it keeps all
// of it in memory, for what an engine spills is not sealed.
func (j *job) openSealed(ctx context.Context) (*duck.DB, error) {
	return duck.Open(ctx, duck.Options{Threads: j.region.Settings.Threads, MemoryBytes: j.memory()})
}

func (j *job) engine() duck.Options {
	return duck.Options{Threads: j.region.Settings.Threads, MemoryBytes: j.memory(), SpillFolder: j.region.Folder.Path(spillName)}
}

func (j *job) memory() int64 { return j.region.Settings.MemoryMiB << 20 }

// step runs work unless the step's state says that the same inputs were dealt
// with and the outputs stand. What work answers is kept in the state, for the
// report and for the steps that follow. Of is the feed, or "".
func step[T any](j *job, name, of string, inputs []any, work func() (T, []string, error)) (T, error) {
	var result T
	id := strings.Trim(name+"-"+of, "-")
	hash, err := fingerprint(append(inputs, j.program, id)...)
	if err != nil {
		return result, err
	}
	old, found := readState(j.region.Folder, id)
	if found && !j.forced(name) && old.current(j.region.Folder, hash) {
		return result, json.Unmarshal(old.Result, &result)
	}
	if j.probing {
		return result, &wouldWork{name, of, j.whyStep(name, found)}
	}
	j.show(term.Event{Kind: "step", Step: name, Of: of})
	began := time.Now()
	j.counted = 0
	result, outputs, err := work()
	if err != nil {
		if _, expected := errors.AsType[*problem.Problem](err); expected {
			return result, err
		}
		return result, fmt.Errorf("step %s: %w", strings.TrimSpace(name+" "+of), err)
	}
	j.worked = true
	state := stepState{Step: id, Inputs: hash, Millis: time.Since(began).Milliseconds()}
	if state.Outputs, err = sized(j.region.Folder, outputs); err != nil {
		return result, err
	}
	if state.Result, err = json.Marshal(result); err != nil {
		return result, err
	}
	j.show(term.Event{Kind: "done", Step: name, Of: of, Rows: j.counted, Millis: state.Millis})
	return result, state.write(j.region.Folder)
}

func (j *job) whyStep(name string, before bool) string {
	switch {
	case j.forced(name):
		return "asked for"
	case !before:
		return "it was never done to its end"
	}
	return "its inputs, its outputs or the program changed"
}

// wouldWork stops a probing job at the first step that is not up to date.
type wouldWork struct{ step, of, why string }

// Error names the step.
func (w *wouldWork) Error() string { return "step " + w.step + " is not up to date" }
