package leak

import (
	"hash/maphash"

	"tre/pseudonymise"
)

// usable reports ten figures that could be somebody's NHS number.
func usable(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		sum += int(d-'0') * (10 - i)
	}
	if sum%11 != 0 { // most are not: the full check, which also knows placeholders, is for the rest
		return false
	}
	_, verdict := pseudonymise.CheckNHSNumber(digits)
	return verdict == pseudonymise.Valid
}

// quick is a hash that tells values apart within the scan; it is keyed too.
func (h *hasher) quick(word []byte) uint64 { return maphash.Bytes(h.set.seed, word) }
