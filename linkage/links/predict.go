package links

import (
	"context"
	"math"

	"tre/linkage/block"
	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/score"
	"tre/linkage/similarity"
)

// PredictOptions say which pairs to score and keep.
type PredictOptions struct {
	Model     string
	Out       string
	Records   []string
	MinWeight float64 // pairs below are not written; -Inf writes all
	Strings   similarity.Strings
	MaxBlock  int     // larger blocks are left out, and said; 0 leaves none out
	MaxPairs  float64 // more pairs are refused; 0 means the default
	Limits    Limits
}

// Predicted counts what scoring did.
type Predicted struct {
	Records  int             `json:"records"`
	Rules    []RuleCount     `json:"rules"`
	Compared int64           `json:"compared"`
	Kept     int64           `json:"kept"`
	Slow     []compare.Slow  `json:"slow,omitempty"`    // conditions DuckDB evaluated
	LeftOut  []block.LeftOut `json:"leftOut,omitempty"` // blocks larger than asked for
	Warnings []string        `json:"warnings,omitempty"`
}

// RuleCount is what one blocking rule added.
type RuleCount struct {
	Rule     string `json:"rule"`
	Compared int64  `json:"compared"`
	Kept     int64  `json:"kept"`
}

// Predict scores the pairs of a model's blocking rules and writes them to
// Parquet.
func Predict(ctx context.Context, o PredictOptions) (*Predicted, error) {
	m, warnings, err := ReadModel(o.Model)
	if err != nil {
		return nil, err
	}
	out, err := NewOut(o.Out)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	linker, err := score.Open(ctx, m, o.Records, score.Options{Strings: o.Strings, Threads: o.Limits.Threads, MemoryBytes: o.Limits.MemoryBytes})
	if err != nil {
		return nil, err
	}
	leftOut, err := prepare(linker.Rules, o)
	if err != nil {
		return nil, err
	}
	scorer := score.New(linker.Plan, m, o.MinWeight)
	writer := scorer.Write(ctx, out.folder, out.name)
	summary, err := scorer.Run(ctx, linker.Rules, o.Limits.Threads, writer)
	if err != nil {
		writer.Abandon()
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	p := predicted(m, linker, summary, warnings)
	p.LeftOut = leftOut
	return p, nil
}

// prepare readies the rules, leaves out what is too large if asked to, and
// refuses what would take days.
func prepare(rules *block.Rules, o PredictOptions) ([]block.LeftOut, error) {
	rules.Prepare(o.Limits.Threads)
	var leftOut []block.LeftOut
	if o.MaxBlock > 0 {
		leftOut = rules.LeaveOut(o.MaxBlock)
	}
	limits := block.DefaultLimits()
	if o.MaxPairs > 0 {
		limits.MaxPairs = o.MaxPairs
	}
	return leftOut, rules.Check(limits)
}

func predicted(m *model.Model, linker *score.Linker, summary score.Summary, warnings []string) *Predicted {
	p := &Predicted{Records: linker.Table.Rows, Slow: linker.Plan.Slow, Warnings: warnings}
	for i, rule := range m.BlockingRules {
		p.Rules = append(p.Rules, RuleCount{rule.SQL, summary.Compared[i], summary.Kept[i]})
		p.Compared += summary.Compared[i]
		p.Kept += summary.Kept[i]
	}
	return p
}

// AllPairs is the least weight that keeps every pair.
func AllPairs() float64 { return math.Inf(-1) }
