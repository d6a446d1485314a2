package segment

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"tre/internal/duck"
	"tre/pipeline/analyse/answer"
)

// assign makes the out table and takes away the tables on the way to it.
func (r *clusterRun) assign(ctx context.Context, p Points, c Clustering, s Stability) error {
	numbers := make([]string, len(c.Cluster)) // of the clusters, by cell
	for cell, k := range c.Cluster {
		numbers[cell] = strconv.Itoa(k + 1)
	}
	list := "CREATE TEMP TABLE " + r.table("clusters") + " AS SELECT unnest(range(?::BIGINT))::INTEGER AS cell, unnest(string_split(?, ','))::INTEGER AS cluster"
	if err := r.db.Exec(ctx, list, len(numbers), strings.Join(numbers, ",")); err != nil {
		return err
	}
	var jaccard, verdict strings.Builder
	for k, j := range s.Jaccard {
		if !math.IsNaN(j) {
			fmt.Fprintf(&jaccard, " WHEN %d THEN %.6f::DOUBLE", k+1, j)
		}
		fmt.Fprintf(&verdict, " WHEN %d THEN %s", k+1, duck.Text(Verdict(j)))
	}
	var missing, evidence []string
	for _, f := range r.features {
		missing = append(missing, fmt.Sprintf("CASE WHEN %s IS NULL THEN %s END", duck.Name(f.Name), duck.Text(f.Name[4:])))
		evidence = append(evidence, fmt.Sprintf("%s || %s::VARCHAR", duck.Text(f.Name[4:]+" "), duck.Name(f.Name)))
	}
	query := fmt.Sprintf(`CREATE TEMP TABLE %[2]s AS SELECT person, k.cluster, 'cluster ' || k.cluster AS segment, CASE k.cluster%[3]s END AS jaccard,
		CASE k.cluster%[4]s END AS verdict, CASE WHEN k.cluster IS NOT NULL THEN concat_ws('; ', %[5]s) END AS evidence,
		CASE WHEN k.cluster IS NULL THEN %[6]s || concat_ws(', ', %[7]s) END AS reason
		FROM %[8]s JOIN %[9]s USING (person) LEFT JOIN %[1]s AS k USING (cell) ORDER BY person;
		DROP TABLE %[1]s; DROP TABLE %[9]s; DROP TABLE %[10]s`,
		r.table("clusters"), duck.Name(r.out), orNull(jaccard.String()), verdict.String(), strings.Join(evidence, ", "),
		duck.Text(unknownWords), strings.Join(missing, ", "), duck.Name(r.in), r.table("people"), r.table("cells"))
	return r.db.Exec(ctx, query)
}

// fewestDescribed is how many people a cluster has before its middle is told.
const fewestDescribed = 50

// document says the clusters and how far to trust them. It holds no count, and
// no middle of a small cluster.
func (r *clusterRun) document(p Points, c Clustering, s Stability, width float64) answer.Document {
	var b strings.Builder
	b.WriteString("# Clusters of people\n\nClusters depend on the features chosen, their scales and the number asked for. ")
	b.WriteString("Rule tables or a tree are the better segments; look at the stability before using these.\n\n")
	fmt.Fprintf(&b, "Sum of squares between clusters: %.1f %%. Mean silhouette: %.2f. Mean adjusted Rand index over %d bootstrap samples: %.2f.\n\n",
		100*(1-c.Within/p.Total()), width, s.Samples, s.Adjusted)
	fmt.Fprintf(&b, "A cluster is stable when its mean bootstrap Jaccard is above %g and not stable below %g (Hennig 2007).\n\n", stableFrom, unstableFrom)
	b.WriteString("| cluster | Jaccard | verdict | middle |\n|---|---|---|---|\n")
	sizes := make([]float64, len(c.Centres))
	for i, k := range c.Cluster {
		sizes[k] += p.Weight[i]
	}
	for k := range c.Centres {
		middle := "fewer people than are described"
		if sizes[k] >= fewestDescribed {
			middle = r.middle(c.Centres[k])
		}
		fmt.Fprintf(&b, "| %d | %.2f | %s | %s |\n", k+1, s.Jaccard[k], Verdict(s.Jaccard[k]), middle)
	}
	return answer.Document{Name: "segment-clusters.md", MediaType: "text/markdown", Text: []byte(b.String())}
}

// middle gives the means of the numbers, on their own scale.
func (r *clusterRun) middle(c Centre) string {
	var parts []string
	at := 0
	for _, f := range r.features {
		if strings.HasPrefix(f.Name, "num_") {
			scale := r.dev[at]
			if scale == 0 {
				scale = 1
			}
			mean := math.Round(10*(c.Numbers[at]*scale+r.mean[at]))/10 + 0 // never "-0.0"
			parts = append(parts, fmt.Sprintf("%s %.1f", f.Name[4:], mean))
			at++
		}
	}
	return strings.Join(parts, ", ")
}
