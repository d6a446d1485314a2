package compare

import (
	"math"
	"strconv"
	"strings"
	"time"

	"tre/linkage/records"
)

// value is one value of an expression over one record. Times are seconds since
// 1970.
type value struct {
	kind    records.Kind
	isKnown bool // false is SQL's NULL
	text    string
	number  float64
	list    []string
	vector  []float64
}

func textOf(s string) value       { return value{kind: records.Text, isKnown: true, text: s} }
func numberOf(n float64) value    { return value{kind: records.Real, isKnown: true, number: n} }
func wholeOf(n int) value         { return value{kind: records.Whole, isKnown: true, number: float64(n)} }
func timestampOf(n float64) value { return value{kind: records.Timestamp, isKnown: true, number: n} }

func truthOf(b bool) value {
	v := value{kind: records.Boolean, isKnown: true}
	if b {
		v.number = 1
	}
	return v
}

func (v value) isTrue() bool  { return v.isKnown && v.number != 0 }
func (v value) isFalse() bool { return v.isKnown && v.number == 0 }

// isNumeric says that a value is compared and calculated as a number.
func (v value) isNumeric() bool {
	return v.kind != records.Text && v.kind != records.TextList && v.kind != records.NumberList
}

// printed is the value as CAST(… AS TEXT) prints it.
func (v value) printed() string {
	switch v.kind {
	case records.Text:
		return v.text
	case records.Whole:
		return strconv.FormatInt(int64(v.number), 10)
	case records.Boolean:
		return strconv.FormatBool(v.number != 0)
	case records.Date:
		return timeOf(v.number).Format(time.DateOnly)
	case records.Timestamp:
		return timeOf(v.number).Format("2006-01-02 15:04:05.999999")
	case records.Real:
		return printedReal(v.number)
	}
	return ""
}

// printedReal prints with an exponent below 1e-4 and from 1e16 on, else with at
// least one decimal.
func printedReal(n float64) string {
	if size := math.Abs(n); size != 0 && (size < 1e-4 || size >= 1e16) || math.IsNaN(n) {
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(n, 'e', -1, 64), "+"))
	}
	s := strconv.FormatFloat(n, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func timeOf(seconds float64) time.Time {
	whole := int64(seconds)
	return time.Unix(whole, int64((seconds-float64(whole))*1e9)).UTC()
}

// at gives the value a column has in a row.
func at(c *records.Column, row int32) value { return valueOf(c, c.Codes[row]) }

// valueOf gives a value of a column's dictionary.
func valueOf(c *records.Column, code int32) value {
	if code < 0 {
		return value{kind: c.Kind}
	}
	v := value{kind: c.Kind, isKnown: true}
	switch c.Kind {
	case records.Text:
		v.text = c.Texts[code]
	case records.TextList:
		for _, element := range c.Lists[code] {
			v.list = append(v.list, c.Elements[element])
		}
	case records.NumberList:
		v.vector = c.Vectors[code]
	default:
		v.number = c.Numbers[code]
	}
	return v
}
