package similarity

import "math/bits"

// Pattern is a text prepared for comparison with many others. Texts of up to 64
// symbols are compared by bits in one machine word; longer ones slower. The
// zero value is ready to Prepare. A Pattern needs no memory once it has met the
// largest symbol and the longest text; it is not safe for concurrent use.
type Pattern struct {
	text  Text
	at    []uint64 // by symbol: the positions of the text that have it
	flags []uint64
	row   []int32
}

// word is the number of symbols that one machine word holds.
const word = 64

// Prepare makes left the text to compare with. The Pattern keeps left, which
// must not change before the next Prepare.
func (p *Pattern) Prepare(left Text) {
	for _, symbol := range p.text[:min(len(p.text), word)] {
		p.at[symbol] = 0
	}
	p.text = left
	for i, symbol := range left[:min(len(left), word)] {
		if int(symbol) >= len(p.at) {
			p.at = append(p.at, make([]uint64, int(symbol)+1-len(p.at))...)
		}
		p.at[symbol] |= 1 << i
	}
}

// Jaro is Jaro(left, right).
func (p *Pattern) Jaro(right Text) float64 { return p.jaro(right, 0) }

// JaroWinkler is JaroWinkler(left, right).
func (p *Pattern) JaroWinkler(right Text) float64 { return winkler(p.jaro(right, 0), p.text, right) }

// JaroFrom is Jaro(left, right) when that is at least least, else some smaller
// number, found sooner.
func (p *Pattern) JaroFrom(right Text, least float64) float64 {
	return p.jaro(right, commonNeeded(least, len(p.text), len(right)))
}

// JaroWinklerFrom is JaroWinkler(left, right) when that is at least least, else
// some smaller number, found sooner.
func (p *Pattern) JaroWinklerFrom(right Text, least float64) float64 {
	need := commonNeeded(jaroNeeded(least), len(p.text), len(right))
	return winkler(p.jaro(right, need), p.text, right)
}

// jaro is Jaro's similarity, or 0 when fewer than need symbols match.
func (p *Pattern) jaro(right Text, need int) float64 {
	lenA, lenB := len(p.text), len(right)
	if lenA > word || lenB > word {
		if room := flagWords(p.text, right); room > len(p.flags) {
			p.flags = make([]uint64, room)
		}
		return jaro(p.text, right, p.flags)
	}
	window := jaroWindow(max(lenA, lenB))
	inA, inB := p.match(right[:min(lenB, lenA+window)], window)
	common := bits.OnesCount64(inA)
	if common < need {
		return 0
	}
	return jaroScore(common, p.outOfOrder(right, inA, inB), lenA, lenB)
}

// match gives each symbol of right, in turn, the first symbol of the text that
// equals it, is within the window and is not taken.
func (p *Pattern) match(right Text, window int) (inA, inB uint64) {
	reach := uint64(1)<<(window+1) - 1
	for j, symbol := range right {
		if int(symbol) < len(p.at) {
			free := p.at[symbol] & reach &^ inA
			inA |= free & -free
			inB |= (free | -free) >> 63 << j
		}
		reach <<= 1
		if j < window {
			reach |= 1
		}
	}
	return inA, inB
}

// outOfOrder counts the ranks at which the matched symbols differ.
func (p *Pattern) outOfOrder(right Text, inA, inB uint64) int {
	count := 0
	for ; inB != 0; inB &= inB - 1 {
		if p.text[bits.TrailingZeros64(inA)] != right[bits.TrailingZeros64(inB)] {
			count++
		}
		inA &= inA - 1
	}
	return count
}

// Levenshtein is Levenshtein(left, right), by Myers' (1999) columns of bits as
// Hyyrö (2003) has them.
func (p *Pattern) Levenshtein(right Text) int {
	if len(p.text) > word {
		if len(right) > len(p.row) {
			p.row = make([]int32, len(right))
		}
		return levenshtein(p.text, right, p.row[:len(right)])
	}
	if len(p.text) == 0 {
		return len(right)
	}
	up, down := ^uint64(0), uint64(0)
	last := len(p.text) - 1
	distance := len(p.text)
	for _, symbol := range right {
		equal := uint64(0)
		if int(symbol) < len(p.at) {
			equal = p.at[symbol]
		}
		diagonal := (equal&up + up) ^ up | equal | down
		more, fewer := down|^(diagonal|up), diagonal&up
		distance += int(more>>last&1) - int(fewer>>last&1)
		more = more<<1 | 1
		up, down = fewer<<1|^(diagonal|more), more&diagonal
	}
	return distance
}

// LevenshteinAtMost says whether Levenshtein(left, right) is at most k.
func (p *Pattern) LevenshteinAtMost(right Text, k int) bool {
	if k <= 2 {
		return LevenshteinAtMost(p.text, right, k)
	}
	return max(len(p.text)-len(right), len(right)-len(p.text)) <= k && p.Levenshtein(right) <= k
}

// DamerauAtMost says whether DamerauLevenshtein(left, right) is at most k.
func (p *Pattern) DamerauAtMost(right Text, k int) bool { return DamerauAtMost(p.text, right, k) }
