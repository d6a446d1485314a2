package accuracy

import (
	"context"
	"database/sql"
	"fmt"
)

// Mistakes are the worst errors at the threshold, by ids and weights only.
type Mistakes struct {
	FalsePositives []Pair `json:"falsePositives"` // linked and no match, highest weight first
	FalseNegatives []Pair `json:"falseNegatives"` // scored, a match and not linked, lowest weight first
	// NotCompared are matches that blocking never offered: of the people with
	// the smallest ids that have any. People of more than 1,000 records are
	// passed over.
	NotCompared []Pair `json:"notCompared"`
}

// Pair names two records. The one with the smaller input and id stands first.
type Pair struct {
	SourceL     string   `json:"sourceL,omitempty"` // of several inputs
	IDL         string   `json:"idL"`
	SourceR     string   `json:"sourceR,omitempty"`
	IDR         string   `json:"idR"`
	Weight      *float64 `json:"matchWeight,omitempty"` // nil when never scored
	Probability *float64 `json:"matchProbability,omitempty"`
}

// mistakes fills the worst errors when they were asked for.
func (m *measuring) mistakes(ctx context.Context) error {
	if m.in.Mistakes <= 0 || m.answer.Basis == Estimated {
		return nil
	}
	missing := "missing_truth"
	if m.answer.Basis == Labels {
		missing = "missing_labels"
	}
	if err := m.db.Exec(ctx, fmt.Sprintf("CREATE TABLE wanted AS SELECT %d AS number", m.in.Mistakes)); err != nil {
		return err
	}
	if err := m.run(ctx, missing, "mistakes"); err != nil {
		return err
	}
	var found Mistakes
	for _, list := range []struct {
		into *[]Pair
		kind string
	}{{&found.FalsePositives, "false_positive"}, {&found.FalseNegatives, "false_negative"}, {&found.NotCompared, "not_compared"}} {
		var err error
		if *list.into, err = m.readMistakes(ctx, list.kind); err != nil {
			return err
		}
	}
	m.answer.Mistakes = &found
	return nil
}

func (m *measuring) readMistakes(ctx context.Context, kind string) ([]Pair, error) {
	rows, err := m.db.Query(ctx, "SELECT source_l, id_l::VARCHAR, source_r, id_r::VARCHAR, w FROM mistake WHERE kind = ? ORDER BY place", kind)
	if err != nil {
		return nil, fmt.Errorf("read mistakes: %w", err)
	}
	defer rows.Close()
	pairs := []Pair{}
	for rows.Next() {
		var p Pair
		var weight sql.NullFloat64
		if err := rows.Scan(&p.SourceL, &p.IDL, &p.SourceR, &p.IDR, &weight); err != nil {
			return nil, err
		}
		if weight.Valid {
			probability := probabilityOf(weight.Float64)
			p.Weight, p.Probability = &weight.Float64, &probability
		}
		if m.sources < 2 {
			p.SourceL, p.SourceR = "", ""
		}
		pairs = append(pairs, p)
	}
	return pairs, rows.Err()
}
