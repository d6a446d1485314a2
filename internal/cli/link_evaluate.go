package cli

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/linkage"
	"tre/linkage/accuracy"
	"tre/pipeline"
)

// evaluateMemory is the ceiling of what measuring plain files may take; it is
// reached by some 30 million records.
const evaluateMemory = 8 << 30

type evaluateOptions struct {
	Pairs, Clusters, Truth, ID, Labels, LinkType string
	By                                           []string
	Errors                                       int
	MinProbability                               float64
}

func newLinkEvaluateCommand(s *term.Streams) *cobra.Command {
	var o evaluateOptions
	c := &cobra.Command{
		Use:   "evaluate REGION | --pairs PAIRS.parquet RECORDS... | --clusters CLUSTERS.parquet RECORDS...",
		Short: "Measure links against the truth, against labels, or without either",
		Long: `Of a region: compare the person index with truth/, which only invented regions
have: pairwise precision and recall, in all and by feed, sex, ethnic group and
deprivation fifth; a group whose recall is more than 1.5 points behind is flagged.

Of scored pairs: precision, recall and F1 at every threshold, against the column
--truth of RECORDS, which says who each record is, or against --labels, pairs
that people have judged (<id>_l, <id>_r, clerical_match_score). Without either
they are estimated: match probabilities are taken to be calibrated. True pairs
that blocking never offered count as missed.

Of clusters: pairwise precision, recall and F1, people merged and split, B-cubed
and variation of information. Without --truth: linked and unlinked records
compared, by --by.

With --by, missed and false matches by the values of columns of RECORDS, with 95 %
intervals; a value whose recall is more than 1.5 points behind is flagged.

RECORDS are CSV (with a header) or Parquet. Records without truth are left out.
Pairs are counted from the sizes of people and clusters, never listed. --json
gives every threshold and every measure.`,
		RunE: func(c *cobra.Command, args []string) error { return runEvaluate(c, s, o, args) },
	}
	c.Flags().StringVar(&o.Pairs, "pairs", "", "measure the scored pairs of `FILE`")
	c.Flags().StringVar(&o.Clusters, "clusters", "", "measure the clusters of `FILE`")
	c.Flags().StringVar(&o.Truth, "truth", "", "the `COLUMN` of RECORDS that says who a record is")
	c.Flags().StringVar(&o.ID, "id", "", "the `COLUMN` of ids; found from the pairs or clusters when left out")
	c.Flags().StringSliceVar(&o.By, "by", nil, "also by the values of this `COLUMN` (repeatable)")
	c.Flags().StringVar(&o.Labels, "labels", "", "measure against the labelled pairs of `FILE`; RECORDS are not read")
	c.Flags().IntVar(&o.Errors, "errors", 0, "name the worst `N` false positives and negatives, by id")
	c.Flags().Float64Var(&o.MinProbability, "min-probability", 0.5, "a pair is a link from probability `P` on, for --by and --errors")
	c.Flags().StringVar(&o.LinkType, "link-type", "", "`TYPE` dedupe_only, link_only or link_and_dedupe; concluded from the inputs when left out")
	return c
}

func runEvaluate(c *cobra.Command, s *term.Streams, o evaluateOptions, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	records := accuracy.Records{Paths: args, ID: o.ID, Truth: o.Truth, By: o.By}
	limits := accuracy.Limits{Threads: runtime.NumCPU(), MemoryBytes: evaluateMemory}
	switch {
	case o.Pairs != "":
		curve, err := accuracy.Pairs(c.Context(), accuracy.PairsIn{Pairs: o.Pairs, Records: records, Labels: o.Labels,
			LinkType: accuracy.LinkType(o.LinkType), MinProbability: o.MinProbability, Mistakes: o.Errors, Limits: limits})
		if err != nil || s.JSON {
			return answerOr(s, curve, err)
		}
		return printCurve(s, curve, o)
	case o.Clusters != "":
		measure, err := accuracy.Clusters(c.Context(), accuracy.ClustersIn{Clusters: o.Clusters, Records: records,
			LinkType: accuracy.LinkType(o.LinkType), Limits: limits})
		if err != nil || s.JSON {
			return answerOr(s, measure, err)
		}
		return printMeasure(s, measure)
	}
	return evaluateRegion(c, s, args[0])
}

func answerOr(s *term.Streams, v any, err error) error {
	if err != nil {
		return err
	}
	return s.Answer(v)
}

// check refuses what was typed wrongly. One folder, with neither pairs nor
// clusters, is a region.
func (o evaluateOptions) check(args []string) error {
	const hint = "see: tre link evaluate --help"
	switch {
	case o.Pairs != "" && o.Clusters != "":
		return problem.New(problem.Usage, hint, "wrong usage: give --pairs or --clusters, not both")
	case o.Clusters != "" && (o.Labels != "" || o.Errors != 0):
		return problem.New(problem.Usage, hint, "wrong usage: --labels and --errors are for --pairs")
	case o.Errors < 0:
		return problem.New(problem.Usage, hint, "wrong usage: --errors is below 0")
	case o.Errors > 0 && o.Truth == "" && o.Labels == "":
		return problem.New(problem.Usage, hint, "wrong usage: --errors needs --truth or --labels")
	case o.MinProbability <= 0 || o.MinProbability >= 1:
		return problem.New(problem.Usage, hint, "wrong usage: --min-probability is not between 0 and 1")
	case o.Pairs != "" || o.Clusters != "":
		if len(args) == 0 && o.Labels == "" {
			return problem.New(problem.Usage, hint, "wrong usage: no RECORDS were given")
		}
		return nil
	case len(args) != 1 || o.Truth != "" || o.Labels != "" || len(o.By) > 0 || !maybeRegion(args[0]):
		return problem.New(problem.Usage, hint, "wrong usage: give --pairs or --clusters, or one folder that is a region")
	}
	return nil
}

// maybeRegion leaves it to the region to say what is wrong with a name that is
// no file.
func maybeRegion(path string) bool {
	info, err := os.Stat(path)
	return err != nil || info.IsDir()
}

func evaluateRegion(c *cobra.Command, s *term.Streams, path string) error {
	region, err := openRegion(s, path)
	if err != nil {
		return err
	}
	quality, err := pipeline.EvaluateLinkage(c.Context(), region)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(flagged(quality))
	}
	return printLinkage(s, quality)
}

// behind is a group that is linked less well than the rest.
type behind struct {
	By     string  `json:"by"`
	Name   string  `json:"name"`
	Points float64 `json:"points"` // of recall, in hundredths
}

// flaggedQuality is the quality of a region's linkage and the groups behind.
type flaggedQuality struct {
	linkage.Quality
	Behind []behind `json:"behind"`
}

func flagged(quality linkage.Quality) flaggedQuality {
	q := flaggedQuality{Quality: quality, Behind: []behind{}}
	for _, by := range pipeline.MeasuresOf(quality) {
		for _, m := range by.Measures {
			if share, isFlagged := quality.Behind(m); isFlagged {
				q.Behind = append(q.Behind, behind{by.Name, m.Name, 100 * share})
			}
		}
	}
	return q
}

func printLinkage(s *term.Streams, quality linkage.Quality) error {
	var rows [][]string
	for _, by := range pipeline.MeasuresOf(quality) {
		for _, m := range by.Measures {
			flag := ""
			if behind, isFlagged := quality.Behind(m); isFlagged {
				flag = fmt.Sprintf("recall %.1f points behind", 100*behind)
			}
			rows = append(rows, []string{by.Name, m.Name, term.Number(m.Records), fmt.Sprintf("%.5f", m.Precision), fmt.Sprintf("%.4f", m.Recall), flag})
		}
	}
	return term.Table(s.Out, []string{"by", "value", ">records", ">precision", ">recall", "flag"}, rows)
}

// amount writes a count of pairs: whole when it is one, else with one decimal,
// as expected counts are.
func amount(n float64) string {
	if n == math.Trunc(n) {
		return term.Number(int64(n))
	}
	whole, tenths := math.Modf(math.Round(n*10) / 10)
	return term.Number(int64(whole)) + fmt.Sprintf("%.1f", tenths)[1:]
}

func percent(x float64) string { return fmt.Sprintf("%.2f%%", 100*x) }

// assumed marks a link type that nobody gave.
func assumed(kind accuracy.LinkType, guess bool) string {
	if guess {
		return string(kind) + " (concluded from the inputs; --link-type says otherwise)"
	}
	return string(kind)
}

// printFacts writes lines of a name and what it is.
func printFacts(s *term.Streams, facts [][2]string) {
	for _, f := range facts {
		fmt.Fprintln(s.Out, strings.TrimRight(fmt.Sprintf("%-16s %s", f[0], f[1]), " "))
	}
}
