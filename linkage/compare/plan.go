// Package compare turns the conditions of a linkage model into native code over
// dictionary-encoded records.
//
// An expression over one record is computed once a distinct value; a condition
// over two records becomes a test of integers wherever it can; a similarity of
// texts is computed once a pair, however many levels ask for it, and not at all
// where the texts share too few letters. What cannot be compiled is left to
// DuckDB, which Slow says.
package compare

import (
	"errors"
	"fmt"

	"tre/linkage/condition"
	"tre/linkage/model"
	"tre/linkage/records"
	kernel "tre/linkage/similarity"
)

// Compiler compiles comparisons and conditions for the records of one table.
// When all are compiled, Finish lays out what they read.
type Compiler struct {
	table        *records.Table
	alphabet     *kernel.Alphabet
	operands     map[string]*Operand
	placed       []*Operand
	similarities []*similarity
	texts        map[*Operand]*texts
	comparisons  []*Comparison
	slow         []Slow
	ahead        map[string]*Operand // what Prepare made
	isAligned    bool
	isPlacing    bool // nothing compiled is to judge pairs
}

// NewCompiler begins a plan. Texts are compared by characters, or by bytes as
// DuckDB does.
func NewCompiler(t *records.Table, strings kernel.Strings) *Compiler {
	return &Compiler{table: t, alphabet: kernel.NewAlphabet(strings), operands: map[string]*Operand{}, texts: map[*Operand]*texts{}}
}

// Begin puts the columns that comparisons of one column read in front, before
// the comparisons are added: what scoring looks at first of a record then stands
// in one line of the cache.
func (c *Compiler) Begin(m *model.Model) error {
	c.isAligned = true
	for i := range m.Comparisons {
		if columns := m.Comparisons[i].Columns(); len(columns) == 1 && c.table.Column(columns[0]) != nil {
			if err := c.Place(columns[0]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Slow is a condition that only DuckDB can evaluate.
type Slow struct {
	Comparison string // or the blocking rule
	Level      string
	SQL        string
	Reason     string // why it could not be compiled
}

// place puts an operand into the matrix of codes and says where.
func (c *Compiler) place(o *Operand) int {
	if o.place < 0 {
		o.place = len(c.placed)
		c.placed = append(c.placed, o)
	}
	return o.place
}

// Comparison is a compiled comparison of a model.
type Comparison struct {
	Name   string
	levels []test // nil is ELSE

	// base is the place of the only column the comparison reads, or -1. Then two
	// equal values always give the same level, which is remembered.
	base     int
	distinct int
	fast     *fast // nil where levels are tested one by one

	IsCheap   bool   // no similarity of texts is computed
	whenEqual []bool // levels that hold only when the two values are equal
}

// Add compiles the next comparison of a model. Conditions that only DuckDB can
// evaluate become Slow.
func (c *Compiler) Add(m *model.Comparison) error {
	out := &Comparison{Name: m.Name, base: -1, IsCheap: true}
	columns := map[string]bool{}
	isSlow := false
	before := len(c.similarities)
	for i := range m.Levels {
		level := &m.Levels[i]
		if level.IsElse {
			out.levels = append(out.levels, nil)
			out.whenEqual = append(out.whenEqual, false)
			continue
		}
		t, err := c.level(m.Name, level, columns)
		if err != nil {
			return err
		}
		isSlow = isSlow || level.Test == nil
		out.levels = append(out.levels, t)
		out.whenEqual = append(out.whenEqual, isEquality(level.Test))
	}
	out.IsCheap = len(c.similarities) == before
	if len(columns) == 1 && !isSlow {
		for name := range columns {
			o, err := c.operand(&condition.Expr{Kind: condition.Column, Name: name})
			if err != nil {
				return err
			}
			out.base, out.distinct = c.place(o), o.Distinct()
		}
	}
	c.comparisons = append(c.comparisons, out)
	if c.isPlacing {
		return nil
	}
	out.fast = c.newFast(len(c.comparisons)-1, m)
	return nil
}

func (c *Compiler) level(comparison string, level *model.Level, columns map[string]bool) (test, error) {
	var reason error = &condition.Unsupported{Reason: "it is not of the SQL this program reads"}
	if level.Test != nil {
		for name := range columnsOf(level.Test) {
			columns[name] = true
		}
		t, err := c.holds(level.Test)
		if err == nil {
			return t, nil
		}
		if _, isSlow := errors.AsType[*condition.Unsupported](err); !isSlow {
			return nil, fmt.Errorf("comparison %s, level %q: %w", comparison, level.Label, err)
		}
		reason = err
	}
	columns["\x00slow"], columns["\x00slower"] = true, true // never one column
	return c.judgedByDuckDB(Slow{Comparison: comparison, Level: level.Label, SQL: level.Condition, Reason: reason.Error()}), nil
}

func (c *Compiler) judgedByDuckDB(s Slow) test {
	at := len(c.slow)
	c.slow = append(c.slow, s)
	return func(p *pair) bool { return p.judged[at][p.position] }
}

// isEquality says that a condition is the plain equality of a column.
func isEquality(e *condition.Expr) bool {
	return e != nil && e.Kind == condition.Operator && e.Name == "=" &&
		e.Args[0].Kind == condition.Column && e.Args[1].Kind == condition.Column && e.Args[0].Name == e.Args[1].Name
}

// Codes gives the codes of an expression over one record, by row, and how many
// there are.
func (c *Compiler) Codes(e *condition.Expr) (codes []int32, distinct int, err error) {
	o, err := c.operand(e)
	if err != nil {
		return nil, 0, err
	}
	return o.Codes, o.Distinct(), nil
}

// Lists gives the lists of an expression over one record: for each row the
// codes of its elements.
func (c *Compiler) Lists(e *condition.Expr) (of func(row int32) []int32, distinct int, err error) {
	o, err := c.operand(e)
	if err != nil {
		return nil, 0, err
	}
	if o.Kind != records.TextList {
		return nil, 0, unsupported("exploding what is not a list")
	}
	return func(row int32) []int32 {
		if o.Codes[row] < 0 {
			return nil
		}
		return o.Lists[o.Codes[row]]
	}, len(o.Elements), nil
}

// SameCodes gives, for each code of one expression, the code another has for
// the same value, or -2.
func (c *Compiler) SameCodes(a, b *condition.Expr) ([]int32, error) {
	x, err := c.operand(a)
	if err != nil {
		return nil, err
	}
	y, err := c.operand(b)
	if err != nil {
		return nil, err
	}
	if x == y {
		return nil, nil
	}
	return sameValues(x.Column, y.Column), nil
}

// Condition is a compiled condition over a pair.
type Condition struct{ holds test }

// Condition compiles a condition over a pair; *condition.Unsupported says that
// only DuckDB can.
func (c *Compiler) Condition(e *condition.Expr) (Condition, error) {
	t, err := c.holds(e)
	return Condition{t}, err
}

// SlowCondition leaves a condition to DuckDB.
func (c *Compiler) SlowCondition(rule, sql, reason string) Condition {
	return Condition{c.judgedByDuckDB(Slow{Comparison: rule, SQL: sql, Reason: reason})}
}

// Plan is what was compiled, over records laid out row by row: all codes the
// tests read of one record stand together.
type Plan struct {
	Comparisons []*Comparison
	Slow        []Slow

	table        *records.Table
	codes        []int32
	stride       int
	similarities int
	columns      map[string]int // base columns in the matrix
	bases        [][]int32      // by comparison: codes of its single column, by row; nil for others
}

// strideOf rounds the codes of a record up, so that records begin where lines of
// the cache (16 codes) or halves of them do; not where the codes are stored.
func (c *Compiler) strideOf(placed int) int {
	switch {
	case placed <= 4 || !c.isAligned:
		return max(placed, 1)
	case placed <= 8:
		return 8
	}
	return (placed + 15) / 16 * 16
}

// Finish lays out the codes.
func (c *Compiler) Finish() *Plan {
	p := c.FinishWithoutRows()
	for i, comparison := range c.comparisons {
		if comparison.base >= 0 {
			p.bases[i] = c.placed[comparison.base].Codes
		}
	}
	p.codes = make([]int32, p.stride*c.table.Rows)
	inParallel(c.table.Rows, func(from, to int) {
		for at, o := range c.placed {
			for row := from; row < to; row++ {
				p.codes[row*p.stride+at] = o.Codes[row]
			}
		}
	})
	return p
}

// FinishWithoutRows leaves the codes out: Lay gives them.
func (c *Compiler) FinishWithoutRows() *Plan {
	p := &Plan{Comparisons: c.comparisons, Slow: c.slow, table: c.table, stride: c.strideOf(len(c.placed)), similarities: len(c.similarities), columns: map[string]int{}, bases: make([][]int32, len(c.comparisons))}
	for _, s := range c.similarities {
		s.settle()
	}
	for _, comparison := range c.comparisons {
		if comparison.fast != nil {
			comparison.fast.settle(c.similarities)
		}
	}
	for at, o := range c.placed {
		if o.base == o.Name {
			p.columns[o.Name] = at
		}
	}
	return p
}

// Base gives the codes of a comparison's single column, by row of the table.
func (p *Plan) Base(comparison int) []int32 { return p.bases[comparison] }

// Table gives the records of the plan.
func (p *Plan) Table() *records.Table { return p.table }

// Place makes sure that a column's own codes are in the matrix.
func (c *Compiler) Place(column string) error {
	o, err := c.operand(&condition.Expr{Kind: condition.Column, Name: column})
	if err == nil {
		c.place(o)
	}
	return err
}

// Code gives the code of a column placed before, of one row.
func (p *Plan) Code(column string, row int32) int32 {
	return p.codes[int(row)*p.stride+p.columns[column]]
}

// Column gives where a column placed before stands in a row.
func (p *Plan) Column(column string) int { return p.columns[column] }

// Judge looks at pairs for one worker. It is not safe for concurrent use.
type Judge struct {
	plan  *Plan
	pair  pair
	equal [][]int8 // by comparison and code: the level of two equal values; unknown is -1

	fetched int32 // keeps Fetch from being thought of no use
}

// Judge makes a worker's judge.
func (p *Plan) Judge() *Judge {
	j := &Judge{plan: p, equal: make([][]int8, len(p.Comparisons))}
	j.pair.memos = newMemos(p.similarities)
	for i, c := range p.Comparisons {
		if c.base < 0 {
			continue
		}
		j.equal[i] = make([]int8, c.distinct)
		for code := range j.equal[i] {
			j.equal[i][code] = -1
		}
	}
	return j
}

// Look turns to a pair; position is its place in the batch DuckDB judged.
func (j *Judge) Look(l, r int32, position int) {
	stride := j.plan.stride
	j.pair.l = j.plan.codes[int(l)*stride : int(l)*stride+stride]
	j.pair.r = j.plan.codes[int(r)*stride : int(r)*stride+stride]
	j.pair.position = position
}

// Fetch asks for the codes of rows that Look will turn to soon. They lie far
// apart in memory, which answers many requests at a time but not one after the
// other.
func (j *Judge) Fetch(rows []int32) {
	stride, codes := j.plan.stride, j.plan.codes
	var sum int32
	for _, row := range rows {
		sum += codes[int(row)*stride]
	}
	j.fetched = sum
}

// Codes gives the codes of the two records looked at.
func (j *Judge) Codes() (l, r []int32) { return j.pair.l, j.pair.r }

// SetJudged gives what DuckDB found for the batch: by slow condition and
// position.
func (j *Judge) SetJudged(judged [][]bool) { j.pair.judged = judged }

// Holds says whether a condition holds for the pair looked at.
func (j *Judge) Holds(c Condition) bool { return c.holds(&j.pair) }

// SameValue gives the code of a comparison's column when both records have the
// same value there, or -1.
func (j *Judge) SameValue(comparison int) int32 {
	base := j.plan.Comparisons[comparison].base
	if base < 0 {
		return -1
	}
	if code := j.pair.l[base]; code == j.pair.r[base] {
		return code
	}
	return -1
}

// Level gives the first level of a comparison that holds, as its position in
// the model.
func (j *Judge) Level(comparison int) int8 {
	code := j.SameValue(comparison)
	if code < 0 {
		return j.run(comparison)
	}
	if level := j.equal[comparison][code]; level >= 0 {
		return level
	}
	level := j.run(comparison)
	j.equal[comparison][code] = level
	return level
}

func (j *Judge) run(comparison int) int8 {
	if c := j.plan.Comparisons[comparison]; c.fast != nil {
		return j.LevelOf(comparison, j.pair.l[c.base], j.pair.r[c.base])
	}
	for i, t := range j.plan.Comparisons[comparison].levels {
		if t == nil || t(&j.pair) {
			return int8(i)
		}
	}
	return int8(len(j.plan.Comparisons[comparison].levels) - 1) // a model always ends in ELSE
}

// HasOneColumn says that a comparison reads a single column, so that two
// unequal values are never at a level that WhenEqual names.
func (c *Comparison) HasOneColumn() bool { return c.base >= 0 }

// WhenEqual says that a level is that of two equal values.
func (c *Comparison) WhenEqual(level int) bool { return c.whenEqual[level] }

// IsMissing says that a record of the pair looked at has no value in the single
// column of a comparison.
func (j *Judge) IsMissing(comparison int) bool {
	base := j.plan.Comparisons[comparison].base
	return base >= 0 && (j.pair.l[base] < 0 || j.pair.r[base] < 0)
}

// Len is the number of levels.
func (c *Comparison) Len() int { return len(c.levels) }
