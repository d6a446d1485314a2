package score

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"tre/internal/problem"
	"tre/linkage/block"
	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/similarity"
)

// Options are how records are read and compared.
type Options struct {
	Strings     similarity.Strings // compare texts by characters, or by bytes as DuckDB does
	Columns     []string           // columns to read beside those of the model
	Threads     int                // workers; 0 means 2
	MemoryBytes int64              // DuckDB's while reading; 0 means its default
}

// Linker is a model compiled for records.
type Linker struct {
	Model *model.Model
	Table *records.Table
	Plan  *compare.Plan
	Rules *block.Rules // the model's own, not prepared yet
}

// Open reads the columns a model needs and compiles it for the records.
func Open(ctx context.Context, m *model.Model, files []string, o Options) (*Linker, error) {
	t, err := records.Read(ctx, records.In{Files: files, ID: m.UniqueID, Source: m.SourceDataset, Columns: append(Columns(m), o.Columns...), Threads: o.Threads, MemoryBytes: o.MemoryBytes})
	if err != nil {
		return nil, err
	}
	return Compile(m, t, o.Strings)
}

// mostComparisons is how many comparisons a model may have: scoring keeps one bit
// each.
const mostComparisons = 64

// Check refuses a model that scoring cannot take.
func Check(m *model.Model) error {
	if len(m.Comparisons) > mostComparisons {
		return problem.New(problem.Usage, "leave out what says little", "the model has %d comparisons, more than %d", len(m.Comparisons), mostComparisons)
	}
	return nil
}

// Compile compiles a model for records read before.
func Compile(m *model.Model, t *records.Table, strings similarity.Strings) (*Linker, error) {
	if err := Check(m); err != nil {
		return nil, err
	}
	c := compare.NewCompiler(t, strings)
	if err := c.Begin(m); err != nil {
		return nil, err
	}
	for i := range m.Comparisons {
		if err := c.Add(&m.Comparisons[i]); err != nil {
			return nil, err
		}
	}
	for _, column := range m.TermFrequencyColumns() {
		if err := c.Place(column); err != nil {
			return nil, err
		}
	}
	rules, err := block.Add(c, t, m.LinkType, m.BlockingRules)
	if err != nil {
		return nil, err
	}
	return &Linker{Model: m, Table: t, Plan: c.Finish(), Rules: rules}, nil
}

// Columns gives the columns of the records that a model reads, without the id.
func Columns(m *model.Model) []string {
	var names []string
	add := func(more []string) {
		for _, name := range more {
			if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
				names = append(names, name)
			}
		}
	}
	for _, c := range m.Comparisons {
		for _, level := range c.Levels {
			if level.Test != nil {
				add(level.Test.Names())
			} else if !level.IsElse {
				add(namesIn(level.Condition, levelColumn()))
			}
		}
	}
	for _, rule := range m.BlockingRules {
		if rule.Test != nil {
			add(rule.Test.Names())
		}
	}
	add(m.TermFrequencyColumns())
	return names
}

func levelColumn() *regexp.Regexp {
	return regexp.MustCompile(`"([^"]+)_[lr]"|\b(\w+)_[lr]\b`)
}

// namesIn finds what may be column names in SQL that could not be read.
func namesIn(sql string, column *regexp.Regexp) []string {
	var names []string
	for _, found := range column.FindAllStringSubmatch(sql, -1) {
		names = append(names, found[1]+found[2])
	}
	return names
}
