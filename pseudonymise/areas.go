package pseudonymise

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"tre/internal/problem"
)

// Areas maps postcodes to their small areas, Lower layer Super Output Areas of
// both censuses, in 16 bytes a postcode: 2 million postcodes take about 40 MB,
// and twice that while they are read. It is safe for concurrent use.
type Areas struct {
	rows  []areaRow // by postcode
	names []string  // area codes; the first is ""
}

type areaRow struct {
	postcode           uint64 // packed
	lsoa2011, lsoa2021 uint32 // into names
}

// Len is the number of postcodes.
func (a *Areas) Len() int { return len(a.rows) }

// Lookup gives the areas of a postcode as NormalisePostcode wrote it. An area
// that is not known for a known postcode is "".
func (a *Areas) Lookup(postcode string) (lsoa2011, lsoa2021 string, known bool) {
	packed, ok := packPostcode(postcode)
	if !ok {
		return "", "", false
	}
	i, known := slices.BinarySearchFunc(a.rows, packed, func(r areaRow, p uint64) int { return cmp.Compare(r.postcode, p) })
	if !known {
		return "", "", false
	}
	return a.names[a.rows[i].lsoa2011], a.names[a.rows[i].lsoa2021], true
}

// ReadAreas reads CSV with a header naming postcode, lsoa_2011 and lsoa_2021,
// in any order and beside other columns. It refuses a postcode without a valid
// form and one that is listed twice with different areas; empty areas and the
// published codes for none (Z99999999, E99999999 and the like) become "".
func ReadAreas(from io.Reader) (*Areas, error) {
	reader := csv.NewReader(from)
	reader.ReuseRecord = true
	columns, err := areaColumns(reader)
	if err != nil {
		return nil, err
	}
	a := &Areas{names: []string{""}}
	numbers := map[string]uint32{"": 0}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, refuseAreas("line %d: not CSV with the header's columns", parse.Line)
		}
		if err != nil {
			return nil, fmt.Errorf("areas: %w", err)
		}
		postcode, quality := NormalisePostcode([]byte(record[columns[0]]))
		packed, ok := packPostcode(postcode)
		if quality != ValidPostcode && quality != PseudoPostcode || !ok {
			line, _ := reader.FieldPos(0)
			return nil, refuseAreas("line %d: column postcode: not a postcode", line)
		}
		a.rows = append(a.rows, areaRow{packed, a.number(numbers, record[columns[1]]), a.number(numbers, record[columns[2]])})
	}
	return a, a.settle()
}

func areaColumns(reader *csv.Reader) (at [3]int, err error) {
	header, err := reader.Read()
	if err != nil {
		return at, refuseAreas("line 1: no header")
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	for i, name := range []string{"postcode", "lsoa_2011", "lsoa_2021"} {
		if at[i] = slices.Index(header, name); at[i] < 0 {
			return at, refuseAreas("line 1: no column %s", name)
		}
	}
	return at, nil
}

// number gives an area code its place in names.
func (a *Areas) number(numbers map[string]uint32, code string) uint32 {
	code = strings.TrimSpace(code)
	if strings.HasSuffix(code, "99999999") {
		code = ""
	}
	n, known := numbers[code]
	if !known {
		code = strings.Clone(code) // the record's memory is the reader's
		n = uint32(len(a.names))
		a.names = append(a.names, code)
		numbers[code] = n
	}
	return n
}

// settle sorts the postcodes and drops exact repeats.
func (a *Areas) settle() error {
	slices.SortFunc(a.rows, func(x, y areaRow) int {
		return cmp.Or(cmp.Compare(x.postcode, y.postcode), cmp.Compare(x.lsoa2011, y.lsoa2011), cmp.Compare(x.lsoa2021, y.lsoa2021))
	})
	a.rows = slices.Compact(a.rows)
	for i := 1; i < len(a.rows); i++ {
		if a.rows[i].postcode == a.rows[i-1].postcode {
			return refuseAreas("a postcode is listed twice with different areas")
		}
	}
	return nil
}

// packPostcode turns up to seven letters and figures into a number that sorts
// as they do.
func packPostcode(postcode string) (packed uint64, ok bool) {
	n := 0
	for i := range len(postcode) {
		c := postcode[i]
		switch {
		case c == ' ':
			continue
		case isFigure(c):
			packed = packed*37 + uint64(c-'0') + 1
		case c >= 'A' && c <= 'Z':
			packed = packed*37 + uint64(c-'A') + 11
		default:
			return 0, false
		}
		n++
	}
	return packed, n >= shortestPostcode && n <= longestPostcode
}

func refuseAreas(format string, args ...any) error {
	return problem.New(problem.Failed, "put a CSV file with the columns postcode, lsoa_2011 and lsoa_2021 into the geography pack",
		"areas: "+format, args...)
}
