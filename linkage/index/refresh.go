package index

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
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

	fresh   *segment
	replace map[int32]int32 // by new row of a changed record: its old row
	killed  []int32         // rows that ended, of gone and of changed records
	gone    []int32         // those of records that are gone
}

// delivered are the tables read for one run.
type delivered struct {
	records, gone *records.Table
	placed        []compare.Placed // expressions over records
	err           error
}

func refresh(ctx context.Context, folder *workspace.Folder, man *manifest, o Options) (RunOf, error) {
	if len(o.Records) == 0 && o.Gone == "" && o.Constraints == "" {
		return RunOf{}, problem.New(problem.Usage, "name new or changed records, --gone or --constraints", "there is nothing to do")
	}
	// The delivery is read while the index is opened; but which columns it must
	// have, the model says.
	m, err := readModelOf(folder, man, o.Model)
	if err != nil {
		return RunOf{}, err
	}
	reading := make(chan delivered, 1)
	go func() { reading <- read(ctx, m, o) }()
	opening := make(chan opened, 1)
	go func() { opening <- openDB(ctx) }()
	st, err := openState(folder, man)
	in, db := <-reading, <-opening
	if db.err == nil {
		defer db.db.Close()
	}
	if err != nil {
		return RunOf{}, err
	}
	defer st.close()
	if in.err != nil {
		return RunOf{}, in.err
	}
	if db.err != nil {
		return RunOf{}, db.err
	}
	r := &refresher{Options: o, state: st, model: m, replace: map[int32]int32{}}
	r.writer = &runWriter{folder: folder, man: man, db: db.db, run: RunOf{Run: man.run() + 1, AsAt: o.AsAt, Kind: "refresh", Records: man.Runs[man.run()-1].Records}}
	return r.run(ctx, in)
}

type opened struct {
	db  *duck.DB
	err error
}

func openDB(ctx context.Context) opened {
	db, err := openWriter(ctx)
	return opened{db, err}
}

func read(ctx context.Context, m *model.Model, o Options) (d delivered) {
	if len(o.Records) > 0 {
		d.records, d.err = readTable(ctx, m, o.Records, o.Change, o)
		if d.err == nil {
			c := compare.NewCompiler(d.records, similarity.Characters) // texts are not compared here
			_, d.err = assemble(c, m)
			d.placed = c.Placed()
		}
	}
	if o.Gone != "" && d.err == nil {
		d.gone, d.err = records.Read(ctx, records.In{Files: []string{o.Gone}, ID: m.UniqueID, Source: m.SourceDataset, Threads: o.Threads, MemoryBytes: o.MemoryBytes})
	}
	return d
}

// readModelOf reads the model of an index, and refuses another one.
func readModelOf(folder *workspace.Folder, man *manifest, given *model.Model) (*model.Model, error) {
	if given != nil {
		written, err := canonical(given)
		if err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(written); hex.EncodeToString(sum[:]) != man.Model {
			return nil, problem.New(problem.Usage, "give the model the index was built with, or none; --rebuild with all records takes another model and carries ids over",
				"the model is not that of the index in %s", folder.Path())
		}
		return given, nil
	}
	c, err := openSection(folder.Path(man.Base.Name), "model")
	if err != nil {
		return nil, err
	}
	defer c.close()
	m, _, err := readModel(c)
	return m, err
}

func (r *refresher) run(ctx context.Context, in delivered) (RunOf, error) {
	before, err := r.writer.facts(r.state)
	if err != nil {
		return RunOf{}, err
	}
	if err := r.take(in); err != nil {
		return RunOf{}, err
	}
	r.writer.run.Records += r.writer.run.New - r.writer.run.Gone
	old := r.state.frozen()
	for _, row := range r.killed {
		r.state.kill(row)
	}
	if err := r.link(ctx); err != nil {
		return RunOf{}, err
	}
	now, err := r.writer.decide(r.state, r.Constraints)
	if err != nil {
		return RunOf{}, err
	}
	g := &regroup{state: r.state, facts: now, run: r.writer.run.Run, replace: r.replace, gone: r.gone}
	r.seed(g, old, before)
	if err := g.decide(); err != nil {
		return RunOf{}, err
	}
	r.describe(g, old, before)
	r.writer.events = g.events
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

// take reads the delivery into a segment: what is new or has changed.
func (r *refresher) take(in delivered) error {
	r.fresh = &segment{start: r.state.rows()}
	if r.writer.man.HasText {
		r.fresh.ids.offsets = []uint32{0}
	}
	if in.gone != nil {
		d, err := newDelivery(in.gone, r.writer.man, "")
		if err != nil {
			return err
		}
		for _, k := range d.keys {
			r.end(k)
		}
	}
	if in.records == nil {
		return nil
	}
	d, err := newDelivery(in.records, r.writer.man, r.Change)
	if err != nil {
		return err
	}
	codes, err := r.encode(d, in.placed)
	if err != nil {
		return err
	}
	return r.sort(d, codes)
}

// end takes a record that is gone.
func (r *refresher) end(k key) {
	row, isKnown := r.state.find(k)
	if !isKnown {
		r.writer.run.Unknown++
		return
	}
	r.killed, r.gone = append(r.killed, row), append(r.gone, row)
	r.writer.run.Gone++
}

// encode gives the codes of the delivery's records, by row of its table.
func (r *refresher) encode(d *delivery, placed []compare.Placed) ([]int32, error) {
	for _, l := range r.state.lexicons {
		kind, _ := kindOf(l.about.Kind)
		if c := d.table.Column(l.about.Name); l.isColumn() && c != nil && c.Kind != kind && c.Distinct() > 0 {
			return nil, problem.New(problem.Usage, "give the same type as before, or --rebuild with all records", "column %s is not of the type it has in the index, %s", l.about.Name, l.about.Kind)
		}
	}
	if !samePlaces(r.state.lexicons, placed) {
		return nil, otherVersion()
	}
	stride := len(placed)
	codes := make([]int32, stride*d.table.Rows)
	for at, p := range placed {
		l := r.state.lexicons[at]
		if l.len() == 0 && p.Column.Distinct() > 0 {
			l.about.Kind = kindName(p.Column.Kind)
		}
		renamed := l.translate(p.Column)
		for row, code := range p.Column.Codes {
			if code >= 0 {
				code = renamed[code]
			}
			codes[row*stride+at] = code
		}
	}
	r.derive(codes)
	return codes, nil
}

// derive notes which value of an expression goes with each new value of its
// column.
func (r *refresher) derive(codes []int32) {
	stride := r.writer.man.Stride
	for at, l := range r.state.lexicons {
		if !l.isDerived() {
			continue
		}
		column := slices.IndexFunc(r.state.lexicons, func(o *lexicon) bool { return o.isColumn() && o.about.Name == l.about.Base })
		since := len(l.of)
		l.of = append(slices.Clip(l.of), make([]int32, r.state.lexicons[column].len()-since)...)
		for row := 0; row < len(codes); row += stride {
			if value := codes[row+column]; int(value) >= since {
				l.of[value] = codes[row+at]
			}
		}
	}
}

// sort tells new, changed, unchanged and gone records apart.
func (r *refresher) sort(d *delivery, codes []int32) error {
	stride, man := r.writer.man.Stride, r.writer.man
	var columns []int
	for at, l := range r.state.lexicons {
		if l.isColumn() {
			columns = append(columns, at)
		}
	}
	ended := map[int32]bool{}
	for _, row := range r.killed {
		ended[row] = true
	}
	var keys []key
	var sources []int32
	origins := d.sources(man)
	for i, at := range d.order {
		k := d.keys[i]
		if d.gone != nil && d.gone[at] {
			r.end(k)
			continue
		}
		mine := codes[int(at)*stride:][:stride]
		old, isKnown := r.state.find(k)
		if isKnown && ended[old] {
			return problem.New(problem.Usage, "a record is either gone or changed", "a record is among those that are gone and among the records, at position %d by id", i+1)
		}
		if isKnown && !slices.ContainsFunc(columns, func(c int) bool { return mine[c] != r.state.codes(old)[c] }) {
			r.writer.run.Unchanged++
			continue
		}
		row := r.fresh.start + int32(len(keys))
		first := int32(r.writer.run.Run)
		if isKnown {
			r.replace[row], r.killed, first = old, append(r.killed, old), r.state.firstRun(old)
			r.writer.run.Changed++
		} else {
			r.writer.run.New++
		}
		keys = append(keys, k)
		r.fresh.codes, r.fresh.first = append(r.fresh.codes, mine...), append(r.fresh.first, first)
		if origins != nil {
			sources = append(sources, origins[i])
		}
	}
	r.fresh.n = int32(len(keys))
	r.fresh.ids = newIDs(keys, !man.HasText, sources)
	return nil
}

func otherVersion() error {
	return problem.New(problem.Failed, "give all records once more with --rebuild", "the index was built by a version of this program that compiled the model otherwise")
}

// link scores the new rows.
func (r *refresher) link(ctx context.Context) error {
	strings, _ := similarity.ParseStrings(r.writer.man.Strings)
	plan, parts, err := compileStored(r.model, r.state.lexicons, strings)
	if err != nil {
		return err
	}
	l := &linker{state: r.state, plan: plan, parts: parts, hash: newHasher(parts, r.state.lexicons), fresh: r.fresh, most: r.MaxPairs, isOnly: isLinkOnly(r.model, r.writer.man)}
	r.state.hash = l.hash
	r.state.add(r.fresh)
	r.fresh.index()
	stride := r.writer.man.Stride
	r.fresh.tables = l.hash.tables(r.fresh.n, func(row int32) []int32 { return r.fresh.codes[int(row)*stride:][:stride] })
	l.scorer = score.New(plan, r.model, r.writer.man.Least)
	edges, compared, err := l.run(ctx, r.Threads)
	if err != nil {
		return err
	}
	r.writer.run.Compared, r.writer.run.Edges = compared, len(edges)
	r.fresh.links = newAdjacency(edges, 0)
	r.fresh.dead = slices.Sorted(slices.Values(r.killed))
	return nil
}

// seed marks the rows from which touched components are found.
func (r *refresher) seed(g *regroup, old *state, before *facts) {
	g.seeds = make([]reason, r.state.rows())
	mark := func(row int32, why reason) {
		if r.state.isDead(row) {
			return
		}
		if g.seeds[row] == 0 {
			g.starts = append(g.starts, row)
		}
		g.seeds[row] |= why
	}
	changed := make(map[int32]bool, len(r.replace))
	for i := range r.fresh.n {
		row := r.fresh.start + i
		why := newRecord
		if old, isChange := r.replace[row]; isChange {
			why = changedRecord
			changed[old] = true
		}
		mark(row, why)
	}
	for _, row := range r.killed {
		why := removedRecord
		if changed[row] {
			why = changedRecord
		}
		old.neighbours(row, func(to int32, _ float32, _ int16) { mark(to, why) })
		for _, to := range before.with[row] {
			mark(to, why)
		}
	}
	if r.Constraints == "" {
		return
	}
	for _, f := range []*facts{before, g.facts} {
		for _, p := range slices.Concat(f.must, f.cannot) {
			mark(p.A, constraint)
			mark(p.B, constraint)
		}
	}
}
