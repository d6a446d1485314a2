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

	seeds    []reason     // by row of the index: why the run touched it
	starts   rowSet       // the rows with a seed
	replaced []int32      // by new row, counted from the first: the old row of a changed record; -1 for none
	gone     []int32      // rows of records that ended
	local    []int32      // by place in the web: the place in rows; -1 for none
	places   []int32      // by place in rows: that in the web
	now      []cluster.ID // by place in the web: the person after the run

	reasons    []reason // by place in rows: why the component was touched
	explaining sync.WaitGroup
}

// decide finds the touched components, clusters them and carries ids over. Why
// persons changed is known once explaining is done.
func (t *touched) decide() error {
	t.reach()
	t.explaining.Go(func() {
		t.findBefore()
		t.findReasons()
	})
	clusters, err := cluster.Bridges(len(t.rows), t.edges(), t.state.man.Rule, cluster.Constraints{Must: t.inLocal(t.facts.must), Cannot: t.inLocal(t.facts.cannot)})
	if err != nil {
		return err
	}
	t.explaining.Wait()
	ids, events, err := cluster.KeepIDs(t.had, t.absent, clusters.Cluster, func(row int32, attempt int) cluster.ID {
		return freshID(t.state.key(t.rows[row]).label(t.state.man.HasText), t.run, attempt)
	})
	if err != nil {
		return err
	}
	t.ids = ids
	t.explaining.Go(func() { t.explain(events) })
	return nil
}

// findBefore finds the persons that records had.
func (t *touched) findBefore() {
	t.had = make([]cluster.ID, len(t.rows))
	for i, row := range t.rows {
		t.had[i] = t.personBefore(row, t.places[i])
	}
	for _, row := range t.gone {
		t.absent = append(t.absent, t.web.personBefore(row))
	}
}

// personBefore gives the person a record had before this run; none when it is
// new.
func (t *touched) personBefore(row, place int32) cluster.ID {
	if row < t.web.fresh {
		return t.web.person[place]
	}
	if old := t.replaced[row-t.web.fresh]; old >= 0 {
		return t.web.personBefore(old)
	}
	return cluster.ID{}
}

// reach gathers the rows of all components that hold a seed. Rows that ended are
// in the web already.
func (t *touched) reach() {
	w := t.web
	for next := t.starts.drain(nil); len(next) > 0; {
		from := int32(len(w.rows))
		w.add(next)
		next = t.beyond(from, next[:0])
	}
	w.resolve(0)
	reached := t.starts // empty by now
	for _, row := range w.rows {
		if !t.state.isDead(row) {
			reached.add(row)
		}
	}
	t.rows = reached.drain(make([]int32, 0, len(w.rows)))
	t.state.inOrder(t.rows)
	t.local = make([]int32, len(w.rows))
	for place := range t.local {
		t.local[place] = -1
	}
	t.places = make([]int32, len(t.rows))
	for i, row := range t.rows {
		t.places[i] = w.place(row)
		t.local[t.places[i]] = int32(i)
	}
}

// beyond appends the rows that are not in the web and that those from a place
// on are joined with.
func (t *touched) beyond(from int32, rows []int32) []int32 {
	least := float32(t.state.man.Rule.MinWeight)
	w, found := t.web, t.starts
	for place := from; place < int32(len(w.rows)); place++ {
		for _, s := range w.around(place) {
			if s.is && s.weight >= least && w.place(s.to) < 0 {
				found.add(s.to)
			}
		}
		for _, to := range t.facts.with[w.rows[place]] {
			if w.place(to) < 0 {
				found.add(to)
			}
		}
	}
	return found.drain(rows)
}

// findReasons says, by place in rows, why the component was touched.
func (t *touched) findReasons() {
	w, least := t.web, float32(t.state.man.Rule.MinWeight)
	components := make([]int32, len(w.rows)) // by place: 1 + the component
	clear(components)
	var whys []reason
	var queue []int32
	for _, start := range t.places {
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
					enter(s.at)
				}
			}
			for _, to := range t.facts.with[w.rows[place]] {
				enter(w.place(to))
			}
		}
	}
	t.reasons = make([]reason, len(t.rows))
	for i, place := range t.places {
		t.reasons[i] = whys[components[place]-1]
	}
}

// localOf gives the place in rows of a row of the index, or -1.
func (t *touched) localOf(row int32) int32 {
	if place := t.web.place(row); place >= 0 {
		return t.local[place]
	}
	return -1
}

// edges are those among the rows gathered.
func (t *touched) edges() []cluster.Edge {
	edges := make([]cluster.Edge, 0, len(t.rows))
	for i, place := range t.places {
		for _, s := range t.web.around(place) {
			if !s.is || s.at < 0 {
				continue
			}
			if to := t.local[s.at]; to > int32(i) {
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
func (t *touched) explain(events []cluster.Event) {
	byID := map[cluster.ID]reason{}
	for _, e := range events {
		byID[e.ID], byID[e.Other] = 0, 0
	}
	add := func(id cluster.ID, why reason) {
		if _, ok := byID[id]; ok {
			byID[id] |= why
		}
	}
	for i, why := range t.reasons {
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
	w, around := t.web, t.starts // empty by now
	for place, i := range t.local {
		if i >= 0 && w.rows[place] < w.fresh && t.ids[i] == t.had[i] {
			continue // of records that ended, and of those whose person changed
		}
		for _, s := range w.around(int32(place)) {
			if s.is && s.at < 0 {
				around.add(s.to)
			}
		}
	}
	first := len(w.strands)
	extra := around.drain(nil)
	w.add(extra)
	w.resolve(first)
	for _, row := range slices.Concat(t.gone, extra) {
		around.add(row)
	}
	all := around.drain(slices.Clone(t.rows))
	t.state.inOrder(all[len(t.rows):])
	return t.state.mergeTwo(all[:len(t.rows)], all[len(t.rows):])
}

// name gives the rows of the web their persons after the run.
func (t *touched) name() {
	t.now = slices.Clone(t.web.person)
	for i, place := range t.places {
		t.now[place] = t.ids[i]
	}
}

// line describes a row of the web after the run.
func (t *touched) line(row int32) line {
	place := t.web.place(row)
	l := line{person: t.now[place]}
	for _, s := range t.web.around(place) {
		if s.is {
			l.see(t.personAt(t.now, s), s.weight, s.rule)
		}
	}
	l.settle(len(t.facts.with[row]) > 0)
	return l
}

// lineBefore describes a row of the web before the run.
func (t *touched) lineBefore(row int32) line {
	place := t.web.place(row)
	l := line{person: t.web.person[place]}
	for _, s := range t.web.around(place) {
		if s.was {
			l.see(t.personAt(t.web.person, s), s.weight, s.rule)
		}
	}
	l.settle(len(t.factsBefore.with[row]) > 0)
	return l
}

// personAt gives the person that a strand leads to, by place in the web. What is
// not in the web did not change.
func (t *touched) personAt(persons []cluster.ID, s strand) cluster.ID {
	if s.at >= 0 {
		return persons[s.at]
	}
	return t.state.person(s.to)
}
