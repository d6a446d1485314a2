package cli

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/linkage/links"
	"tre/linkage/model"
	"tre/linkage/portrait"
)

func newLinkExportCommand(s *term.Streams) *cobra.Command {
	var from, out string
	var version int
	c := &cobra.Command{
		Use:   "export --model MODEL.json --splink 4|5 --out FILE",
		Short: "Write a model so that Splink 4 or 5 loads it",
		Long: `Write settings or a trained model as the JSON that the given version of Splink
loads. Every number reads back as the same number.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := requireFlags("tre link export", "model", from, "out", out); err != nil {
				return err
			}
			if version != int(model.Splink4) && version != int(model.Splink5) {
				return problem.New(problem.Usage, "see: tre link export --help", "wrong usage: --splink is 4 or 5")
			}
			return convert(s, from, out, model.Version(version))
		},
	}
	c.Flags().StringVar(&from, "model", "", "settings or model `FILE`, JSON or YAML")
	c.Flags().IntVar(&version, "splink", 5, "`VERSION` of Splink to write for, 4 or 5")
	c.Flags().StringVar(&out, "out", "", "JSON `FILE` to write")
	return c
}

func newLinkImportCommand(s *term.Streams) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "import SETTINGS_OR_MODEL --out FILE.json|FILE.yaml",
		Short: "Read settings or a model of Splink, and say what it is here",
		Long: `Read settings or a trained model of Splink 4 or 5 and write it as JSON, or, when
the file's name ends in .yaml, in the short form that is easier to write by hand.
Says of every comparison and blocking rule what is compiled and what DuckDB has to
evaluate, which is slow, and everything that is lost on the way.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := requireFlags("tre link import", "out", out); err != nil {
				return err
			}
			return convert(s, args[0], out, model.Splink5)
		},
	}
	c.Flags().StringVar(&out, "out", "", "`FILE` to write, JSON or YAML")
	return c
}

// converted is what became of a model, as JSON.
type converted struct {
	From        string               `json:"from"`
	Version     int                  `json:"splink"` // of the file read; 5 for the short form
	Out         string               `json:"out"`
	Trained     bool                 `json:"trained"` // every level has m and u
	Comparisons []convertedCondition `json:"comparisons"`
	Rules       []convertedCondition `json:"blocking_rules"`
	Warnings    []string             `json:"warnings"`
}

// convertedCondition is a comparison or a rule: how many of its conditions are
// compiled, and how many DuckDB evaluates.
type convertedCondition struct {
	Name     string `json:"name"`
	Compiled int    `json:"compiled"`
	Slow     int    `json:"slow"`
}

func convert(s *term.Streams, from, out string, version model.Version) error {
	m, warnings, err := links.ReadModel(from)
	if err != nil {
		return err
	}
	answer := converted{From: from, Version: int(m.Version), Out: out, Trained: true, Warnings: append([]string{}, warnings...)}
	answer.look(m)
	var text bytes.Buffer
	if ending := strings.ToLower(filepath.Ext(out)); ending == ".yaml" || ending == ".yml" {
		leftOut, err := m.WriteYAML(&text)
		if err != nil {
			return err
		}
		for _, what := range leftOut {
			answer.Warnings = append(answer.Warnings, "left out: "+what)
		}
	} else if err := m.Write(&text, version); err != nil {
		return err
	}
	if err := writeWhole(out, text.Bytes()); err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(answer)
	}
	return answer.print(s)
}

// look counts what is compiled. ELSE needs no compiling, and counts as compiled.
func (a *converted) look(m *model.Model) {
	for i := range m.Comparisons {
		c := &m.Comparisons[i]
		one := convertedCondition{Name: c.Name}
		for _, l := range c.Levels {
			if !portrait.IsNative(l) {
				one.Slow++
				if l.Test != nil { // reading it has warned of the others
					a.Warnings = append(a.Warnings, fmt.Sprintf("%s, %s: DuckDB evaluates this condition, which is slow", c.Name, levelLabel(&l)))
				}
			} else {
				one.Compiled++
			}
			a.Trained = a.Trained && (l.IsNull || l.M != nil && l.U != nil)
		}
		a.Comparisons = append(a.Comparisons, one)
	}
	for _, rule := range m.BlockingRules {
		one := convertedCondition{Name: portrait.RuleName(rule), Compiled: 1}
		if rule.Test == nil {
			one.Compiled, one.Slow = 0, 1
			a.Warnings = append(a.Warnings, "a blocking rule that cannot be read would compare every pair: tre link predict refuses it")
		}
		a.Rules = append(a.Rules, one)
	}
}

func (a *converted) print(s *term.Streams) error {
	for _, warning := range a.Warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", warning)
	}
	var rows [][]string
	slow := 0
	for _, list := range []struct {
		kind string
		of   []convertedCondition
	}{{"comparison", a.Comparisons}, {"blocking rule", a.Rules}} {
		for _, one := range list.of {
			rows = append(rows, []string{list.kind, one.Name, fmt.Sprint(one.Compiled), fmt.Sprint(one.Slow)})
			slow += one.Slow
		}
	}
	if err := term.Table(s.Out, []string{"what", "name", ">compiled", ">slow"}, rows); err != nil {
		return err
	}
	state := "trained"
	if !a.Trained {
		state = "not trained: some levels have no m or u"
	}
	said := "every condition is compiled"
	if slow > 0 {
		said = term.Count(int64(slow), "condition is", "conditions are") + " left to DuckDB, which is slow"
	}
	fmt.Fprintf(s.Out, "%s; %s\nwritten to %s\n", state, said, a.Out)
	return nil
}
