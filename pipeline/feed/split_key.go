package feed

import (
	"bytes"
	"hash/maphash"
	"slices"

	"tre/pseudonymise"
)

// keySource turns the identifiers of one column into keyed hashes: HMAC-SHA-256
// under the region's key in the domain ("local", feed, provider, domain), where
// provider is "" for identifiers that are unique in the whole feed. Columns
// with the same domain and scope give the same hash for the same identifier,
// which is how tables join without it.
type keySource struct {
	column    int
	at        int
	feed      string
	domain    string
	wholeFeed bool
	normalise string
	key       pseudonymise.Key
	provider  string
	hasher    *pseudonymise.Hasher
	cache     []cachedKey
	seed      maphash.Seed
	buffer    []byte
}

// cachedKey remembers one identifier's hash. Files are sorted by person, and
// organisations and codes repeat, so a small table saves most of the hashing.
type cachedKey struct {
	size byte // 0 is an empty place
	text [47]byte
	sum  [16]byte
}

const cachedKeys = 1024

func newKeySource(job *Job, feed string, c *column, rules PropertyRules) *keySource {
	s := &keySource{column: c.index, at: c.at, feed: feed, domain: rules.Domain, wholeFeed: rules.Scope == "feed",
		normalise: rules.Normalise, key: job.Key, cache: make([]cachedKey, cachedKeys), seed: maphash.MakeSeed()}
	if s.domain == "" {
		s.domain = c.name
	}
	return s
}

// sum gives the hash of an identifier that a provider issued.
func (s *keySource) sum(text []byte, provider string) [16]byte {
	if s.wholeFeed {
		provider = ""
	}
	if s.hasher == nil || s.provider != provider {
		s.provider, s.hasher = provider, s.key.Hasher("local", s.feed, provider, s.domain)
		clear(s.cache)
	}
	if len(text) > len(s.cache[0].text) {
		return s.hasher.Sum(s.normal(text))
	}
	place := &s.cache[maphash.Bytes(s.seed, text)%cachedKeys]
	if int(place.size) == len(text) && bytes.Equal(place.text[:place.size], text) {
		return place.sum
	}
	place.sum = s.hasher.Sum(s.normal(text))
	place.size = byte(len(text))
	copy(place.text[:], text)
	return place.sum
}

// normal is the identifier in the form that is hashed; it stands in a buffer
// that the next call overwrites.
func (s *keySource) normal(text []byte) []byte {
	switch s.normalise {
	case "guid":
		text = bytes.TrimSuffix(bytes.TrimPrefix(text, []byte("{")), []byte("}"))
	case "upper":
	default:
		return text
	}
	s.buffer = append(s.buffer[:0], text...)
	for i, c := range s.buffer {
		if c >= 'a' && c <= 'z' {
			s.buffer[i] = c - 'a' + 'A'
		}
	}
	return s.buffer
}

// rowKeys is one subject's record key of every row of a block.
type rowKeys struct {
	keys  [][16]byte
	known []bool
}

func (k *rowKeys) size(rows int) {
	k.keys = slices.Grow(k.keys[:0], rows)[:rows]
	k.known = cleared(k.known, rows)
}

func (k *rowKeys) set(r int, key [16]byte) { k.keys[r], k.known[r] = key, true }
