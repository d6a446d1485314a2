package compare

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"tre/linkage/condition"
	"tre/linkage/model"
	"tre/linkage/records"
	kernel "tre/linkage/similarity"
)

// NewPlacer begins a compiler that only finds the expressions over one record
// and computes them, for Placed. What it compiles must not judge a pair, and it
// is never finished.
func NewPlacer(t *records.Table) *Compiler {
	c := NewCompiler(t, kernel.Characters) // texts are not compared
	c.isPlacing = true
	return c
}

// Prepare computes the expressions over one record that a model asks for, several
// at a time. It changes no result: an expression it misses is computed when it is
// compiled, and one it cannot compute is refused then.
func (c *Compiler) Prepare(m *model.Model) {
	wanted := map[string]*condition.Expr{}
	for i := range m.Comparisons {
		for _, level := range m.Comparisons[i].Levels {
			c.want(wanted, level.Test)
		}
	}
	for _, rule := range m.BlockingRules {
		c.want(wanted, rule.Test)
	}
	keys := slices.Sorted(maps.Keys(wanted))
	made := make([]*Operand, len(keys))
	var next atomic.Int32
	var all sync.WaitGroup
	for range min(2, runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for at := int(next.Add(1)) - 1; at < len(keys); at = int(next.Add(1)) - 1 {
				made[at], _ = c.derive(wanted[keys[at]])
			}
		})
	}
	all.Wait()
	c.ahead = map[string]*Operand{}
	for at, o := range made {
		if o != nil {
			c.ahead[keys[at]] = o
		}
	}
}

// want adds the expressions of one record, other than plain columns, that a
// condition reads.
func (c *Compiler) want(wanted map[string]*condition.Expr, e *condition.Expr) {
	if e == nil || e.Kind == condition.Column {
		return
	}
	isLogic := e.Kind == condition.And || e.Kind == condition.Or || e.Kind == condition.Not || e.Kind == condition.IsNull
	if left, right := sides(e); left != right && !isLogic {
		e = withoutSides(e)
		for name := range columnsOf(e) {
			if c.table.Column(name) == nil {
				return
			}
		}
		wanted[e.String()] = e
		return
	}
	for _, arg := range e.Args {
		c.want(wanted, arg)
	}
}
