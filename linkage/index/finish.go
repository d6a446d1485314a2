package index

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"sync"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/linkage/cluster"
	"tre/linkage/model"
)

// runWriter writes what a run found, and switches the manifest last.
type runWriter struct {
	folder *workspace.Folder
	man    *manifest
	run    RunOf
	model  []byte // of a build

	lines     []written
	events    []Event
	decisions []byte // a new file of decisions; nil keeps the one before
}

func readModel(c *container) (*model.Model, []string, error) {
	return model.Read(bytes.NewReader(c.sections["model"]), c.path)
}

// facts reads the decisions that held before the run.
func (w *runWriter) facts(s *state) (*facts, error) {
	if w.man.Decisions == "" {
		f := &facts{}
		f.index()
		return f, nil
	}
	data, err := w.folder.Read(w.man.Decisions)
	if err != nil {
		return nil, problem.Wrap(err, problem.Failed, corruptHint, "cannot read the decisions of the index")
	}
	return s.apply(w.man.Decisions, data)
}

// decide gives the decisions that hold in the run, and takes a new file of
// them.
func (w *runWriter) decide(s *state, path string) (*facts, error) {
	if path == "" {
		return w.facts(s)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name a file of decisions", "cannot read %s", path)
	}
	w.decisions = data
	return s.apply(path, data)
}

// apply finds the rows of decisions.
func (s *state) apply(name string, data []byte) (*facts, error) {
	d, err := cluster.ReadDecisions(name, bytes.NewReader(data), func(id string) (int32, bool) {
		k, ok := s.man.keyOf(id)
		if !ok {
			return 0, false
		}
		return s.find(k)
	})
	if err != nil {
		return nil, err
	}
	f := &facts{must: d.Must, cannot: d.Cannot}
	f.index()
	return f, nil
}

// count fills in what the run's record says of events and lines.
func (w *runWriter) count() {
	w.run.Moved = len(w.lines)
	for _, e := range w.events {
		switch e.Kind {
		case cluster.Merged:
			w.run.Merges++
		case cluster.Split:
			w.run.Splits++
		}
	}
}

func sortLines(lines []written) {
	slices.SortFunc(lines, func(a, b written) int { return cmp.Or(compareKeys(a.key, b.key)) })
}

// allLines describes every record of an index of one segment whose people are
// decided.
func (s *state) allLines(f *facts) []written {
	one := s.segments[0]
	lines := make([]written, one.n)
	person := func(row int32) cluster.ID { return one.people[row] }
	inParallel(int(one.n), 2, func(i int) {
		row := int32(i)
		lines[row] = written{one.ids.key(row), s.source(row), s.lineOf(row, person, f), one.first[row]}
	})
	return lines
}

// inParallel shares n things out among workers.
func inParallel(n, workers int, do func(i int)) {
	share := (n + workers - 1) / workers
	var all sync.WaitGroup
	for from := 0; from < n; from += share {
		all.Go(func() {
			for i := from; i < min(from+share, n); i++ {
				do(i)
			}
		})
	}
	all.Wait()
}

// finish writes the run's files and then the manifest that names them. The
// state's last segment is the run's, unless the run makes a base.
func (w *runWriter) finish(ctx context.Context, st *state, asBase bool) (RunOf, error) {
	man := w.man
	persons, events := fileName("persons", w.run.Run, "parquet"), fileName("events", w.run.Run, "parquet")
	told := make(chan error, 2)
	run := w.run
	go func() { told <- man.writePersons(ctx, w.folder, persons, run.Run, w.lines) }()
	go func() { told <- writeEvents(ctx, w.folder, events, run, w.events) }()
	err := w.state(st, asBase)
	if err := errors.Join(<-told, <-told, err); err != nil {
		return RunOf{}, err
	}
	man.Runs, man.Persons, man.Events = append(man.Runs, w.run), append(man.Persons, persons), append(man.Events, events)
	if err := man.write(w.folder); err != nil {
		return RunOf{}, err
	}
	if asBase {
		return w.run, man.sweep(w.folder)
	}
	return w.run, nil
}

// state writes the working files of the run.
func (w *runWriter) state(st *state, asBase bool) error {
	if w.decisions != nil {
		w.man.Decisions = fileName("decisions", w.run.Run, "csv")
		if err := w.folder.Write(w.man.Decisions, w.decisions); err != nil {
			return err
		}
	}
	if asBase {
		return w.base(st)
	}
	return w.segment(st)
}

func (s *state) kinds() []string {
	var kinds []string
	for _, l := range s.lexicons {
		kinds = append(kinds, l.about.Kind)
	}
	return kinds
}

func (w *runWriter) segment(st *state) error {
	one := st.segments[len(st.segments)-1]
	name := fileName("segment", w.run.Run, "bin")
	c := &contents{}
	c.json("segment", segmentAbout{Index: w.man.Index, Run: w.run.Run, Start: one.start, Rows: one.n, Kinds: st.kinds()})
	one.put(c)
	for at, l := range st.lexicons {
		l.putAdded(c, at, st.added[at], st.ofs[at])
	}
	w.man.Segments = append(w.man.Segments, file{name, one.n})
	w.man.Dead += len(one.dead)
	return c.write(w.folder, name)
}

// base writes a base: the only segment of a build, or all living rows.
func (w *runWriter) base(st *state) error {
	one, model := st.segments[0], w.model
	if w.model == nil {
		model = st.segments[0].file.sections["model"]
		one = st.compacted()
		w.run.Compacted = true
	}
	name := fileName("base", w.run.Run, "bin")
	c := &contents{}
	c.json("segment", segmentAbout{Index: w.man.Index, Run: w.run.Run, Start: 0, Rows: one.n, Kinds: st.kinds()})
	c.bytes("model", model)
	one.put(c)
	for at, l := range st.lexicons {
		l.put(c, at)
	}
	w.man.Base, w.man.Segments, w.man.Dead = file{name, one.n}, nil, 0
	return c.write(w.folder, name)
}
