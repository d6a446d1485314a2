package accuracy

import (
	"context"
	"fmt"
	"math"
)

// Behind is how far a subgroup's recall may lie below the overall before it is
// flagged: 1.5 points.
const Behind = 0.015

// Subgroup is how well records of one value of a column are linked. A pair
// belongs to every subgroup that one of its records belongs to.
type Subgroup struct {
	Column  string `json:"column,omitempty"` // "" for all records
	Value   string `json:"value"`
	Missing bool   `json:"missing,omitempty"` // the records whose column is null

	Records       int64 `json:"records"` // with known truth
	People        int64 `json:"people"`
	TruePairs     int64 `json:"truePairs"`
	LinkedPairs   int64 `json:"linkedPairs"`
	MissedMatches int64 `json:"missedMatches"` // true and not linked
	FalseMatches  int64 `json:"falseMatches"`  // linked and not true

	Recall          float64 `json:"recall"`
	Precision       float64 `json:"precision"`
	MissedMatchRate Rate    `json:"missedMatchRate"` // of true pairs
	FalseMatchRate  Rate    `json:"falseMatchRate"`  // of linked pairs

	RecallBehind float64 `json:"recallBehind"` // overall recall less this one's
	Flagged      bool    `json:"flagged"`      // RecallBehind is more than Behind
}

// Rate is a share of pairs with its 95 % interval: Wilson's, on the number of
// independent pairs that would be as certain as these are. Pairs of one person
// are not independent: the variance is that of a ratio of sums over clusters
// (Taylor linearisation), where missed matches are clustered by true person;
// false matches by cluster, or, of scored pairs, by both people of each pair
// (dyadic clustering). A rate of 0 or 1 counts each person or cluster once.
type Rate struct {
	Rate      float64 `json:"rate"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Effective float64 `json:"effectivePairs"` // independent pairs as certain as these; 0 when there are none
}

// LinkedGroup compares, where no truth is known, those linked to another record
// with those not.
type LinkedGroup struct {
	Column  string `json:"column"`
	Value   string `json:"value"`
	Missing bool   `json:"missing,omitempty"`

	Records int64   `json:"records"`
	Linked  int64   `json:"linked"`      // of them, linked to at least one other record
	Share   float64 `json:"shareLinked"` // Linked of Records

	OfLinked   float64 `json:"ofLinked"`   // this group's share of all linked records
	OfUnlinked float64 `json:"ofUnlinked"` // and of all unlinked ones
	// StandardisedDifference is OfLinked less OfUnlinked, over the root of the
	// mean of p(1-p) of the two. Beyond 0.1 either way is usually called
	// imbalance. 0 when neither varies.
	StandardisedDifference float64 `json:"standardisedDifference"`
}

// tallied is what SQL counts for one rate of one subgroup.
type tallied struct {
	units, whole, part float64
	pp, pw, ww         float64 // sums over units of part², part·whole, whole²
	twice              float64 // sum of part² over what two units share
}

func (t tallied) rate() Rate {
	if t.whole == 0 {
		return Rate{High: 1}
	}
	p := t.part / t.whole
	squares := t.pp - 2*p*t.pw + p*p*t.ww - t.twice*(1-p)*(1-p)
	if t.units > 1 {
		squares *= t.units / (t.units - 1)
	}
	effective := min(t.units, t.whole)
	if variance := squares / (t.whole * t.whole); variance > 1e-15 && p > 0 && p < 1 {
		effective = min(p*(1-p)/variance, t.whole)
	}
	low, high := wilson(p, effective)
	return Rate{Rate: p, Low: low, High: high, Effective: effective}
}

// wilson is the 95 % score interval of a share of n.
func wilson(p, n float64) (low, high float64) {
	const z = 1.959963984540054
	centre := p + z*z/(2*n)
	around := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	under := 1 + z*z/n
	low, high = max((centre-around)/under, 0), min((centre+around)/under, 1)
	if p == 0 {
		low = 0
	}
	if p == 1 {
		high = 1
	}
	return low, high
}

// subgroups measures a column's subgroups, or with column 0 all records as one.
// step is the script that makes the table rate.
func (b *bench) subgroups(ctx context.Context, r Records, column int, step string) ([]Subgroup, error) {
	name, err := b.nameGroups(ctx, r, column)
	if err != nil {
		return nil, err
	}
	if err := b.run(ctx, step); err != nil {
		return nil, err
	}
	rows, err := b.db.Query(ctx, `SELECT value IS NULL, coalesce(value, ''), records, people,
		coalesce(m.units, 0)::DOUBLE, coalesce(m.whole, 0)::DOUBLE, coalesce(m.part, 0)::DOUBLE, coalesce(m.pp, 0)::DOUBLE, coalesce(m.pw, 0)::DOUBLE, coalesce(m.ww, 0)::DOUBLE,
		coalesce(f.units, 0)::DOUBLE, coalesce(f.whole, 0)::DOUBLE, coalesce(f.part, 0)::DOUBLE, coalesce(f.pp, 0)::DOUBLE, coalesce(f.pw, 0)::DOUBLE, coalesce(f.ww, 0)::DOUBLE, coalesce(f.twice, 0)::DOUBLE
		FROM subgroup JOIN (SELECT g, count(*) AS records, count(DISTINCT person) AS people FROM member GROUP BY g) USING (g)
		LEFT JOIN (FROM rate WHERE kind = 'missed') m USING (g) LEFT JOIN (FROM rate WHERE kind = 'false') f USING (g) ORDER BY g`)
	if err != nil {
		return nil, fmt.Errorf("read subgroups: %w", err)
	}
	defer rows.Close()
	var all []Subgroup
	for rows.Next() {
		s := Subgroup{Column: name}
		var m, f tallied
		if err := rows.Scan(&s.Missing, &s.Value, &s.Records, &s.People, &m.units, &m.whole, &m.part, &m.pp, &m.pw, &m.ww,
			&f.units, &f.whole, &f.part, &f.pp, &f.pw, &f.ww, &f.twice); err != nil {
			return nil, err
		}
		all = append(all, s.with(m, f))
	}
	return all, rows.Err()
}

// with fills what follows from the counts.
func (s Subgroup) with(missed, wrong tallied) Subgroup {
	s.TruePairs, s.MissedMatches = int64(missed.whole), int64(missed.part)
	s.LinkedPairs, s.FalseMatches = int64(wrong.whole), int64(wrong.part)
	s.Recall, s.Precision = ratio(missed.whole-missed.part, missed.whole), ratio(wrong.whole-wrong.part, wrong.whole)
	s.MissedMatchRate, s.FalseMatchRate = missed.rate(), wrong.rate()
	return s
}

// nameGroups offers the values of a column as the view named, and gives the
// column's name.
func (b *bench) nameGroups(ctx context.Context, r Records, column int) (string, error) {
	name, value := "", "''"
	if column > 0 {
		name, value = r.By[column-1], fmt.Sprintf("by_%d", column)
	}
	if err := b.db.Exec(ctx, "CREATE OR REPLACE VIEW named AS SELECT row, person, source, "+value+" AS value FROM known"); err != nil {
		return "", err
	}
	return name, b.run(ctx, "groups")
}

// measured gives all records as one subgroup, and every subgroup of every
// column compared with it.
func (b *bench) measured(ctx context.Context, r Records, step string) (*Subgroup, []Subgroup, error) {
	overall, err := b.subgroups(ctx, r, 0, step)
	if err != nil {
		return nil, nil, err
	}
	var all []Subgroup
	for i := range r.By {
		groups, err := b.subgroups(ctx, r, i+1, step)
		if err != nil {
			return nil, nil, err
		}
		for _, g := range groups {
			g.RecallBehind = overall[0].Recall - g.Recall
			g.Flagged = g.RecallBehind > Behind
			all = append(all, g)
		}
	}
	return &overall[0], all, nil
}

// compared gives linked and unlinked records of every subgroup. The view linked
// holds the rows that are linked.
func (b *bench) compared(ctx context.Context, r Records) ([]LinkedGroup, error) {
	var all []LinkedGroup
	for i := range r.By {
		name, err := b.nameGroups(ctx, r, i+1)
		if err != nil {
			return nil, err
		}
		if err := b.run(ctx, "groups_linked"); err != nil {
			return nil, err
		}
		groups, err := b.readShares(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, groups...)
	}
	return all, nil
}

func (b *bench) readShares(ctx context.Context, column string) ([]LinkedGroup, error) {
	rows, err := b.db.Query(ctx, "SELECT value IS NULL, coalesce(value, ''), records, linked FROM subgroup JOIN share USING (g) ORDER BY g")
	if err != nil {
		return nil, fmt.Errorf("compare linked and unlinked: %w", err)
	}
	defer rows.Close()
	var groups []LinkedGroup
	var records, linked int64
	for rows.Next() {
		g := LinkedGroup{Column: column}
		if err := rows.Scan(&g.Missing, &g.Value, &g.Records, &g.Linked); err != nil {
			return nil, err
		}
		records, linked = records+g.Records, linked+g.Linked
		groups = append(groups, g)
	}
	for i := range groups {
		groups[i].compare(linked, records-linked)
	}
	return groups, rows.Err()
}

// compare fills what follows from the counts of all groups.
func (g *LinkedGroup) compare(linked, unlinked int64) {
	g.Share = float64(g.Linked) / float64(g.Records)
	if linked > 0 {
		g.OfLinked = float64(g.Linked) / float64(linked)
	}
	if unlinked > 0 {
		g.OfUnlinked = float64(g.Records-g.Linked) / float64(unlinked)
	}
	spread := (g.OfLinked*(1-g.OfLinked) + g.OfUnlinked*(1-g.OfUnlinked)) / 2
	if spread > 0 && linked > 0 && unlinked > 0 {
		g.StandardisedDifference = (g.OfLinked - g.OfUnlinked) / math.Sqrt(spread)
	}
}

// groups fills the curve's subgroups.
func (m *measuring) groups(ctx context.Context) error {
	var err error
	switch m.answer.Basis {
	case Truth:
		m.answer.Overall, m.answer.Subgroups, err = m.measured(ctx, m.in.Records, "groups_pairs")
	case Estimated:
		if len(m.in.Records.By) == 0 {
			return nil
		}
		if err := m.db.Exec(ctx, "CREATE TABLE linked AS SELECT l AS row FROM judged, setting WHERE w >= min_weight UNION SELECT r FROM judged, setting WHERE w >= min_weight"); err != nil {
			return err
		}
		m.answer.Linked, err = m.compared(ctx, m.in.Records)
	}
	return err
}
