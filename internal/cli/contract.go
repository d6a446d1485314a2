package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/internal/workspace"
	"tre/pipeline"
	"tre/pipeline/feed"
)

func newContractCommand(s *term.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "contract",
		Short:   "The data sets tre knows, and what changed between two of them",
		GroupID: "data",
		Long: `A contract defines a feed: its tables and columns under their published names, what
is mandatory, which codes are valid, what is identity, what passes and what is
dropped. Contracts are Open Data Contract Standard v3.1 documents. Those built in
can be exported; a region adds its own in contracts/.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newContractListCommand(s), newContractShowCommand(s), newContractLintCommand(s),
		newContractDiffCommand(s), newContractExportCommand(s))
	return c
}

// catalogue gives the built-in contracts, with a region's own when one is
// named.
func catalogue(region string) (*feed.Catalogue, error) {
	if region == "" {
		return feed.NewCatalogue(nil)
	}
	r, err := pipeline.OpenRegion(region)
	if err != nil {
		return nil, err
	}
	return r.Catalogue, nil
}

func newContractListCommand(s *term.Streams) *cobra.Command {
	var region string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the contracts",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			contracts, err := catalogue(region)
			if err != nil {
				return err
			}
			var rows [][]string
			for _, c := range contracts.All() {
				rows = append(rows, []string{c.ID, c.Version, c.Domain, fmt.Sprint(len(c.Schema)), c.Delivery.Refresh, c.Name})
			}
			if s.JSON {
				return s.Answer(rows)
			}
			return term.Table(s.Out, []string{"feed", "version", "setting", ">tables", "refresh", "name"}, rows)
		},
	}
	c.Flags().StringVar(&region, "region", "", "with this region's own contracts")
	return c
}

func newContractShowCommand(s *term.Streams) *cobra.Command {
	var region string
	c := &cobra.Command{
		Use:   "show FEED",
		Short: "Print a contract as it stands",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			contracts, err := catalogue(region)
			if err != nil {
				return err
			}
			text, err := contracts.Text(args[0])
			if err != nil {
				return err
			}
			_, err = s.Out.Write(text)
			return err
		},
	}
	c.Flags().StringVar(&region, "region", "", "with this region's own contracts")
	return c
}

func readContract(path string) (*feed.Contract, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name a contract file", "cannot read contract")
	}
	contract, err := feed.Parse(data)
	if err != nil {
		return nil, problem.Wrap(err, problem.Failed, "mend the contract", "%s", path)
	}
	return contract, nil
}

func newContractLintCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "lint FILE...",
		Short: "Check that contracts are sound",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			for _, path := range args {
				contract, err := readContract(path)
				if err != nil {
					return err
				}
				fmt.Fprintf(s.Out, "%s: %s %s is sound\n", path, contract.ID, contract.Version)
			}
			return nil
		},
	}
}

func newContractDiffCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Class what changed between two contracts as patch, minor or major",
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			old, err := readContract(args[0])
			if err != nil {
				return err
			}
			next, err := readContract(args[1])
			if err != nil {
				return err
			}
			change := feed.Diff(old, next)
			if s.JSON {
				return s.Answer(change)
			}
			fmt.Fprint(s.Out, change.Text())
			return nil
		},
	}
}

func newContractExportCommand(s *term.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "export FOLDER",
		Short: "Write every built-in contract into a folder",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			contracts, err := feed.NewCatalogue(nil)
			if err != nil {
				return err
			}
			folder, err := workspace.Create(args[0])
			if err != nil {
				return err
			}
			var names []string
			for _, c := range contracts.All() {
				text, err := contracts.Text(c.ID)
				if err != nil {
					return err
				}
				if err := folder.Write(c.ID+".yaml", text); err != nil {
					return err
				}
				names = append(names, c.ID)
			}
			fmt.Fprintf(s.Out, "wrote %d contracts: %s\n", len(names), strings.Join(names, " "))
			return nil
		},
	}
}
