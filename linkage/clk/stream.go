package clk

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"tre/internal/duck"
)

// newStream offers a channel's batches to DuckDB; that they ended early is told
// by the context.
func newStream(ctx context.Context, schema *arrow.Schema, batches <-chan arrow.RecordBatch) *duck.Stream {
	return duck.NewStream(schema, func() (arrow.RecordBatch, error) {
		if batch, more := <-batches; more {
			return batch, nil
		}
		return nil, context.Cause(ctx)
	})
}

// drain takes what is left, until the channel is closed.
func drain(s *duck.Stream) {
	for s.Next() {
	}
}
