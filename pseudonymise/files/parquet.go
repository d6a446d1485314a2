package files

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pseudonymise/generalise"
)

// parquetRun is one Parquet file on its way: out of one engine, through the
// rules, into another that writes it. Both have one thread, which keeps rows in
// their order, and no folder to spill into.
type parquetRun struct {
	options  Options
	from, to *duck.DB
	header   []string
	types    []string // of the header, in DuckDB's words
	plan     *generalise.Plan
	worker   *generalise.Worker
	reads    []int
	schema   *arrow.Schema
	total    tally
	row      [][]byte
	text     []byte
	queue    []arrow.RecordBatch // made, and not yet taken
}

func runParquet(ctx context.Context, o Options, to *workspace.Staged) (Summary, error) {
	r := &parquetRun{options: o}
	for _, db := range []**duck.DB{&r.from, &r.to} {
		var err error
		if *db, err = duck.Open(ctx, duck.Options{Threads: 1}); err != nil {
			return Summary{}, err
		}
		defer (*db).Close()
	}
	if err := r.open(ctx); err != nil {
		return Summary{}, err
	}
	if r.plan.Counts() {
		err := r.each(ctx, func(batches array.RecordReader) error { return r.count(ctx, batches) })
		if err != nil {
			return Summary{}, err
		}
		if err := r.plan.Settle(r.worker); err != nil {
			return Summary{}, err
		}
	}
	if err := r.each(ctx, func(batches array.RecordReader) error { return r.write(ctx, batches, to.Path()) }); err != nil {
		return Summary{}, err
	}
	return summarise(&o, r.header, r.plan, &r.total), judge(&o, r.header, r.plan, &r.total)
}

// open reads the columns' names and types, and binds the rules to them.
func (r *parquetRun) open(ctx context.Context) error {
	rows, err := r.from.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet("+duck.Text(r.options.In)+"))")
	if err != nil {
		return problem.New(problem.Failed, "is it a Parquet file, and whole?", "cannot read %s as Parquet", r.options.In)
	}
	defer rows.Close()
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return err
		}
		r.header, r.types = append(r.header, name), append(r.types, kind)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rules, err := r.options.rules(r.header)
	if err != nil {
		return err
	}
	h := &hashes{key: r.options.Key, project: r.options.Project, purpose: r.options.Purpose}
	if r.plan, err = rules.Bind(r.header, generalise.Setting{Hash: h.of, Areas: r.options.Areas}); err != nil {
		return err
	}
	r.worker, r.reads = r.plan.Worker(), r.plan.Reads()
	r.row = make([][]byte, len(r.header))
	r.total.reset(r.plan.Len(), len(r.header))
	return nil
}

// schemaOf is what is handed to the engine that writes: kept columns as they
// came, the others by their rules.
func (r *parquetRun) schemaOf(in *arrow.Schema) *arrow.Schema {
	var out []arrow.Field
	for i := range r.plan.Len() {
		c := r.plan.Column(i)
		field := arrow.Field{Name: c.Output, Type: arrowType(c.Type()), Nullable: true}
		if c.Type() == generalise.Same {
			field.Type, field.Metadata = in.Field(r.plan.Source(i)).Type, in.Field(r.plan.Source(i)).Metadata
		}
		out = append(out, field)
	}
	return arrow.NewSchema(out, nil)
}

// query gives the columns to write. Arrow has fewer types than Parquet: a kept
// column gets the one back that it came with.
func (r *parquetRun) query() string {
	var columns []string
	for i := range r.plan.Len() {
		c := r.plan.Column(i)
		column := duck.Name(c.Output)
		if c.Type() == generalise.Same {
			column = fmt.Sprintf("CAST(%[1]s AS %[2]s) AS %[1]s", column, r.types[r.plan.Source(i)])
		}
		columns = append(columns, column)
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM made"
}

func arrowType(t generalise.Type) arrow.DataType {
	switch t {
	case generalise.UUID:
		return extensions.NewUUIDType()
	case generalise.Date:
		return arrow.FixedWidthTypes.Date32
	case generalise.Whole:
		return arrow.PrimitiveTypes.Int32
	case generalise.Real:
		return arrow.PrimitiveTypes.Float64
	}
	return arrow.BinaryTypes.String
}

// each gives the batches of the file, in order.
func (r *parquetRun) each(ctx context.Context, use func(array.RecordReader) error) error {
	return r.from.Arrow(ctx, "FROM read_parquet("+duck.Text(r.options.In)+")", func(batches array.RecordReader) error {
		err := use(batches)
		if batches.Err() != nil {
			return problem.New(problem.Failed, "is the file whole?", "cannot read %s as Parquet to its end", r.options.In)
		}
		return err
	})
}

// values fills in what the rules read of a row.
func (r *parquetRun) values(batch arrow.RecordBatch, row int) [][]byte {
	r.text = r.text[:0]
	for _, i := range r.reads {
		begin := len(r.text)
		r.text = appendText(r.text, batch.Column(i), row)
		r.row[i] = r.text[begin:]
	}
	return r.row
}

func (r *parquetRun) count(ctx context.Context, batches array.RecordReader) error {
	for batches.Next() {
		batch := batches.RecordBatch()
		for row := range int(batch.NumRows()) {
			r.worker.Count(r.values(batch, row))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// write makes every batch anew while the other engine writes what was made.
func (r *parquetRun) write(ctx context.Context, batches array.RecordReader, path string) error {
	r.schema = r.schemaOf(batches.Schema())
	stream := duck.NewStream(r.schema, func() (arrow.RecordBatch, error) {
		for len(r.queue) == 0 {
			if ctx.Err() != nil || !batches.Next() {
				return nil, errors.Join(ctx.Err(), batches.Err())
			}
			if err := r.enqueue(batches.RecordBatch()); err != nil {
				return nil, err
			}
		}
		next := r.queue[0]
		r.queue = r.queue[1:]
		return next, nil
	})
	err := r.to.WithView("made", stream, func() error {
		return r.to.Exec(ctx, "COPY ("+r.query()+") TO "+duck.Text(path)+" (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v1)")
	})
	for _, left := range r.queue {
		left.Release()
	}
	return errors.Join(err, stream.Err(), ctx.Err())
}

// enqueue makes a batch anew, without the rows that are left out.
func (r *parquetRun) enqueue(batch arrow.RecordBatch) error {
	rows := int(batch.NumRows())
	made, out, err := r.make(batch)
	if err != nil {
		return err
	}
	defer made.Release()
	r.watch(batch)
	r.total.rows += int64(rows)
	for from := 0; from < rows; {
		for from < rows && out[from] {
			from++
		}
		to := from
		for to < rows && !out[to] {
			to++
		}
		if to > from {
			r.total.written += int64(to - from)
			r.queue = append(r.queue, made.NewSlice(int64(from), int64(to)))
		}
		from = to
	}
	return nil
}

// make applies the rules to a batch; out says which rows to leave out.
func (r *parquetRun) make(batch arrow.RecordBatch) (made arrow.RecordBatch, out []bool, err error) {
	rows := int(batch.NumRows())
	out = make([]bool, rows)
	columns := make([]arrow.Array, r.plan.Len())
	defer func() {
		for _, c := range columns {
			if c != nil {
				c.Release()
			}
		}
	}()
	for i := range columns {
		if r.plan.Column(i).Rule == generalise.Keep {
			columns[i] = batch.Column(r.plan.Source(i))
			columns[i].Retain()
		} else if columns[i], err = r.column(batch, i, out); err != nil {
			return nil, nil, err
		}
	}
	return array.NewRecordBatch(r.schema, columns, int64(rows)), out, nil
}

// column makes one column by its rule.
func (r *parquetRun) column(batch arrow.RecordBatch, column int, out []bool) (arrow.Array, error) {
	builder := array.NewBuilder(memory.DefaultAllocator, r.schema.Field(column).Type)
	defer builder.Release()
	var value []byte
	for row := range int(batch.NumRows()) {
		var fate generalise.Fate
		values := r.values(batch, row)
		if b, ok := builder.(*extensions.UUIDBuilder); ok {
			var sum [16]byte
			if sum, fate = r.worker.Hash(column, values[r.plan.Source(column)]); fate == generalise.Passed {
				b.Append(sum)
			} else {
				b.AppendNull()
			}
			r.exclude(fate, row, out)
		} else {
			value, fate = r.worker.Append(value[:0], column, values)
			if err := appendTo(builder, value); err != nil {
				return nil, err
			}
		}
		r.total.fates[column][fate]++
	}
	return builder.NewArray(), nil
}

// exclude marks a row whose NHS number is none, if that is asked for.
func (r *parquetRun) exclude(fate generalise.Fate, row int, out []bool) {
	if fate != generalise.Invalid && fate != generalise.Placeholder || r.options.Invalid == InvalidEmpty || out[row] {
		return
	}
	out[row] = true
	if r.options.Invalid == InvalidKeepOut {
		r.total.leftOut++
		return
	}
	line := r.total.rows + int64(row) + 1
	if r.total.badNumber == 0 {
		r.total.badNumber = line
	}
	r.total.reject(line, ruleBadNumber)
}

// watch counts the NHS numbers among values that pass as they are.
func (r *parquetRun) watch(batch arrow.RecordBatch) {
	var text []byte
	for i := range r.plan.Len() {
		from := r.plan.Source(i)
		if r.plan.Column(i).Rule != generalise.Keep || !couldHoldNumbers(batch.Column(from)) {
			continue
		}
		for row := range min(int(batch.NumRows()), watched) {
			text = appendText(text[:0], batch.Column(from), row)
			r.total.watch(from, text)
		}
	}
}
