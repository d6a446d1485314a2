package files

import (
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// appendText adds a value of a column as text: nothing where it is null, whole
// numbers by their figures, dates as yyyy-MM-dd.
func appendText(dst []byte, column arrow.Array, row int) []byte {
	if column.IsNull(row) {
		return dst
	}
	switch c := column.(type) {
	case *array.String:
		return append(dst, c.Value(row)...)
	case *array.LargeString:
		return append(dst, c.Value(row)...)
	case *array.Binary:
		return append(dst, c.Value(row)...)
	case *array.Int64:
		return strconv.AppendInt(dst, c.Value(row), 10)
	case *array.Int32:
		return strconv.AppendInt(dst, int64(c.Value(row)), 10)
	case *array.Date32:
		return c.Value(row).ToTime().AppendFormat(dst, time.DateOnly)
	case *array.Timestamp:
		unit := c.DataType().(*arrow.TimestampType).Unit
		return c.Value(row).ToTime(unit).AppendFormat(dst, "2006-01-02 15:04:05")
	}
	return append(dst, column.ValueStr(row)...)
}

func couldHoldNumbers(column arrow.Array) bool {
	switch column.(type) {
	case *array.String, *array.LargeString, *array.Binary, *array.Int64, *array.Uint64, *array.Dictionary:
		return true
	}
	return false
}

// appendTo adds what a rule wrote to a column; nothing is null.
func appendTo(builder array.Builder, value []byte) error {
	if len(value) == 0 {
		builder.AppendNull()
		return nil
	}
	switch b := builder.(type) {
	case *array.Date32Builder:
		day, err := time.Parse(time.DateOnly, string(value))
		b.Append(arrow.Date32FromTime(day))
		return err
	case *array.Int32Builder:
		n, err := strconv.ParseInt(string(value), 10, 32)
		b.Append(int32(n))
		return err
	case *array.Float64Builder:
		x, err := strconv.ParseFloat(string(value), 64)
		b.Append(x)
		return err
	case *array.StringBuilder:
		b.Append(string(value))
	}
	return nil
}
