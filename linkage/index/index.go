// Package index keeps who is who between deliveries: a persistent person index
// over plain records.
//
// The first run scores all records by a model, clusters them, and gives every
// cluster a person id. Later runs take new and changed records and the ids of
// records that are gone, score only what is new against the index, decide anew
// only the components that a run touched, and carry ids over. Model, rule of
// clustering and term frequencies are frozen at the first run, so that the
// persons after any number of runs are those a run over all records would find.
//
// On disk an index is a base of flat arrays, one small segment a run, and a
// manifest that is switched last; docs/person-index.md describes them. They are
// mapped and used as they lie, so that a run reads little more than it needs.
package index

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"time"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/linkage/cluster"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/similarity"
)

// Options of a run.
type Options struct {
	Folder      string       // of the index; made by the first run
	Model       *model.Model // nil: the model of the index
	Records     []string     // CSV or Parquet
	Gone        string       // a file of records, by id, that exist no more; "" for none
	Change      string       // the column of Records that says new, changed or gone; "" for none
	Constraints string       // a file of decisions that holds from now on; "" keeps the one before
	AsAt        string       // YYYY-MM-DD: the day the records are of
	Rebuild     bool         // link all records anew, with Model and the frequencies of Records, and carry ids over

	Strings   similarity.Strings // of the first run
	MinWeight float64            // of the first run: links of at least this weight join records; 0 means that of cluster.DefaultRule
	Least     float64            // of the first run: pairs below this are forgotten; 0 means that of probability 0.01
	MaxPairs  int64              // refuse to compare more; 0 means DefaultMaxPairs

	Threads     int   // workers; 0 means all cores
	MemoryBytes int64 // DuckDB's while reading; 0 means its default

	overlay int // compact when rows of segments and dead ones exceed the base's by one in this many; 0 means 10
}

// DefaultMaxPairs is how many pairs a run compares at most unless told: some
// hours' work.
const DefaultMaxPairs = 5_000_000_000

// leastProbability is the probability below which pairs are forgotten.
const leastProbability = 0.01

func (o *Options) settle() {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.MaxPairs == 0 {
		o.MaxPairs = DefaultMaxPairs
	}
	if o.overlay == 0 {
		o.overlay = 10
	}
}

// Update builds the index if there is none, and else brings it up to date.
// Either all of a run takes effect or nothing.
func Update(ctx context.Context, o Options) (RunOf, error) {
	o.settle()
	if err := o.refuse(); err != nil {
		return RunOf{}, err
	}
	_, err := os.Stat(o.Folder)
	isNew := errors.Is(err, fs.ErrNotExist)
	if isNew && o.Model == nil {
		return RunOf{}, noIndex(o.Folder)
	}
	folder, err := workspace.Create(o.Folder)
	if err != nil {
		return RunOf{}, err
	}
	lock, err := folder.Lock()
	if err != nil {
		return RunOf{}, err
	}
	defer lock.Release()
	man, err := openManifest(folder)
	if errors.Is(err, errNoIndex) {
		if err := refuseForeign(folder); err != nil {
			return RunOf{}, err
		}
		return build(ctx, folder, nil, o)
	}
	if err != nil {
		return RunOf{}, err
	}
	if o.AsAt < man.Runs[man.run()-1].AsAt {
		return RunOf{}, problem.New(problem.Usage, "give runs in the order of their days", "the last run of the index is of %s, later than this one", man.Runs[man.run()-1].AsAt)
	}
	if err := folder.ClearStaging(); err != nil {
		return RunOf{}, err
	}
	if o.Rebuild {
		return build(ctx, folder, man, o)
	}
	return refresh(ctx, folder, man, o)
}

func (o *Options) refuse() error {
	if !isDay(o.AsAt) {
		return problem.New(problem.Usage, "write a day as 2026-03-31", "the day of the run is not a day")
	}
	if o.Rebuild && (len(o.Records) == 0 || o.Gone != "" || o.Change != "") {
		return problem.New(problem.Usage, "give all records; those that are not among them are gone", "a rebuild takes all records and nothing else")
	}
	if o.Model == nil && o.Rebuild {
		return problem.New(problem.Usage, "name the model", "a rebuild needs a model")
	}
	if o.Model != nil {
		if err := refuseNames(o.Model); err != nil {
			return err
		}
	}
	return records.RefuseMissing(o.Records...)
}

func isDay(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// errNoIndex says that a folder holds no index.
var errNoIndex = errors.New("no index")

func noIndex(folder string) error {
	return problem.Wrap(errNoIndex, problem.Usage, "the first run needs --model and all records", "%s holds no person index", folder)
}

func openManifest(folder *workspace.Folder) (*manifest, error) {
	man, err := readManifest(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noIndex(folder.Path())
	}
	return man, err
}

// refuseForeign refuses to build in a folder that holds other things.
func refuseForeign(folder *workspace.Folder) error {
	names, err := folder.Files("")
	if err != nil {
		return err
	}
	m := &manifest{}
	if err := m.sweep(folder); err != nil {
		return err
	}
	for _, name := range names {
		if name != ".lock" && !isOurs(name) {
			return problem.New(problem.Usage, "name a folder that does not exist yet, or an empty one", "%s holds other files and no person index", folder.Path())
		}
	}
	return folder.ClearStaging()
}

// ruleOf is the rule of clustering that a first run freezes.
func (o *Options) ruleOf() cluster.Rule {
	rule := cluster.DefaultRule()
	if o.MinWeight != 0 {
		rule.MinWeight = o.MinWeight
	}
	return rule
}

func (o *Options) leastWeight() float64 {
	least := o.Least
	if least == 0 {
		least = model.WeightOf(leastProbability)
	}
	return min(least, o.ruleOf().MinWeight)
}
