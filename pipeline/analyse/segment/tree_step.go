package segment

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
)

// earlier begins the names of the features as they were.
const earlier = "was_"

// signal is what a tree can split on: a number, a yes or no, or one word of a
// text, as a whole number with unknownValue for not known.
type signal struct {
	column  string
	kind    Kind
	word    string // of a text
	unknown bool   // it is not known of somebody
}

// sql writes the signal of a row, from the column with a prefix.
func (s signal) sql(prefix string) string {
	column := duck.Name(prefix + s.column)
	switch s.kind {
	case Flag:
		return "coalesce(" + column + "::SMALLINT, -1)::SMALLINT"
	case Number:
		// least and greatest pass nulls over, so the null is asked for first.
		return "(CASE WHEN " + column + " IS NULL THEN -1 ELSE greatest(0, least(" + column + ", 1000)) END)::SMALLINT"
	}
	return "coalesce((" + column + " = " + duck.Text(s.word) + ")::SMALLINT, -1)::SMALLINT"
}

// TreeSegments is the step of the question that grows a regression tree: in has
// a row a person with features as they are, the same as they were (was_...) and
// pence, the cost since (null: not used to grow). out has person, leaf, segment,
// was_leaf, expected_pence and evidence.
func TreeSegments(ctx context.Context, db *duck.DB, in, out string, p answer.Parameters) ([]answer.Document, error) {
	signals, err := signalsOf(ctx, db, in)
	if err != nil {
		return nil, err
	}
	cells, folds, err := treeCells(ctx, db, in, signals)
	if err != nil {
		return nil, err
	}
	options := TreeOptions{
		MinimumShare: p.Double("minimum_share") / 100, MinimumPeople: float64(p.Integer("leaf_people")),
		MinimumGain: 0.0005, MaxLeaves: p.Integer("most_leaves"),
	}
	tree := Grow(cells, options)
	if all := tree.Nodes[0].Group; all.N < 2*options.MinimumPeople {
		return nil, problem.New(problem.Failed, "look from a later date, or link more deliveries",
			"a regression tree needs people known on the earlier day with a cost since: there are fewer than twice the minimum of a segment")
	}
	for i := range signals {
		signals[i].unknown = slices.ContainsFunc(cells, func(c Cell) bool { return c.Features[i] == unknownValue })
	}
	if err := db.Exec(ctx, "CREATE TEMP TABLE "+duck.Name(out)+" AS "+treeQuery(tree, signals, in)); err != nil {
		return nil, fmt.Errorf("assign leaves: %w", err)
	}
	return []answer.Document{treeDocument(tree, signals, heldOut(folds, options))}, nil
}

// signalsOf gives the signals of every feature that is there now and was then.
func signalsOf(ctx context.Context, db *duck.DB, in string) ([]signal, error) {
	features, err := featuresOf(ctx, db, in)
	if err != nil {
		return nil, err
	}
	var signals []signal
	for _, f := range features {
		if !slices.Contains(features, Feature{earlier + f.Name, f.Kind}) {
			continue
		}
		if f.Kind != Text {
			signals = append(signals, signal{column: f.Name, kind: f.Kind})
			continue
		}
		words, err := wordsOf(ctx, db, in, earlier+f.Name)
		if err != nil {
			return nil, err
		}
		for _, w := range words {
			signals = append(signals, signal{column: f.Name, kind: Text, word: w})
		}
	}
	if len(signals) == 0 {
		return nil, fmt.Errorf("table %s has no features of both days", in)
	}
	return signals, nil
}

// wordsOf gives the words of a text feature in order; a text with many words is
// no category.
func wordsOf(ctx context.Context, db *duck.DB, table, column string) ([]string, error) {
	rows, err := db.Query(ctx, fmt.Sprintf("SELECT DISTINCT %[1]s FROM %[2]s WHERE %[1]s IS NOT NULL ORDER BY 1 LIMIT 20",
		duck.Name(column), duck.Name(table)))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var words []string
	for rows.Next() {
		var word string
		if err := rows.Scan(&word); err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	return words, rows.Err()
}

// treeCells groups the people to grow on by their signals. Besides all of them
// it gives two halves, by a digest of the pseudonym.
func treeCells(ctx context.Context, db *duck.DB, in string, signals []signal) (all []Cell, halves [2][]Cell, err error) {
	var columns []string
	for i, s := range signals {
		columns = append(columns, fmt.Sprintf("%s AS s%d", s.sql(earlier), i))
	}
	query := fmt.Sprintf(`SELECT * FROM (SELECT %s, ascii(md5(person::VARCHAR)) %% 2 AS half, count(*)::DOUBLE AS n, sum(pence)::DOUBLE AS pence,
		sum(pence::HUGEINT * pence)::DOUBLE AS squares FROM %s WHERE pence IS NOT NULL GROUP BY ALL) ORDER BY ALL`, strings.Join(columns, ", "), duck.Name(in))
	rows, err := db.Query(ctx, query)
	if err != nil {
		return nil, halves, err
	}
	defer rows.Close()
	for rows.Next() {
		c, half := Cell{Features: make([]int16, len(signals))}, 0
		into := make([]any, 0, len(signals)+4)
		for i := range c.Features {
			into = append(into, &c.Features[i])
		}
		if err := rows.Scan(append(into, &half, &c.N, &c.Sum, &c.Squares)...); err != nil {
			return nil, halves, err
		}
		all = append(all, c)
		halves[half] = append(halves[half], c)
	}
	return all, halves, rows.Err()
}

// heldOut is the reduction in variance on the half a tree was not grown on, the
// mean of both ways round; what a tree explains of its own people flatters it.
func heldOut(halves [2][]Cell, o TreeOptions) float64 {
	first, second := Grow(halves[0], o), Grow(halves[1], o)
	return (VarianceReduction(first.Groups(halves[1])) + VarianceReduction(second.Groups(halves[0]))) / 2
}

func treeQuery(t Tree, signals []signal, in string) string {
	var now, then, name, expected strings.Builder
	place := 0
	t.walk(0, nil, func(node int, way []step) {
		place++
		fmt.Fprintf(&now, " WHEN %s THEN %d", t.condition(way, signals, ""), place)
		fmt.Fprintf(&then, " WHEN %s THEN %d", t.condition(way, signals, earlier), place)
		fmt.Fprintf(&name, " WHEN %d THEN %s", place, duck.Text(t.describe(way, signals)))
		n := t.Nodes[node]
		fmt.Fprintf(&expected, " WHEN %d THEN %d", place, int64(n.Sum/n.N))
	})
	return fmt.Sprintf(`SELECT person, leaf, CASE leaf%[1]s END AS segment, was_leaf, (CASE leaf%[2]s END)::BIGINT AS expected_pence, CASE leaf%[1]s END AS evidence
		FROM (SELECT person, (CASE%[3]s END)::INTEGER AS leaf, CASE WHEN pence IS NOT NULL THEN (CASE%[4]s END)::INTEGER END AS was_leaf FROM %[5]s) ORDER BY person`,
		name.String(), expected.String(), now.String(), then.String(), duck.Name(in))
}

func (t Tree) condition(way []step, signals []signal, prefix string) string {
	parts := []string{"true"}
	for _, s := range way {
		n, sign := t.Nodes[s.node], ">"
		if s.left {
			sign = "<="
		}
		parts = append(parts, fmt.Sprintf("%s %s %d", signals[n.Feature].sql(prefix), sign, n.Threshold))
	}
	return strings.Join(parts, " AND ")
}
