package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pipeline/analyse"
)

// tested is what one suite of cases came to.
type tested struct {
	Name   string   `json:"name"`
	Source string   `json:"source"`
	Cases  int      `json:"cases"`
	Wrong  []string `json:"wrong,omitempty"`
}

func newSelftestCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "selftest",
		Short:   "Compute the published cases again on this machine, and say what passed",
		GroupID: "other",
		Long: `Run every published or independently computed case that the program carries
(scores, intervals, charts, models, segments) through the code that answers real
questions, and compare. Nothing is read or written.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var all []tested
			for _, suite := range analyse.Vectors() {
				outcome, err := suite.Check(c.Context())
				if err != nil {
					return problem.Wrap(err, problem.Failed, "", "suite %s could not be run", suite.Name)
				}
				all = append(all, tested{suite.Name, suite.Source, outcome.Cases, outcome.Wrong})
			}
			return sayTested(s, all)
		},
	}
}

func sayTested(s *term.Streams, all []tested) error {
	var cases, wrong int64
	var rows [][]string
	for _, t := range all {
		cases, wrong = cases+int64(t.Cases), wrong+int64(len(t.Wrong))
		rows = append(rows, []string{term.Number(int64(t.Cases - len(t.Wrong))), term.Number(int64(len(t.Wrong))), t.Name, t.Source})
	}
	if s.JSON {
		if err := s.Answer(map[string]any{"passed": wrong == 0, "suites": all}); err != nil {
			return err
		}
	} else if err := term.Table(s.Out, []string{">passed", ">wrong", "what", "answers from"}, rows); err != nil {
		return err
	}
	for _, t := range all {
		for _, line := range t.Wrong {
			fmt.Fprintf(s.Err, "wrong: %s: %s\n", t.Name, line)
		}
	}
	if wrong > 0 {
		return problem.New(problem.Failed, "do not use the answers of this program on this machine; report what it printed", "%s wrong", term.Count(wrong, "case is", "cases are"))
	}
	if !s.JSON {
		fmt.Fprintf(s.Out, "%s passed\n", term.Count(cases, "comparison", "comparisons"))
	}
	return nil
}
