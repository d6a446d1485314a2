package index

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"sync"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/linkage/cluster"
	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/score"
	"tre/linkage/similarity"
)

// refresher brings an index up to date.
type refresher struct {
	Options
	state  *state
	model  *model.Model
	writer *runWriter

	fresh      *segment
	replaced   []int32        // by row of fresh: the old row of a changed record; -1 for none
	background sync.WaitGroup // reads the files of the index
	compiling  chan compiled
	keys       []keyed // of fresh, by table
	killed     []int32 // rows that ended, of gone and of changed records
	gone       []int32 // those of records that are gone
}

// delivered are the tables read for one run.
type delivered struct {
	records, gone *records.Table
	err           error
}

func refresh(ctx context.Context, folder *workspace.Folder, man *manifest, o Options) (RunOf, error) {
	if len(o.Records) == 0 && o.Gone == "" && o.Constraints == "" {
		return RunOf{}, problem.New(problem.Usage, "name new or changed records, --gone or --constraints", "there is nothing to do")
	}
	base, err := openContainer(folder.Path(man.Base.Name))
	if err != nil {
		return RunOf{}, err
	}
	// The delivery is read while the index is opened; but which columns it must
	// have, the model says.
	m, err := modelOf(base, man, o.Model)
	if err != nil {
		base.close()
		return RunOf{}, err
	}
	reading := make(chan delivered, 1)
	go func() { reading <- read(ctx, m, o) }()
	st, err := mapState(folder, man, base)
	if err == nil {
		go st.checked() // link waits for it
	}
	in := <-reading
	if err != nil {
		return RunOf{}, err
	}
	defer st.close()
	if in.err != nil {
		return RunOf{}, in.err
	}
	r := &refresher{Options: o, state: st, model: m, compiling: make(chan compiled, 1)}
	defer r.background.Wait()
	r.writer = &runWriter{folder: folder, man: man, run: RunOf{Run: man.run() + 1, AsAt: o.AsAt, Kind: "refresh", Records: man.Runs[man.run()-1].Records}}
	return r.run(ctx, in)
}

func read(ctx context.Context, m *model.Model, o Options) (d delivered) {
	if len(o.Records) > 0 {
		d.records, d.err = readTable(ctx, m, o.Records, o.Change, o)
	}
	if o.Gone != "" && d.err == nil {
		d.gone, d.err = records.Read(ctx, records.In{Files: []string{o.Gone}, ID: m.UniqueID, Source: m.SourceDataset, Threads: o.Threads, MemoryBytes: o.MemoryBytes})
	}
	return d
}

// modelOf reads the model of an index from its base, and refuses another one.
func modelOf(base *container, man *manifest, given *model.Model) (*model.Model, error) {
	if given != nil {
		written, err := canonical(given)
		if err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(written); hex.EncodeToString(sum[:]) != man.Model {
			return nil, problem.New(problem.Usage, "give the model the index was built with, or none; --rebuild with all records takes another model and carries ids over",
				"the model is not that of the index in %s", filepath.Dir(base.path))
		}
		return given, nil
	}
	if err := base.check(func(name string) bool { return name == "model" }); err != nil {
		return nil, err
	}
	m, _, err := readModel(base)
	return m, err
}

func (r *refresher) run(ctx context.Context, in delivered) (RunOf, error) {
	before, err := r.writer.facts(r.state)
	if err != nil {
		return RunOf{}, err
	}
	old, err := r.take(in)
	if err != nil {
		return RunOf{}, err
	}
	if err := r.link(ctx); err != nil {
		return RunOf{}, err
	}
	now, err := r.writer.decide(r.state, r.Constraints)
	if err != nil {
		return RunOf{}, err
	}
	t := &touched{regroup: regroup{state: r.state, facts: now, run: r.writer.run.Run}, web: newWeb(r.state, old, webRows*int(r.fresh.n)+2*len(r.killed), r.Threads), factsBefore: before, replaced: r.replaced, gone: r.gone}
	r.seed(t)
	defer t.explaining.Wait()
	if err := t.decide(); err != nil {
		return RunOf{}, err
	}
	r.describe(t)
	t.explaining.Wait()
	r.writer.events = t.events
	r.writer.count()
	return r.writer.finish(ctx, r.state, int(r.state.rows()-r.state.segments[0].n)+r.writer.man.Dead > int(r.state.segments[0].n)/r.overlay)
}

// frozen is the index as it is now, while r.state goes on.
func (s *state) frozen() *state {
	old := *s
	old.segments = slices.Clone(s.segments)
	old.dead = slices.Clone(s.dead)
	return &old
}

// take reads the delivery into a segment: what is new or has changed. It gives
// the index as it was before. Meanwhile the model is compiled.
func (r *refresher) take(in delivered) (old *state, err error) {
	r.fresh = &segment{start: r.state.rows()}
	if r.writer.man.HasText {
		r.fresh.ids.offsets = []uint32{0}
	}
	if in.gone != nil {
		d, err := newDelivery(in.gone, r.writer.man, "")
		if err != nil {
			return nil, err
		}
		for _, row := range r.state.findAll(d.keys) {
			r.end(row)
		}
	}
	var d *delivery
	var codes []int32
	var parts []*part
	if in.records != nil {
		if d, err = newDelivery(in.records, r.writer.man, r.Change); err != nil {
			return nil, err
		}
		if codes, parts, err = r.encode(d); err != nil {
			return nil, err
		}
	}
	r.background.Go(func() { r.compiling <- r.compile() })
	if d == nil {
		return r.addNothing()
	}
	if err := r.sort(d, codes); err != nil {
		return nil, err
	}
	return r.add(parts), nil
}

// addNothing is add for a run without records, whose parts are those of the
// model compiled.
func (r *refresher) addNothing() (old *state, err error) {
	c := <-r.compiling
	r.compiling <- c
	return r.add(c.parts), c.err
}

// compiled is the model over the values of the index.
type compiled struct {
	plan   *compare.Plan
	parts  []*part
	scorer *score.Scorer
	err    error
}

func (r *refresher) compile() (c compiled) {
	strings, _ := similarity.ParseStrings(r.writer.man.Strings)
	if c.plan, c.parts, c.err = compileStored(r.model, r.state.lexicons, strings); c.err == nil {
		c.scorer = score.New(c.plan, r.model, r.writer.man.Least)
	}
	return c
}

// add adds the new rows to the index and takes the old ones out. It gives the
// index as it was before.
func (r *refresher) add(parts []*part) (old *state) {
	r.writer.run.Records += r.writer.run.New - r.writer.run.Gone
	old = r.state.frozen()
	killed := newRowSet(r.state.rows())
	for _, row := range r.killed {
		r.state.kill(row)
		killed.add(row)
	}
	r.fresh.dead = killed.drain(nil)
	r.state.add(r.fresh)
	r.fresh.index()
	r.state.hash = newHasher(parts, r.state.lexicons)
	stride := r.writer.man.Stride
	r.fresh.tables, r.keys = r.state.hash.keyedTables(r.fresh.n, func(row int32) []int32 { return r.fresh.codes[int(row)*stride:][:stride] }, r.Threads)
	return old
}

// end takes the row of a record that is gone; -1 when the index has none.
func (r *refresher) end(row int32) {
	if row < 0 {
		r.writer.run.Unknown++
		return
	}
	r.killed, r.gone = append(r.killed, row), append(r.gone, row)
	r.writer.run.Gone++
}

// sort tells new, changed, unchanged and gone records apart.
func (r *refresher) sort(d *delivery, codes []int32) error {
	stride, man := r.writer.man.Stride, r.writer.man
	ended := map[int32]bool{}
	for _, row := range r.killed {
		ended[row] = true
	}
	found := r.state.findAll(d.keys)
	r.state.touch(found)
	keys := make([]key, 0, len(found))
	r.fresh.codes, r.fresh.first, r.replaced = make([]int32, 0, len(codes)), make([]int32, 0, len(found)), make([]int32, 0, len(found))
	r.killed = slices.Grow(r.killed, len(found))
	var sources []int32
	origins := d.sources(man)
	isSame := r.sameRecord()
	for i, at := range d.order {
		if d.gone != nil && d.gone[at] {
			if !ended[found[i]] {
				r.end(found[i])
			}
			continue
		}
		mine, old := codes[int(at)*stride:][:stride], found[i]
		if old >= 0 && ended[old] {
			return problem.New(problem.Usage, "a record is either gone or changed", "a record is among those that are gone and among the records, at position %d by id", i+1)
		}
		if old >= 0 && isSame(mine, r.state.codes(old)) {
			r.writer.run.Unchanged++
			continue
		}
		keys = append(keys, d.keys[i])
		r.fresh.codes = append(r.fresh.codes, mine...)
		r.replace(old)
		if origins != nil {
			sources = append(sources, origins[i])
		}
	}
	r.fresh.n = int32(len(keys))
	r.fresh.ids = newIDs(keys, !man.HasText, sources)
	return nil
}

// sameRecord says of the codes of two records whether all columns agree.
func (r *refresher) sameRecord() func(a, b []int32) bool {
	var columns []int
	for at, l := range r.state.lexicons {
		if l.isColumn() {
			columns = append(columns, at)
		}
	}
	return func(a, b []int32) bool {
		return !slices.ContainsFunc(columns, func(c int) bool { return a[c] != b[c] })
	}
}

// replace takes the next new row, of a changed record whose old row is given or
// of a new one.
func (r *refresher) replace(old int32) {
	first := int32(r.writer.run.Run)
	if old >= 0 {
		r.killed, first = append(r.killed, old), r.state.firstRun(old)
		r.writer.run.Changed++
	} else {
		r.writer.run.New++
	}
	r.replaced, r.fresh.first = append(r.replaced, old), append(r.fresh.first, first)
}

func otherVersion() error {
	return problem.New(problem.Failed, "give all records once more with --rebuild", "the index was built by a version of this program that compiled the model otherwise")
}

// link scores the new rows.
func (r *refresher) link(ctx context.Context) error {
	if err := r.state.checked(); err != nil {
		return err
	}
	c := <-r.compiling
	if c.err != nil {
		return c.err
	}
	l := &linker{state: r.state, plan: c.plan, scorer: c.scorer, parts: c.parts, hash: r.state.hash, keys: r.keys, fresh: r.fresh, replaced: r.replaced, most: r.MaxPairs, isOnly: isLinkOnly(r.model, r.writer.man)}
	edges, compared, err := l.run(ctx, r.Threads)
	if err != nil {
		return err
	}
	r.writer.run.Compared, r.writer.run.Edges = compared, len(edges)
	r.fresh.links = newAdjacency(edges, r.state.rows(), true)
	return nil
}

// webRows is how many rows are reserved room for each new one: itself, and those
// it is linked with.
const webRows = 3

// seed marks the rows from which touched components are found.
func (r *refresher) seed(t *touched) {
	t.seeds = make([]reason, r.state.rows())
	clear(t.seeds) // written first, fresh memory is handed out once; read first, twice
	t.starts = newRowSet(r.state.rows())
	mark := func(row int32, why reason) {
		if r.state.isDead(row) {
			return
		}
		t.seeds[row] |= why
		t.starts.add(row)
	}
	for i, old := range r.replaced {
		why := newRecord
		if old >= 0 {
			why = changedRecord
		}
		mark(r.fresh.start+int32(i), why)
	}
	isGone := newRowSet(r.state.rows())
	for _, row := range r.gone {
		isGone.add(row)
	}
	t.web.add(r.fresh.dead)
	for place, row := range t.web.rows {
		why := changedRecord
		if isGone.has(row) {
			why = removedRecord
		}
		for _, s := range t.web.around(int32(place)) {
			if s.was {
				mark(s.to, why)
			}
		}
		for _, to := range t.factsBefore.with[row] {
			mark(to, why)
		}
	}
	if r.Constraints == "" {
		return
	}
	for _, f := range []*facts{t.factsBefore, t.facts} {
		for _, p := range slices.Concat(f.must, f.cannot) {
			mark(p.A, constraint)
			mark(p.B, constraint)
		}
	}
}

// describe gives the lines that changed, and the persons rows came under.
func (r *refresher) describe(t *touched) {
	r.fresh.people = make([]cluster.ID, r.fresh.n)
	for i, row := range t.rows {
		if row >= r.fresh.start {
			r.fresh.people[row-r.fresh.start] = t.ids[i]
		} else if t.ids[i] != t.had[i] {
			r.fresh.moved, r.fresh.movedTo = append(r.fresh.moved, row), append(r.fresh.movedTo, t.ids[i])
		}
	}
	affected := t.affected()
	t.name()
	r.state.touchRecords(affected)
	lines := make([]written, len(affected))
	inParallel(len(affected), r.Threads, func(i int) {
		row := affected[i]
		l := line{step: stepGone}
		if !r.state.isDead(row) {
			if l = t.line(row); row < r.fresh.start && l == t.lineBefore(row) {
				return
			}
		}
		lines[i] = written{r.state.key(row), r.state.source(row), l, r.state.firstRun(row)}
	})
	r.writer.lines = slices.DeleteFunc(lines, func(l written) bool { return l.line.step == "" })
	for i, row := range r.fresh.moved {
		r.state.moved[row] = r.fresh.movedTo[i]
	}
}
