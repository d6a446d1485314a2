package index

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/linkage/block"
	"tre/linkage/cluster"
	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/score"
)

// builder makes a base out of all records.
type builder struct {
	Options
	folder *workspace.Folder
	man    *manifest
	old    *state // nil when there was no index

	table    *records.Table
	plan     *compare.Plan
	parts    []*part
	lexicons []*lexicon
	edges    []edge
	compared int64
	model    []byte
}

// build links all records. With an index before, ids are carried over.
func build(ctx context.Context, folder *workspace.Folder, before *manifest, o Options) (RunOf, error) {
	if o.Model == nil {
		return RunOf{}, noIndex(folder.Path())
	}
	if len(o.Records) == 0 {
		return RunOf{}, problem.New(problem.Usage, "name one or more CSV or Parquet files", "no records given")
	}
	if o.Change != "" || o.Gone != "" {
		return RunOf{}, problem.New(problem.Usage, "give all records as they are now", "the first run of an index knows no changes")
	}
	b := &builder{Options: o, folder: folder}
	if before != nil {
		old, err := openState(folder, before)
		if err != nil {
			return RunOf{}, err
		}
		defer old.close()
		b.old = old
	}
	if err := b.link(ctx); err != nil {
		return RunOf{}, err
	}
	return b.keep(ctx)
}

// refuseNames refuses a column of ids or sources that persons have for something
// else. In SQL case does not matter.
func refuseNames(m *model.Model) error {
	own := []string{"person_id", "step", "weight", "match_key", "runner_up", "runner_up_person", "margin", "first_run", "last_changed_run"}
	for _, name := range []string{m.UniqueID, m.SourceDataset} {
		if slices.ContainsFunc(own, func(taken string) bool { return strings.EqualFold(taken, name) }) {
			return problem.New(problem.Usage, "rename the column in the records and in the model", "an index writes a column %s of its own, and so cannot take ids or sources from one", name)
		}
	}
	return nil
}

// link reads and scores the records by the ordinary engine.
func (b *builder) link(ctx context.Context) error {
	t, err := readTable(ctx, b.Model, b.Records, "", b.Options)
	if err != nil {
		return err
	}
	b.describe(t)
	if hasSources(t) {
		t.AsSeveral()
	}
	b.table = t
	c := compare.NewCompiler(t, b.Strings)
	if b.parts, err = assemble(c, b.Model); err != nil {
		return err
	}
	placed := c.Placed()
	rules, err := block.Add(c, t, b.Model.LinkType, b.Model.BlockingRules)
	if err != nil {
		return err
	}
	b.plan = c.Finish()
	if err := refuseSlow(b.plan); err != nil {
		return err
	}
	for _, p := range placed {
		l, err := newLexicon(p, t.Column(p.Base))
		if err != nil {
			return err
		}
		b.lexicons = append(b.lexicons, l)
	}
	b.man.Stride = b.plan.Stride()
	return b.score(ctx, rules)
}

func (b *builder) score(ctx context.Context, rules *block.Rules) error {
	rules.Prepare(b.Threads)
	if err := rules.Check(block.Limits{MaxPairs: float64(b.MaxPairs)}); err != nil {
		if p, isProblem := errors.AsType[*problem.Problem](err); isProblem {
			p.Hint = pairsHint
		}
		return err
	}
	found := &collector{}
	summary, err := score.New(b.plan, b.Model, b.man.Least).Run(ctx, rules, b.Threads, found)
	for _, n := range summary.Compared {
		b.compared += n
	}
	b.edges = found.edges
	return err
}

// describe begins the manifest.
func (b *builder) describe(t *records.Table) {
	man := &manifest{Format: formatVersion, Strings: b.Strings.String(), Rule: b.ruleOf(), Least: b.leastWeight(), ID: t.IDName, IsWhole: t.IDs.Whole != nil, HasText: t.IDs.Whole == nil}
	if hasSources(t) {
		man.Source, man.HasText = b.Model.SourceDataset, true
		if b.old != nil {
			man.Sources = append(man.Sources, b.old.man.Sources...)
		}
	}
	if b.old != nil {
		man.Runs, man.Persons, man.Events, man.Decisions = b.old.man.Runs, b.old.man.Persons, b.old.man.Events, b.old.man.Decisions
	}
	b.man = man
}

// keep clusters what was found, names the persons and writes the base.
func (b *builder) keep(ctx context.Context) (RunOf, error) {
	if err := b.suitsOld(); err != nil {
		return RunOf{}, err
	}
	d, err := newDelivery(b.table, b.man, "")
	if err != nil {
		return RunOf{}, err
	}
	if b.model, err = canonical(b.Model); err != nil {
		return RunOf{}, err
	}
	sum := sha256.Sum256(b.model)
	b.man.Model = hex.EncodeToString(sum[:])
	b.man.Index = b.indexName(d)
	run := &runWriter{folder: b.folder, man: b.man, run: RunOf{Run: b.man.run() + 1, AsAt: b.AsAt, Kind: "build", Records: b.table.Rows, New: b.table.Rows, Compared: b.compared, Edges: len(b.edges)}, model: b.model}
	st := b.state(d, run.run.Run)
	g := &regroup{state: st, run: run.run.Run}
	if b.old != nil {
		b.carry(g, run)
	}
	if g.facts, err = run.decide(st, b.Constraints); err != nil {
		return RunOf{}, err
	}
	if err := g.decideAll(); err != nil {
		return RunOf{}, err
	}
	one := st.segments[0]
	one.people = g.ids
	run.lines = append(run.lines, st.allLines(g.facts)...)
	sortLines(run.lines)
	run.events = g.events
	run.count()
	one.index()
	one.tables = newHasher(b.parts, b.lexicons).tables(one.n, func(row int32) []int32 { return st.codes(row) }, b.Threads)
	return run.finish(ctx, st, true)
}

// suitsOld refuses a rebuild whose ids are not those of the index: persons
// could not keep theirs.
func (b *builder) suitsOld() error {
	if b.old == nil {
		return nil
	}
	o := b.old.man
	if o.ID != b.man.ID || o.Source != b.man.Source || o.IsWhole != b.man.IsWhole {
		return problem.New(problem.Usage, "give records with the same columns of ids and sources, or build another index", "the ids of the records are not of the kind the index has")
	}
	return nil
}

// indexName names the index by what it was built from.
func (b *builder) indexName(d *delivery) string {
	h := sha256.New()
	h.Write(b.model)
	for _, k := range d.keys {
		h.Write([]byte(k.label(b.man.HasText)))
		h.Write([]byte{0})
	}
	for _, l := range b.lexicons {
		h.Write(l.arena)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// state lays the records out as the base of an index.
func (b *builder) state(d *delivery, run int) *state {
	n := int32(b.table.Rows)
	one := &segment{n: n, ids: newIDs(d.keys, !b.man.HasText, d.sources(b.man)), codes: b.plan.Codes(), people: make([]cluster.ID, n), first: make([]int32, n)}
	for row := range one.first {
		one.first[row] = int32(run)
	}
	one.links = newAdjacency(b.edges, n, false)
	st := &state{folder: b.folder, man: b.man, segments: []*segment{one}, lexicons: b.lexicons, moved: map[int32]cluster.ID{}, dead: make([]uint64, n/64+1)}
	return st
}

// carry gives records the persons they had in the index before.
func (b *builder) carry(g *regroup, run *runWriter) {
	run.run.Kind, run.run.New = "rebuild", 0
	one := g.state.segments[0]
	known := make([]uint64, len(b.old.dead))
	for row := range one.n {
		old, isKnown := b.old.find(one.ids.key(row))
		if !isKnown {
			run.run.New++
			continue
		}
		known[old/64] |= 1 << (old % 64)
		one.people[row], one.first[row] = b.old.person(old), b.old.firstRun(old)
	}
	for row := range b.old.rows() {
		if !b.old.isDead(row) && known[row/64]>>(row%64)&1 == 0 {
			run.run.Gone++
			g.absent = append(g.absent, b.old.person(row))
			run.lines = append(run.lines, written{key: b.old.key(row), source: b.old.source(row), line: line{step: stepGone}, firstRun: b.old.firstRun(row)})
		}
	}
}
