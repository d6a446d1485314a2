package model

import (
	"math"
	"strings"
)

// Check tells everything that is wrong with a model; nil when nothing is. The
// name stands for the model's file.
func (m *Model) Check(name string) error {
	f := &findings{}
	m.check(f)
	return f.error(name)
}

func (m *Model) check(f *findings) {
	switch m.LinkType {
	case DedupeOnly, LinkOnly, LinkAndDedupe:
	case "":
		f.refuseKey("", "link_type", "is missing: dedupe_only, link_only or link_and_dedupe")
	default:
		f.refuseKey("", "link_type", "%q is not known: dedupe_only, link_only or link_and_dedupe", m.LinkType)
	}
	if !(m.Prior > 0 && m.Prior < 1) {
		f.refuseKey("", "probability_two_random_records_match", "is not between 0 and 1")
	}
	if !(m.EMConvergence > 0 && m.EMConvergence < 1) {
		f.refuseKey("", "em_convergence", "is not between 0 and 1")
	}
	if m.MaxIterations < 1 {
		f.refuseKey("", "max_iterations", "is less than 1")
	}
	if m.UniqueID == "" {
		f.refuseKey("", "unique_id_column_name", "is empty")
	}
	if m.SourceDataset == "" {
		f.refuseKey("", "source_dataset_column_name", "is empty")
	}
	m.checkComparisons(f)
	for i, rule := range m.BlockingRules {
		rule.check(f, ruleName(i))
	}
}

func (b *BlockingRule) check(f *findings, where string) {
	if strings.TrimSpace(b.SQL) == "" {
		f.refuseKey(where, "blocking_rule", "is empty")
	}
	for _, column := range b.ArraysToExplode {
		if b.Test != nil && !containsFold(b.Test.Names(), column) {
			f.refuse(where, "arrays_to_explode names %s, which the rule does not use", column)
		}
	}
}

func (m *Model) checkComparisons(f *findings) {
	if len(m.Comparisons) == 0 {
		f.refuseKey("", "comparisons", "is empty: the model compares nothing")
	}
	seen := map[string]int{}
	for i := range m.Comparisons {
		c := &m.Comparisons[i]
		where := comparisonName(i, c.Name)
		output := strings.ToLower(strings.ReplaceAll(c.Name, " ", "_"))
		if c.Name == "" {
			f.refuseKey(where, "output_column_name", "is missing")
		} else if first, ok := seen[output]; ok {
			f.refuse(where, "comparison %d has the same name", first)
		} else {
			seen[output] = i + 1
		}
		c.check(f, where)
	}
}

func (c *Comparison) check(f *findings, where string) {
	if len(c.Levels) == 0 {
		f.refuseKey(where, "comparison_levels", "is empty")
		return
	}
	last := -1 // the first ELSE
	for i := range c.Levels {
		l := &c.Levels[i]
		switch {
		case last >= 0:
			f.refuse(levelName(where, i), "the level comes after ELSE and can never be reached")
		case l.IsElse:
			last = i
		}
		c.checkLevel(f, i, levelName(where, i))
	}
	switch {
	case last < 0:
		f.refuse(where, "no level is ELSE, so pairs may fall through the comparison")
	case len(c.NonNull()) < 2:
		f.refuse(where, "only ELSE is left beside null levels; there is nothing to compare")
	}
}

func (c *Comparison) checkLevel(f *findings, i int, where string) {
	l := &c.Levels[i]
	if strings.TrimSpace(l.Condition) == "" {
		f.refuseKey(where, "sql_condition", "is empty")
	}
	if l.IsElse && l.IsNull {
		f.refuse(where, "ELSE cannot be the null level")
	}
	checkProbability(f, where, "m_probability", l.M)
	checkProbability(f, where, "u_probability", l.U)
	t := l.TermFrequency
	if t == nil {
		return
	}
	if strings.TrimSpace(t.Column) == "" {
		f.refuse(where, "the term frequency adjustment names no column (tf_adjustment_column)")
		return
	}
	if !(t.Weight >= 0) || math.IsInf(t.Weight, 1) {
		f.refuseKey(where, "tf_adjustment_weight", "is negative or not a number")
	}
	if !(t.MinimumU >= 0 && t.MinimumU <= 1) {
		f.refuseKey(where, "tf_minimum_u_value", "is not within 0 and 1")
	}
	if c.adjusts(i) && !t.DisableExactMatchDetection && c.ExactMatchLevelFor(t.Column) < 0 {
		f.refuse(where, "the term frequency adjustment needs a level that is the exact match of %s "+
			"(or disable_tf_exact_match_detection)", t.Column)
	}
}

func checkProbability(f *findings, where, key string, p *float64) {
	if p != nil && !(*p >= 0 && *p <= 1) {
		f.refuseKey(where, key, "is not within 0 and 1")
	}
}
