package cluster

import "slices"

// Metrics describes a clustering as a graph whose edges are the links within
// clusters.
type Metrics struct {
	Clusters   []ClusterMetrics // of two rows or more, by ID
	Degree     []int32          // by row: links
	Centrality []float32        // by row: links per other row of its cluster; 0 for a row alone
	IsBridge   []bool           // by edge: a link whose removal would part its cluster
}

// ClusterMetrics describes one cluster. Density, Centrality and Centralisation
// are between 0 and 1.
type ClusterMetrics struct {
	ID             int32 // its smallest row
	Rows           int32
	Links          int64
	Density        float64 // links per pair of rows
	Centralisation float64 // 1 for a star, 0 when all rows have as many links (Freeman 1978); 0 for two rows
	Weakest        float32 // weight of the weakest link; 0 without links
	Diameter       int32   // most links between two rows by the shortest way; -1 above 1,000 rows
	Bridges        int32   // links that are bridges
	BridgeSides    int32   // the most rows a bridge cuts off, counted on its smaller side
	Values         int32   // the most values of one distinct attribute
}

// mostForDiameter bounds the rows of clusters whose diameter is found.
const mostForDiameter = 1000

// Measure describes a clustering. Links are the edges of at least minWeight
// between two rows of one cluster; the edges give every pair once. distinct
// is that of Constraints. It takes time linear in the edges (diameters aside)
// and 40 bytes a row and 8 a link besides its answer.
func Measure(edges []Edge, clusters []int32, minWeight float64, distinct [][]int32) Metrics {
	g := newLinks(edges, clusters, minWeight)
	n := len(clusters)
	m := Metrics{Degree: make([]int32, n), Centrality: make([]float32, n), IsBridge: make([]bool, len(edges))}
	place := make([]int32, n) // by cluster: 1 + index into m.Clusters
	for row, root := range clusters {
		m.Degree[row] = g.degree(int32(row))
		if int(root) != row && place[root] == 0 {
			m.Clusters = append(m.Clusters, ClusterMetrics{ID: root, Rows: 1})
			place[root] = 1
		}
	}
	slices.SortFunc(m.Clusters, func(x, y ClusterMetrics) int { return int(x.ID) - int(y.ID) })
	for i, c := range m.Clusters {
		place[c.ID] = int32(i) + 1
	}
	of := func(row int32) *ClusterMetrics {
		if at := place[clusters[row]]; at > 0 {
			return &m.Clusters[at-1]
		}
		return nil
	}
	m.sumRows(clusters, of)
	m.sumLinks(g, of)
	g.bridges(func(edge, side int32) {
		c := of(edges[edge].A)
		m.IsBridge[edge] = true
		c.Bridges++
		c.BridgeSides = max(c.BridgeSides, side)
	})
	g.diameters(clusters, of)
	countValues(clusters, distinct, of)
	return m
}

func (m *Metrics) sumRows(clusters []int32, of func(int32) *ClusterMetrics) {
	most := make([]int32, len(m.Degree)) // by cluster: the largest degree
	for row, root := range clusters {
		if int(root) != row {
			of(root).Rows++
		}
		most[root] = max(most[root], m.Degree[row])
	}
	for row, root := range clusters {
		c := of(root)
		if c == nil {
			continue
		}
		rows := float64(c.Rows)
		m.Centrality[row] = float32(float64(m.Degree[row]) / (rows - 1))
		if c.Rows > 2 {
			c.Centralisation += float64(most[root]-m.Degree[row]) / ((rows - 1) * (rows - 2))
		}
	}
}

func (m *Metrics) sumLinks(g *links, of func(int32) *ClusterMetrics) {
	for _, e := range g.edges {
		if !g.counts(e) {
			continue
		}
		c := of(e.A)
		if c.Links == 0 || e.Weight < c.Weakest {
			c.Weakest = e.Weight
		}
		c.Links++
	}
	for i := range m.Clusters {
		c := &m.Clusters[i]
		c.Density = float64(c.Links) / (float64(c.Rows) * float64(c.Rows-1) / 2)
	}
}

// countValues finds the most values a cluster holds of one attribute.
func countValues(clusters []int32, distinct [][]int32, of func(int32) *ClusterMetrics) {
	for _, codes := range distinct {
		var held []Pair // cluster, code
		for row, code := range codes {
			if code >= 0 && of(int32(row)) != nil {
				held = append(held, Pair{clusters[row], code})
			}
		}
		slices.SortFunc(held, comparePairs)
		held = slices.Compact(held)
		for from := 0; from < len(held); {
			to := from
			for to < len(held) && held[to].A == held[from].A {
				to++
			}
			c := of(held[from].A)
			c.Values = max(c.Values, int32(to-from))
			from = to
		}
	}
}

// AlarmKind says why a cluster may hold more than one person.
type AlarmKind string

// The kinds of alarms.
const (
	Large    AlarmKind = "large"    // more rows than Limits.Rows
	Sparse   AlarmKind = "sparse"   // density below Limits.Density
	Bridged  AlarmKind = "bridge"   // one link holds two parts of Limits.BridgeSides rows or more together
	Conflict AlarmKind = "distinct" // several values of a verified identifier
)

// Alarm is a cluster to look at, and the figure that says so.
type Alarm struct {
	Kind    AlarmKind
	Cluster int32
	Value   float64
}

// Limits say when an alarm is raised.
type Limits struct {
	Rows        int32
	Density     float64
	BridgeSides int32
}

// DefaultLimits suit person records: few people have a hundred records, links
// of one person reach at least a third of its pairs, and a single row hangs by
// one link often, two rows seldom.
func DefaultLimits() Limits { return Limits{Rows: 100, Density: 1. / 3, BridgeSides: 2} }

// Alarms lists the clusters beyond the limits, by cluster, then kind in the
// order given above.
func (m Metrics) Alarms(l Limits) (alarms []Alarm) {
	for _, c := range m.Clusters {
		if c.Rows > l.Rows {
			alarms = append(alarms, Alarm{Large, c.ID, float64(c.Rows)})
		}
		if c.Density < l.Density {
			alarms = append(alarms, Alarm{Sparse, c.ID, c.Density})
		}
		if c.BridgeSides >= l.BridgeSides && c.BridgeSides > 0 {
			alarms = append(alarms, Alarm{Bridged, c.ID, float64(c.BridgeSides)})
		}
		if c.Values > 1 {
			alarms = append(alarms, Alarm{Conflict, c.ID, float64(c.Values)})
		}
	}
	return alarms
}
