package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/internal/workspace"
	"tre/pipeline/project"
	"tre/pseudonymise"
)

func newProjectCommand(s *term.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "project",
		Short:   "Approvals, and the extracts made under them",
		GroupID: "projects",
		Long: `An approval is a file, projects/ID/approval.yaml, that says who may have what for
how long; docs/projects.md explains it. An extract holds what it lists and nothing
else, under pseudonyms of the project's own.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newProjectListCommand(s), newProjectLintCommand(s), newProjectExtractCommand(s),
		newProjectEndCommand(s, "withdraw", "Remove a project's extract; another can be made", project.Withdraw),
		newProjectEndCommand(s, "close", "End a project: remove its extract for good", project.Close))
	return c
}

func newProjectListCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "list REGION",
		Short: "The projects of a region, and whether their approvals hold today",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			folder, err := workspace.Open(args[0])
			if err != nil {
				return err
			}
			lines, err := project.List(folder, time.Now())
			if err != nil {
				return err
			}
			if s.JSON {
				return s.Answer(map[string]any{"projects": lines})
			}
			rows := [][]string{}
			for _, l := range lines {
				extract := "none"
				if l.Extract {
					extract = "stands"
				}
				rows = append(rows, []string{l.ID, fmt.Sprint(l.Version), l.State, l.OptOuts, extract, l.Title, l.Why})
			}
			return term.Table(s.Out, []string{"project", ">version", "approval", "opt-outs", "extract", "title", "why not"}, rows)
		},
	}
}

func newProjectLintCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "lint REGION ID",
		Short: "Say everything that is wrong with an approval, by line",
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			folder, err := workspace.Open(args[0])
			if err != nil {
				return err
			}
			a, err := project.Read(folder, args[1])
			if err != nil {
				return err
			}
			return sayFaults(s, args[1], a.Lint(time.Now()))
		},
	}
}

func sayFaults(s *term.Streams, id string, faults []project.Fault) error {
	lapsed := true
	for _, f := range faults {
		lapsed = lapsed && f.Expires
	}
	if s.JSON {
		if err := s.Answer(map[string]any{"project": id, "faults": append([]project.Fault{}, faults...)}); err != nil {
			return err
		}
	} else {
		for _, f := range faults {
			fmt.Fprintf(s.Out, "projects/%s/approval.yaml: %s\n", id, f)
		}
	}
	switch {
	case len(faults) == 0 && !s.JSON:
		fmt.Fprintf(s.Out, "the approval of %s holds\n", id)
		return nil
	case len(faults) == 0:
		return nil
	case lapsed:
		return problem.New(problem.PolicyRefuse, "have it renewed by a new version", "the approval does not hold today")
	}
	return problem.New(problem.Failed, "docs/projects.md explains each key", "%s wrong", term.Count(int64(len(faults)), "thing is", "things are"))
}

func newProjectExtractCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "extract REGION ID",
		Short: "Make a project's extract, as its approval says",
		Long: `Make projects/ID/extract: the tables, columns, people and dates that the approval
lists, under the project's own pseudonyms, in place of the extract that stands.

Exit status is 4, and nothing is written, when the approval does not hold today,
when opt-outs cannot be applied, or when another extract, laid beside this one,
would tell who opted out; 5 when the key is missing or wrong.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			lock, err := region.Folder.Lock()
			if err != nil {
				return err
			}
			defer lock.Release()
			key, err := region.Key()
			if err != nil {
				return err
			}
			defer key.Wipe()
			var own pseudonymise.Key
			defer func() { own.Wipe() }()
			made, err := project.Extract(c.Context(), project.In{Folder: region.Folder, Key: key, Today: time.Now(), Threads: region.Settings.Threads,
				MemoryBytes: region.Settings.MemoryMiB << 20, SpillFolder: region.Folder.Path("identified/.spill"),
				ProjectKey: func(a *project.Approval) (k pseudonymise.Key, err error) {
					own, err = region.ProjectKey(key, a.Metadata.ID, "extract", a.SafeSetting.PseudonymKeyID)
					return own, err
				}}, args[1])
			if err != nil {
				return err
			}
			return sayExtract(s, made)
		},
	}
}

func sayExtract(s *term.Streams, made project.Extracted) error {
	if s.JSON {
		return s.Answer(made)
	}
	rows := [][]string{}
	for _, t := range made.Tables {
		rows = append(rows, []string{t.Name, t.Rows, t.People, fmt.Sprint(len(t.Columns))})
	}
	if err := term.Table(s.Out, []string{"table", ">rows", ">people", ">columns"}, rows); err != nil {
		return err
	}
	if made.OptOuts.NationalDataOptOut == "apply" {
		fmt.Fprintf(s.Out, "left out of the region's people: %s without a usable NHS number, %s not on the list of %s\n",
			made.LeftOut.NoNumber, made.LeftOut.NotOn, made.OptOuts.ListDate)
	}
	if made.LeftOut.Objected != "0" {
		fmt.Fprintf(s.Out, "people whose rows of a controller were left out: %s\n", made.LeftOut.Objected)
	}
	if len(made.SignedBy) == 0 {
		fmt.Fprintf(s.Err, "warning: nobody signed the approval: the region has no %s\n", project.SignersFile)
	}
	if made.NewKey {
		fmt.Fprintln(s.Out, "the key is another than that of the extract before: so are all pseudonyms")
	}
	_, err := fmt.Fprintf(s.Out, "extract of %s, version %d, written to %s\n* is 1 to 7, other counts are rounded to the nearest 5\n", made.Project, made.Version, made.Folder)
	return err
}

func newProjectEndCommand(s *term.Streams, name, short string, end func(*workspace.Folder, string) error) *cobra.Command {
	return &cobra.Command{
		Use:   name + " REGION ID",
		Short: short,
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			if _, err := region.Keys(); err != nil { // a rotation that is not finished would undo this
				return err
			}
			folder := region.Folder
			lock, err := folder.Lock()
			if err != nil {
				return err
			}
			defer lock.Release()
			if err := end(folder, args[1]); err != nil {
				return err
			}
			if s.JSON {
				return s.Answer(map[string]string{"project": args[1], "done": name})
			}
			_, err = fmt.Fprintf(s.Out, "%s: the extract is removed\n", args[1])
			return err
		},
	}
}
