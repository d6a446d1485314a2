package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tre/internal/term"
	"tre/pipeline/optout"
)

func newOptOutCommand(s *term.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "optout",
		Short:   "National data opt-outs by file exchange, and objections to controllers",
		GroupID: "projects",
		Long: `Ask the national service which of the region's people have no national data
opt-out, by files that your organisation's own MESH client sends and fetches.
What is kept is the list of those without one, sealed, for at most 21 days;
nothing says who opted out. docs/opt-outs.md walks through it.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newOptOutRequestCommand(s), newOptOutImportCommand(s), newOptOutStatusCommand(s), newOptOutObjectCommand(s))
	return c
}

// withStore opens a region's opt-outs, holding its lock.
func withStore(s *term.Streams, path string, use func(optout.Store) error) error {
	region, err := openRegion(s, path)
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
	zone := key.Zone()
	key.Wipe()
	defer zone.Wipe()
	store := optout.Store{Folder: region.Folder, Key: zone, Today: time.Now(), Threads: region.Settings.Threads, MemoryBytes: region.Settings.MemoryMiB << 20}
	if err := store.Expire(); err != nil {
		return err
	}
	return use(store)
}

func newOptOutRequestCommand(s *term.Streams) *cobra.Command {
	var o optout.RequestOptions
	c := &cobra.Command{
		Use:   "request REGION --mailbox M --recipient R --out DIR",
		Short: "Write the files that ask who has no opt-out",
		Long: `Write MAILBOX-DDMMYYYY-NNNN.dat, a valid NHS number and a comma a line, and its
control file .ctl. Both are identified data: they are private, they stand only in
the folder you name, and they leave it by your MESH client alone.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withStore(s, args[0], func(store optout.Store) error {
				made, err := store.Request(c.Context(), o)
				if err != nil {
					return err
				}
				if s.JSON {
					return s.Answer(made)
				}
				_, err = fmt.Fprintf(s.Out, "request %04d: %s numbers\n%s\n%s\nsend both by your MESH client, then remove them\n", made.Sequence, made.Numbers, made.Data, made.Control)
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&o.Mailbox, "mailbox", "", "your MESH `MAILBOX`")
	f.StringVar(&o.Recipient, "recipient", "", "the national service's `MAILBOX`, as it told you")
	f.StringVar(&o.Workflow, "workflow", optout.Workflow, "the service's `WORKFLOW`")
	f.StringVar(&o.Subject, "subject", "", "the message's `SUBJECT`; the files' name when left out")
	f.StringVar(&o.LocalID, "local-id", "", "your `ID` for the message; the files' name when left out")
	f.StringVar(&o.Out, "out", "", "`DIR` to write to")
	return c
}

func newOptOutImportCommand(s *term.Streams) *cobra.Command {
	var answers int
	c := &cobra.Command{
		Use:   "import REGION FILE",
		Short: "Read the answer: the numbers without an opt-out",
		Long: `Read the answer to a request. Which request is read from the file's name, if it is
the request's own, or given by --answers. An answer that is cut short, out of
sequence, used before, or holds what was not asked is refused, and nothing is
written.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return withStore(s, args[0], func(store optout.Store) error {
				list, err := store.Import(c.Context(), args[1], answers)
				if err != nil {
					return err
				}
				if s.JSON {
					return s.Answer(list)
				}
				_, err = fmt.Fprintf(s.Out, "the list that answers request %04d of %s stands; remove %s\n", list.Sequence, list.Date, args[1])
				return err
			})
		},
	}
	c.Flags().IntVar(&answers, "answers", 0, "the request's sequence `NUMBER`, when the file's name does not tell")
	return c
}

func newOptOutStatusCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "status REGION",
		Short: "The list that stands, its age, and what is waited for",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return withStore(s, args[0], func(store optout.Store) error {
				status, err := store.Status()
				if err != nil {
					return err
				}
				if s.JSON {
					return s.Answer(status)
				}
				return sayOptOuts(s, status)
			})
		},
	}
}

func sayOptOuts(s *term.Streams, status optout.Status) error {
	if status.List == nil {
		fmt.Fprintln(s.Out, "no list stands: projects whose approval applies opt-outs get no extract")
	} else {
		fmt.Fprintf(s.Out, "the list that answers request %04d is of %s, %s old, and is removed after %s\n", status.List.Sequence, status.List.Date,
			term.Count(int64(status.AgeDays), "day", "days"), status.UseUntil)
	}
	if status.Objections.Kept {
		fmt.Fprintf(s.Out, "objections to controllers: %s\n", status.Objections.Count)
	}
	if len(status.Requests) == 0 {
		return nil
	}
	rows := [][]string{}
	for _, a := range status.Requests {
		rows = append(rows, []string{fmt.Sprintf("%04d", a.Sequence), a.Date, a.State, a.Numbers, a.File})
	}
	return term.Table(s.Out, []string{"request", "date", "state", ">numbers", "file"}, rows)
}

func newOptOutObjectCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "object REGION FILE.csv",
		Short: "Replace the objections of people to single controllers",
		Long: `Read objections from CSV with the columns controller,nhs_number,local_id: the
controller is the sender's code as in the provider column of the linked records.
They replace those read before, are kept sealed, and take that sender's rows of
that person out of every extract.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return withStore(s, args[0], func(store optout.Store) error {
				kept, err := store.Object(c.Context(), args[1])
				if err != nil {
					return err
				}
				if s.JSON {
					return s.Answer(kept)
				}
				_, err = fmt.Fprintf(s.Out, "%s objections stand; remove %s\n", kept.Count, args[1])
				return err
			})
		},
	}
}
