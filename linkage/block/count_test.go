package block_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tre/internal/problem"
	"tre/linkage/block"
	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/similarity"
)

// world is a small table of random records; few values, some missing.
func world(random *rand.Rand, rows, sources int) *records.Table {
	t := &records.Table{Rows: rows, Columns: map[string]*records.Column{}, IDName: "id"}
	for row := range rows {
		t.IDs.Whole = append(t.IDs.Whole, int64(row))
		if sources > 1 {
			t.Source = append(t.Source, int32(row*sources/rows))
		}
	}
	for source := range max(sources, 1) {
		t.Sources = append(t.Sources, fmt.Sprint("source", source))
	}
	for _, name := range []string{"a", "b", "c"} {
		values := make([]string, rows)
		for row := range values {
			if random.IntN(8) > 0 {
				values[row] = fmt.Sprint("v", random.IntN(4), random.IntN(2))
			}
		}
		t.Columns[name] = column(name, values)
	}
	t.Columns["many"] = lists(random, rows)
	return t
}

// column encodes texts; "" is null.
func column(name string, values []string) *records.Column {
	c := &records.Column{Name: name, Kind: records.Text}
	for _, value := range values {
		code := int32(-1)
		if value != "" {
			if code = int32(slices.Index(c.Texts, value)); code < 0 {
				code = int32(len(c.Texts))
				c.Texts, c.Counts = append(c.Texts, value), append(c.Counts, 0)
			}
			c.Counts[code]++
			c.Known++
		}
		c.Codes = append(c.Codes, code)
	}
	return c
}

func lists(random *rand.Rand, rows int) *records.Column {
	c := &records.Column{Name: "many", Kind: records.TextList, Elements: []string{"x", "y", "z", "w", "v"}}
	for row := range rows {
		var list []int32
		for item := range int32(5) {
			if random.IntN(3) == 0 {
				list = append(list, item)
			}
		}
		c.Codes = append(c.Codes, int32(row))
		c.Lists, c.Counts = append(c.Lists, list), append(c.Counts, 1)
	}
	c.Known = rows
	return c
}

func prepared(t *testing.T, table *records.Table, link model.LinkType, sql ...model.BlockingRule) (*block.Rules, *compare.Plan) {
	t.Helper()
	c := compare.NewCompiler(table, similarity.Characters)
	rules, err := block.Add(c, table, link, sql)
	if err != nil {
		t.Fatal(err)
	}
	plan := c.Finish()
	rules.Prepare(2)
	return rules, plan
}

// satisfied is a rule told again, plainly.
type satisfied func(t *records.Table, l, r int32) bool

func same(t *records.Table, name string, l, r int32) bool {
	c := t.Columns[name].Codes
	return c[l] >= 0 && c[l] == c[r]
}

func textOf(t *records.Table, name string, row int32) string {
	if code := t.Columns[name].Codes[row]; code >= 0 {
		return t.Columns[name].Texts[code]
	}
	return ""
}

// told are rules in SQL and told again.
func told() []struct {
	rule  model.BlockingRule
	holds satisfied
} {
	return []struct {
		rule  model.BlockingRule
		holds satisfied
	}{
		{model.Rule("l.a = r.a"), func(t *records.Table, l, r int32) bool { return same(t, "a", l, r) }},
		{model.Rule("l.a = r.a and l.b = r.b"), func(t *records.Table, l, r int32) bool { return same(t, "a", l, r) && same(t, "b", l, r) }},
		{model.Rule("substring(l.c, 1, 2) = substring(r.c, 1, 2)"), func(t *records.Table, l, r int32) bool {
			a, b := textOf(t, "c", l), textOf(t, "c", r)
			return a != "" && b != "" && a[:2] == b[:2]
		}},
		{model.Rule("l.b = r.b or l.c = r.c"), func(t *records.Table, l, r int32) bool { return same(t, "b", l, r) || same(t, "c", l, r) }},
		{model.Rule("l.b = r.b and not (l.a = r.a)"), func(t *records.Table, l, r int32) bool {
			a, b := textOf(t, "a", l), textOf(t, "a", r)
			return same(t, "b", l, r) && a != "" && b != "" && a != b
		}},
		{model.Rule("l.a = r.b"), func(t *records.Table, l, r int32) bool {
			a := textOf(t, "a", l)
			return a != "" && a == textOf(t, "b", r)
		}},
		{model.Rule("l.many = r.many").Exploding("many"), func(t *records.Table, l, r int32) bool {
			m := t.Columns["many"]
			return slices.ContainsFunc(m.Lists[l], func(item int32) bool { return slices.Contains(m.Lists[r], item) })
		}},
	}
}

// obvious counts by looking at every pair with every rule.
func obvious(t *records.Table, link model.LinkType, rules []satisfied) (alone, added []float64) {
	alone, added = make([]float64, len(rules)), make([]float64, len(rules))
	for l := range int32(t.Rows) {
		for r := l + 1; r < int32(t.Rows); r++ {
			if link == model.LinkOnly && t.SourceOf(l) == t.SourceOf(r) {
				continue
			}
			isFirst := true
			for i, holds := range rules {
				if holds(t, l, r) {
					alone[i]++
					if isFirst {
						added[i]++
					}
					isFirst = false
				}
			}
		}
	}
	return alone, added
}

// pick takes some rules at random, in random order.
func pick(random *rand.Rand, most int) (rules []model.BlockingRule, holds []satisfied) {
	all := told()
	for _, i := range random.Perm(len(all))[:1+random.IntN(most)] {
		rules, holds = append(rules, all[i].rule), append(holds, all[i].holds)
	}
	return rules, holds
}

func kinds() []struct {
	link    model.LinkType
	sources int
} {
	return []struct {
		link    model.LinkType
		sources int
	}{{model.DedupeOnly, 1}, {model.LinkOnly, 3}, {model.LinkAndDedupe, 2}}
}

func TestCountsAreThoseOfEveryPair(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 1))
		kind := kinds()[seed%3]
		table := world(random, 2+random.IntN(60), kind.sources)
		rules, holds := pick(random, 5)
		alone, added := obvious(table, kind.link, holds)
		r, plan := prepared(t, table, kind.link, rules...)
		counts, err := r.Count(t.Context(), plan, block.CountOptions{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		total := 0.0
		for i, c := range counts.Rules {
			total += added[i]
			if c.Alone.Pairs != alone[i] || c.Added.Pairs != added[i] || c.Alone.Basis != block.Exact || c.Added.Basis != block.Exact {
				t.Fatalf("seed %d, rule %d %s: %v and %v, want %v and %v", seed, i, c.SQL, c.Alone, c.Added, alone[i], added[i])
			}
		}
		if counts.Total.Pairs != total {
			t.Fatalf("seed %d: %v in all, want %v", seed, counts.Total, total)
		}
		for i, m := range r.Made() {
			if float64(m.Pairs) < alone[i] || m.IsExact && float64(m.Pairs) != alone[i] {
				t.Fatalf("seed %d, rule %d: %d pairs made, exactly: %v; want %v", seed, i, m.Pairs, m.IsExact, alone[i])
			}
		}
	}
}

func TestSampledCountsHoldTheTruthInTheirIntervals(t *testing.T) {
	inside, intervals := 0, 0
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 2))
		kind := kinds()[seed%3]
		table := world(random, 150, kind.sources)
		rules, holds := pick(random, 4)
		alone, added := obvious(table, kind.link, holds)
		r, plan := prepared(t, table, kind.link, rules...)
		counts, err := r.Count(t.Context(), plan, block.CountOptions{Enumerate: 1e-9, Sample: 2000, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range counts.Rules {
			for _, pair := range []struct {
				got  block.Number
				want float64
			}{{c.Alone, alone[i]}, {c.Added, added[i]}} {
				if pair.got.Basis != block.Estimated {
					if pair.got.Pairs != pair.want {
						t.Fatalf("seed %d, rule %d: %v, want %v", seed, i, pair.got, pair.want)
					}
					continue
				}
				intervals++
				if pair.got.Low-1e-6 <= pair.want && pair.want <= pair.got.High+1e-6 {
					inside++
				}
			}
		}
	}
	if share := float64(inside) / float64(intervals); intervals < 100 || share < 0.9 {
		t.Errorf("%d of %d intervals hold the truth", inside, intervals)
	}
}

// TestBlocksLeftOutAreNotFound: a pair whose only block in a rule was left out
// is for later rules to find, and the rest stays as it was.
func TestBlocksLeftOutAreNotFound(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 3))
		kind := kinds()[seed%3]
		table := world(random, 2+random.IntN(50), kind.sources)
		rules, holds := pick(random, 5)
		const most = 6
		for i := range holds {
			holds[i] = small(table, rules[i].SQL, most, holds[i])
		}
		alone, added := obvious(table, kind.link, holds)
		r, plan := prepared(t, table, kind.link, rules...)
		r.LeaveOut(most)
		if again := r.LeaveOut(most); len(again) > 0 {
			t.Fatalf("seed %d: left out twice: %v", seed, again)
		}
		counts, err := r.Count(t.Context(), plan, block.CountOptions{Largest: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range counts.Rules {
			if c.Alone.Pairs != alone[i] || c.Added.Pairs != added[i] {
				t.Fatalf("seed %d, rule %d %s: %v and %v, want %v and %v", seed, i, c.SQL, c.Alone, c.Added, alone[i], added[i])
			}
			if len(c.Largest) > 0 && c.Largest[0].Records > most {
				t.Fatalf("seed %d: a block of %d records is left", seed, c.Largest[0].Records)
			}
		}
	}
}

// small is a rule that no longer holds within blocks of more than so many
// records, told again without groups.
func small(t *records.Table, sql string, most int, holds satisfied) satisfied {
	size := func(inBlock func(row int32) bool) int {
		n := 0
		for row := range int32(t.Rows) {
			if inBlock(row) {
				n++
			}
		}
		return n
	}
	switch {
	case strings.Contains(sql, "many"):
		return func(t *records.Table, l, r int32) bool {
			m := t.Columns["many"]
			return slices.ContainsFunc(m.Lists[l], func(item int32) bool {
				return slices.Contains(m.Lists[r], item) && size(func(row int32) bool { return slices.Contains(m.Lists[row], item) }) <= most
			})
		}
	case sql == "l.a = r.b":
		return func(t *records.Table, l, r int32) bool {
			value := textOf(t, "a", l)
			return holds(t, l, r) && size(func(row int32) bool { return textOf(t, "a", row) == value || textOf(t, "b", row) == value }) <= most
		}
	case strings.Contains(sql, " or "):
		b, c := small(t, "b", most, func(t *records.Table, l, r int32) bool { return same(t, "b", l, r) }), small(t, "c", most, func(t *records.Table, l, r int32) bool { return same(t, "c", l, r) })
		return func(t *records.Table, l, r int32) bool { return b(t, l, r) || c(t, l, r) }
	case strings.Contains(sql, "not"):
		b := small(t, "b", most, func(t *records.Table, l, r int32) bool { return same(t, "b", l, r) })
		return func(t *records.Table, l, r int32) bool { return holds(t, l, r) && b(t, l, r) }
	}
	return func(t *records.Table, l, r int32) bool {
		return holds(t, l, r) && size(func(row int32) bool { return row == l || holds(t, l, row) }) <= most
	}
}

// TestRefineSplitsByCode, by counting and by sorting alike.
func TestRefineSplitsByCode(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	for _, distinct := range []int{1, 3, 50, 1000, 100_000} {
		values := make([]string, 3000)
		table := one(values)
		codes := make([]int32, len(values))
		want := map[int32][]int32{}
		for row := range codes {
			codes[row] = int32(random.IntN(distinct+1)) - 1
			want[codes[row]] = append(want[codes[row]], int32(row))
		}
		p := block.Everything(table).Refine(codes)
		rows := 0
		for g := range p.Len() {
			group := p.Group(g)
			rows += len(group)
			if !slices.Equal(group, want[codes[group[0]]]) || codes[group[0]] < 0 {
				t.Fatalf("%d codes: group of code %d is wrong", distinct, codes[group[0]])
			}
		}
		delete(want, -1)
		for _, group := range want {
			if len(group) > 1 {
				rows -= len(group)
			}
		}
		if rows != 0 {
			t.Errorf("%d codes: %d rows too many", distinct, rows)
		}
	}
}

// one is a table with one column of the given values.
func one(values []string) *records.Table {
	t := &records.Table{Rows: len(values), IDName: "id", Sources: []string{""}, Columns: map[string]*records.Column{"city": column("city", values)}}
	for row := range values {
		t.IDs.Whole = append(t.IDs.Whole, int64(row))
	}
	return t
}

// TestRefusesAGiantBlock: 3 of 10 records have one value. 30,000 of 100,000
// make 449,985,000 pairs.
func TestRefusesAGiantBlock(t *testing.T) {
	values := make([]string, 100_000)
	for i := range values {
		values[i] = fmt.Sprint("v", i%700)
		if i%10 < 3 {
			values[i] = "the same"
		}
	}
	r, _ := prepared(t, one(values), model.DedupeOnly, model.Rule("l.city = r.city"))
	err := r.Check(block.Limits{MaxPairs: 1e8})
	if err == nil || problem.CodeOf(err) != problem.Usage {
		t.Fatalf("not refused: %v", err)
	}
	want := "blocking rule 1 (l.city = r.city) makes 4.5e8 pairs, 98 % of them from one block of 30,000 records, more than the limit of 1e8"
	if got := err.Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if hint := problem.HintOf(err); !strings.Contains(hint, "--max-block 20000 ") {
		t.Errorf("the hint: %s", hint)
	}
	if strings.Contains(err.Error()+problem.HintOf(err), "the same") {
		t.Error("the refusal tells a value")
	}
	out := r.LeaveOut(20_000)
	if len(out) != 1 || out[0].Blocks != 1 || out[0].Records != 30_000 || out[0].Pairs != 449_985_000 {
		t.Errorf("left out: %+v", out)
	}
	if err := r.Check(block.Limits{MaxPairs: 1e8, MaxBlock: 20_000}); err != nil {
		t.Errorf("refused again: %v", err)
	}
	if err := r.Check(block.Limits{MaxBlock: 99}); err == nil {
		t.Error("blocks of 100 pass a limit of 99")
	}
	if err := r.Check(block.DefaultLimits()); err != nil {
		t.Error(err)
	}
}

func TestLargestNamesColumnsAndValuesOnlyWhenAsked(t *testing.T) {
	r, _ := prepared(t, one([]string{"leeds", "leeds", "leicester", "leeds", "york", "york"}), model.DedupeOnly, model.Rule("substring(l.city, 1, 2) = substring(r.city, 1, 2)"))
	blocks, err := r.Largest(t.Context(), 0, 5, false)
	if err != nil || len(blocks) != 2 {
		t.Fatal(blocks, err)
	}
	if b := blocks[0]; b.Records != 4 || b.Pairs != 6 || !slices.Equal(b.Key, []string{"substring(city, 1, 2)"}) || b.Values != nil {
		t.Errorf("%+v", b)
	}
	if blocks, err = r.Largest(t.Context(), 0, 1, true); err != nil || len(blocks) != 1 || !slices.Equal(blocks[0].Values, []string{"le"}) {
		t.Error(blocks, err)
	}
}

func TestRecallAgainstTruthAndAgainstOtherRules(t *testing.T) {
	// Four people of two records each; a finds the first three, b the first and the last two.
	table := &records.Table{Rows: 8, IDName: "id", Sources: []string{""}, Columns: map[string]*records.Column{
		"who": column("who", []string{"1", "1", "2", "2", "3", "3", "4", "4"}),
		"a":   column("a", []string{"1", "1", "2", "2", "3", "3", "4", "5"}),
		"b":   column("b", []string{"1", "1", "2", "3", "4", "4", "5", "5"}),
	}, IDs: records.IDs{Whole: []int64{0, 1, 2, 3, 4, 5, 6, 7}}}
	r, plan := prepared(t, table, model.DedupeOnly, model.Rule("l.a = r.a"), model.Rule("l.b = r.b"))
	left, right, err := block.TruePairs(table, model.DedupeOnly, "who")
	if err != nil || len(left) != 4 {
		t.Fatal(left, err)
	}
	finds, err := r.Finds(t.Context(), plan, left, right)
	if err != nil {
		t.Fatal(err)
	}
	truth := finds.OfTruth()
	if truth.Matches != 4 || truth.Found != 4 || truth.Rules[0].Recall != 0.75 || truth.Rules[1].Recall != 0.75 || truth.Rules[0].Alone != 1 {
		t.Errorf("%+v", truth)
	}
	others := finds.OfOthers() // of the 3 that b finds, a finds 2
	if got := others.Rules[0]; got.Of != 3 || got.Hit != 2 || math.Abs(got.Recall-2.0/3) > 1e-12 {
		t.Errorf("%+v", got)
	}
	// (3+1)(3+1)/(2+1) - 1 = 4 1/3 matches, of which 4 are found.
	if c := others.Missed; c == nil || math.Abs(c.Total-13.0/3) > 1e-12 || math.Abs(c.Missed-1.0/3) > 1e-12 {
		t.Errorf("%+v", c)
	}
}
