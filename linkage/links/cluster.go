package links

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/linkage/cluster"
	"tre/linkage/model"
	"tre/linkage/records"
)

// Method is a way to cluster.
type Method string

// The methods.
const (
	Bridges    Method = "bridges" // resists false bridges; the default
	Components Method = "components"
	BestLinks  Method = "best-links"
)

// ClusterOptions say how to cluster.
type ClusterOptions struct {
	Pairs          string
	Out            string
	Records        []string
	Method         Method
	MinProbability float64  // 0 chooses one without labels
	Decisions      string   // a file of decisions, "" for none
	Distinct       []string // columns of verified identifiers: no cluster holds two values of one
	DuplicateFree  []string // inputs that hold each person once, for best links
	Ties           cluster.Ties
	Limits         Limits
}

// Clustered counts what clustering did.
type Clustered struct {
	Records        int                       `json:"records"`
	Pairs          int                       `json:"pairs"`
	Clusters       int                       `json:"clusters"` // of one record too
	Linked         int                       `json:"linked"`   // records not alone
	Largest        int                       `json:"largest"`
	Method         Method                    `json:"method"`
	MinWeight      float64                   `json:"min_weight"`
	MinProbability float64                   `json:"min_probability"`
	Chosen         *cluster.Threshold        `json:"chosen,omitempty"`
	Bridges        *cluster.Clustering       `json:"-"`
	Split          int                       `json:"split"` // components taken apart
	Refused        int64                     `json:"refused_links"`
	Alarms         map[cluster.AlarmKind]int `json:"alarms"`
	Decisions      int                       `json:"decisions"`
	Unknown        int                       `json:"decisions_not_here"`
	facts          cluster.Constraints
	rows           []int32
	table          *records.Table
}

// Cluster reads pairs and records and writes which records are one person:
// cluster_id, the id of the cluster's first record, beside each id.
func Cluster(ctx context.Context, o ClusterOptions) (*Clustered, error) {
	out, err := NewOut(o.Out)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	db, err := duck.Open(ctx, duck.Options{Threads: o.Limits.Threads, MemoryBytes: o.Limits.MemoryBytes})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	columns, err := columnsOfPairs(ctx, db, o.Pairs)
	if err != nil {
		return nil, err
	}
	source := columns.source
	t, err := records.Read(ctx, records.In{Files: o.Records, ID: columns.id, Source: source, Columns: o.Distinct, Threads: o.Limits.Threads, MemoryBytes: o.Limits.MemoryBytes})
	if err != nil {
		return nil, err
	}
	edges, err := readPairs(ctx, db, o.Pairs, columns, t)
	if err != nil {
		return nil, err
	}
	c := newClustered(o, t, edges)
	if err := c.run(o, edges); err != nil {
		return nil, err
	}
	return c, c.finish(ctx, db, out, edges)
}

func newClustered(o ClusterOptions, t *records.Table, edges []cluster.Edge) *Clustered {
	return &Clustered{Records: t.Rows, Pairs: len(edges), Method: o.Method, table: t}
}

// finish writes the clusters and measures them.
func (c *Clustered) finish(ctx context.Context, db *duck.DB, out *Out, edges []cluster.Edge) error {
	measured := make(chan struct{})
	go func() { // the measures need the clusters, not the file
		defer close(measured)
		c.count()
		c.alarm(edges)
	}()
	err := c.write(ctx, db, out)
	<-measured
	return err
}

// run decides which rows are one person.
func (c *Clustered) run(o ClusterOptions, edges []cluster.Edge) error {
	c.setThreshold(o, edges)
	var err error
	if c.facts, err = c.factsOf(o); err != nil {
		return err
	}
	switch o.Method {
	case Components:
		c.rows = cluster.Components(c.Records, edges, c.MinWeight)
	case BestLinks:
		free, err := c.duplicateFree(o.DuplicateFree)
		if err != nil {
			return err
		}
		c.rows = cluster.BestLinks(c.Records, edges, c.MinWeight, c.sources(), free, o.Ties)
	default:
		rule := cluster.DefaultRule()
		rule.MinWeight = c.MinWeight
		found, err := cluster.Bridges(c.Records, edges, rule, c.facts)
		if err != nil {
			return problem.Wrap(err, problem.Usage, "correct the file of decisions", "decisions and verified identifiers")
		}
		c.rows, c.Split, c.Refused = found.Cluster, found.Split, found.Weak+found.Cannot+found.Distinct
	}
	return nil
}

// alarm counts the clusters a person should look at. Clusters of fewer than four
// records are never among them, unless they hold two values of a verified
// identifier; leaving them out leaves little to measure.
func (c *Clustered) alarm(edges []cluster.Edge) {
	least := int32(4)
	if len(c.facts.Distinct) > 0 {
		least = 2
	}
	edges, clusters, distinct := c.larger(least, edges, c.facts.Distinct)
	c.Alarms = map[cluster.AlarmKind]int{}
	for _, alarm := range cluster.Measure(edges, clusters, c.MinWeight, distinct).Alarms(cluster.DefaultLimits()) {
		c.Alarms[alarm.Kind]++
	}
}

// larger gives the clusters of at least so many records as a clustering of
// their own, with their edges and identifiers.
func (c *Clustered) larger(least int32, edges []cluster.Edge, distinct [][]int32) ([]cluster.Edge, []int32, [][]int32) {
	sizes := c.sizes()
	renamed := make([]int32, c.Records)
	var clusters []int32
	kept := make([][]int32, len(distinct))
	for row, root := range c.rows {
		renamed[row] = -1
		if sizes[root] < least {
			continue
		}
		renamed[row] = int32(len(clusters))
		clusters = append(clusters, renamed[root]) // a cluster's first record comes first
		for i, codes := range distinct {
			kept[i] = append(kept[i], codes[row])
		}
	}
	var within []cluster.Edge
	for _, e := range edges {
		if c.rows[e.A] == c.rows[e.B] && renamed[e.A] >= 0 {
			within = append(within, cluster.Edge{A: renamed[e.A], B: renamed[e.B], Weight: e.Weight})
		}
	}
	return within, clusters, kept
}

func (c *Clustered) sizes() []int32 {
	sizes := make([]int32, c.Records)
	for _, root := range c.rows {
		sizes[root]++
	}
	return sizes
}

// setThreshold takes the weight at which to cut: the one asked for, or the one
// that maximises the expected F1 of the pairs.
func (c *Clustered) setThreshold(o ClusterOptions, edges []cluster.Edge) {
	if o.MinProbability > 0 {
		c.MinProbability, c.MinWeight = o.MinProbability, model.WeightOf(o.MinProbability)
		return
	}
	chosen := cluster.ChooseThreshold(c.Records, edges)
	c.Chosen, c.MinWeight = &chosen, chosen.MinWeight
	c.MinProbability = model.ProbabilityOf(c.MinWeight)
}

// factsOf gives the constraints: decisions of people, and verified identifiers.
func (c *Clustered) factsOf(o ClusterOptions) (cluster.Constraints, error) {
	var facts cluster.Constraints
	for _, name := range o.Distinct {
		facts.Distinct = append(facts.Distinct, c.table.Column(name).Codes)
	}
	if o.Decisions == "" {
		return facts, nil
	}
	if o.Method != Bridges && o.Method != "" {
		return facts, problem.New(problem.Usage, "use --method bridges", "only the method bridges honours decisions")
	}
	file, err := os.Open(o.Decisions)
	if errors.Is(err, fs.ErrNotExist) {
		return facts, problem.New(problem.Usage, "tre link review writes one", "there is no file of decisions %s", o.Decisions)
	}
	if err != nil {
		return facts, err
	}
	defer file.Close()
	rows := c.table.RowsByID()
	found, err := cluster.ReadDecisions(o.Decisions, file, func(id string) (int32, bool) { row, ok := rows[id]; return row, ok })
	if err != nil {
		return facts, err
	}
	facts.Must, facts.Cannot = found.Must, found.Cannot
	c.Decisions, c.Unknown = len(found.All), found.Unknown
	return facts, nil
}

func (c *Clustered) sources() []int32 {
	if c.table.Source != nil {
		return c.table.Source
	}
	return make([]int32, c.Records)
}

func (c *Clustered) duplicateFree(names []string) ([]bool, error) {
	free := make([]bool, len(c.table.Sources))
	for _, name := range names {
		at := slices.Index(c.table.Sources, name)
		if at < 0 {
			return nil, problem.New(problem.Usage, "name an input as the pairs do", "no input is called %s", name)
		}
		free[at] = true
	}
	return free, nil
}

func (c *Clustered) count() {
	for _, size := range c.sizes() {
		if size > 0 {
			c.Clusters++
		}
		if size > 1 {
			c.Linked += int(size)
		}
		c.Largest = max(c.Largest, int(size))
	}
}

// clusterBatch is how many rows are written at a time.
const clusterBatch = 1 << 17

func (c *Clustered) write(ctx context.Context, db *duck.DB, out *Out) error {
	t := c.table
	var id arrow.DataType = arrow.BinaryTypes.String
	if t.IDs.Whole != nil {
		id = arrow.PrimitiveTypes.Int64
	}
	label := id
	fields := []arrow.Field{}
	if t.Several() {
		label = arrow.BinaryTypes.String
	}
	fields = append(fields, arrow.Field{Name: "cluster_id", Type: label})
	if t.Several() {
		fields = append(fields, arrow.Field{Name: t.SourceName, Type: arrow.BinaryTypes.String})
	}
	fields = append(fields, arrow.Field{Name: t.IDName, Type: id})
	schema := arrow.NewSchema(fields, nil)
	var batches []arrow.RecordBatch
	for from := 0; from < c.Records; from += clusterBatch {
		batches = append(batches, c.batch(schema, int32(from), int32(min(from+clusterBatch, c.Records))))
	}
	reader, err := array.NewRecordReader(schema, batches)
	if err != nil {
		return err
	}
	defer reader.Release()
	return db.WithView("clusters_found", reader, func() error {
		return db.WriteParquet(ctx, out.folder, out.name, "SELECT * FROM clusters_found")
	})
}

func (c *Clustered) batch(schema *arrow.Schema, from, to int32) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	b.Reserve(int(to - from))
	t := c.table
	for row := from; row < to; row++ {
		at := 0
		if label, isText := b.Field(0).(*array.StringBuilder); isText {
			label.Append(t.Label(c.rows[row]))
		} else {
			b.Field(0).(*array.Int64Builder).Append(t.IDs.Whole[c.rows[row]])
		}
		if t.Several() {
			at++
			b.Field(at).(*array.StringBuilder).Append(t.Sources[t.Source[row]])
		}
		if t.IDs.Whole != nil {
			b.Field(at + 1).(*array.Int64Builder).Append(t.IDs.Whole[row])
		} else {
			b.Field(at + 1).(*array.StringBuilder).Append(t.IDs.Text[row])
		}
	}
	return b.NewRecordBatch()
}
