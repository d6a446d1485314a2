package links_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/linkage/links"
	"tre/linkage/records"
	"tre/linkage/train"
)

// TestTrainIsTheTextbook compares training with counts over every pair and with
// expectation-maximisation pair by pair.
func TestTrainIsTheTextbook(t *testing.T) {
	eachModel(t, 20, func(rt *rapid.T, db *duck.DB, w *world, table *records.Table, path string) {
		w.drawFixed(rt)
		plan := drawPlan(rt)
		w.writeModel(rt, path)
		compareTraining(rt, db, newOracle(rt, db, w, path), table, path, plan)
	})
}

// drawFixed keeps some parameters as they are, and draws how long to iterate.
func (w *world) drawFixed(t *rapid.T) {
	w.model.MaxIterations = rapid.SampledFrom([]int{1, 2, 25}).Draw(t, "iterations")
	for _, c := range w.model.Comparisons {
		for i := range c.Levels {
			c.Levels[i].FixM = rapid.IntRange(0, 9).Draw(t, "fix m") == 0
			c.Levels[i].FixU = rapid.IntRange(0, 9).Draw(t, "fix u") == 0
		}
	}
}

func drawPlan(t *rapid.T) *train.Plan {
	p := &train.Plan{U: train.U{KeepMatches: rapid.Bool().Draw(t, "keep matches")}}
	p.U.Method = rapid.SampledFrom([]string{"", "exact", "sample"}).Draw(t, "u")
	rules := []string{`l.surname = r.surname`, `l.sex = r.sex`, `l.dob = r.dob AND l.sex = r.sex`, `l.postcode = r.postcode OR l.email = r.email`,
		`l.forename = r.surname`, `l.sex = r.sex AND l.forename <> r.forename`, `substring(l.surname, 1, 2) = substring(r.surname, 1, 2)`, `r.forename = l.forename AND l.surname = r.surname`}
	switch rapid.IntRange(0, 2).Draw(t, "prior") {
	case 0:
		p.Prior.Probability = rapid.SampledFrom([]float64{1e-4, 0.2}).Draw(t, "probability")
	case 1:
		p.Prior.DeterministicRules = rapid.SliceOfN(rapid.SampledFrom(rules), 1, 2).Draw(t, "deterministic rules")
		p.Prior.Recall = rapid.SampledFrom([]float64{0.5, 0.9, 1}).Draw(t, "recall")
	}
	if rapid.IntRange(0, 3).Draw(t, "labels") == 0 {
		p.M.LabelColumn = "person"
	}
	p.EM = rapid.SliceOfN(rapid.SampledFrom(rules), 0, 3).Draw(t, "sessions")
	return p
}

func compareTraining(t *rapid.T, db *duck.DB, o *oracle, table *records.Table, path string, plan *train.Plan) {
	t.Helper()
	m, _, err := links.ReadModel(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = train.Run(t.Context(), train.In{Model: m, Table: table, Plan: plan, Strings: o.world.strings, Workers: rapid.IntRange(1, 3).Draw(t, "workers")})
	if isPossible := o.train(t, db, plan); isPossible != (err == nil) {
		t.Fatalf("training is possible: %v; and gave: %v (plan %+v)", isPossible, err, plan)
	}
	if err != nil {
		return
	}
	if !near(m.Prior, o.model.Prior) {
		t.Fatalf("prior is %v, wanted %v", m.Prior, o.model.Prior)
	}
	for i, c := range o.model.Comparisons {
		for level, want := range c.Levels {
			got := m.Comparisons[i].Levels[level]
			if !nearOrNone(got.U, want.U) {
				t.Fatalf("%s, level %d, %s: u is %v, wanted %v (prior %v)", c.Name, level, want.SQL, text(got.U), text(want.U), m.Prior)
			}
			if !nearOrNone(got.M, want.M) {
				t.Fatalf("%s, level %d, %s: m is %v, wanted %v (plan %+v)", c.Name, level, want.SQL, text(got.M), text(want.M), plan)
			}
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a)) }

func nearOrNone(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return near(*a, *b)
}

func text(p *float64) any {
	if p == nil {
		return "none"
	}
	return *p
}
