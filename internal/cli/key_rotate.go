package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pipeline"
)

const mostBridgeDays = 366

func newKeyRotateCommand(s *term.Streams) *cobra.Command {
	var to sealTo
	days := 30
	c := &cobra.Command{
		Use:   "rotate REGION",
		Short: "Give a region its next key, and make everything that hangs on it anew",
		Long: `Make the next version of a region's key and, under it, everything that was made
with the key before: row keys, pseudonyms, the identified zone, the linked records
and the extracts that stand. It is made beside what stands, checked, and takes its
place in one step; stopped before that, it has changed nothing, and stopped in it,
the same command finishes it. People keep their place in the person index, and the
answers stay as they are.

For some days a sealed bridge leads from old pseudonyms to new: tre key bridge.
docs/keys.md says when to rotate, and what becomes of projects.

Exit status is 1, and nothing is changed, when the region is not up to date or a
delivery in force is no longer in landing/; 5 when the key is missing or wrong.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if days < 0 || days > mostBridgeDays {
				return problem.New(problem.Usage, fmt.Sprintf("0 makes no bridge; %d is the most", mostBridgeDays), "--bridge-days must be between 0 and %d", mostBridgeDays)
			}
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			o := pipeline.RotateOptions{BridgeFor: time.Duration(days) * 24 * time.Hour, Show: term.NewProgress(s).Show}
			if c.Flags().Changed("recipient") || to.Passphrase {
				if o.Recipients, err = to.recipients(s); err != nil {
					return err
				}
				o.Needed = to.Needed
			} else if c.Flags().Changed("custodians") {
				return problem.New(problem.Usage, "name them with --recipient", "wrong usage: --custodians says how many of whom")
			}
			done, err := pipeline.Rotate(c.Context(), region, o)
			if err != nil {
				return err
			}
			return sayRotated(s, args[0], done)
		},
	}
	c.Flags().IntVar(&days, "bridge-days", days, "how many `DAYS` old pseudonyms can be turned into new ones; 0 for none")
	to.flags(c)
	c.Flags().Lookup("recipient").Usage = "seal the next key to `WHO`: a public key (age1…, ssh-ed25519 …, ssh-rsa …) or a file of them (repeatable); those who can open the key now when left out"
	return c
}

func sayRotated(s *term.Streams, path string, done pipeline.Rotated) error {
	if s.JSON {
		return s.Answer(done)
	}
	if done.Finished {
		fmt.Fprintln(s.Out, "a rotation was stopped while its result took its place; it is finished now")
	}
	fmt.Fprintf(s.Out, "%s (%s) took the place of %s (%s)\n", done.To, done.ToID, done.From, done.FromID)
	fmt.Fprintf(s.Out, "%s of %s have new pseudonyms\n", term.Count(done.Records, "record", "records"), term.Count(done.Persons, "person", "persons"))
	if done.Decisions+done.Unknown > 0 {
		fmt.Fprintf(s.Out, "%s of people carried over, and %d about records that are not there left as they were\n", term.Count(int64(done.Decisions), "decision", "decisions"), done.Unknown)
	}
	for _, p := range done.Projects {
		if p.Why == "" {
			fmt.Fprintf(s.Out, "project %s: the extract was %s\n", p.ID, p.Done)
		} else {
			fmt.Fprintf(s.Out, "project %s: the extract was %s: %s\n", p.ID, p.Done, p.Why)
		}
	}
	if done.Bridge != "" {
		fmt.Fprintf(s.Out, "until %s, tre key bridge %s leads from old pseudonyms to new\n", done.BridgeUntil, path)
	}
	return nil
}

func newKeyBridgeCommand(s *term.Streams) *cobra.Command {
	var o pipeline.BridgeOptions
	c := &cobra.Command{
		Use:   "bridge REGION --list FILE --out FILE",
		Short: "Bring a list of pseudonyms from before a rotation to those after it",
		Long: `Replace the column pseudonym of a list (CSV) by the pseudonyms after the rotations
since, while their bridges last. Other columns pass; a pseudonym that leads nowhere
becomes empty. It is recorded in logs/keys.jsonl, without the pseudonyms.

Exit status is 4 when there is no bridge, or its time is over; 5 when its key does
not open.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.List == "" || o.Out == "" {
				return problem.New(problem.Usage, "see: "+c.CommandPath()+" --help", "wrong usage: --list and --out are needed")
			}
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			done, err := pipeline.Bridge(c.Context(), region, o)
			if err != nil {
				return err
			}
			if s.JSON {
				return s.Answer(done)
			}
			_, err = fmt.Fprintf(s.Out, "%s, of which %s lead on, written to %s\n", term.Count(int64(done.Rows), "pseudonym", "pseudonyms"), term.Number(int64(done.Found)), done.Out)
			return err
		},
	}
	c.Flags().StringVar(&o.List, "list", "", "the `FILE` to read")
	c.Flags().StringVar(&o.Out, "out", "", "the `FILE` to write")
	c.Flags().StringVar(&o.Project, "project", "", "the pseudonyms are those of this project's extract, by its `ID`")
	return c
}
