package cli

import (
	"github.com/spf13/cobra"

	"tre/internal/term"
)

func newLinkCommand(s *term.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "link",
		Short:   "Link records: run, or train, predict, cluster, evaluate, explain, report, review",
		GroupID: "linkage",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newLinkRunCommand(s), newLinkTrainCommand(s), newLinkPredictCommand(s), newLinkClusterCommand(s), newLinkEvaluateCommand(s),
		newLinkBlockCommand(s), newLinkIndexCommand(s), newLinkEncodeCommand(s), newLinkMatchEncodedCommand(s))
	c.AddCommand(newLinkExplainCommand(s), newLinkReportCommand(s), newLinkReviewCommand(s), newLinkImportCommand(s), newLinkExportCommand(s))
	return c
}
