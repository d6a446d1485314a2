package cli

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/report/linkreport"
	"tre/internal/term"
	"tre/internal/workspace"
	"tre/linkage/portrait"
	"tre/linkage/similarity"
)

type linkReportOptions struct {
	portrait.In
	Strings  string
	Out      string
	Title    string
	Invented bool
	Threads  int
}

func newLinkReportCommand(s *term.Streams) *cobra.Command {
	var o linkReportOptions
	c := &cobra.Command{
		Use:   "report --model MODEL.json --pairs PAIRS.parquet [--clusters CLUSTERS.parquet] [--truth COLUMN] [--by COLUMN...] [--values] --out REPORT.html RECORDS...",
		Short: "Show a linkage on one page: weights, thresholds, blocking, pairs, clusters, quality by group",
		Long: `Write one HTML page that needs nothing else: what each agreement is worth, how the
model was trained (the history that tre link train leaves beside the model), pairs
by weight, records that could never link, what each threshold gives, what each
blocking rule brings, pairs to look at from every band of weights, clusters worth
looking at, completeness, quality by group and the GUILD checklist.

With --truth, a column of RECORDS that says who a record is, precision, recall and
quality by the columns of --by are measured; without, they are estimated from the
match probabilities, and linked records are compared with unlinked ones.

Values of records are not shown: of a pair the lengths of values and which are the
same, of a cluster a letter for each distinct value. --values shows them, and the
page says so. Ids of records, and the values of the columns of --by, are shown in
any case.

The pairs shown are always the same for the same files.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Records = args
			return runLinkReport(c, s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Model, "model", "", "trained model `FILE`")
	f.StringVar(&o.Pairs, "pairs", "", "Parquet `FILE` of tre link predict or of Splink")
	f.StringVar(&o.Clusters, "clusters", "", "Parquet `FILE` of tre link cluster")
	f.StringVar(&o.Truth, "truth", "", "the `COLUMN` of RECORDS that says who a record is")
	f.StringSliceVar(&o.By, "by", nil, "quality by the values of this `COLUMN`; repeatable")
	f.StringSliceVar(&o.Distinct, "distinct", nil, "`COLUMN` of a verified identifier: clusters with several values are shown; repeatable")
	f.Float64Var(&o.MinProbability, "min-probability", 0, "a pair is a link from probability `P` on; chosen as tre link cluster does when not given")
	f.IntVar(&o.Examples, "examples", 4, "show `N` pairs of each band of weights")
	f.BoolVar(&o.Values, "values", false, "show values of records as they are")
	f.StringVar(&o.Title, "title", "Record linkage", "`HEADING` of the page")
	f.BoolVar(&o.Invented, "invented", false, "say on the page that the people are invented")
	f.StringVar(&o.Out, "out", "", "HTML `FILE` to write")
	addStringsFlag(c, &o.Strings)
	addThreadsFlag(c, &o.Threads)
	return c
}

func runLinkReport(c *cobra.Command, s *term.Streams, o linkReportOptions) error {
	if err := requireFlags("tre link report", "model", o.Model, "pairs", o.Pairs, "out", o.Out); err != nil {
		return err
	}
	wrong := func(what string) error {
		return problem.New(problem.Usage, "see: tre link report --help", "wrong usage: %s", what)
	}
	switch {
	case c.Flags().Changed("min-probability") && !(o.MinProbability > 0 && o.MinProbability < 1):
		return wrong("--min-probability is between 0 and 1")
	case o.Examples < 1 || o.Examples > 50:
		return wrong("--examples is between 1 and 50")
	}
	var err error
	if o.In.Strings, err = similarity.ParseStrings(o.Strings); err != nil {
		return err
	}
	o.Limits = linkLimits(o.Threads)
	p, err := portrait.Make(c.Context(), o.In)
	if err != nil {
		return err
	}
	page := linkPage(p, o)
	var html bytes.Buffer
	if err := linkreport.Write(&html, page); err != nil {
		return err
	}
	if err := writeWhole(o.Out, html.Bytes()); err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(page)
	}
	for _, warning := range p.Warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", warning)
	}
	fmt.Fprintf(s.Out, "%s, %s, %s at a match weight of %.2f: %s\n", term.Count(int64(p.Records), "record", "records"),
		term.Count(int64(p.Pairs), "scored pair", "scored pairs"), term.Count(p.Links, "link", "links"), p.Threshold, o.Out)
	return nil
}

// writeWhole writes a file that appears whole or not at all, private to its
// owner, in a folder that is no region.
func writeWhole(path string, data []byte) error {
	folder, err := workspace.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Tidy()
	return folder.Write(filepath.Base(path), data)
}
