package segment

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/pipeline/analyse/answer"
)

// slowTree grows the same tree from single people by trying every split of every
// leaf and measuring the sums of squares themselves.
func slowTree(people [][]int16, amounts []float64, o TreeOptions) [][]int {
	least := max(1, o.MinimumPeople, o.MinimumShare*float64(len(people)))
	everyone := make([]int, len(people))
	for i := range everyone {
		everyone[i] = i
	}
	leaves := [][]int{everyone}
	for len(leaves) < o.MaxLeaves {
		at, most, chosen := -1, 0.0, [2][]int{}
		for l, leaf := range leaves {
			for feature := range people[0] {
				for threshold := int16(-1); threshold < 10; threshold++ {
					var sides [2][]int
					for _, i := range leaf {
						side := 0
						if people[i][feature] > threshold {
							side = 1
						}
						sides[side] = append(sides[side], i)
					}
					if float64(len(sides[0])) < least || float64(len(sides[1])) < least {
						continue
					}
					if gain := squares(leaf, amounts) - squares(sides[0], amounts) - squares(sides[1], amounts); gain > most+1e-6 {
						at, most, chosen = l, gain, sides
					}
				}
			}
		}
		if at < 0 || most < o.MinimumGain*squares(everyone, amounts) {
			break
		}
		leaves[at] = chosen[0]
		leaves = append(leaves, chosen[1])
	}
	return leaves
}

func squares(rows []int, amounts []float64) float64 {
	var mean, sum float64
	for _, i := range rows {
		mean += amounts[i] / float64(len(rows))
	}
	for _, i := range rows {
		sum += (amounts[i] - mean) * (amounts[i] - mean)
	}
	return sum
}

func TestTreeAgreesWithEverySplitTried(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, features := rapid.IntRange(1, 30).Draw(t, "people"), rapid.IntRange(1, 3).Draw(t, "features")
		var people [][]int16
		var amounts []float64
		var cells []Cell
		for range n {
			person := make([]int16, features)
			for j := range person {
				person[j] = int16(rapid.IntRange(-1, 4).Draw(t, "value"))
			}
			amount := float64(rapid.IntRange(0, 50).Draw(t, "amount"))
			people, amounts = append(people, person), append(amounts, amount)
			at := slices.IndexFunc(cells, func(c Cell) bool { return slices.Equal(c.Features, person) })
			if at < 0 {
				at, cells = len(cells), append(cells, Cell{Features: person})
			}
			cells[at].Group = cells[at].Group.plus(Group{1, amount, amount * amount})
		}
		o := TreeOptions{MinimumPeople: float64(rapid.IntRange(1, 5).Draw(t, "least")), MinimumShare: 0.005, MinimumGain: 0.001,
			MaxLeaves: rapid.IntRange(1, 6).Draw(t, "leaves")}
		tree := Grow(cells, o)
		sorted := func(parts [][]int) []string {
			var out []string
			for _, p := range parts {
				out = append(out, fmt.Sprint(p))
			}
			slices.Sort(out)
			return out
		}
		found := map[int][]int{}
		for i, p := range people {
			found[tree.Leaf(p)] = append(found[tree.Leaf(p)], i)
		}
		var got [][]int
		for _, leaf := range found {
			got = append(got, leaf)
		}
		want := slowTree(people, amounts, o)
		// Splits that take away equally much, up to rounding of the slow way, may be taken in another order near the end.
		if a, b := total(got, amounts), total(want, amounts); math.Abs(a-b) > 1e-6 && len(got) == len(want) {
			t.Fatalf("leaves %v leave %v, every split tried leaves %v with %v", sorted(got), a, b, sorted(want))
		}
		if len(got) != len(want) {
			t.Fatalf("%d leaves, every split tried gives %d", len(got), len(want))
		}
		for _, leaf := range got {
			if float64(len(leaf)) < o.MinimumPeople && len(got) > 1 {
				t.Fatalf("a leaf of %d", len(leaf))
			}
		}
	})
}

func total(leaves [][]int, amounts []float64) float64 {
	var sum float64
	for _, l := range leaves {
		sum += squares(l, amounts)
	}
	return sum
}

func TestEqualSplitsTakeTheFirstFeatureAndTheLowestThreshold(t *testing.T) {
	cells := []Cell{
		{[]int16{0, 1, 0}, Group{10, 0, 0}}, {[]int16{5, 0, 3}, Group{10, 100, 1000}},
	}
	tree := Grow(cells, TreeOptions{MaxLeaves: 4})
	if n := tree.Nodes[0]; len(tree.Nodes) != 3 || n.Feature != 0 || n.Threshold != 0 {
		t.Errorf("%+v", tree.Nodes)
	}
	slices.Reverse(cells)
	if again := Grow(cells, TreeOptions{MaxLeaves: 4}); again.Nodes[0].Feature != 0 || again.Nodes[0].Threshold != 0 {
		t.Error("the order of the cells matters")
	}
}

func TestNoLeafBelowHalfAPercent(t *testing.T) {
	cells := []Cell{{[]int16{0}, Group{996, 0, 0}}, {[]int16{1}, Group{4, 4000, 4000000}}}
	if tree := Grow(cells, TreeOptions{MinimumShare: 0.005, MaxLeaves: 5}); len(tree.Nodes) != 1 {
		t.Error("four of a thousand became a segment")
	}
	cells[0].N, cells[1].N = 995, 5
	if tree := Grow(cells, TreeOptions{MinimumShare: 0.005, MaxLeaves: 5}); len(tree.Nodes) != 3 {
		t.Error("five of a thousand did not")
	}
}

// TestTreeStep grows on invented people whose cost is 10 for each year of age
// above 50 and 1000 with dementia, and puts everybody in a leaf.
func TestTreeStep(t *testing.T) {
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	must(t, db.Exec(t.Context(), `CREATE TEMP TABLE "x in" AS SELECT md5(i::VARCHAR)::UUID AS person, CASE WHEN i % 7 > 0 THEN (i % 90)::INTEGER END AS age,
		i % 11 = 0 AS dementia, CASE i % 2 WHEN 0 THEN 'female' ELSE 'male' END AS sex, CASE WHEN i % 7 > 0 THEN (i % 90)::INTEGER END AS was_age,
		i % 11 = 0 AS was_dementia, CASE i % 2 WHEN 0 THEN 'female' ELSE 'male' END AS was_sex,
		CASE WHEN i % 13 > 0 THEN (greatest(0, i % 90 - 50) * 1000 + CASE WHEN i % 11 = 0 THEN 100000 ELSE 0 END)::BIGINT END AS pence
		FROM range(4000) AS r(i)`))
	p := answer.Parameters{"most_leaves": "6", "minimum_share": "0.5", "leaf_people": "50"}
	documents, err := TreeSegments(t.Context(), db, "x in", "x", p)
	if err != nil {
		t.Fatal(err)
	}
	var rows, people, none, wrong int
	must(t, db.Row(t.Context(), []any{&rows, &people, &none}, "SELECT count(*), count(DISTINCT person), count(*) FILTER (segment IS NULL OR leaf IS NULL) FROM x"))
	must(t, db.Row(t.Context(), []any{&wrong}, `SELECT count(*) FROM x JOIN "x in" AS i USING (person) WHERE leaf IS DISTINCT FROM was_leaf AND pence IS NOT NULL`))
	if rows != 4000 || people != 4000 || none != 0 || wrong != 0 || len(documents) != 1 {
		t.Errorf("%d rows of %d people, %d without a leaf, %d whose leaf changed though they did not", rows, people, none, wrong)
	}
	var dementia int
	must(t, db.Row(t.Context(), []any{&dementia}, `SELECT count(DISTINCT i.dementia) FROM x JOIN "x in" AS i USING (person) GROUP BY leaf ORDER BY 1 DESC LIMIT 1`))
	if dementia != 1 {
		t.Error("the tree did not find dementia, which costs most")
	}
	var unknown string
	must(t, db.Row(t.Context(), []any{&unknown}, `SELECT string_agg(DISTINCT segment, ' | ') FROM x JOIN "x in" AS i USING (person) WHERE i.age IS NULL AND NOT i.dementia`))
	if unknown != "not dementia, age not known" {
		t.Errorf("people of no known age are in the leaf: %s", unknown)
	}
	must(t, db.Exec(t.Context(), `CREATE TEMP TABLE "few in" AS FROM "x in" LIMIT 60`))
	if _, err := TreeSegments(t.Context(), db, "few in", "few", p); err == nil {
		t.Error("sixty people made a tree")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSignalsInWords(t *testing.T) {
	for want, s := range map[string]struct {
		signal
		low, high int
	}{
		"age up to 39":              {signal{"age", Number, "", false}, -1, 39},
		"age up to 39 or not known": {signal{"age", Number, "", true}, -1, 39},
		"age 40 to 64":              {signal{"age", Number, "", true}, 40, 64},
		"age 65 and over":           {signal{"age", Number, "", true}, 65, math.MaxInt16},
		"age not known":             {signal{"age", Number, "", true}, -1, -1},
		"count 2":                   {signal{"count", Number, "", true}, 2, 2},
		"ill":                       {signal{"ill", Flag, "", true}, 1, math.MaxInt16},
		"not ill or not known":      {signal{"ill", Flag, "", true}, -1, 0},
		"not ill":                   {signal{"ill", Flag, "", true}, 0, 0},
		"ill known":                 {signal{"ill", Flag, "", true}, 0, math.MaxInt16},
		"sex female":                {signal{"sex", Text, "female", true}, 1, math.MaxInt16},
	} {
		if diff := cmp.Diff(want, s.words(s.low, s.high)); diff != "" {
			t.Error(diff)
		}
	}
}
