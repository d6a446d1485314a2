package reidentify

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/google/uuid"
)

var (
	errNotParquet = errors.New("it is no whole Parquet file")
	errNoText     = errors.New("values of this type cannot pass")
)

// readParquet gives the wanted columns of each row as text, counted from 1; a
// missing value is empty. The bytes are those whose hash was signed: the file is
// not opened again.
func readParquet(data []byte, wanted []string, most int, use func(row int, values []string) error) (err error) {
	defer func() { // the library panics at some damaged files
		if panicked := recover(); panicked != nil {
			err = wrongList("%v", errNotParquet)
		}
	}()
	opened, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		return wrongList("%v", errNotParquet)
	}
	defer opened.Close()
	root, header := opened.MetaData().Schema, []string{}
	for i := range root.NumColumns() {
		header = append(header, root.Column(i).Path())
	}
	at, err := places(header, wanted)
	if err != nil {
		return err
	}
	row := 0
	for i := range opened.NumRowGroups() {
		if err := eachOfGroup(opened.RowGroup(i), wanted, at, most, func(values []string) error { row++; return use(row, values) }); err != nil {
			return err
		}
	}
	return nil
}

// eachOfGroup reads a row group column by column and gives it row by row. It
// takes no more rows at a time than a list may have and one, so that use can
// refuse the rest.
func eachOfGroup(group *file.RowGroupReader, wanted []string, at []int, most int, use func(values []string) error) error {
	rows := min(group.NumRows(), int64(most)+1)
	columns := make([][]string, len(at))
	for i, place := range at {
		chunk, err := group.Column(place)
		if err != nil {
			return wrongList("%v", errNotParquet)
		}
		if columns[i], err = texts(chunk, rows); err != nil {
			return wrongColumn(wanted[i], err)
		}
	}
	values := make([]string, len(at))
	for row := range rows {
		for i, column := range columns {
			values[i] = column[row]
		}
		if err := use(values); err != nil {
			return err
		}
	}
	return nil
}

func wrongColumn(name string, err error) error {
	if errors.Is(err, errNoText) {
		return wrongList("column %s: %v", name, errNoText)
	}
	return wrongList("column %s: %v", name, errNotParquet) // the library's words are not shown
}

// texts reads the first rows of a column.
func texts(chunk file.ColumnChunkReader, rows int64) ([]string, error) {
	d := chunk.Descriptor()
	if d.MaxRepetitionLevel() > 0 || !plainNumber(d.LogicalType()) {
		return nil, errNoText
	}
	switch c := chunk.(type) {
	case *file.ByteArrayColumnChunkReader:
		return each(c, c.ReadBatch, rows, func(v parquet.ByteArray) string { return string(v) })
	case *file.FixedLenByteArrayColumnChunkReader:
		if d.TypeLength() != len(uuid.Nil) {
			return nil, errNoText
		}
		return each(c, c.ReadBatch, rows, func(v parquet.FixedLenByteArray) string { return uuid.UUID(v).String() })
	case *file.Int32ColumnChunkReader:
		if _, isDay := d.LogicalType().(schema.DateLogicalType); isDay {
			return each(c, c.ReadBatch, rows, func(v int32) string { return time.Unix(0, 0).UTC().AddDate(0, 0, int(v)).Format(time.DateOnly) })
		}
		return each(c, c.ReadBatch, rows, func(v int32) string { return strconv.Itoa(int(v)) })
	case *file.Int64ColumnChunkReader:
		return each(c, c.ReadBatch, rows, func(v int64) string { return strconv.FormatInt(v, 10) })
	case *file.Float64ColumnChunkReader:
		return each(c, c.ReadBatch, rows, func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) })
	case *file.Float32ColumnChunkReader:
		return each(c, c.ReadBatch, rows, func(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) })
	case *file.BooleanColumnChunkReader:
		return each(c, c.ReadBatch, rows, strconv.FormatBool)
	}
	return nil, errNoText
}

// plainNumber refuses what a number in the file would not be as text: a time, an
// amount in hundredths.
func plainNumber(logical schema.LogicalType) bool {
	switch logical.(type) {
	case schema.TimestampLogicalType, *schema.TimestampLogicalType, schema.TimeLogicalType, *schema.TimeLogicalType,
		schema.DecimalLogicalType, *schema.DecimalLogicalType:
		return false
	}
	return true
}

func each[T any](from file.ColumnChunkReader, read func(int64, []T, []int16, []int16) (int64, int, error), rows int64, text func(T) string) ([]string, error) {
	highest := from.Descriptor().MaxDefinitionLevel()
	out, values, levels := make([]string, 0, rows), make([]T, rows), make([]int16, rows)
	for int64(len(out)) < rows {
		if !from.HasNext() {
			return nil, errNotParquet
		}
		total, _, err := read(rows-int64(len(out)), values, levels, nil)
		if err != nil || total == 0 {
			return nil, fmt.Errorf("%w: %w", errNotParquet, err)
		}
		known := 0
		for i := range total {
			if highest > 0 && levels[i] < highest {
				out = append(out, "")
				continue
			}
			out = append(out, text(values[known]))
			known++
		}
	}
	return out, nil
}
