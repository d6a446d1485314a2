package index

import (
	"slices"
	"sync"

	"tre/linkage/cluster"
)

// touched decides anew the components that a refresh touched.
type touched struct {
	regroup
	web         *web
	factsBefore *facts // the decisions that held before

	seeds    []reason // by row of the index: why the run touched it
	starts   []int32  // the rows with a seed
	replaced []int32  // by new row, counted from the first: the old row of a changed record; -1 for none
	gone     []int32  // rows of records that ended
	local    []int32  // by place in the web: the place in rows; -1 for none
	places   []int32  // by place in rows: that in the web
}

// decide finds the touched components, clusters them and carries ids over.
func (t *touched) decide() error {
	first := t.reach()
	var reasons []reason
	var explaining sync.WaitGroup
	explaining.Go(func() { reasons = t.reasons(first) })
	defer explaining.Wait()
	clusters, err := cluster.Bridges(len(t.rows), t.edges(), t.state.man.Rule, cluster.Constraints{Must: t.inLocal(t.facts.must), Cannot: t.inLocal(t.facts.cannot)})
	if err != nil {
		return err
	}
	t.had = make([]cluster.ID, len(t.rows))
	for i, row := range t.rows {
		t.had[i] = t.personBefore(row)
	}
	for _, row := range t.gone {
		t.absent = append(t.absent, t.web.personBefore(row))
	}
	ids, events, err := cluster.KeepIDs(t.had, t.absent, clusters.Cluster, func(row int32, attempt int) cluster.ID {
		return freshID(t.state.key(t.rows[row]).label(t.state.man.HasText), t.run, attempt)
	})
	if err != nil {
		return err
	}
	t.ids = ids
	explaining.Wait()
	t.explain(events, reasons)
	return nil
}

// personBefore gives the person a record had before this run; none when it is
// new.
func (t *touched) personBefore(row int32) cluster.ID {
	if row < t.web.fresh {
		return t.web.personBefore(row)
	}
	if old := t.replaced[row-t.web.fresh]; old >= 0 {
		return t.web.personBefore(old)
	}
	return cluster.ID{}
}

// reach gathers the rows of all components that hold a seed, and gives the place
// in the web of the first: rows that ended stand before.
func (t *touched) reach() int32 {
	w := t.web
	first := int32(len(w.rows))
	slices.Sort(t.starts)
	for next := t.starts; len(next) > 0; {
		from := int32(len(w.rows))
		w.add(next)
		next = t.beyond(from)
	}
	t.rows = slices.Clone(w.rows[first:])
	t.state.inOrder(t.rows)
	t.local = make([]int32, len(w.rows))
	for place := range first {
		t.local[place] = -1
	}
	t.places = make([]int32, len(t.rows))
	for i, row := range t.rows {
		t.places[i] = w.place(row)
		t.local[t.places[i]] = int32(i)
	}
	return first
}

// beyond gives the rows that are not in the web and that those from a place on
// are joined with.
func (t *touched) beyond(from int32) (rows []int32) {
	least := float32(t.state.man.Rule.MinWeight)
	w := t.web
	for place := from; place < int32(len(w.rows)); place++ {
		for _, s := range w.around(place) {
			if s.is && s.weight >= least && w.place(s.to) < 0 {
				rows = append(rows, s.to)
			}
		}
		for _, to := range t.facts.with[w.rows[place]] {
			if w.place(to) < 0 {
				rows = append(rows, to)
			}
		}
	}
	slices.Sort(rows)
	return slices.Compact(rows)
}

// reasons gives, by place in rows, why the component was touched.
func (t *touched) reasons(first int32) []reason {
	w, least := t.web, float32(t.state.man.Rule.MinWeight)
	components := make([]int32, len(w.rows)) // by place: 1 + the component
	var whys []reason
	var queue []int32
	for start := first; start < int32(len(w.rows)); start++ {
		if components[start] > 0 {
			continue
		}
		whys = append(whys, 0)
		component := int32(len(whys))
		enter := func(place int32) {
			if components[place] == 0 {
				components[place] = component
				queue = append(queue, place)
			}
		}
		enter(start)
		for len(queue) > 0 {
			place := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			whys[component-1] |= t.seeds[w.rows[place]]
			for _, s := range w.around(place) {
				if s.is && s.weight >= least {
					enter(w.place(s.to))
				}
			}
			for _, to := range t.facts.with[w.rows[place]] {
				enter(w.place(to))
			}
		}
	}
	reasons := make([]reason, len(t.rows))
	for i, place := range t.places {
		reasons[i] = whys[components[place]-1]
	}
	return reasons
}

// localOf gives the place in rows of a row of the index, or -1.
func (t *touched) localOf(row int32) int32 {
	if place := t.web.place(row); place >= 0 && int(place) < len(t.local) {
		return t.local[place]
	}
	return -1
}

// edges are those among the rows gathered.
func (t *touched) edges() []cluster.Edge {
	var edges []cluster.Edge
	for i, place := range t.places {
		for _, s := range t.web.around(place) {
			if !s.is {
				continue
			}
			if to := t.localOf(s.to); to > int32(i) {
				edges = append(edges, cluster.Edge{A: int32(i), B: to, Weight: s.weight})
			}
		}
	}
	return edges
}

func (t *touched) inLocal(pairs []cluster.Pair) []cluster.Pair {
	var out []cluster.Pair
	for _, p := range pairs {
		if a, b := t.localOf(p.A), t.localOf(p.B); a >= 0 && b >= 0 {
			out = append(out, cluster.Pair{A: min(a, b), B: max(a, b)})
		}
	}
	return out
}

// explain gives every event the reasons of the components it concerns.
func (t *touched) explain(events []cluster.Event, reasons []reason) {
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
		add(t.had[i], why)
		if t.ids[i] != t.had[i] {
			add(t.ids[i], why)
		}
	}
	for _, id := range t.absent {
		add(id, removedRecord)
	}
	delete(byID, cluster.ID{})
	for _, e := range events {
		t.events = append(t.events, Event{e, (byID[e.ID] | byID[e.Other]).String()})
	}
}

// affected are the rows whose lines may have changed, and those of records that
// are gone, in the order of ids. Those around what changed are added to the web.
func (t *touched) affected() []int32 {
	w := t.web
	var around []int32
	look := func(place int32) {
		for _, s := range w.around(place) {
			if s.is && w.place(s.to) < 0 {
				around = append(around, s.to)
			}
		}
	}
	for place := range int32(len(t.local)) {
		if i := t.local[place]; i < 0 || w.rows[place] >= w.fresh || t.ids[i] != t.had[i] {
			look(place)
		}
	}
	slices.Sort(around)
	around = slices.Compact(around)
	w.add(around)
	all := slices.Concat(t.rows, around, t.gone)
	t.state.inOrder(all)
	return all
}

// personNow is the person of a row after the run.
func (t *touched) personNow(row int32) cluster.ID {
	if i := t.localOf(row); i >= 0 {
		return t.ids[i]
	}
	return t.web.personBefore(row)
}

// line describes a row of the web after the run.
func (t *touched) line(row int32) line {
	l := line{person: t.personNow(row)}
	for _, s := range t.web.around(t.web.place(row)) {
		if s.is {
			l.see(t.personNow(s.to), s.weight, s.rule)
		}
	}
	l.settle(len(t.facts.with[row]) > 0)
	return l
}

// lineBefore describes a row of the web before the run.
func (t *touched) lineBefore(row int32) line {
	l := line{person: t.web.personBefore(row)}
	for _, s := range t.web.around(t.web.place(row)) {
		if s.was {
			l.see(t.web.personBefore(s.to), s.weight, s.rule)
		}
	}
	l.settle(len(t.factsBefore.with[row]) > 0)
	return l
}
