package reidentify

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"tre/internal/problem"
)

const (
	pseudonymColumn = "pseudonym"
	numberColumn    = "nhs_number"

	// LargestList is the size in bytes beyond which a list is not read.
	LargestList = 32 << 20

	longestValue = 256 // bytes of a value that passes
)

// List is a list of pseudonyms with the columns that pass beside them. It holds
// no more rows than its approval allows.
type List struct {
	columns []string // as the approval names them
	rows    []listRow
}

type listRow struct {
	pseudonym uuid.UUID
	passed    []string // a value for each column
}

// ParseList reads a list, as CSV or, where it begins as such a file does, as
// Parquet. It needs a column pseudonym and those the approval lets pass; all
// others are not read on. What is wrong with it is said by row and column
// (exit code 64), and more rows than most are refused with exit code 4.
func ParseList(data []byte, columns []string, most int) (*List, error) {
	if len(data) > LargestList {
		return nil, wrongList("the file is too large")
	}
	table := readCSV
	if bytes.HasPrefix(data, []byte("PAR1")) {
		table = readParquet
	}
	l := &List{columns: columns}
	seen := map[uuid.UUID]bool{}
	err := table(data, append([]string{pseudonymColumn}, columns...), most, func(row int, values []string) error {
		if row > most {
			return refuse("split the list, or ask for an approval of more", "the list holds more pseudonyms than the approval allows: %d", most)
		}
		// Parse takes other forms too, which a list has no reason to use.
		id, err := uuid.Parse(values[0])
		if err != nil || len(values[0]) != len(uuid.Nil.String()) {
			return wrongList("row %d, column %s: no pseudonym, which is a UUID", row, pseudonymColumn)
		}
		if seen[id] {
			return wrongList("row %d, column %s: it stands in an earlier row too", row, pseudonymColumn)
		}
		seen[id] = true
		for i, value := range values[1:] {
			if rule := unfit(value); rule != "" {
				return wrongList("row %d, column %s: %s", row, columns[i], rule)
			}
		}
		l.rows = append(l.rows, listRow{id, slices.Clone(values[1:])})
		return nil
	})
	if err == nil && len(l.rows) == 0 {
		err = wrongList("it has no rows")
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

func wrongList(format string, args ...any) error {
	return problem.New(problem.Usage, "docs/re-identification.md says what a list looks like", "the list cannot be used: "+format, args...)
}

// unfit says why a value may not pass: a spreadsheet would take it for a
// formula, or a line would end inside it.
func unfit(value string) string {
	switch {
	case len(value) > longestValue:
		return "too long to pass"
	case !utf8.ValidString(value):
		return "not UTF-8"
	case strings.ContainsFunc(value, unicode.IsControl):
		return "it holds control characters"
	case value != "" && strings.ContainsRune("=+-@", rune(value[0])):
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return "a spreadsheet would take it for a formula"
		}
	}
	return ""
}

// places finds the columns wanted in a header: each once.
func places(header, wanted []string) ([]int, error) {
	at := make([]int, len(wanted))
	for i, name := range wanted {
		at[i] = slices.Index(header, name)
		if at[i] < 0 {
			return nil, wrongList("column %s is missing", name)
		}
		if slices.Contains(header[at[i]+1:], name) {
			return nil, wrongList("column %s stands there twice", name)
		}
	}
	return at, nil
}

// readCSV gives the wanted columns of each row, counted from 1.
func readCSV(data []byte, wanted []string, _ int, use func(row int, values []string) error) error {
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return wrongList("it has no header")
	}
	at, err := places(header, wanted)
	if err != nil {
		return err
	}
	values := make([]string, len(at))
	for row := 1; ; row++ {
		record, err := in.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil: // not shown: it is ours to say what is wrong, by row
			return wrongList("row %d: its quotes are not closed, or it has more or fewer fields than the header", row)
		}
		for i, place := range at {
			values[i] = record[place]
		}
		if err := use(row, values); err != nil {
			return err
		}
	}
}
