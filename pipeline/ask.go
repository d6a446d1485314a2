package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pipeline/analyse"
	"tre/pipeline/analyse/answer"
	"tre/pipeline/disclose"
)

// AskOptions are one question asked by hand, of a region or of a plain folder
// of linked tables.
type AskOptions struct {
	Question   string
	Region     *Region // nil for a plain folder
	Linked     string  // the plain folder
	Reference  string  // of a plain folder: the folder whose reference/ holds packs; "" for none
	AsAt       string  // yyyy-MM-dd; "" is the region's date, or the day the newest row arrived
	Parameters map[string]string
	Out        string // the file to write; "" for none
}

// Asked is what a question came to.
type Asked struct {
	analyse.Exported[disclose.Table]
}

// Ask asks one question. An answer in counts passes the disclosure rule; a
// table about persons needs Out, and must stay inside the region.
func Ask(ctx context.Context, o AskOptions) (Asked, error) {
	in, err := o.in()
	if err != nil {
		return Asked{}, err
	}
	out := o.Out
	if out == "" {
		exported, err := analyse.Look(ctx, in)
		return Asked{exported}, err
	}
	folder, err := workspace.Open(filepath.Dir(out))
	if err != nil {
		return Asked{}, problem.Wrap(err, problem.Usage, "name a file in a folder that is there", "cannot write --out")
	}
	if name := filepath.Base(out); !workspace.ValidName(name) {
		return Asked{}, problem.New(problem.Usage, "name the file with letters, digits, dots, hyphens and underscores", "cannot write --out: its name is not one tre writes")
	}
	exported, err := analyse.Export(ctx, in, folder, filepath.Base(out))
	return Asked{exported}, err
}

func (o AskOptions) in() (analyse.In[disclose.Table], error) {
	in := analyse.In[disclose.Table]{
		Questions: []string{o.Question}, Parameters: answer.Parameters(o.Parameters), Protect: protect,
		Tables: []string{o.Linked}, Database: duck.Options{Threads: 2, MemoryBytes: 4 << 30},
	}
	asAt := o.AsAt
	switch {
	case o.Region != nil:
		in.Tables, in.Packs = analysed(o.Region), analysisPacks(o.Region.Folder)
		in.Database = duck.Options{Threads: o.Region.Settings.Threads, MemoryBytes: o.Region.Settings.MemoryMiB << 20}
		in.Standing = answer.Parameters(o.Region.Settings.Parameters)
		if asAt == "" {
			asAt = o.Region.Settings.AsAt
		}
	case o.Linked != "":
		if info, err := os.Stat(o.Linked); err != nil || !info.IsDir() {
			return in, problem.New(problem.Usage, "give the folder that holds person/, care_event/ and the other linked tables", "--linked is no folder")
		}
	}
	if o.Reference != "" {
		folder, err := workspace.Open(o.Reference)
		if err != nil {
			return in, problem.Wrap(err, problem.Usage, "give the folder whose reference/ holds the packs", "--reference cannot be opened")
		}
		in.Packs = analysisPacks(folder)
	}
	if asAt == "" {
		return in, nil
	}
	day, err := time.Parse(time.DateOnly, asAt)
	if err != nil {
		return in, problem.New(problem.Usage, "write it like 2026-03-31", "the as-at date is no date")
	}
	in.AsAt = day
	return in, nil
}
