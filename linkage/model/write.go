package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// member is one key of a JSON object that keeps its order.
type member struct {
	key   string
	value any
}

type object []member

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for _, part := range []any{m.key, m.value} {
			text, err := encode(part)
			if err != nil {
				return nil, fmt.Errorf("key %s: %w", m.key, err)
			}
			b.Write(text)
			b.WriteByte(':')
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode writes a value with < and > as they are, for conditions to be read.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func (o *object) add(key string, value any) { *o = append(*o, member{key, value}) }

// addExtra adds the keys that were not understood, by name.
func (o *object) addExtra(extra map[string]json.RawMessage) {
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		o.add(key, extra[key])
	}
}

// Write writes the model as JSON that the given version of Splink loads, keys
// in Splink's order. Every number reads back as the same number.
func (m *Model) Write(w io.Writer, version Version) error {
	compact, err := encode(m.object(version))
	if err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "    "); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}

func (m *Model) object(version Version) object {
	o := object{
		{"link_type", m.LinkType},
		{"probability_two_random_records_match", decimal(m.Prior)},
		{"retain_matching_columns", m.RetainMatchingColumns},
		{"retain_intermediate_calculation_columns", m.RetainIntermediateColumns},
		{"additional_columns_to_retain", append([]string{}, m.AdditionalColumns...)},
		{"sql_dialect", m.Dialect},
	}
	if m.LinkerUID != "" {
		o.add("linker_uid", m.LinkerUID)
	}
	o.add("em_convergence", decimal(m.EMConvergence))
	o.add("max_iterations", m.MaxIterations)
	if version == Splink4 {
		o.add("bayes_factor_column_prefix", m.prefixFor(version))
	} else {
		o.add("match_weight_column_prefix", m.prefixFor(version))
	}
	o.add("term_frequency_adjustment_column_prefix", m.TermFrequencyPrefix)
	o.add("comparison_vector_value_column_prefix", m.GammaPrefix)
	o.add("unique_id_column_name", m.UniqueID)
	o.add("source_dataset_column_name", m.SourceDataset)
	rules := []object{}
	for i := range m.BlockingRules {
		rules = append(rules, m.BlockingRules[i].object(m.Dialect))
	}
	o.add("blocking_rules_to_generate_predictions", rules)
	comparisons := []object{}
	for i := range m.Comparisons {
		comparisons = append(comparisons, m.Comparisons[i].object(version))
	}
	o.add("comparisons", comparisons)
	o.addExtra(m.Extra)
	return o
}

// prefixFor gives the prefix of weight columns, which has another default in
// each version.
func (m *Model) prefixFor(version Version) string {
	if m.WeightPrefix == m.Version.weightPrefix() {
		return version.weightPrefix()
	}
	return m.WeightPrefix
}

func (b *BlockingRule) object(dialect string) object {
	o := object{{"blocking_rule", b.SQL}, {"sql_dialect", dialect}}
	if len(b.ArraysToExplode) > 0 {
		o.add("arrays_to_explode", b.ArraysToExplode)
	}
	o.addExtra(b.Extra)
	return o
}

func (c *Comparison) object(version Version) object {
	levels := []object{}
	for i := range c.Levels {
		levels = append(levels, c.Levels[i].object(version))
	}
	o := object{{"output_column_name", c.Name}, {"comparison_levels", levels}}
	if c.Description != "" {
		o.add("comparison_description", c.Description)
	}
	o.addExtra(c.Extra)
	return o
}

func (l *Level) object(version Version) object {
	o := object{{"sql_condition", l.Condition}}
	if l.Label != "" {
		o.add("label_for_charts", l.Label)
	}
	if l.M != nil {
		o.add("m_probability", decimal(*l.M))
	}
	if l.U != nil {
		o.add("u_probability", decimal(*l.U))
	}
	// Splink 4 wrote these only when they were set, Splink 5 always does.
	if version >= Splink5 || l.FixM {
		o.add("fix_m_probability", l.FixM)
	}
	if version >= Splink5 || l.FixU {
		o.add("fix_u_probability", l.FixU)
	}
	if t := l.TermFrequency; t != nil {
		o.add("tf_adjustment_column", t.written())
		if t.MinimumU != 0 {
			o.add("tf_minimum_u_value", decimal(t.MinimumU))
		}
		o.add("tf_adjustment_weight", decimal(t.Weight))
	}
	if l.IsNull {
		o.add("is_null_level", true)
	}
	if t := l.TermFrequency; t != nil && t.DisableExactMatchDetection {
		o.add("disable_tf_exact_match_detection", true)
	}
	o.addExtra(l.Extra)
	return o
}

// written gives the column as the file had it.
func (t *TermFrequency) written() string {
	if !t.Quoted {
		return t.Column
	}
	return quote(t.Column)
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
