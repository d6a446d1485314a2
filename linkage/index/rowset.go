package index

import "math/bits"

// rowSet is a set of rows of an index. Draining it gives them in ascending
// order, for less than sorting them would cost.
type rowSet []uint64

func newRowSet(rows int32) rowSet {
	s := make(rowSet, rows/64+1)
	clear(s) // written first, fresh memory is handed out once; read first, twice
	return s
}

func (s rowSet) add(row int32)      { s[row/64] |= 1 << (row % 64) }
func (s rowSet) has(row int32) bool { return s[row/64]>>(row%64)&1 == 1 }

// drain appends the rows in ascending order, and empties the set.
func (s rowSet) drain(to []int32) []int32 {
	for at, word := range s {
		for ; word != 0; word &= word - 1 {
			to = append(to, int32(at*64+bits.TrailingZeros64(word)))
		}
		s[at] = 0
	}
	return to
}

// ranks gives, by word, how many rows stand in the words before.
func (s rowSet) ranks() []int32 {
	ranks := make([]int32, len(s)+1)
	for at, word := range s {
		ranks[at+1] = ranks[at] + int32(bits.OnesCount64(word))
	}
	return ranks
}

// rank is the number of rows in the set below one.
func (s rowSet) rank(ranks []int32, row int32) int32 {
	return ranks[row/64] + int32(bits.OnesCount64(s[row/64]&(1<<(row%64)-1)))
}
