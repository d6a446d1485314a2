package compare

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"slices"
	"strings"

	"tre/linkage/records"
)

// interner numbers the distinct values of a derived column in the order in which
// they come.
type interner struct {
	texts   *numbering[string] // texts as they are; lists as they are spelled
	numbers *numbering[uint64] // by their bits
	kind    records.Kind       // of the value that was new last
	reals   []float64          // by place in numbers
	lists   [][]string         // by place in texts; nil while there is no list
	size    int32
}

func newInterner() *interner {
	seed := maphash.MakeSeed()
	return &interner{texts: newNumbering(func(s string) uint32 { return uint32(maphash.String(seed, s)) }), numbers: newNumbering(mixed), kind: -1}
}

// code gives the code of a value, and adds it when it is new.
func (in *interner) code(v value) int32 {
	if !v.isKnown {
		return -1
	}
	if v.isNumeric() {
		code := in.numbers.code(math.Float64bits(v.number+0), in.size)
		if code == in.size {
			in.reals = append(in.reals, v.number)
			in.size, in.kind = in.size+1, v.kind
		}
		return code
	}
	code := in.texts.code(spelling(v), in.size)
	if code == in.size {
		if v.kind == records.TextList {
			in.lists = append(in.lists, make([][]string, len(in.texts.keys)-1-len(in.lists))...)
			in.lists = append(in.lists, v.list)
		}
		in.size, in.kind = in.size+1, v.kind
	}
	return code
}

func spelling(v value) string {
	switch v.kind {
	case records.Text:
		return v.text
	case records.TextList:
		return strings.Join(v.list, "\x00") + "\x00"
	case records.NumberList:
		var bits []byte
		for _, x := range v.vector {
			bits = binary.LittleEndian.AppendUint64(bits, math.Float64bits(x+0))
		}
		return string(bits)
	}
	return string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v.number+0)))
}

// codesOf gives, by value of a column, the code of what is made of it.
func (in *interner) codesOf(base *records.Column, compute scalar) []int32 {
	of := make([]int32, base.Distinct())
	at := int32(0)
	column := func(string) value { return valueOf(base, at) }
	if len(of) < worthSplitting {
		for code := range of {
			at = int32(code)
			of[code] = in.code(compute(column))
		}
		return of
	}
	values := make([]value, worthSplitting)
	for start := 0; start < len(of); start += len(values) {
		block := of[start:min(start+len(values), len(of))]
		inParallel(len(block), func(from, to int) {
			at := int32(0)
			column := func(string) value { return valueOf(base, at) }
			for i := from; i < to; i++ {
				at = int32(start + i)
				values[i] = compute(column)
			}
		})
		for i := range block {
			block[i] = in.code(values[i])
		}
	}
	return of
}

func (in *interner) column() *records.Column {
	c := &records.Column{Kind: max(in.kind, 0)}
	switch c.Kind {
	case records.Text:
		c.Texts = byCode(in.texts.codes, in.texts.keys, in.size)
	case records.TextList:
		c.Lists, c.Elements = elementsOf(byCode(in.texts.codes[:len(in.lists)], in.lists, in.size))
	default:
		c.Numbers = byCode(in.numbers.codes, in.reals, in.size)
	}
	return c
}

// byCode puts values where their codes say; other codes have the zero value.
func byCode[T any](codes []int32, values []T, n int32) []T {
	if len(values) == int(n) { // of one kind, numbered in their own order
		return values
	}
	all := make([]T, n)
	for i, code := range codes {
		all[code] = values[i]
	}
	return all
}

// elementsOf numbers the elements of lists.
func elementsOf(lists [][]string) (codes [][]int32, elements []string) {
	known := map[string]int32{}
	for _, list := range lists {
		var of []int32
		for _, element := range list {
			if _, ok := known[element]; !ok {
				known[element] = int32(len(elements))
				elements = append(elements, element)
			}
			of = append(of, known[element])
		}
		codes = append(codes, of)
	}
	return codes, elements
}

func (in *interner) count(c *records.Column) {
	c.Counts = make([]int32, in.size)
	for _, code := range c.Codes {
		if code >= 0 {
			c.Counts[code]++
			c.Known++
		}
	}
}

// numbering gives keys codes. It is an open-addressing table: half the time of a
// map, and every distinct value of a column goes through it.
type numbering[K comparable] struct {
	hash  func(K) uint32
	slots []int32 // a power of two: 1 + place in keys; 0 is free
	keys  []K
	tags  []uint32 // their hashes
	codes []int32
}

const firstSlots = 256

func newNumbering[K comparable](hash func(K) uint32) *numbering[K] {
	return &numbering[K]{hash: hash, slots: make([]int32, firstSlots)}
}

// code gives the code of a key, which is next when the key is new.
func (n *numbering[K]) code(key K, next int32) int32 {
	tag, mask := n.hash(key), uint32(len(n.slots)-1)
	at := tag & mask
	for ; n.slots[at] != 0; at = (at + 1) & mask {
		if i := n.slots[at] - 1; n.tags[i] == tag && n.keys[i] == key {
			return n.codes[i]
		}
	}
	n.keys, n.tags, n.codes = append(n.keys, key), append(n.tags, tag), append(n.codes, next)
	n.slots[at] = int32(len(n.keys))
	if 2*len(n.keys) > len(n.slots) {
		n.grow()
	}
	return next
}

func (n *numbering[K]) grow() {
	n.slots = make([]int32, 4*len(n.slots))
	clear(n.slots) // written first, fresh memory is handed out once; read first, twice
	more := len(n.slots)/2 + 1 - len(n.keys)
	n.keys, n.tags, n.codes = slices.Grow(n.keys, more), slices.Grow(n.tags, more), slices.Grow(n.codes, more)
	mask := uint32(len(n.slots) - 1)
	for i, tag := range n.tags {
		at := tag & mask
		for n.slots[at] != 0 {
			at = (at + 1) & mask
		}
		n.slots[at] = int32(i) + 1
	}
}

// mixed spreads the bits of a number: those of whole numbers differ only at the
// top.
func mixed(bits uint64) uint32 {
	bits = (bits ^ bits>>32) * 0x9e3779b97f4a7c15
	return uint32(bits >> 32)
}
