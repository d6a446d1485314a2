package clk

import (
	"encoding/binary"
	"math/bits"
)

// BLAKE2b, RFC 7693, with the salt of its parameter block (section 2.8 of the
// BLAKE2 paper, Aumasson, Neves, Wilcox-O'Hearn and Winnerlein 2013), which
// clkhash numbers its hashes with.

const (
	blakeBlock  = 128
	blakeMaxKey = 64
	blakeDigest = 64
)

func blakeIV() [8]uint64 {
	return [8]uint64{
		0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
		0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
	}
}

// blakeState is a hash after some whole blocks. It is a value: a copy goes on
// from where the original stands.
type blakeState struct {
	h    [8]uint64
	done uint64 // bytes taken so far; messages here are far below 2^64
	size int    // bytes of the digest
}

// newBlake begins a hash of size bytes, without having taken the key's block.
func newBlake(size, keyLength int, salt []byte) blakeState {
	var parameters [64]byte
	parameters[0], parameters[1] = byte(size), byte(keyLength)
	parameters[2], parameters[3] = 1, 1 // fanout and depth: not a tree
	copy(parameters[32:48], salt)
	s := blakeState{h: blakeIV(), size: size}
	for i := range s.h {
		s.h[i] ^= binary.LittleEndian.Uint64(parameters[8*i:])
	}
	return s
}

// keyedBlake begins a keyed hash of 64 bytes and takes the key's block, which
// all messages under the key have in common. No message may be empty: the key's
// block would then be the last.
func keyedBlake(key, salt []byte) blakeState {
	s := newBlake(blakeDigest, len(key), salt)
	var block [blakeBlock]byte
	copy(block[:], key)
	s.compress(&block, blakeBlock, false)
	clear(block[:])
	return s
}

// sum takes the message and ends the hash.
func (s blakeState) sum(message []byte) [blakeDigest]byte {
	var block [blakeBlock]byte
	for len(message) > blakeBlock {
		copy(block[:], message)
		s.compress(&block, blakeBlock, false)
		message = message[blakeBlock:]
	}
	clear(block[copy(block[:], message):])
	s.compress(&block, uint64(len(message)), true)
	var digest [blakeDigest]byte
	for i, word := range s.h {
		binary.LittleEndian.PutUint64(digest[8*i:], word)
	}
	return digest
}

func blakeOrder() [10][16]uint8 {
	return [10][16]uint8{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
		{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
		{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
		{7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
		{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
		{2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
		{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
		{13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
		{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
		{10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
	}
}

func (s *blakeState) compress(block *[blakeBlock]byte, taken uint64, last bool) {
	s.done += taken
	var m, v [16]uint64
	for i := range m {
		m[i] = binary.LittleEndian.Uint64(block[8*i:])
	}
	iv := blakeIV()
	copy(v[:8], s.h[:])
	copy(v[8:], iv[:])
	v[12] ^= s.done
	if last {
		v[14] = ^v[14]
	}
	order := blakeOrder()
	for round := range 12 {
		o := &order[round%10]
		mix(&v, 0, 4, 8, 12, m[o[0]], m[o[1]])
		mix(&v, 1, 5, 9, 13, m[o[2]], m[o[3]])
		mix(&v, 2, 6, 10, 14, m[o[4]], m[o[5]])
		mix(&v, 3, 7, 11, 15, m[o[6]], m[o[7]])
		mix(&v, 0, 5, 10, 15, m[o[8]], m[o[9]])
		mix(&v, 1, 6, 11, 12, m[o[10]], m[o[11]])
		mix(&v, 2, 7, 8, 13, m[o[12]], m[o[13]])
		mix(&v, 3, 4, 9, 14, m[o[14]], m[o[15]])
	}
	for i := range s.h {
		s.h[i] ^= v[i] ^ v[i+8]
	}
}

func mix(v *[16]uint64, a, b, c, d int, x, y uint64) {
	v[a] += v[b] + x
	v[d] = bits.RotateLeft64(v[d]^v[a], -32)
	v[c] += v[d]
	v[b] = bits.RotateLeft64(v[b]^v[c], -24)
	v[a] += v[b] + y
	v[d] = bits.RotateLeft64(v[d]^v[a], -16)
	v[c] += v[d]
	v[b] = bits.RotateLeft64(v[b]^v[c], -63)
}
