package duck

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/internal/pattern"
)

// Stream offers Arrow batches to WithView while they are made. It is no
// iterator made of a coroutine: DuckDB pulls from a thread of its own, where
// those cannot run.
type Stream struct {
	schema *arrow.Schema
	next   func() (arrow.RecordBatch, error)
	now    arrow.RecordBatch
	err    error
}

var _ array.RecordReader = (*Stream)(nil)

// NewStream makes a stream of what next gives, until it gives no batch. An
// error makes DuckDB give the query up. The stream releases the batches.
func NewStream(schema *arrow.Schema, next func() (arrow.RecordBatch, error)) *Stream {
	return &Stream{schema: schema, next: next}
}

// Retain does nothing: whoever made the stream ends it.
func (s *Stream) Retain() {}

// Release does nothing, as Retain.
func (s *Stream) Release() {}

// Schema is that of every batch.
func (s *Stream) Schema() *arrow.Schema { return s.schema }

// Next asks for the next batch, and says whether there is one.
func (s *Stream) Next() bool {
	if s.now != nil {
		s.now.Release()
		s.now = nil
	}
	s.now, s.err = s.next()
	return s.now != nil
}

// RecordBatch is the batch Next found, valid until the next call of it.
func (s *Stream) RecordBatch() arrow.RecordBatch { return s.now }

// Record is RecordBatch under its former name, which the interface still asks
// for.
func (s *Stream) Record() arrow.RecordBatch { return s.now }

// Err says why the batches ended early.
func (s *Stream) Err() error { return s.err }

// CSVText is a CSV file as a relation in SQL, every column as text, an empty
// field as NULL. Nothing of it is left to be guessed: a guessed header may be a
// row, and its names would be values.
func CSVText(path, delimiter string) string {
	return "read_csv(" + Text(path) + ", delim = " + Text(delimiter) +
		`, quote = '"', escape = '"', skip = 0, header = true, all_varchar = true, nullstr = '')`
}

var csvLine = pattern.New(`(?i)\bline:? (\d+)`)

// LineOf gives the line of a CSV file that an error is about, or "". The error's
// own text quotes the line, and is not for showing.
func LineOf(err error) string {
	if found := csvLine.FindStringSubmatch(err.Error()); found != nil {
		return found[1]
	}
	return ""
}
