package linkage

import (
	"context"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/linkage/model"
	"tre/linkage/profile"
	"tre/linkage/score"
	"tre/linkage/similarity"
)

// The rule by which a region's own records change the shipped probabilities.
// Each probability is the shipped one, counted as so many pairs, together with
// the pairs counted here; so a level that is never seen keeps a little of what
// was shipped. The NHS number is no comparison here: it is how the pairs were
// found.
const (
	leastToFit  = 1000   // pairs known to match; with fewer the shipped model stands
	shippedM    = 500.0  // pairs that the shipped m count for
	shippedU    = 5000.0 // pairs that the shipped u count for
	smallestFit = 1e-7
)

// regionModel is the profile with the region's prior, adapted to the region
// when it has enough to say.
func (l *linker) regionModel(ctx context.Context) (*model.Model, error) {
	m := profile.New(faceFields())
	m.BlockingRules = nil
	var persons, matched int64
	if err := l.db.Row(ctx, []any{&persons}, "SELECT count(DISTINCT coalesce(a.person, t.unit)) FROM unit t LEFT JOIN assigned a USING (unit)"); err != nil {
		return nil, err
	}
	m.Prior = 0.5 / float64(max(persons, 2))
	if err := l.run(ctx, "profile_sample"); err != nil {
		return nil, err
	}
	if err := l.db.Row(ctx, []any{&matched}, "SELECT count(*) FROM matched"); err != nil || matched < leastToFit {
		return m, err
	}
	if err := l.fit(ctx, m); err != nil {
		return nil, fmt.Errorf("fit the profile to the region: %w", err)
	}
	return m, nil
}

// fit counts the levels of pairs that match and of pairs that do not.
func (l *linker) fit(ctx context.Context, m *model.Model) error {
	if err := l.run(ctx, "profile_face", "profile_frequency"); err != nil {
		return err
	}
	f, err := l.readFaces(ctx, "SELECT node, "+faceColumns+" FROM face ORDER BY ALL")
	if err != nil {
		return err
	}
	if err := l.setFrequencies(ctx, f); err != nil {
		return err
	}
	compiled, err := score.Compile(m, f.table, similarity.Characters)
	if err != nil {
		return err
	}
	judge := score.New(compiled.Plan, m, math.Inf(-1)).Judge()
	matches, err := l.count(ctx, f, judge, m, "matched")
	if err != nil {
		return err
	}
	others, err := l.count(ctx, f, judge, m, "strangers")
	if err != nil {
		return err
	}
	for i := range m.Comparisons {
		if c := &m.Comparisons[i]; c.Name != profile.NHSNumber {
			adapt(c, matches[i], shippedM, func(level *model.Level) **float64 { return &level.M })
			adapt(c, others[i], shippedU, func(level *model.Level) **float64 { return &level.U })
		}
	}
	return nil
}

// count counts, by comparison and level, how the pairs of a table stand to each
// other, each by the best of its faces.
func (l *linker) count(ctx context.Context, f *faces, judge *score.Judge, m *model.Model, table string) ([][]int, error) {
	counts := make([][]int, len(m.Comparisons))
	for i := range counts {
		counts[i] = make([]int, len(m.Comparisons[i].Levels))
	}
	w := &weigher{faces: f, judge: judge, name: nameComparison(m)}
	err := l.db.Arrow(ctx, "SELECT unit, node FROM "+table+" ORDER BY unit, node", func(pairs array.RecordReader) error {
		for pairs.Next() {
			units, nodes := pairs.RecordBatch().Column(0).(*array.Int32), pairs.RecordBatch().Column(1).(*array.Int32)
			for i := range units.Len() {
				w.weigh(units.Value(i), nodes.Value(i))
				for c, level := range w.levels {
					counts[c][level]++
				}
			}
		}
		return pairs.Err()
	})
	return counts, err
}

// adapt moves probabilities towards what was counted; null levels have none.
func adapt(c *model.Comparison, counts []int, weight float64, of func(*model.Level) **float64) {
	var seen float64
	for i, n := range counts {
		if !c.Levels[i].IsNull {
			seen += float64(n)
		}
	}
	for i := range c.Levels {
		if level := &c.Levels[i]; !level.IsNull {
			p := max((**of(level)*weight+float64(counts[i]))/(weight+seen), smallestFit)
			*of(level) = &p
		}
	}
}
