package sealed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
)

var (
	errOtherFile = errors.New("the file stands in another's place")
	errEndsEarly = errors.New("a column ends too early")
)

const batchRows = 8192

// Load makes a table of all rows of files of the same columns, in no order:
// sealed ones with their key, plain ones without. Each file's name is
// the one it was sealed under. A file that was sealed with another key, or
// that stands in another's place, is refused with exit code 5.
func Load(ctx context.Context, db *duck.DB, table string, folder *workspace.Folder, names []string, key Key) error {
	if key.None() {
		paths := make([]string, len(names))
		for i, name := range names {
			paths[i] = folder.Path(name)
		}
		return db.Exec(ctx, "CREATE TABLE "+duck.Name(table)+" AS SELECT * FROM read_parquet("+duck.Texts(paths)+")")
	}
	for i, name := range names {
		if err := loadOne(ctx, db, table, folder, name, key, i == 0); err != nil {
			return err
		}
	}
	return nil
}

func loadOne(ctx context.Context, db *duck.DB, table string, folder *workspace.Folder, name string, key Key, first bool) error {
	r, err := open(folder.Path(name), name, key)
	if err != nil {
		return refusal(name, err)
	}
	defer r.file.Close()
	statement := "INSERT INTO " + duck.Name(table) + " BY NAME SELECT * FROM sealed_file"
	if first {
		statement = "CREATE TABLE " + duck.Name(table) + " AS SELECT * FROM sealed_file"
	}
	stream := duck.NewStream(r.schema, r.next)
	err = db.WithView("sealed_file", stream, func() error { return errors.Join(db.Exec(ctx, statement), stream.Err()) })
	if err != nil {
		return refusal(name, err)
	}
	return nil
}

// refusal says what a file that does not open means. The library's own words
// name no value, and no key.
func refusal(name string, err error) error {
	if errors.Is(err, errOtherFile) {
		return problem.New(problem.KeyMissing, "put the files of the identified zone back as they were, or make them again: tre run --from extract", "%s stands in another file's place", name)
	}
	if text := err.Error(); strings.Contains(text, "decrypt") || strings.Contains(text, "cipher") || strings.Contains(text, "GCM") || strings.Contains(text, "signature") {
		return problem.New(problem.KeyMissing, "unlock the key this region was made with, or make its files again: tre run --from extract", "%s does not open with this key", name)
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// reader gives the rows of a file as Arrow batches.
type reader struct {
	file   *file.Reader
	schema *arrow.Schema
	group  int
	chunks []file.ColumnChunkReader
	left   int64 // rows of the group not read yet
}

func open(path, name string, key Key) (r *reader, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = asError(panicked)
		}
	}()
	properties := parquet.NewReaderProperties(memory.DefaultAllocator)
	properties.FileDecryptProps = key.decryption(name)
	opened, err := file.OpenParquetFile(path, false, file.WithReadProps(properties))
	if err != nil {
		return nil, err
	}
	r = &reader{file: opened}
	if r.schema, err = schemaOf(opened.MetaData().Schema); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return r, nil
}

func asError(panicked any) error {
	if err, ok := panicked.(error); ok {
		return err
	}
	return fmt.Errorf("%v", panicked)
}

func schemaOf(s *schema.Schema) (*arrow.Schema, error) {
	fields := make([]arrow.Field, s.NumColumns())
	for i := range fields {
		column := s.Column(i)
		kind, err := typeOf(column)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", column.Name(), err)
		}
		fields[i] = arrow.Field{Name: column.Name(), Type: kind, Nullable: true}
	}
	return arrow.NewSchema(fields, nil), nil
}

func typeOf(c *schema.Column) (arrow.DataType, error) {
	switch c.PhysicalType() {
	case parquet.Types.ByteArray:
		return arrow.BinaryTypes.String, nil
	case parquet.Types.FixedLenByteArray:
		return extensions.NewUUIDType(), nil
	case parquet.Types.Int64:
		return arrow.PrimitiveTypes.Int64, nil
	case parquet.Types.Int32:
		if _, isDate := c.LogicalType().(schema.DateLogicalType); isDate {
			return arrow.FixedWidthTypes.Date32, nil
		}
		return arrow.PrimitiveTypes.Int32, nil
	case parquet.Types.Double:
		return arrow.PrimitiveTypes.Float64, nil
	case parquet.Types.Boolean:
		return arrow.FixedWidthTypes.Boolean, nil
	}
	return nil, fmt.Errorf("no type for %s", c.PhysicalType())
}

// next gives the next batch, or none at the end.
func (r *reader) next() (batch arrow.RecordBatch, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = asError(panicked)
		}
	}()
	for r.left == 0 {
		if r.group == r.file.NumRowGroups() {
			return nil, nil
		}
		if err := r.openGroup(); err != nil {
			return nil, err
		}
	}
	rows := min(r.left, batchRows)
	b := array.NewRecordBuilder(memory.DefaultAllocator, r.schema)
	defer b.Release()
	for i, chunk := range r.chunks {
		if err := readInto(b.Field(i), chunk, rows); err != nil {
			return nil, fmt.Errorf("column %s: %w", r.schema.Field(i).Name, err)
		}
	}
	r.left -= rows
	return b.NewRecordBatch(), nil
}

func (r *reader) openGroup() error {
	group := r.file.RowGroup(r.group)
	r.group++
	r.left, r.chunks = group.NumRows(), r.chunks[:0]
	for i := range r.schema.NumFields() {
		chunk, err := group.Column(i)
		if err != nil {
			return err
		}
		r.chunks = append(r.chunks, chunk)
	}
	return nil
}

func readInto(to array.Builder, from file.ColumnChunkReader, rows int64) error {
	switch c := from.(type) {
	case *file.ByteArrayColumnChunkReader:
		b := to.(*array.StringBuilder)
		return fill(c, c.ReadBatch, rows, b.AppendNull, func(v parquet.ByteArray) { b.BinaryBuilder.Append(v) })
	case *file.FixedLenByteArrayColumnChunkReader:
		b := to.(*extensions.UUIDBuilder)
		return fill(c, c.ReadBatch, rows, b.AppendNull, func(v parquet.FixedLenByteArray) { b.AppendBytes([16]byte(v)) })
	case *file.Int64ColumnChunkReader:
		b := to.(*array.Int64Builder)
		return fill(c, c.ReadBatch, rows, b.AppendNull, b.Append)
	case *file.Int32ColumnChunkReader:
		if b, isDate := to.(*array.Date32Builder); isDate {
			return fill(c, c.ReadBatch, rows, b.AppendNull, func(v int32) { b.Append(arrow.Date32(v)) })
		}
		b := to.(*array.Int32Builder)
		return fill(c, c.ReadBatch, rows, b.AppendNull, b.Append)
	case *file.Float64ColumnChunkReader:
		b := to.(*array.Float64Builder)
		return fill(c, c.ReadBatch, rows, b.AppendNull, b.Append)
	case *file.BooleanColumnChunkReader:
		b := to.(*array.BooleanBuilder)
		return fill(c, c.ReadBatch, rows, b.AppendNull, b.Append)
	}
	return fmt.Errorf("no reader for %T", from)
}

// fill reads rows values of a column: null where the definition level says so.
func fill[T any](from file.ColumnChunkReader, read func(int64, []T, []int16, []int16) (int64, int, error), rows int64, null func(), value func(T)) error {
	highest := from.Descriptor().MaxDefinitionLevel()
	values, levels := make([]T, rows), make([]int16, rows)
	for left := rows; left > 0; {
		if !from.HasNext() {
			return cmp.Or(from.Err(), errEndsEarly)
		}
		total, _, err := read(left, values, levels, nil)
		if err != nil {
			return err
		}
		at := 0
		for i := range total {
			if highest > 0 && levels[i] < highest {
				null()
				continue
			}
			value(values[at])
			at++
		}
		left -= total
	}
	return nil
}
