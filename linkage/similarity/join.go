package similarity

import (
	"context"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
)

// A join looks at every pair of texts without looking at each. Texts are put in
// order of length and cut into blocks of up to 1,024 of one length. For a block
// there is one bit a text for each (position, symbol): does the text have the
// symbol within the measure's window of the position? The bits of a shorter
// text's symbols, added up for 64 texts at a time, bound how many of its symbols
// each text of the block can match. The few texts that have as many as the
// measure needs are compared exactly.

const (
	blockWords = 16
	blockTexts = blockWords * 64
	parts      = 4       // a block's work is cut into so many units
	bitsMost   = 1 << 16 // (position, symbol) pairs of a block for which bits are kept
)

// measure is what a join asks of a similarity. Each worker has its own.
type measure interface {
	window(shorter, longer int) int // how far apart symbols may lie and still match
	need(shorter, longer int) int   // matched symbols without which a pair of these lengths is left out
	survivors(t *tile)              // compares the left text with the texts that t.hits names
	compare(i, j int32, a, b Text)  // compares a pair outside the bits
}

// shelf holds the texts of a join in order of length, then as given.
type shelf struct {
	texts   []Text
	order   []int32 // by place: the index of the text
	start   []int   // by length: the first place of a text at least so long
	symbols int     // one more than the largest symbol
}

func newShelf(texts []Text) *shelf {
	s := &shelf{texts: texts, order: make([]int32, len(texts))}
	longest := 0
	for i, t := range texts {
		s.order[i] = int32(i)
		longest = max(longest, len(t))
		for _, symbol := range t {
			s.symbols = max(s.symbols, int(symbol)+1)
		}
	}
	slices.SortStableFunc(s.order, func(i, j int32) int { return len(texts[i]) - len(texts[j]) })
	s.start = make([]int, longest+2)
	for place, i := range s.order {
		s.start[len(texts[i])+1] = place + 1
	}
	for n := 1; n < len(s.start); n++ {
		s.start[n] = max(s.start[n], s.start[n-1])
	}
	return s
}

// of gives the places of the texts of one length.
func (s *shelf) of(length int) (from, to int) { return s.start[length], s.start[length+1] }

func (s *shelf) at(place int) Text { return s.texts[s.order[place]] }

// block is a run of places of one length.
type block struct{ length, from, to int }

// blocks gives all blocks, those with most work first.
func (s *shelf) blocks() []block {
	var all []block
	for length := len(s.start) - 2; length >= 0; length-- {
		from, to := s.of(length)
		for ; from < to; from += blockTexts {
			all = append(all, block{length, from, min(from+blockTexts, to)})
		}
	}
	return all
}

// join compares all pairs of texts of which the measure may find something.
func join(ctx context.Context, texts []Text, workers int, measureOf func(worker int) measure) error {
	shelf := newShelf(texts)
	blocks := shelf.blocks()
	return parallel(ctx, workers, len(blocks)*parts, func(worker int) func(unit int) {
		t := newTile(shelf, measureOf(worker))
		return func(unit int) { t.run(blocks[unit/parts], unit%parts) }
	})
}

// parallel runs units, each once, on a number of workers; setUp gives each
// worker its own state.
func parallel(ctx context.Context, workers, units int, setUp func(worker int) func(unit int)) error {
	var next atomic.Int64
	var group sync.WaitGroup
	for worker := range max(1, min(workers, units)) {
		group.Go(func() {
			run := setUp(worker)
			for unit := int(next.Add(1) - 1); unit < units && ctx.Err() == nil; unit = int(next.Add(1) - 1) {
				run(unit)
			}
		})
	}
	group.Wait()
	return ctx.Err()
}

// tile is a worker's view of one block and of one text to its left, the shorter
// of each pair.
type tile struct {
	*shelf
	measure measure
	block   block
	loaded  bool                 // the bits of the block are in place
	number  []uint16             // by symbol: its number in the block, from 1; 0 when no text of the block has it
	numbers int                  // numbers in use
	exact   [][blockWords]uint64 // by position and number: which texts have it just there
	rows    [][blockWords]uint64 // the same: which have it within the window
	within  int                  // the window of rows; -1 when they are not made
	flat    Text                 // the texts of the block as numbers, one after the other
	ids     Text                 // the left text as numbers of the block
	place   int                  // the left text's place
	lack    int                  // matched symbols needed of the left text
	hits    [blockWords]uint64   // the texts that may have as many
}

func newTile(s *shelf, m measure) *tile {
	return &tile{shelf: s, measure: m, number: make([]uint16, s.symbols)}
}

// run compares the texts of a block with one part of the texts to their left.
func (t *tile) run(b block, part int) {
	if !t.load(b) {
		t.runSlowly(part)
		return
	}
	for length := 0; length <= b.length; length++ {
		t.lack = t.measure.need(length, b.length)
		if t.lack > length {
			continue
		}
		t.spread(t.measure.window(length, b.length))
		from, to := t.of(length)
		for place := from + part; place < min(to, b.to); place += parts {
			if t.take(place) {
				t.measure.survivors(t)
			}
		}
	}
}

// runSlowly compares the pairs of a block one by one, where texts are too long
// for bits or have too many different symbols.
func (t *tile) runSlowly(part int) {
	for length := 0; length <= t.block.length; length++ {
		if t.measure.need(length, t.block.length) > length {
			continue
		}
		from, to := t.of(length)
		for left := from + part; left < min(to, t.block.to); left += parts {
			for right := max(left+1, t.block.from); right < t.block.to; right++ {
				t.measure.compare(t.order[left], t.order[right], t.at(left), t.at(right))
			}
		}
	}
}

// load makes the bits of a block, or says that it is not one for bits.
func (t *tile) load(b block) bool {
	if t.block == b {
		return t.loaded
	}
	t.forget()
	t.block = b
	t.loaded = b.length <= word && t.renumber()
	if t.loaded {
		t.settle()
	}
	return t.loaded
}

func (t *tile) forget() {
	for place := t.block.from; place < t.block.to; place++ {
		for _, symbol := range t.at(place) {
			t.number[symbol] = 0
		}
	}
}

// renumber writes the block's texts as numbers, small and without gaps.
func (t *tile) renumber() bool {
	t.numbers, t.flat = 0, t.flat[:0]
	for place := t.block.from; place < t.block.to; place++ {
		for _, symbol := range t.at(place) {
			if t.number[symbol] == 0 {
				t.numbers++
				if t.numbers*t.block.length >= bitsMost {
					return false
				}
				t.number[symbol] = uint16(t.numbers)
			}
			t.flat = append(t.flat, t.number[symbol])
		}
	}
	return true
}

// settle makes the exact bits.
func (t *tile) settle() {
	stride := t.numbers + 1
	size := stride * t.block.length
	t.exact = slices.Grow(t.exact[:0], size)[:size]
	clear(t.exact)
	for i, id := range t.flat {
		text, position := i/t.block.length, i%t.block.length
		t.exact[position*stride+int(id)][text/64] |= 1 << (text % 64)
	}
	t.within = -1
}

// spread makes the rows of a window from the exact bits.
func (t *tile) spread(window int) {
	if t.within == window {
		return
	}
	t.within = window
	stride := t.numbers + 1
	t.rows = slices.Grow(t.rows[:0], len(t.exact))[:len(t.exact)]
	for position := range t.block.length {
		for id := range stride {
			row := [blockWords]uint64{}
			for p := max(position-window, 0); p < min(position+window+1, t.block.length); p++ {
				for w, b := range t.exact[p*stride+id] {
					row[w] |= b
				}
			}
			t.rows[position*stride+id] = row
		}
	}
}

// take makes the text at a place the left one and says whether any text of the
// block, of a later place, may match as many of its symbols as needed.
func (t *tile) take(place int) bool {
	t.place = place
	t.ids = t.ids[:0]
	for _, symbol := range t.at(place) {
		t.ids = append(t.ids, t.number[symbol])
	}
	first := max(place+1-t.block.from, 0) / 64
	words := (t.block.to - t.block.from + 63) / 64
	clear(t.hits[:])
	switch {
	case t.lack <= 0:
		for w := first; w < words; w++ {
			t.hits[w] = ^uint64(0)
		}
	case t.lack <= 8:
		t.countFew(first, words)
	default:
		t.countMany(first, words)
	}
	return t.later(first, words)
}

// later leaves out of the hits what lies outside the block or does not come
// after the left text, and says whether any is left.
func (t *tile) later(first, words int) bool {
	if skip := t.place + 1 - t.block.from; skip > 0 && first < words {
		t.hits[first] &= ^uint64(0) << (skip % 64)
	}
	if used := (t.block.to - t.block.from) % 64; used != 0 {
		t.hits[words-1] &= 1<<used - 1
	}
	left := uint64(0)
	for _, hits := range t.hits[:words] {
		left |= hits
	}
	return left != 0
}

// sources gives the rows of the left text's symbols.
func (t *tile) sources(to *[word]*[blockWords]uint64) []*[blockWords]uint64 {
	stride := t.numbers + 1
	for position, id := range t.ids {
		to[position] = &t.rows[position*stride+int(id)]
	}
	return to[:len(t.ids)]
}

// countFew finds the texts with at least lack matches, 1 to 8. For 64 texts at
// once it counts in three words, one a binary digit, that begin at 8 - lack: a
// text is a hit when its count runs over. Two rows are added at a time.
func (t *tile) countFew(first, words int) {
	var room [word]*[blockWords]uint64
	rows := t.sources(&room)
	begin := uint64(8 - t.lack)
	one, two, four := -(begin & 1), -(begin >> 1 & 1), -(begin >> 2 & 1)
	for w := first; w < words; w++ {
		ones, twos, fours, over := one, two, four, uint64(0)
		k := 0
		for ; k+1 < len(rows); k += 2 {
			x, y := rows[k][w&(blockWords-1)], rows[k+1][w&(blockWords-1)]
			either := x ^ y
			carry := x&y | either&ones
			ones ^= either
			next := twos & carry
			twos ^= carry
			over |= fours & next
			fours ^= next
		}
		if k < len(rows) {
			x := rows[k][w&(blockWords-1)]
			over |= ones & twos & fours & x
		}
		t.hits[w&(blockWords-1)] = over
	}
}

// countMany does the same for up to 64 matches, with six digits.
func (t *tile) countMany(first, words int) {
	var room [word]*[blockWords]uint64
	rows := t.sources(&room)
	begin := uint64(64 - t.lack)
	for w := first; w < words; w++ {
		var digits [6]uint64
		for d := range digits {
			digits[d] = -(begin >> d & 1)
		}
		over := uint64(0)
		for _, row := range rows {
			carry := row[w]
			for d := range digits {
				digits[d], carry = digits[d]^carry, digits[d]&carry
			}
			over |= carry
		}
		t.hits[w] = over
	}
}

// each calls with the number in the block of every hit.
func (t *tile) each(compare func(number int)) {
	for w, hits := range t.hits {
		for ; hits != 0; hits &= hits - 1 {
			compare(w*64 + bits.TrailingZeros64(hits))
		}
	}
}

// pair gives the indexes of the left text and of a text of the block, the
// smaller first.
func (t *tile) pair(number int) (i, j int32) {
	i, j = t.order[t.place], t.order[t.block.from+number]
	return min(i, j), max(i, j)
}

// right gives a text of the block as numbers.
func (t *tile) right(number int) Text {
	return t.flat[number*t.block.length : (number+1)*t.block.length]
}
