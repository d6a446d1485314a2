package compare

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/linkage/model"
	"tre/linkage/records"
	kernel "tre/linkage/similarity"
)

func drawModel(t *rapid.T) (*records.Table, *model.Model) {
	const rows = 12
	name, dob := model.Column("name"), model.Column("dob")
	coalesced := model.Custom(`coalesce("name_l", 'anna') = coalesce("name_r", 'anna')`, "coalesced")
	m := &model.Model{Comparisons: []model.Comparison{
		model.NameComparison(name, nil), model.DateOfBirthComparison(dob, model.TimeInput{IsText: true}), model.PostcodeComparison(name, false, nil), model.LevenshteinAtThresholds(dob, 1, 2),
		model.CustomComparison("c", coalesced, model.Else()), model.CustomComparison("d", model.Null(name), model.Exact(name.Lower()), model.Exact(name.Substring(1, 2)), model.Else()),
	}}
	return &records.Table{Rows: rows, Columns: map[string]*records.Column{
		"name": drawColumn(t, "name", rows, []string{"anna", "Anna", "ann", "josé", "jose", "", "SW1A 1AA", "SW1A 1AB", "martha", "marhta"}),
		"dob":  drawColumn(t, "dob", rows, []string{"1980-01-01", "1980-01-02", "1981-01-01", "unknown", "1980-02-30"}),
	}}, m
}

func compiled(t *rapid.T, c *Compiler, m *model.Model) *Compiler {
	for i := range m.Comparisons {
		if err := c.Add(&m.Comparisons[i]); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// TestRestoredJudgesAlike compiles a model once over records and once over what
// was placed then: every pair must be at the same levels.
func TestRestoredJudgesAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, m := drawModel(t)
		first := compiled(t, NewCompiler(table, kernel.Characters), m)
		placed := first.Placed()
		second := NewCompiler(&records.Table{Columns: map[string]*records.Column{}}, kernel.Characters)
		for _, p := range placed {
			c := *p.Column
			if c.Codes = nil; p.Base == c.Name {
				second.table.Columns[c.Name] = &c
				continue
			}
			p.Column = &c
			second.Restore(p)
		}
		plan, restored := first.Finish(), compiled(t, second, m).FinishWithoutRows()
		if restored.Stride() != plan.Stride() || len(plan.Slow) > 0 {
			t.Fatalf("%d codes a record and %d conditions for DuckDB; %d when restored", plan.Stride(), len(plan.Slow), restored.Stride())
		}
		restored.Lay(plan.Codes())
		a, b := plan.Judge(), restored.Judge()
		for l := range int32(table.Rows) {
			for r := range int32(table.Rows) {
				a.Look(l, r, 0)
				b.Look(l, r, 0)
				for i := range m.Comparisons {
					if a.Level(i) != b.Level(i) {
						t.Fatalf("comparison %d of rows %d and %d: level %d, restored %d", i, l, r, a.Level(i), b.Level(i))
					}
				}
			}
		}
	})
}

// TestPlacerPlacesAlike demands of a placer what a compiler gives.
func TestPlacerPlacesAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, m := drawModel(t)
		placer := NewPlacer(table)
		placer.Prepare(m)
		got, want := compiled(t, placer, m).Placed(), compiled(t, NewCompiler(table, kernel.Characters), m).Placed()
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}
