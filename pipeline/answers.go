package pipeline

import (
	"context"
	"slices"
	"time"

	"tre/internal/problem"
	"tre/internal/reference"
	"tre/internal/workspace"
	"tre/pipeline/analyse"
	"tre/pipeline/analyse/answer"
	"tre/pipeline/disclose"
	"tre/pipeline/feed"
	"tre/sql"
)

// answers are the protected answers of the run, and how to ask again when only
// the report has to be made anew.
type answers struct {
	asked *analyse.Result[disclose.Table] // nil when the files are up to date and nobody has asked in this run
	ask   func(context.Context) (analyse.Result[disclose.Table], error)
}

// result gives the answers, asking if need be.
func (a answers) result(ctx context.Context) (analyse.Result[disclose.Table], error) {
	if a.asked != nil {
		return *a.asked, nil
	}
	return a.ask(ctx)
}

// analyse asks the questions of the canonical tables.
func (j *job) analyse(ctx context.Context, manifests []feed.Manifest, records linkedRecords) (answers, error) {
	in, err := j.questions(manifests)
	if err != nil {
		return answers{}, err
	}
	questions, err := sql.Questions()
	if err != nil {
		return answers{}, err
	}
	hashes, err := packHashes(j.region.Folder)
	if err != nil {
		return answers{}, err
	}
	a := answers{ask: func(ctx context.Context) (analyse.Result[disclose.Table], error) { return analyse.Run(ctx, in) }}
	state, _ := readState(j.region.Folder, "linked-person")
	_, err = step(j, "analyse", "", []any{state.Inputs, state.Outputs, in.AsAt, in.Standing, questions, hashes}, func() (bool, []string, error) {
		result, err := a.ask(ctx)
		if err != nil {
			return false, nil, err
		}
		a.asked = &result
		return true, result.Files, nil
	})
	return a, err
}

// questions says what a run of the region asks, of what, from which date.
func (j *job) questions(manifests []feed.Manifest) (analyse.In[disclose.Table], error) {
	asAt, err := j.asAt(manifests)
	return analyse.In[disclose.Table]{
		Tables: analysed(j.region), Packs: analysisPacks(j.region.Folder), Database: j.engine(), AsAt: asAt,
		Standing: answer.Parameters(j.region.Settings.Parameters),
		Protect:  protect, Write: j.region.Folder,
	}, err
}

// analysed are the folders whose tables the questions read: the linked records,
// and what earlier runs scored.
func analysed(region *Region) []string {
	return []string{region.Folder.Path("linked"), region.Folder.Path("scores")}
}

// analysisPacks are the reference packs of a region that a question can be
// built on: the table lies in a file named like the pack. Every byte of a pack
// is checked before it is used.
func analysisPacks(folder *workspace.Folder) analyse.Packs {
	return func(name string) (path, version string, err error) {
		all, err := reference.List(folder)
		if err != nil || !slices.ContainsFunc(all, func(pack *reference.Pack) bool { return pack.Name == name }) {
			return "", "", err
		}
		pack, err := reference.Open(folder, name)
		if err != nil {
			return "", "", err
		}
		path, err = pack.Path(name + ".csv")
		return path, pack.Version + " " + pack.Hash()[:16], err
	}
}

// packHashes tells one set of packs from another: with another the questions
// are asked again.
func packHashes(folder *workspace.Folder) (map[string]string, error) {
	all, err := reference.List(folder)
	hashes := map[string]string{}
	for _, pack := range all {
		hashes[pack.Name] = pack.Hash()
	}
	return hashes, err
}

// protect is the disclosure rule every answer passes through.
func protect(a answer.Answer) (disclose.Table, error) {
	raw := disclose.Raw{Name: a.Name, Dimensions: a.Dimensions, Measures: a.Measures, Labels: a.Labels, Counts: a.Counts, Numbers: a.Numbers}
	for _, v := range a.Values {
		raw.Values = append(raw.Values, disclose.Value{Name: v.Name, Statistic: v.Statistic})
	}
	return disclose.Protect(raw)
}

// asAt is the region's date, or the day the newest delivery was produced: never
// today, so that a run can be repeated.
func (j *job) asAt(manifests []feed.Manifest) (time.Time, error) {
	if j.region.Settings.AsAt != "" {
		return time.Parse(time.DateOnly, j.region.Settings.AsAt)
	}
	var newest time.Time
	for _, m := range manifests {
		if m.Refusal != nil || len(m.Produced) < 8 {
			continue
		}
		day, err := time.Parse("20060102", m.Produced[:8])
		if err != nil {
			return newest, problem.Wrap(err, problem.Failed, "mend the name of the delivery", "landing/%s: produced on no day", m.Path)
		}
		if day.After(newest) {
			newest = day
		}
	}
	return newest, nil
}
