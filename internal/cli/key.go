package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pipeline"
	"tre/pseudonymise/keystore"
)

func newKeyCommand(s *term.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "key",
		Short:   "The keys of a region: list, seal to others, make, set aside",
		GroupID: "region",
		Long: `A region's keys lie sealed in its folder keys/, each version in a file of its own.
They are opened for a run by an identity file (--identity), a passphrase or a key
that an SSH agent holds (--agent). docs/keys.md says more.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newKeyListCommand(s), newKeyNewCommand(s), newKeyRotateCommand(s), newKeyBridgeCommand(s), newKeyResealCommand(s), newKeyRetireCommand(s), newKeySealCommand(s))
	return c
}

func newKeyListCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "list REGION",
		Short: "What keys there are, what for, until when, and who can open them",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			store, err := region.Keys()
			if err != nil {
				return err
			}
			all, err := store.List()
			if err != nil {
				return err
			}
			if s.JSON {
				return s.Answer(map[string]any{"keys": all})
			}
			return listKeys(s, all)
		},
	}
}

func listKeys(s *term.Streams, all []keystore.Description) error {
	var rows [][]string
	for _, d := range all {
		until, custody := "no end", fmt.Sprintf("any of %d", d.Custody.Of)
		if !d.Expires.IsZero() {
			until = d.Expires.Format(time.DateOnly)
		}
		if !d.Retired.IsZero() {
			until = "set aside " + d.Retired.Format(time.DateOnly)
		}
		if d.Custody.Needed > 1 {
			custody = fmt.Sprintf("%d of %d together", d.Custody.Needed, d.Custody.Of)
		}
		rows = append(rows, []string{d.Label(), string(d.Purpose), d.ID, d.NotBefore.Format(time.DateOnly), until, custody})
	}
	return term.Table(s.Out, []string{"key", "purpose", "fingerprint", "from", "until", "opened by"}, rows)
}

func newKeyNewCommand(s *term.Streams) *cobra.Command {
	var to sealTo
	var expires string
	c := &cobra.Command{
		Use:   "new REGION PROJECT",
		Short: "Make a project a key of its own",
		Long: `Make a key from which a project's pseudonyms are made. A project without one has a
key derived from the region's, which is as good against everybody but whoever
holds that.`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			spec := keystore.Spec{Name: pipeline.ProjectKeyName(args[1]), Purpose: keystore.Project, Project: args[1], Created: time.Now(), Needed: to.Needed}
			if expires != "" {
				if spec.Expires, err = time.Parse(time.DateOnly, expires); err != nil {
					return problem.New(problem.Usage, "write it like 2028-10-31", "--expires is no date")
				}
			}
			return changeKeys(s, region, spec.Name, &to, func(store *keystore.Store, recipients []keystore.Recipient) (keystore.Description, error) {
				spec.Recipients = recipients
				key, description, err := store.New(spec)
				key.Wipe()
				return description, err
			})
		},
	}
	to.flags(c)
	to.agentFlag(c)
	c.Flags().StringVar(&expires, "expires", "", "the first `DAY` on which it no longer opens, yyyy-MM-dd")
	return c
}

func newKeyResealCommand(s *term.Streams) *cobra.Command {
	var to sealTo
	version := 0
	c := &cobra.Command{
		Use:   "reseal REGION NAME",
		Short: "Seal a key to other people: when a custodian leaves, or an SSH key is replaced",
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			ring, err := region.Keyring()
			if err != nil {
				return err
			}
			return changeKeys(s, region, args[1], &to, func(store *keystore.Store, recipients []keystore.Recipient) (keystore.Description, error) {
				return store.Reseal(args[1], version, ring, recipients, to.Needed)
			})
		},
	}
	to.flags(c)
	to.agentFlag(c)
	c.Flags().IntVar(&version, "version", 0, "this version `N`; the latest when left out")
	return c
}

func newKeyRetireCommand(s *term.Streams) *cobra.Command {
	version := 0
	c := &cobra.Command{
		Use:   "retire REGION NAME",
		Short: "Set a key aside: it opens nothing any more, and its file stays for recovery",
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			lock, err := region.Folder.Lock()
			if err != nil {
				return err
			}
			defer lock.Release()
			store, err := region.Keys()
			if err != nil {
				return err
			}
			if err := store.Retire(args[1], version, time.Now()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Out, "%s is set aside\n", args[1])
			return err
		},
	}
	c.Flags().IntVar(&version, "version", 0, "this version `N`; the latest when left out")
	return c
}

func newKeySealCommand(s *term.Streams) *cobra.Command {
	var to sealTo
	c := &cobra.Command{
		Use:   "seal REGION",
		Short: "Seal a region's key that lies open in keys/region.key",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			return changeKeys(s, region, "region", &to, func(_ *keystore.Store, recipients []keystore.Recipient) (keystore.Description, error) {
				return pipeline.SealPlainKey(region, recipients, to.Needed)
			})
		},
	}
	to.flags(c)
	return c
}

// flags adds the flags that say to whom a key is sealed.
func (o *sealTo) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&o.Recipients, "recipient", nil, "seal it to `WHO`: a public key (age1…, ssh-ed25519 …, ssh-rsa …) or a file of them (repeatable); your own identity when left out")
	c.Flags().BoolVar(&o.Passphrase, "passphrase", false, "seal it to a passphrase, which is asked for")
	c.Flags().IntVar(&o.Needed, "custodians", 1, "how many `N` of the recipients must come together to open it")
}

func (o *sealTo) agentFlag(c *cobra.Command) {
	c.Flags().StringArrayVar(&o.AgentKeys, "agent-key", nil, "with --agent: seal it to the key that the SSH agent holds, named by its public `FILE` (repeatable)")
}

// changeKeys changes the keystore under the region's lock, and says what was made.
func changeKeys(s *term.Streams, region *pipeline.Region, name string, to *sealTo, change func(*keystore.Store, []keystore.Recipient) (keystore.Description, error)) error {
	lock, err := region.Folder.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	recipients, err := to.enrolled(region, name)
	if err == nil && (len(to.AgentKeys) == 0 || len(to.Recipients) > 0) {
		var more []keystore.Recipient
		more, err = to.recipients(s)
		recipients = append(recipients, more...)
	}
	if err != nil {
		return err
	}
	store, err := region.Keys()
	if err != nil {
		return err
	}
	made, err := change(store, recipients)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(made)
	}
	_, err = fmt.Fprintf(s.Out, "%s (%s) sealed as %s\n", made.Label(), made.ID, made.File())
	return err
}
