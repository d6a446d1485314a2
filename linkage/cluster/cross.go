package cluster

import "math"

// cross holds, for every two clusters of one component between which a pair
// was scored, what those pairs say together. Clusters are numbered from 0
// within the component. Merging moves the shorter list of neighbours, so all
// merges of a component with e edges cost O(e log e). An entry takes 32 bytes,
// its place in the table 6 to 12.
//
// Sums are whole numbers of 1/65536 of a bit: they do not depend on the order
// in which they are added.
type cross struct {
	entries []entry
	table   []int32 // open addressing, linear probing: 1 + index into entries, 0 is free
	width   int32   // clusters, when they are so few that every two have a place of their own; 0 otherwise
	used    int
	first   []int32 // by cluster: 1 + its first entry
	length  []int32 // by cluster: entries in its list, dead ones included
}

// entry is the evidence between clusters a and b.
type entry struct {
	a, b         int32
	nextA, nextB int32 // 1 + the next entry in the list of a, of b
	sum          int64
	pairs        int32 // scored pairs; dead when the entry was merged into another
	best         int32 // the strongest of them; forbidden when a and b may never join
}

const (
	fixed     = 1 << 16 // parts of a bit
	dead      = -1
	forbidden = math.MaxInt32
)

// few is the most clusters of which every two have a place of their own: their
// table takes a kilobyte.
const few = 16

// reset empties the structure for a component of the given clusters.
func (x *cross) reset(clusters, edges int) {
	size := 8
	for size < edges*3/2+1 {
		size *= 2
	}
	x.width = 0
	if clusters <= few {
		x.width, size = int32(clusters), clusters*clusters
	}
	x.entries = x.entries[:0]
	if cap(x.entries) < edges {
		x.entries = make([]entry, 0, edges)
	}
	x.table, x.first, x.length = cleared(x.table, size), cleared(x.first, clusters), cleared(x.length, clusters)
	x.used = 0
}

func cleared(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	s = s[:n]
	clear(s)
	return s
}

func (x *cross) slot(a, b int32) int {
	if a > b {
		a, b = b, a
	}
	h := (uint64(uint32(a))<<32 | uint64(uint32(b))) * 0x9e3779b97f4a7c15
	return int((h ^ h>>29) & uint64(len(x.table)-1))
}

// find gives the place of the entry of two clusters, or the free place where
// it would stand.
func (x *cross) find(a, b int32) int {
	if x.width > 0 {
		return int(min(a, b)*x.width + max(a, b))
	}
	for i := x.slot(a, b); ; i = (i + 1) & (len(x.table) - 1) {
		if x.table[i] == 0 {
			return i
		}
		if e := &x.entries[x.table[i]-1]; e.a == a && e.b == b || e.a == b && e.b == a {
			return i
		}
	}
}

// between gives the evidence between two clusters, nil when there is none.
func (x *cross) between(a, b int32) *entry {
	if at := x.table[x.find(a, b)]; at != 0 {
		return &x.entries[at-1]
	}
	return nil
}

// add records a scored pair of two clusters of one row, or with the weight
// forbidden that the two may never join. Of a pair given twice the first
// counts.
func (x *cross) add(a, b int32, weight int32) {
	at := x.find(a, b)
	if x.table[at] != 0 {
		if weight == forbidden {
			x.entries[x.table[at]-1].best = forbidden
		}
		return
	}
	e := entry{a: a, b: b, best: weight}
	if weight != forbidden {
		e.sum, e.pairs = int64(weight), 1
	}
	x.entries = append(x.entries, e)
	x.table[at] = int32(len(x.entries))
	x.list(x.table[at]-1, a)
	x.list(x.table[at]-1, b)
}

// list puts an entry at the head of a cluster's list.
func (x *cross) list(index, cluster int32) {
	e := &x.entries[index]
	if e.a == cluster {
		e.nextA = x.first[cluster]
	} else {
		e.nextB = x.first[cluster]
	}
	x.first[cluster] = index + 1
	x.length[cluster]++
}

// remove frees the place of an entry of a cluster that is no more, moving
// later ones of its run forward. Where every two clusters have a place of their
// own nobody looks there again, so it may stay.
func (x *cross) remove(a, b int32) {
	if x.width > 0 {
		return
	}
	mask := len(x.table) - 1
	hole := x.find(a, b)
	for i := (hole + 1) & mask; x.table[i] != 0; i = (i + 1) & mask {
		e := &x.entries[x.table[i]-1]
		if home := x.slot(e.a, e.b); (i-home)&mask >= (i-hole)&mask {
			x.table[hole] = x.table[i]
			hole = i
		}
	}
	x.table[hole] = 0
}

// merge makes one cluster of two and gives its number: that of the cluster
// with the longer list.
func (x *cross) merge(a, b int32) int32 {
	if x.length[a] < x.length[b] {
		a, b = b, a
	}
	for at := x.first[b]; at != 0; {
		index := at - 1
		e := &x.entries[index]
		other := e.b
		at = e.nextA
		if e.b == b {
			other, at = e.a, e.nextB
		}
		if e.pairs == dead {
			continue
		}
		x.remove(b, other)
		x.move(index, b, a, other)
	}
	x.first[b], x.length[b] = 0, 0
	return a
}

// move gives an entry between from and other to the cluster into.
func (x *cross) move(index, from, into, other int32) {
	e := &x.entries[index]
	if other == into {
		e.pairs = dead
		return
	}
	at := x.find(into, other)
	if x.table[at] != 0 {
		into := &x.entries[x.table[at]-1]
		into.sum += e.sum
		into.pairs += e.pairs
		into.best = max(into.best, e.best)
		e.pairs = dead
		return
	}
	if e.a == from {
		e.a = into
	} else {
		e.b = into
	}
	x.table[at] = index + 1
	x.list(index, into)
}
