package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tre/internal/report/linkreport"
	"tre/internal/term"
	"tre/linkage/model"
	"tre/linkage/portrait"
	"tre/linkage/train"
)

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

// linkModel lays out what comparisons are worth, and what there is to doubt.
func linkModel(p *portrait.Portrait) linkreport.Model {
	var m linkreport.Model
	unseen := map[[2]string]bool{}
	if p.History != nil {
		for _, w := range p.History.Warnings {
			kind := w.Kind
			switch kind {
			case "not seen", "not trained":
				kind = "never seen"
				unseen[[2]string{w.Comparison, w.Level}] = true
			case "not monotone":
				kind = "non-monotone"
			}
			m.Warnings = append(m.Warnings, linkreport.Warning{Kind: kind, Comparison: w.Comparison, Level: w.Level, Message: w.Message})
		}
	}
	for i := range p.Model.Comparisons {
		c := &p.Model.Comparisons[i]
		one := linkreport.Comparison{Name: c.Name, Description: c.Description}
		for at := range c.Levels {
			l := &c.Levels[at]
			level := linkreport.Level{Label: levelLabel(l), Gamma: c.Gamma(at), Weight: c.Weight(at), Fixed: l.FixM && l.FixU,
				Seen: l.IsNull || l.M != nil && l.U != nil && !unseen[[2]string{c.Name, l.Label}]}
			if l.M != nil {
				level.M = *l.M
			}
			if l.U != nil {
				level.U = *l.U
			}
			one.Levels = append(one.Levels, level)
		}
		m.Comparisons = append(m.Comparisons, one)
	}
	return m
}

// levelLabel is what a level is called; its condition where it has no name.
func levelLabel(l *model.Level) string {
	if l.Label != "" {
		return l.Label
	}
	return l.Condition
}

func linkTraining(p *portrait.Portrait) linkreport.Training {
	h := p.History
	if h == nil {
		return linkreport.Training{}
	}
	t := linkreport.Training{PriorMethod: priorMethod(h), UMethod: uMethod(h), MMethod: mMethod(h)}
	for _, s := range h.Sessions {
		t.Sessions = append(t.Sessions, linkSession(p.Model, s))
	}
	return t
}

func priorMethod(h *train.History) string {
	switch {
	case h.Plan != nil && h.Plan.Prior.Probability > 0:
		return "Given."
	case h.Prior.Found == 0:
		return "Left as the settings have it."
	}
	how := "estimated from the trained m"
	rules := 0
	if h.Plan != nil {
		rules = len(h.Plan.Prior.DeterministicRules)
		if h.Plan.Prior.Recall > 0 {
			how = "given"
		}
	}
	return fmt.Sprintf("%s beyond doubt, found by %s, taken to be %s of all matches (%s), of %s possible pairs.", term.Count(h.Prior.Found, "pair", "pairs"),
		term.Count(int64(rules), "rule", "rules"), percent(h.Prior.Recall), how, term.Number(whole(h.Prior.Possible)))
}

func uMethod(h *train.History) string {
	words := map[string]string{"exact": "Counted exactly from the frequencies of values", "every pair": "Counted over every pair", "sample": "From a sample of random pairs", "fixed": "Given"}
	var parts []string
	for _, method := range []string{"exact", "every pair", "sample", "fixed"} {
		var names []string
		for _, u := range h.U {
			if u.Method == method {
				names = append(names, strings.ReplaceAll(u.Comparison, "_", " "))
			}
		}
		if len(names) > 0 {
			parts = append(parts, words[method]+": "+strings.Join(names, ", ")+".")
		}
	}
	return strings.Join(parts, " ")
}

func mMethod(h *train.History) string {
	switch {
	case h.Plan != nil && h.Plan.M.LabelColumn != "":
		return "From records that the column " + h.Plan.M.LabelColumn + " says are one person."
	case len(h.Sessions) == 0:
		return "Left as the settings have it."
	}
	return fmt.Sprintf("Expectation maximisation in %s; the median where several estimate one level.", term.Count(int64(len(h.Sessions)), "session", "sessions"))
}

// linkSession flattens a session's levels, without the null ones.
func linkSession(m *model.Model, s train.Session) linkreport.Session {
	out := linkreport.Session{Rule: s.Rule, Pairs: whole(s.Pairs), Converged: s.Converged, Tolerance: m.EMConvergence, LeftOut: s.LeftOut}
	type place struct{ comparison, level int }
	var places []place
	for i, name := range s.Comparisons {
		at := slices.IndexFunc(m.Comparisons, func(c model.Comparison) bool { return c.Name == name })
		if at < 0 {
			continue
		}
		c := &m.Comparisons[at]
		for _, level := range c.NonNull() {
			places = append(places, place{i, level})
			out.Levels = append(out.Levels, linkreport.LevelKey{Comparison: name, Gamma: c.Gamma(level)})
		}
	}
	for _, it := range s.Iterations {
		one := linkreport.Iteration{Lambda: it.Lambda, Change: it.Change}
		for _, at := range places {
			value := 0.0
			if at.comparison < len(it.M) && at.level < len(it.M[at.comparison]) {
				value = max(it.M[at.comparison][at.level], 0)
			}
			one.M = append(one.M, value)
		}
		out.Iterations = append(out.Iterations, one)
	}
	return out
}
