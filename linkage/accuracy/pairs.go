package accuracy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tre/internal/problem"
)

// PairsIn is what Pairs needs.
type PairsIn struct {
	Pairs    string  // scored pairs: Parquet or CSV with <id>_l, <id>_r, match_weight; source_dataset_l, _r with several inputs
	Records  Records // not needed with Labels
	Labels   string  // pairs people judged: <id>_l, <id>_r, clerical_match_score of 0 to 1; "" for none
	LinkType LinkType
	// MinProbability is where a pair counts as a link in Threshold, Subgroups,
	// Linked and Mistakes. 0 means 0.5.
	MinProbability float64
	// Prior is the model's probability that two random records match. With it
	// an estimate also expects the matches that blocking never offered. 0 for
	// none.
	Prior    float64
	Mistakes int // how many of the worst false positives and negatives to name; 0 for none
	Limits   Limits
}

// Basis says what pairs were measured against.
type Basis string

// The bases of a curve.
const (
	Truth     Basis = "truth"     // a column says who each record is
	Labels    Basis = "labels"    // people judged some pairs; only those count
	Estimated Basis = "estimated" // match probabilities are taken at their word
)

// Pairs measures scored pairs at every threshold: against labels when a file of
// them is given, else against the truth when its column is, else against what
// the match probabilities expect.
func Pairs(ctx context.Context, in PairsIn) (Curve, error) {
	if in.MinProbability < 0 || in.MinProbability >= 1 || in.Prior < 0 || in.Prior >= 1 {
		return Curve{}, problem.New(problem.Usage, "give a number between 0 and 1", "a probability is not between 0 and 1")
	}
	if in.MinProbability == 0 {
		in.MinProbability = defaultProbability
	}
	if in.Labels != "" && (in.Records.Truth != "" || len(in.Records.By) > 0) {
		return Curve{}, problem.New(problem.Usage, "give either labels or a column of truth", "labelled pairs cannot be combined with a column of truth or subgroups")
	}
	b, err := openBench(ctx, in.Limits)
	if err != nil {
		return Curve{}, err
	}
	defer b.close()
	m := &measuring{bench: b, in: in}
	if err := m.open(ctx); err != nil {
		return Curve{}, err
	}
	if err := m.judge(ctx); err != nil {
		return Curve{}, err
	}
	return m.curve(ctx)
}

// measuring is one run of Pairs.
type measuring struct {
	*bench
	in     PairsIn
	answer Curve

	unit float64 // what one certain match counts in the tables
}

// open reads pairs, records or labels, and finds for every pair its records.
func (m *measuring) open(ctx context.Context) error {
	scored, err := m.openFile(ctx, m.in.Pairs)
	if err != nil {
		return err
	}
	if err := scored.need("match_weight"); err != nil {
		return err
	}
	switch {
	case m.in.Labels != "":
		m.answer.Basis = Labels
		err = m.openLabels(ctx, scored)
	default:
		m.answer.Basis = Estimated
		if m.in.Records.Truth != "" {
			m.answer.Basis = Truth
		}
		err = m.openTruth(ctx, scored)
	}
	if err != nil {
		return err
	}
	if err := m.offerPairs(ctx, scored); err != nil {
		return err
	}
	return m.checkPairs(ctx)
}

func (m *measuring) openTruth(ctx context.Context, scored file) error {
	files, err := m.openRecords(ctx, m.in.Records)
	if err != nil {
		return err
	}
	if err := m.chooseID(scored, files); err != nil {
		return err
	}
	id, source := m.in.Records.ID, m.in.Records.source()
	hasSources := scored.has(source+"_l") && scored.has(source+"_r")
	m.matchSource = hasSources && (len(files) > 1 || files[0].has(source))
	m.idType = commonType(append(typesOf(files, id), scored.typeOf(id+"_l"), scored.typeOf(id+"_r"))...)
	return m.loadRecords(ctx, m.in.Records, files)
}

// chooseID finds the id column from the pairs' own: the first <column>_l that
// has its <column>_r and is a column of all records.
func (m *measuring) chooseID(scored file, files []file) error {
	r := &m.in.Records
	if r.ID == "" {
		for _, c := range scored.columns {
			name, left := strings.CutSuffix(c, "_l")
			if !left || name == r.source() || !scored.has(name+"_r") || slices.ContainsFunc(files, func(f file) bool { return !f.has(name) }) {
				continue
			}
			r.ID = name
			break
		}
	}
	if r.ID == "" {
		return problem.New(problem.Usage, "name the column of ids with --id", "%s: no columns <id>_l and <id>_r that are a column of the records", m.in.Pairs)
	}
	for _, f := range files {
		if err := f.need(r.ID); err != nil {
			return err
		}
	}
	return scored.need(r.ID+"_l", r.ID+"_r")
}

// offerPairs makes the table scored: the two records of every pair, by row.
func (m *measuring) offerPairs(ctx context.Context, scored file) error {
	id, source := m.in.Records.ID, m.in.Records.source()
	homes, joins := "0 AS home_l, 0 AS home_r", ""
	if m.matchSource {
		homes = "sl.source AS home_l, sr.source AS home_r"
		joins = fmt.Sprintf(" LEFT JOIN source sl ON sl.name = %s LEFT JOIN source sr ON sr.name = %s", value(source+"_l", "VARCHAR"), value(source+"_r", "VARCHAR"))
	}
	view := fmt.Sprintf("CREATE VIEW pair AS SELECT %s AS id_l, %s AS id_r, try_cast(match_weight AS DOUBLE) AS w, %s FROM %s AS given%s",
		value(id+"_l", m.idType), value(id+"_r", m.idType), homes, scored.from, joins)
	if err := m.db.Exec(ctx, view); err != nil {
		return fmt.Errorf("open pairs: %w", err)
	}
	return unreadable(m.run(ctx, "scored"), scored.path)
}

func (m *measuring) checkPairs(ctx context.Context) error {
	var pairs, weightless, self, unknown, repeated int64
	err := m.db.Row(ctx, []any{&pairs, &weightless, &self, &unknown, &repeated}, "SELECT pairs, weightless, self, unknown, repeated FROM pair_check")
	switch {
	case err != nil:
		return err
	case weightless > 0:
		return problem.New(problem.Failed, "give every pair a weight", "%s: column match_weight: not a number in %s", m.in.Pairs, counted(weightless, "row", "rows"))
	case unknown > 0 && m.answer.Basis != Labels:
		return problem.New(problem.Failed, "give the records that the pairs were made from", "%s: %s a record that is not in %s", m.in.Pairs, counted(unknown, "pair names", "pairs name"), strings.Join(m.in.Records.Paths, ", "))
	case self > 0:
		return problem.New(problem.Failed, "give each pair two records", "%s: %s a record with itself", m.in.Pairs, counted(self, "pair is", "pairs are"))
	case repeated > 0:
		return problem.New(problem.Failed, "give each pair once, in whichever order of its records", "%s: pairs are repeated", m.in.Pairs)
	}
	m.answer.ScoredPairs = pairs
	return nil
}

// judge makes the view judged: for each pair that counts, its weight and how
// much of a match it is.
func (m *measuring) judge(ctx context.Context) error {
	var within int64
	if err := m.db.Row(ctx, []any{&within}, "SELECT within FROM pair_check"); err != nil {
		return err
	}
	m.answer.ID, m.unit = m.in.Records.ID, 1
	if m.answer.Basis == Labels {
		return m.judgeByLabels(ctx)
	}
	kind, assumed, err := m.linkType(m.in.LinkType, within)
	if err != nil {
		return err
	}
	m.answer.LinkType, m.answer.LinkTypeAssumed = kind, assumed
	if err := m.db.Exec(ctx, fmt.Sprintf("CREATE TABLE setting AS SELECT %v AS across, ?::DOUBLE AS min_weight", kind == LinkOnly), weightOf(m.in.MinProbability)); err != nil {
		return err
	}
	step := "judge_truth"
	if m.answer.Basis == Estimated {
		step, m.unit = "judge_estimate", fixedPoint
	}
	if err := m.run(ctx, step, "touching"+pairsOf(kind), "universe"); err != nil {
		return err
	}
	return m.countUniverse(ctx)
}

// countUniverse reads how many pairs there could be and how many are true.
func (m *measuring) countUniverse(ctx context.Context) error {
	c := &m.answer
	var matched float64
	err := m.db.Row(ctx, []any{&c.Records, &c.KnownRecords, &c.LeftOutPairs, &c.AllPairs, &c.Matches, &matched},
		"SELECT records, known, left_out, all_pairs, true_pairs::DOUBLE, scored_matches::DOUBLE FROM universe")
	if err != nil {
		return err
	}
	c.ScoredMatches = matched / m.unit
	if c.Basis == Estimated {
		c.Matches = c.ScoredMatches
		if m.in.Prior > 0 {
			c.Matches = max(c.Matches, m.in.Prior*float64(c.AllPairs))
		}
		c.Assumption = calibration
		if m.in.Prior == 0 {
			c.Assumption += noBlocking
		}
	}
	return nil
}

// What an estimate rests on; it stands beside every estimate.
const (
	calibration = "match probabilities are taken to be calibrated: of the pairs scored p, a share p are matches"
	noBlocking  = "; matches that blocking never offered are not counted, so recall is of the scored pairs only"
)
