package similarity

import (
	"math"
	"math/bits"
)

// classes is the number of classes into which a Mask folds symbols.
const classes = 32

// Mask sums a text up in 64 bits: for each of 32 classes of symbols (the symbol
// modulo 32), whether it occurs and whether it occurs twice.
func Mask(t Text) uint64 {
	var once, twice uint64
	for _, symbol := range t {
		bit := uint64(1) << (symbol % classes)
		twice |= once & bit
		once |= bit
	}
	return once | twice<<classes
}

// CommonAtMost is at least the number of symbols that two texts, known by their
// masks and lengths, can have in common, counting each as often as both have
// it. What a mask does not show, a third symbol of a class, may be common.
func CommonAtMost(maskA uint64, lenA int, maskB uint64, lenB int) int {
	return bits.OnesCount64(maskA&maskB) + min(lenA-bits.OnesCount64(maskA), lenB-bits.OnesCount64(maskB))
}

// JaroAtMost is the largest Jaro similarity of texts with a number of common
// symbols: all within the window and none out of order.
func JaroAtMost(common, lenA, lenB int) float64 {
	return jaroScore(min(common, lenA, lenB), 0, lenA, lenB)
}

// JaroWinklerAtMost is the largest Jaro-Winkler similarity of texts with a
// number of common symbols.
func JaroWinklerAtMost(common, lenA, lenB int) float64 {
	similarity := JaroAtMost(common, lenA, lenB)
	if similarity <= boostAbove {
		return similarity
	}
	return raise(similarity, min(common, lenA, lenB, prefixMost))
}

// jaroNeeded is the Jaro similarity without which Jaro-Winkler cannot be least.
func jaroNeeded(least float64) float64 {
	if least <= boostAbove {
		return least
	}
	const boost = prefixMost * prefixWeight
	return max(boostAbove, (least-boost)/(1-boost))
}

// commonNeeded is a number of common symbols without which Jaro cannot be
// least, whatever rounding does.
func commonNeeded(least float64, lenA, lenB int) int {
	if !(least > 0) || lenA+lenB == 0 {
		return 0
	}
	const rounding = 1e-9
	need := (3*min(least, 2) - 1) * float64(lenA*lenB) / float64(lenA+lenB)
	return max(1, int(math.Ceil(need-rounding)))
}

// Filter tells pairs that cannot reach a similarity from their masks and
// lengths alone. It is safe for concurrent use.
type Filter struct {
	need [word + 1][word + 1]uint8
}

// NewJaroFilter is for pairs whose Jaro similarity is to be at least least.
func NewJaroFilter(least float64) *Filter {
	var f Filter
	for a := range f.need {
		for b := range f.need[a] {
			f.need[a][b] = uint8(min(commonNeeded(least, a, b), word+1))
		}
	}
	return &f
}

// NewJaroWinklerFilter is for pairs whose Jaro-Winkler similarity is to be at
// least least.
func NewJaroWinklerFilter(least float64) *Filter { return NewJaroFilter(jaroNeeded(least)) }

// Passes says whether two texts may reach the similarity. Texts of more than 64
// symbols always may.
func (f *Filter) Passes(maskA uint64, lenA int, maskB uint64, lenB int) bool {
	return lenA > word || lenB > word || CommonAtMost(maskA, lenA, maskB, lenB) >= int(f.need[lenA][lenB])
}

// Glance is what of a text tells that it is not similar to another: small
// enough to stand beside the record that has it.
type Glance struct {
	mask    uint64
	length  uint8 // 255: more than 64 symbols, or nothing is known
	surplus uint8 // symbols the mask does not show
}

// GlanceOf makes the glance of a text known by its mask and length.
func GlanceOf(mask uint64, length int) Glance {
	if length > word {
		return Glance{length: unseen}
	}
	return Glance{mask, uint8(length), uint8(length - bits.OnesCount64(mask))}
}

// unseen is the length of a text a glance says nothing about.
const unseen = 255

// Sign is some bits of the glance: reading them fetches it.
func (g *Glance) Sign() int8 { return int8(g.length) }

// Blind is a glance that tells nothing.
func Blind() Glance { return Glance{length: unseen} }

// MayPass says whether two texts may reach the similarity, as Passes does.
func (f *Filter) MayPass(a, b *Glance) bool {
	if a.length > word || b.length > word {
		return true
	}
	return bits.OnesCount64(a.mask&b.mask)+int(min(a.surplus, b.surplus)) >= int(f.need[a.length][b.length])
}
