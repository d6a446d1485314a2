package feed

import (
	"bytes"
	"io"
	"slices"
)

// The rules a record can break before it is divided into cells.
const (
	ruleTruncated      = "truncated"
	ruleLineTooLong    = "line_too_long"
	ruleBadQuote       = "bad_quote"
	ruleUnclosedQuote  = "unclosed_quote"
	ruleTooFewFields   = "too_few_fields"
	ruleTooManyFields  = "too_many_fields"
	ruleRepeatedHeader = "repeated_header"
)

const (
	blockBytes  = 256 << 10 // read at once: a block with its cells stays in a core's own cache
	maxRecord   = 16 << 20  // a record longer than this is set aside without being held
	maxColumns  = 4096      // of a header
	escapedFlag = 1 << 31   // in cell.end: quotes inside are doubled
)

// cell is where one value stands in a block's bytes.
type cell struct{ start, end uint32 }

// fault is a record that cannot be divided into the header's columns.
type fault struct {
	record int64
	rule   string
}

// records are the whole records of one block. Cells are row after row, as many
// to a row as the header has columns; they point into data, which belongs to
// the block until it is reset.
type records struct {
	data   []byte
	cells  []cell
	number []int64 // the record number of each row: 1 is the first after the header
	faults []fault
	count  int64 // rows and faults
}

func (r *records) reset() {
	r.cells, r.number, r.faults = r.cells[:0], r.number[:0], r.faults[:0]
	r.count = 0
}

// scanner divides delimited text (RFC 4180) into records without knowing what
// the columns mean. Where a quote is never closed or is followed by something
// that cannot follow it, only the line the record began on is at fault and
// reading resumes on the next line, so one stray quote never swallows a file.
type scanner struct {
	from      io.Reader
	delimiter byte
	quote     byte // 0 for none
	fields    int  // columns of the header; 0 until it was read
	header    []string
	carry     []byte // bytes after the last whole record of the block before
	record    int64  // records given so far, faults included
	blank     int64  // empty lines passed over
	read      int64  // bytes read so far
	ended     bool   // from has no more bytes
	skipping  bool   // inside a line that is too long to hold
}

func newScanner(from io.Reader, delimiter, quote byte) *scanner {
	return &scanner{from: from, delimiter: delimiter, quote: quote}
}

// readHeader reads the first record. It gives io.EOF when there are no bytes,
// and a rule when the record cannot be read.
func (s *scanner) readHeader() (rule string, err error) {
	var r records
	for {
		if err := s.grow(&r); err != nil {
			return "", err
		}
		if len(r.data) == 0 {
			return "", io.EOF
		}
		end, outcome := s.scan(&r, 0)
		switch {
		case outcome == scanCut && len(r.data) < maxRecord:
			continue
		case outcome == scanCut:
			return ruleLineTooLong, nil
		case outcome == scanBlank:
			outcome = ruleTooFewFields
		case outcome == "":
			for _, c := range r.cells {
				s.header = append(s.header, string(r.data[c.start:c.end]))
			}
			s.fields = len(s.header)
			s.carry = append(s.carry, r.data[end:]...)
		}
		return outcome, nil
	}
}

// next fills r with the next whole records, or gives io.EOF. Blocks depend on
// the bytes alone, not on how the source divides them into reads.
func (s *scanner) next(r *records) error {
	r.reset()
	if s.skipping {
		if err := s.skipLine(); err != nil {
			return err
		}
	}
	r.data = append(r.data[:0], s.carry...)
	s.carry = s.carry[:0]
	for {
		if err := s.grow(r); err != nil {
			return err
		}
		if len(r.data) == 0 {
			return io.EOF
		}
		end := s.scanAll(r)
		if end == 0 {
			if len(r.data) < maxRecord {
				continue
			}
			end = s.faultFirstLine(r)
		}
		s.carry = append(s.carry, r.data[end:]...)
		return nil
	}
}

// grow reads as many more bytes as r holds, at least a block.
func (s *scanner) grow(r *records) error {
	if s.ended {
		return nil
	}
	have := len(r.data)
	r.data = slices.Grow(r.data, max(blockBytes, have))[:have+max(blockBytes, have)]
	n, err := s.readFull(r.data[have:])
	r.data = r.data[:have+n]
	return err
}

func (s *scanner) readFull(into []byte) (int, error) {
	n, err := io.ReadFull(s.from, into)
	s.read += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		s.ended, err = true, nil
	}
	return n, err
}

// scanAll scans every whole record of r.data and tells where they end; 0 means
// that not even one is whole yet.
func (s *scanner) scanAll(r *records) (end int) {
	for end < len(r.data) {
		next, outcome := s.scan(r, end)
		switch outcome {
		case scanCut:
			return end
		case scanBlank:
			s.blank++
		case "":
			s.accept(r)
		default:
			s.fault(r, outcome)
		}
		end = next
	}
	return end
}

// faultFirstLine sets aside the line at the start of r, whose record is longer
// than any record may be, and tells where reading goes on.
func (s *scanner) faultFirstLine(r *records) (end int) {
	if line := bytes.IndexByte(r.data, '\n'); line >= 0 {
		s.fault(r, ruleUnclosedQuote)
		return line + 1
	}
	s.fault(r, ruleLineTooLong)
	s.skipping = true
	return len(r.data)
}

// skipLine passes over the rest of a line that is too long to hold.
func (s *scanner) skipLine() error {
	buffer := make([]byte, blockBytes)
	for !s.ended {
		n, err := s.readFull(buffer)
		if err != nil {
			return err
		}
		if line := bytes.IndexByte(buffer[:n], '\n'); line >= 0 {
			s.carry = append(s.carry[:0], buffer[line+1:n]...)
			break
		}
	}
	s.skipping = false
	return nil
}

func (s *scanner) accept(r *records) {
	s.record++
	r.count++
	if s.repeatsHeader(r) {
		r.cells = r.cells[:len(r.cells)-s.fields]
		r.faults = append(r.faults, fault{s.record, ruleRepeatedHeader})
		return
	}
	r.number = append(r.number, s.record)
}

func (s *scanner) fault(r *records, rule string) {
	s.record++
	r.count++
	r.faults = append(r.faults, fault{s.record, rule})
}

func (s *scanner) repeatsHeader(r *records) bool {
	row := r.cells[len(r.cells)-s.fields:]
	for i, c := range row {
		if string(r.data[c.start:c.end]) != s.header[i] {
			return false
		}
	}
	return true
}
