package portrait

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"tre/internal/problem"
	"tre/linkage/accuracy"
	"tre/linkage/cluster"
	"tre/linkage/links"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/similarity"
	"tre/linkage/train"
)

// In says what to make a portrait of.
type In struct {
	Model          string   // JSON or YAML; the history of its training is looked for beside it
	Pairs          string   // as tre link predict or Splink writes them
	Clusters       string   // "" for none
	Truth          string   // the column that says who a record is; "" for none
	By             []string // columns by which to measure
	Distinct       []string // columns of verified identifiers
	Records        []string
	MinProbability float64 // from which a pair is a link; 0 chooses without labels, as clustering does
	Examples       int     // pairs to show of each band; 0 means 4
	Strings        similarity.Strings
	Values         bool // show values of records as they are
	Limits         links.Limits
}

// painter is one run of Make.
type painter struct {
	in In
	Portrait
	viewer *Viewer
	edges  []cluster.Edge
	truth  *records.Column // nil without
}

// Make makes a portrait. It keeps in memory the records' columns (some 100
// bytes a record), 16 bytes a pair and, while clusters are measured, 50 bytes a
// record more.
func Make(ctx context.Context, in In) (*Portrait, error) {
	p := &painter{in: in}
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	defer p.viewer.Close()
	p.setThreshold()
	p.count()
	for _, part := range []func(context.Context) error{p.sample, p.weighThemselves, p.block, p.group, p.measure} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	p.complete()
	p.commonness()
	return &p.Portrait, p.sign()
}

// open reads the model, what is known of its training, the records and pairs.
func (p *painter) open(ctx context.Context) error {
	m, warnings, err := links.ReadModel(p.in.Model)
	if err != nil {
		return err
	}
	p.Model, p.Warnings = m, warnings
	if p.History, err = history(p.in.Model); err != nil {
		return err
	}
	columns := append([]string{}, p.in.Distinct...)
	if p.in.Truth != "" {
		columns = append(columns, p.in.Truth)
	}
	p.viewer, err = NewViewer(ctx, ViewerIn{Model: m, Records: p.in.Records, Columns: columns, Strings: p.in.Strings, Values: p.in.Values, Limits: p.in.Limits})
	if err != nil {
		return err
	}
	for _, slow := range p.viewer.Plan.Slow {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s %s: DuckDB evaluates this condition, which is slow: %s", slow.Comparison, slow.Level, slow.Reason))
	}
	t := p.viewer.Table
	p.Records, p.Several = t.Rows, t.Several()
	if p.Sources = t.Sources; !t.Several() {
		p.Sources = []string{inputName(p.in.Records[0])}
	}
	if p.in.Truth != "" {
		p.truth = t.Column(p.in.Truth)
	}
	p.edges, err = links.ReadPairs(ctx, p.in.Pairs, t, p.in.Limits)
	p.Pairs = len(p.edges)
	return err
}

// inputName is a file's name up to the first point.
func inputName(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return name
}

// history reads what training left beside a model; nil when it left nothing.
func history(path string) (*train.History, error) {
	beside := strings.TrimSuffix(path, filepath.Ext(path)) + ".training.json"
	data, err := os.ReadFile(beside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h := &train.History{}
	if err := json.Unmarshal(data, h); err != nil {
		return nil, problem.New(problem.Failed, "train the model again, or take the file away", "%s is no history of training", beside)
	}
	return h, nil
}

// setThreshold takes the weight asked for, or that which maximises the expected
// F1 of the pairs.
func (p *painter) setThreshold() {
	if p.in.MinProbability > 0 {
		p.Threshold = model.WeightOf(p.in.MinProbability)
		return
	}
	chosen := cluster.ChooseThreshold(p.Records, p.edges)
	p.Chosen, p.Threshold = &chosen, chosen.MinWeight
}

// measure finds precision and recall by threshold, and quality by group.
func (p *painter) measure(ctx context.Context) error {
	of := accuracy.Records{Paths: p.in.Records, ID: p.viewer.Table.IDName, Source: p.Model.SourceDataset, Truth: p.in.Truth, By: p.in.By}
	limits := accuracy.Limits{Threads: p.in.Limits.Threads, MemoryBytes: p.in.Limits.MemoryBytes}
	in := accuracy.PairsIn{Pairs: p.in.Pairs, Records: of, LinkType: p.linkType(), MinProbability: model.ProbabilityOf(p.Threshold), Limits: limits}
	if p.in.Truth == "" {
		in.Prior = p.Model.Prior
	}
	if p.in.Clusters != "" {
		in.Records.By = nil // measured on the clusters, which is what is used
	}
	curve, err := accuracy.Pairs(ctx, in)
	if err != nil {
		return err
	}
	p.Curve = &curve
	if p.in.Clusters == "" {
		return nil
	}
	measure, err := accuracy.Clusters(ctx, accuracy.ClustersIn{Clusters: p.in.Clusters, Records: of, LinkType: p.linkType(), Limits: limits})
	p.Measure = &measure
	return err
}

// linkType is the model's, where it fits the inputs at hand.
func (p *painter) linkType() accuracy.LinkType {
	kind := accuracy.LinkType(p.Model.LinkType)
	if (kind == accuracy.DedupeOnly) == p.Several {
		return "" // concluded from the inputs
	}
	return kind
}

// sign says which very files the portrait was made from.
func (p *painter) sign() error {
	files := []File{{What: "model", Path: p.in.Model}, {What: "pairs", Path: p.in.Pairs}}
	if p.in.Clusters != "" {
		files = append(files, File{What: "clusters", Path: p.in.Clusters})
	}
	for _, path := range p.in.Records {
		files = append(files, File{What: "records", Path: path})
	}
	for i := range files {
		hash, err := hashOf(files[i].Path)
		if err != nil {
			return fmt.Errorf("hash of %s: %w", files[i].Path, err)
		}
		files[i].SHA256 = hash
	}
	p.Files, p.Settings = files, files[0].SHA256
	return nil
}

func hashOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// isLink says whether a pair reaches the threshold. Weights of pairs are kept
// with the precision of a float32, the threshold is compared with the same.
func (p *painter) isLink(e cluster.Edge) bool { return float64(e.Weight) >= p.cut() }

func (p *painter) cut() float64 {
	if p.Chosen != nil {
		return p.Threshold
	}
	return math.Min(p.Threshold, float64(float32(p.Threshold)))
}
