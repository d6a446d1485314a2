package records

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// encoder turns Arrow arrays of one column into codes.
type encoder struct {
	column   *Column
	values   *dictionary // of the value's bytes: text, 8 bytes of a number, or element codes of a list
	elements *dictionary // of a list's elements; nil where there are none
	scratch  []byte
}

func newEncoder(name string, kind Kind) *encoder {
	e := &encoder{column: &Column{Name: name, Kind: kind}, values: newDictionary()}
	if kind == TextList {
		e.elements = newDictionary()
	}
	return e
}

// add encodes a batch.
func (e *encoder) add(values arrow.Array) {
	codes := e.column.Codes
	for row := range values.Len() {
		if values.IsNull(row) {
			codes = append(codes, -1)
			continue
		}
		codes = append(codes, e.values.code(e.bytes(values, row)))
	}
	e.column.Codes = codes
}

// bytes gives what tells one value from another. It is valid until the next call.
func (e *encoder) bytes(values arrow.Array, row int) []byte {
	switch v := values.(type) {
	case *array.String:
		text := v.Value(row)
		return unsafe.Slice(unsafe.StringData(text), len(text))
	case *array.Int64:
		return e.number(uint64(v.Value(row)))
	case *array.Float64:
		// 0 and -0 are one value, as they are in SQL.
		return e.number(math.Float64bits(v.Value(row) + 0))
	case *array.List:
		return e.list(v, row)
	}
	panic("column read as a type nobody asked for: " + values.DataType().String())
}

func (e *encoder) number(bits uint64) []byte {
	e.scratch = binary.LittleEndian.AppendUint64(e.scratch[:0], bits)
	return e.scratch
}

// list spells a list: codes of its texts, or the bits of its numbers. A null
// element equals nothing and is left out.
func (e *encoder) list(v *array.List, row int) []byte {
	from, to := v.ValueOffsets(row)
	e.scratch = e.scratch[:0]
	for at := int(from); at < int(to); at++ {
		switch elements := v.ListValues().(type) {
		case *array.String:
			if !elements.IsNull(at) {
				e.scratch = binary.LittleEndian.AppendUint32(e.scratch, uint32(e.elements.code([]byte(elements.Value(at)))))
			}
		case *array.Float64:
			if !elements.IsNull(at) {
				e.scratch = binary.LittleEndian.AppendUint64(e.scratch, math.Float64bits(elements.Value(at)))
			}
		}
	}
	return e.scratch
}

// finish orders the dictionary by first appearance in the order of rows, which
// does not depend on how the reader's threads took turns, and gives the column.
func (e *encoder) finish(order []int32) *Column {
	c := e.column
	codes := c.Codes
	if order != nil {
		codes = make([]int32, len(order))
	}
	renamed := make([]int32, len(e.values.values)) // one more than the new code; 0 while there is none
	values := make([]string, 0, len(renamed))
	c.Counts, c.Known = make([]int32, len(renamed)), 0
	for row := range codes {
		code := int32(-1)
		if order == nil {
			code = c.Codes[row]
		} else {
			code = c.Codes[order[row]]
		}
		if code >= 0 {
			if renamed[code] == 0 {
				values = append(values, e.values.values[code])
				renamed[code] = int32(len(values))
			}
			code = renamed[code] - 1
			c.Counts[code]++
			c.Known++
		}
		codes[row] = code
	}
	c.Codes, c.Counts = codes, c.Counts[:len(values)]
	e.spell(values)
	return c
}

// spell turns the dictionary's bytes back into values.
func (e *encoder) spell(values []string) {
	c := e.column
	switch c.Kind {
	case Text:
		c.Texts = values
	case TextList:
		c.Elements = e.elements.values
		c.Lists = make([][]int32, len(values))
		for code, value := range values {
			for at := 0; at < len(value); at += 4 {
				c.Lists[code] = append(c.Lists[code], int32(binary.LittleEndian.Uint32([]byte(value[at:at+4]))))
			}
		}
	case NumberList:
		c.Vectors = make([][]float64, len(values))
		for code, value := range values {
			for at := 0; at < len(value); at += 8 {
				c.Vectors[code] = append(c.Vectors[code], float(value[at:at+8]))
			}
		}
	default:
		c.Numbers = make([]float64, len(values))
		for code, value := range values {
			c.Numbers[code] = float(value)
			if c.Kind == Whole || c.Kind == Boolean {
				c.Numbers[code] = float64(int64(binary.LittleEndian.Uint64([]byte(value))))
			}
		}
	}
}

func float(bits string) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64([]byte(bits)))
}
