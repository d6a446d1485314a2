package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tre/fixtures"
	"tre/fixtures/population"
	"tre/internal/problem"
	"tre/internal/term"
	"tre/internal/workspace"
)

type fixturesOptions struct {
	Path    string
	People  int
	Seed    uint64
	Months  int
	History int
	End     string
	Feeds   []string
	Clean   bool
	Traps   bool

	Records int64
	Out     string
	Changed float64
	From    string
}

func newFixturesCommand(s *term.Streams) *cobra.Command {
	o := fixturesOptions{}
	c := &cobra.Command{
		Use:     "fixtures REGION | --records N --out FILE",
		Short:   "Fill a region's landing with invented people's deliveries, or make plain records",
		GroupID: "region",
		Long: `Invent a region: people, households and their care, sent by every kind of system in
its real layout, container, encoding and refresh model, with the errors such
data have. The same seed gives the same bytes. Who is who is written to truth/,
which a run never reads to link. NHS numbers come from the range 999, which is
never issued (regions of more than 900,000 people go on into 998 and below); no
postcode exists.

With --records, and no region, make a plain file of person records for tre link:
Parquet or CSV by its ending, column cluster saying which are the same person.
With --changed and --from, write what such a file has become a while later, and
beside it, as FILE.delta.parquet (or .csv), only the records that are new,
changed or gone.

    tre fixtures --records 1000000 --out people.parquet
    tre fixtures --changed 1 --from people.parquet --out later.parquet`,
		RunE: func(c *cobra.Command, args []string) error {
			if plainRecords(c) {
				return runRecords(c, s, o)
			}
			o.Path = args[0]
			return runFixtures(c, s, o)
		},
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if plainRecords(c) {
			return cobra.NoArgs(c, args)
		}
		return cobra.ExactArgs(1)(c, args)
	}
	c.Flags().IntVar(&o.People, "people", 20000, "invent `N` people; fewer than 500 make thin data")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "the same seed `N` gives the same region")
	c.Flags().IntVar(&o.Months, "months", 3, "deliveries of `N` months")
	c.Flags().IntVar(&o.History, "history", 24, "`N` months of care before the end, at least as many as --months")
	c.Flags().StringVar(&o.End, "end", "2026-06-30", "the last `DAY` of the last month, yyyy-MM-dd")
	c.Flags().StringSliceVar(&o.Feeds, "feed", nil, "only this `FEED` (repeatable, or several separated by commas)")
	c.Flags().BoolVar(&o.Clean, "no-errors", false, "without the errors real data have")
	c.Flags().BoolVar(&o.Traps, "traps", false, "with one bad delivery of every kind")
	c.Flags().Int64Var(&o.Records, "records", 0, "make a plain file of `N` person records instead")
	c.Flags().StringVar(&o.Out, "out", "", "the `FILE` of records to write, .parquet or .csv")
	c.Flags().Float64Var(&o.Changed, "changed", 0, "change `PERCENT` of the records of --from")
	c.Flags().StringVar(&o.From, "from", "", "the `FILE` of records to change")
	return c
}

func runFixtures(c *cobra.Command, s *term.Streams, o fixturesOptions) error {
	end, err := time.Parse(time.DateOnly, o.End)
	if err != nil {
		return problem.New(problem.Usage, "write it as yyyy-MM-dd", "--end is not a date")
	}
	for _, feed := range o.Feeds {
		if !slices.Contains(fixtures.Feeds(), feed) {
			return problem.New(problem.Usage, "name some of: "+strings.Join(fixtures.Feeds(), " "), "--feed: no deliveries of %s can be invented", feed)
		}
	}
	if o.People < 1 || o.People > population.MaxPeople || o.Months < 1 || o.Months > 120 || o.History < 1 || o.History > 120 || end.Year() < 2000 || end.Year() > 2099 {
		return problem.New(problem.Usage, "1 to "+term.Number(population.MaxPeople)+" people, 1 to 120 months, an end from 2000 to 2099",
			"--people, --months, --history or --end is out of range")
	}
	region, err := openRegion(s, o.Path)
	if err != nil {
		return err
	}
	lock, err := region.Folder.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	if region.Folder.Exists("truth") {
		return problem.New(problem.Usage, "make another region with tre init", "this region has invented deliveries already")
	}
	errors := fixtures.Published()
	if o.Clean {
		errors = fixtures.ErrorModel{}
	}
	sum, err := fixtures.Write(c.Context(), fixtures.Options{People: o.People, Seed: o.Seed, Months: o.Months, History: max(o.History, o.Months), End: population.NewDate(end.Date()), Workers: region.Settings.Threads,
		Errors: errors, Feeds: o.Feeds, Traps: o.Traps}, sink{region.Folder})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(sum)
	}
	fmt.Fprintf(s.Out, "invented %s: %s in %s of %s\n", term.Count(int64(sum.People), "person", "people"), term.Count(sum.Rows, "row", "rows"),
		term.Count(int64(sum.Files), "file", "files"), term.Count(feedsOf(o), "feed", "feeds"))
	return nil
}

func feedsOf(o fixturesOptions) int64 {
	if len(o.Feeds) > 0 {
		return int64(len(o.Feeds))
	}
	return int64(len(fixtures.Feeds()))
}

// sink lets the fixtures write into the region as every other file is
// written: whole or not at all.
type sink struct{ folder *workspace.Folder }

// Create begins a file of the region.
func (s sink) Create(name string) (io.WriteCloser, error) {
	staged, err := s.folder.Stage(name)
	return committer{staged}, err
}

// Scratch gives a file that is gone when it is closed.
func (s sink) Scratch() (fixtures.Scratch, error) {
	return s.folder.Scratch()
}

// committer commits a staged file when it is closed.
type committer struct{ *workspace.Staged }

// Close gives the file its final name.
func (c committer) Close() error { return c.Commit() }
