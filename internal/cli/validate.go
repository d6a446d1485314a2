package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pipeline"
)

func newValidateCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "validate REGION",
		Short:   "Check settings, key, contracts and packs without reading a row",
		GroupID: "region",
		Long: `Check what can be checked before any row is read: the settings, the key, every
contract and mapping, the reference packs, and that each delivery in landing has a
contract. Nothing is written.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			region, err := pipeline.OpenRegion(args[0])
			if err != nil {
				return err
			}
			plan, err := pipeline.MakePlan(c.Context(), region, pipeline.Options{})
			if err != nil {
				return err
			}
			if s.JSON {
				return s.Answer(plan.Unmatched)
			}
			if err := printUnmatched(s, plan); err != nil {
				return err
			}
			if len(plan.Unmatched) > 0 {
				return problem.New(problem.TooManyRows, "move it under landing/<feed>/<provider>/, or add a contract",
					"%d things in landing have no contract", len(plan.Unmatched))
			}
			fmt.Fprintln(s.Out, "settings, key, contracts and reference packs are sound; every delivery has a contract")
			return nil
		},
	}
}
