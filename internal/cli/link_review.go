package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/report/linkreport"
	"tre/internal/term"
	"tre/internal/workspace"
	"tre/linkage/cluster"
	"tre/linkage/links"
	"tre/linkage/portrait"
	"tre/linkage/similarity"
)

type linkReviewOptions struct {
	Model, Pairs, Decisions, Clusters, Order, Who, Strings string
	From, To                                               float64
	Second                                                 bool
	Show                                                   []string
	Threads                                                int
	Records                                                []string
}

func newLinkReviewCommand(s *term.Streams) *cobra.Command {
	var o linkReviewOptions
	c := &cobra.Command{
		Use:   "review --model MODEL.json --pairs PAIRS.parquet --decisions FILE.csv --who NAME [--from -3 --to 6] [--order uncertain|random] RECORDS...",
		Short: "Decide at the keyboard which pairs are one person",
		Long: `Show pairs of records side by side, one at a time, and write down what you decide:
s same person, d different people, k skip, n note to go with the next decision,
u undo the last decision of this session, ? help, q quit.

Every decision is added to FILE at once, with who decided and when, and appears
whole or not at all; two people may use one file. Pairs somebody decided on are not
shown again, so the same command goes on where it stopped. tre link cluster
--decisions FILE honours them: of several on one pair the latest holds.

Where the keys do not come from a terminal, each is a line of its own; the line
after n is the note.

With --second, pairs are shown that others decided on and you have not, without
their decision; at the end it says how far you agree (Cohen's kappa) and names the
pairs on which you do not: a third person should decide those.

Values of records are shown.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Records = args
			return runLinkReview(c, s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Model, "model", "", "trained model `FILE`")
	f.StringVar(&o.Pairs, "pairs", "", "Parquet `FILE` of tre link predict or of Splink")
	f.StringVar(&o.Decisions, "decisions", "", "CSV `FILE` of decisions, begun when there is none")
	f.StringVar(&o.Clusters, "clusters", "", "Parquet `FILE` of tre link cluster: says whether the two are in one cluster now")
	f.Float64Var(&o.From, "from", -3, "least match `WEIGHT` of a pair to show")
	f.Float64Var(&o.To, "to", 6, "largest match `WEIGHT` of a pair to show")
	f.StringVar(&o.Order, "order", string(portrait.Uncertain), "uncertain: nearest to weight 0 first; or random")
	f.StringVar(&o.Who, "who", "", "`NAME` of who decides, as it is written down")
	f.BoolVar(&o.Second, "second", false, "show pairs others decided on, without their decision")
	f.StringSliceVar(&o.Show, "show", nil, "show this `COLUMN` as well; repeatable")
	addStringsFlag(c, &o.Strings)
	addThreadsFlag(c, &o.Threads)
	return c
}

// reviewed is the answer as JSON.
type reviewed struct {
	Decided   int                 `json:"decided"`
	Same      int                 `json:"same"`
	Different int                 `json:"different"`
	Skipped   int                 `json:"skipped"`
	Left      int                 `json:"left"` // pairs still to be decided on
	Agreement *portrait.Agreement `json:"agreement,omitempty"`
}

func (o linkReviewOptions) check() error {
	if err := requireFlags("tre link review", "model", o.Model, "decisions", o.Decisions, "who", o.Who); err != nil {
		return err
	}
	wrong := func(what string) error {
		return problem.New(problem.Usage, "see: tre link review --help", "wrong usage: %s", what)
	}
	switch {
	case o.Pairs == "" && !o.Second:
		return wrong("--pairs is missing")
	case !(o.From <= o.To):
		return wrong("--from is above --to")
	case !slices.Contains([]portrait.Order{portrait.Uncertain, portrait.Random}, portrait.Order(o.Order)):
		return wrong("--order is uncertain or random")
	}
	// A name that could not be read back is refused before anything is decided.
	trial := cluster.Decision{A: "a", B: "b", Verdict: cluster.Same, Who: o.Who, When: time.Unix(0, 0)}
	if cluster.WriteDecisions(io.Discard, []cluster.Decision{trial}) != nil {
		return wrong("--who holds control characters or is not UTF-8")
	}
	return nil
}

func runLinkReview(c *cobra.Command, s *term.Streams, o linkReviewOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	book, err := openDecisions(o.Decisions)
	if err != nil {
		return err
	}
	defer book.folder.Tidy()
	desk, err := o.desk(c.Context(), s, book)
	if err != nil {
		return err
	}
	defer desk.viewer.Close()
	if err := desk.work(c.Context()); err != nil {
		return err
	}
	return desk.finish(s, o)
}

// desk lays out what is to be decided.
func (o linkReviewOptions) desk(ctx context.Context, s *term.Streams, book *decisionBook) (*desk, error) {
	done, err := book.read()
	if err != nil {
		return nil, err
	}
	how, err := similarity.ParseStrings(o.Strings)
	if err != nil {
		return nil, err
	}
	m, warnings, err := links.ReadModel(o.Model)
	if err != nil {
		return nil, err
	}
	for _, warning := range warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", warning)
	}
	limits := linkLimits(o.Threads)
	v, err := portrait.NewViewer(ctx, portrait.ViewerIn{Model: m, Records: o.Records, Columns: o.Show, Strings: how, Values: true, Limits: limits})
	if err != nil {
		return nil, err
	}
	d := &desk{viewer: v, book: book, who: o.Who, show: o.Show, keys: term.NewKeyboard(s.In), out: s.Out}
	if s.JSON {
		d.out = s.Err
	}
	d.text = linkreport.TextOptionsFor(d.out, os.Getenv)
	if o.Second {
		d.queue, err = v.DecidedByOthers(ctx, o.Who, done, portrait.Order(o.Order))
	} else {
		d.queue, err = v.Undecided(ctx, o.Pairs, o.From, o.To, done, portrait.Order(o.Order), limits)
	}
	if err == nil && o.Clusters != "" {
		err = d.placeInClusters(ctx, o.Clusters, limits)
	}
	return d, err
}

// decisionBook is the file of decisions.
type decisionBook struct {
	folder *workspace.Folder
	name   string
}

func openDecisions(path string) (*decisionBook, error) {
	folder, err := workspace.Open(filepath.Dir(path))
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "make the folder first", "no folder for the decisions")
	}
	return &decisionBook{folder, filepath.Base(path)}, nil
}

func (b *decisionBook) read() ([]cluster.Decision, error) {
	data, err := b.folder.Read(b.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	nobody := func(string) (int32, bool) { return 0, false }
	found, err := cluster.ReadDecisions(b.name, bytes.NewReader(data), nobody)
	return found.All, err
}

// patience is how long to wait for another who writes into the same folder.
const patience = 20

// locked does something while nobody else writes.
func (b *decisionBook) locked(do func() error) error {
	var lock *workspace.Lock
	var err error
	for range patience {
		if lock, err = b.folder.Lock(); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		return err
	}
	err = do()
	return errors.Join(err, lock.Release())
}

func (b *decisionBook) add(d cluster.Decision) error {
	return b.locked(func() error { return cluster.AppendDecision(b.folder, b.name, d) })
}

// undo takes a decision out again, and no other.
func (b *decisionBook) undo(d cluster.Decision) error {
	return b.locked(func() error {
		all, err := b.read()
		if err != nil {
			return err
		}
		for at := len(all) - 1; at >= 0; at-- {
			if one := all[at]; one.A == d.A && one.B == d.B && one.Who == d.Who && one.Verdict == d.Verdict && one.When.Equal(d.When) {
				all = slices.Delete(all, at, at+1)
				break
			}
		}
		var text bytes.Buffer
		if err := cluster.WriteDecisions(&text, all); err != nil {
			return err
		}
		return b.folder.Write(b.name, text.Bytes())
	})
}
