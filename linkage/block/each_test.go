package block_test

import (
	"math/rand/v2"
	"testing"

	"tre/linkage/block"
)

// adder counts the pairs of each rule.
type adder struct{ pairs []float64 }

func (a *adder) Visit(b *block.Batch) error { a.pairs[b.Rule] += float64(len(b.Left)); return nil }
func (a *adder) Done(int) error             { return nil }

// TestEachMakesThePairsThatAreCounted: what Count says a rule adds is what Each
// hands over under it, with and without large blocks.
func TestEachMakesThePairsThatAreCounted(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 4))
		kind := kinds()[seed%3]
		table := world(random, 2+random.IntN(60), kind.sources)
		rules, _ := pick(random, 5)
		r, plan := prepared(t, table, kind.link, rules...)
		if seed%2 == 1 {
			r.LeaveOut(8)
		}
		counts, err := r.Count(t.Context(), plan, block.CountOptions{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		a := &adder{make([]float64, len(rules))}
		if err := r.Each(t.Context(), plan, 1, func(int) block.Visitor { return a }); err != nil {
			t.Fatal(err)
		}
		for i, c := range counts.Rules {
			if a.pairs[i] != c.Added.Pairs {
				t.Fatalf("seed %d, %s, rule %d %s: %v pairs made, %v counted", seed, kind.link, i, c.SQL, a.pairs[i], c.Added.Pairs)
			}
		}
	}
}
