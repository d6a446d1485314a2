package clk

import (
	"cmp"
	"context"
	"math/bits"
	"runtime"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"tre/internal/problem"
)

// Pair is one record of each side, by position, and the Dice coefficient of
// their encodings: twice the bits set in both over the sum of the bits set in
// each.
type Pair struct {
	A, B       int32
	Similarity float64
}

// tile is how many records of either side are compared with each other before
// the next ones: two tiles of 1,024-bit encodings fit a 32 KiB cache.
const tile = 128

// handful is how many pairs a worker gathers before it hands them over.
const handful = 4096

// Compare finds every pair of a record of a and one of b whose Dice coefficient
// is at least the threshold, which lies above 0 and is at most 1. It hands them to take
// in no particular order, one handful at a time; take must not keep the slice.
// It gives the number of pairs compared, those left out by counts of bits
// alone not included. Workers 0 means one for each processor.
func Compare(ctx context.Context, a, b *Encodings, threshold float64, workers int, take func([]Pair) error) (int64, error) {
	switch {
	case !(threshold > 0 && threshold <= 1):
		return 0, problem.New(problem.Usage, "0.8 is a common one", "the threshold is not above 0 and at most 1")
	case a.Length != b.Length:
		return 0, problem.New(problem.Usage, "encode both with the same schema", "encodings of %d bits cannot be compared with encodings of %d", a.Length, b.Length)
	}
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	c := &comparison{a: sideOf(a), b: sideOf(b), width: a.width, take: take}
	c.plan(threshold, a.Length)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			if err := c.work(ctx); err != nil {
				cancel(err)
			}
		})
	}
	working.Wait()
	return c.compared.Load(), context.Cause(ctx)
}

// side is one side in order of bits set, so that the records that can be alike
// by their counts stand together.
type side struct {
	row   []int32  // the record's position in its Encodings
	ones  []int32  // bits set
	later []int32  // bits set in the second half of the words
	words []uint64 // the encodings in this order
}

func sideOf(e *Encodings) side {
	n := e.Len()
	s := side{row: make([]int32, n), ones: make([]int32, n), later: make([]int32, n), words: make([]uint64, 0, len(e.words))}
	for i := range s.row {
		s.row[i] = int32(i)
	}
	slices.SortStableFunc(s.row, func(x, y int32) int { return cmp.Compare(e.ones[x], e.ones[y]) })
	for i, row := range s.row {
		words := e.words[int(row)*e.width:][:e.width]
		s.words = append(s.words, words...)
		s.ones[i] = e.ones[row]
		for _, word := range words[e.width/2:] {
			s.later[i] += int32(bits.OnesCount64(word))
		}
	}
	return s
}

type comparison struct {
	a, b     side
	width    int
	need     []int32 // by the sum of both counts: the fewest common bits that reach the threshold
	from, to []int32 // by record of a: the records of b that can reach it

	next     atomic.Int64 // the next tile of a
	compared atomic.Int64
	taking   sync.Mutex
	take     func([]Pair) error
}

func dice(common, sum int32) float64 { return float64(2*common) / float64(sum) }

// plan works the threshold out once: afterwards only integers are compared,
// with the very result that dividing would have.
func (c *comparison) plan(threshold float64, length int) {
	c.need = make([]int32, 2*length+1)
	c.need[0] = 1 // two empty encodings are not alike
	for sum := int32(1); sum < int32(len(c.need)); sum++ {
		least := max(int32(threshold*float64(sum)/2)-1, 0)
		for dice(least, sum) < threshold {
			least++
		}
		c.need[sum] = least
	}
	c.from, c.to = make([]int32, len(c.a.ones)), make([]int32, len(c.a.ones))
	for i, ones := range c.a.ones {
		if i > 0 && ones == c.a.ones[i-1] {
			c.from[i], c.to[i] = c.from[i-1], c.to[i-1]
			continue
		}
		// With fewer bits than ones all of them would have to be common; with
		// more, all of ones.
		from := sort.Search(len(c.b.ones), func(j int) bool {
			return c.b.ones[j] > ones || c.b.ones[j] >= c.need[ones+c.b.ones[j]]
		})
		to := sort.Search(len(c.b.ones), func(j int) bool {
			return c.b.ones[j] > ones && ones < c.need[ones+c.b.ones[j]]
		})
		c.from[i], c.to[i] = int32(from), int32(to)
	}
}

// work compares one tile of a after the other with all of b.
func (c *comparison) work(ctx context.Context) error {
	found := make([]Pair, 0, handful+tile*tile)
	for {
		first := int(c.next.Add(tile)) - tile
		last := min(first+tile, len(c.a.row))
		if first >= last {
			return c.hand(found)
		}
		// Counts rise within a tile, and so do the bounds.
		from, to := int(c.from[first]), int(c.to[last-1])
		for at := from; at < to; at += tile {
			found = c.compareTiles(found, first, last, at, min(at+tile, to))
			if len(found) >= handful {
				if err := c.hand(found); err != nil {
					return err
				}
				found = found[:0]
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
	}
}

func (c *comparison) hand(found []Pair) error {
	if len(found) == 0 {
		return nil
	}
	c.taking.Lock()
	defer c.taking.Unlock()
	return c.take(found)
}

func (c *comparison) compareTiles(found []Pair, first, last, from, to int) []Pair {
	compared := 0
	for i := first; i < last; i++ {
		least, most := max(from, int(c.from[i])), min(to, int(c.to[i]))
		if least >= most {
			continue
		}
		compared += most - least
		if c.width == 16 {
			found = c.compare16(found, i, least, most)
		} else {
			found = c.compareAny(found, i, least, most)
		}
	}
	c.compared.Add(int64(compared))
	return found
}

// compare16 is for encodings of 1,024 bits. After half of the words most pairs
// are known to stay below the threshold, whatever the other half holds.
func (c *comparison) compare16(found []Pair, i, from, to int) []Pair {
	x := (*[16]uint64)(c.a.words[i*16:])
	later, need := c.a.later[i], c.need[c.a.ones[i]:]
	for j := from; j < to; j++ {
		y := (*[16]uint64)(c.b.words[j*16:])
		common := int32(bits.OnesCount64(x[0]&y[0]) + bits.OnesCount64(x[1]&y[1]) +
			bits.OnesCount64(x[2]&y[2]) + bits.OnesCount64(x[3]&y[3]) +
			bits.OnesCount64(x[4]&y[4]) + bits.OnesCount64(x[5]&y[5]) +
			bits.OnesCount64(x[6]&y[6]) + bits.OnesCount64(x[7]&y[7]))
		least := need[c.b.ones[j]]
		if common+min(later, c.b.later[j]) < least {
			continue
		}
		common += int32(bits.OnesCount64(x[8]&y[8]) + bits.OnesCount64(x[9]&y[9]) +
			bits.OnesCount64(x[10]&y[10]) + bits.OnesCount64(x[11]&y[11]) +
			bits.OnesCount64(x[12]&y[12]) + bits.OnesCount64(x[13]&y[13]) +
			bits.OnesCount64(x[14]&y[14]) + bits.OnesCount64(x[15]&y[15]))
		if common >= least {
			found = append(found, c.pair(i, j, common))
		}
	}
	return found
}

func (c *comparison) compareAny(found []Pair, i, from, to int) []Pair {
	x := c.a.words[i*c.width:][:c.width]
	half := c.width / 2
	for j := from; j < to; j++ {
		y := c.b.words[j*c.width:][:c.width]
		common := commonBits(x[:half], y[:half])
		least := c.need[c.a.ones[i]+c.b.ones[j]]
		if common+min(c.a.later[i], c.b.later[j]) < least {
			continue
		}
		if common += commonBits(x[half:], y[half:]); common >= least {
			found = append(found, c.pair(i, j, common))
		}
	}
	return found
}

func commonBits(x, y []uint64) int32 {
	n := 0
	for i, word := range x {
		n += bits.OnesCount64(word & y[i])
	}
	return int32(n)
}

func (c *comparison) pair(i, j int, common int32) Pair {
	return Pair{A: c.a.row[i], B: c.b.row[j], Similarity: dice(common, c.a.ones[i]+c.b.ones[j])}
}

// OneToOne solves a list of pairs greedily: the most alike first, and of equal
// ones that with the lower positions; a pair stays when neither record is taken
// yet. It sorts the list and gives its head.
func OneToOne(pairs []Pair) []Pair {
	slices.SortFunc(pairs, func(x, y Pair) int {
		return cmp.Or(cmp.Compare(y.Similarity, x.Similarity), cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B))
	})
	takenA, takenB := map[int32]bool{}, map[int32]bool{}
	kept := pairs[:0]
	for _, p := range pairs {
		if takenA[p.A] || takenB[p.B] {
			continue
		}
		takenA[p.A], takenB[p.B] = true, true
		kept = append(kept, p)
	}
	return kept
}
