package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"tre/internal/term"
	"tre/linkage/block"
)

// say prints what was found out, then refuses what has to be refused.
func (b *blocking) say(s *term.Streams) error {
	if s.JSON {
		if err := s.Answer(b.answer); err != nil {
			return err
		}
		return b.refused
	}
	for _, warning := range b.answer.Warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", warning)
	}
	for _, l := range b.answer.LeftOut {
		fmt.Fprintf(s.Err, "warning: %s\n", l)
	}
	for _, print := range []func(*term.Streams) error{b.printCounts, b.printLargest, b.printRecall, b.printSuggestion} {
		if err := print(s); err != nil {
			return err
		}
	}
	return b.refused
}

func (b *blocking) printCounts(s *term.Streams) error {
	c := b.answer.Counts
	if len(c.Rules) == 0 {
		return nil
	}
	printFacts(s, [][2]string{{"link type", string(b.answer.LinkType)}, {"records", term.Number(int64(c.Records))},
		{"pairs", number(c.Total)}, {"in no block", percent(c.InNoBlock) + " of the records"}})
	fmt.Fprintln(s.Out)
	var rows [][]string
	for _, r := range c.Rules {
		rows = append(rows, []string{fmt.Sprint(r.Rule + 1), number(r.Alone), number(r.Added), percent(r.InNoBlock), r.SQL})
	}
	return term.Table(s.Out, []string{">rule", ">pairs alone", ">pairs added", ">in no block", "condition"}, rows)
}

// number writes a count of pairs, with its interval when it is an estimate.
func number(n block.Number) string {
	count := func(x float64) string { return term.Number(int64(math.Round(x))) }
	switch n.Basis {
	case block.Estimated:
		return fmt.Sprintf("about %s (%s to %s)", count(n.Pairs), count(math.Max(n.Low, 0)), count(n.High))
	case block.AtMost:
		return "at most " + count(n.Pairs)
	}
	return count(n.Pairs)
}

func (b *blocking) printLargest(s *term.Streams) error {
	heading := []string{">rule", ">records", ">pairs", "largest blocks, by"}
	if b.Values {
		heading = append(heading, "values")
	}
	var rows [][]string
	for _, r := range b.answer.Counts.Rules {
		for _, largest := range r.Largest {
			row := []string{fmt.Sprint(r.Rule + 1), term.Number(int64(largest.Records)), term.Number(largest.Pairs), strings.Join(largest.Key, ", ")}
			if b.Values {
				row = append(row, strings.Join(largest.Values, ", "))
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(s.Out)
	return term.Table(s.Out, heading, rows)
}

func (b *blocking) printRecall(s *term.Streams) error {
	r := b.answer.Recall
	if b.answer.RecallBasis == "" {
		return nil
	}
	fmt.Fprintln(s.Out)
	if r == nil {
		printFacts(s, [][2]string{{"recall", b.answer.RecallBasis}})
		return nil
	}
	facts := [][2]string{{"recall", "on the matches of column " + b.Truth}, {"matches", term.Number(r.Matches)},
		{"found", fmt.Sprintf("%s by some rule, %s", term.Number(r.Found), percent(float64(r.Found)/math.Max(float64(r.Matches), 1)))}}
	if b.truth == nil {
		facts = [][2]string{{"recall", fmt.Sprintf("of each rule on pairs of probability %g or more that other rules find", b.MinProbability)},
			{"matches", term.Number(r.Found) + " found by some rule"}}
		if c := r.Missed; c != nil {
			facts = append(facts, [2]string{"found by none", fmt.Sprintf("about %.0f (%.0f to %.0f), from rule %d against the others", c.Missed, c.Low, c.High, c.Rule+1)},
				[2]string{"", "if rules miss matches independently and all are as easy to find; otherwise mostly more"})
		} else {
			facts = append(facts, [2]string{"found by none", "not known: no match is found by two rules"})
		}
	}
	printFacts(s, facts)
	fmt.Fprintln(s.Out)
	var rows [][]string
	for _, rule := range r.Rules {
		recall := "-"
		if rule.Of > 0 {
			recall = percent(rule.Recall)
		}
		rows = append(rows, []string{fmt.Sprint(rule.Rule + 1), term.Number(rule.Found), term.Number(rule.Alone), term.Number(rule.Of), recall})
	}
	return term.Table(s.Out, []string{">rule", ">finds", ">alone", ">measured on", ">recall"}, rows)
}

func (b *blocking) printSuggestion(s *term.Streams) error {
	g := b.answer.Suggestion
	if g == nil {
		return nil
	}
	if len(b.answer.Counts.Rules) > 0 {
		fmt.Fprintln(s.Out)
	}
	printFacts(s, [][2]string{{"suggestion", fmt.Sprintf("%s for a budget of %s", term.Count(int64(len(g.Rules)), "rule", "rules"), term.Count(g.Budget, "pair", "pairs"))},
		{"measured", b.answer.SuggestBasis}, {"matches", amount(g.Matches)}, {"candidates", term.Number(int64(g.Candidates))},
		{"pairs", term.Number(int64(g.Pairs))},
		{"expected recall", fmt.Sprintf("%s, of %s that one rule or another within the budget finds", percent(g.Recall), percent(g.Reachable))}})
	if len(g.Rules) == 0 {
		return nil
	}
	fmt.Fprintln(s.Out)
	var rows [][]string
	for i, r := range g.Rules {
		rows = append(rows, []string{fmt.Sprint(i + 1), term.Number(r.Pairs), term.Number(int64(r.Added)), percent(r.Finds), percent(r.Recall), r.SQL})
	}
	if err := term.Table(s.Out, []string{">rule", ">pairs alone", ">pairs added", ">finds", ">recall so far", "condition"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(s.Out, "\nfor the model:")
	return printRules(s, b)
}

// printRules writes the rules as Splink's settings have them.
func printRules(s *term.Streams, b *blocking) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	type rule struct {
		SQL     string `json:"blocking_rule"`
		Dialect string `json:"sql_dialect"`
	}
	for i, r := range b.answer.Suggestion.Rules {
		text.Reset()
		if err := encoder.Encode(rule{r.SQL, "duckdb"}); err != nil {
			return err
		}
		comma := ","
		if i == len(b.answer.Suggestion.Rules)-1 {
			comma = ""
		}
		if i == 0 {
			fmt.Fprintln(s.Out, `"blocking_rules_to_generate_predictions": [`)
		}
		fmt.Fprintf(s.Out, "    %s%s\n", bytes.TrimSpace(text.Bytes()), comma)
	}
	fmt.Fprintln(s.Out, "]")
	return nil
}
