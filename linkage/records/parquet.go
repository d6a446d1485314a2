package records

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// Parquet files whose columns are flat texts and numbers are read directly, a
// column a goroutine: going through DuckDB costs three times as much. All else
// is DuckDB's.

// chunk is how many values are decoded at a time.
const chunk = 1024

// leaf is a flat column of a Parquet file.
type leaf struct {
	at       int // among the file's columns
	physical parquet.Type
	perDay   bool    // a date: days since 1970
	second   float64 // a timestamp: units in a second
}

// openDirectly gives the columns asked for if each can be read directly.
func openDirectly(path string, kinds []Kind, names []string) (*file.Reader, []leaf, bool) {
	reader, err := file.OpenParquetFile(path, true)
	if err != nil {
		return nil, nil, false // DuckDB will say why
	}
	leaves := make([]leaf, len(names))
	for i, name := range names {
		found, ok := leafOf(reader.MetaData().Schema, name, kinds[i])
		if !ok {
			_ = reader.Close()
			return nil, nil, false
		}
		leaves[i] = found
	}
	return reader, leaves, true
}

// describeDirectly gives the types of a Parquet file's columns as DuckDB names
// them, if all are flat and of a type it can tell.
func describeDirectly(path string, columns map[string]string) bool {
	reader, err := file.OpenParquetFile(path, true)
	if err != nil {
		return false // DuckDB will say why
	}
	defer reader.Close()
	s := reader.MetaData().Schema
	for at := range s.NumColumns() {
		column := s.Column(at)
		if len(column.ColumnPath()) != 1 || column.MaxRepetitionLevel() > 0 {
			return false
		}
		named := typeName(column)
		if named == "" {
			return false
		}
		columns[column.Name()] = named
	}
	return true
}

func typeName(column *schema.Column) string {
	_, isPlain := column.LogicalType().(schema.NoLogicalType)
	switch t := column.LogicalType().(type) {
	case schema.StringLogicalType:
		return "VARCHAR"
	case schema.DateLogicalType:
		return "DATE"
	case schema.IntLogicalType:
		if t.IsSigned() {
			return "BIGINT" // narrower ones too: all read as whole numbers
		}
	}
	switch {
	case isPlain && (column.PhysicalType() == parquet.Types.Int64 || column.PhysicalType() == parquet.Types.Int32):
		return "BIGINT"
	case isPlain && (column.PhysicalType() == parquet.Types.Double || column.PhysicalType() == parquet.Types.Float):
		return "DOUBLE"
	case isPlain && column.PhysicalType() == parquet.Types.Boolean:
		return "BOOLEAN"
	}
	return ""
}

func leafOf(s *schema.Schema, name string, kind Kind) (leaf, bool) {
	at := s.ColumnIndexByName(name)
	if at < 0 {
		return leaf{}, false
	}
	column := s.Column(at)
	l := leaf{at: at, physical: column.PhysicalType()}
	if column.MaxRepetitionLevel() > 0 || column.MaxDefinitionLevel() > 1 {
		return leaf{}, false
	}
	_, isText := column.LogicalType().(schema.StringLogicalType)
	_, isPlain := column.LogicalType().(schema.NoLogicalType)
	switch kind {
	case Text:
		return l, isText && l.physical == parquet.Types.ByteArray
	case Whole:
		return l, l.physical == parquet.Types.Int64 && isSignedOrNone(column.LogicalType())
	case Real:
		return l, l.physical == parquet.Types.Double && isPlain
	case Date:
		_, l.perDay = column.LogicalType().(schema.DateLogicalType)
		return l, l.perDay && l.physical == parquet.Types.Int32
	}
	return leaf{}, false
}

func isSignedOrNone(t schema.LogicalType) bool {
	if whole, ok := t.(schema.IntLogicalType); ok {
		return whole.IsSigned()
	}
	_, isPlain := t.(schema.NoLogicalType)
	return isPlain
}

// readDirectly reads all columns of a file at once; the id is the first.
func (r *reader) readDirectly(reader *file.Reader, leaves []leaf) (err error) {
	defer func() {
		if broken := recover(); broken != nil { // the library panics on some broken files
			err = fmt.Errorf("the file is broken: %v", broken)
		}
		err = errors.Join(err, reader.Close())
	}()
	errs := make(chan error, len(leaves))
	rows := int(reader.NumRows())
	r.ids.reserve(rows)
	go func() { errs <- safely(func() error { return r.ids.readAll(reader, leaves[0]) }) }()
	for i, e := range r.encoders {
		e.reserve(rows)
		go func() { errs <- safely(func() error { return e.readAll(reader, leaves[i+1]) }) }()
	}
	for range leaves {
		err = errors.Join(err, <-errs)
	}
	r.rows += rows
	if err == nil && !r.isComplete() {
		err = errors.New("the file is broken: a column has another number of rows than the file says")
	}
	return err
}

// isComplete says that every column has a value, or null, for every row so far.
func (r *reader) isComplete() bool {
	for _, e := range r.encoders {
		if len(e.column.Codes) != r.rows {
			return false
		}
	}
	return r.ids.ids.Len() == r.rows
}

// safely turns a panic of the library, on a broken file, into an error.
func safely(do func() error) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("the file is broken: %v", broken)
		}
	}()
	return do()
}

// mostReserved bounds what is set aside for the rows a broken file may claim.
const mostReserved = 1 << 25

func (e *encoder) reserve(rows int) {
	rows = min(rows, mostReserved)
	if cap(e.column.Codes)-len(e.column.Codes) < rows {
		e.column.Codes = append(make([]int32, 0, len(e.column.Codes)+rows), e.column.Codes...)
	}
}

// readAll encodes one column of a file.
func (e *encoder) readAll(reader *file.Reader, l leaf) error {
	for group := range reader.NumRowGroups() {
		column, err := reader.RowGroup(group).Column(l.at)
		if err != nil {
			return err
		}
		switch column := column.(type) {
		case *file.ByteArrayColumnChunkReader:
			err = readChunk(column.HasNext, column.ReadBatchInPage, column.Descriptor(), e.addText, e.addNull)
		case *file.Int64ColumnChunkReader:
			err = readChunk(column.HasNext, column.ReadBatchInPage, column.Descriptor(), func(v int64) { e.addBits(uint64(v)) }, e.addNull)
		case *file.Float64ColumnChunkReader:
			err = readChunk(column.HasNext, column.ReadBatchInPage, column.Descriptor(), func(v float64) { e.addBits(math.Float64bits(v + 0)) }, e.addNull)
		case *file.Int32ColumnChunkReader:
			err = readChunk(column.HasNext, column.ReadBatchInPage, column.Descriptor(), func(v int32) { e.addBits(math.Float64bits(float64(v) * 86400)) }, e.addNull)
		default:
			err = fmt.Errorf("column %s is of a type that was not asked for", e.column.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) addNull() { e.column.Codes = append(e.column.Codes, -1) }

// addText encodes a text. Values of a dictionary page are the same bytes in
// memory again and again, but hashing them costs no more than finding that out.
func (e *encoder) addText(value parquet.ByteArray) {
	e.column.Codes = append(e.column.Codes, e.values.code(value))
}

func (e *encoder) addBits(bits uint64) {
	e.scratch = binary.LittleEndian.AppendUint64(e.scratch[:0], bits)
	e.column.Codes = append(e.column.Codes, e.values.code(e.scratch))
}

func (r *idReader) reserve(rows int) {
	if r.isWhole {
		r.ids.Whole = slices.Grow(r.ids.Whole, min(rows, mostReserved))
	}
}

// readAll reads the ids of a file.
func (r *idReader) readAll(reader *file.Reader, l leaf) error {
	for group := range reader.NumRowGroups() {
		column, err := reader.RowGroup(group).Column(l.at)
		if err != nil {
			return err
		}
		switch column := column.(type) {
		case *file.Int64ColumnChunkReader:
			err = readChunk(column.HasNext, column.ReadBatchInPage, column.Descriptor(), func(v int64) { r.ids.Whole = append(r.ids.Whole, v) },
				func() { r.nulls++; r.ids.Whole = append(r.ids.Whole, 0) })
		case *file.ByteArrayColumnChunkReader:
			err = readChunk(column.HasNext, column.ReadBatchInPage, column.Descriptor(), func(v parquet.ByteArray) { r.ids.Text = append(r.ids.Text, r.arena.keep(v)) },
				func() { r.nulls++; r.ids.Text = append(r.ids.Text, "") })
		default:
			err = errors.New("ids are of a type that was not asked for")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readChunk hands the values of one column of a row group over, in order, with
// their nulls.
func readChunk[T any](hasNext func() bool, read func(int64, []T, []int16, []int16) (int64, int, error), column *schema.Column, value func(T), null func()) error {
	values, levels := make([]T, chunk), make([]int16, chunk)
	isOptional := column.MaxDefinitionLevel() > 0
	for hasNext() {
		total, known, err := read(chunk, values, levels, nil)
		if err != nil {
			return err
		}
		if total == 0 {
			return nil
		}
		if !isOptional || known == int(total) {
			for _, v := range values[:known] {
				value(v)
			}
			continue
		}
		at := 0
		for _, level := range levels[:total] {
			if level == 0 {
				null()
				continue
			}
			value(values[at])
			at++
		}
	}
	return nil
}
