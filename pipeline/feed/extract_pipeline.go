package feed

import (
	"context"
	"io"
	"sync"
)

// pipeline moves blocks from one scanner through several workers to one
// writer. A fixed number of blocks circulates, which bounds memory; the writer
// takes them in the scanner's order.
type pipeline struct {
	free    chan *block
	work    chan *block
	ordered chan *block
}

func newPipeline(workers int) *pipeline {
	blocks := 4 * workers
	p := &pipeline{free: make(chan *block, blocks), work: make(chan *block, blocks), ordered: make(chan *block, blocks)}
	for range blocks {
		p.free <- &block{done: make(chan struct{}, 1)}
	}
	return p
}

// run returns when every block was written or at the first error.
func (p *pipeline) run(ctx context.Context, s *scanner, base int64, splitters []*splitter, write func(*block) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	var scanErr error
	group.Go(func() {
		defer close(p.work)
		defer close(p.ordered)
		scanErr = p.scan(ctx, s, base)
	})
	for _, splitter := range splitters {
		group.Go(func() {
			for b := range p.work {
				splitter.check(b)
				splitter.split(b)
				b.done <- struct{}{}
			}
		})
	}
	var writeErr error
	for b := range p.ordered {
		<-b.done
		if writeErr == nil {
			if writeErr = write(b); writeErr != nil {
				cancel()
			}
		}
		p.free <- b
	}
	group.Wait()
	if writeErr != nil {
		return writeErr
	}
	return scanErr
}

// scan fills free blocks until the file ends.
func (p *pipeline) scan(ctx context.Context, s *scanner, base int64) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b := <-p.free:
			err := s.next(&b.records)
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			b.base, b.endsAt = base, s.read
			p.work <- b
			p.ordered <- b
		}
	}
}
