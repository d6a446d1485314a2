package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pseudonymise"
	"tre/pseudonymise/files"
	"tre/pseudonymise/generalise"
	"tre/pseudonymise/keystore"
)

type pseudonymiseOptions struct {
	files.Options
	Columns     []string
	Delimiter   string
	Key, NewKey string
	Recipients  []string
	Rules       string
	Areas       string
}

func newPseudonymiseCommand(s *term.Streams) *cobra.Command {
	var o pseudonymiseOptions
	c := &cobra.Command{
		Use:     "pseudonymise --column NAME[=DOMAIN] --project NAME --key FILE --out FILE FILE",
		Short:   "Pseudonymise one CSV or Parquet file, without a region",
		GroupID: "other",
		Long: `Replace NHS numbers and other identifiers in one file by keyed hashes. The file
written has the same rows in the same order; it appears whole or not at all.

A column of the domain person (the default) holds NHS numbers: spaces, hyphens
and quotes are dropped, the check digit and known placeholders are checked, and
ten digits are hashed. Columns of any other domain are texts, and hashed as they
stand without the spaces around them. The same value has the same pseudonym in
every file of the same key, project, purpose and domain, and another anywhere
else. The column NAME becomes NAME_pseudonym.

With --column all other columns pass as they are, but those of --drop. With
--rules a YAML file lists the columns that pass and what is done to each: birth
dates to months, postcodes to small areas, ages capped, rare values grouped.
docs/pseudonymise.md says how.

Exit status is 0 when done; 3 when more rows cannot be read than --max-rejected,
or a number is not valid with --invalid fail; 4 when a column that nobody named
holds NHS numbers; 5 when the key is missing, wrong or readable by others; 64 for
wrong usage. Unless it is 0, nothing is written.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.In = args[0]
			return runPseudonymise(c, s, o)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.Columns, "column", nil, "pseudonymise the column `NAME[=DOMAIN]`; may be given again")
	f.StringArrayVar(&o.Drop, "drop", nil, "leave the column `NAME` out; may be given again")
	f.StringVar(&o.Rules, "rules", "", "a YAML `FILE` of what passes and how, in place of --column")
	f.StringVar(&o.Areas, "areas", "", "a CSV `FILE` of postcode, lsoa_2011 and lsoa_2021, for rules that need it")
	f.StringVar(&o.Out, "out", "", "the `FILE` to write, CSV or Parquet as the file read")
	f.StringVar(&o.Key, "key", "", "the `FILE` that holds the sealed key; --identity opens it")
	f.StringVar(&o.NewKey, "new-key", "", "make a key and seal it in this `FILE`, which must not exist, to your own identity")
	f.StringArrayVar(&o.Recipients, "recipient", nil, "with --new-key: seal it to `WHO` instead, a public key or a file of them (repeatable)")
	f.StringVar(&o.Project, "project", "", "the `NAME` of the project: others get other pseudonyms")
	f.StringVar(&o.Purpose, "purpose", "", "what the file is for, a `TEXT`: other purposes get other pseudonyms")
	f.StringVar(&o.Delimiter, "delimiter", ",", "the `CHARACTER` between fields of CSV, or tab")
	f.StringVar(&o.Encoding, "encoding", "utf-8", "utf-8 or windows-1252; what is written is always utf-8")
	f.StringVar(&o.Invalid, "invalid", "empty", "what becomes of rows whose NHS number is invalid or a placeholder: `empty`, keep-out or fail")
	f.Int64Var(&o.MaxRejected, "max-rejected", 0, "leave out up to `N` rows that cannot be read")
	return c
}

func runPseudonymise(c *cobra.Command, s *term.Streams, o pseudonymiseOptions) error {
	if err := requireFlags("tre pseudonymise", "out", o.Out, "project", o.Project); err != nil {
		return err
	}
	if err := o.complete(); err != nil {
		return err
	}
	key, err := o.openKey(s)
	if err != nil {
		return err
	}
	defer key.Wipe()
	o.Options.Key = key
	said, err := files.Run(c.Context(), o.Options)
	if said.RowsIn > 0 || err == nil {
		if err := sayPseudonymised(s, o.Options, said); err != nil {
			return err
		}
	}
	return err
}

// complete reads what the flags name, but for the key.
func (o *pseudonymiseOptions) complete() error {
	wrong := func(format string, args ...any) error {
		return problem.New(problem.Usage, "see: tre pseudonymise --help", "wrong usage: "+format, args...)
	}
	switch {
	case (o.Key == "") == (o.NewKey == ""):
		return wrong("give --key or --new-key, one of the two")
	case o.Delimiter == "tab" || o.Delimiter == `\t`:
		o.Options.Delimiter = '\t'
	case len(o.Delimiter) != 1:
		return wrong("--delimiter is not one character of ASCII")
	default:
		o.Options.Delimiter = o.Delimiter[0]
	}
	for _, named := range o.Columns {
		name, domain, given := strings.Cut(named, "=")
		if !given {
			domain = generalise.PersonDomain
		}
		if name == "" || domain == "" {
			return wrong("--column is not NAME or NAME=DOMAIN")
		}
		o.Options.Columns = append(o.Options.Columns, files.Column{Name: name, Domain: domain})
	}
	if o.Rules != "" {
		data, err := os.ReadFile(o.Rules)
		if err != nil {
			return problem.Wrap(err, problem.Usage, "name a file of rules", "cannot read %s", o.Rules)
		}
		if o.Options.Rules, err = generalise.Read(data, o.Rules); err != nil {
			return err
		}
	}
	return o.readAreas()
}

func (o *pseudonymiseOptions) readAreas() error {
	if o.Areas == "" {
		return nil
	}
	file, err := os.Open(o.Areas)
	if err != nil {
		return problem.Wrap(err, problem.Usage, "name a file of postcodes and their areas", "cannot read %s", o.Areas)
	}
	defer file.Close()
	o.Options.Areas, err = pseudonymise.ReadAreas(file)
	return err
}

// openKey opens the key, or makes one, sealed to the user's own identity.
func (o *pseudonymiseOptions) openKey(s *term.Streams) (pseudonymise.Key, error) {
	if o.NewKey != "" {
		recipients, err := sealTo{Recipients: o.Recipients}.recipients(s)
		if err != nil {
			return pseudonymise.Key{}, err
		}
		return keystore.NewSingle(o.NewKey, recipients, time.Now())
	}
	u, err := unlock(s)
	if err != nil {
		return pseudonymise.Key{}, err
	}
	ring, err := u.Ring()
	if err != nil {
		return pseudonymise.Key{}, err
	}
	return keystore.OpenSingle(o.Key, ring)
}

func sayPseudonymised(s *term.Streams, o files.Options, said files.Summary) error {
	if s.JSON {
		return s.Answer(said)
	}
	fmt.Fprintf(s.Out, "%s in: %s out, %s left out for their NHS number, %s that cannot be read\n", term.Count(said.RowsIn, "row", "rows"),
		term.Number(said.RowsOut), term.Number(said.RowsLeftOut), term.Number(said.RowsRejected))
	if said.BlankLines > 0 {
		fmt.Fprintf(s.Out, "%s passed over\n", term.Count(said.BlankLines, "blank line was", "blank lines were"))
	}
	if err := printPseudonymised(s, said.Columns); err != nil {
		return err
	}
	if len(said.PassedAsIs) > 0 {
		fmt.Fprintf(s.Out, "passed as they are: %s\n", strings.Join(said.PassedAsIs, ", "))
	}
	if len(said.Dropped) > 0 {
		fmt.Fprintf(s.Out, "left out: %s\n", strings.Join(said.Dropped, ", "))
	}
	for _, r := range said.Rejected {
		fmt.Fprintf(s.Err, "tre: %s: line %d: %s\n", o.In, r.Line, r.Rule)
	}
	if more := said.RowsRejected - int64(len(said.Rejected)); more > 0 {
		fmt.Fprintf(s.Err, "tre: %s: %s more\n", o.In, term.Number(more))
	}
	if said.Written {
		fmt.Fprintf(s.Out, "%s written with the key %s\n", o.Out, said.KeyID)
	}
	return nil
}

func printPseudonymised(s *term.Streams, columns []files.ColumnCount) error {
	var rows [][]string
	for _, c := range columns {
		rule := c.Rule
		if c.Domain != "" {
			rule += " " + c.Domain
		}
		rows = append(rows, []string{c.Output, rule, term.Number(c.Passed), term.Number(c.Grouped), term.Number(c.Invalid),
			term.Number(c.Placeholder), term.Number(c.Missing), term.Number(c.Unreadable)})
	}
	return term.Table(s.Out, []string{"column", "rule", ">valid", ">grouped", ">invalid", ">placeholder", ">missing", ">unreadable"}, rows)
}
