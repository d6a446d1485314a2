package pseudonymise

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// Hasher makes keyed hashes within one domain. It is not safe for concurrent
// use: make one for each goroutine.
type Hasher struct {
	mac    hash.Hash
	length [8]byte
	sum    [sha256.Size]byte
}

// Hasher gives the hasher of a domain, such as "local", "gp_emis". Hashes of
// different domains have nothing to do with each other, also where one domain's
// names run on into another's.
func (k Key) Hasher(domain ...string) *Hasher {
	return &Hasher{mac: hmac.New(sha256.New, k.derive(domain))}
}

// Sum gives the first 128 bits of HMAC-SHA-256 over the parts, each preceded
// by its length as eight bytes, big-endian: ("ab", "c") and ("a", "bc") differ,
// and so do no part and an empty one. It does not allocate. 128 bits make a
// collision among 10 thousand million values less likely than 1 in 10^18.
func (h *Hasher) Sum(parts ...[]byte) [16]byte {
	h.mac.Reset()
	for _, p := range parts {
		binary.BigEndian.PutUint64(h.length[:], uint64(len(p)))
		h.mac.Write(h.length[:])
		h.mac.Write(p)
	}
	h.mac.Sum(h.sum[:0])
	return [16]byte(h.sum[:16])
}

func writeLength(h hash.Hash, n int) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(n))
	h.Write(length[:])
}
