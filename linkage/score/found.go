package score

import (
	"context"
	"math"
	"sync"

	"tre/linkage/block"
)

// Found are pairs that were kept, of one unit of work: columns of equal length.
type Found struct {
	Left, Right []int32
	Rule        []int16
	Weight      []float64
	Levels      []int8 // len(Left) times the number of comparisons, pair by pair
}

// Len is the number of pairs.
func (f *Found) Len() int { return len(f.Left) }

// Sink takes what was found, unit by unit, in an order that does not depend on
// the workers. It may keep what it is given.
type Sink interface {
	Take(*Found) error
}

// Summary counts what a run of scoring did.
type Summary struct {
	Compared []int64 // by rule: pairs looked at
	Kept     []int64 // by rule: pairs at or above the least weight
}

// manyPairs is how many pairs a record must be in before its glances are worth
// laying out.
const manyPairs = 4

// Run scores every pair of the rules and gives those kept to the sink.
func (s *Scorer) Run(ctx context.Context, rules *block.Rules, workers int, sink Sink) (Summary, error) {
	if rules.Candidates() > manyPairs*float64(s.Plan.Table().Rows) {
		s.layGlances()
	}
	q := newQueue(sink, 4*max(workers, 1)+4)
	counts := make([]Summary, max(workers, 1))
	visitor := func(worker int) block.Visitor {
		counts[worker] = Summary{make([]int64, rules.Len()), make([]int64, rules.Len())}
		return &visitor{judge: s.Judge(), queue: q, counts: &counts[worker], found: &Found{}, isAll: math.IsInf(s.least, -1)}
	}
	err := rules.Each(ctx, s.Plan, max(workers, 1), visitor)
	total := Summary{make([]int64, rules.Len()), make([]int64, rules.Len())}
	for _, c := range counts {
		for rule := range c.Compared {
			total.Compared[rule] += c.Compared[rule]
			total.Kept[rule] += c.Kept[rule]
		}
	}
	return total, err
}

// visitor scores the pairs one worker is given.
type visitor struct {
	judge  *Judge
	queue  *queue
	counts *Summary
	found  *Found
	isAll  bool
}

// Visit scores a batch.
func (v *visitor) Visit(b *block.Batch) error {
	v.judge.SetJudged(b.Judged)
	f := v.found
	before := len(f.Left)
	v.judge.Fetch(b.Right)
	for i, l := range b.Left {
		weight, isKept := v.judge.Score(l, b.Right[i], i)
		if !isKept && !v.isAll {
			continue
		}
		f.Left, f.Right = append(f.Left, l), append(f.Right, b.Right[i])
		f.Weight = append(f.Weight, weight)
		f.Levels = append(f.Levels, v.judge.Levels...)
	}
	for len(f.Rule) < len(f.Left) {
		f.Rule = append(f.Rule, int16(b.Rule))
	}
	v.counts.Compared[b.Rule] += int64(len(b.Left))
	v.counts.Kept[b.Rule] += int64(len(f.Left) - before)
	return nil
}

// Done passes the unit's pairs on.
func (v *visitor) Done(unit int) error {
	found := v.found
	v.found = &Found{}
	return v.queue.put(unit, found)
}

// queue hands units to the sink in their order. A worker far ahead of the sink
// waits, so that what is kept in memory stays small; the worker whose turn it is
// never waits.
type queue struct {
	sink  Sink
	ahead int

	mutex sync.Mutex
	turn  *sync.Cond
	next  int
	held  map[int]*Found
	err   error
}

func newQueue(sink Sink, ahead int) *queue {
	q := &queue{sink: sink, ahead: ahead, held: map[int]*Found{}}
	q.turn = sync.NewCond(&q.mutex)
	return q
}

func (q *queue) put(unit int, found *Found) error {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	for unit > q.next+q.ahead && q.err == nil {
		q.turn.Wait()
	}
	q.held[unit] = found
	for q.err == nil {
		ready, ok := q.held[q.next]
		if !ok {
			break
		}
		delete(q.held, q.next)
		q.next++
		if ready.Len() > 0 {
			q.err = q.sink.Take(ready)
		}
	}
	q.turn.Broadcast()
	return q.err
}
