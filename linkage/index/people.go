package index

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tre/linkage/cluster"
)

// reason is why a person changed; several may apply.
type reason uint8

const (
	newRecord reason = 1 << iota
	changedRecord
	removedRecord
	constraint
)

// String lists the reasons.
func (r reason) String() string {
	var all []string
	for bit, name := range []string{"new record", "changed record", "removed record", "constraint"} {
		if r>>bit&1 == 1 {
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

// facts are the decisions that hold, by rows of the index.
type facts struct {
	must, cannot []cluster.Pair
	with         map[int32][]int32 // must-link partners
}

func (f *facts) index() {
	f.with = map[int32][]int32{}
	for _, p := range f.must {
		f.with[p.A], f.with[p.B] = append(f.with[p.A], p.B), append(f.with[p.B], p.A)
	}
}

// regroup is the part of an index whose persons are decided anew: all
// components that a run touched.
type regroup struct {
	state *state
	facts *facts
	run   int

	seeds   []reason        // by row: why a run touched it
	starts  []int32         // the rows with a seed
	replace map[int32]int32 // by new row of a changed record: its old row
	gone    []int32         // rows of records that ended
	absent  []cluster.ID    // persons of records that ended, where they have no row

	rows   []int32 // in the order of ids
	local  []int32 // by row: 1 + its place in rows; 0 when it is not touched
	before []cluster.ID
	ids    []cluster.ID
	events []Event
}

// Event is a change of persons in a run.
type Event struct {
	cluster.Event
	Reason string
}

// decide finds the touched components, clusters them and carries ids over.
func (g *regroup) decide() error {
	reasons := g.reach()
	clusters, err := cluster.Bridges(len(g.rows), g.edges(), g.state.man.Rule, cluster.Constraints{Must: g.inLocal(g.facts.must), Cannot: g.inLocal(g.facts.cannot)})
	if err != nil {
		return err
	}
	g.before = make([]cluster.ID, len(g.rows))
	for i, row := range g.rows {
		g.before[i] = g.personBefore(row)
	}
	absent := make([]cluster.ID, len(g.gone))
	for i, row := range g.gone {
		absent[i] = g.state.person(row)
	}
	ids, events, err := cluster.KeepIDs(g.before, absent, clusters.Cluster, func(row int32, attempt int) cluster.ID {
		return freshID(g.state.key(g.rows[row]).label(g.state.man.HasText), g.run, attempt)
	})
	if err != nil {
		return err
	}
	g.ids = ids
	g.explain(events, reasons)
	return nil
}

// decideAll decides all persons of an index that has one segment, whose people
// are those before.
func (g *regroup) decideAll() error {
	one := g.state.segments[0]
	g.rows = make([]int32, one.n)
	for row := range g.rows {
		g.rows[row] = int32(row)
	}
	var edges []cluster.Edge
	for row := range one.n {
		from, to := one.links.of(row)
		for i := from; i < to; i++ {
			if one.links.to[i] > row {
				edges = append(edges, cluster.Edge{A: row, B: one.links.to[i], Weight: one.links.weight[i]})
			}
		}
	}
	clusters, err := cluster.Bridges(int(one.n), edges, g.state.man.Rule, cluster.Constraints{Must: g.facts.must, Cannot: g.facts.cannot})
	if err != nil {
		return err
	}
	g.before = one.people
	var events []cluster.Event
	g.ids, events, err = cluster.KeepIDs(g.before, g.absent, clusters.Cluster, func(row int32, attempt int) cluster.ID {
		return freshID(g.state.key(row).label(g.state.man.HasText), g.run, attempt)
	})
	for _, e := range events {
		g.events = append(g.events, Event{e, "rebuild"})
	}
	return err
}

// personBefore gives the person a record had before this run; none when it is
// new.
func (g *regroup) personBefore(row int32) cluster.ID {
	if old, ok := g.replace[row]; ok {
		return g.state.person(old)
	}
	if last := g.state.segments[len(g.state.segments)-1]; row >= last.start && len(g.state.segments) > 1 {
		return cluster.ID{}
	}
	return g.state.person(row)
}

// reach gathers the rows of all components that hold a seed, and gives, by place
// of a row, why its component was touched.
func (g *regroup) reach() []reason {
	g.local = make([]int32, g.state.rows()) // of the component at first, 1 for the first one
	least := float32(g.state.man.Rule.MinWeight)
	slices.Sort(g.starts)
	var whys []reason
	var queue []int32
	for _, start := range g.starts {
		if at := g.local[start]; at > 0 {
			whys[at-1] |= g.seeds[start]
			continue
		}
		whys = append(whys, g.seeds[start])
		component := int32(len(whys))
		enter := func(row int32) {
			if g.local[row] == 0 {
				g.local[row] = component
				queue = append(queue, row)
			}
		}
		enter(start)
		for len(queue) > 0 {
			row := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			g.rows = append(g.rows, row)
			g.state.neighbours(row, func(to int32, weight float32, _ int16) {
				if weight >= least {
					enter(to)
				}
			})
			for _, to := range g.facts.with[row] {
				enter(to)
			}
		}
	}
	g.state.inOrder(g.rows)
	reasons := make([]reason, len(g.rows))
	for i, row := range g.rows {
		reasons[i] = whys[g.local[row]-1]
		g.local[row] = int32(i) + 1
	}
	return reasons
}

// edges are those among the rows gathered.
func (g *regroup) edges() []cluster.Edge {
	var edges []cluster.Edge
	for i, row := range g.rows {
		g.state.neighbours(row, func(to int32, weight float32, _ int16) {
			if at := g.local[to] - 1; int32(i) < at {
				edges = append(edges, cluster.Edge{A: int32(i), B: at, Weight: weight})
			}
		})
	}
	return edges
}

func (g *regroup) inLocal(pairs []cluster.Pair) []cluster.Pair {
	var out []cluster.Pair
	for _, p := range pairs {
		if a, b := g.local[p.A]-1, g.local[p.B]-1; a >= 0 && b >= 0 {
			out = append(out, cluster.Pair{A: min(a, b), B: max(a, b)})
		}
	}
	return out
}

// explain gives every event the reasons of the components it concerns.
func (g *regroup) explain(events []cluster.Event, reasons []reason) {
	byID := map[cluster.ID]reason{}
	for _, e := range events {
		byID[e.ID], byID[e.Other] = 0, 0
	}
	add := func(id cluster.ID, why reason) {
		if _, ok := byID[id]; ok {
			byID[id] |= why
		}
	}
	for i, why := range reasons {
		add(g.before[i], why)
		add(g.ids[i], why)
	}
	for _, row := range g.gone {
		add(g.state.person(row), removedRecord)
	}
	delete(byID, cluster.ID{})
	for _, e := range events {
		g.events = append(g.events, Event{e, (byID[e.ID] | byID[e.Other]).String()})
	}
}

// freshID makes a person's id from the label of its first record and, after the
// first run, the run, so that an id is never made twice.
func freshID(label string, run, attempt int) cluster.ID {
	text := "tre person\x00" + label
	if run > 1 || attempt > 0 {
		text += fmt.Sprintf("\x00%d\x00%d", run, attempt)
	}
	sum := sha256.Sum256([]byte(text))
	id := cluster.ID(sum[:16])
	id[6] = id[6]&0x0f | 0x80 // UUID version 8: made by a rule of one's own
	id[8] = id[8]&0x3f | 0x80
	return id
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// line is what an index says of a record: its person, and how sure that is.
type line struct {
	person   cluster.ID
	step     string
	best     float32 // the strongest link within the person
	rule     int16
	runnerUp float32 // the strongest pair with a record of another person
	other    cluster.ID
	hasBest  bool
	hasOther bool
}

// The steps by which a record came to its person.
const (
	stepSingle        = "single"        // no other record is of its person
	stepProbabilistic = "probabilistic" // by its strongest link
	stepDecision      = "decision"      // by decisions only: it has no scored link to its person
	stepGone          = "gone"          // the record ended
)

// lineOf describes a record.
func (s *state) lineOf(row int32, person func(int32) cluster.ID, f *facts) line {
	l := line{person: person(row), step: stepSingle}
	s.neighbours(row, func(to int32, weight float32, rule int16) {
		other := person(to)
		switch {
		case other == l.person && (!l.hasBest || weight > l.best || weight == l.best && rule < l.rule):
			l.best, l.rule, l.hasBest = weight, rule, true
		case other != l.person && (!l.hasOther || weight > l.runnerUp || weight == l.runnerUp && string(other[:]) < string(l.other[:])):
			l.runnerUp, l.other, l.hasOther = weight, other, true
		}
	})
	switch {
	case l.hasBest:
		l.step = stepProbabilistic
	case len(f.with[row]) > 0:
		l.step = stepDecision
	}
	return l
}
