package leak

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/maphash"
	"slices"
	"unicode"
	"unicode/utf8"

	"tre/internal/problem"
)

// Identity is where a region's identifiers come from. Load hands over every
// record of the sealed zone, one at a time; the Person and its bytes belong to
// the loader again once use returns. A nil Load means that there are none.
type Identity struct {
	Load func(ctx context.Context, use func(*Person) error) error
}

// Person is one record's identifiers, as the identity tables hold them. What
// is missing is empty.
type Person struct {
	Forename, MiddleNames, Surname, PreviousSurname []byte
	NHSNumber                                       []byte // ten digits
	Postcode, Address, LocalID                      []byte
	BirthDate                                       []byte // 2006-01-02
}

// The sets of hashes.
const (
	forenames = iota
	surnames
	numbers999 // NHS numbers of the range for invented people
	numbers    // all others
	postcodes
	birthDates
	localIDs
	shortIDs // local ids that other things look like: see longID and shortMixed
	addresses
	sets
)

const (
	// mostHashes bounds the memory of all sets: some 3 million people with a
	// dozen local ids each.
	mostHashes   = 48 << 20
	pendingMost  = 1 << 20
	bitmapBits   = 28
	shortestName = 3 // letters: shorter ones stand in every text
	shortestID   = 6
	longID       = 9 // figures; shorter ones are also years, counts and sizes
	shortMixed   = 8 // letters and figures; shorter ones are also codes
	longestWord  = 64
)

// set holds a region's identifiers as the first 64 bits of their HMAC-SHA-256
// under a key that lives as long as the scan. A bitmap of another keyed hash
// stands before it, so that the words of a text cost no HMAC each.
type set struct {
	key    [32]byte
	seed   maphash.Seed
	bitmap []uint64
	mask   uint64
	sorted [sets][]uint64
	fresh  [sets][]uint64
	common map[string]bool
	empty  bool
}

func newSet(ctx context.Context, identity Identity, ownWords []string) (*set, error) {
	s := &set{seed: maphash.MakeSeed(), common: commonWords(ownWords), empty: true}
	if _, err := rand.Read(s.key[:]); err != nil {
		return nil, err
	}
	if identity.Load == nil {
		return s, nil
	}
	s.bitmap, s.mask = make([]uint64, 1<<(bitmapBits-6)), 1<<bitmapBits-1
	h := newHasher(s)
	total := 0
	err := identity.Load(ctx, func(p *Person) error {
		h.person(p)
		if total++; total%4096 == 0 {
			return s.settle(pendingMost)
		}
		return nil
	})
	if err == nil {
		err = s.settle(0)
	}
	if err != nil {
		s.wipe()
		return nil, err
	}
	s.fold()
	return s, nil
}

// settle sorts in what is fresh, once there is more than a limit of it.
func (s *set) settle(limit int) error {
	total := 0
	for i := range s.fresh {
		if len(s.fresh[i]) > limit+len(s.sorted[i])/4 {
			s.sorted[i] = append(s.sorted[i], s.fresh[i]...)
			slices.Sort(s.sorted[i])
			s.sorted[i] = slices.Compact(s.sorted[i])
			clear(s.fresh[i])
			s.fresh[i] = s.fresh[i][:0]
		}
		if limit == 0 && len(s.fresh[i]) > 0 {
			s.sorted[i] = append(s.sorted[i], s.fresh[i]...)
			slices.Sort(s.sorted[i])
			s.sorted[i] = slices.Compact(s.sorted[i])
			s.fresh[i] = nil
		}
		total += len(s.sorted[i])
	}
	if total > mostHashes {
		return problem.New(problem.Failed, "scan with fewer identity tables", "the region has more identifiers than a scan can hold")
	}
	return nil
}

// fold makes the bitmap as small as its contents allow, so that it stays in
// the processor's cache.
func (s *set) fold() {
	total := 0
	for i := range s.sorted {
		total += len(s.sorted[i])
	}
	s.empty = total == 0
	for len(s.bitmap) > 1024 && len(s.bitmap)*64 > 64*total {
		half := len(s.bitmap) / 2
		for i := range half {
			s.bitmap[i] |= s.bitmap[half+i]
		}
		s.bitmap = slices.Clone(s.bitmap[:half])
		s.mask >>= 1
	}
}

// wipe overwrites the key and the hashes.
func (s *set) wipe() {
	clear(s.key[:])
	clear(s.bitmap)
	for i := range s.sorted {
		clear(s.sorted[i])
		clear(s.fresh[i])
	}
}

func (s *set) count() Known {
	n := func(i int) int { return len(s.sorted[i]) }
	return Known{Numbers: n(numbers999) + n(numbers), Names: n(forenames) + n(surnames), Postcodes: n(postcodes),
		BirthDates: n(birthDates), LocalIDs: n(localIDs) + n(shortIDs), Addresses: n(addresses)}
}

// hasher computes the keyed hashes of one goroutine.
type hasher struct {
	set   *set
	mac   hash.Hash
	sum   [sha256.Size]byte
	word  []byte
	cache []cached
}

// cached remembers what a word came to: texts repeat their words.
type cached struct {
	quick uint64
	in    uint16 // a bit a set
}

const cacheSize = 1 << 13

func newHasher(s *set) *hasher {
	return &hasher{set: s, mac: hmac.New(sha256.New, s.key[:]), word: make([]byte, 0, 4*longestWord), cache: make([]cached, cacheSize)}
}

func (h *hasher) hash(word []byte) uint64 {
	h.mac.Reset()
	h.mac.Write(word)
	return binary.LittleEndian.Uint64(h.mac.Sum(h.sum[:0]))
}

func (h *hasher) add(to int, word []byte) {
	quick := maphash.Bytes(h.set.seed, word)
	slot := &h.cache[quick%cacheSize]
	if slot.quick == quick && slot.in>>to&1 == 1 {
		return
	}
	if slot.quick != quick {
		*slot = cached{quick: quick}
	}
	slot.in |= 1 << to
	bit := quick & h.set.mask
	h.set.bitmap[bit/64] |= 1 << (bit % 64)
	h.set.fresh[to] = append(h.set.fresh[to], h.hash(word))
}

// find says in which sets a word is, a bit a set.
func (h *hasher) find(word []byte) uint16 {
	if h.set.empty {
		return 0
	}
	quick := maphash.Bytes(h.set.seed, word)
	bit := quick & h.set.mask
	if h.set.bitmap[bit/64]>>(bit%64)&1 == 0 {
		return 0
	}
	slot := &h.cache[quick%cacheSize]
	if slot.quick == quick {
		return slot.in
	}
	full, in := h.hash(word), uint16(0)
	for i := range h.set.sorted {
		if _, found := slices.BinarySearch(h.set.sorted[i], full); found {
			in |= 1 << i
		}
	}
	*slot = cached{quick, in}
	return in
}

// person adds one record's identifiers, in the forms words.go looks up.
func (h *hasher) person(p *Person) {
	h.names(forenames, p.Forename)
	h.names(forenames, p.MiddleNames)
	h.names(surnames, p.Surname)
	h.names(surnames, p.PreviousSurname)
	if len(p.NHSNumber) == 10 {
		to := numbers
		if bytes.HasPrefix(p.NHSNumber, []byte("999")) {
			to = numbers999
		}
		h.add(to, p.NHSNumber)
	}
	if word := h.compact(p.Postcode); len(word) >= 5 {
		h.add(postcodes, word)
	}
	if word := h.compact(p.BirthDate); len(word) == 8 {
		h.add(birthDates, word)
	}
	if word := h.compact(p.LocalID); len(word) >= shortestID && len(word) <= longestWord && bytes.ContainsAny(word, "0123456789") {
		to := localIDs
		if len(word) < longID && onlyDigits(word) || len(word) < shortMixed {
			to = shortIDs
		}
		h.add(to, word)
	}
	h.address(p.Address)
}

// names adds each word of a name: letters in lower case, apostrophes dropped.
func (h *hasher) names(to int, name []byte) {
	h.word = h.word[:0]
	flush := func() {
		if n := utf8.RuneCount(h.word); n >= shortestName && n <= longestWord {
			h.add(to, h.word)
		}
		h.word = h.word[:0]
	}
	for len(name) > 0 {
		r, size := utf8.DecodeRune(name)
		name = name[size:]
		switch {
		case unicode.IsLetter(r):
			h.word = utf8.AppendRune(h.word, unicode.ToLower(r))
		case isApostrophe(r):
		default:
			flush()
		}
	}
	flush()
}

// address adds every house number with the two words that follow it.
func (h *hasher) address(text []byte) {
	words := bytes.FieldsFunc(bytes.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !isApostrophe(r) })
	for i := range len(words) - 2 {
		if isHouse(words[i]) && isWord(words[i+1]) && isWord(words[i+2]) {
			h.add(addresses, addressKey(h.word[:0], words[i], words[i+1], words[i+2]))
		}
	}
}

func addressKey(to []byte, words ...[]byte) []byte {
	for i, w := range words {
		if i > 0 {
			to = append(to, ' ')
		}
		for len(w) > 0 {
			r, size := utf8.DecodeRune(w)
			if !isApostrophe(r) {
				to = utf8.AppendRune(to, unicode.ToLower(r))
			}
			w = w[size:]
		}
	}
	return to
}

// compact gives the ASCII letters and figures of a text, in lower case.
func (h *hasher) compact(text []byte) []byte {
	h.word = appendCompact(h.word[:0], text)
	return h.word
}

func appendCompact(to, text []byte) []byte {
	for _, c := range text {
		switch classes[c] {
		case upper:
			to = append(to, c+'a'-'A')
		case lower, digit:
			to = append(to, c)
		}
	}
	return to
}

func isApostrophe(r rune) bool { return r == '\'' || r == '\u2019' || r == '`' }

// isHouse reports a house number: 12, 12a.
func isHouse(w []byte) bool {
	n := 0
	for n < len(w) && w[n] >= '0' && w[n] <= '9' {
		n++
	}
	return n > 0 && n <= 4 && (n == len(w) || n == len(w)-1 && classes[w[n]]&letter != 0)
}

func isWord(w []byte) bool { r, _ := utf8.DecodeRune(w); return unicode.IsLetter(r) }

func onlyDigits(w []byte) bool {
	for _, c := range w {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
