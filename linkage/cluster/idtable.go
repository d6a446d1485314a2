package cluster

import (
	"encoding/binary"
	"math/bits"
)

// idTable finds the place of an id in a list of distinct ids: open addressing,
// linear probing, at most half full. Sorting the list would do as well, but
// costs several times as much, and nobody asks for its order.
type idTable struct {
	ids   []ID
	slots []int32 // 1 + place in ids, 0 is free
	shift uint    // leaves the bits of a hash that number a slot
}

// newIDTable has room for so many ids of the list.
func newIDTable(ids []ID, most int) *idTable {
	width := bits.Len(uint(2 * most))
	return &idTable{ids: ids, slots: make([]int32, 1<<width), shift: uint(64 - width)}
}

// slot gives the slot of an id, or the free one where it would stand. Ids need
// not be random, so both halves are mixed into the highest bits of the hash.
func (t *idTable) slot(id *ID) int {
	high, low := binary.LittleEndian.Uint64(id[:8]), binary.LittleEndian.Uint64(id[8:])
	hash := (high*0x9e3779b97f4a7c15 + bits.RotateLeft64(low, 32)) * 0xd6e8feb86659fd93
	mask := len(t.slots) - 1
	for at := int(hash >> t.shift); ; at = (at + 1) & mask {
		if place := t.slots[at]; place == 0 || t.ids[place-1] == *id {
			return at
		}
	}
}

// add gives the place of an id, which it puts at the end of the list when it
// is not there.
func (t *idTable) add(id *ID) int32 {
	at := t.slot(id)
	if t.slots[at] == 0 {
		t.ids = append(t.ids, *id)
		t.slots[at] = int32(len(t.ids))
	}
	return t.slots[at] - 1
}

func (t *idTable) has(id *ID) bool { return t.slots[t.slot(id)] != 0 }

// enter makes the id at a place of the list findable; false says that an equal
// one was.
func (t *idTable) enter(place int32) bool {
	at := t.slot(&t.ids[place])
	if t.slots[at] != 0 {
		return false
	}
	t.slots[at] = place + 1
	return true
}
