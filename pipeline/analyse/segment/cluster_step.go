package segment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
)

// The most people stability and silhouette are worked out on, the first by a
// digest of the pseudonym: both take far more work than the clusters themselves.
const (
	stabilityPeople  = 20_000
	silhouettePeople = 2_000
	clusterStarts    = 10
	bootstrapStarts  = 3
)

// Clusters is the step of the question that finds clusters: in has a row a
// person, the features named num_... (numbers) and cat_... (categories, used by
// k-prototypes alone). out has person, cluster, segment, jaccard, verdict, evidence
// and reason; somebody a feature is not known of has no cluster.
func Clusters(ctx context.Context, db *duck.DB, in, out string, p answer.Parameters) ([]answer.Document, error) {
	features, err := featuresOf(ctx, db, in)
	if err != nil {
		return nil, err
	}
	mixed := p.Text("method") == "kprototypes"
	features = slices.DeleteFunc(features, func(f Feature) bool {
		return !strings.HasPrefix(f.Name, "num_") && !(mixed && strings.HasPrefix(f.Name, "cat_"))
	})
	run := clusterRun{db: db, in: in, out: out, features: features, seed: uint64(p.Integer("seed"))}
	if err := run.group(ctx); err != nil {
		return nil, err
	}
	points, err := run.points(ctx)
	if err != nil {
		return nil, err
	}
	found, err := points.Cluster(p.Integer("clusters"), clusterStarts, run.seed)
	if err != nil {
		return nil, problem.Wrap(err, problem.Failed, "ask for fewer clusters, or link more deliveries", "no clusters can be found")
	}
	found = bySize(points, found)
	stability, width, err := run.judge(ctx, points, found, p.Integer("samples"))
	if err != nil {
		return nil, err
	}
	if err := run.assign(ctx, points, found, stability); err != nil {
		return nil, err
	}
	return []answer.Document{run.document(points, found, stability, width)}, nil
}

type clusterRun struct {
	db        *duck.DB
	in, out   string
	features  []Feature
	seed      uint64
	mean, dev []float64 // of the numbers, in the order of features
}

func (r *clusterRun) table(what string) string { return duck.Name(r.out + " " + what) }

func (r *clusterRun) columns() (names, known []string) {
	for _, f := range r.features {
		names = append(names, duck.Name(f.Name))
		known = append(known, duck.Name(f.Name)+" IS NOT NULL")
	}
	return names, known
}

// group gives people who look alike one cell, numbered in a fixed order.
func (r *clusterRun) group(ctx context.Context) error {
	names, known := r.columns()
	if len(names) == 0 {
		return fmt.Errorf("table %s has no features to cluster by", r.in)
	}
	list := strings.Join(names, ", ")
	return r.db.Exec(ctx, fmt.Sprintf(`CREATE TEMP TABLE %[1]s AS SELECT *, (row_number() OVER (ORDER BY %[2]s) - 1)::INTEGER AS cell
		FROM (SELECT %[2]s, count(*)::DOUBLE AS people FROM %[3]s WHERE %[4]s GROUP BY ALL);
		CREATE TEMP TABLE %[5]s AS SELECT i.person, c.cell FROM %[3]s AS i LEFT JOIN %[1]s AS c USING (%[2]s)`,
		r.table("cells"), list, duck.Name(r.in), strings.Join(known, " AND "), r.table("people")))
}

// points reads the cells, numbers brought to mean 0 and standard deviation 1.
func (r *clusterRun) points(ctx context.Context) (Points, error) {
	var p Points
	var columns []string
	for _, f := range r.features {
		column := duck.Name(f.Name) + "::DOUBLE"
		if f.Kind == Text {
			column = "(dense_rank() OVER (ORDER BY " + duck.Name(f.Name) + "))::DOUBLE"
		}
		columns = append(columns, column)
	}
	rows, err := r.db.Query(ctx, "SELECT people, "+strings.Join(columns, ", ")+" FROM "+r.table("cells")+" ORDER BY cell")
	if err != nil {
		return p, err
	}
	defer rows.Close()
	for rows.Next() {
		var weight float64
		values := make([]float64, len(r.features))
		into := []any{&weight}
		for i := range values {
			into = append(into, &values[i])
		}
		if err := rows.Scan(into...); err != nil {
			return p, err
		}
		r.add(&p, values, weight)
	}
	r.scale(&p)
	p.Gamma = 0.5 // half the mean standard deviation of the numbers (Huang 1998), which is now 1
	return p, rows.Err()
}

func (r *clusterRun) add(p *Points, values []float64, weight float64) {
	var numbers []float64
	var words []int
	for i, f := range r.features {
		if strings.HasPrefix(f.Name, "num_") {
			numbers = append(numbers, values[i])
		} else {
			words = append(words, int(values[i]))
		}
	}
	p.Numbers, p.Words, p.Weight = append(p.Numbers, numbers), append(p.Words, words), append(p.Weight, weight)
}

// scale standardises the numbers over people. A number all have alike stays 0.
func (r *clusterRun) scale(p *Points) {
	if len(p.Weight) == 0 {
		return
	}
	for j := range p.Numbers[0] {
		var g Group
		for i, w := range p.Weight {
			x := p.Numbers[i][j]
			g = g.plus(Group{w, w * x, w * x * x})
		}
		mean, dev := g.Sum/g.N, math.Sqrt(g.variance())
		for i := range p.Numbers {
			p.Numbers[i][j] -= mean
			if dev > 0 {
				p.Numbers[i][j] /= dev
			}
		}
		r.mean, r.dev = append(r.mean, mean), append(r.dev, dev)
	}
}

// bySize numbers the clusters by how many people they have, largest first.
func bySize(p Points, c Clustering) Clustering {
	sizes := make([]float64, len(c.Centres))
	for i, k := range c.Cluster {
		sizes[k] += p.Weight[i]
	}
	order := make([]int, len(sizes))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sizes[b], sizes[a]) })
	to, centres := make([]int, len(order)), make([]Centre, len(order))
	for place, k := range order {
		to[k], centres[place] = place, c.Centres[k]
	}
	for i, k := range c.Cluster {
		c.Cluster[i] = to[k]
	}
	c.Centres = centres
	return c
}

// judge works out stability and mean silhouette on a part of the people.
func (r *clusterRun) judge(ctx context.Context, p Points, c Clustering, samples int) (Stability, float64, error) {
	part, clusters, err := r.part(ctx, p, c, stabilityPeople)
	if err != nil {
		return Stability{}, 0, err
	}
	s, err := part.Bootstrap(clusters, samples, bootstrapStarts, r.seed)
	if err != nil {
		return s, 0, err
	}
	part, clusters, err = r.part(ctx, p, c, silhouettePeople)
	return s, part.Silhouette(clusters.Cluster, len(c.Centres)), err
}

// part gives the cells of the first people by a digest of their pseudonym.
func (r *clusterRun) part(ctx context.Context, p Points, c Clustering, most int) (Points, Clustering, error) {
	rows, err := r.db.Query(ctx, fmt.Sprintf(`SELECT cell, count(*)::DOUBLE FROM (SELECT cell FROM %s WHERE cell IS NOT NULL
		ORDER BY md5(person::VARCHAR), person LIMIT %d) GROUP BY cell ORDER BY cell`, r.table("people"), most))
	if err != nil {
		return p, c, err
	}
	defer rows.Close()
	part, clusters := Points{Gamma: p.Gamma}, Clustering{Centres: c.Centres}
	for rows.Next() {
		var cell int
		var people float64
		if err := rows.Scan(&cell, &people); err != nil {
			return p, c, err
		}
		part.Numbers, part.Words = append(part.Numbers, p.Numbers[cell]), append(part.Words, p.Words[cell])
		part.Weight, clusters.Cluster = append(part.Weight, people), append(clusters.Cluster, c.Cluster[cell])
	}
	return part, clusters, rows.Err()
}
