package feed

import (
	"fmt"

	"tre/internal/sealed"
	"tre/internal/workspace"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

const (
	rowGroupRows = 122_880 // as internal/duck writes: readers skip whole groups
	createdBy    = "tre"   // no version: the same rows give the same bytes
)

// parquetFile is a Parquet file being written to a staged name. Encodings are
// those every reader knows: format version 1, data page version 1, plain or
// dictionary, snappy.
type parquetFile struct {
	name   string
	staged *workspace.Staged
	sink   *countingSink
	writer *file.Writer
	group  file.BufferedRowGroupWriter
	rows   int64 // in the group
	total  int64
}

// countingSink counts what reaches the staged file and keeps the Parquet
// writer from closing it.
type countingSink struct {
	staged *workspace.Staged
	bytes  int64
}

// Write counts the bytes that pass.
func (s *countingSink) Write(p []byte) (int, error) {
	n, err := s.staged.Write(p)
	s.bytes += int64(n)
	return n, err
}

func newParquetFile(folder *workspace.Folder, name string, columns []vector, key sealed.Key) (*parquetFile, error) {
	nodes := make(schema.FieldList, len(columns))
	options := []parquet.WriterProperty{
		parquet.WithVersion(parquet.V1_0), parquet.WithDataPageVersion(parquet.DataPageV1), parquet.WithCreatedBy(createdBy),
		parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDictionaryDefault(true), parquet.WithBatchSize(64 << 10),
	}
	for i := range columns {
		node, err := columns[i].node()
		if err != nil {
			return nil, fmt.Errorf("%s: column %s: %w", name, columns[i].name, err)
		}
		nodes[i] = node
		switch columns[i].shape {
		case keyShape, numberShape, integerShape, instantShape:
			options = append(options, parquet.WithDictionaryFor(columns[i].name, false))
		}
		if columns[i].shape == keyShape {
			options = append(options, parquet.WithStatsFor(columns[i].name, false))
		}
	}
	if !key.None() {
		options = append(options, parquet.WithEncryptionProperties(key.Encryption(name)))
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, nodes, -1)
	if err != nil {
		return nil, err
	}
	staged, err := folder.Stage(name)
	if err != nil {
		return nil, err
	}
	f := &parquetFile{name: name, staged: staged, sink: &countingSink{staged: staged}}
	f.writer, err = file.NewParquetWriterWithError(f.sink, root, file.WithWriterProps(parquet.NewWriterProperties(options...)))
	if err != nil {
		staged.Discard()
		return nil, err
	}
	return f, nil
}

// write appends a batch of rows; every column holds as many.
func (f *parquetFile) write(columns []vector, rows int) error {
	if rows == 0 {
		return nil
	}
	if f.group == nil {
		group, err := f.writer.AppendBufferedRowGroupChecked()
		if err != nil {
			return err
		}
		f.group, f.rows = group, 0
	}
	for i := range columns {
		if err := f.writeColumn(i, &columns[i]); err != nil {
			return fmt.Errorf("%s: column %s: %w", f.name, columns[i].name, err)
		}
	}
	f.rows += int64(rows)
	f.total += int64(rows)
	if f.rows >= rowGroupRows {
		return f.closeGroup()
	}
	return nil
}

func (f *parquetFile) closeGroup() error {
	if f.group == nil {
		return nil
	}
	err := f.group.Close()
	f.group = nil
	return err
}

func (f *parquetFile) writeColumn(i int, v *vector) error {
	chunk, err := f.group.Column(i)
	if err != nil {
		return err
	}
	levels := v.levels
	if v.required {
		levels = nil
	}
	switch c := chunk.(type) {
	case *file.ByteArrayColumnChunkWriter:
		_, err = c.WriteBatch(v.texts, levels, nil)
	case *file.FixedLenByteArrayColumnChunkWriter:
		_, err = c.WriteBatch(v.keys, levels, nil)
	case *file.Int64ColumnChunkWriter:
		_, err = c.WriteBatch(v.ints, levels, nil)
	case *file.Int32ColumnChunkWriter:
		_, err = c.WriteBatch(v.days, levels, nil)
	case *file.Float64ColumnChunkWriter:
		_, err = c.WriteBatch(v.floats, levels, nil)
	case *file.BooleanColumnChunkWriter:
		_, err = c.WriteBatch(v.booleans, levels, nil)
	default:
		err = fmt.Errorf("no writer for %T", chunk)
	}
	return err
}

// finish writes the footer. The file stays staged until commit.
func (f *parquetFile) finish() error {
	if err := f.closeGroup(); err != nil {
		return err
	}
	return f.writer.Close()
}

// commit gives the file its name.
func (f *parquetFile) commit() (OutputFile, error) {
	return OutputFile{Path: f.name, Bytes: f.sink.bytes}, f.staged.Commit()
}
