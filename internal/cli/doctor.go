package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pipeline"
)

func newDoctorCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "doctor REGION",
		Short:   "Check that a region's folder is sound, private and complete",
		GroupID: "region",
		Long: `Check that every file is private, that what each step wrote still stands with its
size, that no half-written files are left, that every delivery's rows add up, and
that the key belongs to the region. Nothing is changed.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			region, err := pipeline.OpenRegion(args[0])
			if err != nil {
				return err
			}
			findings, err := pipeline.Examine(region)
			if err != nil {
				return err
			}
			return sayFindings(s, args[0], findings)
		},
	}
}

func sayFindings(s *term.Streams, region string, findings []pipeline.Finding) error {
	var bad int64
	for _, f := range findings {
		if !f.Sound {
			bad++
		}
	}
	if s.JSON {
		if err := s.Answer(map[string]any{"sound": bad == 0, "findings": findings}); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			mark := "sound"
			if !f.Sound {
				mark = "WRONG"
			}
			fmt.Fprintf(s.Out, "%s  %s\n", mark, f.What)
		}
	}
	if bad > 0 {
		return problem.New(problem.Failed, "tre run "+region+" makes what is missing again; the key and file modes are yours to mend",
			"%s wrong", term.Count(bad, "thing is", "things are"))
	}
	return nil
}
