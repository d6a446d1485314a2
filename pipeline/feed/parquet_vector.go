package feed

import (
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// shape is the type of a Parquet column, chosen so that every reader knows it.
type shape uint8

const (
	textShape    shape = iota // BYTE_ARRAY, String
	keyShape                  // FIXED_LEN_BYTE_ARRAY(16), UUID
	integerShape              // INT64
	yearShape                 // INT32
	numberShape               // DOUBLE
	dayShape                  // INT32, Date
	instantShape              // INT64, Timestamp in microseconds of no zone
	booleanShape              // BOOLEAN
)

// vector is one column of a batch of rows on its way to a Parquet file. Texts
// point into the block they were read from.
type vector struct {
	name     string
	shape    shape
	required bool
	levels   []int16 // 1 where a value stands; unused when required
	texts    []parquet.ByteArray
	keys     []parquet.FixedLenByteArray
	hashes   [][16]byte // what keys point to
	ints     []int64
	days     []int32
	floats   []float64
	booleans []bool
}

func (v *vector) reset() {
	v.levels, v.texts, v.keys, v.hashes = v.levels[:0], v.texts[:0], v.keys[:0], v.hashes[:0]
	v.ints, v.days, v.floats, v.booleans = v.ints[:0], v.days[:0], v.floats[:0], v.booleans[:0]
}

func (v *vector) null() { v.levels = append(v.levels, 0) }

func (v *vector) text(b []byte) {
	v.levels = append(v.levels, 1)
	v.texts = append(v.texts, b)
}

// textOrNull writes "" as null: nothing here means an empty text.
func (v *vector) textOrNull(s string) {
	if s == "" {
		v.null()
		return
	}
	v.text([]byte(s))
}

func (v *vector) key(k [16]byte) {
	v.levels = append(v.levels, 1)
	v.hashes = append(v.hashes, k)
	v.keys = append(v.keys, v.hashes[len(v.hashes)-1][:])
}

func (v *vector) integer(n int64) {
	v.levels = append(v.levels, 1)
	v.ints = append(v.ints, n)
}

// day writes a date, or the small integer of a yearShape.
func (v *vector) day(n int32) {
	v.levels = append(v.levels, 1)
	v.days = append(v.days, n)
}

func (v *vector) number(f float64) {
	v.levels = append(v.levels, 1)
	v.floats = append(v.floats, f)
}

func (v *vector) boolean(b bool) {
	v.levels = append(v.levels, 1)
	v.booleans = append(v.booleans, b)
}

// node gives the column's place in the file's schema.
func (v *vector) node() (schema.Node, error) {
	repetition := parquet.Repetitions.Optional
	if v.required {
		repetition = parquet.Repetitions.Required
	}
	var logical schema.LogicalType = schema.NoLogicalType{}
	physical, length := parquet.Types.ByteArray, -1
	switch v.shape {
	case textShape:
		logical = schema.StringLogicalType{}
	case keyShape:
		logical, physical, length = schema.UUIDLogicalType{}, parquet.Types.FixedLenByteArray, 16
	case integerShape:
		physical = parquet.Types.Int64
	case yearShape:
		physical = parquet.Types.Int32
	case numberShape:
		physical = parquet.Types.Double
	case dayShape:
		logical, physical = schema.DateLogicalType{}, parquet.Types.Int32
	case instantShape:
		logical, physical = schema.NewTimestampLogicalType(false, schema.TimeUnitMicros), parquet.Types.Int64
	case booleanShape:
		physical = parquet.Types.Boolean
	}
	return schema.NewPrimitiveNodeLogical(v.name, repetition, logical, physical, length, -1)
}
