package clk

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"math"
	"math/rand/v2"

	"tre/internal/problem"
)

// Hardening makes encodings harder to read back and worse to match. The zero
// value hardens nothing and gives the bits of clkhash.
type Hardening struct {
	// Epsilon flips every bit with probability 1/(1+e^Epsilon), so that one bit
	// is randomised response with that epsilon (BLIP: Alaggan, Gambs and
	// Kermarrec 2012). 0 flips none. Which bits are flipped depends on the secret
	// and the record's id: encoding a record again tells nothing more.
	Epsilon float64
	// SaltColumn is a column of the schema whose encoded form, or the first
	// SaltCharacters of it, goes into every key of the record (Niedermeyer,
	// Steinmetzer, Kroll and Schnell 2014). Records with different salts have
	// nothing in common. "" salts nothing.
	SaltColumn string
	// SaltCharacters is how many characters of the salt count; 0 means all.
	SaltCharacters int
}

// leastEpsilon flips 38 bits of a hundred; below that nothing can be matched.
const leastEpsilon = 0.5

// FlipProbability is the chance of each bit to be flipped.
func (h Hardening) FlipProbability() float64 {
	if h.Epsilon == 0 {
		return 0
	}
	return 1 / (1 + math.Exp(h.Epsilon))
}

func (h Hardening) check(s *Schema) error {
	if h.Epsilon != 0 && (!(h.Epsilon >= leastEpsilon) || h.Epsilon > 20) {
		return problem.New(problem.Usage, "7 flips one bit in a thousand, 4.6 one in a hundred, 3 one in twenty",
			"an epsilon a bit outside %g to 20 either leaves nothing to match or hides nothing", leastEpsilon)
	}
	if h.SaltCharacters < 0 || h.SaltCharacters > 0 && h.SaltColumn == "" {
		return problem.New(problem.Usage, "name the column of the salt, and at least one character", "the salt is wrong")
	}
	if h.SaltColumn == "" {
		return nil
	}
	for _, f := range s.features {
		if f.identifier == h.SaltColumn && !f.ignored {
			return nil
		}
	}
	return problem.New(problem.Usage, "take the salt from a column that the schema encodes, so that both partners write it alike",
		"the salt's column %s is none that the schema encodes", h.SaltColumn)
}

// flip changes bits in place, by a stream that depends on key and id alone.
func (h Hardening) flip(filter, key []byte, id string) {
	if h.Epsilon == 0 {
		return
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id))
	stream := rand.NewChaCha8([32]byte(mac.Sum(nil)))
	limit := uint64(h.FlipProbability() * (1 << 32))
	for i := range filter {
		for bit := byte(0x80); bit != 0; bit >>= 2 {
			draw := stream.Uint64()
			if draw&math.MaxUint32 < limit {
				filter[i] ^= bit
			}
			if draw>>32 < limit {
				filter[i] ^= bit >> 1
			}
		}
	}
}

// saltedKey makes the key of one salt: the salt's length precedes it, so that
// it cannot run into anything else.
func saltedKey(key []byte, salt string) []byte {
	mac := hmac.New(sha512.New, key)
	mac.Write(binary.BigEndian.AppendUint64([]byte("tre clk salt"), uint64(len(salt))))
	mac.Write([]byte(salt))
	return mac.Sum(nil)[:min(len(key), sha512.Size)]
}

func firstCharacters(text string, n int) string {
	if n == 0 {
		return text
	}
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}
