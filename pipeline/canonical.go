package pipeline

import (
	"context"
	"encoding/json"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pipeline/linked"
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
		return all, nil
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
		counts.Tables, err = linked.BuildFeed(ctx, j.linkedIn(), linked.Feed{ID: id, File: file, Mapping: text, Prepare: s.views(j)})
		var outputs []string
		for _, t := range counts.Tables {
			j.counted += t.Rows
			outputs = append(outputs, "linked/"+t.Table+"/"+id+".parquet")
		}
		return counts, outputs, err
	})
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
