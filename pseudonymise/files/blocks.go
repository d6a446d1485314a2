package files

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"tre/internal/problem"
)

// block is some whole rows of a file, and what came of them.
type block struct {
	data []byte // as read
	text []byte // in UTF-8
	out  []byte
	tally
	done chan struct{}
}

// source cuts a CSV file into blocks.
type source struct {
	file      *os.File
	name      string
	delimiter byte
	size      int
	western   bool
	rest      []byte // read and not yet in a block
	ended     bool
	lines     int64 // before rest: of the header
}

func openSource(o Options) (*source, error) {
	file, err := os.Open(o.In)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "make the file readable", "cannot read %s", o.In)
	}
	return &source{file: file, name: o.In, delimiter: o.Delimiter, size: o.BlockBytes, western: o.Encoding == "windows-1252"}, nil
}

func (s *source) close() error { return s.file.Close() }

// rewind begins again, before the header.
func (s *source) rewind() error {
	s.rest, s.ended, s.lines = nil, false, 0
	_, err := s.file.Seek(0, io.SeekStart)
	return err
}

// read gives whole rows in buffer, or no bytes at the end of the file.
func (s *source) read(buffer []byte) ([]byte, error) {
	buffer = append(buffer[:0], s.rest...)
	for {
		if !s.ended {
			room := len(buffer) + max(s.size, len(buffer)) // a long row: twice as much each time
			if cap(buffer) < room {
				buffer = append(make([]byte, 0, room), buffer...)
			}
			n, err := io.ReadFull(s.file, buffer[len(buffer):room])
			buffer = buffer[:len(buffer)+n]
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				s.ended = true
			} else if err != nil {
				return nil, problem.Wrap(err, problem.Failed, "", "cannot read %s", s.name)
			}
		}
		if end := boundary(buffer, s.delimiter, !s.ended); end > 0 || s.ended {
			s.rest = append(s.rest[:0], buffer[end:]...)
			if s.ended {
				s.rest = s.rest[:0]
			}
			return buffer[:end], nil
		}
		if len(buffer) > 2*maxRecord {
			return nil, problem.New(problem.Failed, "is it CSV?", "%s: a line is longer than %d bytes", s.name, 2*maxRecord)
		}
	}
}

// header reads the first row.
func (s *source) header() ([]string, error) {
	data, err := s.read(nil)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return nil, usage("%s: the file is UTF-16; save it as UTF-8", s.name)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	spans, next, rule := fields(data, 0, s.delimiter, nil)
	if rule != "" || len(bytes.TrimSpace(data[:next])) == 0 {
		return nil, usage("%s: line 1: there is no header", s.name)
	}
	var names []string
	for _, f := range spans {
		said, _ := value(data[f.from:f.to], nil)
		said = s.utf8(nil, said)
		if !utf8.Valid(said) {
			return nil, usage("%s: line 1: the header is not UTF-8: is it windows-1252? give --encoding", s.name)
		}
		names = append(names, string(said))
	}
	s.lines = int64(bytes.Count(data[:next], []byte{'\n'}))
	s.rest = append(bytes.Clone(data[next:]), s.rest...)
	return names, nil
}

// utf8 gives data in UTF-8, in buffer if it is not that already.
func (s *source) utf8(buffer, data []byte) []byte {
	if !s.western || isASCII(data) {
		return data
	}
	buffer = buffer[:0]
	for _, b := range data {
		if b < utf8.RuneSelf {
			buffer = append(buffer, b)
			continue
		}
		buffer = utf8.AppendRune(buffer, charmap.Windows1252.DecodeByte(b))
	}
	return buffer
}

func isASCII(data []byte) bool {
	for _, b := range data {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// blocks gives every block, in order, to work and to pending, until the end or
// an error, and closes both.
func (s *source) blocks(ctx context.Context, free <-chan *block, work, pending chan<- *block) error {
	defer close(work)
	defer close(pending)
	for {
		var b *block
		select {
		case b = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		data, err := s.read(b.data)
		if err != nil || len(data) == 0 {
			return err
		}
		b.data, b.done = data, make(chan struct{})
		pending <- b
		work <- b
	}
}

// headerLine writes names as the first row.
func headerLine(names []string, delimiter byte) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Comma = rune(delimiter)
	if err := w.Write(names); err != nil {
		return nil, err
	}
	w.Flush()
	return out.Bytes(), w.Error()
}
