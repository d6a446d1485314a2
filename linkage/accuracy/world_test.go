package accuracy_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tre/linkage/accuracy"
)

// record is one record of an invented world; person 0 is nobody known.
type record struct {
	source, id, group string
	person, cluster   int // cluster 0: in no cluster
}

func (r record) key() string { return r.source + "/" + r.id }

// scoredPair is a pair of records with its weight.
type scoredPair struct {
	a, b   int
	weight float64
}

type world struct {
	records []record
	pairs   []scoredPair
	sources int
}

// drawWorld draws a few records from so few people, clusters and groups that
// they overlap, and some of their pairs.
func drawWorld(t *rapid.T) world {
	w := world{sources: rapid.IntRange(1, 3).Draw(t, "sources")}
	for i := range rapid.IntRange(w.sources+1, 14).Draw(t, "records") {
		source := rapid.IntRange(0, w.sources-1).Draw(t, "source")
		if i < w.sources {
			source = i // every input has a record
		}
		w.records = append(w.records, record{
			source: string(rune('a' + source)), id: fmt.Sprint(i), group: rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "group"),
			person: rapid.IntRange(0, 5).Draw(t, "person"), cluster: rapid.IntRange(0, 5).Draw(t, "cluster"),
		})
	}
	w.records[0].person = 1
	for i := range w.records {
		for j := i + 1; j < len(w.records); j++ {
			if !rapid.Bool().Draw(t, "scored") {
				continue
			}
			p := scoredPair{a: i, b: j, weight: rapid.SampledFrom([]float64{-7.26, -0.04, 0, 0.05, 0.06, 0.15, 3.3, 3.34, 12}).Draw(t, "weight")}
			if rapid.Bool().Draw(t, "turned") {
				p.a, p.b = p.b, p.a
			}
			w.pairs = append(w.pairs, p)
		}
	}
	return w
}

// write gives the files of the world: records by source, pairs and clusters.
func (w world) write(t testing.TB, folder string) (records []string, pairs, clusters string) {
	t.Helper()
	files := map[string]*strings.Builder{}
	file := func(name, header string) *strings.Builder {
		if files[name] == nil {
			files[name] = &strings.Builder{}
			fmt.Fprintln(files[name], header)
		}
		return files[name]
	}
	c := file("clusters", "cluster_id,source_dataset,unique_id")
	p := file("pairs", "source_dataset_l,source_dataset_r,unique_id_l,unique_id_r,match_weight")
	for _, r := range w.records {
		fmt.Fprintf(file(r.source, "unique_id,who,band"), "%s,%s,%s\n", r.id, text(r.person), r.group)
		if r.cluster > 0 {
			fmt.Fprintf(c, "c%d,%s,%s\n", r.cluster, r.source, r.id)
		}
	}
	for _, s := range w.pairs {
		a, b := w.records[s.a], w.records[s.b]
		fmt.Fprintf(p, "%s,%s,%s,%s,%v\n", a.source, b.source, a.id, b.id, s.weight)
	}
	for name, content := range files {
		path := filepath.Join(folder, name+".csv")
		if err := os.WriteFile(path, []byte(content.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if len(name) == 1 {
			records = append(records, path)
		}
	}
	slices.Sort(records)
	return records, filepath.Join(folder, "pairs.csv"), filepath.Join(folder, "clusters.csv")
}

func text(person int) string {
	if person == 0 {
		return ""
	}
	return fmt.Sprint("p", person)
}

func (w world) linkType(t *rapid.T) accuracy.LinkType {
	if w.sources == 1 {
		return accuracy.DedupeOnly
	}
	return rapid.SampledFrom([]accuracy.LinkType{accuracy.LinkOnly, accuracy.LinkAndDedupe}).Draw(t, "link type")
}

// candidates lists every pair of known records that could be a link.
func (w world) candidates(kind accuracy.LinkType, known func(record) bool) [][2]int {
	var all [][2]int
	for i, a := range w.records {
		for j := i + 1; j < len(w.records); j++ {
			b := w.records[j]
			if known(a) && known(b) && !(kind == accuracy.LinkOnly && a.source == b.source) {
				all = append(all, [2]int{i, j})
			}
		}
	}
	return all
}

func (w world) weights() map[[2]int]float64 {
	of := map[[2]int]float64{}
	for _, p := range w.pairs {
		of[[2]int{min(p.a, p.b), max(p.a, p.b)}] = p.weight
	}
	return of
}

// counted is the four counts, by looking at every pair.
type counted struct{ tp, fp, fn, tn float64 }

// count looks at every pair: linked says which are linked.
func count(pairs [][2]int, linked func([2]int) bool, share func([2]int) float64) counted {
	var c counted
	for _, p := range pairs {
		m := share(p)
		if linked(p) {
			c.tp, c.fp = c.tp+m, c.fp+1-m
		} else {
			c.fn, c.tn = c.fn+m, c.tn+1-m
		}
	}
	return c
}

// agrees compares a point with counts, by the textbook's formulae.
func agrees(t *rapid.T, what string, got accuracy.Point, c counted) {
	t.Helper()
	div := func(a, b float64) float64 {
		if b == 0 {
			return 1
		}
		return a / b
	}
	f := func(beta float64) float64 {
		p, r := div(c.tp, c.tp+c.fp), div(c.tp, c.tp+c.fn)
		if c.tp == 0 {
			return div(0, c.fp+c.fn)
		}
		return (1 + beta*beta) * p * r / (beta*beta*p + r)
	}
	phi := 0.0
	if under := (c.tp + c.fp) * (c.tp + c.fn) * (c.tn + c.fp) * (c.tn + c.fn); under > 0 {
		phi = (c.tp*c.tn - c.fp*c.fn) / math.Sqrt(under)
	}
	parts := []float64{div(c.tp, c.tp+c.fp), div(c.tp, c.tp+c.fn), div(c.tn, c.tn+c.fp), div(c.tn, c.tn+c.fn)}
	p4 := 0.0
	switch {
	case c.fp+c.fn == 0:
		p4 = 1
	case slices.Min(parts) > 0:
		p4 = 4 / (1/parts[0] + 1/parts[1] + 1/parts[2] + 1/parts[3])
	}
	want := []float64{c.tp, c.fp, c.fn, c.tn, parts[0], parts[1], f(1), f(2), f(0.5), parts[2], parts[3], div(c.tp+c.tn, c.tp+c.fp+c.fn+c.tn), phi, p4}
	have := []float64{got.TP, got.FP, got.FN, got.TN, got.Precision, got.Recall, got.F1, got.F2, got.F05, got.Specificity, got.NPV, got.Accuracy, got.Phi, got.P4}
	for i := range want {
		if math.Abs(want[i]-have[i]) > 1e-9 {
			t.Fatalf("%s: measure %d: got %v, want %v (%+v)", what, i, have[i], want[i], c)
		}
	}
}

func sortedWeights(w world, counts func([2]int) bool) []float64 {
	var all []float64
	for pair, weight := range w.weights() {
		if counts(pair) {
			all = append(all, weight)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func byGroup(groups []accuracy.Subgroup, name string) (accuracy.Subgroup, bool) {
	i := slices.IndexFunc(groups, func(g accuracy.Subgroup) bool { return g.Value == name && g.Missing == (name == "") })
	if i < 0 {
		return accuracy.Subgroup{}, false
	}
	return groups[i], true
}

func compareRates(t *rapid.T, what string, got, want accuracy.Rate) {
	t.Helper()
	for _, d := range [][2]float64{{got.Rate, want.Rate}, {got.Low, want.Low}, {got.High, want.High}, {got.Effective, want.Effective}} {
		if math.Abs(d[0]-d[1]) > 1e-6*max(1, math.Abs(d[1])) {
			t.Fatalf("%s: got %+v, want %+v", what, got, want)
		}
	}
}
