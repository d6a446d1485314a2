// Package train estimates the parameters of a linkage model from the records
// themselves: the prior from deterministic rules, u from the frequencies of
// values, m by expectation-maximisation over pairs that share a blocking rule,
// or from labels.
//
// The method is that of Fellegi and Sunter (1969) with Splink's sessions: each
// blocking rule makes one, comparisons that read a column of the rule sit it
// out, and a level's m is the median over sessions. What is sampled there is
// counted here: u is exact wherever a comparison reads one column.
package train

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"go.yaml.in/yaml/v3"

	"tre/internal/problem"
	"tre/linkage/condition"
	"tre/linkage/model"
)

// Plan says how a model is trained. It is read from YAML.
type Plan struct {
	Prior Prior    `yaml:"prior"`
	U     U        `yaml:"u"`
	M     M        `yaml:"m,omitempty"`
	EM    []string `yaml:"em,omitempty"` // blocking rules, one a session

	// What comes after training, kept for whoever runs it; train does not read it.
	Predict Threshold `yaml:"predict,omitempty"`
	Cluster Threshold `yaml:"cluster,omitempty"`
}

// Prior says how the probability that two random records match is found.
type Prior struct {
	// DeterministicRules find matches that are beyond doubt.
	DeterministicRules []string `yaml:"deterministic_rules,omitempty"`
	// Recall is the share of all matches the rules find; 0 means that it is
	// estimated from the trained m.
	Recall float64 `yaml:"recall,omitempty"`
	// Probability sets the prior outright.
	Probability float64 `yaml:"probability,omitempty"`
}

// U says how u is found.
type U struct {
	// Method is "exact", from value frequencies, the default; or "sample", from
	// random pairs, which comparisons of several columns use in any case.
	Method string `yaml:"method,omitempty"`
	// MaxPairs is how many random pairs are drawn, 1e7 by default.
	MaxPairs float64 `yaml:"max_pairs,omitempty"`
	Seed     uint64  `yaml:"seed,omitempty"`
	// EarlyStop is Splink's; exact counting has no use for it.
	EarlyStop bool `yaml:"early_stop,omitempty"`
	// KeepMatches counts matches among the random pairs, as Splink does.
	// Otherwise the matches expected at each level are taken out of it.
	KeepMatches bool `yaml:"keep_matches,omitempty"`
}

// M says where m comes from besides expectation-maximisation.
type M struct {
	LabelColumn string  `yaml:"label_column,omitempty"` // records with the same value here match
	MaxPairs    float64 `yaml:"max_pairs,omitempty"`    // a session of more pairs is refused; 1e9 by default
}

// Threshold is a match probability or weight.
type Threshold struct {
	Probability *float64 `yaml:"threshold_match_probability,omitempty"`
	Weight      *float64 `yaml:"threshold_match_weight,omitempty"`
}

// ReadPlan reads a plan; unknown keys and values out of range are refused.
func ReadPlan(data []byte, name string) (*Plan, error) {
	p := &Plan{}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	hint := "docs/linkage.md shows a training plan"
	if err := d.Decode(p); err != nil && !errors.Is(err, io.EOF) {
		return nil, problem.Wrap(err, problem.Usage, hint, "%s is not a training plan", name)
	}
	if err := p.check(); err != nil {
		return nil, problem.Wrap(err, problem.Usage, hint, "%s", name)
	}
	return p, nil
}

func (p *Plan) check() error {
	var wrong []error
	within := func(what string, x, low, high float64) {
		if math.IsNaN(x) || x < low || x > high {
			wrong = append(wrong, fmt.Errorf("%s is %v, not within %v and %v", what, x, low, high))
		}
	}
	within("prior.recall", p.Prior.Recall, 0, 1)
	within("prior.probability", p.Prior.Probability, 0, 1)
	within("u.max_pairs", p.U.MaxPairs, 0, 1e12)
	within("m.max_pairs", p.M.MaxPairs, 0, 1e12)
	if p.U.Method != "" && p.U.Method != "exact" && p.U.Method != "sample" {
		wrong = append(wrong, fmt.Errorf("u.method is neither exact nor sample"))
	}
	if p.Prior.Probability > 0 && len(p.Prior.DeterministicRules) > 0 {
		wrong = append(wrong, fmt.Errorf("prior has both a probability and deterministic_rules"))
	}
	if p.Prior.Probability == 1 {
		wrong = append(wrong, fmt.Errorf("prior.probability is 1"))
	}
	if _, err := p.rules(p.EM, "em"); err != nil {
		wrong = append(wrong, err)
	}
	if _, err := p.rules(p.Prior.DeterministicRules, "prior.deterministic_rules"); err != nil {
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

// rules parses rules of the plan.
func (p *Plan) rules(texts []string, where string) ([]model.BlockingRule, error) {
	var rules []model.BlockingRule
	for i, text := range texts {
		test, err := condition.ParseRule(text)
		if err != nil {
			return nil, fmt.Errorf("%s, rule %d: %w", where, i+1, err)
		}
		rules = append(rules, model.BlockingRule{SQL: text, Test: test})
	}
	return rules, nil
}

// Columns gives the columns the plan's rules and labels read.
func (p *Plan) Columns() []string {
	var columns []string
	for _, texts := range [][]string{p.Prior.DeterministicRules, p.EM} {
		rules, _ := p.rules(texts, "") // read before, without error
		for _, rule := range rules {
			columns = append(columns, rule.Test.Names()...)
		}
	}
	if p.M.LabelColumn != "" {
		columns = append(columns, p.M.LabelColumn)
	}
	return columns
}
