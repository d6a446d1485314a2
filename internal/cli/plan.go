package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/term"
	"tre/pipeline"
)

func newPlanCommand(s *term.Streams) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:     "plan REGION",
		Short:   "Say what a run would do, and why",
		GroupID: "region",
		Long: `Say what tre run would do and why, step by step and delivery by delivery.
Nothing is written.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Path = args[0]
			return runPlan(c, s, o)
		},
	}
	o.addFlags(c)
	return c
}

func runPlan(c *cobra.Command, s *term.Streams, o runOptions) error {
	region, err := openRegion(s, o.Path)
	if err != nil {
		return err
	}
	plan, err := pipeline.MakePlan(c.Context(), region, pipeline.Options{Feeds: o.Feeds, From: o.From})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(plan)
	}
	return printPlan(s, plan)
}

func printPlan(s *term.Streams, plan pipeline.Plan) error {
	if !plan.Work() {
		fmt.Fprintln(s.Out, nothing(plan.Deliveries))
		printNotTaken(s, plan.NotTaken)
		return nil
	}
	var rows [][]string
	for _, step := range plan.Steps {
		if step.Do {
			rows = append(rows, []string{step.Step, step.Of, step.Why})
		}
	}
	if err := term.Table(s.Out, []string{"step", "of", "why"}, rows); err != nil {
		return err
	}
	printNotTaken(s, plan.NotTaken)
	return nil
}

// nothing says why there is nothing to do.
func nothing(deliveries int) string {
	if deliveries == 0 {
		return "nothing to do: there is no delivery in landing/"
	}
	return "nothing to do: everything is up to date"
}
