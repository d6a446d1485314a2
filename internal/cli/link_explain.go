package cli

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/report/linkreport"
	"tre/internal/term"
	"tre/linkage/links"
	"tre/linkage/model"
	"tre/linkage/portrait"
	"tre/linkage/similarity"
)

type linkExplainOptions struct {
	Model, SVG, Strings string
	Values              bool
	MinProbability      float64
	Threads             int
	A, B                string
	Records             []string
}

func newLinkExplainCommand(s *term.Streams) *cobra.Command {
	var o linkExplainOptions
	c := &cobra.Command{
		Use:   "explain --model MODEL.json [--svg FILE] [--values] ID_A ID_B RECORDS...",
		Short: "Say why two records link, or do not",
		Long: `Take the match weight of two records apart: the prior, the level each comparison
reaches and what it is worth, and what is added or taken for how common the shared
value is; then the blocking rules that would bring the two together at all.

Levels and weights are shown, values of the records only with --values. With several
inputs an id has its input before it, as in hospital-__-17, unless only one input
has it. RECORDS must be all the records that were linked: how common a value is
depends on them. --svg draws the waterfall into a file as well.`,
		Args: cobra.MinimumNArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			o.A, o.B, o.Records = args[0], args[1], args[2:]
			return runLinkExplain(c, s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Model, "model", "", "trained model `FILE`")
	f.StringVar(&o.SVG, "svg", "", "draw the waterfall into this `FILE`")
	f.BoolVar(&o.Values, "values", false, "show the values of the records")
	f.Float64Var(&o.MinProbability, "min-probability", 0.5, "a pair is a link from probability `P` on")
	addStringsFlag(c, &o.Strings)
	addThreadsFlag(c, &o.Threads)
	return c
}

// explained is the answer as JSON.
type explained struct {
	linkreport.Pair
	Compared bool     `json:"compared"`    // the link type compares the two at all
	FoundBy  []string `json:"found_by"`    // blocking rules, as SQL
	Rules    []int    `json:"found_by_at"` // their positions
}

func runLinkExplain(c *cobra.Command, s *term.Streams, o linkExplainOptions) error {
	if err := requireFlags("tre link explain", "model", o.Model); err != nil {
		return err
	}
	if !(o.MinProbability > 0 && o.MinProbability < 1) {
		return problem.New(problem.Usage, "see: tre link explain --help", "wrong usage: --min-probability is between 0 and 1")
	}
	how, err := similarity.ParseStrings(o.Strings)
	if err != nil {
		return err
	}
	m, warnings, err := links.ReadModel(o.Model)
	if err != nil {
		return err
	}
	v, err := portrait.NewViewer(c.Context(), portrait.ViewerIn{Model: m, Records: o.Records, Strings: how, Values: o.Values, Limits: linkLimits(o.Threads)})
	if err != nil {
		return err
	}
	defer v.Close()
	a, b, err := o.rows(v)
	if err != nil {
		return err
	}
	pairs, err := v.Pairs(c.Context(), []int32{a}, []int32{b})
	if err != nil {
		return err
	}
	pair := linkPair(m, pairs[0], model.WeightOf(o.MinProbability))
	if !o.Values {
		for i := range pair.Steps {
			pair.Steps[i].Left, pair.Steps[i].Right = "", ""
		}
	}
	if err := drawPair(o.SVG, pair); err != nil {
		return err
	}
	answer := explained{pair, v.IsCompared(a, b), []string{}, pairs[0].Rules}
	for _, rule := range pairs[0].Rules {
		answer.FoundBy = append(answer.FoundBy, m.BlockingRules[rule].SQL)
	}
	if s.JSON {
		return s.Answer(answer)
	}
	for _, warning := range warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", warning)
	}
	return printExplained(s, m, answer, o)
}

// rows finds the two records. An id is not repeated in an error: it may say who
// somebody is.
func (o linkExplainOptions) rows(v *portrait.Viewer) (a, b int32, err error) {
	hint := "ids are those of the column " + v.Model.UniqueID
	if v.Table.Several() {
		hint += ", with their input before them: " + v.Table.Sources[0] + "-__-ID"
	}
	a, isKnown := v.Row(o.A)
	if !isKnown {
		return 0, 0, problem.New(problem.Usage, hint, "the records have no such id, or several: ID_A")
	}
	b, isKnown = v.Row(o.B)
	if !isKnown {
		return 0, 0, problem.New(problem.Usage, hint, "the records have no such id, or several: ID_B")
	}
	if a == b {
		return 0, 0, problem.New(problem.Usage, hint, "both ids are of one record")
	}
	return a, b, nil
}

func drawPair(path string, pair linkreport.Pair) error {
	if path == "" {
		return nil
	}
	var svg bytes.Buffer
	if err := linkreport.WaterfallSVG(&svg, pair); err != nil {
		return err
	}
	return writeWhole(path, svg.Bytes())
}

func printExplained(s *term.Streams, m *model.Model, e explained, o linkExplainOptions) error {
	shown := e.Pair
	shown.Rule = "" // all of them are said below
	if err := linkreport.WaterfallText(s.Out, shown, linkreport.TextOptionsFor(s.Out, os.Getenv)); err != nil {
		return err
	}
	fmt.Fprintln(s.Out)
	if o.Values {
		var rows [][]string
		for _, step := range e.Steps {
			rows = append(rows, []string{step.Comparison, orDash(step.Left), orDash(step.Right)})
		}
		if err := term.Table(s.Out, []string{"comparison", harmless(e.Left), harmless(e.Right)}, rows); err != nil {
			return err
		}
		fmt.Fprintln(s.Out)
	}
	switch {
	case !e.Compared:
		fmt.Fprintf(s.Out, "never compared: the link type %s compares records of different inputs only\n", m.LinkType)
	case len(m.BlockingRules) == 0:
		fmt.Fprintln(s.Out, "the model has no blocking rules")
	case len(e.Rules) == 0:
		fmt.Fprintf(s.Out, "never compared: none of the %s finds the pair\n", term.Count(int64(len(m.BlockingRules)), "blocking rule", "blocking rules"))
	}
	for i, rule := range m.BlockingRules {
		verdict := "does not find it"
		switch at := slices.Index(e.Rules, i); {
		case at == 0:
			verdict = "finds it"
		case at > 0:
			verdict = "would find it too"
		}
		if e.Compared {
			fmt.Fprintf(s.Out, "blocking rule %d %s: %s\n", i+1, verdict, portrait.RuleName(rule))
		}
	}
	return nil
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return harmless(text)
}

// harmless takes out of a value what a terminal could take for an order.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff {
			return -1
		}
		return r
	}, text)
}
