package links

import (
	"context"
	"math"

	"tre/linkage/block"
	"tre/linkage/compare"
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
	scored := scoring{out: out, minWeight: o.MinWeight, maxBlock: o.MaxBlock, maxPairs: o.MaxPairs, threads: o.Limits.Threads}
	p, err := scored.run(ctx, linker)
	if err != nil {
		return nil, err
	}
	p.Warnings = warnings
	return p, nil
}

// scoring is the scoring of all pairs into a file.
type scoring struct {
	out       *Out
	minWeight float64
	maxBlock  int
	maxPairs  float64
	threads   int
	also      func(*score.Found) // is given what is written, if not nil
	then      func()             // is called when all is found, while the file is ended, if not nil
}

// tee is a writer that shows what it writes.
type tee struct {
	*score.Writer
	also func(*score.Found)
}

// Take writes what was found, and shows it.
func (t tee) Take(f *score.Found) error {
	t.also(f)
	return t.Writer.Take(f)
}

func (s scoring) run(ctx context.Context, linker *score.Linker) (*Predicted, error) {
	leftOut, err := s.prepare(linker.Rules)
	if err != nil {
		return nil, err
	}
	if s.then == nil {
		s.then = func() {}
	}
	scorer := score.New(linker.Plan, linker.Model, s.minWeight)
	writer := scorer.Write(ctx, s.out.folder, s.out.name)
	var sink score.Sink = writer
	if s.also != nil {
		sink = tee{writer, s.also}
	}
	summary, err := scorer.Run(ctx, linker.Rules, s.threads, sink)
	if err != nil {
		writer.Abandon()
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- writer.Close() }()
	s.then()
	if err := <-ended; err != nil {
		return nil, err
	}
	p := predicted(linker, summary)
	p.LeftOut = leftOut
	return p, nil
}

// prepare readies the rules, leaves out what is too large if asked to, and
// refuses what would take days.
func (s scoring) prepare(rules *block.Rules) ([]block.LeftOut, error) {
	rules.Prepare(s.threads)
	var leftOut []block.LeftOut
	if s.maxBlock > 0 {
		leftOut = rules.LeaveOut(s.maxBlock)
	}
	limits := block.DefaultLimits()
	if s.maxPairs > 0 {
		limits.MaxPairs = s.maxPairs
	}
	return leftOut, rules.Check(limits)
}

func predicted(linker *score.Linker, summary score.Summary) *Predicted {
	p := &Predicted{Records: linker.Table.Rows, Slow: linker.Plan.Slow}
	for i, rule := range linker.Model.BlockingRules {
		p.Rules = append(p.Rules, RuleCount{rule.SQL, summary.Compared[i], summary.Kept[i]})
		p.Compared += summary.Compared[i]
		p.Kept += summary.Kept[i]
	}
	return p
}

// AllPairs is the least weight that keeps every pair.
func AllPairs() float64 { return math.Inf(-1) }
