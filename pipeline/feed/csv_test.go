package feed

import (
	"bytes"
	"encoding/csv"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// scanText reads text whole: the header, the rows as texts, the faults.
func scanText(from io.Reader, delimiter, quote byte) (header []string, rows [][]string, faults []fault, err error) {
	s := newScanner(from, delimiter, quote)
	rule, err := s.readHeader()
	if err != nil || rule != "" {
		return nil, nil, []fault{{0, rule}}, err
	}
	var r records
	for {
		if err := s.next(&r); err == io.EOF {
			return s.header, rows, faults, nil
		} else if err != nil {
			return nil, nil, nil, err
		}
		for i := range r.number {
			row := make([]string, s.fields)
			for c := range row {
				at := r.cells[i*s.fields+c]
				row[c] = string(r.data[at.start:at.end])
			}
			rows = append(rows, row)
		}
		faults = append(faults, r.faults...)
	}
}

// What a standard writer writes is read as a standard reader reads it.
func TestScannerAgreesWithTheStandardReader(t *testing.T) {
	cellText := rapid.OneOf(rapid.StringMatching(`[a-c0-9 ,|"é\n\r]{0,8}`), rapid.Just(""), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.IntRange(2, 5).Draw(t, "fields")
		table := rapid.SliceOfN(rapid.SliceOfN(cellText, fields, fields), 1, 8).Draw(t, "table")
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		if err := w.WriteAll(table); err != nil {
			t.Skip(err)
		}
		input := text.Bytes()
		if rapid.Bool().Draw(t, "no final newline") {
			input = bytes.TrimRight(input, "\r\n")
		}
		reader := csv.NewReader(bytes.NewReader(input))
		reader.FieldsPerRecord = fields
		want, err := reader.ReadAll()
		if err != nil || len(want) == 0 || repeatsHeader(want) {
			t.Skip("not well formed", err)
		}
		header, rows, faults, err := scanText(iotest.OneByteReader(bytes.NewReader(bytes.Clone(input))), ',', '"')
		if err != nil || len(faults) > 0 {
			t.Fatalf("faults %v, error %v", faults, err)
		}
		got := append([][]string{header}, rows...)
		normalise(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// normalise writes every line end inside a value as a newline, as the standard
// reader does.
func normalise(table [][]string) {
	for _, row := range table {
		for i := range row {
			row[i] = strings.ReplaceAll(row[i], "\r\n", "\n")
		}
	}
}

// repeatsHeader reports a row like the first, which the scanner sets aside.
func repeatsHeader(table [][]string) bool {
	return slices.ContainsFunc(table[1:], func(row []string) bool { return slices.Equal(row, table[0]) })
}

func TestScannerReadsWithoutQuotes(t *testing.T) {
	_, rows, faults, err := scanText(strings.NewReader("a|b\n\"x|5\" nail\n"), '|', 0)
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	if d := cmp.Diff([][]string{{`"x`, `5" nail`}}, rows); d != "" {
		t.Error(d)
	}
}

func TestScannerResumesOnTheNextLine(t *testing.T) {
	tests := []struct {
		name, text string
		rows       [][]string
		faults     []fault
	}{
		{"quote followed by text", "a,b\n\"1\"x,2\n3,4\n", [][]string{{"3", "4"}}, []fault{{1, ruleBadQuote}}},
		{"unclosed, closed by the next line's quote", "a,b\n1,\"2\n\"3\",4\n5,6\n", [][]string{{"3", "4"}, {"5", "6"}}, []fault{{1, ruleBadQuote}}},
		{"unclosed to the end", "a,b\n1,\"2\n3,4\n5,6\n", [][]string{{"3", "4"}, {"5", "6"}}, []fault{{1, ruleUnclosedQuote}}},
		{"short last row", "a,b\n1,2\n3", [][]string{{"1", "2"}}, []fault{{2, ruleTruncated}}},
		{"whole last row", "a,b\n1,2\n3,", [][]string{{"1", "2"}, {"3", ""}}, nil},
		{"quote in a plain value", "a,b\n1,5\" nail\n", [][]string{{"1", `5" nail`}}, nil},
		{"one column", "a\n\n1\n\"\"\n", [][]string{{"1"}, {""}}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, rows, faults, err := scanText(strings.NewReader(test.text), ',', '"')
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.rows, rows); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(test.faults, faults, cmp.AllowUnexported(fault{})); d != "" {
				t.Error(d)
			}
		})
	}
}

// endless gives the same byte for as long as it is asked to.
type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.left)
	e.left -= n
	return int(n), nil
}

func TestTrapTenGigabyteLine(t *testing.T) {
	from := io.MultiReader(strings.NewReader("a,b\n1,2\n"), &endless{left: 10 << 30}, strings.NewReader("\n3,4\n"))
	_, rows, faults, err := scanText(from, ',', '"')
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]string{{"1", "2"}, {"3", "4"}}, rows); d != "" {
		t.Error(d)
	}
	if len(faults) != 1 || faults[0] != (fault{2, ruleLineTooLong}) {
		t.Errorf("faults %v", faults)
	}
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	if held := after.HeapSys; held > 512<<20 {
		t.Errorf("the line took %d MiB", held>>20)
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"", "a,b\n1,2\n", "a\n\"\n", "a,b\r\n\"1\"\"\",\"x\ny\"\r\n", "\"a\",b\n1,\"2\n3,4", "a,b\n\n\r\n,\n"} {
		f.Add([]byte(seed), byte(','), byte('"'))
	}
	f.Fuzz(func(t *testing.T, text []byte, delimiter, quote byte) {
		if delimiter == quote || delimiter == '\n' || quote == '\n' || delimiter == '\r' || quote == '\r' {
			t.Skip()
		}
		header, rows, faults, err := scanText(bytes.NewReader(bytes.Clone(text)), delimiter, quote)
		slow, slowRows, slowFaults, slowErr := scanText(iotest.OneByteReader(bytes.NewReader(bytes.Clone(text))), delimiter, quote)
		if err != slowErr || !cmp.Equal(header, slow) || !cmp.Equal(rows, slowRows) || len(faults) != len(slowFaults) {
			t.Fatal("reading depends on how the bytes arrive")
		}
		if lines := bytes.Count(text, []byte("\n")) + 1; err == nil && len(rows)+len(faults) > lines {
			t.Fatalf("%d records from %d lines", len(rows)+len(faults), lines)
		}
		for _, row := range rows {
			if len(row) != len(header) {
				t.Fatal("a row of another width")
			}
		}
	})
}
