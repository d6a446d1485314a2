package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pipeline"
	"tre/pipeline/leak"
)

type doctorOptions struct {
	Region string // "" for none
	Leaks  []string
	Allow  string
}

func newDoctorCommand(s *term.Streams) *cobra.Command {
	var o doctorOptions
	c := &cobra.Command{
		Use:     "doctor [REGION]",
		Short:   "Check that a region's folder is sound and private, or that a folder leaks no identifier",
		GroupID: "region",
		Long: `Check that every file is private, that what each step wrote still stands with its
size, that no half-written files are left, that every delivery's rows add up, and
that the key belongs to the region. Nothing is changed.

With --leaks, look through a folder instead: CSV and other text, HTML, JSON, logs,
Parquet, ZIP, gzip, databases and core files, byte by byte where need be, for NHS
numbers that check out. With a REGION, also for its people's names, postcodes,
birth dates, local ids and addresses. What is said is the file, the column, the
kind and how many, and never a value.

Exit status is 0 when nothing is wrong, 1 when something is, or when an identifier
was found that chance does not explain.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.Region = args[0]
			}
			return runDoctor(c.Context(), s, o)
		},
	}
	c.Flags().StringArrayVar(&o.Leaks, "leaks", nil, "look through this `DIR` for clear identifiers (repeatable)")
	c.Flags().StringVar(&o.Allow, "allow", "", "a `FILE` of findings that are known, each with a reason; for --leaks")
	return c
}

func runDoctor(ctx context.Context, s *term.Streams, o doctorOptions) error {
	switch {
	case len(o.Leaks) > 0:
		return runLeaks(ctx, s, o)
	case o.Allow != "":
		return problem.New(problem.Usage, "see: tre doctor --help", "--allow needs --leaks")
	case o.Region == "":
		return problem.New(problem.Usage, "see: tre doctor --help", "name a REGION, or a folder with --leaks")
	}
	region, err := openRegion(s, o.Region)
	if err != nil {
		return err
	}
	findings, err := pipeline.Examine(region)
	if err != nil {
		return err
	}
	return sayFindings(s, o.Region, findings)
}

// runLeaks looks for clear identifiers, of the region if one is named.
func runLeaks(ctx context.Context, s *term.Streams, o doctorOptions) error {
	in := leak.In{Folders: o.Leaks, Own: pipeline.OwnWords()}
	var err error
	if o.Allow != "" {
		if in.Allow, err = leak.ReadAllow(o.Allow); err != nil {
			return err
		}
	}
	if o.Region != "" {
		region, err := openRegion(s, o.Region)
		if err != nil {
			return err
		}
		key, err := region.Key()
		if err != nil {
			return err
		}
		in.Zone = key.Zone()
		in.Identity = leak.OfRegion(region.Folder, in.Zone)
	}
	found, err := leak.Scan(ctx, in)
	if err != nil {
		return err
	}
	if s.JSON {
		err = s.Answer(map[string]any{"clean": found.Fails() == 0, "scan": found})
	} else {
		err = printLeaks(s, found, o.Region != "")
	}
	if n := found.Fails(); err == nil && n > 0 {
		return problem.New(problem.Failed, "remove what leaks or seal it; what is meant to be there goes into a file for --allow, with a reason",
			"%s identifiers in the clear", term.Count(n, "place holds", "places hold"))
	}
	return err
}

func printLeaks(s *term.Streams, found leak.Result, compared bool) error {
	var rows [][]string
	for _, f := range found.Findings {
		where := term.Number(f.First)
		if f.Last != f.First {
			where += " to " + term.Number(f.Last)
		}
		note := f.Note
		if f.Sealed {
			note = "under seal; " + note
		}
		if f.Allowed != "" {
			note = "allowed: " + f.Allowed
		}
		rows = append(rows, []string{string(f.Severity), string(f.Kind), term.Number(f.Count), f.File, f.Column, f.Unit + " " + where, note})
	}
	if len(rows) > 0 {
		if err := term.Table(s.Out, []string{"how sure", "kind", ">times", "file", "column", "where", "why"}, rows); err != nil {
			return err
		}
	}
	for _, u := range found.Unreadable {
		fmt.Fprintf(s.Out, "not looked into: %s: %s\n", u.File, u.Why)
	}
	if !compared {
		fmt.Fprintln(s.Out, "no region was named: only NHS numbers were looked for")
	}
	sealed := ""
	if found.Sealed > 0 {
		sealed = ", " + term.Count(found.Sealed, "file is sealed and was not opened", "files are sealed and were not opened")
	}
	fmt.Fprintf(s.Out, "%s looked through%s: %s\n", term.Count(found.Files, "file", "files"), sealed,
		term.Count(found.Fails(), "certain leak", "certain leaks"))
	return nil
}

func sayFindings(s *term.Streams, region string, findings []pipeline.Finding) error {
	var bad int64
	for _, f := range findings {
		if !f.Sound {
			bad++
		}
	}
	if s.JSON {
		if err := s.Answer(map[string]any{"sound": bad == 0, "findings": findings}); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			mark := "sound"
			if !f.Sound {
				mark = "WRONG"
			}
			fmt.Fprintf(s.Out, "%s  %s\n", mark, f.What)
		}
	}
	if bad > 0 {
		return problem.New(problem.Failed, "tre run "+region+" makes what is missing again; the key and file modes are yours to mend",
			"%s wrong", term.Count(bad, "thing is", "things are"))
	}
	return nil
}
