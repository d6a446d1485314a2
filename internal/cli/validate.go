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
contract and mapping, the reference packs, and that everything in landing/ is a
delivery that a contract takes. Nothing is written.

Exit status is 0 when all is sound, 3 when something in landing/ is not taken; what
is still arriving does not count. Otherwise it is what tre run would end with.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			check, err := pipeline.Validate(c.Context(), region)
			if err != nil {
				return err
			}
			return sayCheck(s, check)
		},
	}
}

func sayCheck(s *term.Streams, check pipeline.Check) error {
	if s.JSON {
		if err := s.Answer(check); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(s.Out, "settings, key, contracts, mappings and reference packs are sound")
		for _, feed := range check.Unmapped {
			fmt.Fprintf(s.Out, "%s is read and reaches no linked table: it has no mapping contracts/%s.sql\n", feed, feed)
		}
		printNotTaken(s, check.NotTaken)
	}
	lost := 0
	for _, n := range check.NotTaken {
		if !n.Waiting {
			lost++
		}
	}
	if lost > 0 {
		return problem.New(problem.TooManyRows, "move it to landing/<feed>/<provider>/ under a name the contract takes, or add a contract",
			"%s not taken", term.Count(int64(lost), "thing in landing/ is", "things in landing/ are"))
	}
	return nil
}

func printNotTaken(s *term.Streams, list []pipeline.NotTaken) {
	const most = 20
	for i, n := range list {
		if i == most {
			fmt.Fprintf(s.Out, "not taken: %s more\n", term.Number(int64(len(list)-most)))
			return
		}
		fmt.Fprintf(s.Out, "not taken: landing/%s: %s\n", n.Path, n.Why)
	}
}
