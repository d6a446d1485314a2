package index

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	pq "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tre/internal/workspace"
)

// Histories are written without DuckDB: opening one costs a small run more than
// all its writing does. The files are such as every reader knows: format version
// 1, plain values, no, snappy or zstd compression.

const (
	// groupRows is how many rows make a row group. Pages are written as they
	// fill, so memory does not depend on it; readers share work out by it.
	groupRows = 1 << 17
	// valuesAtOnce is how many values of a column are laid out before they are
	// encoded: little enough to stay in the processor's cache.
	valuesAtOnce = 1 << 10
)

// column is one column of a file: what it is, and what its rows hold.
type column struct {
	node     schema.Node
	isPacked bool // compressed even in a small file, since its values resemble each other
	hasRange bool // least and greatest value are told, for readers who skip by them
	write    func(to pq.ColumnChunkWriter, from, end int) error
}

// packed says that values resemble each other.
func (c column) packed() column {
	c.isPacked = true
	return c
}

// ordered says that rows come in about the order of the column.
func (c column) ordered() column {
	c.isPacked, c.hasRange = true, true
	return c
}

// presence says whether a column may hold nulls.
type presence bool

const (
	always    presence = false
	sometimes presence = true
)

func (p presence) repetition() parquet.Repetition {
	if p == sometimes {
		return parquet.Repetitions.Optional
	}
	return parquet.Repetitions.Required
}

// levels are what the library takes nulls from.
func (p presence) levels(levels []int16) []int16 {
	if p == sometimes {
		return levels
	}
	return nil
}

// textColumn is a column of texts. text adds that of a row to an arena, or says
// that the row has none.
func textColumn(name string, p presence, text func(arena []byte, row int) ([]byte, bool)) column {
	node := schema.MustPrimitive(schema.NewPrimitiveNodeLogical(name, p.repetition(), schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1))
	return column{node: node, write: func(to pq.ColumnChunkWriter, from, end int) error {
		return writeTexts(to.(*pq.ByteArrayColumnChunkWriter), p, from, end, text)
	}}
}

func writeTexts(to *pq.ByteArrayColumnChunkWriter, p presence, from, end int, text func([]byte, int) ([]byte, bool)) error {
	// The arena is never nil: the library would take an empty text for none.
	arena, offsets, levels := make([]byte, 0, 1<<15), make([]int32, 0, valuesAtOnce+1), make([]int16, 0, valuesAtOnce)
	for from < end {
		arena, offsets, levels = arena[:0], append(offsets[:0], 0), levels[:0]
		for next := min(from+valuesAtOnce, end); from < next; from++ {
			longer, isKnown := text(arena, from)
			level := int16(0)
			if isKnown {
				arena, offsets, level = longer, append(offsets, int32(len(longer))), 1
			}
			levels = append(levels, level)
		}
		if _, err := to.WriteBatchArrow(arena, offsets, p.levels(levels), nil); err != nil {
			return err
		}
	}
	return nil
}

func wholeColumn(name string, value func(row int) int64) column {
	node := schema.MustPrimitive(schema.NewPrimitiveNodeLogical(name, parquet.Repetitions.Required, schema.NewIntLogicalType(64, true), parquet.Types.Int64, -1, -1))
	return numberColumn(node, always, func(row int) (int64, bool) { return value(row), true })
}

func narrowColumn(name string, value func(row int) int32) column {
	node := schema.MustPrimitive(schema.NewPrimitiveNodeLogical(name, parquet.Repetitions.Required, schema.NewIntLogicalType(32, true), parquet.Types.Int32, -1, -1))
	return numberColumn(node, always, func(row int) (int32, bool) { return value(row), true })
}

func realColumn(name string, value func(row int) (float64, bool)) column {
	node := schema.MustPrimitive(schema.NewPrimitiveNode(name, parquet.Repetitions.Optional, parquet.Types.Double, -1, -1))
	return numberColumn(node, sometimes, value)
}

func numberColumn[T any](node schema.Node, p presence, value func(row int) (T, bool)) column {
	return column{node: node, hasRange: true, write: func(to pq.ColumnChunkWriter, from, end int) error {
		return writeNumbers(to.(batchWriter[T]), p, from, end, value)
	}}
}

// batchWriter is what the library's writer of a column of numbers can do.
type batchWriter[T any] interface {
	WriteBatch(values []T, definitions, repetitions []int16) (int64, error)
}

func writeNumbers[T any](to batchWriter[T], p presence, from, end int, value func(int) (T, bool)) error {
	values, levels := make([]T, 0, valuesAtOnce), make([]int16, 0, valuesAtOnce)
	for from < end {
		values, levels = values[:0], levels[:0]
		for next := min(from+valuesAtOnce, end); from < next; from++ {
			n, isKnown := value(from)
			level := int16(0)
			if isKnown {
				values, level = append(values, n), 1
			}
			levels = append(levels, level)
		}
		if _, err := to.WriteBatch(values, p.levels(levels), nil); err != nil {
			return err
		}
	}
	return nil
}

// writeTable writes rows as a Parquet file, which appears whole or not at all.
// The same rows give the same bytes.
func writeTable(ctx context.Context, folder *workspace.Folder, name string, columns []column, rows int) error {
	staged, err := folder.Stage(name)
	if err != nil {
		return err
	}
	defer staged.Discard()
	if err := encodeTable(ctx, staged, columns, rows); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return staged.Commit()
}

func encodeTable(ctx context.Context, to io.Writer, columns []column, rows int) error {
	var nodes schema.FieldList
	for _, c := range columns {
		nodes = append(nodes, c.node)
	}
	root := schema.MustGroup(schema.NewGroupNode("schema", parquet.Repetitions.Required, nodes, -1))
	out, err := pq.NewParquetWriterWithError(to, root, pq.WithWriterProps(properties(columns, rows)))
	if err != nil {
		return err
	}
	for from := 0; from < rows; from += groupRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := encodeGroup(out, columns, from, min(from+groupRows, rows)); err != nil {
			return err
		}
	}
	return out.Close()
}

func encodeGroup(out *pq.Writer, columns []column, from, end int) error {
	group, err := out.AppendRowGroupChecked()
	if err != nil {
		return err
	}
	for _, c := range columns {
		to, err := group.NextColumn()
		if err != nil {
			return err
		}
		if err := c.write(to, from, end); err != nil {
			return err
		}
	}
	return group.Close()
}

// properties say how a file is encoded. A small one, of a refresh, is waited
// for: compressing ids and weights would double the time. A large one is kept
// for long, and zstd makes it a quarter the size. A dictionary pays in neither:
// the library hashes every value.
func properties(columns []column, rows int) *parquet.WriterProperties {
	page, packed, others := int64(1<<16), compress.Codecs.Snappy, compress.Codecs.Uncompressed
	if rows > groupRows {
		page, packed, others = 1<<18, compress.Codecs.Zstd, compress.Codecs.Zstd
	}
	all := []parquet.WriterProperty{parquet.WithVersion(parquet.V1_0), parquet.WithDictionaryDefault(false), parquet.WithDataPageSize(page)}
	for _, c := range columns {
		name, codec := c.node.Name(), others
		if c.isPacked {
			codec = packed
		}
		all = append(all, parquet.WithCompressionFor(name, codec), parquet.WithCompressionLevelFor(name, 1), parquet.WithStatsFor(name, c.hasRange))
	}
	return parquet.NewWriterProperties(all...)
}
