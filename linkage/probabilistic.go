package linkage

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tre/linkage/cluster"
	"tre/linkage/model"
	"tre/linkage/profile"
	"tre/linkage/score"
	"tre/linkage/similarity"
)

// probabilistic joins, by match weight, what the deterministic steps left: to
// persons that have a number, then among itself. It adds links and takes none
// apart.
func (l *linker) probabilistic(ctx context.Context) error {
	m, err := l.regionModel(ctx)
	if err != nil {
		return err
	}
	if err := l.run(ctx, "profile_seek"); err != nil {
		return err
	}
	scored, err := l.score(ctx, m)
	if err != nil {
		return fmt.Errorf("linkage step probabilistic: %w", err)
	}
	if err := l.keepScored(ctx, scored); err != nil {
		return fmt.Errorf("keep match weights: %w", err)
	}
	if err := l.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE pair AS SELECT unit, node FROM scored"); err != nil {
		return err
	}
	if err := l.run(ctx, "compare", "profile_decide"); err != nil {
		return err
	}
	if err := l.bridge(ctx); err != nil {
		return fmt.Errorf("join by match weight: %w", err)
	}
	return l.run(ctx, "remainder_pair", "compare", "profile_join", "profile_undo")
}

// weight is the match weight of two persons: that of the best of their faces.
type weight struct {
	unit, node int32
	bits       float64
	isAlike    bool // the names are, in some form or spelling
}

// score weighs the pairs of the database. It holds the faces of the persons in
// them and the pairs heavy enough to matter.
func (l *linker) score(ctx context.Context, m *model.Model) ([]weight, error) {
	if err := l.run(ctx, "profile_face", "profile_frequency"); err != nil {
		return nil, err
	}
	f, err := l.readFaces(ctx, "SELECT node, "+faceColumns+" FROM face ORDER BY ALL")
	if err != nil || f.table.Rows == 0 {
		return nil, err
	}
	if err := l.setFrequencies(ctx, f); err != nil {
		return nil, err
	}
	compiled, err := score.Compile(m, f.table, similarity.Characters)
	if err != nil {
		return nil, err
	}
	w := &weigher{faces: f, judge: score.New(compiled.Plan, m, l.rules.MinWeight-l.rules.Margin).Judge(), name: nameComparison(m)}
	err = l.db.Arrow(ctx, "SELECT unit, node FROM pair ORDER BY unit, node", w.take)
	return w.found, err
}

// nameComparison gives the position of the names' comparison and its levels in
// which both names are alike.
func nameComparison(m *model.Model) int {
	return slices.IndexFunc(m.Comparisons, func(c model.Comparison) bool { return c.Name == profile.Name })
}

// weigher weighs pairs as they come.
type weigher struct {
	faces  *faces
	judge  *score.Judge
	name   int
	found  []weight
	levels []int8 // of the best faces of the pair weighed last; empty when none was heavy enough
}

func (w *weigher) take(pairs array.RecordReader) error {
	for pairs.Next() {
		batch := pairs.RecordBatch()
		units, nodes := batch.Column(0).(*array.Int32), batch.Column(1).(*array.Int32)
		for i := range int(batch.NumRows()) {
			if one, isKept := w.weigh(units.Value(i), nodes.Value(i)); isKept {
				w.found = append(w.found, one)
			}
		}
	}
	return pairs.Err()
}

// weigh compares every face of one with every face of the other.
func (w *weigher) weigh(unit, node int32) (weight, bool) {
	best := weight{unit: unit, node: node, bits: math.Inf(-1)}
	a, b := w.faces.rows[unit], w.faces.rows[node]
	isKept := false
	w.levels = w.levels[:0]
	for l := a[0]; l < a[1]; l++ {
		for r := b[0]; r < b[1]; r++ {
			bits, isHeavy := w.judge.Score(min(l, r), max(l, r), 0)
			if isHeavy && bits > best.bits {
				best.bits, isKept = bits, true
				w.levels = append(w.levels[:0], w.judge.Levels...)
			}
		}
	}
	if isKept {
		// After the null level come the levels of both names, then those of one.
		best.isAlike = w.levels[w.name] >= 1 && w.levels[w.name] < bothNames
	}
	return best, isKept
}

// bothNames is how many levels of the profile's names, with the null level,
// speak of both names.
const bothNames = 6

// keepScored hands weights to the database.
func (l *linker) keepScored(ctx context.Context, all []weight) error {
	schema := arrow.NewSchema([]arrow.Field{{Name: "unit", Type: arrow.PrimitiveTypes.Int32}, {Name: "node", Type: arrow.PrimitiveTypes.Int32},
		{Name: "weight", Type: arrow.PrimitiveTypes.Float64}, {Name: "is_alike", Type: arrow.FixedWidthTypes.Boolean}}, nil)
	return l.keep(ctx, "scored", schema, func(b *array.RecordBuilder) {
		for _, w := range all {
			b.Field(0).(*array.Int32Builder).Append(w.unit)
			b.Field(1).(*array.Int32Builder).Append(w.node)
			b.Field(2).(*array.Float64Builder).Append(w.bits)
			b.Field(3).(*array.BooleanBuilder).Append(w.isAlike)
		}
	})
}

// keep makes a temporary table of what fill appends.
func (l *linker) keep(ctx context.Context, name string, schema *arrow.Schema, fill func(*array.RecordBuilder)) error {
	build := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer build.Release()
	fill(build)
	batch := build.NewRecordBatch()
	defer batch.Release()
	reader, err := array.NewRecordReader(schema, []arrow.RecordBatch{batch})
	if err != nil {
		return err
	}
	defer reader.Release()
	return l.db.WithView(name+"_view", reader, func() error {
		return l.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE "+name+" AS SELECT * FROM "+name+"_view")
	})
}

// bridge clusters the loose persons by the weights between them, resisting
// bridges: what speaks against a pair keeps it apart.
func (l *linker) bridge(ctx context.Context) error {
	nodes, index := []int32{}, map[int32]int32{}
	number := func(node int32) int32 {
		if _, ok := index[node]; !ok {
			index[node] = int32(len(nodes))
			nodes = append(nodes, node)
		}
		return index[node]
	}
	var edges []cluster.Edge
	var facts cluster.Constraints
	rows, err := l.db.Query(ctx, `SELECT unit, node, weight, is_allowed FROM weighed
		WHERE NOT is_settled AND unit IN (SELECT node FROM loose) AND node IN (SELECT node FROM loose) ORDER BY least(unit, node), greatest(unit, node)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var a, b int32
		var bits float64
		var isAllowed bool
		if err := rows.Scan(&a, &b, &bits, &isAllowed); err != nil {
			return err
		}
		// The smaller node gets the smaller number, so that clusters are named by it.
		a, b = min(a, b), max(a, b)
		if isAllowed {
			edges = append(edges, cluster.Edge{A: number(a), B: number(b), Weight: float32(bits)})
		} else {
			facts.Cannot = append(facts.Cannot, cluster.Pair{A: number(a), B: number(b)})
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rule := cluster.DefaultRule()
	rule.MinWeight = l.rules.MinWeight
	found, err := cluster.Bridges(len(nodes), edges, rule, facts)
	if err != nil {
		return err
	}
	return l.keepClusters(ctx, nodes, found.Cluster)
}

// keepClusters hands clusters of two or more to the database as table
// component, each named by its smallest node.
func (l *linker) keepClusters(ctx context.Context, nodes, clusters []int32) error {
	least, size := map[int32]int32{}, map[int32]int{}
	for i, c := range clusters {
		if was, ok := least[c]; !ok || nodes[i] < was {
			least[c] = nodes[i]
		}
		size[c]++
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "unit", Type: arrow.PrimitiveTypes.Int32}, {Name: "component", Type: arrow.PrimitiveTypes.Int32}}, nil)
	return l.keep(ctx, "component", schema, func(b *array.RecordBuilder) {
		for i, c := range clusters {
			if size[c] > 1 {
				b.Field(0).(*array.Int32Builder).Append(nodes[i])
				b.Field(1).(*array.Int32Builder).Append(least[c])
			}
		}
	})
}
