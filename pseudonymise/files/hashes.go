package files

import (
	"bytes"

	"tre/pseudonymise"
	"tre/pseudonymise/generalise"
)

// hashes makes the pseudonyms of a file. It remembers no more than the value
// before: with processors that have instructions for SHA-256, looking a number
// up among three million costs more than hashing it again, and a table of them
// would hold everyone's number in memory.
type hashes struct {
	key              pseudonymise.Key
	project, purpose string
}

// Domain names what the pseudonyms of a plain file depend on beside the key
// and the value: give it to Key.Hasher to make them elsewhere.
func Domain(project, purpose, domain string) []string {
	return []string{"plain file", project, purpose, domain}
}

// of gives the hash of a domain for one worker.
func (h *hashes) of(domain string) generalise.Hash {
	hasher := h.key.Hasher(Domain(h.project, h.purpose, domain)...)
	if domain == generalise.PersonDomain {
		return hashNumber(hasher)
	}
	return func(value []byte) ([16]byte, generalise.Fate) {
		value = bytes.TrimSpace(value)
		if len(value) == 0 {
			return [16]byte{}, generalise.Missing
		}
		return hasher.Sum(value), generalise.Passed
	}
}

// hashNumber hashes NHS numbers by their ten digits. Files are often sorted by
// person: the number of the row before is not hashed again.
func hashNumber(hasher *pseudonymise.Hasher) generalise.Hash {
	number, sum := new([10]byte), [16]byte{}
	return func(value []byte) ([16]byte, generalise.Fate) {
		digits, verdict := pseudonymise.CheckNHSNumber(value)
		switch verdict {
		case pseudonymise.Valid:
			if digits != *number {
				*number = digits
				sum = hasher.Sum(number[:])
			}
			return sum, generalise.Passed
		case pseudonymise.Missing:
			return [16]byte{}, generalise.Missing
		case pseudonymise.Placeholder:
			return [16]byte{}, generalise.Placeholder
		}
		return [16]byte{}, generalise.Invalid
	}
}
