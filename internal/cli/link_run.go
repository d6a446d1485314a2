package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"tre/internal/term"
	"tre/linkage/links"
	"tre/linkage/similarity"
)

type linkRunOptions struct {
	links.RunOptions
	Strings  string
	Clusters clusterFlags
	Threads  int
}

func newLinkRunCommand(s *term.Streams) *cobra.Command {
	var o linkRunOptions
	c := &cobra.Command{
		Use:   "run [--settings SETTINGS.json] [--training PLAN.yaml] --out FOLDER RECORDS...",
		Short: "Train, predict and cluster in one go",
		Long: `Do what tre link train, tre link predict and tre link cluster do one after the
other, and write the same files into FOLDER: model.json and what comes beside it,
pairs.parquet and clusters.parquet. The records are read once, and pairs are
handed on as they are found, so it takes less time than the three.

FOLDER is made when it is not there. Their flags mean the same here: a pair is
written from --min-weight on, and a link from --min-probability on.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Records = args
			return runLinkRun(c, s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Settings, "settings", "", "settings or model `FILE`, JSON or YAML; the default profile when not given")
	f.StringVar(&o.Plan, "training", "", "training plan, a YAML `FILE`")
	f.StringVar(&o.Folder, "out", "", "`FOLDER` to write into")
	addPairFlags(f, &o.MinWeight, &o.MaxBlock, &o.MaxPairs)
	o.Clusters.add(f, &o.Cluster)
	addStringsFlag(c, &o.Strings)
	addThreadsFlag(c, &o.Threads)
	return c
}

func runLinkRun(c *cobra.Command, s *term.Streams, o linkRunOptions) error {
	if err := requireFlags("tre link run", "out", o.Folder); err != nil {
		return err
	}
	var err error
	if o.RunOptions.Strings, err = similarity.ParseStrings(o.Strings); err != nil {
		return err
	}
	if err := o.Clusters.check("tre link run", c.Flags(), &o.Cluster); err != nil {
		return err
	}
	o.Limits = linkLimits(o.Threads)
	ran, err := links.Run(c.Context(), o.RunOptions)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(map[string]any{"trained": ran.Trained.History, "predicted": ran.Predicted, "clustered": ran.Clustered})
	}
	return printRan(s, o.Folder, ran)
}

func printRan(s *term.Streams, folder string, ran *links.Ran) error {
	if err := printTrained(s, filepath.Join(folder, links.ModelFile), ran.Trained); err != nil {
		return err
	}
	fmt.Fprintln(s.Out)
	if err := printPredicted(s, filepath.Join(folder, links.PairsFile), ran.Predicted); err != nil {
		return err
	}
	fmt.Fprintln(s.Out)
	printClustered(s, filepath.Join(folder, links.ClustersFile), ran.Clustered)
	return nil
}
