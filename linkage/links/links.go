// Package links is linkage on plain files: records in, a trained model, pairs
// and clusters out. Each step reads and writes files, so that any of them can be
// another program's.
package links

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/linkage/model"
	"tre/linkage/profile"
	"tre/linkage/records"
	"tre/linkage/score"
	"tre/linkage/similarity"
	"tre/linkage/train"
)

// Limits are the program's share of the machine.
type Limits struct {
	Threads     int
	MemoryBytes int64 // DuckDB's
}

// Out is a file to write: it appears whole or not at all, private to its owner.
type Out struct {
	folder *workspace.Folder
	name   string
}

// NewOut opens the folder of a path for writing.
func NewOut(path string) (*Out, error) {
	folder, err := workspace.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return &Out{folder, filepath.Base(path)}, nil
}

// Path of the file.
func (o *Out) Path() string { return o.folder.Path(o.name) }

// Close leaves nothing behind in the folder but what was written.
func (o *Out) Close() { o.folder.Tidy() }

// beside is a file next to this one, with another ending.
func (o *Out) beside(ending string) string {
	return strings.TrimSuffix(o.name, filepath.Ext(o.name)) + ending
}

// ReadModel reads settings or a trained model: Splink's JSON, or the short form
// in YAML. Warnings are for people.
func ReadModel(path string) (*model.Model, []string, error) {
	if ending := strings.ToLower(filepath.Ext(path)); ending != ".yaml" && ending != ".yml" {
		return model.ReadFile(path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, problem.Wrap(err, problem.Usage, "", "cannot read the settings")
	}
	return model.ReadYAML(bytes.NewReader(data), path)
}

// TrainOptions say how to train.
type TrainOptions struct {
	Settings string // JSON or YAML; "" takes the default profile
	Plan     string // YAML; "" chooses one
	Out      string // the model, as JSON
	Records  []string
	Strings  similarity.Strings
	Limits   Limits
}

// Trained is what came of training.
type Trained struct {
	Model    *model.Model
	History  *train.History
	Warnings []string // of reading the settings
	Beside   []string // files written beside the model
}

// Train reads settings and records, trains, and writes the model, the history of
// its training (.training.json) and, when it was chosen here, the plan
// (.training.yaml).
func Train(ctx context.Context, o TrainOptions) (*Trained, error) {
	m, warnings, err := settings(ctx, o)
	if err != nil {
		return nil, err
	}
	plan, err := readPlan(o.Plan)
	if err != nil {
		return nil, err
	}
	out, err := NewOut(o.Out)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	t, err := records.Read(ctx, records.In{Files: o.Records, ID: m.UniqueID, Source: m.SourceDataset, Columns: trainColumns(m, plan), Threads: o.Limits.Threads, MemoryBytes: o.Limits.MemoryBytes})
	if err != nil {
		return nil, err
	}
	history, err := train.Run(ctx, train.In{Model: m, Table: t, Plan: plan, Strings: o.Strings, Workers: o.Limits.Threads})
	if err != nil {
		return nil, err
	}
	trained := &Trained{Model: m, History: history, Warnings: warnings}
	return trained, trained.write(out, plan == nil)
}

// settings reads the settings, or takes the default profile for the columns the
// records have.
func settings(ctx context.Context, o TrainOptions) (*model.Model, []string, error) {
	if o.Settings != "" {
		return ReadModel(o.Settings)
	}
	columns, err := records.ColumnsOf(ctx, o.Records[0])
	if err != nil {
		return nil, nil, err
	}
	m, err := profile.For(columns)
	if err == nil && len(o.Records) > 1 {
		m.LinkType = model.LinkAndDedupe
	}
	return m, nil, err
}

func readPlan(path string) (*train.Plan, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "", "cannot read the training plan")
	}
	return train.ReadPlan(data, path)
}

func (t *Trained) write(out *Out, isPlanChosen bool) error {
	var text bytes.Buffer
	if err := t.Model.Write(&text, t.Model.Version); err != nil {
		return err
	}
	history, err := json.MarshalIndent(t.History, "", " ")
	if err != nil {
		return err
	}
	if err := t.besides(out, out.beside(".training.json"), history); err != nil {
		return err
	}
	if isPlanChosen {
		plan, err := yaml.Marshal(t.History.Plan)
		if err != nil {
			return err
		}
		if err := t.besides(out, out.beside(".training.yaml"), plan); err != nil {
			return err
		}
	}
	return out.folder.Write(out.name, text.Bytes())
}

func (t *Trained) besides(out *Out, name string, data []byte) error {
	t.Beside = append(t.Beside, out.folder.Path(name))
	if err := out.folder.Write(name, data); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// trainColumns are the columns training reads: the model's, and those of the
// plan's rules.
func trainColumns(m *model.Model, plan *train.Plan) []string {
	columns := score.Columns(m)
	if plan != nil {
		columns = append(columns, plan.Columns()...)
	}
	return columns
}
