package train

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"tre/internal/problem"
	"tre/linkage/block"
	"tre/linkage/compare"
	"tre/linkage/condition"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/similarity"
)

// History is how a model came to its parameters.
type History struct {
	Plan     *Plan        `json:"plan"`
	Prior    PriorHistory `json:"prior"`
	U        []UHistory   `json:"u"`
	Sessions []Session    `json:"sessions"`
	Warnings []Warning    `json:"warnings"`
}

// PriorHistory is how the prior was found.
type PriorHistory struct {
	Found       int64   `json:"found"`    // pairs the deterministic rules found
	Possible    float64 `json:"possible"` // pairs there are
	Recall      float64 `json:"recall"`
	Probability float64 `json:"probability"`
}

// UHistory is how u of one comparison was found.
type UHistory struct {
	Comparison string  `json:"comparison"`
	Method     string  `json:"method"` // exact, every pair, sample, fixed
	Pairs      float64 `json:"pairs"`  // pairs counted, not null
}

// In is what training needs.
type In struct {
	Model   *model.Model // trained in place
	Table   *records.Table
	Plan    *Plan // nil: one is chosen
	Strings similarity.Strings
	Workers int
	Scoring *Scoring // what is to be readied beside; nil: nothing
}

// Scoring is what scoring by the model needs that training can ready while it
// is at it: its comparisons and rules over the records as training lays them
// out. Run fills it in.
type Scoring struct {
	Plan  *compare.Plan
	Rules *block.Rules // the model's own, prepared
}

// trainer is one run.
type trainer struct {
	In
	compiler   *compare.Compiler
	plan       *compare.Plan
	shapes     []*compare.Shape // nil where u cannot be counted from frequencies
	prior      *block.Rules
	sessions   []*block.Rules
	rules      []model.BlockingRule // of the sessions
	labels     *block.Rules
	history    *History
	correlated []Warning
	random     [][]float64 // by comparison and level: share of all pairs, before matches are taken out
}

// Run trains a model and tells how.
func Run(ctx context.Context, in In) (*History, error) {
	t := &trainer{In: in, history: &History{}}
	t.Workers = max(t.Workers, 1)
	if t.Plan == nil {
		t.Plan = ChoosePlan(in.Model, in.Table)
	}
	t.history.Plan = t.Plan
	if err := t.compile(); err != nil {
		return nil, err
	}
	if err := t.estimatePriorAndU(ctx); err != nil {
		return nil, err
	}
	if err := t.estimateM(ctx); err != nil {
		return nil, err
	}
	if t.Plan.Prior.Recall == 0 && t.Plan.Prior.Probability == 0 && t.prior != nil {
		if err := t.settlePrior(); err != nil {
			return nil, err
		}
	}
	t.takeMatchesOut()
	t.history.Warnings = t.warnings()
	return t.history, nil
}

// compile prepares all comparisons and rules over one layout of the records.
func (t *trainer) compile() error {
	c := compare.NewCompiler(t.Table, t.Strings)
	t.compiler = c
	if err := c.Begin(t.Model); err != nil {
		return err
	}
	for i := range t.Model.Comparisons {
		if err := c.Add(&t.Model.Comparisons[i]); err != nil {
			return err
		}
	}
	for i := range t.Model.Comparisons {
		shape, ok := c.Shape(i, &t.Model.Comparisons[i])
		if !ok || !canCount(shape) {
			shape = nil
		}
		t.shapes = append(t.shapes, shape)
	}
	if err := t.compileRules(c); err != nil {
		return err
	}
	if err := t.compileScoring(c); err != nil {
		return err
	}
	t.plan = c.Finish()
	if t.Scoring != nil {
		t.Scoring.Plan = t.plan
	}
	return nil
}

func (t *trainer) compileScoring(c *compare.Compiler) error {
	if t.Scoring == nil {
		return nil
	}
	for _, column := range t.Model.TermFrequencyColumns() {
		if err := c.Place(column); err != nil {
			return err
		}
	}
	var err error
	t.Scoring.Rules, err = block.Add(c, t.Table, t.Model.LinkType, t.Model.BlockingRules)
	return err
}

func (t *trainer) compileRules(c *compare.Compiler) error {
	deterministic, err := t.Plan.rules(t.Plan.Prior.DeterministicRules, "prior.deterministic_rules")
	if err != nil {
		return err
	}
	if len(deterministic) > 0 {
		if t.prior, err = block.Add(c, t.Table, t.Model.LinkType, deterministic); err != nil {
			return err
		}
	}
	if t.rules, err = t.Plan.rules(t.Plan.EM, "em"); err != nil {
		return err
	}
	for _, rule := range t.rules {
		session, err := block.Add(c, t.Table, t.Model.LinkType, []model.BlockingRule{rule})
		if err != nil {
			return err
		}
		t.sessions = append(t.sessions, session)
	}
	if column := t.Plan.M.LabelColumn; column != "" {
		test := &condition.Expr{Kind: condition.Operator, Name: "=", Args: []*condition.Expr{
			{Kind: condition.Column, Name: column, Side: condition.Left}, {Kind: condition.Column, Name: column, Side: condition.Right}}}
		t.labels, err = block.Add(c, t.Table, t.Model.LinkType, []model.BlockingRule{{SQL: test.Rule(), Test: test}})
	}
	return err
}

// possible is how many pairs the link type allows.
func (t *trainer) possible() float64 {
	n := float64(t.Table.Rows)
	total := n * (n - 1) / 2
	if t.Model.LinkType != model.LinkOnly || !t.Table.Several() {
		return total
	}
	counts := make([]float64, len(t.Table.Sources))
	for _, source := range t.Table.Source {
		counts[source]++
	}
	for _, n := range counts {
		total -= n * (n - 1) / 2
	}
	return total
}

// estimatePriorAndU finds both at the same time: the one looks at pairs, the
// other at values. The rules of sessions and of scoring are readied meanwhile.
func (t *trainer) estimatePriorAndU(ctx context.Context) error {
	var prior error
	var done sync.WaitGroup
	done.Go(func() {
		prior = t.estimatePrior(ctx)
		for _, session := range t.sessions {
			session.Prepare(t.Workers)
		}
		if t.Scoring != nil {
			t.Scoring.Rules.Prepare(t.Workers)
		}
	})
	u := t.estimateU(ctx)
	done.Wait()
	return errors.Join(prior, u)
}

func (t *trainer) estimatePrior(ctx context.Context) error {
	h := &t.history.Prior
	h.Possible = t.possible()
	if p := t.Plan.Prior.Probability; p > 0 {
		t.Model.Prior, h.Probability = p, p
		return nil
	}
	if t.prior == nil {
		h.Probability = t.Model.Prior
		return nil
	}
	t.prior.Prepare(t.Workers)
	if err := t.prior.Check(block.DefaultLimits()); err != nil {
		return fmt.Errorf("prior.deterministic_rules: %w", err)
	}
	found, err := countPairs(ctx, t.plan, t.prior, t.Workers)
	if err != nil {
		return err
	}
	h.Found = found
	h.Recall = t.Plan.Prior.Recall
	if h.Recall == 0 {
		h.Recall = 0.8 // to begin with; settlePrior estimates it
	}
	return t.setPrior()
}

func (t *trainer) setPrior() error {
	h := &t.history.Prior
	if float64(h.Found) >= h.Possible*h.Recall || h.Found == 0 {
		return problem.New(problem.Usage, "give rules that only true matches satisfy, or prior.probability",
			"the deterministic rules find %d of %.0f pairs, which with recall %v makes no probability between 0 and 1", h.Found, h.Possible, h.Recall)
	}
	h.Probability = float64(h.Found) / h.Recall / h.Possible
	t.Model.Prior = h.Probability
	return nil
}

// countPairs counts the pairs of rules.
func countPairs(ctx context.Context, plan *compare.Plan, rules *block.Rules, workers int) (int64, error) {
	patterns, err := patternsOf(ctx, plan, rules, nil, workers)
	if err != nil || len(patterns) == 0 {
		return 0, err
	}
	return int64(patterns[0].pairs), nil
}

// settlePrior estimates the recall of the deterministic rules from the m of the
// exact matches they ask for, comparisons taken as independent, and sets the
// prior again.
func (t *trainer) settlePrior() error {
	missed := 1.0
	for _, text := range t.Plan.Prior.DeterministicRules {
		rule, err := condition.ParseRule(text)
		if err != nil {
			return err
		}
		missed *= 1 - t.recallOf(rule)
	}
	t.history.Prior.Recall = min(max(1-missed, 0.05), 1)
	return t.setPrior()
}

// recallOf is the probability that a true match satisfies a rule: the product,
// over its columns, of the share of pairs that know the column and agree on it.
func (t *trainer) recallOf(rule *condition.Expr) float64 {
	recall := 1.0
	for _, column := range rule.Names() {
		c := t.Table.Column(column)
		known := float64(c.Known) / float64(t.Table.Rows)
		recall *= known * t.agreement(column)
	}
	return recall
}

func (t *trainer) agreement(column string) float64 {
	for i := range t.Model.Comparisons {
		if level := t.Model.Comparisons[i].ExactMatchLevelFor(column); level >= 0 {
			return t.Model.Comparisons[i].M(level)
		}
	}
	return 0.9
}

// estimateM trains m: from labels, or by sessions.
func (t *trainer) estimateM(ctx context.Context) error {
	if t.labels != nil {
		return t.fromLabels(ctx)
	}
	estimates := make([][][]float64, len(t.Model.Comparisons)) // by comparison and level: one a session
	for i := range estimates {
		estimates[i] = make([][]float64, len(t.Model.Comparisons[i].Levels))
	}
	for i := range t.sessions {
		if err := t.session(ctx, i, estimates); err != nil {
			return err
		}
	}
	return nil
}

func (t *trainer) session(ctx context.Context, i int, estimates [][][]float64) error {
	rule := t.rules[i]
	h := Session{Rule: rule.SQL}
	var trained []int
	for c := range t.Model.Comparisons {
		if readsAny(t.Model.Comparisons[c].Columns(), rule.Test.Names()) {
			h.LeftOut = append(h.LeftOut, t.Model.Comparisons[c].Name)
			continue
		}
		trained = append(trained, c)
		h.Comparisons = append(h.Comparisons, t.Model.Comparisons[c].Name)
	}
	if err := t.refuseLarge(t.sessions[i], rule.SQL); err != nil {
		return err
	}
	patterns, err := patternsOf(ctx, t.plan, t.sessions[i], trained, t.Workers)
	if err != nil {
		return err
	}
	if len(patterns) == 0 || len(trained) == 0 {
		return problem.New(problem.Usage, "choose a rule that some records share, and that leaves comparisons to train", "training rule %q finds no pairs or leaves no comparison to train", rule.SQL)
	}
	for _, p := range patterns {
		h.Pairs += p.pairs
	}
	s := newSession(t.Model, rule.Test, trained, patterns)
	s.run(&h)
	t.correlated = append(t.correlated, s.correlations(rule.SQL)...)
	t.history.Sessions = append(t.history.Sessions, h)
	for at, c := range trained {
		for level := range s.m[at] {
			l := t.Model.Comparisons[c].Levels[level]
			if l.IsNull || l.FixM || !s.seen[at][level] {
				continue
			}
			estimates[c][level] = append(estimates[c][level], s.m[at][level])
			m := median(estimates[c][level])
			t.Model.Comparisons[c].Levels[level].M = &m
		}
	}
	return nil
}

// refuseLarge refuses a session of more pairs than the plan allows.
func (t *trainer) refuseLarge(rules *block.Rules, sql string) error {
	most := t.Plan.M.MaxPairs
	if most == 0 {
		most = 1e9
	}
	if pairs := rules.Candidates(); pairs > most {
		return problem.New(problem.Usage, "add a column to the rule, or raise m.max_pairs in the plan", "training rule %q makes %.3g pairs, more than %.3g", sql, pairs, most)
	}
	return nil
}

func readsAny(columns, of []string) bool {
	return slices.ContainsFunc(columns, func(c string) bool {
		return slices.ContainsFunc(of, func(o string) bool { return strings.EqualFold(c, o) })
	})
}

func median(values []float64) float64 {
	values = slices.Clone(values)
	sort.Float64s(values)
	n := len(values)
	if n%2 == 1 {
		return values[n/2]
	}
	return (values[n/2-1] + values[n/2]) / 2
}

// fromLabels counts m over the pairs that share a label.
func (t *trainer) fromLabels(ctx context.Context) error {
	all := make([]int, len(t.Model.Comparisons))
	for i := range all {
		all[i] = i
	}
	t.labels.Prepare(t.Workers)
	patterns, err := patternsOf(ctx, t.plan, t.labels, all, t.Workers)
	if err != nil {
		return err
	}
	if len(patterns) == 0 {
		return problem.New(problem.Usage, "name a column that says who is who", "no two records share a value of %s", t.Plan.M.LabelColumn)
	}
	for i := range t.Model.Comparisons {
		c := &t.Model.Comparisons[i]
		sums := make([]float64, len(c.Levels))
		var known float64
		for _, p := range patterns {
			if level := p.levels[i]; !c.Levels[level].IsNull {
				sums[level] += p.pairs
				known += p.pairs
			}
		}
		for level := range c.Levels {
			if l := &c.Levels[level]; !l.IsNull && !l.FixM && sums[level] > 0 {
				m := sums[level] / known
				l.M = &m
			}
		}
	}
	return nil
}
