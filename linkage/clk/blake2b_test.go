package clk

import (
	"encoding/binary"
	"encoding/hex"
	"testing"
)

// blakeOf hashes in the general way of RFC 7693, with the key's block last when
// there is no message.
func blakeOf(size int, key, salt, message []byte) []byte {
	s := newBlake(size, len(key), salt)
	if len(key) > 0 {
		var block [blakeBlock]byte
		copy(block[:], key)
		message = append(block[:], message...)
	}
	digest := s.sum(message)
	return digest[:size]
}

func TestBlake2bGivesTheVectorOfRFC7693(t *testing.T) {
	const want = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1" +
		"7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
	if got := hex.EncodeToString(blakeOf(64, nil, nil, []byte("abc"))); got != want {
		t.Errorf("BLAKE2b-512 of abc is %s", got)
	}
}

// TestBlake2bPassesTheSelfTestOfRFC7693 hashes the hashes of messages and keys
// of several lengths, as appendix E does.
func TestBlake2bPassesTheSelfTestOfRFC7693(t *testing.T) {
	const want = "c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475"
	var all []byte
	for _, size := range []int{20, 32, 48, 64} {
		for _, length := range []int{0, 3, 128, 129, 255, 1024} {
			message := sequence(length, uint32(length))
			all = append(all, blakeOf(size, nil, nil, message)...)
			all = append(all, blakeOf(size, sequence(size, uint32(size)), nil, message)...)
		}
	}
	if got := hex.EncodeToString(blakeOf(32, nil, nil, all)); got != want {
		t.Errorf("the self-test gives %s", got)
	}
}

// sequence is the deterministic byte sequence of appendix E.
func sequence(length int, seed uint32) []byte {
	out := make([]byte, length)
	a, b := 0xdead4bad*seed, uint32(1)
	for i := range out {
		sum := a + b
		a, b = b, sum
		out[i] = byte(sum >> 24)
	}
	return out
}

func TestKeyedBlakeGoesOnFromTheKeysBlock(t *testing.T) {
	key, salt := sequence(64, 1), []byte("12")
	for _, length := range []int{1, 127, 128, 129, 400} {
		message := sequence(length, 7)
		got := keyedBlake(key, salt).sum(message)
		if want := blakeOf(64, key, salt, message); string(got[:]) != string(want) {
			t.Errorf("a message of %d bytes differs", length)
		}
	}
	with, without := keyedBlake(key, salt).sum(key), keyedBlake(key, nil).sum(key)
	if binary.LittleEndian.Uint64(with[:]) == binary.LittleEndian.Uint64(without[:]) {
		t.Error("the salt changes nothing")
	}
}
