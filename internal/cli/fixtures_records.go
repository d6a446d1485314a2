package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"tre/fixtures/people"
	"tre/internal/problem"
	"tre/internal/term"
	"tre/internal/workspace"
)

// plainRecords reports whether a file of records was asked for, and no region.
func plainRecords(c *cobra.Command) bool {
	for _, flag := range []string{"records", "out", "changed", "from"} {
		if c.Flags().Changed(flag) {
			return true
		}
	}
	return false
}

func runRecords(c *cobra.Command, s *term.Streams, o fixturesOptions) error {
	if err := checkRecords(c, o); err != nil {
		return err
	}
	folder, err := workspace.Open(filepath.Dir(o.Out))
	if err != nil {
		return err
	}
	defer folder.Tidy()
	name := filepath.Base(o.Out)
	if c.Flags().Changed("from") {
		return refreshRecords(c, s, o, folder, name)
	}
	sum, err := people.Write(c.Context(), folder, name, people.Options{Records: o.Records, Seed: o.Seed})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(sum)
	}
	fmt.Fprintf(s.Out, "invented %s of %s: %s\n", term.Count(sum.Records, "record", "records"), term.Count(sum.People, "person", "people"), o.Out)
	return nil
}

func refreshRecords(c *cobra.Command, s *term.Streams, o fixturesOptions, folder *workspace.Folder, name string) error {
	changes, err := people.Refresh(c.Context(), folder, name, people.RefreshOptions{From: o.From, Percent: o.Changed, Seed: o.Seed})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(changes)
	}
	fmt.Fprintf(s.Out, "%s: %s changed, %s new, %s gone: %s\n", term.Count(changes.Before, "record", "records"),
		term.Number(changes.Changed), term.Number(changes.New), term.Number(changes.Gone), o.Out)
	fmt.Fprintf(s.Out, "only these: %s\n", filepath.Join(filepath.Dir(o.Out), people.DeltaName(name)))
	return nil
}

// checkRecords refuses flags that do not go together, before anything is made.
func checkRecords(c *cobra.Command, o fixturesOptions) error {
	given := c.Flags().Changed
	for _, flag := range []string{"people", "months", "end", "feed", "no-errors", "traps"} {
		if given(flag) {
			return problem.New(problem.Usage, "leave it out, or name a region and leave out --records, --out, --changed and --from", "--%s is for regions, not for plain records", flag)
		}
	}
	const forms = "either --records N --out FILE, or --changed PERCENT --from FILE --out FILE"
	switch {
	case given("records") && (given("from") || given("changed")):
		return problem.New(problem.Usage, forms, "--records makes a new file, --changed and --from change one: not both")
	case !given("records") && !(given("from") && given("changed")):
		return problem.New(problem.Usage, forms, "nothing says how many records to make, or of which file to change how many")
	case given("records") && (o.Records < 1 || o.Records > people.MaxRecords):
		return problem.New(problem.Usage, "1 to "+term.Number(people.MaxRecords), "--records is out of range")
	case given("changed") && !(o.Changed > 0 && o.Changed <= 50):
		return problem.New(problem.Usage, "above 0 and at most 50 percent", "--changed is out of range")
	case o.Out == "":
		return problem.New(problem.Usage, forms, "--out is missing")
	}
	files := []string{o.Out}
	if given("from") {
		files = append(files, o.From)
	}
	for _, file := range files {
		if ending := filepath.Ext(file); ending != ".parquet" && ending != ".csv" || !workspace.ValidName(filepath.Base(file)) {
			return problem.New(problem.Usage, "end its name in .parquet or .csv", "%s is neither Parquet nor CSV by its name", file)
		}
	}
	return checkFrom(o)
}

// checkFrom refuses a file to change that is not there or would be written
// over.
func checkFrom(o fixturesOptions) error {
	if o.From == "" {
		return nil
	}
	info, err := os.Stat(o.From)
	if err != nil || !info.Mode().IsRegular() {
		return problem.New(problem.Usage, "name a file that tre fixtures --records made", "--from: there is no file %s", o.From)
	}
	for _, out := range []string{o.Out, filepath.Join(filepath.Dir(o.Out), people.DeltaName(filepath.Base(o.Out)))} {
		if there, err := os.Stat(out); err == nil && os.SameFile(info, there) {
			return problem.New(problem.Usage, "write to another file", "--out would write over %s, which is being changed", o.From)
		}
	}
	return nil
}
