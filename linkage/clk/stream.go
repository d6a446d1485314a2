package clk

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// stream hands batches from a channel to DuckDB. It is no iterator made of a
// coroutine: DuckDB pulls from a thread of its own, where those cannot run.
type stream struct {
	schema  *arrow.Schema
	batches <-chan arrow.RecordBatch
	current arrow.RecordBatch
	cause   func() error // why the batches ended, nil when all were sent
	ended   bool
}

// newStream offers a channel's batches as a reader, which releases them.
func newStream(schema *arrow.Schema, batches <-chan arrow.RecordBatch, cause func() error) *stream {
	return &stream{schema: schema, batches: batches, cause: cause}
}

var _ array.RecordReader = (*stream)(nil)

// Retain does nothing: who made the stream ends it, by drain.
func (s *stream) Retain() {}

// Release does nothing, as Retain.
func (s *stream) Release() {}

// Schema is that of every batch.
func (s *stream) Schema() *arrow.Schema { return s.schema }

// Next waits for the next batch.
func (s *stream) Next() bool {
	if s.current != nil {
		s.current.Release()
		s.current = nil
	}
	batch, ok := <-s.batches
	if !ok {
		s.ended = true
		return false
	}
	s.current = batch
	return true
}

// RecordBatch is the current batch, valid until Next.
func (s *stream) RecordBatch() arrow.RecordBatch { return s.current }

// Record is RecordBatch under its former name, which the interface still asks
// for.
func (s *stream) Record() arrow.RecordBatch { return s.current }

// Err says why the batches ended early.
func (s *stream) Err() error {
	if s.ended {
		return s.cause()
	}
	return nil
}

// drain takes what is left, until the channel is closed.
func (s *stream) drain() {
	for s.Next() {
	}
}
