package portrait

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tre/linkage/cluster"
	"tre/linkage/model"
)

// people writes records whose surnames repeat, and a model for them.
func people(t *testing.T, n int) (*model.Model, string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("unique_id,surname,born\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,name%d,%s\n", i, i%7, []string{"1980-01-01", "", "1990-05-05"}[i%3])
	}
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	m := model.New(model.DedupeOnly)
	m.BlockingRules = []model.BlockingRule{model.BlockOn(model.Column("surname"))}
	m.Comparisons = []model.Comparison{model.ExactMatch(model.Column("surname")), model.ExactMatch(model.Column("born"))}
	m.Compile()
	return m, path
}

func paint(t *testing.T, m *model.Model, path string, edges []cluster.Edge, threshold float64) *painter {
	t.Helper()
	v, err := NewViewer(t.Context(), ViewerIn{Model: m, Records: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	p := &painter{viewer: v, edges: edges}
	p.Model, p.Threshold, p.Records = m, threshold, v.Table.Rows
	p.count()
	if err := p.sample(context.Background()); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestHistogramAndBandsHoldEveryPairOnce counts pairs a second, obvious way.
func TestHistogramAndBandsHoldEveryPairOnce(t *testing.T) {
	m, path := people(t, 60)
	for seed := range uint64(25) {
		random := rand.New(rand.NewPCG(seed, 1))
		threshold := math.Round(random.NormFloat64()*50) / 10
		var edges []cluster.Edge
		for range 1 + random.IntN(300) {
			a := random.Int32N(59)
			edges = append(edges, cluster.Edge{A: a, B: a + 1 + random.Int32N(59-a), Weight: float32(math.Round(random.NormFloat64()*200) / 10)})
		}
		links := 0
		for _, e := range edges {
			if e.Weight >= float32(threshold) {
				links++
			}
		}
		p := paint(t, m, path, edges, threshold)
		var binned, above, banded int64
		for i, b := range p.Histogram {
			binned += b.Pairs
			if b.From >= threshold-1e-9 {
				above += b.Pairs
			} else if b.To > threshold+1e-9 {
				t.Fatalf("seed %d: the threshold cuts bin %d", seed, i)
			}
		}
		for _, b := range p.Bands {
			banded += b.Pairs
		}
		if binned != int64(len(edges)) || banded != binned || above != int64(links) || p.Links != int64(links) {
			t.Fatalf("seed %d: %d edges, %d in bins, %d in bands; %d links, %d above, %d counted", seed, len(edges), binned, banded, links, above, p.Links)
		}
		slices.Reverse(edges)
		if diff := cmp.Diff(p.Bands, paint(t, m, path, edges, threshold).Bands); diff != "" {
			t.Fatalf("seed %d: examples depend on the order of the file\n%s", seed, diff)
		}
	}
}

func TestValuesAreMaskedUnlessAskedFor(t *testing.T) {
	m, path := people(t, 8)
	for _, test := range []struct {
		values      bool
		left, right []string
	}{
		{false, []string{"5 characters", "10 characters"}, []string{"the same", ""}},
		{true, []string{"name0", "1980-01-01"}, []string{"name0", ""}},
	} {
		v, err := NewViewer(t.Context(), ViewerIn{Model: m, Records: []string{path}, Values: test.values})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		pairs, err := v.Pairs(t.Context(), []int32{7}, []int32{0})
		if err != nil {
			t.Fatal(err)
		}
		var left, right []string
		total := pairs[0].Prior
		for _, s := range pairs[0].Steps {
			left, right = append(left, s.Left), append(right, s.Right)
			total += s.Weight + s.Adjustment
		}
		if diff := cmp.Diff([][]string{test.left, test.right}, [][]string{left, right}); diff != "" {
			t.Errorf("values %v (-want +got)\n%s", test.values, diff)
		}
		if math.Abs(total-pairs[0].Weight) > 1e-12 || pairs[0].LeftName != "0" || len(pairs[0].Rules) != 1 {
			t.Errorf("pair %+v does not add up to %g", pairs[0], total)
		}
	}
}

// TestKappa is the worked example of two readers of fifty proposals: both yes
// 20, only the first 5, only the second 10, both no 15, which gives 0.40.
func TestKappa(t *testing.T) {
	var done []cluster.Decision
	add := func(n int, mine, theirs cluster.Verdict) {
		for range n {
			a, b := fmt.Sprint("a", len(done)), fmt.Sprint("b", len(done))
			done = append(done, cluster.Decision{A: a, B: b, Verdict: theirs, Who: "first", When: time.Unix(1, 0)},
				cluster.Decision{A: b, B: a, Verdict: mine, Who: "second", When: time.Unix(2, 0)})
		}
	}
	add(20, cluster.Same, cluster.Same)
	add(10, cluster.Same, cluster.Different)
	add(5, cluster.Different, cluster.Same)
	add(15, cluster.Different, cluster.Different)
	a := Agree(done, "second")
	if a.Pairs != 50 || a.Agreed != 35 || len(a.Disagreed) != 15 || a.Kappa == nil || math.Abs(*a.Kappa-0.4) > 1e-12 {
		t.Errorf("%+v", a)
	}
	// The latest of one's own decisions counts; a third who agrees changes nothing.
	changed := append(slices.Clone(done), cluster.Decision{A: done[40].A, B: done[40].B, Verdict: cluster.Different, Who: "second", When: time.Unix(3, 0)})
	if a := Agree(changed, "second"); a.Agreed != 36 {
		t.Errorf("a decision taken again: agreed on %d, want 36", a.Agreed)
	}
	if a := Agree(done[:2], "second"); a.Kappa != nil || a.Pairs != 1 {
		t.Errorf("one verdict only: %+v", a)
	}
}

func TestRuleNames(t *testing.T) {
	for _, test := range [][2]string{
		{`(l."surname" = r."surname") AND (SUBSTRING(l.dob, 1, 4) = SUBSTRING(r.dob, 1, 4))`, "surname, substring(dob, 1, 4)"},
		{`l.a = r.a OR l.b = r.b`, "a or b"},
		{`l.forename = r.surname`, `l."forename" = r."surname"`},
		{`this is ( no sql`, `this is ( no sql`},
	} {
		if got := RuleName(model.Rule(test[0])); got != test[1] {
			t.Errorf("%s: %q, want %q", test[0], got, test[1])
		}
	}
}

// TestClusterLettersSayWhatIsTheSame: equal letters, equal values, and nothing else.
func TestClusterLettersSayWhatIsTheSame(t *testing.T) {
	m, path := people(t, 30)
	p := paint(t, m, path, nil, 0)
	rows := []int32{0, 1, 3, 7, 8}
	c := p.cluster(Largest, rows, p.memberColumns())
	for at, name := range c.Columns {
		column := p.viewer.Table.Column(name)
		for i := range rows {
			for j := range rows {
				a, b := c.Members[i].Values[at], c.Members[j].Values[at]
				if same := column.Codes[rows[i]] == column.Codes[rows[j]]; same != (a == b) || strings.Contains(a, "name") {
					t.Errorf("%s: %q and %q, same %v", name, a, b, same)
				}
			}
		}
	}
}
