package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/term"
	"tre/pipeline"
)

func newVersionCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say which program this is",
		GroupID: "other",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if s.JSON {
				return s.Answer(map[string]string{"version": pipeline.ProgramVersion()})
			}
			fmt.Fprintln(s.Out, "tre", pipeline.ProgramVersion())
			return nil
		},
	}
}
