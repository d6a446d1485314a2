package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/term"
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
			return listContracts(s, contracts.All())
		},
	}
	c.Flags().StringVar(&region, "region", "", "with the contracts of this `REGION`'s own")
	return c
}

func listContracts(s *term.Streams, contracts []*feed.Contract) error {
	type line struct {
		Feed    string `json:"feed"`
		Version string `json:"version"`
		Setting string `json:"setting"`
		Tables  int    `json:"tables"`
		Refresh string `json:"refresh"`
		Name    string `json:"name"`
	}
	var lines []line
	var rows [][]string
	for _, c := range contracts {
		lines = append(lines, line{c.ID, c.Version, c.Domain, len(c.Schema), c.Delivery.Refresh, c.Name})
		rows = append(rows, []string{c.ID, c.Version, c.Domain, fmt.Sprint(len(c.Schema)), c.Delivery.Refresh, c.Name})
	}
	if s.JSON {
		return s.Answer(map[string]any{"contracts": lines})
	}
	return term.Table(s.Out, []string{"feed", "version", "setting", ">tables", "refresh", "name"}, rows)
}

func newContractShowCommand(s *term.Streams) *cobra.Command {
	var region string
	c := &cobra.Command{
		Use:   "show FEED",
		Short: "Print a contract as it stands",
		Long: `Print a contract as it was written, in YAML also with --json. FEED is the newest
version of it; FEED@VERSION, as in csds@1.6.0, is that version.`,
		Args: cobra.ExactArgs(1),
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
	c.Flags().StringVar(&region, "region", "", "with the contracts of this `REGION`'s own")
	return c
}
