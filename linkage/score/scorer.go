// Package score gives pairs of records their match weight by a Fellegi-Sunter
// model and writes those worth keeping.
//
// The weight of a pair is the prior's plus, for every comparison, log2(m/u) of
// the level reached and the adjustment for how common the shared value is. A
// pair is dropped as soon as the comparisons still open cannot bring it to the
// least weight asked for; what is kept is exactly what full scoring would keep.
package score

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/similarity"
)

// Scorer knows a model's weights for the records of one plan. It is safe for
// concurrent use.
type Scorer struct {
	Plan  *compare.Plan
	Model *model.Model

	least       float64 // weights below are not kept
	prior       float64
	comparisons []weights
	lanes       []lane  // of the comparisons, the most telling for its cost first
	floor       float64 // least, less the rounding of a bound

	// Of the comparisons that a glance may settle:
	glanced  uint64              // their lanes, a bit each
	glances  int                 // how many there are
	glancing []similarity.Glance // by row and comparison
}

// lane is what scoring looks at first of a comparison.
type lane struct {
	base       int       // where a record holds the code of its only column; -1 for any other
	comparison int       // in the model
	assumed    float64   // the most that is assumed while it has not been looked at
	missing    float64   // the weight of a missing value
	equal      []float64 // by code: the weight of two equal values

	filter  *similarity.Filter // nil where a glance says nothing
	byValue []similarity.Glance
	glance  int     // which of a row's glances, when they are laid out
	unlike  float64 // the weight of texts that do not pass
}

// weights are those of one comparison.
type weights struct {
	levels    []float64    // by level
	frequency []*frequency // by level; nil where none is adjusted
	unequal   float64      // the most a pair of unequal values can reach
	most      float64      // the most any pair can reach

	// For a comparison judged by the codes of its column alone:
	base        int       // where a record holds the code; -1 for any other
	missing     int8      // the level of a missing value
	equalWeight []float64 // by code: their weight with the adjustment, or the most it can be
}

// frequency is a term frequency adjustment.
type frequency struct {
	column   string
	place    int       // of the column's code in a record
	exact    float64   // log2 of u at the exact match level
	weight   float64   // how much of the adjustment counts
	logTerms []float64 // by code: log2 of the term's frequency, or of the least that counts
	most     float64   // the largest adjustment
}

// Adjustment of a level's weight when two values are known: the log2 of the
// exact match's u over the larger of the two frequencies.
func (f *frequency) of(l, r int32) float64 {
	switch {
	case l < 0 && r < 0:
		return 0
	case l < 0:
		return f.weight * (f.exact - f.logTerms[r])
	case r < 0 || l == r:
		return f.weight * (f.exact - f.logTerms[l])
	}
	return f.weight * (f.exact - max(f.logTerms[l], f.logTerms[r]))
}

// New makes a scorer; weights below least are not kept. Term frequencies are
// those of the plan's records.
func New(plan *compare.Plan, m *model.Model, least float64) *Scorer {
	s := &Scorer{Plan: plan, Model: m, least: least, prior: m.PriorWeight()}
	judge := plan.Judge()
	for i := range m.Comparisons {
		s.comparisons = append(s.comparisons, s.weigh(i, &m.Comparisons[i], judge))
		w := &s.comparisons[i]
		s.lanes = append(s.lanes, lane{base: w.base, comparison: i, assumed: w.assumed(), missing: w.levels[w.missing], equal: w.equalWeight})
	}
	slices.SortStableFunc(s.lanes, func(a, b lane) int { return cmp.Compare(s.telling(b.comparison), s.telling(a.comparison)) })
	s.floor = least - slack
	s.findGlances()
	return s
}

// findGlances finds the comparisons that a glance at two texts may settle.
func (s *Scorer) findGlances() {
	for i := range s.lanes {
		lane := &s.lanes[i]
		g := s.Plan.Glances(lane.comparison)
		if g == nil {
			continue
		}
		lane.filter, lane.byValue, lane.glance, lane.unlike = g.Filter, g.ByValue, s.glances, s.comparisons[lane.comparison].levels[g.Else]
		s.glanced |= 1 << i
		s.glances++
	}
}

// layGlances stands the glances of a row together, so that most pairs are
// settled without looking a value up.
func (s *Scorer) layGlances() {
	if s.glancing != nil || s.glances == 0 {
		return
	}
	s.glancing = make([]similarity.Glance, s.glances*s.Plan.Table().Rows)
	for i := range s.lanes {
		lane := &s.lanes[i]
		if lane.filter == nil {
			continue
		}
		for row, code := range s.Plan.Base(lane.comparison) {
			if code >= 0 {
				s.glancing[row*s.glances+lane.glance] = lane.byValue[code]
			}
		}
	}
}

// telling is what looking at a comparison of unequal values can be expected to
// take off the weight assumed, for what it costs.
func (s *Scorer) telling(at int) float64 {
	c, w := &s.Model.Comparisons[at], &s.comparisons[at]
	expected := 0.0
	for level := range c.Levels {
		if !c.Levels[level].IsNull {
			expected += c.U(level) * (w.assumed() - w.levels[level])
		}
	}
	if s.Plan.Comparisons[at].IsCheap {
		return 3 * expected
	}
	return expected
}

func (s *Scorer) weigh(at int, c *model.Comparison, judge *compare.Judge) weights {
	w := weights{unequal: math.Inf(-1), most: math.Inf(-1), base: -1}
	for i := range c.Levels {
		weight := c.Weight(i)
		w.levels = append(w.levels, weight)
		f := s.frequencyOf(c, i)
		w.frequency = append(w.frequency, f)
		if f != nil {
			weight += f.most
		}
		w.most = max(w.most, weight)
		if !s.Plan.Comparisons[at].WhenEqual(i) {
			w.unequal = max(w.unequal, weight)
		}
	}
	if s.Plan.Comparisons[at].IsFast() {
		w.weighEqual(at, s.Plan.Comparisons[at], judge)
	}
	return w
}

// weighEqual looks every value's equality with itself up beforehand.
func (w *weights) weighEqual(at int, c *compare.Comparison, judge *compare.Judge) {
	w.base, w.missing = c.Base(), judge.LevelOf(at, -1, -1)
	w.equalWeight = make([]float64, c.Distinct())
	for code := range w.equalWeight {
		level := judge.LevelOfEqual(at, int32(code))
		w.equalWeight[code] = w.levels[level]
		switch f := w.frequency[level]; {
		case f == nil:
		case f.place == w.base:
			w.equalWeight[code] += f.of(int32(code), int32(code))
		default: // of another column, which is not looked at before the end
			w.equalWeight[code] += f.most
		}
	}
}

func (s *Scorer) frequencyOf(c *model.Comparison, level int) *frequency {
	if !c.Adjusts(level) {
		return nil
	}
	adjustment := c.Levels[level].TermFrequency
	column := s.Plan.Table().Column(adjustment.Column)
	f := &frequency{column: column.Name, place: s.Plan.Column(column.Name), weight: adjustment.Weight, exact: math.Log2(max(c.UExact(level), 1e-300))}
	f.weighTerms(column, adjustment.MinimumU)
	return f
}

// rareCounts is below how many records a value is one of many that as many
// records hold: their logarithm is taken once.
const rareCounts = 256

func (f *frequency) weighTerms(c *records.Column, minimum float64) {
	f.logTerms = make([]float64, c.Distinct())
	var known [rareCounts]bool
	var logs [rareCounts]float64
	for code, count := range c.Counts {
		if count >= 0 && count < rareCounts && known[count] {
			f.logTerms[code] = logs[count]
			continue
		}
		term := math.Log2(max(c.Frequency(int32(code)), minimum))
		f.logTerms[code], f.most = term, max(f.most, f.weight*(f.exact-term))
		if count >= 0 && count < rareCounts {
			known[count], logs[count] = true, term
		}
	}
}

// Judge scores pairs for one worker. It is not safe for concurrent use.
type Judge struct {
	*compare.Judge
	scorer *Scorer
	Levels []int8 // of the pair scored last, by comparison

	waiting []waiting // of ScoreAll
	rows    []int32   // that are far, of these
	fetched int8      // keeps Fetch from being thought of no use
}

// Fetch asks memory for what Score will look at.
func (j *Judge) Fetch(rows []int32) {
	j.Judge.Fetch(rows)
	var sum int8
	if s := j.scorer; s.glancing != nil {
		for _, row := range rows {
			sum += s.glancing[int(row)*s.glances].Sign()
		}
	}
	j.fetched = sum
}

// Judge makes a worker's judge.
func (s *Scorer) Judge() *Judge {
	return &Judge{Judge: s.Plan.Judge(), scorer: s, Levels: make([]int8, len(s.comparisons))}
}

// slack keeps a pair whose bound is off by the rounding of its parts.
const slack = 1e-6

// Score gives the weight of a pair, and whether it reaches the least weight. If
// not, neither the weight nor Levels are of any use.
//
// Equal values are looked up first; for the others the most they can add is
// assumed, until they are looked at, the most telling first.
func (j *Judge) Score(l, r int32, position int) (weight float64, isKept bool) {
	j.Look(l, r, position)
	if o := j.open(l, r); o.bound >= j.scorer.floor {
		return j.finish(o)
	}
	return 0, false
}

// open is what is known of a pair after a glance: the most it can weigh, and the
// lanes that were not looked at.
type open struct {
	bound   float64
	pending uint64
}

// open takes a glance at the pair looked at.
func (j *Judge) open(l, r int32) open {
	s := j.scorer
	left, right := j.Codes()
	bound, pending := s.prior, uint64(0)
	for i := range s.lanes {
		lane := &s.lanes[i]
		if lane.base < 0 {
			bound += lane.assumed
			pending |= 1 << i
			continue
		}
		a, b := left[lane.base], right[lane.base]
		switch {
		case a|b < 0:
			bound += lane.missing
		case a == b:
			bound += lane.equal[a]
		default:
			bound += lane.assumed
			pending |= 1 << i
		}
	}
	bound, pending = j.glance(l, r, bound, pending)
	return open{bound, pending}
}

// finish looks at what is open of the pair looked at.
func (j *Judge) finish(o open) (weight float64, isKept bool) {
	s := j.scorer
	for ; o.pending != 0; o.pending &= o.pending - 1 {
		if o.bound < s.floor {
			return 0, false
		}
		lane := &s.lanes[bits.TrailingZeros64(o.pending)]
		o.bound += j.weigh(lane.comparison) - lane.assumed
	}
	if o.bound < s.floor {
		return 0, false
	}
	weight = j.sum() // in the order of the model, so that the last digit does not depend on speed
	return weight, weight >= s.least
}

// ScoreAll scores pairs of rows whose codes are at hand, and gives those that
// reach the least weight to keep, by position. The values of the rows that are
// far, one of each pair, lie far apart: each step asks for those of many pairs,
// so that memory answers several at a time.
func (j *Judge) ScoreAll(left, right, far []int32, keep func(at int, weight float64)) {
	j.fetchGlances(far)
	j.waiting = j.waiting[:0]
	for i, l := range left {
		j.Look(l, right[i], 0)
		if o := j.open(l, right[i]); o.bound >= j.scorer.floor {
			j.waiting = append(j.waiting, waiting{int32(i), o})
		}
	}
	j.fetchFaces(far)
	for _, w := range j.waiting {
		j.Look(left[w.at], right[w.at], 0)
		if weight, isKept := j.finish(w.open); isKept {
			keep(int(w.at), weight)
		}
	}
}

// waiting is a pair, by position, that a glance has not settled.
type waiting struct {
	at int32
	open
}

// fetchGlances asks memory for what a glance looks at of rows.
func (j *Judge) fetchGlances(rows []int32) {
	stride, codes := j.scorer.Plan.Stride(), j.scorer.Plan.Codes()
	for i := range j.scorer.lanes {
		lane := &j.scorer.lanes[i]
		if lane.byValue == nil {
			continue
		}
		byValue, base, sum := lane.byValue, lane.base, int8(0)
		for _, row := range rows {
			if code := codes[int(row)*stride+base]; code >= 0 {
				sum += byValue[code].Sign()
			}
		}
		j.fetched = sum
	}
}

// fetchFaces asks memory for what comparisons that no glance settles look at
// first of the far rows of waiting pairs.
func (j *Judge) fetchFaces(far []int32) {
	rows := j.rows[:0]
	for _, w := range j.waiting {
		rows = append(rows, far[w.at])
	}
	j.rows = rows
	for i := range j.scorer.lanes {
		if lane := &j.scorer.lanes[i]; lane.base >= 0 && lane.byValue == nil {
			j.FetchFaces(lane.comparison, rows)
		}
	}
}

// glance settles the comparisons whose texts have too few letters in common,
// until the bound is below the floor or all were glanced at.
func (j *Judge) glance(l, r int32, bound float64, pending uint64) (float64, uint64) {
	s := j.scorer
	open := pending & s.glanced
	for ; open != 0 && bound >= s.floor; open &= open - 1 {
		lane := &s.lanes[bits.TrailingZeros64(open)]
		var a, b *similarity.Glance
		if s.glancing != nil {
			a, b = &s.glancing[int(l)*s.glances+lane.glance], &s.glancing[int(r)*s.glances+lane.glance]
		} else {
			left, right := j.Codes()
			a, b = &lane.byValue[left[lane.base]], &lane.byValue[right[lane.base]]
		}
		if !lane.filter.MayPass(a, b) {
			bound += lane.unlike - lane.assumed
			pending &^= open & -open
		}
	}
	return bound, pending
}

// assumed is the most that is assumed of a comparison not looked at yet.
func (w *weights) assumed() float64 {
	if w.base < 0 {
		return w.most
	}
	return w.unequal
}

// weigh finds the level of a comparison and gives its weight.
func (j *Judge) weigh(c int) float64 {
	w := &j.scorer.comparisons[c]
	var level int8
	if w.base >= 0 {
		l, r := j.Codes()
		level = j.LevelOf(c, l[w.base], r[w.base])
	} else {
		level = j.Level(c)
	}
	j.Levels[c] = level
	return w.levels[level] + j.adjustment(c)
}

// sum adds the weights of all levels, comparison by comparison.
func (j *Judge) sum() float64 {
	weight := j.scorer.prior
	for c := range j.Levels {
		j.Levels[c] = j.Level(c)
		weight += j.scorer.comparisons[c].levels[j.Levels[c]]
		weight += j.adjustment(c)
	}
	return weight
}

func (j *Judge) adjustment(c int) float64 {
	f := j.scorer.comparisons[c].frequency[j.Levels[c]]
	if f == nil {
		return 0
	}
	l, r := j.Codes()
	return f.of(l[f.place], r[f.place])
}

// Part is what one comparison adds to the weight of a pair.
type Part struct {
	Level      int     // position in the model
	Weight     float64 // log2(m/u)
	Adjustment float64 // for how common the shared value is
}

// Parts takes the weight of the pair scored last apart, by comparison.
func (j *Judge) Parts() []Part {
	parts := make([]Part, len(j.Levels))
	for c, level := range j.Levels {
		parts[c] = Part{int(level), j.scorer.comparisons[c].levels[level], j.adjustment(c)}
	}
	return parts
}
