package links

import (
	"context"
	"slices"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/linkage/cluster"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/score"
	"tre/linkage/similarity"
	"tre/linkage/train"
)

// The files Run writes into its folder, beside those of training.
const (
	ModelFile    = "model.json"
	PairsFile    = "pairs.parquet"
	ClustersFile = "clusters.parquet"
)

// RunOptions say how to link records from settings to clusters.
type RunOptions struct {
	Settings  string // JSON or YAML; "" takes the default profile
	Plan      string // YAML; "" chooses one
	Folder    string // to write into; made when it is not there
	Records   []string
	Strings   similarity.Strings
	MinWeight float64 // pairs below are not written; -Inf writes all
	MaxBlock  int
	MaxPairs  float64
	Cluster   ClusterOptions // how to cluster; its files and limits are Run's
	Limits    Limits
}

// Ran is what came of a run.
type Ran struct {
	Trained   *Trained
	Predicted *Predicted
	Clustered *Clustered
}

// Run trains, predicts and clusters as Train, Predict and Cluster do one after
// the other, and writes the same files. It reads the records once, readies the
// rules of scoring while it trains, and clusters while the pairs are written.
func Run(ctx context.Context, o RunOptions) (*Ran, error) {
	r := &running{RunOptions: o}
	if err := r.read(ctx); err != nil { // what cannot be read makes no folder
		return nil, err
	}
	var err error
	if r.folder, err = workspace.Create(o.Folder); err != nil {
		return nil, err
	}
	defer r.folder.Tidy()
	ran := &Ran{}
	linker := &score.Linker{Model: r.model, Table: r.table}
	if ran.Trained, err = r.train(ctx, linker); err != nil {
		return nil, err
	}
	if ran.Predicted, err = r.predict(ctx, linker); err != nil {
		return nil, err
	}
	ran.Clustered, err = r.finish(ctx)
	return ran, err
}

// running is one Run.
type running struct {
	RunOptions
	folder   *workspace.Folder
	model    *model.Model
	warnings []string
	plan     *train.Plan
	table    *records.Table
	edges    []cluster.Edge

	clustered *Clustered
	unclear   error // why it could not be clustered
}

func (r *running) out(name string) *Out { return &Out{r.folder, name} }

// read reads the settings, the plan, and the records with every column that any
// step needs.
func (r *running) read(ctx context.Context) error {
	var err error
	if r.model, r.warnings, err = settings(ctx, TrainOptions{Settings: r.Settings, Records: r.Records}); err != nil {
		return err
	}
	if r.plan, err = readPlan(r.Plan); err != nil {
		return err
	}
	r.table, err = records.Read(ctx, records.In{Files: r.Records, ID: r.model.UniqueID, Source: r.model.SourceDataset,
		Columns: append(trainColumns(r.model, r.plan), r.Cluster.Distinct...), Threads: r.Limits.Threads, MemoryBytes: r.Limits.MemoryBytes})
	return err
}

// train trains the model, writes it, and readies scoring.
func (r *running) train(ctx context.Context, linker *score.Linker) (*Trained, error) {
	if err := score.Check(r.model); err != nil {
		return nil, err
	}
	var scoring train.Scoring
	history, err := train.Run(ctx, train.In{Model: r.model, Table: r.table, Plan: r.plan, Strings: r.Strings, Workers: r.Limits.Threads, Scoring: &scoring})
	if err != nil {
		return nil, err
	}
	linker.Plan, linker.Rules = scoring.Plan, scoring.Rules
	trained := &Trained{Model: r.model, History: history, Warnings: r.warnings}
	return trained, trained.write(r.out(ModelFile), r.plan == nil)
}

// predict scores the pairs and writes them; while the file is ended it clusters.
func (r *running) predict(ctx context.Context, linker *score.Linker) (*Predicted, error) {
	scored := scoring{out: r.out(PairsFile), minWeight: r.MinWeight, maxBlock: r.MaxBlock, maxPairs: r.MaxPairs, threads: r.Limits.Threads,
		also: func(f *score.Found) { r.edges = appendEdges(r.edges, f) }, then: r.cluster}
	return scored.run(ctx, linker)
}

func appendEdges(edges []cluster.Edge, f *score.Found) []cluster.Edge {
	edges = slices.Grow(edges, f.Len())
	for i, weight := range f.Weight {
		edges = append(edges, cluster.Edge{A: f.Left[i], B: f.Right[i], Weight: float32(weight)})
	}
	return edges
}

func (r *running) cluster() {
	r.clustered = newClustered(r.Cluster, r.table, r.edges)
	r.unclear = r.clustered.run(r.Cluster, r.edges)
}

// finish writes the clusters.
func (r *running) finish(ctx context.Context) (*Clustered, error) {
	if r.unclear != nil {
		return nil, r.unclear
	}
	db, err := duck.Open(ctx, duck.Options{Threads: r.Limits.Threads, MemoryBytes: r.Limits.MemoryBytes})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return r.clustered, r.clustered.finish(ctx, db, r.out(ClustersFile), r.edges)
}
