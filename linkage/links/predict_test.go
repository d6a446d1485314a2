package links_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/linkage/links"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/score"
)

// modelsPerWorld is how many models are tried on each world drawn.
const modelsPerWorld = 5

// checks makes rapid draw so many worlds, or as many as -rapid.checks asks for:
// with 200, a thousand models are tried, in half a minute.
func checks(t *testing.T, n int, check func(*rapid.T)) {
	t.Helper()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		before := flag.Lookup("rapid.checks").Value.String()
		_ = flag.Set("rapid.checks", fmt.Sprint(n))
		defer func() { _ = flag.Set("rapid.checks", before) }()
	}
	rapid.Check(t, check)
}

// eachModel draws a world, reads it once, and tries several models on it.
func eachModel(t *testing.T, n int, try func(rt *rapid.T, db *duck.DB, w *world, table *records.Table, path string)) {
	t.Helper()
	db, choices := open(t), choices()
	checks(t, n, func(rt *rapid.T) {
		folder, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		w := drawWorld(rt, 40)
		w.write(rt, db, folder)
		w.tell(rt, db)
		in := records.In{Files: w.files, ID: "unique_id", Source: "source_dataset"}
		for _, c := range w.columns {
			in.Columns = append(in.Columns, c.name)
		}
		table, err := records.Read(t.Context(), in)
		if err != nil {
			rt.Fatal(err)
		}
		for range modelsPerWorld {
			w.drawModel(rt, choices[w.isCSV])
			try(rt, db, w, table, filepath.Join(folder, "model.json"))
		}
	})
}

func open(t testing.TB) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestPredictIsTheTextbook compares predict with a slow, obvious implementation:
// which pairs, under which rule, at which levels, with which weight. Now and then
// the pairs go through the file predict writes.
func TestPredictIsTheTextbook(t *testing.T) {
	eachModel(t, 20, func(rt *rapid.T, db *duck.DB, w *world, table *records.Table, path string) {
		w.writeModel(rt, path)
		o := newOracle(rt, db, w, path)
		o.block(rt, db)
		o.score()
		options := links.PredictOptions{Model: path, Out: filepath.Join(filepath.Dir(path), "pairs.parquet"), Records: w.files, Strings: w.strings,
			MinWeight: rapid.SampledFrom([]float64{math.Inf(-1), -10, 0, 3.3}).Draw(rt, "least weight"),
			Limits:    links.Limits{Threads: rapid.IntRange(1, 3).Draw(rt, "threads")}}
		if rapid.IntRange(0, 9).Draw(rt, "through a file") > 0 {
			o.compare(rt, predicted(rt, table, options), options.MinWeight)
			return
		}
		if _, err := links.Predict(t.Context(), options); err != nil {
			rt.Fatalf("predict: %v", err)
		}
		o.compare(rt, o.read(rt, db, options.Out), options.MinWeight)
	})
}

// predicted scores as predict does, without writing a file.
func predicted(t rapid.TB, table *records.Table, o links.PredictOptions) map[string]found {
	t.Helper()
	ctx := context.Background()
	m, _, err := links.ReadModel(o.Model)
	if err != nil {
		t.Fatal(err)
	}
	linker, err := score.Compile(m, table, o.Strings)
	if err != nil {
		t.Fatal(err)
	}
	linker.Rules.Prepare(o.Limits.Threads)
	sink := &gatherer{linker: linker, found: map[string]found{}}
	if _, err := score.New(linker.Plan, m, o.MinWeight).Run(ctx, linker.Rules, o.Limits.Threads, sink); err != nil {
		t.Fatal(err)
	}
	if sink.twice != "" {
		t.Fatalf("pair %s is found twice, %s, by %+v", sink.twice, m.LinkType, m.BlockingRules)
	}
	return sink.found
}

// gatherer keeps the pairs found.
type gatherer struct {
	linker *score.Linker
	found  map[string]found
	twice  string
}

func (g *gatherer) Take(f *score.Found) error {
	comparisons := g.linker.Model.Comparisons
	for i := range f.Left {
		name := g.linker.Table.Label(f.Left[i]) + " " + g.linker.Table.Label(f.Right[i])
		one := found{weight: f.Weight[i], probability: model.ProbabilityOf(f.Weight[i]), key: fmt.Sprint(f.Rule[i])}
		for c := range comparisons {
			one.gammas = append(one.gammas, comparisons[c].Gamma(int(f.Levels[i*len(comparisons)+c])))
		}
		if _, twice := g.found[name]; twice {
			g.twice = name
		}
		g.found[name] = one
	}
	return nil
}

// found is one row of a file of pairs.
type found struct {
	weight, probability float64
	key                 string
	gammas              []int
}

func (o *oracle) compare(rt rapid.TB, got map[string]found, least float64) {
	rt.Helper()
	for _, p := range o.pairs {
		name := o.world.label(o.world.rows[p.l]) + " " + o.world.label(o.world.rows[p.r])
		g, isThere := got[name]
		if math.Abs(p.weight-least) < 1e-9 {
			delete(got, name)
			continue // either is right
		}
		if wanted := p.rule >= 0 && p.weight >= least; isThere != wanted {
			rt.Fatalf("pair %s: written %v, wanted %v (rule %d of %+v, weight %v, levels %v, %s, least %v): %s", name, isThere, wanted, p.rule, o.model.Rules, p.weight, p.levels, o.model.LinkType, least, o.text)
		}
		delete(got, name)
		if !isThere {
			continue
		}
		if g.key != fmt.Sprint(p.rule) {
			rt.Fatalf("pair %s: rule %s, wanted %d of %+v", name, g.key, p.rule, o.model.Rules)
		}
		for i, level := range p.levels {
			if want := o.model.Comparisons[i].gamma(level); g.gammas[i] != want {
				rt.Fatalf("pair %s: gamma is %d, wanted %d, of %+v", name, g.gammas[i], want, o.model.Comparisons[i])
			}
		}
		if math.Abs(g.weight-p.weight) > 1e-9 {
			rt.Fatalf("pair %s: weight %v, wanted %v (levels %v of %+v)", name, g.weight, p.weight, p.levels, o.model.Comparisons)
		}
		if want := 1 / (1 + math.Pow(2, -p.weight)); math.Abs(g.probability-want) > 1e-12 {
			rt.Fatalf("pair %s: probability %v, wanted %v", name, g.probability, want)
		}
	}
	for name := range got {
		rt.Fatalf("pair %s: written, and is no pair", name)
	}
}

func (o *oracle) read(t rapid.TB, db *duck.DB, path string) map[string]found {
	t.Helper()
	label := func(side string) string {
		if len(o.world.sources) == 1 {
			return "unique_id" + side + "::VARCHAR"
		}
		return "source_dataset" + side + " || '-__-' || unique_id" + side
	}
	query := "SELECT " + label("_l") + " || ' ' || " + label("_r") + ", match_weight, match_probability, match_key"
	gammas := make([]int, len(o.model.Comparisons))
	var name string
	var f found
	into := []any{&name, &f.weight, &f.probability, &f.key}
	for i, c := range o.model.Comparisons {
		query += ", gamma_" + c.Name
		into = append(into, &gammas[i])
	}
	rows, err := db.Query(context.Background(), query+" FROM read_parquet("+duck.Text(path)+")")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]found{}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		if _, twice := all[name]; twice {
			t.Fatalf("pair %s is written twice, %s, by %+v", name, o.model.LinkType, o.model.Rules)
		}
		f.gammas = append([]int(nil), gammas...)
		all[name] = f
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// sameBytes fails when files differ.
func sameBytes(t testing.TB, a, b string) {
	t.Helper()
	x, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) {
		t.Errorf("%s and %s differ", filepath.Base(a), filepath.Base(b))
	}
}
