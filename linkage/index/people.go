package index

import (
	"crypto/sha256"
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
// components that a run touched, or everything.
type regroup struct {
	state *state
	facts *facts
	run   int

	rows   []int32      // in the order of ids
	had    []cluster.ID // by place in rows: the person it had before
	absent []cluster.ID // persons of records that ended
	ids    []cluster.ID
	events []Event
}

// Event is a change of persons in a run.
type Event struct {
	cluster.Event
	Reason string
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
	g.had = one.people
	var events []cluster.Event
	g.ids, events, err = cluster.KeepIDs(g.had, g.absent, clusters.Cluster, func(row int32, attempt int) cluster.ID {
		return freshID(g.state.key(row).label(g.state.man.HasText), g.run, attempt)
	})
	for _, e := range events {
		g.events = append(g.events, Event{e, "rebuild"})
	}
	return err
}

// freshID makes a person's id from the label of its first record and, after the
// first run, the run, so that an id is never made twice.
func freshID(label string, run, attempt int) cluster.ID {
	text := append(make([]byte, 0, 64), "tre person\x00"...)
	text = append(text, label...)
	if run > 1 || attempt > 0 {
		text = strconv.AppendInt(append(text, 0), int64(run), 10)
		text = strconv.AppendInt(append(text, 0), int64(attempt), 10)
	}
	sum := sha256.Sum256(text)
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
	l := line{person: person(row)}
	s.neighbours(row, func(to int32, weight float32, rule int16) { l.see(person(to), weight, rule) })
	l.settle(len(f.with[row]) > 0)
	return l
}

// see takes a link to a record of a person into account.
func (l *line) see(other cluster.ID, weight float32, rule int16) {
	switch {
	case other == l.person && (!l.hasBest || weight > l.best || weight == l.best && rule < l.rule):
		l.best, l.rule, l.hasBest = weight, rule, true
	case other != l.person && (!l.hasOther || weight > l.runnerUp || weight == l.runnerUp && string(other[:]) < string(l.other[:])):
		l.runnerUp, l.other, l.hasOther = weight, other, true
	}
}

// settle says by which step the record came to its person, once all links were
// seen.
func (l *line) settle(isDecided bool) {
	switch {
	case l.hasBest:
		l.step = stepProbabilistic
	case isDecided:
		l.step = stepDecision
	default:
		l.step = stepSingle
	}
}
