package suggest

import (
	"context"
	"slices"

	"tre/internal/problem"
	"tre/linkage/block"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/score"
	"tre/linkage/similarity"
)

// firstPass bounds the pairs that a first pass compares.
const firstPass = 20_000_000

// ProbableMatches finds probable matches by a first pass: the rules the model
// expects most of, within the budget and 20 million pairs, with the model's own
// where these make no more pairs than that. Pairs below a probability are left
// out. What none of these rules finds is missing, so recall measured on the
// matches is too high by as much.
func ProbableMatches(ctx context.Context, in In, strings similarity.Strings, probability float64) (Matches, error) {
	in = in.defaults()
	in.Matches = nil
	in.Budget = min(in.Budget, firstPass)
	narrow, err := Suggest(ctx, in)
	if err != nil {
		return Matches{}, err
	}
	m := *in.Model
	m.BlockingRules = narrow.BlockingRules()
	if own, err := ownRules(&m, in.Model.BlockingRules, in.Table, strings); err != nil || own != nil {
		if err != nil {
			return Matches{}, err
		}
		m.BlockingRules = append(m.BlockingRules, own...)
	}
	linker, err := score.Compile(&m, in.Table, strings)
	if err != nil {
		return Matches{}, err
	}
	linker.Rules.Prepare(in.Workers)
	return Score(ctx, linker, probability, in.Workers)
}

// ownRules gives a model's rules if they make few enough pairs.
func ownRules(m *model.Model, rules []model.BlockingRule, t *records.Table, strings similarity.Strings) ([]model.BlockingRule, error) {
	if len(rules) == 0 {
		return nil, nil
	}
	of := *m
	of.BlockingRules = rules
	linker, err := score.Compile(&of, t, strings)
	if err != nil {
		return nil, err
	}
	linker.Rules.Prepare(0)
	if linker.Rules.Check(block.Limits{MaxPairs: firstPass}) != nil {
		return nil, nil
	}
	return slices.Clone(rules), nil
}

// maximumMatches bounds the probable matches held in memory, 16 bytes each.
const maximumMatches = 20_000_000

// Score gives the pairs of a linker's rules that reach a probability.
func Score(ctx context.Context, l *score.Linker, probability float64, workers int) (Matches, error) {
	s := score.New(l.Plan, l.Model, model.WeightOf(probability))
	gathered := &gatherer{found: Matches{Probability: []float64{}}}
	_, err := s.Run(ctx, l.Rules, workers, gathered)
	return gathered.found, err
}

type gatherer struct{ found Matches }

// Take keeps the pairs of a unit.
func (g *gatherer) Take(f *score.Found) error {
	if len(g.found.Left)+f.Len() > maximumMatches {
		return problem.New(problem.Usage, "ask for pairs of a higher probability, or check the model", "more than %d pairs are probable matches", maximumMatches)
	}
	g.found.Left, g.found.Right = append(g.found.Left, f.Left...), append(g.found.Right, f.Right...)
	for _, weight := range f.Weight {
		g.found.Probability = append(g.found.Probability, model.ProbabilityOf(weight))
	}
	return nil
}
