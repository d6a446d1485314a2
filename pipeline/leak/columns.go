package leak

import (
	"bytes"
	"slices"
	"strings"

	"tre/internal/pattern"
)

// columnForm is what a column's name looks like; a header of other forms is
// not repeated.
var columnForm = pattern.New(`^[A-Za-z_][A-Za-z0-9_ .()/-]{0,79}$`)

// columns finds the column of a place in a line.
type columns struct {
	delimiter byte
	names     []string
}

// columnsOf guesses the delimiter from the first two lines. Files called
// *.csv need one line.
func columnsOf(head []byte, extension string) columns {
	first, rest, found := bytes.Cut(head, []byte("\n"))
	second, _, _ := bytes.Cut(rest, []byte("\n"))
	first = bytes.TrimPrefix(first, []byte("\xef\xbb\xbf"))
	table := slices.Contains([]string{".csv", ".tsv", ".psv", ".dat"}, strings.ToLower(extension))
	best, most := byte(0), 0
	for _, d := range []byte(",;\t|") {
		n := fieldsOf(first, d) - 1
		if n > most && (table || found && n >= 2 && fieldsOf(second, d)-1 == n) {
			best, most = d, n
		}
	}
	c := columns{delimiter: best}
	if best != 0 {
		for _, name := range bytes.Split(first, []byte{best}) {
			c.names = append(c.names, string(bytes.Trim(name, "\" \r")))
		}
	}
	return c
}

func fieldsOf(line []byte, delimiter byte) int {
	n, quoted := 1, false
	for _, b := range line {
		switch {
		case b == '"':
			quoted = !quoted
		case b == delimiter && !quoted:
			n++
		}
	}
	return n
}

// locate sets a hit's column, and whether it fills it.
func (c columns) locate(line []byte, h *hit) {
	if line == nil || int(h.end) > len(line) {
		return
	}
	h.column = int32(fieldsOf(line[:h.start], c.delimiter) - 1)
	before, after := bytes.TrimRight(line[:h.start], `" `), bytes.TrimLeft(line[h.end:], "\" \r")
	h.whole = (len(before) == 0 || before[len(before)-1] == c.delimiter) && (len(after) == 0 || after[0] == c.delimiter)
}
