package leak

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// The classes of bytes. Bytes above 127 are told by the character they begin.
const (
	digit  = 1
	lower  = 2
	upper  = 4
	high   = 8
	letter = lower | upper
)

var classes = func() (c [256]byte) {
	for i := range c {
		switch {
		case i >= '0' && i <= '9':
			c[i] = digit
		case i >= 'a' && i <= 'z':
			c[i] = lower
		case i >= 'A' && i <= 'Z':
			c[i] = upper
		case i >= utf8.RuneSelf:
			c[i] = high
		}
	}
	return c
}()

// what a hit is
const (
	hitNumber    = iota // ten figures by themselves
	hitJoined           // ten figures that touch a letter, and are known
	hitName             // a word that is a forename, a surname or both
	hitPostcode         //
	hitLocal            //
	hitShort            // a local id of few figures
	hitDigits           // a run of figures as long as a short id, and not one
	hitAddress          //
	hitBirthDate        // found only in rows that hold something else
	hitNothing          // dropped
)

// hit is something found in a text. It holds no value: figures are judged and
// hashed at once.
type hit struct {
	what       uint8
	passes     bool   // a number: Modulus 11 holds, and it is no placeholder
	known      bool   // a number: the region's own
	range999   bool   // a number: of the range for invented people
	labelled   bool   // a number: "NHS" stands before it
	first      bool   // a name: may be a forename
	last       bool   // a name: may be a surname
	common     bool   // a name: an ordinary word too
	spaced     bool   // a postcode: written in two parts
	whole      bool   // fills the text it was found in
	column     int32  // of a table or a line; -1 when not known yet
	start, end int32  // in the text
	hash       uint64 // tells one value from another
}

// scanner looks through texts. It is one goroutine's.
type scanner struct {
	*hasher
	hits    []hit
	other   []byte // a second word
	bytes   bool   // the text is a window of bytes, with no rows
	loose   bool   // the row in hand is no row: what belongs together stands near
	from    int32  // hits that begin before this place belong to the window before
	to      int32  // and those that begin from here on, to the next
	column  int32
	pending int // where a chain of runs joined by marks began, or -1
}

func newScanner(s *set) *scanner { return &scanner{hasher: newHasher(s), to: 1 << 30, column: -1} }

// text appends what it finds in b to the hits.
func (s *scanner) text(b []byte) {
	s.pending = -1
	for i := 0; i < len(b); {
		class := classes[b[i]]
		if class == 0 {
			i++
			continue
		}
		if class == high {
			if r, size := utf8.DecodeRune(b[i:]); !unicode.IsLetter(r) {
				i += size
				continue
			}
		}
		start, seen := i, byte(0)
		for i < len(b) {
			class := classes[b[i]]
			if class == 0 {
				break
			}
			if class == high {
				r, size := utf8.DecodeRune(b[i:])
				if !unicode.IsLetter(r) {
					break
				}
				i += size - 1
			}
			seen |= class
			i++
		}
		i = s.run(b, start, i, seen)
	}
}

// run looks at one run of letters and figures, and gives where to go on.
func (s *scanner) run(b []byte, start, end int, seen byte) int {
	switch {
	case seen == digit:
		s.figures(b, start, end)
	case seen&digit == 0:
		if end < len(b) && (b[end] == '\'' || b[end] == '`' || b[end] == 0xe2) {
			end = withApostrophe(b, end)
		}
		s.name(b, start, end)
	default:
		s.mixed(b, start, end)
	}
	s.chain(b, start, end)
	return end
}

// withApostrophe goes on over O'Brien and O’Brien.
func withApostrophe(b []byte, end int) int {
	for end < len(b) {
		r, size := utf8.DecodeRune(b[end:])
		if !isApostrophe(r) {
			return end
		}
		next := end + size
		begin := next
		for next < len(b) {
			r, size := utf8.DecodeRune(b[next:])
			if !unicode.IsLetter(r) {
				break
			}
			next += size
		}
		if next == begin {
			return end
		}
		end = next
	}
	return end
}

func (s *scanner) hit(what uint8, b []byte, start, end int) *hit {
	if int32(start) < s.from || int32(start) >= s.to {
		return nil
	}
	s.hits = append(s.hits, hit{what: what, start: int32(start), end: int32(end), column: s.column, whole: fills(b, start, end)})
	return &s.hits[len(s.hits)-1]
}

// fills reports that nothing but blanks and quotes stands beside b[start:end].
func fills(b []byte, start, end int) bool {
	return len(b)-(end-start) < 16 && len(bytes.Trim(b[:start], " \"'\t")) == 0 && len(bytes.Trim(b[end:], " \"'\t\r")) == 0
}

// name looks up a word of letters.
func (s *scanner) name(b []byte, start, end int) {
	if s.set.empty || end-start < shortestName || end-start > longestWord {
		return
	}
	word := s.word[:0]
	for i := start; i < end; {
		c := b[i]
		switch classes[c] {
		case lower:
			word = append(word, c)
			i++
		case upper:
			word = append(word, c+'a'-'A')
			i++
		default:
			r, size := utf8.DecodeRune(b[i:])
			if !isApostrophe(r) {
				word = utf8.AppendRune(word, unicode.ToLower(r))
			}
			i += size
		}
	}
	s.word = word
	in := s.find(word)
	if in&(1<<forenames|1<<surnames) == 0 {
		return
	}
	if h := s.hit(hitName, b, start, end); h != nil {
		h.first, h.last = in>>forenames&1 == 1, in>>surnames&1 == 1
		h.common, h.hash = s.set.common[string(word)], s.hash(word)
	}
}

// figures looks at a run of figures alone.
func (s *scanner) figures(b []byte, start, end int) {
	switch n := end - start; {
	case n == 10:
		if start >= 2 && b[start-1] == '.' && classes[b[start-2]] == digit {
			return // the decimals of a number
		}
		s.number(b, start, end, b[start:end])
	case n == 3:
		s.grouped(b, start)
		s.house(b, start, end)
	case n <= 4:
		s.house(b, start, end)
	}
	s.local(b, start, end)
}

// grouped looks for 999 000 0018 and 999-000-0018.
func (s *scanner) grouped(b []byte, start int) {
	mark, size := groupMark(b, start+3)
	second := start + 3 + size
	if size == 0 || !figuresAt(b, second, 3) {
		return
	}
	if next, again := groupMark(b, second+3); again != size || next != mark {
		return
	}
	third := second + 3 + size
	if !figuresAt(b, third, 4) || third+4 < len(b) && (classes[b[third+4]] == digit) {
		return
	}
	if start >= 2 && classes[b[start-2]] == digit && (b[start-1] == '-' || b[start-1] == '.') {
		return // a longer chain of figures
	}
	digits := append(append(append(s.other[:0], b[start:start+3]...), b[second:second+3]...), b[third:third+4]...)
	s.other = digits
	s.number(b, start, third+4, digits)
}

// groupMark is the blank, no-break space or hyphen between groups of figures.
func groupMark(b []byte, at int) (mark byte, size int) {
	switch {
	case at >= len(b):
		return 0, 0
	case b[at] == ' ' || b[at] == '-':
		return b[at], 1
	case b[at] == 0xc2 && at+1 < len(b) && b[at+1] == 0xa0:
		return b[at], 2
	}
	return 0, 0
}

func figuresAt(b []byte, at, n int) bool {
	return at+n <= len(b) && onlyDigits(b[at:at+n])
}

// number judges ten figures.
func (s *scanner) number(b []byte, start, end int, digits []byte) {
	h := s.hit(hitNumber, b, start, end)
	if h == nil {
		return
	}
	h.hash = s.quick(digits)
	h.range999 = bytes.HasPrefix(digits, []byte("999"))
	if h.passes = usable(digits); h.passes {
		in := s.find(digits)
		h.known = in&(1<<numbers999|1<<numbers) != 0
		h.labelled = labelled(b, start)
	}
}

// labelled reports "NHS" within the 24 bytes before a number.
func labelled(b []byte, start int) bool {
	before := b[max(0, start-24):start]
	return bytes.Contains(before, []byte("NHS")) || bytes.Contains(before, []byte("nhs")) || bytes.Contains(before, []byte("Nhs"))
}

// house looks for a known address: a house number and the two words after it.
func (s *scanner) house(b []byte, start, end int) {
	if s.set.empty || len(s.set.sorted[addresses]) == 0 || s.within(b, start) {
		return
	}
	first, firstEnd := nextWord(b, end)
	if first == firstEnd {
		return
	}
	second, secondEnd := nextWord(b, firstEnd)
	if second == secondEnd {
		return
	}
	s.word = addressKey(s.word[:0], b[start:end], b[first:firstEnd], b[second:secondEnd])
	if s.find(s.word)>>addresses&1 == 1 {
		if h := s.hit(hitAddress, b, start, secondEnd); h != nil {
			h.hash = s.hash(s.word)
		}
	}
}

// within reports that figures belong to a longer number, as the 5 of 2.5.
func (s *scanner) within(b []byte, start int) bool {
	return start >= 2 && classes[b[start-2]] == digit && (b[start-1] == '.' || b[start-1] == '-' || b[start-1] == ':')
}

// nextWord finds the word of letters that begins at most 3 bytes on.
func nextWord(b []byte, at int) (start, end int) {
	start = at
	for start < len(b) && start < at+3 && classes[b[start]] == 0 {
		start++
	}
	if start == at || start >= len(b) || classes[b[start]]&(letter|high) == 0 {
		return at, at
	}
	end = start
	for end < len(b) && (classes[b[end]] != 0 || b[end] == '\'') {
		end++
	}
	return start, end
}

// mixed looks at a run of letters and figures: a postcode, an id, a house
// number with a letter, or ten figures that touch a letter.
func (s *scanner) mixed(b []byte, start, end int) {
	n := end - start
	if s.set.empty || n > 2*longestWord {
		return
	}
	switch {
	case n <= 4:
		s.postcode(b, start, end)
		if isHouse(b[start:end]) {
			s.house(b, start, end)
		}
	case n <= 7 && isInward(b[end-3:end]) && classes[b[start]]&letter != 0:
		s.postcodeKey(b, start, end)
	case n > 10:
		s.joined(b, start, end)
	}
	s.local(b, start, end)
}

// postcode looks for the two parts of a postcode, AB1 2CD.
func (s *scanner) postcode(b []byte, start, end int) {
	if n := end - start; n < 2 || classes[b[start]]&letter == 0 || end >= len(b) {
		return
	}
	next := end + 1
	switch {
	case b[end] == ' ' || b[end] == '+' || b[end] == '-' || b[end] == '_':
	case b[end] == 0xc2 && next < len(b) && b[next] == 0xa0:
		next++
	case b[end] == '%' && next+1 < len(b) && b[next] == '2' && b[next+1] == '0':
		next += 2
	default:
		return
	}
	for next < len(b) && next < end+3 && b[next] == ' ' {
		next++
	}
	if next+3 > len(b) || !isInward(b[next:next+3]) || next+3 < len(b) && classes[b[next+3]] != 0 {
		return
	}
	s.postcodeKey(b, start, next+3)
}

func (s *scanner) postcodeKey(b []byte, start, end int) {
	var word []byte
	if end-start > 7 && bytes.HasPrefix(b[end-6:end], []byte("%20")) {
		word = s.compact(append(append(s.other[:0], b[start:end-6]...), b[end-3:end]...))
	} else {
		word = s.compact(b[start:end])
	}
	if s.find(word)>>postcodes&1 == 1 {
		if h := s.hit(hitPostcode, b, start, end); h != nil {
			h.hash, h.spaced = s.hash(word), end-start > len(word)
		}
	}
}

// isInward reports the figure and two letters a postcode ends with.
func isInward(b []byte) bool {
	return classes[b[0]] == digit && classes[b[1]]&letter != 0 && classes[b[2]]&letter != 0
}

// joined finds runs of exactly ten figures inside letters: they count only
// when the region knows them, for hashes written in letters and figures hold
// such runs by chance.
func (s *scanner) joined(b []byte, start, end int) {
	for i := start; i < end; {
		run := i
		for i < end && classes[b[i]] == digit {
			i++
		}
		if i-run == 10 && usable(b[run:i]) && s.find(b[run:i])&(1<<numbers999|1<<numbers) != 0 {
			if h := s.hit(hitJoined, b, run, i); h != nil {
				h.hash, h.range999 = s.quick(b[run:i]), bytes.HasPrefix(b[run:i], []byte("999"))
				h.passes, h.known, h.labelled = true, true, labelled(b, run) || bytes.HasSuffix(bytes.ToLower(b[start:run]), []byte("nhs"))
			}
		}
		if i == run {
			i++
		}
	}
}

// local looks up a run as a local id.
func (s *scanner) local(b []byte, start, end int) {
	if n := end - start; s.set.empty || n < shortestID || n > longestWord {
		return
	}
	s.localKey(b, start, end, s.compact(b[start:end]))
}

func (s *scanner) localKey(b []byte, start, end int, word []byte) {
	in := s.find(word)
	what := uint8(hitLocal)
	switch {
	case in>>localIDs&1 == 1:
	case in>>shortIDs&1 == 1:
		what = hitShort
	case len(word) < longID && onlyDigits(word):
		what = hitDigits
	default:
		return
	}
	if what == hitDigits && len(s.set.sorted[shortIDs]) == 0 {
		return
	}
	if h := s.hit(what, b, start, end); h != nil {
		h.hash = s.quick(word)
	}
}

// chain looks up several runs that single marks join, as ids of groups are.
func (s *scanner) chain(b []byte, start, end int) {
	if s.set.empty {
		return
	}
	if s.pending < 0 || start == 0 || !isJoint(b[start-1]) || start-s.pending > 2*longestWord {
		s.pending = start
	}
	if end+1 < len(b) && isJoint(b[end]) && classes[b[end+1]]&(letter|digit) != 0 {
		return
	}
	began := s.pending
	s.pending = -1
	if began == start || end-began > 2*longestWord {
		return
	}
	word := s.compact(b[began:end])
	if len(word) >= shortestID && len(word) <= longestWord && !onlyDigits(word) {
		if s.find(word)>>localIDs&1 == 1 {
			s.localKey(b, began, end, word)
		}
	} else if len(word) >= longID && len(word) <= longestWord && s.find(word)>>localIDs&1 == 1 {
		s.localKey(b, began, end, word)
	}
}

func isJoint(c byte) bool { return c == '-' || c == '/' || c == '_' || c == '.' || c == ':' }
