package accuracy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tre/internal/problem"
)

// matchScore is the column of what people judged, as published.
const matchScore = "clerical_match_score"

// openLabels reads the pairs people judged. The records are those they name.
func (m *measuring) openLabels(ctx context.Context, scored file) error {
	labels, err := m.openFile(ctx, m.in.Labels)
	if err != nil {
		return err
	}
	if err := m.chooseLabelID(scored, labels); err != nil {
		return err
	}
	id, source := m.in.Records.ID, m.in.Records.source()
	left, right := id+"_l", id+"_r"
	m.matchSource = !slices.ContainsFunc([]file{scored, labels}, func(f file) bool { return !f.has(source+"_l") || !f.has(source+"_r") })
	m.idType = commonType(labels.typeOf(left), labels.typeOf(right), scored.typeOf(left), scored.typeOf(right))
	sourceL, sourceR := "''", "''"
	if m.matchSource {
		sourceL, sourceR = value(source+"_l", "VARCHAR"), value(source+"_r", "VARCHAR")
	}
	query := fmt.Sprintf("CREATE TABLE judgement AS SELECT %s AS id_l, %s AS source_l, %s AS id_r, %s AS source_r, try_cast(%s AS DOUBLE) AS score FROM %s",
		value(left, m.idType), sourceL, value(right, m.idType), sourceR, matchScore, labels.from)
	if err := m.db.Exec(ctx, query); err != nil {
		return unreadable(err, labels.path)
	}
	if err := m.run(ctx, "labels_records"); err != nil {
		return err
	}
	if err := m.encode(ctx); err != nil {
		return err
	}
	if err := m.run(ctx, "labels"); err != nil {
		return err
	}
	return m.checkLabels(ctx)
}

// chooseLabelID finds the id column that pairs and labels share.
func (m *measuring) chooseLabelID(scored, labels file) error {
	r := &m.in.Records
	for _, c := range scored.columns {
		name, left := strings.CutSuffix(c, "_l")
		if r.ID == "" && left && name != r.source() && scored.has(name+"_r") && labels.has(name+"_l") && labels.has(name+"_r") {
			r.ID = name
		}
	}
	if r.ID == "" {
		return problem.New(problem.Usage, "name the column of ids with --id", "%s: no columns <id>_l and <id>_r that %s has too", m.in.Labels, m.in.Pairs)
	}
	if err := labels.need(r.ID+"_l", r.ID+"_r", matchScore); err != nil {
		return err
	}
	return scored.need(r.ID+"_l", r.ID+"_r")
}

func (m *measuring) checkLabels(ctx context.Context) error {
	var labels, nameless, unscored, self, contradicted int64
	err := m.db.Row(ctx, []any{&labels, &nameless, &unscored, &self, &contradicted}, "SELECT labels, nameless, unscored, self, contradicted FROM label_check")
	switch {
	case err != nil:
		return err
	case labels == 0:
		return problem.New(problem.Failed, "give labelled pairs", "%s: no rows", m.in.Labels)
	case nameless > 0:
		return problem.New(problem.Failed, "name both records of every pair", "%s: a record's id or input is null in %s", m.in.Labels, counted(nameless, "row", "rows"))
	case unscored > 0:
		return problem.New(problem.Failed, "give 1 for the same person, 0 for two people, or a number between", "%s: column %s: not a number of 0 to 1 in %s", m.in.Labels, matchScore, counted(unscored, "row", "rows"))
	case self > 0:
		return problem.New(problem.Failed, "give each pair two records", "%s: %s a record with itself", m.in.Labels, counted(self, "pair is", "pairs are"))
	case contradicted > 0:
		return problem.New(problem.Failed, "settle them first", "%s: %s judged both the same and different", m.in.Labels, counted(contradicted, "pair is", "pairs are"))
	}
	return nil
}

// judgeByLabels counts only pairs people judged.
func (m *measuring) judgeByLabels(ctx context.Context) error {
	if err := m.db.Exec(ctx, "CREATE TABLE setting AS SELECT false AS across, ?::DOUBLE AS min_weight", weightOf(m.in.MinProbability)); err != nil {
		return err
	}
	if err := m.run(ctx, "judge_labels"); err != nil {
		return err
	}
	return m.countUniverse(ctx)
}
