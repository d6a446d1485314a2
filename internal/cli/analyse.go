package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pipeline"
	"tre/sql"
)

func newAnalyseCommand(s *term.Streams) *cobra.Command {
	o := &pipeline.AskOptions{}
	var parameters []string
	c := &cobra.Command{
		Use:     "analyse NAME [REGION]",
		Short:   "Ask one question of the linked records",
		GroupID: "questions",
		Long: `Ask one question of a region's linked records, or of a plain folder of linked
tables (--linked), as they were known on a date. The answer is protected by the
small-number rule and printed, or written as Parquet, CSV or JSON. A question
about each person (a score, a segment) gives a row a person with its evidence:
it is only ever written, and must stay inside the region.

    tre analyse list
    tre analyse list hospital_frailty
    tre analyse hospital_frailty build/demo --param minimum_age=65
    tre analyse charlson_people --linked folder --as-at 2026-03-31 --out charlson.parquet`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] == "list" {
				return listAnalyses(s, args[1:])
			}
			var err error
			if o.Parameters, err = pairs(parameters); err != nil {
				return err
			}
			return runAnalyse(c, s, o, args)
		},
	}
	f := c.Flags()
	f.StringVar(&o.AsAt, "as-at", "", "look from this `DAY`, as 2026-03-31; the region's, or the day the newest row arrived, when left out")
	f.StringVar(&o.Linked, "linked", "", "the linked tables of a plain `FOLDER` instead of a region's")
	f.StringVar(&o.Reference, "reference", "", "with --linked: the `FOLDER` whose reference/ holds the packs")
	f.StringArrayVar(&parameters, "param", nil, "a parameter, `NAME=VALUE` (repeatable)")
	f.StringVar(&o.Out, "out", "", "write the answer to `FILE`, .parquet, .csv or .json")
	return c
}

func runAnalyse(c *cobra.Command, s *term.Streams, o *pipeline.AskOptions, args []string) error {
	o.Question = args[0]
	switch {
	case len(args) == 2 && o.Linked != "":
		return problem.New(problem.Usage, "see: tre analyse --help", "wrong usage: give a region or --linked, not both")
	case o.Linked == "" && o.Reference != "":
		return problem.New(problem.Usage, "see: tre analyse --help", "wrong usage: --reference goes with --linked; a region has packs of its own")
	case len(args) == 1 && o.Linked == "":
		args = append(args, ".")
		fallthrough
	case len(args) == 2:
		region, err := openRegion(s, args[1])
		if err != nil {
			return err
		}
		o.Region = region
	}
	asked, err := pipeline.Ask(c.Context(), *o)
	if err != nil {
		return err
	}
	return sayAnswer(s, o, asked)
}

func sayAnswer(s *term.Streams, o *pipeline.AskOptions, asked pipeline.Asked) error {
	asAt := asked.AsAt.Format("2006-01-02")
	if s.JSON {
		said := map[string]any{"name": o.Question, "asAt": asAt, "sha256": asked.Question.SHA256, "parameters": asked.Parameters, "rows": asked.Rows}
		if o.Out == "" {
			said["header"], said["records"] = asked.Table.Header(), asked.Table.Records()
		}
		return s.Answer(said)
	}
	if o.Out != "" {
		if asked.Question.Kind != sql.Counts {
			fmt.Fprintln(s.Err, "warning: the file holds rows about persons: it must stay inside the region")
		}
		_, err := fmt.Fprintf(s.Out, "%s as at %s: %s written to %s\n", o.Question, asAt, term.Count(asked.Rows, "row", "rows"), o.Out)
		return err
	}
	heading := asked.Table.Header()
	for i := range heading {
		if i >= len(asked.Table.Dimensions()) {
			heading[i] = ">" + heading[i]
		}
	}
	if err := term.Table(s.Out, heading, asked.Table.Records()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.Out, "%s\nas at %s; * is 1 to 7, other counts are rounded to the nearest 5\n", asked.Question.Title, asAt)
	return err
}

// pairs reads NAME=VALUE, each name once.
func pairs(texts []string) (map[string]string, error) {
	values := map[string]string{}
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if _, again := values[name]; !ok || name == "" || again || name == "as_at" {
			return nil, problem.New(problem.Usage, "write: --param NAME=VALUE, each name once; the date is --as-at", "wrong usage: a --param cannot be read")
		}
		values[name] = value
	}
	return values, nil
}

// listAnalyses lists every question, or shows one whole.
func listAnalyses(s *term.Streams, names []string) error {
	questions, err := sql.Questions()
	if err != nil {
		return err
	}
	var shown []analysis
	var rows [][]string
	for _, q := range questions {
		a, err := analysisOf(questions, q)
		if err != nil {
			return err
		}
		if len(names) == 1 && q.Name == names[0] {
			return showAnalysis(s, a)
		}
		shown = append(shown, a)
		if q.Kind != sql.Rows {
			rows = append(rows, []string{q.Name, q.Kind, q.Title})
		}
	}
	switch {
	case len(names) == 1:
		return problem.New(problem.Usage, "tre analyse list shows the names", "no analysis is called %q", names[0])
	case s.JSON:
		return s.Answer(map[string]any{"analyses": shown})
	}
	return term.Table(s.Out, []string{"name", "gives", "question"}, rows)
}

// analysis is a question as it is shown: with the packs and parameters of the
// questions it reads, which are asked for and set like its own.
type analysis struct {
	Name       string   `json:"name"`
	Question   string   `json:"question"`
	Gives      string   `json:"gives"`
	Counts     string   `json:"counts"`
	Reads      []string `json:"reads"`
	Packs      []string `json:"packs"`
	Parameters []string `json:"parameters"`
	SHA256     string   `json:"sha256"`
	Source     string   `json:"source"`
	Limits     string   `json:"limits"`
}

func analysisOf(questions []sql.Question, q sql.Question) (analysis, error) {
	a := analysis{q.Name, q.Title, q.Kind, q.Unit, q.Reads, []string{}, []string{}, q.SHA256, q.Source, q.Limits}
	ordered, err := sql.Order(questions, q.Name)
	slices.Reverse(ordered) // its own come first
	for _, read := range ordered {
		for _, pack := range read.Packs {
			if !slices.Contains(a.Packs, pack) {
				a.Packs = append(a.Packs, pack)
			}
		}
		for _, p := range read.Parameters {
			if !slices.Contains(a.Parameters, p.String()) {
				a.Parameters = append(a.Parameters, p.String())
			}
		}
	}
	return a, err
}

func showAnalysis(s *term.Streams, a analysis) error {
	if s.JSON {
		return s.Answer(a)
	}
	fmt.Fprintf(s.Out, "%s\n\n", a.Question)
	rows := [][]string{{"gives", a.Gives}, {"counts", a.Counts}, {"reads", strings.Join(a.Reads, ", ")}}
	if len(a.Packs) > 0 {
		rows = append(rows, []string{"needs packs", strings.Join(a.Packs, ", ")})
	}
	for _, p := range a.Parameters {
		rows = append(rows, []string{"parameter", p})
	}
	rows = append(rows, []string{"definition", a.SHA256})
	if err := term.Table(s.Out, []string{"about", ""}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.Out, "\nSource: %s\n\nLimits: %s\n", a.Source, a.Limits)
	return err
}
