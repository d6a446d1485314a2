package clk

import (
	"context"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
)

// MatchOptions say what to match.
type MatchOptions struct {
	A, B      string  // files of encodings; see ReadEncodings
	Threshold float64 // the least Dice coefficient, above 0 and at most 1
	All       bool    // every pair that reaches it, instead of one partner at most for each record
	Out       string  // file to write: Parquet

	Workers     int   // 0 means one for each processor
	MemoryBytes int64 // DuckDB's limit; 0 means 2 GiB
	MaxPairs    int   // how many pairs may be held to choose partners from; 0 means 50 million, about 800 MB
}

// Matched says what was matched.
type Matched struct {
	RecordsA   int   `json:"records_a"`
	RecordsB   int   `json:"records_b"`
	Compared   int64 `json:"compared"`   // pairs, without those left out by counts of bits
	Candidates int64 `json:"candidates"` // pairs that reached the threshold
	Pairs      int64 `json:"pairs"`      // pairs written
}

// MatchFiles compares two files of encodings and writes the pairs: <id>_l,
// <id>_r and similarity, the most alike first.
func MatchFiles(ctx context.Context, o MatchOptions) (Matched, error) {
	if sameFile(o.A, o.Out) || sameFile(o.B, o.Out) {
		return Matched{}, problem.New(problem.Usage, "write to another file", "%s would overwrite encodings", o.Out)
	}
	if o.MaxPairs <= 0 {
		o.MaxPairs = 50_000_000
	}
	folder, err := workspace.Open(filepath.Dir(o.Out))
	if err != nil {
		return Matched{}, err
	}
	defer folder.Tidy()
	a, err := ReadEncodings(ctx, o.A, o.MemoryBytes)
	if err != nil {
		return Matched{}, err
	}
	b, err := ReadEncodings(ctx, o.B, o.MemoryBytes)
	if err != nil {
		return Matched{}, err
	}
	m := &matchRun{options: o, a: a, b: b, result: Matched{RecordsA: a.Len(), RecordsB: b.Len()}}
	err = m.write(ctx, folder)
	return m.result, err
}

type matchRun struct {
	options MatchOptions
	a, b    *Encodings
	result  Matched
}

func (m *matchRun) write(ctx context.Context, folder *workspace.Folder) error {
	db, err := duck.Open(ctx, duck.Options{Threads: m.options.Workers, MemoryBytes: m.options.MemoryBytes, SpillFolder: folder.Path(".staging")})
	if err != nil {
		return err
	}
	defer db.Close()
	find := m.one
	if m.options.All {
		find = m.all
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	batches := make(chan arrow.RecordBatch, 2)
	stream := newStream(ctx, pairSchema(), batches)
	go func() {
		defer close(batches)
		if err := find(ctx, func(pairs []Pair) error { return m.send(ctx, pairs, batches) }); err != nil {
			cancel(err)
		}
	}()
	err = db.WithView("found", stream, func() error {
		return db.Exec(ctx, "CREATE TEMP TABLE pair AS SELECT l, r, similarity FROM found")
	})
	if err != nil {
		cancel(err)
	}
	drain(stream)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	left, right := duck.Name(m.a.IDName+"_l"), duck.Name(m.b.IDName+"_r")
	return db.WriteParquet(ctx, folder, filepath.Base(m.options.Out),
		"SELECT l AS "+left+", r AS "+right+", similarity FROM pair ORDER BY similarity DESC, l, r")
}

// all sends every pair as it is found.
func (m *matchRun) all(ctx context.Context, send func([]Pair) error) error {
	compared, err := Compare(ctx, m.a, m.b, m.options.Threshold, m.options.Workers, func(pairs []Pair) error {
		m.result.Candidates += int64(len(pairs))
		return send(pairs)
	})
	m.result.Compared = compared
	return err
}

// one holds all candidates, since the best pair of a record may come last.
func (m *matchRun) one(ctx context.Context, send func([]Pair) error) error {
	var candidates []Pair
	compared, err := Compare(ctx, m.a, m.b, m.options.Threshold, m.options.Workers, func(pairs []Pair) error {
		if len(candidates)+len(pairs) > m.options.MaxPairs {
			return problem.New(problem.Usage, "raise the threshold, or ask for all pairs, which are written as they are found",
				"over %d pairs reach the threshold", m.options.MaxPairs)
		}
		candidates = append(candidates, pairs...)
		return nil
	})
	m.result.Compared, m.result.Candidates = compared, int64(len(candidates))
	if err != nil {
		return err
	}
	return send(OneToOne(candidates))
}

func pairSchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{
		{Name: "l", Type: arrow.BinaryTypes.String}, {Name: "r", Type: arrow.BinaryTypes.String},
		{Name: "similarity", Type: arrow.PrimitiveTypes.Float64},
	}, nil)
}

// send turns pairs into batches, which whoever reads the channel releases.
func (m *matchRun) send(ctx context.Context, pairs []Pair, batches chan<- arrow.RecordBatch) error {
	build := array.NewRecordBuilder(memory.DefaultAllocator, pairSchema())
	defer build.Release()
	for len(pairs) > 0 {
		n := min(len(pairs), handful)
		for _, p := range pairs[:n] {
			build.Field(0).(*array.StringBuilder).Append(m.a.IDs[p.A])
			build.Field(1).(*array.StringBuilder).Append(m.b.IDs[p.B])
			build.Field(2).(*array.Float64Builder).Append(p.Similarity)
		}
		m.result.Pairs += int64(n)
		pairs = pairs[n:]
		batch := build.NewRecordBatch()
		select {
		case batches <- batch:
		case <-ctx.Done():
			batch.Release()
			return context.Cause(ctx)
		}
	}
	return nil
}
