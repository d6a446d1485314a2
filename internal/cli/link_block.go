package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/linkage/block"
	"tre/linkage/model"
	"tre/linkage/score"
	"tre/linkage/similarity"
	"tre/linkage/suggest"
)

type linkBlockOptions struct {
	Model, Truth, Strings string
	Records               []string
	Largest, MaxBlock     int
	MaxPairs              float64
	Values, Suggest       bool
	Budget                int64
	MinProbability        float64
	Threads               int
}

// blockAnswer is what tre link block says.
type blockAnswer struct {
	LinkType     model.LinkType      `json:"linkType"`
	Warnings     []string            `json:"warnings,omitempty"`
	LeftOut      []block.LeftOut     `json:"leftOut,omitempty"`
	Counts       block.Counts        `json:"counts"`
	RecallBasis  string              `json:"recallBasis,omitempty"` // truth, other rules, or why there is none
	Recall       *block.Recalls      `json:"recall,omitempty"`
	Suggestion   *suggest.Suggestion `json:"suggestion,omitempty"`
	SuggestBasis string              `json:"suggestBasis,omitempty"`
}

func newLinkBlockCommand(s *term.Streams) *cobra.Command {
	var o linkBlockOptions
	c := &cobra.Command{
		Use:   "block --model MODEL.json [--truth COLUMN] [--suggest] RECORDS...",
		Short: "Count what blocking rules do before comparing, and propose rules",
		Long: `Say of each blocking rule of a model, before any pair is compared: the pairs it
makes by itself, those it adds to the rules before it, its largest blocks, the
records it offers no pair, and how many matches it finds.

Pairs are counted from the sizes of blocks. Where a rule has conditions beside
equalities they are looked at one by one, or estimated from a sample with a 95 %
interval. Matches are those of the column --truth; without it, pairs of at least
--min-probability that the other rules find, and an estimate of those that none
finds. See docs/blocking.md.

--suggest proposes rules that compare at most --budget pairs. The model is best
trained first: untrained m and u are guesses.

Rules that make more than --max-pairs are refused, as tre link predict refuses
them, after what is known of them has been printed. --max-block leaves out larger
blocks and says which.

Exit status is 0 when done, 64 for wrong usage or rules that are refused.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Records = args
			return runLinkBlock(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Model, "model", "", "model or settings `FILE`, JSON or YAML")
	f.StringVar(&o.Truth, "truth", "", "the `COLUMN` of RECORDS that says who a record is")
	f.IntVar(&o.Largest, "largest", 3, "name the `N` largest blocks of each rule")
	f.BoolVar(&o.Values, "values", false, "also show the values that make the largest blocks; they may identify people")
	f.BoolVar(&o.Suggest, "suggest", false, "propose blocking rules")
	f.Int64Var(&o.Budget, "budget", 50_000_000, "`PAIRS` the proposed rules may compare, and that may be scored to find probable matches")
	f.IntVar(&o.MaxBlock, "max-block", 0, "leave out blocks of more `RECORDS`, and say so")
	f.Float64Var(&o.MaxPairs, "max-pairs", block.DefaultLimits().MaxPairs, "refuse rules that make more `PAIRS`")
	f.Float64Var(&o.MinProbability, "min-probability", 0.9, "least `PROBABILITY` of a probable match")
	addStringsFlag(c, &o.Strings)
	addThreadsFlag(c, &o.Threads)
	return c
}

func (o linkBlockOptions) check() error {
	const hint = "see: tre link block --help"
	switch {
	case o.MaxBlock < 0 || o.MaxBlock == 1:
		return problem.New(problem.Usage, hint, "wrong usage: --max-block is below 2")
	case o.Largest < 0:
		return problem.New(problem.Usage, hint, "wrong usage: --largest is below 0")
	case o.Budget < 1:
		return problem.New(problem.Usage, hint, "wrong usage: --budget is below 1")
	case !(o.MaxPairs > 0):
		return problem.New(problem.Usage, hint, "wrong usage: --max-pairs is not above 0")
	case !(o.MinProbability > 0 && o.MinProbability < 1):
		return problem.New(problem.Usage, hint, "wrong usage: --min-probability is not between 0 and 1")
	}
	return requireFlags("tre link block", "model", o.Model)
}

func runLinkBlock(ctx context.Context, s *term.Streams, o linkBlockOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	strings, err := similarity.ParseStrings(o.Strings)
	if err != nil {
		return err
	}
	m, warnings, err := model.ReadFile(o.Model)
	if err != nil {
		return err
	}
	if len(m.BlockingRules) == 0 && !o.Suggest {
		return problem.New(problem.Usage, "--suggest proposes some", "model %s has no blocking rules", o.Model)
	}
	open := score.Options{Strings: strings, Threads: o.Threads, MemoryBytes: linkMemory}
	if o.Truth != "" {
		open.Columns = []string{o.Truth}
	}
	linker, err := score.Open(ctx, m, o.Records, open)
	if err != nil {
		return err
	}
	b := blocking{linkBlockOptions: o, strings: strings, linker: linker}
	b.answer.LinkType, b.answer.Warnings = m.LinkType, warnings
	if err := b.measure(ctx); err != nil {
		return err
	}
	return b.say(s)
}

// blocking is the work of one command.
type blocking struct {
	linkBlockOptions
	strings similarity.Strings
	linker  *score.Linker
	truth   *suggest.Matches
	refused error // why the rules would be refused
	answer  blockAnswer
}

func (b *blocking) measure(ctx context.Context) (err error) {
	rules := b.linker.Rules
	rules.Prepare(b.Threads)
	if b.MaxBlock > 0 {
		b.answer.LeftOut = rules.LeaveOut(b.MaxBlock)
	}
	b.refused = rules.Check(block.Limits{MaxPairs: b.MaxPairs})
	b.answer.Counts, err = rules.Count(ctx, b.linker.Plan, block.CountOptions{Largest: b.Largest, Values: b.Values, Workers: b.Threads})
	if err != nil {
		return err
	}
	if b.Truth != "" {
		left, right, err := block.TruePairs(b.linker.Table, b.linker.Model.LinkType, b.Truth)
		if err != nil {
			return err
		}
		b.truth = &suggest.Matches{Left: left, Right: right}
	}
	if rules.Len() > 0 {
		if err := b.recall(ctx); err != nil {
			return err
		}
	}
	if b.Suggest {
		return b.propose(ctx)
	}
	return nil
}

// recall measures each rule on the truth, or on what the other rules find.
func (b *blocking) recall(ctx context.Context) error {
	rules, matches := b.linker.Rules, b.truth
	switch {
	case matches != nil:
		b.answer.RecallBasis = "truth"
	case rules.Len() < 2:
		b.answer.RecallBasis = "not measured: it takes a second rule, or --truth"
		return nil
	case b.refused != nil || rules.Check(block.Limits{MaxPairs: float64(b.Budget)}) != nil:
		b.answer.RecallBasis = "not measured: there are more pairs than --budget to compare; --truth needs no comparing"
		return nil
	default:
		b.answer.RecallBasis = "other rules"
		found, err := suggest.Score(ctx, b.linker, b.MinProbability, b.Threads)
		if err != nil {
			return err
		}
		matches = &found
	}
	finds, err := rules.Finds(ctx, b.linker.Plan, matches.Left, matches.Right)
	if err != nil {
		return err
	}
	recalls := finds.OfOthers()
	if b.truth != nil {
		recalls = finds.OfTruth()
	}
	b.answer.Recall = &recalls
	return nil
}

// propose suggests rules on the truth, or on the matches of a first pass.
func (b *blocking) propose(ctx context.Context) error {
	in := suggest.In{Model: b.linker.Model, Table: b.linker.Table, Matches: b.truth, Budget: b.Budget, Workers: b.Threads}
	if b.truth == nil {
		found, err := suggest.ProbableMatches(ctx, in, b.strings, b.MinProbability)
		if err != nil {
			return err
		}
		if len(found.Left) > 0 {
			in.Matches = &found
		}
	}
	in.Columns = slices.DeleteFunc(suggest.Columns(in.Model, in.Table), func(name string) bool { return name == b.Truth })
	proposed, err := suggest.Suggest(ctx, in)
	if err != nil {
		return err
	}
	b.answer.Suggestion = &proposed
	b.answer.SuggestBasis = map[suggest.Basis]string{
		suggest.Known:    "on the matches of column " + b.Truth,
		suggest.Probable: fmt.Sprintf("on pairs of probability %g or more that a first pass of narrow rules found", b.MinProbability),
		suggest.Expected: "expected of the model's m probabilities, as a first pass found no match; columns are taken to be independent",
	}[proposed.Basis]
	return nil
}
