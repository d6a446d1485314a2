package cli

import (
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/linkage/index"
	"tre/linkage/model"
	"tre/linkage/similarity"
)

type linkIndexOptions struct {
	index.Options
	ModelFile, Strings, At, Out string
}

func newLinkIndexCommand(s *term.Streams) *cobra.Command {
	var o linkIndexOptions
	c := &cobra.Command{
		Use:   "index --index FOLDER [--model MODEL.json] [--gone FILE] [--constraints FILE] [--out FILE] RECORDS...",
		Short: "Keep person ids from delivery to delivery",
		Long: `The first run links all RECORDS by a model and gives every person an id. A later
run takes new and changed RECORDS, and the ids of records that are gone, and
links only those against the index: ids stay, and merges and splits of persons
are written down with a reason. The persons are those that a run over all records
would find, by the model, the rule of clustering and the term frequencies of the
first run, which are frozen; --rebuild links all RECORDS anew and carries ids
over.

Of a later run RECORDS may be left out when there is --gone, --constraints, --at
or --out. A record whose columns are all as before costs nothing. FOLDER gets
persons-<run>.parquet (the lines that the run changed) and events-<run>.parquet;
--out writes one line a record, as of now or of --at. docs/person-index.md
describes the files and the limits.

Exit status is 0 when done, 1 when the index is damaged or in use, 64 for wrong
usage: another model, missing columns, ids given twice, too many pairs.`,
		RunE: func(c *cobra.Command, args []string) error { return runLinkIndex(c, s, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.Folder, "index", "", "the `FOLDER` of the index; made by the first run")
	f.StringVar(&o.ModelFile, "model", "", "the trained model, a JSON or YAML `FILE`; needed by the first run, and refused later when it is another")
	f.StringVar(&o.Gone, "gone", "", "records that exist no more: CSV or Parquet `FILE` with the column of ids")
	f.StringVar(&o.Change, "change", "", "the `COLUMN` of RECORDS that says new, changed or gone")
	f.StringVar(&o.Constraints, "constraints", "", "the `FILE` of decisions that holds from now on")
	f.StringVar(&o.AsAt, "as-at", "", "the `DAY` the records are of, as 2026-03-31; today when left out")
	f.BoolVar(&o.Rebuild, "rebuild", false, "link all RECORDS anew, by --model and with their own frequencies, and carry ids over")
	f.StringVar(&o.Strings, "strings", similarity.Characters.String(), "compare texts by characters or by duckdb-bytes; frozen by the first run")
	f.Float64Var(&o.MinWeight, "min-weight", 0, "least match `WEIGHT` of a link; frozen by the first run; 0 for the default")
	f.Int64Var(&o.MaxPairs, "max-pairs", index.DefaultMaxPairs, "refuse to compare more pairs")
	f.StringVar(&o.At, "at", "", "with --out: as of a `RUN` or a day")
	f.StringVar(&o.Out, "out", "", "write all records and their persons to a Parquet `FILE`")
	return c
}

func runLinkIndex(c *cobra.Command, s *term.Streams, o linkIndexOptions, args []string) error {
	if err := requireFlags("tre link index", "index", o.Folder); err != nil {
		return err
	}
	o.Records = args
	hasWork := len(args) > 0 || o.Gone != "" || o.Constraints != "" || o.Rebuild
	switch {
	case o.At != "" && (o.Out == "" || hasWork):
		return problem.New(problem.Usage, "see: tre link index --help", "wrong usage: --at goes with --out, and without records")
	case !hasWork && o.Out == "":
		return problem.New(problem.Usage, "see: tre link index --help", "wrong usage: give records, or --out")
	}
	if hasWork {
		if err := updateIndex(c, s, &o); err != nil {
			return err
		}
	}
	if o.Out == "" {
		return nil
	}
	run, err := index.Export(c.Context(), o.Folder, o.At, o.Out)
	if err == nil && !hasWork && s.JSON {
		return s.Answer(run)
	}
	if err == nil && !s.JSON {
		fmt.Fprintf(s.Out, "%s written, as of run %d (%s)\n", term.Count(int64(run.Records), "record", "records"), run.Run, run.AsAt)
	}
	return err
}

// indexHeap is how much is allocated before garbage is collected at all. A
// refresh is short and allocates little; collecting it over and over from a few
// megabytes on would cost a tenth of its time.
const indexHeap = 256 << 20

func updateIndex(c *cobra.Command, s *term.Streams, o *linkIndexOptions) error {
	ballast := make([]byte, indexHeap) // never touched, so that it takes no memory but in the collector's reckoning
	defer runtime.KeepAlive(ballast)
	var err error
	if o.Options.Strings, err = similarity.ParseStrings(o.Strings); err != nil {
		return err
	}
	if o.AsAt == "" {
		o.AsAt = time.Now().Format(time.DateOnly)
	}
	if o.ModelFile != "" {
		m, warnings, err := model.ReadFile(o.ModelFile)
		if err != nil {
			return err
		}
		for _, w := range warnings {
			fmt.Fprintln(s.Err, w)
		}
		o.Model = m
	}
	run, err := index.Update(c.Context(), o.Options)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(run)
	}
	printIndexRun(s, run)
	return nil
}

func printIndexRun(s *term.Streams, run index.RunOf) {
	number := func(n int) string { return term.Number(int64(n)) }
	fmt.Fprintf(s.Out, "run %d (%s, %s): %s in the index\n", run.Run, run.Kind, run.AsAt, term.Count(int64(run.Records), "record", "records"))
	fmt.Fprintf(s.Out, "%s new, %s changed, %s gone, %s unchanged\n", number(run.New), number(run.Changed), number(run.Gone), number(run.Unchanged))
	if run.Unknown > 0 {
		fmt.Fprintf(s.Out, "%s said to be gone, but unknown to the index\n", term.Count(int64(run.Unknown), "record was", "records were"))
	}
	fmt.Fprintf(s.Out, "%s compared, %s kept\n", term.Count(run.Compared, "pair", "pairs"), number(run.Edges))
	if run.Kind != "build" {
		fmt.Fprintf(s.Out, "%s, %s; %s changed\n", term.Count(int64(run.Merges), "merge", "merges"), term.Count(int64(run.Splits), "split", "splits"), term.Count(int64(run.Moved), "line", "lines"))
	}
}
