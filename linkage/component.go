package linkage

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// The edges between leftover units, strongest kind first: conditions on a line
// of feature.
const (
	strongEdges = "step_order IN (40, 50, 52, 53) OR (step_order = 51 AND NOT is_told_apart) OR (step_order = 60 AND forename = 'agrees')"
	placeEdges  = "step_order = 60"
)

// cluster joins leftover units that are connected by edges, unless any two of a
// component speak against each other.
func (l *linker) cluster(ctx context.Context, edges string) error {
	if err := l.run(ctx, "remainder_seek", "candidates", "compare"); err != nil {
		return err
	}
	if err := l.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE edge AS SELECT unit, node, step_order, matched_on FROM feature WHERE "+edges); err != nil {
		return fmt.Errorf("find edges: %w", err)
	}
	found := components{}
	if err := l.db.Arrow(ctx, "SELECT DISTINCT least(unit, node) AS a, greatest(unit, node) AS b FROM edge", found.joinAll); err != nil {
		return fmt.Errorf("read edges: %w", err)
	}
	if err := l.keepComponents(ctx, found); err != nil {
		return fmt.Errorf("keep components: %w", err)
	}
	return l.run(ctx, "remainder_pair", "compare", "remainder_join")
}

// keepComponents hands the components to the database as table component.
func (l *linker) keepComponents(ctx context.Context, found components) error {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "unit", Type: arrow.PrimitiveTypes.Int32}, {Name: "component", Type: arrow.PrimitiveTypes.Int32},
	}, nil)
	build := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer build.Release()
	unit, component := build.Field(0).(*array.Int32Builder), build.Field(1).(*array.Int32Builder)
	for node := range found {
		unit.Append(node)
		component.Append(found.root(node))
	}
	batch := build.NewRecordBatch()
	defer batch.Release()
	reader, err := array.NewRecordReader(schema, []arrow.RecordBatch{batch})
	if err != nil {
		return err
	}
	defer reader.Release()
	return l.db.WithView("component_view", reader, func() error {
		return l.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE component AS SELECT unit, component FROM component_view")
	})
}

// components is a union-find over the units that have an edge: each points
// towards the smallest unit of its component. It holds two integers a unit, and
// only leftover units have edges here.
type components map[int32]int32

// joinAll joins the ends of every edge.
func (c components) joinAll(edges array.RecordReader) error {
	for edges.Next() {
		batch := edges.RecordBatch()
		a, b := batch.Column(0).(*array.Int32), batch.Column(1).(*array.Int32)
		for i := range int(batch.NumRows()) {
			c.join(a.Value(i), b.Value(i))
		}
	}
	return edges.Err()
}

func (c components) join(a, b int32) {
	a, b = c.root(a), c.root(b)
	c[max(a, b)] = min(a, b)
}

// root gives the smallest unit of a component, and shortens the way to it.
func (c components) root(of int32) int32 {
	next, ok := c[of]
	if !ok {
		c[of] = of
		return of
	}
	for next != c[next] {
		c[of] = c[next]
		of, next = next, c[next]
	}
	return next
}
