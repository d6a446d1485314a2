package portrait

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"tre/linkage/cluster"
	"tre/linkage/links"
	"tre/linkage/records"
	"tre/linkage/score"
)

// mostMembers is how many records a cluster may have to be shown; a picture of
// more says nothing.
const mostMembers = 60

// shownEach is how many clusters are shown for each reason.
const shownEach = 2

// group measures the clusters and picks some to be seen.
func (p *painter) group(ctx context.Context) error {
	if p.in.Clusters == "" {
		return nil
	}
	rows, err := links.ReadClusters(ctx, p.in.Clusters, p.viewer.Table, p.in.Limits)
	if err != nil {
		return err
	}
	var distinct [][]int32
	for _, name := range p.in.Distinct {
		distinct = append(distinct, p.viewer.Table.Column(name).Codes)
	}
	metrics := cluster.Measure(p.edges, rows, p.cut(), distinct)
	c := &Clusters{Sizes: sizes(), Alarms: alarms(metrics)}
	alone := int64(p.Records)
	for _, m := range metrics.Clusters {
		alone -= int64(m.Rows)
		c.add(int64(m.Rows), 1)
	}
	c.add(1, alone)
	c.All = int64(len(metrics.Clusters)) + alone
	last := len(c.Sizes)
	for last > 0 && c.Sizes[last-1].Clusters == 0 {
		last--
	}
	c.Sizes = c.Sizes[:last]
	p.Clusters = c
	p.draw(rows, metrics)
	return nil
}

func sizes() []Size {
	var s []Size
	for n := range int64(5) {
		s = append(s, Size{From: n + 1, To: n + 1})
	}
	return append(s, Size{From: 6, To: 10}, Size{From: 11, To: 20}, Size{From: 21, To: 50}, Size{From: 51, To: 100}, Size{From: 101})
}

func (c *Clusters) add(rows, n int64) {
	for i := range c.Sizes {
		if s := &c.Sizes[i]; rows >= s.From && (rows <= s.To || s.To == 0) {
			s.Clusters += n
		}
	}
}

func alarms(m cluster.Metrics) []Alarm {
	rows := map[int32]int64{}
	for _, c := range m.Clusters {
		rows[c.ID] = int64(c.Rows)
	}
	raised := m.Alarms(cluster.DefaultLimits())
	var all []Alarm
	for _, kind := range []cluster.AlarmKind{cluster.Large, cluster.Sparse, cluster.Bridged, cluster.Conflict} {
		a := Alarm{Kind: kind}
		for _, one := range raised {
			if one.Kind == kind {
				a.Clusters, a.Records = a.Clusters+1, a.Records+rows[one.Cluster]
			}
		}
		if a.Clusters > 0 {
			all = append(all, a)
		}
	}
	return all
}

// picked is a cluster to be shown.
type picked struct {
	why Why
	cluster.ClusterMetrics
}

// pick takes the most telling clusters of each kind; none twice.
func (p *painter) pick(rows []int32, m cluster.Metrics) []picked {
	people := p.people(rows)
	for _, c := range m.Clusters {
		if c.Rows > mostMembers {
			p.Clusters.TooBig++
		}
	}
	var all []picked
	taken := map[int32]bool{}
	take := func(why Why, isOne func(cluster.ClusterMetrics) bool, order func(a, b cluster.ClusterMetrics) int) {
		var found []cluster.ClusterMetrics
		for _, c := range m.Clusters {
			if !isOne(c) || taken[c.ID] || c.Rows > mostMembers {
				continue
			}
			found = append(found, c)
			slices.SortStableFunc(found, order)
			found = found[:min(len(found), shownEach)]
		}
		for _, c := range found {
			taken[c.ID] = true
			all = append(all, picked{why, c})
		}
	}
	larger := func(a, b cluster.ClusterMetrics) int { return cmp.Compare(b.Rows, a.Rows) }
	take(SeveralValues, func(c cluster.ClusterMetrics) bool { return c.Values > 1 }, larger)
	take(HeldByBridge, func(c cluster.ClusterMetrics) bool { return c.BridgeSides > 1 }, func(a, b cluster.ClusterMetrics) int {
		return cmp.Or(cmp.Compare(b.BridgeSides, a.BridgeSides), larger(a, b))
	})
	take(LeastDense, func(c cluster.ClusterMetrics) bool { return c.Rows > 3 && c.Density < 1 }, func(a, b cluster.ClusterMetrics) int {
		return cmp.Or(cmp.Compare(a.Density, b.Density), larger(a, b))
	})
	take(SeveralPeople, func(c cluster.ClusterMetrics) bool { return people[c.ID] }, larger)
	take(Largest, func(c cluster.ClusterMetrics) bool { return c.Rows > 2 }, larger)
	return all
}

// people says which clusters hold several people, by the truth.
func (p *painter) people(rows []int32) map[int32]bool {
	several := map[int32]bool{}
	if p.truth == nil {
		return several
	}
	first := make([]int32, len(rows))
	for row, root := range rows {
		switch code := p.truth.Codes[row] + 1; {
		case code == 0:
		case first[root] == 0:
			first[root] = code
		case first[root] != code:
			several[root] = true
		}
	}
	return several
}

// draw takes members and links of the clusters that are shown.
func (p *painter) draw(rows []int32, m cluster.Metrics) {
	list := p.pick(rows, m)
	at, place := map[int32]int{}, make(map[int32]int) // by cluster, by row
	members := make([][]int32, len(list))
	for i, c := range list {
		at[c.ID] = i
	}
	for row, root := range rows {
		if i, ok := at[root]; ok {
			place[int32(row)] = len(members[i])
			members[i] = append(members[i], int32(row))
		}
	}
	columns := p.memberColumns()
	for i, c := range list {
		p.Clusters.Shown = append(p.Clusters.Shown, p.cluster(c.why, members[i], columns))
	}
	for i, e := range p.edges {
		if k, ok := at[rows[e.A]]; ok && rows[e.A] == rows[e.B] && p.isLink(e) {
			shown := &p.Clusters.Shown[k]
			shown.Edges = append(shown.Edges, Edge{place[e.A], place[e.B], float64(e.Weight), m.IsBridge[i]})
		}
	}
}

// memberColumns are those the model reads, then verified identifiers and the truth.
func (p *painter) memberColumns() []*records.Column {
	names := append(score.Columns(p.Model), p.in.Distinct...)
	if p.truth != nil {
		names = append(names, p.in.Truth)
	}
	var columns []*records.Column
	for _, name := range names {
		if c := p.viewer.Table.Column(name); c != nil && c.Name != p.viewer.Table.IDName && !slices.Contains(columns, c) {
			columns = append(columns, c)
		}
	}
	return columns
}

func (p *painter) cluster(why Why, rows []int32, columns []*records.Column) Cluster {
	t := p.viewer.Table
	c := Cluster{Name: "Cluster " + t.Label(rows[0]), Why: why}
	for _, row := range rows {
		m := Member{ID: t.IDs.String(row), Values: make([]string, len(columns))}
		if t.Several() {
			m.Source = t.Sources[t.Source[row]]
		}
		c.Members = append(c.Members, m)
	}
	for at, column := range columns {
		c.Columns = append(c.Columns, column.Name)
		letters := map[int32]string{}
		for i, row := range rows {
			code := column.Codes[row]
			switch {
			case code < 0:
			case p.in.Values:
				c.Members[i].Values[at] = Value(column, row)
			default:
				if letters[code] == "" {
					letters[code] = letter(len(letters))
				}
				c.Members[i].Values[at] = letters[code]
			}
		}
	}
	return c
}

// letter names the values of a column within a cluster: A, B, … Z, A2, B2, …
func letter(n int) string {
	name := string(rune('A' + n%26))
	if n >= 26 {
		name += strconv.Itoa(n/26 + 1)
	}
	return name
}
