package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"tre/internal/term"
	"tre/pipeline"
)

func newStatusCommand(s *term.Streams) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:     "status REGION",
		Short:   "Say what became of each feed and delivery",
		GroupID: "region",
		Long: `Say for each feed and delivery how many rows came in, how many are in force, set
aside and superseded, and which deliveries were refused and why. With --deliveries
also which rules the rows set aside broke, and where the first one is.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runStatus(s, args[0], all) },
	}
	c.Flags().BoolVar(&all, "deliveries", false, "a line for each delivery instead of each feed")
	return c
}

func runStatus(s *term.Streams, path string, all bool) error {
	region, err := openRegion(s, path)
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
	if len(lines) > 0 {
		if err := printAccounts(s, lines, all); err != nil {
			return err
		}
	}
	for _, d := range status.Deliveries {
		printWhy(s, d, all)
	}
	for _, note := range status.Notes {
		fmt.Fprintln(s.Out, note)
	}
	return nil
}

// printWhy says why a delivery was refused and, when all is asked for, why rows
// of it were set aside and what else is to be said of it.
func printWhy(s *term.Streams, d pipeline.Account, all bool) {
	if d.Refused != "" {
		rule, message, _ := strings.Cut(d.Refused, ": ")
		message = strings.TrimPrefix(strings.TrimPrefix(message, "delivery "), d.Path+": ")
		fmt.Fprintf(s.Out, "refused: landing/%s\n  %s: %s\n", d.Path, rule, message)
	}
	if !all {
		return
	}
	if d.Duplicate != "" {
		fmt.Fprintf(s.Out, "duplicate: landing/%s\n  says the same as landing/%s\n", d.Path, d.Duplicate)
	}
	if len(d.Rules) > 0 && d.Refused == "" {
		fmt.Fprintf(s.Out, "set aside: rows of landing/%s\n", d.Path)
		for _, r := range d.Rules {
			where := "table " + r.Table
			if r.Column != "" {
				where += ", column " + r.Column
			}
			fmt.Fprintf(s.Out, "  %s: %s: %s, the first is row %s\n", where, r.Rule, term.Count(r.Count, "row", "rows"), term.Number(r.FirstRow))
		}
	}
	for _, note := range d.Notes {
		fmt.Fprintf(s.Out, "note: landing/%s\n  %s\n", d.Path, note)
	}
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
