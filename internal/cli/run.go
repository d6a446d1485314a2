package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pipeline"
)

type runOptions struct {
	Path   string
	Feeds  []string
	From   string
	DryRun bool
}

func (o *runOptions) addFlags(c *cobra.Command) {
	c.Flags().StringSliceVar(&o.Feeds, "feed", nil, "only this `FEED` (repeatable, or several separated by commas); others keep what they had")
	c.Flags().StringVar(&o.From, "from", "", "redo this `STEP` and what follows, even if up to date: one of\n"+pipeline.StepNames())
}

func newRunCommand(s *term.Streams) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:     "run REGION",
		Short:   "Do what is to be done, from landing to report",
		GroupID: "region",
		Long: `Extract every new delivery, settle which rows are in force, link records into
persons, pseudonymise, make the linked records, answer the first questions and
write the report. What is up to date is not done again; a run that was stopped
resumes. One run writes in a region at a time.

What is done is said on standard error and kept in logs/run.jsonl.

Exit status is 0 when everything was done, 3 when everything that could be
trusted was done and some deliveries were refused, 5 when the key is missing or
readable by others, 64 for wrong usage or settings, 130 when interrupted.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Path = args[0]
			return runRun(c, s, o)
		},
	}
	o.addFlags(c)
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "say what would be done and do nothing (the same as tre plan)")
	return c
}

func runRun(c *cobra.Command, s *term.Streams, o runOptions) error {
	if o.DryRun {
		return runPlan(c, s, o)
	}
	region, err := openRegion(s, o.Path)
	if err != nil {
		return err
	}
	progress := term.NewProgress(s)
	summary, err := pipeline.Run(c.Context(), region, pipeline.Options{Feeds: o.Feeds, From: o.From, Show: progress.Show})
	if err != nil {
		return err
	}
	if s.JSON {
		err = s.Answer(summary)
	} else {
		printSummary(s, o.Path, summary)
	}
	if err == nil && summary.Worked && len(summary.Refused) > 0 {
		return problem.New(problem.TooManyRows, "tre status "+o.Path+" says which and why; everything else was done",
			"%s refused", term.Count(int64(len(summary.Refused)), "delivery was", "deliveries were"))
	}
	return err
}

func printSummary(s *term.Streams, path string, sum pipeline.Summary) {
	if !sum.Worked {
		fmt.Fprintln(s.Out, nothing(sum.Deliveries))
		printNotTaken(s, sum.NotTaken)
		return
	}
	fmt.Fprintf(s.Out, "%s in = %s in force + %s quarantined + %s superseded\n", term.Count(sum.RowsIn, "row", "rows"),
		term.Number(sum.InForce), term.Number(sum.Quarantined), term.Number(sum.Superseded))
	fmt.Fprintf(s.Out, "%s of %s linked\n", term.Count(sum.Records, "record", "records"), term.Count(sum.Persons, "person", "persons"))
	printNotTaken(s, sum.NotTaken)
	fmt.Fprintf(s.Out, "report: %s\n", sum.Report)
}
