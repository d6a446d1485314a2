package accuracy

import (
	"context"
	"fmt"
	"math"
	"strings"

	"tre/internal/problem"
)

const clusterID = "cluster_id"

// ClustersIn is what Clusters needs. A record that is in no cluster is one of
// its own.
type ClustersIn struct {
	Clusters string // Parquet or CSV with cluster_id, <id>, and source_dataset with several inputs
	Records  Records
	LinkType LinkType // which pairs count in the pairwise measures
	Limits   Limits
}

// Measure is how well clusters agree with the truth. Without truth only the
// first block and Linked are filled.
type Measure struct {
	LinkType        LinkType `json:"linkType"`
	LinkTypeAssumed bool     `json:"linkTypeAssumed,omitempty"`
	ID              string   `json:"id"`
	Records         int64    `json:"records"`
	KnownRecords    int64    `json:"knownRecords"` // with truth; without a truth column all
	Unclustered     int64    `json:"unclustered"`  // records in no cluster
	Clusters        int64    `json:"clusters"`     // of known records, single ones too
	LargestCluster  int64    `json:"largestCluster"`

	Truth *Agreement `json:"truth,omitempty"` // with truth

	Overall   *Subgroup     `json:"overall,omitempty"`
	Subgroups []Subgroup    `json:"subgroups,omitempty"` // with truth
	Linked    []LinkedGroup `json:"linked,omitempty"`    // without: records in clusters of more than one
}

// Agreement compares clusters with people. Records of unknown truth are left
// out of both.
type Agreement struct {
	People       int64 `json:"people"`
	AllPairs     int64 `json:"allPairs"`
	TruePairs    int64 `json:"truePairs"`
	LinkedPairs  int64 `json:"linkedPairs"`
	CorrectPairs int64 `json:"correctPairs"`

	Pairwise Point `json:"pairwise"` // matchWeight and matchProbability mean nothing here and are 0

	PeopleWhole  int64 `json:"peopleWhole"`  // whose cluster holds all of them and nobody else
	PeopleMerged int64 `json:"peopleMerged"` // who share a cluster with another
	PeopleSplit  int64 `json:"peopleSplit"`  // who are in more than one cluster

	BCubed BCubed `json:"bCubed"`
	// VariationOfInformation is in bits, and the sum of its parts: what the
	// clusters leave unsaid of the people, and the people of the clusters.
	VariationOfInformation float64 `json:"variationOfInformation"`
	MergedInformation      float64 `json:"mergedInformation"` // H(person | cluster)
	SplitInformation       float64 `json:"splitInformation"`  // H(cluster | person)
}

// BCubed is the mean over records of the share of its cluster that is its
// person, and of its person that is in its cluster (Bagga and Baldwin 1998).
type BCubed struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// Clusters measures clusters against the truth, exactly, from the sizes of the
// overlaps of clusters and people; without a truth column it compares linked
// and unlinked records.
func Clusters(ctx context.Context, in ClustersIn) (Measure, error) {
	b, err := openBench(ctx, in.Limits)
	if err != nil {
		return Measure{}, err
	}
	defer b.close()
	c := &clustering{bench: b, in: in}
	if err := c.open(ctx); err != nil {
		return Measure{}, err
	}
	return c.measure(ctx)
}

// clustering is one run of Clusters.
type clustering struct {
	*bench
	in     ClustersIn
	answer Measure
}

func (c *clustering) open(ctx context.Context) error {
	clusters, err := c.openFile(ctx, c.in.Clusters)
	if err != nil {
		return err
	}
	if err := clusters.need(clusterID); err != nil {
		return err
	}
	r := &c.in.Records
	files, err := c.openRecords(ctx, *r)
	if err != nil {
		return err
	}
	if err := c.chooseID(r, clusters, files); err != nil {
		return err
	}
	c.matchSource = clusters.has(r.source()) && (len(files) > 1 || files[0].has(r.source()))
	c.idType = commonType(append(typesOf(files, r.ID), clusters.typeOf(r.ID))...)
	if err := c.loadRecords(ctx, *r, files); err != nil {
		return err
	}
	home, join := "0", ""
	if c.matchSource {
		home, join = "s.source", " LEFT JOIN source s ON s.name = "+qualified(r.source(), "VARCHAR")
	}
	query := fmt.Sprintf("CREATE VIEW given AS SELECT %s AS id, %s AS home, %s AS cluster_id FROM %s g%s",
		qualified(r.ID, c.idType), home, qualified(clusterID, commonType(clusters.typeOf(clusterID))), clusters.from, join)
	if err := c.db.Exec(ctx, query); err != nil {
		return fmt.Errorf("open clusters: %w", err)
	}
	if err := c.run(ctx, "placed"); err != nil {
		return unreadable(err, clusters.path)
	}
	return c.check(ctx)
}

// qualified reads a column of the file of clusters.
func qualified(column, kind string) string {
	return strings.Replace(value(column, kind), `"`, `g."`, 1)
}

// chooseID finds the id column from the clusters' own.
func (c *clustering) chooseID(r *Records, clusters file, files []file) error {
	for _, name := range clusters.columns {
		if r.ID == "" && name != clusterID && name != r.source() && files[0].has(name) {
			r.ID = name
		}
	}
	if r.ID == "" {
		return problem.New(problem.Usage, "name the column of ids with --id", "%s: no column of ids that is a column of the records", c.in.Clusters)
	}
	for _, f := range append([]file{clusters}, files...) {
		if err := f.need(r.ID); err != nil {
			return err
		}
	}
	return nil
}

func (c *clustering) check(ctx context.Context) error {
	var nameless, unknown, repeated int64
	err := c.db.Row(ctx, []any{&nameless, &unknown, &repeated, &c.answer.Unclustered}, "SELECT nameless, unknown, repeated, unclustered FROM cluster_check")
	records := strings.Join(c.in.Records.Paths, ", ")
	switch {
	case err != nil:
		return err
	case nameless > 0:
		return problem.New(problem.Failed, "give every record a cluster", "%s: column %s: null in %s", c.in.Clusters, clusterID, counted(nameless, "row", "rows"))
	case repeated > 0:
		return problem.New(problem.Failed, "give each record one cluster", "%s: %s a record that another row names", c.in.Clusters, counted(repeated, "row names", "rows name"))
	case unknown > 0:
		return problem.New(problem.Failed, "give the records that the clusters were made from", "%s: %s a record that is not in %s", c.in.Clusters, counted(unknown, "row names", "rows name"), records)
	}
	return nil
}

func (c *clustering) measure(ctx context.Context) (Measure, error) {
	m, truth := &c.answer, c.in.Records.Truth != ""
	kind, assumed, err := c.linkType(c.in.LinkType, 1)
	if err != nil {
		return Measure{}, err
	}
	m.LinkType, m.LinkTypeAssumed, m.ID = kind, assumed, c.in.Records.ID
	known := "CREATE VIEW known AS SELECT * FROM placed"
	if truth {
		known += " WHERE person IS NOT NULL"
	}
	if err := c.db.Exec(ctx, fmt.Sprintf("CREATE TABLE setting AS SELECT %v AS across; %s", kind == LinkOnly, known)); err != nil {
		return Measure{}, err
	}
	if err := c.run(ctx, "touching"+pairsOf(kind)); err != nil {
		return Measure{}, err
	}
	err = c.db.Row(ctx, []any{&m.Records, &m.KnownRecords, &m.Clusters, &m.LargestCluster},
		"SELECT (SELECT count(*) FROM record), sum(n)::BIGINT, count(*), max(n) FROM (SELECT count(*) AS n FROM known GROUP BY cluster)")
	if err != nil {
		return Measure{}, err
	}
	if !truth {
		if err := c.db.Exec(ctx, "CREATE VIEW linked AS SELECT row FROM placed SEMI JOIN (SELECT cluster FROM placed GROUP BY cluster HAVING count(*) > 1) USING (cluster)"); err != nil {
			return Measure{}, err
		}
		m.Linked, err = c.compared(ctx, c.in.Records)
		return *m, err
	}
	if m.Truth, err = c.agreement(ctx); err != nil {
		return Measure{}, err
	}
	m.Overall, m.Subgroups, err = c.measured(ctx, c.in.Records, "groups_clusters")
	return *m, err
}

func (c *clustering) agreement(ctx context.Context) (*Agreement, error) {
	if err := c.run(ctx, "inside"+pairsOf(c.answer.LinkType), "agreement"); err != nil {
		return nil, err
	}
	var a Agreement
	err := c.db.Row(ctx, []any{&a.People, &a.AllPairs, &a.TruePairs, &a.LinkedPairs, &a.CorrectPairs, &a.PeopleWhole, &a.PeopleMerged, &a.PeopleSplit},
		"SELECT people, all_pairs, true_pairs, linked_pairs, correct_pairs, people_whole, people_merged, people_split FROM agreement")
	if err != nil {
		return nil, err
	}
	tp := float64(a.CorrectPairs)
	fp, fn := float64(a.LinkedPairs)-tp, float64(a.TruePairs)-tp
	a.Pairwise = pointOf(0, tp, fp, fn, float64(a.AllPairs)-tp-fp-fn)
	a.Pairwise.Probability = 0
	return &a, c.overlaps(ctx, &a)
}

// overlaps sums what needs division or logarithms over the distinct shapes of
// overlap: so few that order and threads leave every digit alone.
func (c *clustering) overlaps(ctx context.Context, a *Agreement) error {
	rows, err := c.db.Query(ctx, "SELECT n, cluster_n, person_n, times FROM shape ORDER BY ALL")
	if err != nil {
		return err
	}
	defer rows.Close()
	records := float64(c.answer.KnownRecords)
	for rows.Next() {
		var n, cluster, person, times float64
		if err := rows.Scan(&n, &cluster, &person, &times); err != nil {
			return err
		}
		weight := times * n / records
		a.BCubed.Precision += weight * n / cluster
		a.BCubed.Recall += weight * n / person
		a.MergedInformation += weight * math.Log2(cluster/n)
		a.SplitInformation += weight * math.Log2(person/n)
	}
	a.VariationOfInformation = a.MergedInformation + a.SplitInformation
	a.BCubed.F1 = ratio(2*a.BCubed.Precision*a.BCubed.Recall, a.BCubed.Precision+a.BCubed.Recall)
	return rows.Err()
}
