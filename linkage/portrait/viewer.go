package portrait

import (
	"context"
	"math"
	"sort"
	"strconv"

	"tre/linkage/block"
	"tre/linkage/compare"
	"tre/linkage/links"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/score"
	"tre/linkage/similarity"
)

// ViewerIn says what to look at, and how.
type ViewerIn struct {
	Model   *model.Model
	Records []string
	Columns []string // to read beside those of the model
	Strings similarity.Strings
	Values  bool // give the values of records as they are
	Limits  links.Limits
}

// Viewer takes pairs of records apart under a model. It is not safe for
// concurrent use.
type Viewer struct {
	*score.Linker
	values bool
	judge  *score.Judge
	slow   *compare.SlowJudge // nil when every condition is compiled
}

// Pair is two records and how their match weight comes about: Prior, and Weight
// and Adjustment of every step, add up to Weight.
type Pair struct {
	Left, Right         int32
	LeftName, RightName string // the records' ids, with their input where there are several
	Prior               float64
	Steps               []Step
	Weight              float64
	Probability         float64
	Rules               []int // the blocking rules that find the pair, by position
	Same                *bool // whether they are one person; nil when not known
}

// Step is what one comparison adds.
type Step struct {
	Comparison  string
	Columns     []string // that it reads and the records have
	Label       string
	Gamma       int // -1 for the null level
	Levels      int // that are not null
	Weight      float64
	Adjustment  float64 // for how common the shared value is
	Left, Right string  // the values, or what may be said of them; "" when missing
}

// NewViewer reads the records and compiles the model for them.
func NewViewer(ctx context.Context, in ViewerIn) (*Viewer, error) {
	linker, err := score.Open(ctx, in.Model, in.Records, score.Options{Strings: in.Strings, Columns: in.Columns, Threads: in.Limits.Threads, MemoryBytes: in.Limits.MemoryBytes})
	if err != nil {
		return nil, err
	}
	v := &Viewer{Linker: linker, values: in.Values, judge: score.New(linker.Plan, in.Model, math.Inf(-1)).Judge()}
	if len(linker.Plan.Slow) > 0 {
		if v.slow, err = linker.Plan.SlowJudge(ctx); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Close releases what the viewer holds.
func (v *Viewer) Close() {
	if v.slow != nil {
		v.slow.Close()
	}
}

// Row finds a record by its id, which has its input and "-__-" before it where
// there are several inputs; an id that only one of them has may stand alone.
func (v *Viewer) Row(id string) (row int32, ok bool) {
	t := v.Table
	if t.IDs.Whole != nil && !t.Several() {
		whole, err := strconv.ParseInt(id, 10, 64)
		at := sort.Search(t.Rows, func(i int) bool { return t.IDs.Whole[i] >= whole })
		return int32(at), err == nil && at < t.Rows && t.IDs.Whole[at] == whole
	}
	alone, times := int32(0), 0
	for row := range int32(t.Rows) {
		own := t.IDs.String(row)
		if own == id {
			alone, times = row, times+1
		}
		if len(own) < len(id) && t.Several() && t.Label(row) == id {
			return row, true
		}
	}
	return alone, times == 1
}

// visit scores pairs batch by batch; visit is told the position of each, its
// weight, and may ask the judge for its parts.
func (v *Viewer) visit(ctx context.Context, left, right []int32, visit func(at int, weight float64)) error {
	for from := 0; from < len(left); from += block.BatchSize {
		to := min(from+block.BatchSize, len(left))
		if v.slow != nil {
			judged, err := v.slow.Judge(ctx, left[from:to], right[from:to])
			if err != nil {
				return err
			}
			v.judge.SetJudged(judged)
		}
		for at := from; at < to; at++ {
			weight, _ := v.judge.Score(left[at], right[at], at-from)
			visit(at, weight)
		}
	}
	return ctx.Err()
}

// Pairs takes pairs apart. The smaller row of each stands left.
func (v *Viewer) Pairs(ctx context.Context, left, right []int32) ([]Pair, error) {
	l, r := make([]int32, len(left)), make([]int32, len(left))
	for i := range left {
		l[i], r[i] = min(left[i], right[i]), max(left[i], right[i])
	}
	pairs := make([]Pair, len(l))
	err := v.visit(ctx, l, r, func(at int, weight float64) { pairs[at] = v.pair(l[at], r[at], weight) })
	if err != nil {
		return nil, err
	}
	for i := range pairs {
		if pairs[i].Rules, err = v.rulesOf(ctx, l[i], r[i]); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

// pair takes the pair scored last apart.
func (v *Viewer) pair(l, r int32, weight float64) Pair {
	p := Pair{Left: l, Right: r, LeftName: v.Table.Label(l), RightName: v.Table.Label(r), Prior: v.Model.PriorWeight(), Weight: weight, Probability: model.ProbabilityOf(weight)}
	for i, part := range v.judge.Parts() {
		c := &v.Model.Comparisons[i]
		s := Step{Comparison: c.Name, Label: c.Levels[part.Level].Label, Gamma: c.Gamma(part.Level), Levels: len(c.NonNull()), Weight: part.Weight, Adjustment: part.Adjustment}
		if s.Label == "" {
			s.Label = c.Levels[part.Level].Condition
		}
		var columns []*records.Column
		for _, name := range c.Columns() {
			if column := v.Table.Column(name); column != nil {
				columns, s.Columns = append(columns, column), append(s.Columns, column.Name)
			}
		}
		s.Left, s.Right = v.show(columns, l, r)
		p.Steps = append(p.Steps, s)
	}
	return p
}

// rulesOf gives the blocking rules that find a pair.
func (v *Viewer) rulesOf(ctx context.Context, l, r int32) ([]int, error) {
	if v.Rules.Len() == 0 || l == r {
		return nil, nil
	}
	finds, err := v.Rules.Finds(ctx, v.Plan, []int32{l}, []int32{r})
	if err != nil {
		return nil, err
	}
	var found []int
	for i, rule := range finds.OfTruth().Rules {
		if rule.Found > 0 {
			found = append(found, i)
		}
	}
	return found, nil
}

// SelfWeights scores every record against itself.
func (v *Viewer) SelfWeights(ctx context.Context) ([]float64, error) {
	rows, weights := make([]int32, v.Table.Rows), make([]float64, v.Table.Rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	return weights, v.visit(ctx, rows, rows, func(at int, weight float64) { weights[at] = weight })
}

// IsCompared says whether the model's link type compares two records at all.
func (v *Viewer) IsCompared(l, r int32) bool {
	return l != r && !(v.Model.LinkType == model.LinkOnly && v.Table.Several() && v.Table.SourceOf(l) == v.Table.SourceOf(r))
}
