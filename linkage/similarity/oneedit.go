package similarity

import (
	"context"
	"slices"
)

// Pairs one edit apart are found by hashing. The hash of a text is the sum of
// one random number for each (position, symbol), so that the hash after an edit
// follows from the hash before. Each kind of edit has one way to find its pairs,
// which finds each pair once:
//
//   - replaced at p: both texts have the same hash without the symbol at p;
//   - deleted at p: the shorter text has the hash of the longer without p, where
//     p ends a run of equal symbols;
//   - exchanged at p: the other text has the hash with p and p+1 exchanged, and
//     the left text is the one whose smaller symbol comes first;
//   - equal, for a column whose values are not distinct.
//
// What hashes find is compared before it is visited.

// oneEdit is a join for one edit.
type oneEdit struct {
	*shelf
	hash  []uint64 // by place
	whole []chains // by length: the texts by hash
}

// chains finds the places of texts by hash.
type chains struct {
	from int     // the first place
	head []int32 // by the low bits of the hash: the last place + 1 of a chain
	next []int32 // by place - from: the place before + 1 of the same chain
}

// unit is one kind of edit at one position of the texts of one length.
type unit struct {
	length, position int
	run              func(f *finder, length, position int)
}

// finder is one worker's part of a join for one edit.
type finder struct {
	*oneEdit
	chains chains
	masked []uint64 // by place - from: the hash without one position
	worker int
	visit  VisitEdits
}

func joinOneEdit(ctx context.Context, texts []Text, transpositions bool, workers int, visit VisitEdits) error {
	e := &oneEdit{shelf: newShelf(texts), hash: make([]uint64, len(texts))}
	for place := range e.hash {
		e.hash[place] = hashOf(e.at(place))
	}
	e.whole = make([]chains, len(e.start)-1)
	var units []unit
	for length := range e.whole {
		from, to := e.of(length)
		if from == to {
			continue
		}
		e.whole[length].fill(from, e.hash[from:to])
		units = append(units, unitsOf(length, transpositions)...)
	}
	slices.Reverse(units) // longer texts have more work; begin with them
	return parallel(ctx, workers, len(units), func(worker int) func(int) {
		f := &finder{oneEdit: e, worker: worker, visit: visit}
		return func(u int) { units[u].run(f, units[u].length, units[u].position) }
	})
}

func unitsOf(length int, transpositions bool) []unit {
	units := []unit{{length, 0, (*finder).equal}, {length, 0, (*finder).deleted}}
	if transpositions {
		units = append(units, unit{length, 0, (*finder).exchanged})
	}
	for position := range length {
		units = append(units, unit{length, position, (*finder).replaced})
	}
	return units
}

// term is the random number of a symbol at a position (Steele and others'
// SplitMix, 2014).
func term(position int, symbol uint16) uint64 {
	z := (uint64(position)<<16 | uint64(symbol)) + 1
	z *= 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func hashOf(t Text) uint64 {
	sum := uint64(0)
	for position, symbol := range t {
		sum += term(position, symbol)
	}
	return sum
}

// fill chains the places that follow from, by hash.
func (c *chains) fill(from int, hashes []uint64) {
	size := 16
	for size < 2*len(hashes) {
		size *= 2
	}
	c.from = from
	c.head = slices.Grow(c.head[:0], size)[:size]
	clear(c.head)
	c.next = slices.Grow(c.next[:0], len(hashes))[:len(hashes)]
	for i, h := range hashes {
		slot := h & uint64(size-1)
		c.next[i] = c.head[slot]
		c.head[slot] = int32(from + i + 1)
	}
}

// first gives the place at which the chain of a hash begins, or -1.
func (c *chains) first(hash uint64) int {
	if len(c.head) == 0 {
		return -1
	}
	return int(c.head[hash&uint64(len(c.head)-1)]) - 1
}

// after gives the next place of a chain, or -1.
func (c *chains) after(place int) int { return int(c.next[place-c.from]) - 1 }

func (f *finder) found(left, right, edits int) {
	i, j := f.order[left], f.order[right]
	f.visit(f.worker, min(i, j), max(i, j), edits)
}

func (f *finder) equal(length, _ int) {
	whole := &f.whole[length]
	for left := whole.from; left < whole.from+len(whole.next); left++ {
		for right := whole.after(left); right >= 0; right = whole.after(right) {
			if f.hash[right] == f.hash[left] && slices.Equal(f.at(left), f.at(right)) {
				f.found(left, right, 0)
			}
		}
	}
}

func (f *finder) replaced(length, p int) {
	from, to := f.of(length)
	f.masked = f.masked[:0]
	for place := from; place < to; place++ {
		f.masked = append(f.masked, f.hash[place]-term(p, f.at(place)[p]))
	}
	f.chains.fill(from, f.masked)
	for left := from; left < to; left++ {
		hash, a := f.masked[left-from], f.at(left)
		for right := f.chains.after(left); right >= 0; right = f.chains.after(right) {
			if f.masked[right-from] != hash {
				continue
			}
			b := f.at(right)
			if a[p] != b[p] && slices.Equal(a[:p], b[:p]) && slices.Equal(a[p+1:], b[p+1:]) {
				f.found(left, right, 1)
			}
		}
	}
}

func (f *finder) deleted(length, _ int) {
	if length == 0 {
		return
	}
	shorter := &f.whole[length-1]
	from, to := f.of(length)
	for place := from; place < to; place++ {
		a := f.at(place)
		hash := uint64(0)
		for p := 1; p < length; p++ {
			hash += term(p-1, a[p])
		}
		for p := range a {
			if p > 0 {
				hash += term(p-1, a[p-1]) - term(p-1, a[p])
			}
			if p+1 < length && a[p] == a[p+1] {
				continue
			}
			for other := shorter.first(hash); other >= 0; other = shorter.after(other) {
				if b := f.at(other); f.hash[other] == hash && slices.Equal(a[:p], b[:p]) && slices.Equal(a[p+1:], b[p:]) {
					f.found(other, place, 1)
				}
			}
		}
	}
}

func (f *finder) exchanged(length, _ int) {
	whole := &f.whole[length]
	from, to := f.of(length)
	for place := from; place < to; place++ {
		a := f.at(place)
		for p := 0; p+1 < length; p++ {
			if a[p] >= a[p+1] {
				continue
			}
			hash := f.hash[place] - term(p, a[p]) - term(p+1, a[p+1]) + term(p, a[p+1]) + term(p+1, a[p])
			for other := whole.first(hash); other >= 0; other = whole.after(other) {
				b := f.at(other)
				if f.hash[other] == hash && swapped(a[p:p+2], b[p:p+2]) && slices.Equal(a[:p], b[:p]) && slices.Equal(a[p+2:], b[p+2:]) {
					f.found(place, other, 1)
				}
			}
		}
	}
}
