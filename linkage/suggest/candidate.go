package suggest

import (
	"context"
	"sync"
	"sync/atomic"

	"tre/linkage/block"
	"tre/linkage/model"
	"tre/linkage/records"
)

// candidate is a rule that could be proposed: some atoms, all of which agree.
type candidate struct {
	atoms []int
	mask  uint64
	pairs int64   // it makes by itself
	finds float64 // weight of the matches that agree

	offers []pattern // its pairs by all the atoms on which they agree, each pattern weighed by its share
	drawn  int       // pairs that the shares come from; 0 when it is all of them
}

// search finds the candidates.
type search struct {
	table    *records.Table
	link     model.LinkType
	atoms    []atom
	patterns []pattern
	maxKeys  int
	budget   int64
	enough   int64   // a rule of so few pairs is not narrowed
	least    float64 // matches a candidate must find
}

// candidates gives every conjunction of atoms, one of a column, whose pairs are
// within the budget and which finds matches worth it. Rows are grouped by one
// atom more at a time; a conjunction that already makes few pairs is not
// narrowed, for it would only lose matches.
func (s *search) candidates(ctx context.Context, workers int) ([]candidate, error) {
	found := make([][]candidate, len(s.atoms))
	var next atomic.Int64
	var all sync.WaitGroup
	for range max(workers, 1) {
		all.Go(func() {
			for ctx.Err() == nil {
				at := int(next.Add(1)) - 1
				if at >= len(s.atoms) {
					return
				}
				found[at] = s.narrow(ctx, nil, block.Everything(s.table), nil, at)
			}
		})
	}
	all.Wait()
	var out []candidate
	for _, some := range found {
		out = append(out, some...)
	}
	return out, ctx.Err()
}

// narrow adds an atom to a conjunction, then each later one to that.
func (s *search) narrow(ctx context.Context, found []candidate, p block.Partition, atoms []int, at int) []candidate {
	c := candidate{atoms: append(append([]int{}, atoms...), at)}
	for _, i := range c.atoms {
		c.mask |= 1 << i
	}
	if c.finds = weightOf(s.patterns, c.mask); c.finds < s.least || ctx.Err() != nil {
		return found
	}
	p = p.Refine(s.atoms[at].codes)
	if c.pairs = p.Pairs(s.table, s.link); c.pairs == 0 {
		return found
	}
	if c.pairs <= s.budget {
		s.offer(&c, p)
		found = append(found, c)
	}
	if c.pairs <= s.enough || len(c.atoms) == s.maxKeys {
		return found
	}
	for later := at + 1; later < len(s.atoms); later++ {
		if s.atoms[later].column != s.atoms[at].column {
			found = s.narrow(ctx, found, p, c.atoms, later)
		}
	}
	return found
}

// weightOf is the weight of the patterns that hold all of some atoms.
func weightOf(patterns []pattern, mask uint64) float64 {
	sum := 0.0
	for _, p := range patterns {
		if p.atoms&mask == mask {
			sum += p.weight
		}
	}
	return sum
}

// partition groups rows by a candidate.
func (s *search) partition(c candidate) block.Partition {
	p := block.Everything(s.table)
	for _, at := range c.atoms {
		p = p.Refine(s.atoms[at].codes)
	}
	return p
}
