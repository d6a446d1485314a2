package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"tre/internal/problem"
	"tre/linkage/condition"
)

// maximumFile bounds the size of a settings file, far above any real one.
const maximumFile = 64 << 20

// notObserved is what Splink writes in place of a probability for a level that
// training never met.
const notObserved = "level not observed in training dataset"

// New gives an empty model with Splink's defaults.
func New(link LinkType) *Model {
	return &Model{
		Version: Splink5, LinkType: link, Prior: 0.0001, EMConvergence: 0.0001, MaxIterations: 25,
		UniqueID: "unique_id", SourceDataset: "source_dataset", RetainMatchingColumns: true,
		GammaPrefix: "gamma_", WeightPrefix: Splink5.weightPrefix(), TermFrequencyPrefix: "tf_", Dialect: "duckdb",
	}
}

// ReadFile reads settings or a trained model: the short form when the name
// ends in .yaml or .yml, Splink's JSON otherwise. It also gives warnings, for
// instance for conditions that only DuckDB can evaluate.
func ReadFile(path string) (*Model, []string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, problem.Wrap(err, problem.Usage, "check the path of the model", "the model cannot be read")
	}
	defer file.Close()
	name := filepath.Base(path)
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml":
		return ReadYAML(file, name)
	}
	return Read(file, name)
}

// Read reads Splink's JSON, of version 4 or 5. The name stands for the file in
// problems and warnings. An error tells all problems of the file.
func Read(r io.Reader, name string) (*Model, []string, error) {
	data, err := readAll(r, name)
	if err != nil {
		return nil, nil, err
	}
	if err := checkSyntax(data, name); err != nil {
		return nil, nil, err
	}
	f := &findings{}
	o, ok := f.object(data, "")
	if !ok {
		return nil, nil, f.error(name)
	}
	m := New("")
	m.decode(&o)
	return m.finish(f, name)
}

// finish compiles and checks what was read.
func (m *Model) finish(f *findings, name string) (*Model, []string, error) {
	m.compile(f)
	m.check(f)
	if err := f.error(name); err != nil {
		return nil, f.warnings, err
	}
	return m, f.warnings, nil
}

func readAll(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maximumFile+1))
	if err != nil {
		return nil, fmt.Errorf("read model %s: %w", name, err)
	}
	if len(data) > maximumFile {
		return nil, problem.New(problem.Usage, "check that this is a model", "model %s has more than %d MiB", name, maximumFile>>20)
	}
	return data, nil
}

// checkSyntax tells the line of a mistake in the JSON itself.
func checkSyntax(data []byte, name string) error {
	var any json.RawMessage
	err := json.Unmarshal(data, &any)
	if err == nil {
		return nil
	}
	line := 1
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		line += strings.Count(string(data[:min(int(s.Offset), len(data))]), "\n")
	}
	return problem.New(problem.Usage, "check the file with any JSON tool", "model %s, line %d: not JSON", name, line)
}

func (v Version) weightPrefix() string {
	if v == Splink4 {
		return "bf_"
	}
	return "mw_"
}

func (m *Model) decode(o *fields) {
	var link string
	if o.text("link_type", &link) {
		m.LinkType = LinkType(link)
	}
	var version4Prefix string
	if o.text("bayes_factor_column_prefix", &version4Prefix) {
		m.Version, m.WeightPrefix = Splink4, version4Prefix
	}
	if o.text("match_weight_column_prefix", &m.WeightPrefix) {
		m.Version = Splink5
	}
	o.number("probability_two_random_records_match", &m.Prior)
	o.number("em_convergence", &m.EMConvergence)
	o.whole("max_iterations", &m.MaxIterations)
	o.boolean("retain_matching_columns", &m.RetainMatchingColumns)
	o.boolean("retain_intermediate_calculation_columns", &m.RetainIntermediateColumns)
	o.texts("additional_columns_to_retain", &m.AdditionalColumns)
	o.text("unique_id_column_name", &m.UniqueID)
	o.text("source_dataset_column_name", &m.SourceDataset)
	o.text("term_frequency_adjustment_column_prefix", &m.TermFrequencyPrefix)
	o.text("comparison_vector_value_column_prefix", &m.GammaPrefix)
	o.text("sql_dialect", &m.Dialect)
	o.text("linker_uid", &m.LinkerUID)
	for i, raw := range o.list("blocking_rules_to_generate_predictions") {
		m.BlockingRules = append(m.BlockingRules, decodeRule(o.findings, raw, ruleName(i)))
	}
	for i, raw := range o.list("comparisons") {
		m.Comparisons = append(m.Comparisons, decodeComparison(o.findings, raw, i))
	}
	m.Extra = o.rest()
}

func ruleName(i int) string { return fmt.Sprintf("blocking rule %d", i+1) }

// decodeRule reads a rule written as an object or as bare SQL.
func decodeRule(f *findings, raw json.RawMessage, where string) BlockingRule {
	var rule BlockingRule
	if json.Unmarshal(raw, &rule.SQL) == nil {
		return rule
	}
	o, ok := f.object(raw, where)
	if !ok {
		return rule
	}
	if o.take("salting_partitions") != nil {
		f.warn(where, "salting_partitions has no effect here")
	}
	o.take("sql_dialect")
	o.text("blocking_rule", &rule.SQL)
	o.texts("arrays_to_explode", &rule.ArraysToExplode)
	rule.Extra = o.rest()
	return rule
}

func comparisonName(i int, name string) string {
	if name == "" {
		return fmt.Sprintf("comparison %d", i+1)
	}
	return fmt.Sprintf("comparison %d (%s)", i+1, name)
}

func decodeComparison(f *findings, raw json.RawMessage, i int) Comparison {
	var c Comparison
	o, ok := f.object(raw, comparisonName(i, ""))
	if !ok {
		return c
	}
	o.text("output_column_name", &c.Name)
	o.text("comparison_description", &c.Description)
	o.where = comparisonName(i, c.Name)
	for k, level := range o.list("comparison_levels") {
		c.Levels = append(c.Levels, decodeLevel(f, level, levelName(o.where, k)))
	}
	c.Extra = o.rest()
	return c
}

func levelName(comparison string, i int) string { return fmt.Sprintf("%s, level %d", comparison, i+1) }

func decodeLevel(f *findings, raw json.RawMessage, where string) Level {
	var l Level
	o, ok := f.object(raw, where)
	if !ok {
		return l
	}
	o.text("sql_condition", &l.Condition)
	o.text("label_for_charts", &l.Label)
	l.M = o.probability("m_probability")
	l.U = o.probability("u_probability")
	o.boolean("fix_m_probability", &l.FixM)
	o.boolean("fix_u_probability", &l.FixU)
	o.boolean("is_null_level", &l.IsNull)
	l.TermFrequency = o.termFrequency()
	l.IsElse = isElse(l.Condition)
	l.Extra = o.rest()
	return l
}

func isElse(condition string) bool { return strings.EqualFold(strings.TrimSpace(condition), "else") }

// probability reads m or u; Splink's words for "never met" count as missing.
func (o *fields) probability(key string) *float64 {
	var words string
	if raw := o.values[key]; json.Unmarshal(raw, &words) == nil && words == notObserved {
		o.take(key)
		o.warn(o.where, "%s was never observed in training; the default is used", key)
		return nil
	}
	var value float64
	if !o.number(key, &value) {
		return nil
	}
	return &value
}

func (o *fields) termFrequency() *TermFrequency {
	t := TermFrequency{Weight: 1}
	named := o.text("tf_adjustment_column", &t.Column)
	weighted := o.number("tf_adjustment_weight", &t.Weight)
	minimum := o.number("tf_minimum_u_value", &t.MinimumU) && t.MinimumU != 0
	o.boolean("disable_tf_exact_match_detection", &t.DisableExactMatchDetection)
	if !named {
		if weighted || minimum {
			o.refuse(o.where, "the term frequency adjustment names no column (tf_adjustment_column)")
		}
		return nil
	}
	t.Column, t.Quoted = unquote(t.Column)
	return &t
}

// unquote takes the double quotes off a column.
func unquote(column string) (string, bool) {
	if len(column) < 2 || column[0] != '"' || column[len(column)-1] != '"' {
		return column, false
	}
	return strings.ReplaceAll(column[1:len(column)-1], `""`, `"`), true
}

// Compile reads the conditions and rules that have no tree yet, as must be
// done for a model that was put together by hand. It gives a warning for each
// that only DuckDB can read.
func (m *Model) Compile() []string {
	f := &findings{}
	m.compile(f)
	return f.warnings
}

func (m *Model) compile(f *findings) {
	const slow = "%s cannot be compiled and will be evaluated by DuckDB, which is slow: %v"
	if m.Dialect != "duckdb" {
		f.warn("", "the model was written for %s; its SQL is read as that of DuckDB", m.Dialect)
	}
	for i := range m.Comparisons {
		c := &m.Comparisons[i]
		for k := range c.Levels {
			l := &c.Levels[k]
			l.IsElse = isElse(l.Condition)
			if err := l.compile(); err != nil {
				f.warn(levelName(comparisonName(i, c.Name), k), slow, "the condition", err)
			}
		}
		if c.Name == "" {
			c.Name = c.defaultName()
		}
	}
	for i := range m.BlockingRules {
		rule := &m.BlockingRules[i]
		if err := rule.compile(); err != nil {
			f.warn(ruleName(i), slow, "the rule", err)
		}
	}
}

func (l *Level) compile() (err error) {
	if l.Test == nil && !l.IsElse && strings.TrimSpace(l.Condition) != "" {
		l.Test, err = condition.ParseLevel(l.Condition)
	}
	return err
}

func (b *BlockingRule) compile() (err error) {
	if b.Test == nil && strings.TrimSpace(b.SQL) != "" {
		b.Test, err = condition.ParseRule(b.SQL)
	}
	return err
}

// defaultName names a comparison after its columns, as Splink does.
func (c *Comparison) defaultName() string {
	names := c.Columns()
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	return "custom_" + strings.Join(names, "_")
}

// Columns gives the columns that the comparison's conditions use, in the order
// of the text. Conditions without a tree are left out.
func (c *Comparison) Columns() []string {
	var names []string
	for _, l := range c.Levels {
		if l.Test == nil {
			continue
		}
		for _, name := range l.Test.Names() {
			if !containsFold(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func containsFold(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
