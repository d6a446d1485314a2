package clk

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/binary"
	"hash"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// keysPerFeature: clkhash derives two keys a feature whichever hash it uses.
const keysPerFeature = 2

// A hasher gives the positions of a token's bits in a filter of length bits:
// the first k of an endless row. It is not safe for concurrent use.
type hasher interface {
	positions(into []uint16, token []byte, k int) []uint16
}

func newHasher(f *feature, keys [keysPerFeature][]byte, length int) hasher {
	if f.hash == "doubleHash" {
		return &doubleHash{
			first: hmac.New(sha1.New, keys[0]), second: hmac.New(md5.New, keys[1]),
			length: uint64(length), nonZero: f.nonZero,
		}
	}
	return &blakeHash{key: keys[0], mask: uint16(length - 1)}
}

// blakeHash takes 32 positions from each digest: its 16-bit numbers, the lower
// byte first, modulo the length. Digests are told apart by their salt, the
// digest's number in ASCII. Only the first key is used.
type blakeHash struct {
	key    []byte
	mask   uint16
	begun  []blakeState // by the digest's number
	digest [blakeDigest]byte
}

func (b *blakeHash) positions(into []uint16, token []byte, k int) []uint16 {
	for number := 0; k > 0; number++ {
		if number == len(b.begun) {
			b.begun = append(b.begun, keyedBlake(b.key, []byte(strconv.Itoa(number))))
		}
		b.digest = b.begun[number].sum(token)
		for i := range min(k, blakeDigest/2) {
			into = append(into, binary.LittleEndian.Uint16(b.digest[2*i:])&b.mask)
		}
		k -= blakeDigest / 2
	}
	return into
}

// doubleHash places bit i at h1 + i*h2, where h1 is an HMAC-SHA1 and h2 an
// HMAC-MD5 of the token (Schnell, Bachteler and Reiher 2011). Its structure is
// what Kroll and Steinmetzer 2015 exploit; it is here for partners who use it.
type doubleHash struct {
	first, second hash.Hash
	length        uint64
	nonZero       bool
	sum           []byte
}

func (d *doubleHash) positions(into []uint16, token []byte, k int) []uint16 {
	at := d.modulo(d.first, token, nil)
	step := d.modulo(d.second, token, nil)
	for i := rune(0); d.nonZero && step == 0 && i < utf16SurrogateStart; i++ {
		step = d.modulo(d.second, token, utf8.AppendRune(nil, i))
	}
	for range k {
		into = append(into, uint16(at))
		at = (at + step) % d.length
	}
	return into
}

const utf16SurrogateStart = 0xd800 // where clkhash's own search ends

func (d *doubleHash) modulo(h hash.Hash, token, more []byte) uint64 {
	h.Reset()
	h.Write(token)
	h.Write(more)
	d.sum = h.Sum(d.sum[:0])
	var rest uint64
	for _, b := range d.sum {
		rest = (rest<<8 | uint64(b)) % d.length
	}
	return rest
}

// encoded appends a token's bytes. The wide encodings begin with a byte order
// mark, in each token, and have the lower byte first.
func encoded(into []byte, token, encoding string) []byte {
	switch encoding {
	case "utf-16":
		into = append(into, 0xff, 0xfe)
		for _, unit := range utf16.Encode([]rune(token)) {
			into = binary.LittleEndian.AppendUint16(into, unit)
		}
	case "utf-32":
		into = append(into, 0xff, 0xfe, 0, 0)
		for _, r := range token {
			into = binary.LittleEndian.AppendUint32(into, uint32(r))
		}
	default:
		into = append(into, token...)
	}
	return into
}
