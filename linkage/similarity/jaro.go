package similarity

import "math/bits"

// Jaro-Winkler's constants, as Winkler (1990) has them and DuckDB: what two
// texts share at the start is worth a tenth of what they lack, up to four
// symbols, and only when they are similar without it.
const (
	prefixMost   = 4
	prefixWeight = 0.1
	boostAbove   = 0.7
)

// Jaro is Jaro's similarity, 0 to 1: two symbols match when they are equal and
// no further apart than half the longer text less one; matches out of order
// count half. Two empty texts have similarity 0. Jaro(a, b) is Jaro(b, a).
func Jaro(a, b Text) float64 {
	var room [16]uint64
	flags := room[:]
	if need := flagWords(a, b); need > len(flags) {
		flags = make([]uint64, need)
	}
	return jaro(a, b, flags)
}

// JaroWinkler is Jaro's similarity raised for a common prefix.
func JaroWinkler(a, b Text) float64 { return winkler(Jaro(a, b), a, b) }

// winkler raises a Jaro similarity for the common prefix of a and b.
func winkler(similarity float64, a, b Text) float64 {
	if similarity <= boostAbove {
		return similarity
	}
	return raise(similarity, commonPrefix(a, b))
}

// raise keeps to the order of DuckDB's operations, and forbids the compiler to
// fuse them, so that the last bit agrees.
func raise(similarity float64, prefix int) float64 {
	return similarity + float64(float64(prefix)*prefixWeight*float64(1-similarity))
}

func commonPrefix(a, b Text) int {
	n := min(len(a), len(b), prefixMost)
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// jaroWindow is how far apart symbols may lie and still match.
func jaroWindow(longer int) int { return max(longer/2-1, 0) }

// jaroScore is the similarity for a number of common symbols, of which
// outOfOrder do not meet their own kind at the same rank.
func jaroScore(common, outOfOrder, lenA, lenB int) float64 {
	if common == 0 {
		return 0
	}
	m := float64(common)
	return (m/float64(lenA) + m/float64(lenB) + (m-float64(outOfOrder/2))/m) / 3
}

// flagWords is the room that jaro needs for two texts.
func flagWords(a, b Text) int { return (len(a)+63)/64 + (len(b)+63)/64 }

// jaro is Jaro's similarity for texts of any length, with room for one bit for
// each symbol of both.
func jaro(a, b Text, flags []uint64) float64 {
	clear(flags)
	inA, inB := flags[:(len(a)+63)/64], flags[(len(a)+63)/64:]
	window := jaroWindow(max(len(a), len(b)))
	common := 0
	for j, symbol := range b {
		for i := max(j-window, 0); i < min(j+window+1, len(a)); i++ {
			if a[i] == symbol && inA[i/64]>>(i%64)&1 == 0 {
				inA[i/64] |= 1 << (i % 64)
				inB[j/64] |= 1 << (j % 64)
				common++
				break
			}
		}
	}
	return jaroScore(common, outOfOrder(a, b, inA, inB), len(a), len(b))
}

// outOfOrder counts the ranks at which the matched symbols of a and of b differ.
func outOfOrder(a, b Text, inA, inB []uint64) int {
	count, word, left := 0, 0, uint64(0)
	if len(inA) > 0 {
		left = inA[0]
	}
	for w, right := range inB {
		for ; right != 0; right &= right - 1 {
			for left == 0 {
				word++
				left = inA[word]
			}
			if a[word*64+bits.TrailingZeros64(left)] != b[w*64+bits.TrailingZeros64(right)] {
				count++
			}
			left &= left - 1
		}
	}
	return count
}
