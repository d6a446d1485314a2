package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/term"
	"tre/linkage"
	"tre/pipeline"
)

func newLinkCommand(s *term.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "link",
		Short:   "How well records were linked",
		GroupID: "linkage",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newLinkEvaluateCommand(s))
	return c
}

func newLinkEvaluateCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "evaluate REGION",
		Short: "Measure a region's linkage against the truth of invented people",
		Long: `Compare the person index with truth/, which only invented regions have: pairwise
precision and recall, in all and by feed, sex, ethnic group and deprivation fifth.
Pairs are counted from clusters, never listed.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			region, err := pipeline.OpenRegion(args[0])
			if err != nil {
				return err
			}
			quality, err := pipeline.EvaluateLinkage(c.Context(), region)
			if err != nil {
				return err
			}
			if s.JSON {
				return s.Answer(quality)
			}
			return printLinkage(s, quality)
		},
	}
}

func printLinkage(s *term.Streams, quality linkage.Quality) error {
	var rows [][]string
	for _, by := range pipeline.MeasuresOf(quality) {
		for _, m := range by.Measures {
			rows = append(rows, []string{by.Name, m.Name, term.Number(m.Records), fmt.Sprintf("%.5f", m.Precision), fmt.Sprintf("%.4f", m.Recall)})
		}
	}
	return term.Table(s.Out, []string{"by", "value", ">records", ">precision", ">recall"}, rows)
}
