package model

import (
	"bytes"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// The short form as it is written. Keys are those that ReadYAML reads.
type (
	writtenModel struct {
		LinkType           LinkType            `yaml:"link_type"`
		UniqueID           string              `yaml:"unique_id,omitempty"`
		SourceDataset      string              `yaml:"source_dataset,omitempty"`
		Prior              float64             `yaml:"prior"`
		EMConvergence      float64             `yaml:"em_convergence"`
		MaxIterations      int                 `yaml:"max_iterations"`
		AdditionalColumns  []string            `yaml:"additional_columns,omitempty,flow"`
		RetainMatching     *bool               `yaml:"retain_matching_columns,omitempty"`
		RetainIntermediate bool                `yaml:"retain_intermediate_columns,omitempty"`
		Blocking           []*yaml.Node        `yaml:"blocking,omitempty"`
		Comparisons        []writtenComparison `yaml:"comparisons"`
	}
	writtenRule struct {
		SQL     string   `yaml:"sql"`
		Explode []string `yaml:"explode,omitempty,flow"`
	}
	writtenComparison struct {
		Name        string         `yaml:"name"`
		Description string         `yaml:"description,omitempty"`
		Levels      []writtenLevel `yaml:"levels"`
	}
	writtenLevel struct {
		SQL           string   `yaml:"sql,omitempty"`
		Null          string   `yaml:"null,omitempty"`
		Exact         string   `yaml:"exact,omitempty"`
		Else          bool     `yaml:"else,omitempty"`
		Label         string   `yaml:"label,omitempty"`
		IsNull        *bool    `yaml:"is_null,omitempty"`
		M             *float64 `yaml:"m,omitempty"`
		U             *float64 `yaml:"u,omitempty"`
		FixM          bool     `yaml:"fix_m,omitempty"`
		FixU          bool     `yaml:"fix_u,omitempty"`
		TermFrequency string   `yaml:"term_frequency,omitempty"`
		Weight        *float64 `yaml:"term_frequency_weight,omitempty"`
		MinimumU      float64  `yaml:"minimum_u,omitempty"`
		DisableExact  bool     `yaml:"disable_exact_match_detection,omitempty"`
	}
)

// WriteYAML writes the model in the short form; ReadYAML reads it back as the
// same model, every number the same. It tells what the short form has no place
// for, and so left out.
func (m *Model) WriteYAML(w io.Writer) (leftOut []string, err error) {
	plain := New(m.LinkType)
	out := writtenModel{LinkType: m.LinkType, Prior: m.Prior, EMConvergence: m.EMConvergence, MaxIterations: m.MaxIterations,
		AdditionalColumns: m.AdditionalColumns, RetainIntermediate: m.RetainIntermediateColumns}
	if m.UniqueID != plain.UniqueID {
		out.UniqueID = m.UniqueID
	}
	if m.SourceDataset != plain.SourceDataset {
		out.SourceDataset = m.SourceDataset
	}
	if m.RetainMatchingColumns != plain.RetainMatchingColumns {
		out.RetainMatching = &m.RetainMatchingColumns
	}
	for i := range m.BlockingRules {
		rule, err := m.BlockingRules[i].written()
		if err != nil {
			return nil, err
		}
		out.Blocking = append(out.Blocking, rule)
	}
	for i := range m.Comparisons {
		c := &m.Comparisons[i]
		one := writtenComparison{Name: c.Name, Description: c.Description}
		for k := range c.Levels {
			one.Levels = append(one.Levels, c.Levels[k].written())
		}
		out.Comparisons = append(out.Comparisons, one)
	}
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(out); err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	_, err = w.Write(text.Bytes())
	return m.leftOut(), err
}

// leftOut tells what only Splink's JSON has a place for.
func (m *Model) leftOut() []string {
	var said []string
	add := func(isLost bool, what string) {
		if isLost {
			said = append(said, what)
		}
	}
	plain := New(m.LinkType)
	add(m.Dialect != plain.Dialect, "sql_dialect: the short form is always that of DuckDB")
	add(m.GammaPrefix != plain.GammaPrefix || m.TermFrequencyPrefix != plain.TermFrequencyPrefix || m.WeightPrefix != m.Version.weightPrefix(), "prefixes of columns: the short form has Splink's own")
	add(m.LinkerUID != "", "linker_uid: Splink makes a new one")
	extra := len(m.Extra)
	for _, rule := range m.BlockingRules {
		extra += len(rule.Extra)
	}
	for _, c := range m.Comparisons {
		extra += len(c.Extra)
		for _, l := range c.Levels {
			extra += len(l.Extra)
		}
	}
	add(extra > 0, fmt.Sprintf("keys that are not known here: %d", extra))
	return said
}

// written is a list of what must agree, where reading it gives the very same
// rule, else its SQL.
func (b *BlockingRule) written() (*yaml.Node, error) {
	node := &yaml.Node{}
	if names := b.agreeing(); names != nil && len(b.ArraysToExplode) == 0 {
		err := node.Encode(names)
		node.Style = yaml.FlowStyle
		return node, err
	}
	return node, node.Encode(writtenRule{b.SQL, b.ArraysToExplode})
}

func (b *BlockingRule) agreeing() []string {
	if b.Test == nil {
		return nil
	}
	var names []string
	var all []Expression
	for _, test := range b.Test.Conjuncts() {
		exact := test.ExactMatch()
		if len(exact) != 1 {
			return nil
		}
		e, err := Parse(exact[0])
		if err != nil {
			return nil
		}
		names, all = append(names, exact[0]), append(all, e)
	}
	if BlockOn(all...).SQL != b.SQL {
		return nil
	}
	return names
}

// written is null, exact or else where reading it gives the very same level,
// and the SQL otherwise.
func (l *Level) written() writtenLevel {
	out := writtenLevel{M: l.M, U: l.U, FixM: l.FixM, FixU: l.FixU}
	like := out.condition(l)
	if l.Label != like.Label {
		out.Label = l.Label
	}
	if l.IsNull != like.IsNull {
		out.IsNull = &l.IsNull
	}
	if t := l.TermFrequency; t != nil {
		out.TermFrequency, out.MinimumU, out.DisableExact = t.Column, t.MinimumU, t.DisableExactMatchDetection
		if t.Weight != 1 {
			out.Weight = &t.Weight
		}
	}
	return out
}

// condition writes the condition and gives the level that reading it gives.
func (w *writtenLevel) condition(l *Level) Level {
	if l.IsElse && l.Condition == Else().Condition && l.Label != "" {
		w.Else = true
		return Else()
	}
	if l.Test != nil && l.Label != "" {
		if names := l.Test.Names(); len(names) == 1 {
			if e, err := Parse(names[0]); err == nil {
				if like := Null(e); like.Condition == l.Condition {
					w.Null = names[0]
					return like
				}
				if like := Exact(e); like.Condition == l.Condition {
					w.Exact = names[0]
					return like
				}
			}
		}
	}
	w.SQL = l.Condition
	return Custom(l.Condition, "")
}
