package cli

import (
	"fmt"
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/linkage/links"
	"tre/linkage/model"
	"tre/linkage/similarity"
)

type linkPredictOptions struct {
	links.PredictOptions
	Strings        string
	MinProbability float64
	Threads        int
}

func newLinkPredictCommand(s *term.Streams) *cobra.Command {
	var o linkPredictOptions
	c := &cobra.Command{
		Use:   "predict --model MODEL.json [--min-weight W] --out PAIRS.parquet RECORDS...",
		Short: "Score pairs of records by a linkage model",
		Long: `Compare every pair of records that a blocking rule of the model brings together,
and write their match weights to Parquet: <id>_l, <id>_r (and the inputs' names,
when there are several), match_weight, match_probability, match_key (the position
of the blocking rule) and gamma_<comparison>.

With --min-weight or --min-probability, pairs below are not written, and are
dropped as soon as they cannot reach it; what is written is what full scoring
would have written.

Texts are compared by characters. --strings duckdb-bytes compares bytes, as Splink
on DuckDB does, which puts accented names at a disadvantage; use it to reproduce
Splink's figures.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Records = args
			return runLinkPredict(c, s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Model, "model", "", "trained model `FILE`, JSON")
	f.StringVar(&o.Out, "out", "", "Parquet `FILE` to write")
	addPairFlags(f, &o.MinWeight, &o.MaxBlock, &o.MaxPairs)
	f.Float64Var(&o.MinProbability, "min-probability", 0, "least match `PROBABILITY` of a pair to write")
	addStringsFlag(c, &o.Strings)
	addThreadsFlag(c, &o.Threads)
	return c
}

// addPairFlags adds the flags that say which pairs are compared and written.
func addPairFlags(f *pflag.FlagSet, minWeight *float64, maxBlock *int, maxPairs *float64) {
	f.Float64Var(minWeight, "min-weight", links.AllPairs(), "least match `WEIGHT` of a pair to write")
	f.Lookup("min-weight").DefValue = "none"
	f.IntVar(maxBlock, "max-block", 0, "leave out blocks of more `RECORDS`, and say so")
	f.Float64Var(maxPairs, "max-pairs", 5e9, "refuse to compare more `PAIRS`")
}

func runLinkPredict(c *cobra.Command, s *term.Streams, o linkPredictOptions) error {
	if err := requireFlags("tre link predict", "model", o.Model, "out", o.Out); err != nil {
		return err
	}
	var err error
	if o.PredictOptions.Strings, err = similarity.ParseStrings(o.Strings); err != nil {
		return err
	}
	if c.Flags().Changed("min-probability") {
		if !(o.MinProbability > 0 && o.MinProbability < 1) || !math.IsInf(o.MinWeight, -1) {
			return problem.New(problem.Usage, "see: tre link predict --help", "wrong usage: --min-probability is between 0 and 1, and not given with --min-weight")
		}
		o.MinWeight = model.WeightOf(o.MinProbability)
	}
	o.Limits = linkLimits(o.Threads)
	predicted, err := links.Predict(c.Context(), o.PredictOptions)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(predicted)
	}
	return printPredicted(s, o.Out, predicted)
}

func printPredicted(s *term.Streams, out string, p *links.Predicted) error {
	for _, warning := range p.Warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", warning)
	}
	for _, slow := range p.Slow {
		fmt.Fprintf(s.Err, "warning: %s: DuckDB evaluates this condition, which is slow: %s\n", joinNonEmpty(slow.Comparison, slow.Level), slow.Reason)
	}
	for _, left := range p.LeftOut {
		fmt.Fprintf(s.Err, "warning: %s\n", left)
	}
	var rows [][]string
	for i, rule := range p.Rules {
		rows = append(rows, []string{fmt.Sprint(i), term.Number(rule.Compared), term.Number(rule.Kept), rule.Rule})
	}
	if err := term.Table(s.Out, []string{">key", ">compared", ">written", "blocking rule"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "%s: %s compared, %s written to %s\n", term.Count(int64(p.Records), "record", "records"),
		term.Count(p.Compared, "pair", "pairs"), term.Number(p.Kept), out)
	return nil
}
