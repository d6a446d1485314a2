package accuracy

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// fixedPoint is what one certain match counts where matches are expected, not
// known.
const fixedPoint = 1 << 40

// Curve is how good scored pairs are, threshold by threshold.
type Curve struct {
	Basis           Basis    `json:"basis"`                // truth, labels or estimated
	Assumption      string   `json:"assumption,omitempty"` // what an estimate rests on
	LinkType        LinkType `json:"linkType,omitempty"`
	LinkTypeAssumed bool     `json:"linkTypeAssumed,omitempty"` // not given, but concluded from the pairs
	ID              string   `json:"id"`                        // the column of ids

	Records      int64 `json:"records"`      // of labels: records that are in a labelled pair
	KnownRecords int64 `json:"knownRecords"` // of them, with truth; every one when estimated or labelled
	ScoredPairs  int64 `json:"scoredPairs"`
	LeftOutPairs int64 `json:"leftOutPairs"` // scored, but of unknown truth, not labelled or outside the link type
	AllPairs     int64 `json:"allPairs"`     // that could be links; of labels: the labelled pairs

	Matches        float64  `json:"matches"`                  // all true pairs; expected ones when estimated
	ScoredMatches  float64  `json:"scoredMatches"`            // of them, scored
	BlockingRecall *float64 `json:"blockingRecall,omitempty"` // ScoredMatches of Matches; nil when nothing says what was not scored

	BestF1     Point   `json:"bestF1"`     // of all distinct weights; of equals the highest
	BestOnGrid Point   `json:"bestOnGrid"` // of Grid
	Threshold  Point   `json:"threshold"`  // at the probability asked for
	At         []At    `json:"at"`         // at probabilities people quote
	Grid       []Point `json:"grid"`       // by weight rounded to 0.1, ascending

	Overall   *Subgroup     `json:"overall,omitempty"`   // at Threshold, with truth
	Subgroups []Subgroup    `json:"subgroups,omitempty"` // likewise, in the order of Records.By
	Linked    []LinkedGroup `json:"linked,omitempty"`    // at Threshold, without
	Mistakes  *Mistakes     `json:"mistakes,omitempty"`  // at Threshold, when asked for
}

// Point is one threshold. Counts are of pairs: whole numbers with truth or
// labels, expected ones when estimated.
type Point struct {
	Weight      float64 `json:"matchWeight"`
	Probability float64 `json:"matchProbability"` // of the weight

	TP float64 `json:"tp"` // linked and a match
	FP float64 `json:"fp"` // linked and no match
	FN float64 `json:"fn"` // a match, but not linked or never scored
	TN float64 `json:"tn"`

	Precision   float64 `json:"precision"`
	Recall      float64 `json:"recall"`
	F1          float64 `json:"f1"`
	F2          float64 `json:"f2"`  // recall counts double
	F05         float64 `json:"f05"` // precision counts double
	Specificity float64 `json:"specificity"`
	NPV         float64 `json:"npv"`
	Accuracy    float64 `json:"accuracy"`
	Phi         float64 `json:"phi"` // Matthews' correlation
	P4          float64 `json:"p4"`  // harmonic mean of precision, recall, specificity and NPV
}

// At is the threshold at a probability, in two readings.
type At struct {
	Probability float64 `json:"matchProbability"`
	// Grid is the lowest point of the grid of at least this probability, as
	// Splink prints it: weights a little lower are rounded into it.
	Grid Point `json:"grid"`
	// Exact counts the pairs whose own probability is at least this.
	Exact Point `json:"exact"`
}

// quoted are the probabilities of Curve.At.
func quoted() []float64 { return []float64{0.5, 0.9, 0.95, 0.99, 0.999} }

// pointOf fills a point from its four counts.
func pointOf(weight, tp, fp, fn, tn float64) Point {
	p := Point{Weight: weight, Probability: probabilityOf(weight), TP: tp, FP: fp, FN: fn, TN: tn}
	p.Precision, p.Recall = ratio(tp, tp+fp), ratio(tp, tp+fn)
	p.F1 = ratio(2*tp, 2*tp+fp+fn)
	p.F2 = ratio(5*tp, 5*tp+4*fn+fp)
	p.F05 = ratio(1.25*tp, 1.25*tp+0.25*fn+fp)
	p.Specificity, p.NPV = ratio(tn, tn+fp), ratio(tn, tn+fn)
	p.Accuracy = ratio(tp+tn, tp+fp+fn+tn)
	if under := math.Sqrt(tp+fp) * math.Sqrt(tp+fn) * math.Sqrt(tn+fp) * math.Sqrt(tn+fn); under > 0 {
		p.Phi = (tp*tn - fp*fn) / under
	}
	p.P4 = ratio(4*tp*tn, 4*tp*tn+(tp+tn)*(fp+fn))
	if tp+tn == 0 && fp+fn > 0 {
		p.P4 = 0
	}
	return p
}

func ratio(part, whole float64) float64 {
	if whole == 0 {
		return 1
	}
	return part / whole
}

// point makes a point from how many pairs are linked and how many of those are
// matches, in units.
func (m *measuring) point(weight float64, linked int64, matched float64) Point {
	tp := matched / m.unit
	fp, fn := max(float64(linked)-tp, 0), max(m.answer.Matches-tp, 0)
	return pointOf(weight, tp, fp, fn, max(float64(m.answer.AllPairs)-tp-fp-fn, 0))
}

// curve reads every threshold and what hangs on one.
func (m *measuring) curve(ctx context.Context) (Curve, error) {
	c := &m.answer
	if c.Basis != Estimated || m.in.Prior > 0 {
		recall := ratio(c.ScoredMatches, c.Matches)
		c.BlockingRecall = &recall
	}
	if err := m.readGrid(ctx); err != nil {
		return Curve{}, err
	}
	if err := m.readBest(ctx); err != nil {
		return Curve{}, err
	}
	for _, p := range quoted() {
		exact, err := m.exact(ctx, p)
		if err != nil {
			return Curve{}, err
		}
		c.At = append(c.At, At{Probability: p, Grid: m.gridAt(p), Exact: exact})
	}
	var err error
	if c.Threshold, err = m.exact(ctx, m.in.MinProbability); err != nil {
		return Curve{}, err
	}
	if err := m.groups(ctx); err != nil {
		return Curve{}, err
	}
	return *c, m.mistakes(ctx)
}

func (m *measuring) readGrid(ctx context.Context) error {
	query, err := scripts.ReadFile("sql/grid.sql")
	if err != nil {
		return err
	}
	rows, err := m.db.Query(ctx, string(query))
	if err != nil {
		return fmt.Errorf("count pairs by weight: %w", err)
	}
	defer rows.Close()
	var linked int64
	var matched float64
	for rows.Next() {
		var tenth, n int64
		var matches float64
		if err := rows.Scan(&tenth, &n, &matches); err != nil {
			return err
		}
		linked, matched = linked+n, matched+matches
		p := m.point(float64(tenth)/10, linked, matched)
		m.answer.Grid = append(m.answer.Grid, p)
		if len(m.answer.Grid) == 1 || p.F1 > m.answer.BestOnGrid.F1 {
			m.answer.BestOnGrid = p
		}
	}
	slices.Reverse(m.answer.Grid)
	return rows.Err()
}

func (m *measuring) readBest(ctx context.Context) error {
	if len(m.answer.Grid) == 0 {
		m.answer.BestF1 = m.point(weightOf(m.in.MinProbability), 0, 0) // no pair counts, so any threshold is the best
		m.answer.BestOnGrid = m.answer.BestF1
		return nil
	}
	query, err := scripts.ReadFile("sql/best.sql")
	if err != nil {
		return err
	}
	var weight, matched float64
	var linked int64
	if err := m.db.Row(ctx, []any{&weight, &linked, &matched}, string(query), m.answer.Matches*m.unit, m.unit); err != nil {
		return fmt.Errorf("find the best threshold: %w", err)
	}
	m.answer.BestF1 = m.point(weight, linked, matched)
	return nil
}

func (m *measuring) exact(ctx context.Context, p float64) (Point, error) {
	var linked int64
	var matched float64
	err := m.db.Row(ctx, []any{&linked, &matched}, "SELECT count(*), coalesce(sum(m), 0)::DOUBLE FROM judged WHERE w >= ?::DOUBLE", weightOf(p))
	return m.point(weightOf(p), linked, matched), err
}

// gridAt gives the lowest point of at least a probability; where no pair
// reaches it, the point at which nothing is linked.
func (m *measuring) gridAt(p float64) Point {
	for _, point := range m.answer.Grid {
		if point.Probability >= p {
			return point
		}
	}
	return m.point(weightOf(p), 0, 0)
}
