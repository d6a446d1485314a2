package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/linkage/cluster"
	"tre/linkage/links"
)

type linkClusterOptions struct {
	links.ClusterOptions
	Flags   clusterFlags
	Threads int
}

// clusterFlags are the flags that say how to cluster.
type clusterFlags struct{ method, ties string }

func (o *clusterFlags) add(f *pflag.FlagSet, into *links.ClusterOptions) {
	f.Float64Var(&into.MinProbability, "min-probability", 0, "least match `PROBABILITY` of a link; chosen from the pairs when not given")
	f.StringVar(&o.method, "method", string(links.Bridges), "bridges, components or best-links")
	f.StringVar(&into.Decisions, "decisions", "", "CSV `FILE` of decisions: pairs that are, or are not, one person")
	f.StringSliceVar(&into.Distinct, "distinct", nil, "`COLUMN` of a verified identifier; repeatable")
	f.StringSliceVar(&into.DuplicateFree, "duplicate-free", nil, "`INPUT` that holds each person once, for best-links; repeatable")
	f.StringVar(&o.ties, "ties", string(cluster.Drop), "with best-links, equal weights: drop or lowest_id")
}

// check takes the flags that are words, and refuses those that mean nothing.
func (o *clusterFlags) check(command string, f *pflag.FlagSet, into *links.ClusterOptions) error {
	wrong := func(what string) error {
		return problem.New(problem.Usage, "see: "+command+" --help", "wrong usage: %s", what)
	}
	into.Method, into.Ties = links.Method(o.method), cluster.Ties(o.ties)
	switch {
	case !slices.Contains([]links.Method{links.Bridges, links.Components, links.BestLinks}, into.Method):
		return wrong("--method is bridges, components or best-links")
	case !slices.Contains([]cluster.Ties{cluster.Drop, cluster.LowestID}, into.Ties):
		return wrong("--ties is drop or lowest_id")
	case f.Changed("min-probability") && !(into.MinProbability > 0 && into.MinProbability < 1):
		return wrong("--min-probability is between 0 and 1")
	}
	return nil
}

func newLinkClusterCommand(s *term.Streams) *cobra.Command {
	var o linkClusterOptions
	c := &cobra.Command{
		Use:   "cluster --pairs PAIRS.parquet [--min-probability P] [--method bridges|components|best-links] --out CLUSTERS.parquet RECORDS...",
		Short: "Decide from scored pairs which records are one person",
		Long: `Write, for each record, the cluster it belongs to: cluster_id is the id of the
cluster's first record.

bridges, the default, joins records as connected components do, but two groups
only when the whole of what is known between them says so; it honours decisions
(--decisions, a file of tre link review) and verified identifiers (--distinct, a
column of which no cluster holds two values). Give it pairs well below the
threshold too: they speak against a merge. components joins all that hangs
together. best-links takes a link only if it is the best for both sides.

Without --min-probability, the threshold is chosen without labels: the one with
the best expected F1 over the scored pairs.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Records = args
			return runLinkCluster(c, s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Pairs, "pairs", "", "Parquet `FILE` of tre link predict or of Splink")
	f.StringVar(&o.Out, "out", "", "Parquet `FILE` to write")
	o.Flags.add(f, &o.ClusterOptions)
	addThreadsFlag(c, &o.Threads)
	return c
}

func runLinkCluster(c *cobra.Command, s *term.Streams, o linkClusterOptions) error {
	if err := requireFlags("tre link cluster", "pairs", o.Pairs, "out", o.Out); err != nil {
		return err
	}
	if err := o.Flags.check("tre link cluster", c.Flags(), &o.ClusterOptions); err != nil {
		return err
	}
	o.Limits = linkLimits(o.Threads)
	clustered, err := links.Cluster(c.Context(), o.ClusterOptions)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(clustered)
	}
	printClustered(s, o.Out, clustered)
	return nil
}

func printClustered(s *term.Streams, out string, c *links.Clustered) {
	fmt.Fprintf(s.Out, "%s in %s; %s linked, the largest cluster holds %s\n", term.Count(int64(c.Records), "record", "records"),
		term.Count(int64(c.Clusters), "cluster", "clusters"), term.Number(int64(c.Linked)), term.Number(int64(c.Largest)))
	fmt.Fprintf(s.Out, "threshold: weight %.2f, probability %.4f", c.MinWeight, c.MinProbability)
	if c.Chosen != nil {
		fmt.Fprintf(s.Out, ", chosen without labels (expected over the scored pairs: precision %.4f, recall %.4f)", c.Chosen.Precision, c.Chosen.Recall)
	}
	fmt.Fprintln(s.Out)
	if c.Split > 0 || c.Refused > 0 {
		fmt.Fprintf(s.Out, "%s taken apart, %s refused\n", term.Count(int64(c.Split), "component", "components"), term.Count(c.Refused, "link", "links"))
	}
	if c.Decisions > 0 {
		fmt.Fprintf(s.Out, "%s honoured, %d of them about records that are not here\n", term.Count(int64(c.Decisions), "decision", "decisions"), c.Unknown)
	}
	for _, kind := range []cluster.AlarmKind{cluster.Large, cluster.Sparse, cluster.Bridged, cluster.Conflict} {
		if n := c.Alarms[kind]; n > 0 {
			fmt.Fprintf(s.Out, "look at %s: %s\n", term.Count(int64(n), "cluster", "clusters"), alarmMeaning(kind))
		}
	}
	fmt.Fprintf(s.Out, "clusters: %s\n", out)
}

func alarmMeaning(kind cluster.AlarmKind) string {
	return map[cluster.AlarmKind]string{
		cluster.Large: "unusually large", cluster.Sparse: "few of the possible links",
		cluster.Bridged: "two groups held together by one link", cluster.Conflict: "several values of a verified identifier",
	}[kind]
}
