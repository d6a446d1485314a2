// Package suggest proposes blocking rules within a budget of comparisons.
//
// Candidates are the columns a model compares and simple parts of them (the
// first letters of a name, the year, month or day of a date, the sector and
// outward code of a postcode) and their conjunctions of up to four. What a
// candidate costs is counted exactly, from the sizes of its blocks. What it
// finds is measured on known matches, or on probable ones of a first pass with
// narrow rules, or expected of the model's m probabilities. A greedy weighted
// set cover then picks the rules.
package suggest

import (
	"context"
	"runtime"
	"slices"

	"tre/internal/problem"
	"tre/linkage/block"
	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/records"
)

// In says what to propose rules for.
type In struct {
	Model   *model.Model
	Table   *records.Table // with the columns of the model's comparisons
	Columns []string       // to make keys of; nil means those of the model's comparisons
	Matches *Matches       // known or probable; nil means expected of the model

	Budget   int64   // pairs of all rules together
	MaxKeys  int     // columns of one rule; 0 means 4
	MaxRules int     // 0 means 8
	Least    float64 // share of the matches that a rule must add; 0 means 0.0005
	Workers  int     // 0 means all cores
}

// Basis says what benefits were measured on.
type Basis string

// The bases, the best first.
const (
	Known    Basis = "known"    // matches of a truth column
	Probable Basis = "probable" // pairs that a first pass scored as matches
	Expected Basis = "expected" // m probabilities, columns taken to be independent
)

// Rule is a rule proposed.
type Rule struct {
	SQL    string  `json:"sql"`
	Pairs  int64   `json:"pairs"`  // by itself
	Added  float64 `json:"added"`  // not made by a rule before it
	Finds  float64 `json:"finds"`  // share of the matches, by itself
	Recall float64 `json:"recall"` // with those before it
}

// Suggestion is a set of rules.
type Suggestion struct {
	Basis      Basis   `json:"basis"`
	Matches    float64 `json:"matches"` // that benefits were measured on; probable ones count as their probability
	Budget     int64   `json:"budget"`
	Candidates int     `json:"candidates"`
	Pairs      float64 `json:"pairs"`     // of all rules, each once
	Recall     float64 `json:"recall"`    // share of the matches that some rule finds
	Reachable  float64 `json:"reachable"` // share that some candidate within the budget finds
	Rules      []Rule  `json:"rules"`     // the narrowest first
}

// Suggest proposes rules.
func Suggest(ctx context.Context, in In) (Suggestion, error) {
	in = in.defaults()
	if in.Budget < 1 {
		return Suggestion{}, problem.New(problem.Usage, "give the number of pairs that may be compared", "the budget is below one pair")
	}
	atoms, err := atomsOf(in.Table, in.Columns)
	if err != nil {
		return Suggestion{}, err
	}
	if len(atoms) == 0 {
		return Suggestion{}, problem.New(problem.Usage, "compare columns of text, whole numbers or dates", "no column that the model compares can be a key")
	}
	out := Suggestion{Basis: in.basis(), Budget: in.Budget}
	patterns := in.patterns(atoms)
	for _, p := range patterns {
		out.Matches += p.weight
	}
	if out.Matches == 0 {
		return Suggestion{}, problem.New(problem.Usage, "check the model, or the column that says who a record is", "there are no matches to measure rules on")
	}
	s := search{table: in.Table, link: in.Model.LinkType, atoms: atoms, patterns: patterns, maxKeys: in.MaxKeys,
		budget: in.Budget, enough: in.Budget / 100, least: in.Least * out.Matches}
	candidates, err := s.candidates(ctx, in.Workers)
	if err != nil {
		return Suggestion{}, err
	}
	c := chooser{candidates: candidates, patterns: patterns, budget: in.Budget, most: in.MaxRules, least: s.least, rounds: 10, tries: 50}
	out.Candidates = len(candidates)
	out.Reachable = c.coverage(candidates) / out.Matches
	chosen := c.choose()
	if err := in.describe(ctx, &out, &c, atoms, chosen); err != nil {
		return Suggestion{}, err
	}
	for out.Pairs > float64(in.Budget) && len(chosen) > 1 { // the pairs drawn were far from the rest, as one budget in a thousand may be
		chosen = c.withoutLast(chosen)
		if err := in.describe(ctx, &out, &c, atoms, chosen); err != nil {
			return Suggestion{}, err
		}
	}
	return out, nil
}

func (in In) defaults() In {
	if in.Columns == nil {
		in.Columns = Columns(in.Model, in.Table)
	}
	if in.MaxKeys == 0 {
		in.MaxKeys = 4
	}
	if in.MaxRules == 0 {
		in.MaxRules = 8
	}
	if in.Least == 0 {
		in.Least = 0.0005
	}
	if in.Workers == 0 {
		in.Workers = runtime.GOMAXPROCS(0)
	}
	return in
}

func (in In) basis() Basis {
	switch {
	case in.Matches == nil:
		return Expected
	case in.Matches.Probability != nil:
		return Probable
	}
	return Known
}

func (in In) patterns(atoms []atom) []pattern {
	if in.Matches != nil {
		return patternsOf(atoms, *in.Matches)
	}
	n := float64(in.Table.Rows)
	return patternsExpected(atoms, in.Model, in.Table, max(in.Model.Prior*n*(n-1)/2, 1))
}

// describe writes the rules down and counts what each adds.
func (in In) describe(ctx context.Context, out *Suggestion, c *chooser, atoms []atom, chosen []candidate) error {
	rules := make([]model.BlockingRule, len(chosen))
	out.Rules, out.Recall = []Rule{}, 0
	for i, candidate := range chosen {
		rules[i] = ruleOf(atoms, candidate)
		out.Rules = append(out.Rules, Rule{SQL: rules[i].SQL, Pairs: candidate.pairs, Finds: candidate.finds / out.Matches,
			Recall: c.coverage(chosen[:i+1]) / out.Matches})
		out.Recall = out.Rules[i].Recall
	}
	compiler := compare.NewCompiler(in.Table, 0)
	ready, err := block.Add(compiler, in.Table, in.Model.LinkType, rules)
	if err != nil {
		return err
	}
	plan := compiler.Finish()
	ready.Prepare(in.Workers)
	counts, err := ready.Count(ctx, plan, block.CountOptions{Workers: in.Workers})
	if err != nil {
		return err
	}
	for i, count := range counts.Rules {
		out.Rules[i].Added = count.Added.Pairs
	}
	out.Pairs = counts.Total.Pairs
	return nil
}

func ruleOf(atoms []atom, c candidate) model.BlockingRule {
	var keys []model.Expression
	for _, at := range c.atoms {
		keys = append(keys, atoms[at].key)
	}
	return model.BlockOn(keys...)
}

// BlockingRules are the rules for a model.
func (s Suggestion) BlockingRules() []model.BlockingRule {
	var rules []model.BlockingRule
	for _, r := range s.Rules {
		rules = append(rules, model.Rule(r.SQL))
	}
	return slices.Clip(rules)
}
