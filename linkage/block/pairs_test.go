package block_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"tre/linkage/block"
	"tre/linkage/compare"
	"tre/linkage/condition"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/similarity"
)

// crowd is records of which most share a value, so that one group is split
// between workers.
type crowd struct {
	table *records.Table
	a, b  []string // the columns, by row
}

const crowdSize = 1500

func newCrowd(t *testing.T, sources int) crowd {
	t.Helper()
	const seed = 3
	random := rand.New(rand.NewPCG(seed, seed))
	folder := t.TempDir()
	var files []string
	for source := range sources {
		var text strings.Builder
		text.WriteString("id,a,b\n")
		for i := range crowdSize / sources {
			a := "common"
			if random.IntN(4) == 0 {
				a = fmt.Sprint("v", random.IntN(40))
			}
			if random.IntN(20) == 0 {
				a = ""
			}
			fmt.Fprintf(&text, "%d,%s,v%d\n", 10000+i, a, random.IntN(300))
		}
		path := filepath.Join(folder, fmt.Sprintf("s%d.csv", source))
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	table, err := records.Read(t.Context(), records.In{Files: files, ID: "id", Columns: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	c := crowd{table: table}
	for row := range table.Rows {
		c.a, c.b = append(c.a, at(table, "a", row)), append(c.b, at(table, "b", row))
	}
	return c
}

func at(table *records.Table, name string, row int) string {
	c := table.Column(name)
	if c.Codes[row] < 0 {
		return ""
	}
	return c.Texts[c.Codes[row]]
}

// pairsFound counts, by pair, how often each was visited, and keeps the order by
// unit.
type pairsFound struct {
	mutex sync.Mutex
	units map[int][]int32
}

type finder struct {
	*pairsFound
	now []int32
}

func (f *finder) Visit(b *block.Batch) error {
	for i := range b.Left {
		f.now = append(f.now, int32(b.Rule), b.Left[i], b.Right[i])
	}
	return nil
}

func (f *finder) Done(unit int) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.units[unit] = f.now
	f.now = nil
	return nil
}

// visited gives rule, left and right of every pair, in the order of units.
func visited(t *testing.T, c crowd, link model.LinkType, rules []string, workers int) []int32 {
	t.Helper()
	compiler := compare.NewCompiler(c.table, similarity.Characters)
	var blocking []model.BlockingRule
	for _, text := range rules {
		test, err := condition.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		blocking = append(blocking, model.BlockingRule{SQL: text, Test: test})
	}
	r, err := block.Add(compiler, c.table, link, blocking)
	if err != nil {
		t.Fatal(err)
	}
	plan := compiler.Finish()
	r.Prepare(workers)
	found := &pairsFound{units: map[int][]int32{}}
	if err := r.Each(t.Context(), plan, workers, func(int) block.Visitor { return &finder{pairsFound: found} }); err != nil {
		t.Fatal(err)
	}
	if r.Units() != len(found.units) {
		t.Errorf("%d units, %d told of", r.Units(), len(found.units))
	}
	var all []int32
	for unit := range r.Units() {
		all = append(all, found.units[unit]...)
	}
	return all
}

// TestEveryPairOnceUnderItsFirstRule compares with a look at every pair, with a
// group so large that it is split, and expects the same order from any number of
// workers.
func TestEveryPairOnceUnderItsFirstRule(t *testing.T) {
	same := func(x, y string) bool { return x != "" && x == y }
	cases := []struct {
		name  string
		rules []string
		holds []func(c crowd, l, r int) bool
	}{
		{"equal", []string{"l.b = r.b", "l.a = r.a"}, []func(c crowd, l, r int) bool{
			func(c crowd, l, r int) bool { return same(c.b[l], c.b[r]) }, func(c crowd, l, r int) bool { return same(c.a[l], c.a[r]) }}},
		{"either", []string{"l.a = r.a OR l.b = r.b"}, []func(c crowd, l, r int) bool{
			func(c crowd, l, r int) bool { return same(c.a[l], c.a[r]) || same(c.b[l], c.b[r]) }}},
		{"crosswise", []string{"l.a = r.b", "l.a = r.a AND l.b <> r.b"}, []func(c crowd, l, r int) bool{
			func(c crowd, l, r int) bool { return same(c.a[l], c.b[r]) },
			func(c crowd, l, r int) bool { return same(c.a[l], c.a[r]) && c.b[l] != c.b[r] }}},
	}
	for sources := range 2 {
		c := newCrowd(t, sources+1)
		for _, link := range []model.LinkType{model.DedupeOnly, model.LinkOnly} {
			for _, k := range cases {
				got := visited(t, c, link, k.rules, 1)
				for workers := 2; workers <= 3; workers++ {
					if !slices.Equal(got, visited(t, c, link, k.rules, workers)) {
						t.Errorf("%s, %s, %d inputs: %d workers find the pairs in another order", k.name, link, sources+1, workers)
					}
				}
				checkPairs(t, k.name+" "+string(link), c, link, k.holds, got)
			}
		}
	}
}

func checkPairs(t *testing.T, name string, c crowd, link model.LinkType, holds []func(c crowd, l, r int) bool, got []int32) {
	t.Helper()
	ruleOf := make(map[[2]int32]int32, len(got)/3)
	for i := 0; i < len(got); i += 3 {
		pair := [2]int32{got[i+1], got[i+2]}
		if _, twice := ruleOf[pair]; twice {
			t.Fatalf("%s: pair %v is visited twice", name, pair)
		}
		ruleOf[pair] = got[i]
	}
	wanted := 0
	for l := range c.table.Rows {
		for r := l + 1; r < c.table.Rows; r++ {
			if link == model.LinkOnly && c.table.Several() && c.table.SourceOf(int32(l)) == c.table.SourceOf(int32(r)) {
				continue
			}
			rule := slices.IndexFunc(holds, func(h func(c crowd, l, r int) bool) bool { return h(c, l, r) })
			if rule < 0 {
				continue
			}
			wanted++
			if found, ok := ruleOf[[2]int32{int32(l), int32(r)}]; !ok || int(found) != rule {
				t.Fatalf("%s: pair %d %d is of rule %d, found %v under %d", name, l, r, rule, ok, found)
			}
		}
	}
	if wanted != len(ruleOf) {
		t.Errorf("%s: %d pairs, wanted %d", name, len(ruleOf), wanted)
	}
}
