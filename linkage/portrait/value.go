package portrait

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tre/linkage/records"
)

// between stands between the values of a comparison of several columns.
const between = " · "

// show gives the values of two records as they are, or what may be said of
// them; "" for a side on which all are missing.
func (v *Viewer) show(columns []*records.Column, l, r int32) (left, right string) {
	var a, b []string
	anyLeft, anyRight := false, false
	for _, c := range columns {
		x, y := Value(c, l), Value(c, r)
		anyLeft, anyRight = anyLeft || x != "", anyRight || y != ""
		if !v.values {
			x, y = masked(c, l, r)
		}
		a, b = append(a, missing(x, len(columns))), append(b, missing(y, len(columns)))
	}
	if anyLeft {
		left = strings.Join(a, between)
	}
	if anyRight {
		right = strings.Join(b, between)
	}
	return left, right
}

// missing marks a value that is missing beside others of its side.
func missing(text string, of int) string {
	if text == "" && of > 1 {
		return "missing"
	}
	return text
}

// masked says how long two values are and whether they are the same.
func masked(c *records.Column, l, r int32) (left, right string) {
	left, right = measure(c, l), measure(c, r)
	if left != "" && c.Codes[l] == c.Codes[r] {
		right = "the same"
	}
	return left, right
}

func measure(c *records.Column, row int32) string {
	text := Value(c, row)
	if text == "" {
		return ""
	}
	switch c.Kind {
	case records.Date:
		return "a date"
	case records.Timestamp:
		return "a time"
	case records.Boolean:
		return "yes or no"
	case records.Whole, records.Real:
		return "a number"
	case records.TextList:
		return counted(len(c.Lists[c.Codes[row]]), "value", "values")
	case records.NumberList:
		return counted(len(c.Vectors[c.Codes[row]]), "number", "numbers")
	}
	return counted(utf8.RuneCountInString(text), "character", "characters")
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// Value is a record's value of a column as text; "" when there is none.
func Value(c *records.Column, row int32) string {
	if code := c.Codes[row]; code >= 0 {
		return valueOfCode(c, code)
	}
	return ""
}

func valueOfCode(c *records.Column, code int32) string {
	switch c.Kind {
	case records.Text:
		return c.Texts[code]
	case records.Date:
		return time.Unix(int64(c.Numbers[code]), 0).UTC().Format(time.DateOnly)
	case records.Timestamp:
		return time.Unix(int64(c.Numbers[code]), 0).UTC().Format("2006-01-02 15:04:05")
	case records.Boolean:
		return map[bool]string{true: "yes", false: "no"}[c.Numbers[code] != 0]
	case records.TextList:
		var all []string
		for _, e := range c.Lists[code] {
			if e >= 0 {
				all = append(all, c.Elements[e])
			}
		}
		return strings.Join(all, ", ")
	case records.NumberList:
		return counted(len(c.Vectors[code]), "number", "numbers")
	}
	return strconv.FormatFloat(c.Numbers[code], 'f', -1, 64)
}
