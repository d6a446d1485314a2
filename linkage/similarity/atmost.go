package similarity

import (
	"math/bits"
	"slices"
)

// LevenshteinAtMost says whether Levenshtein(a, b) is at most k. For k up to 2
// it only scans: what is left between the common prefix and the common suffix
// must be edited at both of its ends.
func LevenshteinAtMost(a, b Text, k int) bool {
	a, b, possible := middle(a, b, k)
	switch {
	case !possible || len(b) == 0:
		return possible
	case k == 1:
		return len(a) == 1
	case k == 2:
		return twoEdits(a, b)
	}
	return Levenshtein(a, b) <= k
}

// DamerauAtMost says whether DamerauLevenshtein(a, b) is at most k. For k up to
// 2 it only scans.
func DamerauAtMost(a, b Text, k int) bool {
	a, b, possible := middle(a, b, k)
	switch {
	case !possible || len(b) == 0:
		return possible
	case k == 1:
		return len(a) == 1 || len(a) == 2 && len(b) == 2 && swapped(a, b)
	case k == 2:
		return twoEdits(a, b) || swapAndEdit(a, b)
	}
	return DamerauLevenshtein(a, b) <= k
}

// Spots are the first sixteen characters of a text, four bits of each, so that
// two texts are told apart by one look.
func Spots(t Text) (spots uint64) {
	for i, symbol := range t[:min(len(t), 16)] {
		spots |= uint64(symbol&15) << (4 * i)
	}
	return spots
}

// SpotsApart is a number of spots in which two texts differ; there may be more.
// Of one length, they are at a Levenshtein distance of at most 1 only if it is
// at most 1, and at such a Damerau-Levenshtein distance only if it is at most 2.
func SpotsApart(a, b uint64) int {
	apart := a ^ b
	apart |= apart >> 2
	apart |= apart >> 1
	return bits.OnesCount64(apart & 0x1111111111111111)
}

// middle gives what is left of both texts, the longer first, without their
// common prefix and suffix. It is not possible to turn one into the other with
// k edits when the lengths differ by more, or when k is 0 and something is left.
func middle(a, b Text, k int) (longer, shorter Text, possible bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(a)-len(b) > k {
		return nil, nil, false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	a, b = a[i:], b[i:]
	n, m := len(a), len(b)
	for m > 0 && a[n-1] == b[m-1] {
		n, m = n-1, m-1
	}
	return a[:n], b[:m], m == 0 || k > 0
}

// twoEdits says whether two edits turn b into a, where a is at most two longer,
// b is not empty, and both the first and the last symbols differ: each end
// needs one edit, and nothing else may.
func twoEdits(a, b Text) bool {
	n, m := len(a), len(b)
	switch n - m {
	case 0: // two replaced, or one deleted at one end and one inserted at the other
		return n <= 2 || slices.Equal(a[1:n-1], b[1:m-1]) || slices.Equal(a[1:], b[:m-1]) || slices.Equal(a[:n-1], b[1:])
	case 1: // one deleted at one end, one replaced at the other
		return slices.Equal(a[1:n-1], b[:m-1]) || slices.Equal(a[1:n-1], b[1:])
	}
	return slices.Equal(a[1:n-1], b)
}

// swapAndEdit says the same for an exchange of neighbours and one more edit:
// at the other end, a second exchange, or a symbol deleted between the two.
func swapAndEdit(a, b Text) bool {
	n, m := len(a), len(b)
	if m < 2 || n-m > 1 {
		return false
	}
	first, last := swapped(a[:2], b[:2]), swapped(a[n-2:], b[m-2:])
	if n == m {
		return n >= 3 && (first && slices.Equal(a[2:n-1], b[2:m-1]) || last && slices.Equal(a[1:n-2], b[1:m-2])) ||
			n >= 4 && first && last && slices.Equal(a[2:n-2], b[2:m-2])
	}
	return first && slices.Equal(a[2:n-1], b[2:]) || last && slices.Equal(a[1:n-2], b[:m-2]) ||
		n == 3 && a[0] == b[1] && a[2] == b[0]
}

// swapped compares two texts of two symbols.
func swapped(a, b Text) bool { return a[0] == b[1] && a[1] == b[0] }
