package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pipeline"
)

func newReportCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "report REGION",
		Short:   "Say where the report of the last run is",
		GroupID: "region",
		Long:    `Say where the report of the last run is. tre run writes it; it is one page that opens anywhere.`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			path, found := pipeline.ReportPath(region)
			if !found {
				return problem.New(problem.Failed, "tre run "+args[0], "there is no report yet")
			}
			if s.JSON {
				return s.Answer(map[string]string{"report": path})
			}
			fmt.Fprintln(s.Out, path)
			return nil
		},
	}
}
