package sealed

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/google/uuid"

	"tre/internal/duck"
	"tre/internal/workspace"
)

const (
	rowGroupRows = 122_880
	createdBy    = "tre" // no version: a file says nothing of when it was made
)

// Write writes the rows of a query, in the query's own order, as one sealed
// Parquet file that appears whole or not at all. Without a key it is plain.
// Columns are VARCHAR, UUID, BIGINT, INTEGER, DOUBLE, DATE or BOOLEAN.
func Write(ctx context.Context, db *duck.DB, folder *workspace.Folder, name, query string, key Key) error {
	if key.None() {
		return db.WriteParquet(ctx, folder, name, query)
	}
	columns, err := describe(ctx, db, query)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	staged, err := folder.Stage(name)
	if err != nil {
		return err
	}
	defer staged.Discard()
	w, err := newWriter(staged, name, columns, key)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	err = db.Arrow(ctx, query, func(rows array.RecordReader) error {
		for rows.Next() {
			if err := w.write(rows.RecordBatch()); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err == nil {
		err = w.close()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return staged.Commit()
}

// column is a column's name and its DuckDB type.
type column struct{ name, kind string }

func describe(ctx context.Context, db *duck.DB, query string) ([]column, error) {
	rows, err := db.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE "+query+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var columns []column
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.name, &c.kind); err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, rows.Err()
}

// node gives a column's place in the file's schema.
func (c column) node() (schema.Node, error) {
	var logical schema.LogicalType = schema.NoLogicalType{}
	physical, length := parquet.Types.ByteArray, -1
	switch c.kind {
	case "VARCHAR":
		logical = schema.StringLogicalType{}
	case "UUID":
		logical, physical, length = schema.UUIDLogicalType{}, parquet.Types.FixedLenByteArray, 16
	case "BIGINT":
		physical = parquet.Types.Int64
	case "INTEGER":
		physical = parquet.Types.Int32
	case "DOUBLE":
		physical = parquet.Types.Double
	case "DATE":
		logical, physical = schema.DateLogicalType{}, parquet.Types.Int32
	case "BOOLEAN":
		physical = parquet.Types.Boolean
	default:
		return nil, fmt.Errorf("column %s is %s, which has no place in a sealed file", c.name, c.kind)
	}
	return schema.NewPrimitiveNodeLogical(c.name, parquet.Repetitions.Optional, logical, physical, length, -1)
}

// writer turns Arrow batches into row groups.
type writer struct {
	file    *file.Writer
	group   file.BufferedRowGroupWriter
	columns []column
	rows    int64 // in the group
	levels  []int16
}

// unclosed keeps the Parquet writer from closing the staged file.
type unclosed struct{ io.Writer }

func newWriter(to io.Writer, name string, columns []column, key Key) (*writer, error) {
	nodes := make(schema.FieldList, len(columns))
	for i, c := range columns {
		var err error
		if nodes[i], err = c.node(); err != nil {
			return nil, err
		}
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, nodes, -1)
	if err != nil {
		return nil, err
	}
	properties := parquet.NewWriterProperties(parquet.WithVersion(parquet.V1_0), parquet.WithDataPageVersion(parquet.DataPageV1),
		parquet.WithCreatedBy(createdBy), parquet.WithCompression(compress.Codecs.Zstd), parquet.WithDictionaryDefault(true),
		parquet.WithEncryptionProperties(key.Encryption(name)))
	out, err := file.NewParquetWriterWithError(unclosed{to}, root, file.WithWriterProps(properties))
	return &writer{file: out, columns: columns}, err
}

func (w *writer) write(batch arrow.RecordBatch) error {
	if batch.NumRows() == 0 {
		return nil
	}
	if w.group == nil {
		group, err := w.file.AppendBufferedRowGroupChecked()
		if err != nil {
			return err
		}
		w.group, w.rows = group, 0
	}
	for i := range w.columns {
		if err := w.writeColumn(i, batch.Column(i)); err != nil {
			return fmt.Errorf("column %s: %w", w.columns[i].name, err)
		}
	}
	if w.rows += batch.NumRows(); w.rows >= rowGroupRows {
		return w.endGroup()
	}
	return nil
}

func (w *writer) endGroup() error {
	if w.group == nil {
		return nil
	}
	err := w.group.Close()
	w.group = nil
	return err
}

func (w *writer) close() error {
	if err := w.endGroup(); err != nil {
		return err
	}
	return w.file.Close()
}

func (w *writer) writeColumn(at int, values arrow.Array) error {
	chunk, err := w.group.Column(at)
	if err != nil {
		return err
	}
	w.levels = w.levels[:0]
	for i := range values.Len() {
		level := int16(1)
		if values.IsNull(i) {
			level = 0
		}
		w.levels = append(w.levels, level)
	}
	switch c := chunk.(type) {
	case *file.ByteArrayColumnChunkWriter:
		texts := values.(*array.String)
		_, err = c.WriteBatch(known(texts, func(i int) parquet.ByteArray { return parquet.ByteArray(texts.Value(i)) }), w.levels, nil)
	case *file.FixedLenByteArrayColumnChunkWriter:
		var keys []parquet.FixedLenByteArray
		if keys, err = keysOf(values); err == nil {
			_, err = c.WriteBatch(keys, w.levels, nil)
		}
	case *file.Int64ColumnChunkWriter:
		_, err = c.WriteBatch(known(values, values.(*array.Int64).Value), w.levels, nil)
	case *file.Int32ColumnChunkWriter:
		_, err = c.WriteBatch(known(values, smallIntegers(values)), w.levels, nil)
	case *file.Float64ColumnChunkWriter:
		_, err = c.WriteBatch(known(values, values.(*array.Float64).Value), w.levels, nil)
	case *file.BooleanColumnChunkWriter:
		_, err = c.WriteBatch(known(values, values.(*array.Boolean).Value), w.levels, nil)
	default:
		err = fmt.Errorf("no writer for %T", chunk)
	}
	return err
}

// known gives the values that are not null.
func known[T any](values arrow.Array, value func(int) T) []T {
	out := make([]T, 0, values.Len()-values.NullN())
	for i := range values.Len() {
		if values.IsValid(i) {
			out = append(out, value(i))
		}
	}
	return out
}

func smallIntegers(values arrow.Array) func(int) int32 {
	if days, ok := values.(*array.Date32); ok {
		return func(i int) int32 { return int32(days.Value(i)) }
	}
	return values.(*array.Int32).Value
}

// keysOf gives UUIDs as bytes; DuckDB hands them over as text.
func keysOf(values arrow.Array) ([]parquet.FixedLenByteArray, error) {
	texts, ok := values.(*array.String)
	if !ok {
		return nil, fmt.Errorf("a UUID came as %s", values.DataType())
	}
	var wrong error
	keys := known(texts, func(i int) parquet.FixedLenByteArray {
		key, err := uuid.Parse(texts.Value(i))
		if err != nil {
			wrong = fmt.Errorf("a UUID cannot be read")
		}
		return key[:]
	})
	return keys, wrong
}
