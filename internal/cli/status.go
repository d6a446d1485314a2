package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/term"
	"tre/pipeline"
)

func newStatusCommand(s *term.Streams) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:     "status REGION",
		Short:   "Say what stands where: each delivery and each step",
		GroupID: "region",
		Long: `Say for each feed and delivery how many rows came in, how many are in force, set
aside and superseded, and which deliveries were refused and why.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runStatus(s, args[0], all) },
	}
	c.Flags().BoolVar(&all, "deliveries", false, "a line for each delivery instead of each feed")
	return c
}

func runStatus(s *term.Streams, path string, all bool) error {
	region, err := pipeline.OpenRegion(path)
	if err != nil {
		return err
	}
	status, err := pipeline.ReadStatus(region)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(status)
	}
	lines := status.ByFeed()
	if all {
		lines = status.Deliveries
	}
	if err := printAccounts(s, lines, all); err != nil {
		return err
	}
	for _, d := range status.Deliveries {
		if d.Refused != "" {
			fmt.Fprintf(s.Out, "refused: landing/%s: %s\n", d.Path, d.Refused)
		}
	}
	for _, d := range status.Deliveries {
		if all && d.Duplicate != "" {
			fmt.Fprintf(s.Out, "duplicate: landing/%s says the same as landing/%s\n", d.Path, d.Duplicate)
		}
	}
	for _, note := range status.Notes {
		fmt.Fprintln(s.Out, note)
	}
	return nil
}

func printAccounts(s *term.Streams, lines []pipeline.Account, all bool) error {
	heading := []string{"feed", ">deliveries", ">rows in", ">in force", ">quarantined", ">superseded"}
	if all {
		heading[1] = "delivery"
	}
	var rows [][]string
	for _, a := range lines {
		second := term.Number(int64(a.Deliveries))
		if all {
			second = a.Path
		}
		rows = append(rows, []string{a.Feed, second, term.Number(a.RowsIn), term.Number(a.InForce),
			term.Number(a.Quarantined), term.Number(a.Superseded)})
	}
	return term.Table(s.Out, heading, rows)
}
