package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"tre/internal/term"
	"tre/linkage/links"
	"tre/linkage/similarity"
)

// linkMemory is DuckDB's share when linking plain files: it reads and writes
// files, and little more.
const linkMemory = 4 << 30

// linkThreads is how many workers compare records.
const linkThreads = 2

// linkGarbage lets the heap grow to two and a half times what is in use before it is
// collected: linking holds little but its columns, and collecting them over and
// over would cost a tenth of the time.
const linkGarbage = 150

func linkLimits(threads int) links.Limits {
	debug.SetGCPercent(linkGarbage)
	return links.Limits{Threads: threads, MemoryBytes: linkMemory}
}

type linkTrainOptions struct {
	links.TrainOptions
	Strings string
	Threads int
}

func newLinkTrainCommand(s *term.Streams) *cobra.Command {
	var o linkTrainOptions
	c := &cobra.Command{
		Use:   "train [--settings SETTINGS.json] [--training PLAN.yaml] --out MODEL.json RECORDS...",
		Short: "Estimate a linkage model from the records themselves",
		Long: `Estimate the prior, m and u of a Fellegi-Sunter model and write it as Splink does.

SETTINGS is Splink's JSON (version 4 or 5, settings or a trained model) or the
short form in YAML; without settings, a profile for records of persons is used, over
the columns it knows by name. RECORDS are CSV in UTF-8 with a header, or Parquet. PLAN says
how to train: deterministic rules for the prior, u, and one blocking rule for each
session of expectation-maximisation; without one, a plan is chosen from the
records and written beside the model as MODEL.training.yaml. The history of the
training goes to MODEL.training.json.

u is counted exactly from the frequencies of values wherever a comparison reads
one column; only comparisons of several columns are sampled.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Records = args
			return runLinkTrain(c, s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Settings, "settings", "", "settings or model `FILE`, JSON or YAML; the default profile when not given")
	f.StringVar(&o.Plan, "training", "", "training plan, a YAML `FILE`")
	f.StringVar(&o.Out, "out", "", "model `FILE` to write, JSON")
	addStringsFlag(c, &o.Strings)
	addThreadsFlag(c, &o.Threads)
	return c
}

func addStringsFlag(c *cobra.Command, into *string) {
	c.Flags().StringVar(into, "strings", "characters", "compare texts by `characters` or duckdb-bytes")
}

func addThreadsFlag(c *cobra.Command, into *int) {
	c.Flags().IntVar(into, "threads", linkThreads, "workers")
}

func runLinkTrain(c *cobra.Command, s *term.Streams, o linkTrainOptions) error {
	if err := requireFlags("tre link train", "out", o.Out); err != nil {
		return err
	}
	var err error
	if o.TrainOptions.Strings, err = similarity.ParseStrings(o.Strings); err != nil {
		return err
	}
	o.Limits = linkLimits(o.Threads)
	trained, err := links.Train(c.Context(), o.TrainOptions)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(trained.History)
	}
	return printTrained(s, o.Out, trained)
}

func printTrained(s *term.Streams, out string, trained *links.Trained) error {
	h := trained.History
	for _, warning := range trained.Warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", warning)
	}
	fmt.Fprintf(s.Out, "prior %.3g: one pair in %s matches", trained.Model.Prior, term.Number(int64(1/trained.Model.Prior)))
	if h.Prior.Found > 0 {
		fmt.Fprintf(s.Out, " (%s found by the rules, recall %.2f)", term.Count(h.Prior.Found, "pair", "pairs"), h.Prior.Recall)
	}
	fmt.Fprintln(s.Out)
	for _, session := range h.Sessions {
		fmt.Fprintf(s.Out, "trained on %s: %s, %s\n", session.Rule, term.Count(int64(session.Pairs), "pair", "pairs"),
			term.Count(int64(len(session.Iterations)-1), "round", "rounds"))
	}
	var rows [][]string
	for i := range trained.Model.Comparisons {
		comparison := &trained.Model.Comparisons[i]
		for _, level := range comparison.NonNull() {
			rows = append(rows, []string{comparison.Name, comparison.Levels[level].Label, fmt.Sprintf("%.3g", comparison.M(level)),
				fmt.Sprintf("%.3g", comparison.U(level)), fmt.Sprintf("%+.2f", comparison.Weight(level))})
		}
	}
	if err := term.Table(s.Out, []string{"comparison", "level", ">m", ">u", ">weight"}, rows); err != nil {
		return err
	}
	for _, w := range h.Warnings {
		fmt.Fprintf(s.Out, "warning: %s: %s\n", joinNonEmpty(w.Comparison, w.Level), w.Message)
	}
	fmt.Fprintf(s.Out, "model: %s\n", out)
	return nil
}

func joinNonEmpty(a, b string) string {
	switch {
	case a == "":
		return "training"
	case b == "":
		return a
	}
	return a + ", " + b
}
