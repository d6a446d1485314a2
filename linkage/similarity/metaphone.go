package similarity

import "bytes"

// DoubleMetaphone gives the sound of a name, and the second sound of a name that
// is said in two ways ("" when it is not), by the rules that Lawrence Philips
// published ("The Double Metaphone Search Algorithm", C/C++ Users Journal, June
// 2000). 0 stands for th, X for sh and ch, A for any vowel at the start. The
// sounds are as long as the name makes them; the usual four letters are
// primary[:min(4, len(primary))].
func DoubleMetaphone(s string) (primary, secondary string) {
	m := newMetaphone(s)
	for i := m.begin(); i < m.length; {
		i += m.letter(i)
	}
	primary, secondary = string(m.primary), string(m.secondary)
	if secondary == primary {
		secondary = ""
	}
	return primary, secondary
}

// metaphone is a name on its way to its sounds.
type metaphone struct {
	word               []byte // plain letters
	length             int
	slavic             bool // the name looks Slavic or Germanic
	primary, secondary []byte
}

func newMetaphone(s string) *metaphone {
	m := &metaphone{word: plainLetters(s)}
	m.length = len(m.word)
	m.slavic = bytes.ContainsAny(m.word, "WK") || bytes.Contains(m.word, []byte("CZ"))
	return m
}

// at says whether one of some strings of letters, separated by |, stands at a position. A
// space stands for the end of the name too.
func (m *metaphone) at(i int, options string) bool {
	same, k := true, 0
	for _, letter := range []byte(options) {
		switch {
		case letter != '|':
			same = same && m.get(i+k) == letter
			k++
		case same:
			return true
		default:
			same, k = true, 0
		}
	}
	return same
}

// get is the letter at a position: a space after the end, 0 before the start.
func (m *metaphone) get(i int) byte {
	switch {
	case i < 0:
		return 0
	case i >= m.length:
		return ' '
	}
	return m.word[i]
}

func (m *metaphone) vowel(i int) bool { return m.at(i, "A|E|I|O|U|Y") }

func (m *metaphone) last(i int) bool { return i == m.length-1 }

// dutch says whether the name begins as Dutch and German names do that keep
// hard sounds.
func (m *metaphone) dutch() bool { return m.at(0, "VAN |VON |SCH") }

// add adds one sound, or two when the name may be said in two ways.
func (m *metaphone) add(primary string, secondary ...string) {
	m.primary = append(m.primary, primary...)
	if len(secondary) > 0 {
		primary = secondary[0]
	}
	m.secondary = append(m.secondary, primary...)
}

// double adds a sound and steps over a letter that is there twice.
func (m *metaphone) double(i int, sound string) int {
	m.add(sound)
	if m.get(i+1) == m.get(i) {
		return 2
	}
	return 1
}

// begin passes over a silent first letter.
func (m *metaphone) begin() int {
	switch {
	case m.at(0, "GN|KN|PN|WR|PS"):
		return 1
	case m.at(0, "X"):
		m.add("S")
		return 1
	}
	return 0
}

// letter adds the sound of the letter at i and gives the number of letters it
// took.
func (m *metaphone) letter(i int) int {
	switch m.word[i] {
	case 'A', 'E', 'I', 'O', 'U', 'Y':
		if i == 0 {
			m.add("A")
		}
		return 1
	case 'B':
		return m.double(i, "P")
	case cedilla:
		m.add("S")
		return 1
	case 'C':
		return m.letterC(i)
	case 'D':
		return m.letterD(i)
	case 'F', 'V':
		return m.double(i, "F")
	case 'G':
		return m.letterG(i)
	case 'H':
		return m.letterH(i)
	case 'J':
		return m.letterJ(i)
	case 'K', 'Q':
		return m.double(i, "K")
	case 'L':
		return m.letterL(i)
	case 'M':
		return m.letterM(i)
	case 'N':
		return m.double(i, "N")
	case 'P':
		return m.letterP(i)
	case 'R':
		return m.letterR(i)
	case 'S':
		return m.letterS(i)
	case 'T':
		return m.letterT(i)
	case 'W':
		return m.letterW(i)
	case 'X':
		return m.letterX(i)
	case 'Z':
		return m.letterZ(i)
	}
	return 1
}
