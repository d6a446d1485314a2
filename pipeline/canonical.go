package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pipeline/feed"
	"tre/pipeline/linked"
	"tre/pipeline/optout"
)

// linkedCounts are what one feed brought into the canonical tables.
type linkedCounts struct {
	Feed   string              `json:"feed"`
	Tables []linked.TableCount `json:"tables"`
}

// linkedRecords are all canonical tables as they stand.
type linkedRecords struct {
	feeds  []linkedCounts
	people linkedPeople
}

type linkedPeople struct {
	People int64 `json:"people"`
	Ties   int64 `json:"ties"`
}

// linked brings each feed into the canonical tables, then combines what all
// feeds say about each person.
func (j *job) linked(ctx context.Context, settled []settledFeed, people pseudonymised) (linkedRecords, error) {
	var all linkedRecords
	if people.Records == 0 {
		return all, j.forgetPerson()
	}
	pseudonyms, _ := readState(j.region.Folder, "pseudonymise")
	for _, s := range settled {
		counts, err := j.linkFeed(ctx, s, pseudonyms)
		if err != nil {
			return all, err
		}
		all.feeds = append(all.feeds, counts)
	}
	var err error
	inputs := []any{all.feeds, pseudonyms.Inputs, j.feedStates(settled), j.packs.hashes}
	all.people, err = step(j, "linked", "person", inputs, func() (linkedPeople, []string, error) {
		people, ties, err := linked.BuildPerson(ctx, j.linkedIn())
		j.counted = people
		return linkedPeople{people, ties}, []string{linked.PersonFile}, err
	})
	return all, err
}

// forgetFeeds removes the linked records of feeds that the region no longer
// takes: by its settings, or because a contract of its own was taken away.
func (j *job) forgetFeeds(manifests []feed.Manifest) error {
	names, err := j.region.Folder.Files("linked")
	if err != nil {
		return err
	}
	for _, name := range names {
		id := strings.TrimSuffix(path.Base(name), ".parquet")
		taken := j.region.Catalogue.Has(id) && len(ofFeed(manifests, id)) > 0
		if name == linked.PersonFile || taken || !j.region.Folder.Exists(name) {
			continue
		}
		if j.probing {
			return &wouldWork{"linked", id, "the region no longer takes the feed"}
		}
		if err := linked.Forget(j.region.Folder, id); err != nil {
			return err
		}
		if err := j.region.Folder.Remove(stateName("linked-" + id)); err != nil {
			return err
		}
		j.worked = true
	}
	return nil
}

// forgetPerson removes the combined person table of a region in which nobody
// is left.
func (j *job) forgetPerson() error {
	switch {
	case !j.region.Folder.Exists(linked.PersonFile):
		return nil
	case j.probing:
		return &wouldWork{"linked", "person", "nobody is left in the region"}
	}
	j.worked = true
	return errors.Join(j.region.Folder.Remove(linked.PersonFile), j.region.Folder.Remove(stateName("linked-person")))
}

func (j *job) linkFeed(ctx context.Context, s settledFeed, pseudonyms stepState) (linkedCounts, error) {
	id := s.contract.ID
	file, text, err := mappingOf(j.region, id)
	if err != nil {
		return linkedCounts{}, err
	}
	settledState, _ := readState(j.region.Folder, "settle-"+id)
	inputs := []any{text, s.hash, settledState.Inputs, settledState.Outputs, pseudonyms.Inputs, pseudonyms.Outputs}
	return step(j, "linked", id, inputs, func() (linkedCounts, []string, error) {
		counts := linkedCounts{Feed: id}
		if text == "" { // the region reads this feed and maps it nowhere
			return counts, nil, linked.Forget(j.region.Folder, id)
		}
		var err error
		counts.Tables, err = linked.BuildFeed(ctx, j.linkedIn(), linked.Feed{ID: id, File: file, Mapping: text, Prepare: s.consenting(j)})
		var outputs []string
		for _, t := range counts.Tables {
			j.counted += t.Rows
			outputs = append(outputs, "linked/"+t.Table+"/"+id+".parquet")
		}
		return counts, outputs, err
	})
}

// consenting offers a feed's rows to its mapping, unless a practice's delivery
// holds people who dissent: the sender promised to leave them out, and has not.
func (s settledFeed) consenting(j *job) func(context.Context, *duck.DB) error {
	views := s.views(j)
	return func(ctx context.Context, db *duck.DB) error {
		if err := views(ctx, db); err != nil {
			return err
		}
		breaches, err := optout.BreachingDeliveries(ctx, db, s.contract.ID)
		if err != nil || len(breaches) == 0 {
			return err
		}
		return breaches[0].Refusal()
	}
}

func (j *job) linkedIn() linked.In {
	return linked.In{Region: j.region.Folder, PeopleFile: j.region.Folder.Path(peopleName), DeprivationFile: j.packs.deprivation,
		Threads: j.region.Settings.Threads, MemoryBytes: j.memory(), SpillFolder: j.region.Folder.Path(spillName)}
}

// feedStates names the inputs of every feed's canonical tables.
func (j *job) feedStates(settled []settledFeed) []string {
	var hashes []string
	for _, s := range settled {
		state, _ := readState(j.region.Folder, "linked-"+s.contract.ID)
		hashes = append(hashes, state.Inputs)
	}
	return hashes
}

// mappingOf gives a feed's mapping: the region's own if it has one, else the
// built-in one, else none.
func mappingOf(region *Region, id string) (file, text string, err error) {
	own := contractsName + "/" + id + ".sql"
	if region.Folder.Exists(own) {
		data, err := readOwn(region.Folder, own)
		return own, data, err
	}
	file, text, _ = linked.Mapping(id)
	return file, text, nil
}

func readOwn(folder *workspace.Folder, name string) (string, error) {
	data, err := folder.Read(name)
	if err != nil {
		return "", problem.Wrap(err, problem.Usage, "make the file readable", "cannot read the mapping %s", name)
	}
	return string(data), nil
}

// decodeResult reads back what a step answered.
func decodeResult[T any](s stepState) (T, error) {
	var result T
	return result, json.Unmarshal(s.Result, &result)
}
