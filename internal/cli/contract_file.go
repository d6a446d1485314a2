package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/internal/workspace"
	"tre/pipeline/feed"
	"tre/pipeline/linked"
)

func readContract(path string) (*feed.Contract, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, problem.New(problem.Usage, "name a contract's file", "cannot read %s: %v", path, errors.Unwrap(err))
	}
	contract, err := feed.Parse(data)
	if err != nil {
		return nil, problem.Wrap(err, problem.Failed, "mend the contract", "%s", path)
	}
	return contract, nil
}

// linted is what lint has to say of one file.
type linted struct {
	File    string   `json:"file"`
	Feed    string   `json:"feed,omitempty"`
	Version string   `json:"version,omitempty"`
	Faults  []string `json:"faults,omitempty"`
}

func newContractLintCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "lint FILE...",
		Short: "Check that contracts are sound",
		Long: `Check that each file is a sound contract, and name every fault by table, column and
rule. What a contract's mapping does is checked by tre validate REGION.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runLint(s, args) },
	}
}

func runLint(s *term.Streams, paths []string) error {
	var all []linted
	var unsound int64
	for _, path := range paths {
		one := lint(path)
		if len(one.Faults) > 0 {
			unsound++
		}
		all = append(all, one)
	}
	if err := sayLinted(s, all); err != nil {
		return err
	}
	if unsound > 0 {
		return problem.New(problem.Failed, "mend what is named above", "%s not sound", term.Count(unsound, "contract is", "contracts are"))
	}
	return nil
}

func lint(path string) linted {
	data, err := os.ReadFile(path)
	if err != nil {
		return linted{File: path, Faults: []string{"cannot be read: " + errors.Unwrap(err).Error()}}
	}
	contract, err := feed.Parse(data)
	if err != nil {
		return linted{File: path, Faults: strings.Split(err.Error(), "\n")}
	}
	return linted{File: path, Feed: contract.ID, Version: contract.Version}
}

func sayLinted(s *term.Streams, all []linted) error {
	if s.JSON {
		return s.Answer(map[string]any{"contracts": all})
	}
	for _, one := range all {
		if len(one.Faults) == 0 {
			fmt.Fprintf(s.Out, "%s: %s %s is sound\n", one.File, one.Feed, one.Version)
		}
		for _, fault := range one.Faults {
			fmt.Fprintf(s.Out, "%s: %s\n", one.File, fault)
		}
	}
	return nil
}

func newContractDiffCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Class what changed between two contracts as patch, minor or major",
		Long: `Say what changed from the contract in file OLD to the one in file NEW. A patch changes
words only; a minor change accepts or gives more than before; a major change may
refuse what was accepted, take something away or change what a value means.

Exit status is 1 when the version of NEW does not say how much changed.`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return runDiff(s, args[0], args[1]) },
	}
}

func runDiff(s *term.Streams, oldPath, newPath string) error {
	old, err := readContract(oldPath)
	if err != nil {
		return err
	}
	next, err := readContract(newPath)
	if err != nil {
		return err
	}
	change := feed.Diff(old, next)
	if s.JSON {
		err = s.Answer(change)
	} else {
		_, err = fmt.Fprint(s.Out, change.Text())
	}
	if err == nil && change.TooSmall {
		return problem.New(problem.Failed, "give it version "+change.Needed+" or higher", "%s: version %s is too low for a %s change",
			newPath, change.New, change.Class)
	}
	return err
}

func newContractExportCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "export FOLDER",
		Short: "Write every built-in contract and mapping into a folder",
		Long: `Write every built-in contract (FEED.yaml) and its mapping onto the linked tables
(FEED.sql) into a folder, to read or to start your own from. A file that is there
already is never written over.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runExport(s, args[0]) },
	}
}

func runExport(s *term.Streams, path string) error {
	contracts, err := feed.NewCatalogue(nil)
	if err != nil {
		return err
	}
	folder, err := workspace.Create(path)
	if err != nil {
		return err
	}
	feeds := contracts.Feeds()
	for _, id := range feeds {
		for _, name := range []string{id + ".yaml", id + ".sql"} {
			if folder.Exists(name) {
				return problem.New(problem.Usage, "name a folder without contracts; nothing was written", "%s/%s is there already", path, name)
			}
		}
	}
	for _, id := range feeds {
		if err := export(folder, contracts, id); err != nil {
			return err
		}
	}
	if err := folder.ClearStaging(); err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(map[string]any{"folder": path, "contracts": feeds})
	}
	fmt.Fprintf(s.Out, "wrote %s with their mappings: %s\n", term.Count(int64(len(feeds)), "contract", "contracts"), strings.Join(feeds, " "))
	return nil
}

func export(folder *workspace.Folder, contracts *feed.Catalogue, id string) error {
	text, err := contracts.Text(id)
	if err != nil {
		return err
	}
	if err := folder.Write(id+".yaml", text); err != nil {
		return err
	}
	_, mapping, found := linked.Mapping(id)
	if !found {
		return nil
	}
	return folder.Write(id+".sql", []byte(mapping))
}
