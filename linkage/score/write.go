package score

import (
	"context"
	"strconv"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/linkage/model"
	"tre/linkage/records"
)

// Writer is a sink that writes pairs to Parquet while they are found.
type Writer struct {
	scorer *Scorer
	schema *arrow.Schema
	batch  chan arrow.RecordBatch
	quit   chan struct{} // closed when writing has stopped
	done   chan error
	gone   atomic.Bool // abandoned: what was written is not to be kept
	closed bool
	err    error
}

// Write begins to write pairs into a file of the folder, which appears whole
// when Close succeeds.
func (s *Scorer) Write(ctx context.Context, folder *workspace.Folder, name string) *Writer {
	w := &Writer{scorer: s, schema: s.schema(), batch: make(chan arrow.RecordBatch, 4), quit: make(chan struct{}), done: make(chan error, 1)}
	go func() {
		defer close(w.quit)
		w.done <- w.write(ctx, folder, name)
	}()
	return w
}

func (w *Writer) write(ctx context.Context, folder *workspace.Folder, name string) error {
	// One thread: the pairs keep the order in which they come.
	db, err := duck.Open(ctx, duck.Options{Threads: 1, MemoryBytes: 1 << 30})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.WithView("pairs_found", duck.NewStream(w.schema, w.next), func() error {
		return db.WriteParquet(ctx, folder, name, "SELECT * FROM pairs_found")
	})
}

// Take writes what was found.
func (w *Writer) Take(f *Found) error {
	select {
	case w.batch <- w.scorer.batch(w.schema, f):
		return nil
	case <-w.quit:
		return w.Close()
	}
}

// Close ends the file.
func (w *Writer) Close() error {
	if !w.closed {
		w.closed = true
		close(w.batch)
		w.err = <-w.done
	}
	return w.err
}

// next gives DuckDB the next batch; a file that is not to be kept it gives up.
func (w *Writer) next() (arrow.RecordBatch, error) {
	batch := <-w.batch
	if batch == nil && w.gone.Load() {
		return nil, context.Canceled
	}
	return batch, nil
}

func (s *Scorer) schema() *arrow.Schema {
	t, m := s.Plan.Table(), s.Model
	var fields []arrow.Field
	both := func(name string, typed arrow.DataType) {
		fields = append(fields, arrow.Field{Name: name + "_l", Type: typed, Nullable: true}, arrow.Field{Name: name + "_r", Type: typed, Nullable: true})
	}
	if t.Several() {
		both(m.SourceDataset, arrow.BinaryTypes.String)
	}
	if t.IDs.Whole != nil {
		both(t.IDName, arrow.PrimitiveTypes.Int64)
	} else {
		both(t.IDName, arrow.BinaryTypes.String)
	}
	one := func(name string, typed arrow.DataType) {
		fields = append(fields, arrow.Field{Name: name, Type: typed})
	}
	one("match_weight", arrow.PrimitiveTypes.Float64)
	one("match_probability", arrow.PrimitiveTypes.Float64)
	one("match_key", arrow.BinaryTypes.String)
	for _, c := range m.Comparisons {
		one(m.GammaPrefix+c.Name, arrow.PrimitiveTypes.Int32)
	}
	return arrow.NewSchema(fields, nil)
}

// batch lays out pairs for Arrow.
func (s *Scorer) batch(schema *arrow.Schema, f *Found) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	b.Reserve(f.Len())
	at := 0
	next := func() array.Builder { at++; return b.Field(at - 1) }
	t := s.Plan.Table()
	if t.Several() {
		appendSources(next().(*array.StringBuilder), t, f.Left)
		appendSources(next().(*array.StringBuilder), t, f.Right)
	}
	appendIDs(next(), t, f.Left)
	appendIDs(next(), t, f.Right)
	next().(*array.Float64Builder).AppendValues(f.Weight, nil)
	probability := next().(*array.Float64Builder)
	for _, weight := range f.Weight {
		probability.UnsafeAppend(model.ProbabilityOf(weight))
	}
	key := next().(*array.StringBuilder)
	for _, rule := range f.Rule {
		key.Append(strconv.Itoa(int(rule)))
	}
	for c := range s.comparisons {
		s.appendGammas(next().(*array.Int32Builder), c, f)
	}
	return b.NewRecordBatch()
}

func (s *Scorer) appendGammas(b *array.Int32Builder, c int, f *Found) {
	gammas := make([]int32, len(s.comparisons[c].levels))
	for level := range gammas {
		gammas[level] = int32(s.Model.Comparisons[c].Gamma(level))
	}
	for i := range f.Left {
		b.UnsafeAppend(gammas[f.Levels[i*len(s.comparisons)+c]])
	}
}

func appendSources(b *array.StringBuilder, t *records.Table, rows []int32) {
	for _, row := range rows {
		b.Append(t.Sources[t.Source[row]])
	}
}

func appendIDs(b array.Builder, t *records.Table, rows []int32) {
	if t.IDs.Whole != nil {
		for _, row := range rows {
			b.(*array.Int64Builder).UnsafeAppend(t.IDs.Whole[row])
		}
		return
	}
	for _, row := range rows {
		b.(*array.StringBuilder).Append(t.IDs.Text[row])
	}
}

// Abandon ends writing without a file.
func (w *Writer) Abandon() {
	w.gone.Store(true)
	_ = w.Close()
}
