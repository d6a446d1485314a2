package pipeline

import (
	"context"
	"time"

	"tre/internal/problem"
	"tre/pipeline/analyse"
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
	parameters, err := j.parameters(manifests)
	if err != nil {
		return answers{}, err
	}
	questions, err := sql.Questions()
	if err != nil {
		return answers{}, err
	}
	a := answers{ask: func(ctx context.Context) (analyse.Result[disclose.Table], error) {
		return analyse.Run(ctx, analyse.In[disclose.Table]{Folder: j.region.Folder, Database: j.engine(), Parameters: parameters, Protect: protect})
	}}
	state, _ := readState(j.region.Folder, "linked-person")
	_, err = step(j, "analyse", "", []any{state.Inputs, state.Outputs, parameters, questions}, func() (bool, []string, error) {
		result, err := a.ask(ctx)
		if err != nil {
			return false, nil, err
		}
		a.asked = &result
		var files []string
		for _, q := range result.Asked {
			files = append(files, q.Files...)
		}
		return true, files, nil
	})
	return a, err
}

// protect is the disclosure rule every answer passes through.
func protect(a analyse.Answer) (disclose.Table, error) {
	return disclose.Protect(disclose.Raw{Name: a.Name, Dimensions: a.Dimensions, Measures: a.Measures, Labels: a.Labels, Counts: a.Counts})
}

// parameters are the published ones, as at the region's date or the day the
// newest delivery was produced: never today, so that a run can be repeated.
func (j *job) parameters(manifests []feed.Manifest) (analyse.Parameters, error) {
	p := analyse.Defaults()
	if j.region.Settings.AsAt != "" {
		asAt, err := time.Parse(time.DateOnly, j.region.Settings.AsAt)
		p.AsAt = asAt
		return p, err
	}
	for _, m := range manifests {
		if m.Refusal != nil || len(m.Produced) < 8 {
			continue
		}
		day, err := time.Parse("20060102", m.Produced[:8])
		if err != nil {
			return p, problem.Wrap(err, problem.Failed, "mend the name of the delivery", "landing/%s: produced on no day", m.Path)
		}
		if day.After(p.AsAt) {
			p.AsAt = day
		}
	}
	return p, nil
}
