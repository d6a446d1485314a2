package clk

import (
	"context"
	"errors"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
)

// EncodeOptions say what to encode.
type EncodeOptions struct {
	Schema     string // file: the linkage schema
	SecretFile string // file: the secret; its owner alone may read it
	Records    string // file: CSV or Parquet
	ID         string // the column whose values go out beside the encodings
	Out        string // file to write: Parquet
	Base64     bool   // write encodings as base64 text instead of BLOB
	Hardening  Hardening

	Workers     int   // 0 means one for each processor
	MemoryBytes int64 // DuckDB's limit; 0 means 2 GiB
}

// Encoded says what was encoded.
type Encoded struct {
	Records         int64   `json:"records"`
	Empty           int64   `json:"empty"`  // records without a single bit: nothing to match by
	Length          int     `json:"length"` // bits of an encoding
	MeanBits        float64 `json:"mean_bits_set"`
	LeastBits       int     `json:"least_bits_set"`
	MostBits        int     `json:"most_bits_set"`
	FlipProbability float64 `json:"flip_probability"`
	Agreement       string  `json:"agreement"` // see Encoder.Agreement
}

// EncodeFile writes a Parquet file of an id column and clk, sorted by id, and
// nothing else. The ids go out as they are, so a column of NHS numbers is refused.
// A record that does not fit the schema stops it: a value left out in silence
// would lower every similarity.
func EncodeFile(ctx context.Context, o EncodeOptions) (Encoded, error) {
	if err := o.refuse(); err != nil {
		return Encoded{}, err
	}
	encoder, err := o.encoder()
	if err != nil {
		return Encoded{}, err
	}
	defer encoder.Wipe()
	// One thread keeps the rows in the file's order, so that an error can name
	// its row; encoding is what takes the time.
	db, err := duck.Open(ctx, duck.Options{Threads: 1, MemoryBytes: o.MemoryBytes})
	if err != nil {
		return Encoded{}, err
	}
	defer db.Close()
	records, err := openSource(ctx, db, o.Records)
	if err != nil {
		return Encoded{}, err
	}
	if err := records.require(append([]string{o.ID}, encoder.schema.Columns()...)...); err != nil {
		return Encoded{}, err
	}
	if slices.Contains(encoder.schema.Columns(), o.ID) {
		return Encoded{}, problem.New(problem.Disclosive, "choose an id that the schema does not encode",
			"column %s is encoded by the schema and cannot be the id as well: it would go out in clear", o.ID)
	}
	if _, err := records.checkIDs(ctx, o.ID); err != nil {
		return Encoded{}, err
	}
	run := &encodeRun{options: o, records: records, encoder: encoder}
	err = run.run(ctx)
	return run.result, err
}

func (o *EncodeOptions) refuse() error {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	switch {
	case o.ID == "clk":
		return problem.New(problem.Usage, "rename the column", "the id column cannot be called clk, as the encodings are")
	case sameFile(o.Records, o.Out):
		return problem.New(problem.Usage, "write to another file", "%s would overwrite the records", o.Out)
	}
	return nil
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

func (o *EncodeOptions) encoder() (*Encoder, error) {
	schema, err := ReadSchemaFile(o.Schema)
	if err != nil {
		return nil, err
	}
	secret, err := ReadSecret(o.SecretFile)
	if err != nil {
		return nil, err
	}
	defer secret.Wipe()
	return NewEncoder(schema, secret, o.Hardening)
}

// encodeRun is one run of EncodeFile: a reader, workers, and a writer that pulls.
type encodeRun struct {
	options EncodeOptions
	records *source
	encoder *Encoder

	mu       sync.Mutex
	result   Encoded
	bitsSet  int64
	broken   int64
	firstRow int64 // of the broken ones, from 1
	first    *Broken
}

// piece is a batch of records and the number of its first row.
type piece struct {
	batch arrow.RecordBatch
	row   int64
}

func (r *encodeRun) run(ctx context.Context) error {
	folder, err := workspace.Open(filepath.Dir(r.options.Out))
	if err != nil {
		return err
	}
	defer folder.Tidy()
	writer, err := duck.Open(ctx, duck.Options{Threads: r.options.Workers, MemoryBytes: r.options.MemoryBytes, SpillFolder: folder.Path(".staging")})
	if err != nil {
		return err
	}
	defer writer.Close()
	if err := r.encodeInto(ctx, writer); err != nil {
		return err
	}
	if r.broken > 0 {
		return problem.New(problem.TooManyRows, "put the values right, or say in the schema what they may be and what stands for a missing one",
			"%d rows of %s do not fit the schema; the first is row %d, %s", r.broken, r.options.Records, r.firstRow, r.first.Error())
	}
	var repeated int64
	if err := writer.Row(ctx, []any{&repeated}, "SELECT count(*) - count(DISTINCT id) FROM encoded"); err != nil {
		return err
	}
	if repeated > 0 {
		return problem.New(problem.Usage, "give every record an id of its own", "column %s of %s repeats in %d rows", r.options.ID, r.options.Records, repeated)
	}
	clk := "clk"
	if r.options.Base64 {
		clk = "to_base64(clk) AS clk"
	}
	r.summarise()
	return writer.WriteParquet(ctx, folder, filepath.Base(r.options.Out), "SELECT id AS "+duck.Name(r.options.ID)+", "+clk+" FROM encoded ORDER BY id")
}

func (r *encodeRun) summarise() {
	r.result.Length = r.encoder.schema.bits
	r.result.MeanBits = float64(r.bitsSet) / float64(r.result.Records)
	r.result.FlipProbability = r.options.Hardening.FlipProbability()
	r.result.Agreement = r.encoder.Agreement()
}

// encodeInto fills table encoded. What is held at a time is a few batches.
func (r *encodeRun) encodeInto(whole context.Context, writer *duck.DB) error {
	ctx, cancel := context.WithCancelCause(whole)
	defer cancel(nil)
	pieces := make(chan piece, r.options.Workers)
	encoded := make(chan arrow.RecordBatch, r.options.Workers)
	var working sync.WaitGroup
	working.Go(func() {
		defer close(pieces)
		if err := r.read(ctx, pieces); err != nil {
			cancel(err)
		}
	})
	for range r.options.Workers {
		working.Go(func() { r.work(r.encoder.Clone(), pieces, encoded) })
	}
	go func() {
		working.Wait()
		close(encoded)
	}()
	stream := newStream(ctx, encodedSchema(), encoded)
	err := writer.WithView("encodings", stream, func() error {
		return writer.Exec(ctx, "CREATE TEMP TABLE encoded AS SELECT id, clk FROM encodings")
	})
	cancel(err) // the reader stops if the writer did
	drain(stream)
	if whole.Err() != nil {
		return whole.Err()
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

func encodedSchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.BinaryTypes.String}, {Name: "clk", Type: arrow.BinaryTypes.Binary}}, nil)
}

func (r *encodeRun) read(ctx context.Context, pieces chan<- piece) error {
	row := int64(1)
	columns := append([]string{r.options.ID}, r.encoder.schema.Columns()...)
	return r.records.scan(ctx, columns, func(batches array.RecordReader) error {
		for batches.Next() {
			batch := batches.RecordBatch()
			batch.Retain()
			select {
			case pieces <- piece{batch, row}:
			case <-ctx.Done():
				batch.Release()
				return context.Cause(ctx)
			}
			row += batch.NumRows()
		}
		return nil
	})
}

func (r *encodeRun) work(e *Encoder, pieces <-chan piece, encoded chan<- arrow.RecordBatch) {
	build := array.NewRecordBuilder(memory.DefaultAllocator, encodedSchema())
	defer build.Release()
	for p := range pieces {
		r.encode(e, p, build)
		p.batch.Release()
		encoded <- build.NewRecordBatch()
	}
}

// encode encodes one batch, and counts.
func (r *encodeRun) encode(e *Encoder, p piece, build *array.RecordBuilder) {
	columns := make([]*array.String, p.batch.NumCols())
	for i := range columns {
		columns[i] = p.batch.Column(i).(*array.String)
	}
	ids, clks := build.Field(0).(*array.StringBuilder), build.Field(1).(*array.BinaryBuilder)
	record := make([]string, len(columns)-1)
	var clk []byte
	for i := range int(p.batch.NumRows()) {
		for j, c := range columns[1:] {
			record[j] = ""
			if c.IsValid(i) {
				record[j] = c.Value(i)
			}
		}
		id := columns[0].Value(i)
		var err error
		clk, err = e.Encode(clk[:0], id, record)
		r.count(p.row+int64(i), clk, err)
		if err == nil {
			ids.Append(id)
			clks.Append(clk)
		}
	}
}

func (r *encodeRun) count(row int64, clk []byte, err error) {
	ones := 0
	for _, b := range clk {
		ones += bits.OnesCount8(b)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if broken, ok := errors.AsType[*Broken](err); ok {
		r.broken++
		if r.first == nil || row < r.firstRow {
			r.first, r.firstRow = broken, row
		}
		return
	}
	if r.result.Records == 0 || ones < r.result.LeastBits {
		r.result.LeastBits = ones
	}
	r.result.MostBits = max(r.result.MostBits, ones)
	r.result.Records++
	r.bitsSet += int64(ones)
	if ones == 0 {
		r.result.Empty++
	}
}
