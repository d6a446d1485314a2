package records

import (
	"hash/maphash"
	"slices"
	"unsafe"
)

// dictionary gives each distinct byte string a code, in order of appearance. It
// is an open-addressing table of codes over an arena: no allocation a value, and
// nothing for the garbage collector to walk but the strings themselves.
type dictionary struct {
	seed   maphash.Seed
	slots  []slot // a power of two
	values []string
	arena  []byte
}

type slot struct {
	tag  uint32 // lower bits of the hash, by which a value finds its slot
	code int32  // plus one; 0 is empty
}

const (
	arenaSize  = 1 << 16
	firstSlots = 1 << 10
	manySlots  = 1 << 15 // from here on a table that is full doubles; a smaller one grows faster
)

func newDictionary() *dictionary {
	return &dictionary{seed: maphash.MakeSeed(), slots: make([]slot, firstSlots)}
}

// code gives the code of a value, and adds it when it is new. The bytes are
// copied.
func (d *dictionary) code(value []byte) int32 {
	tag, mask := uint32(maphash.Bytes(d.seed, value)), uint32(len(d.slots)-1)
	for at := tag & mask; ; at = (at + 1) & mask {
		s := d.slots[at]
		if s.code == 0 {
			return d.add(value, at, tag)
		}
		if s.tag == tag && d.values[s.code-1] == string(value) {
			return s.code - 1
		}
	}
}

func (d *dictionary) add(value []byte, at uint32, tag uint32) int32 {
	code := int32(len(d.values))
	d.values = append(d.values, d.keep(value))
	d.slots[at] = slot{tag, code + 1}
	if len(d.values)*2 > len(d.slots) {
		d.grow()
	}
	return code
}

// keep copies a value into the arena. A full arena is left to its strings and a
// new one begun.
func (d *dictionary) keep(value []byte) string {
	if len(value) == 0 {
		return ""
	}
	if len(d.arena)+len(value) > cap(d.arena) {
		d.arena = make([]byte, 0, max(arenaSize, len(value)))
	}
	start := len(d.arena)
	d.arena = append(d.arena, value...)
	return unsafe.String(&d.arena[start], len(value))
}

func (d *dictionary) grow() {
	old, size := d.slots, 2*len(d.slots)
	if size < manySlots {
		size *= 2
	}
	d.slots = make([]slot, size)
	clear(d.slots) // written first, fresh memory is handed out once; read first, twice
	d.values = slices.Grow(d.values, size/2+1-len(d.values))
	mask := uint32(size - 1)
	for _, s := range old {
		if s.code == 0 {
			continue
		}
		at := s.tag & mask
		for d.slots[at].code != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = s
	}
}
