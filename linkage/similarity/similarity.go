// Package similarity compares short texts, such as names and dates, and finds
// all similar pairs among the distinct values of a column.
//
// A text is a slice of symbols, small numbers that an Alphabet gives to the
// characters (or bytes) of one column. On symbols there are
//
//   - plain functions: Jaro, JaroWinkler, Levenshtein, DamerauLevenshtein,
//     Jaccard, and Cosine on vectors. They give what DuckDB 1.5 gives, bit for
//     bit, when the alphabet is of DuckDBBytes;
//   - threshold tests without a table: LevenshteinAtMost, DamerauAtMost;
//   - a Pattern, prepared once and compared with many texts, by bits;
//   - bounds that leave a pair out for the price of two table look-ups: Mask,
//     CommonAtMost, JaroAtMost, Filter;
//   - joins: JoinJaro, JoinJaroWinkler, JoinEdits, and Tally, which sums what
//     they find into one count a threshold.
//
// Soundex and DoubleMetaphone work on plain strings. Nothing here normalises or
// folds case: that is the business of whoever prepares a column.
package similarity

import (
	"unicode/utf8"

	"tre/internal/problem"
)

// Strings says what the symbols of a text stand for.
type Strings int8

// What a symbol stands for.
const (
	Characters  Strings = iota // a Unicode character, as people count them
	DuckDBBytes                // a byte of UTF-8, as DuckDB's functions count them
)

// String gives the name that ParseStrings reads.
func (s Strings) String() string {
	if s == DuckDBBytes {
		return "duckdb-bytes"
	}
	return "characters"
}

// ParseStrings reads "characters" or "duckdb-bytes".
func ParseStrings(name string) (Strings, error) {
	for _, s := range []Strings{Characters, DuckDBBytes} {
		if name == s.String() {
			return s, nil
		}
	}
	return 0, problem.New(problem.Usage, "write characters or duckdb-bytes", "strings are compared as characters or as duckdb-bytes, not as %q", name)
}

// Text is one text as symbols of an Alphabet. Texts are comparable only when
// the same Alphabet made them.
type Text []uint16

// shared is the symbol of every character that comes when all others are taken.
const shared = 1<<16 - 1

// Alphabet numbers the characters or bytes of a column's texts in the order in
// which they are first seen: 0, 1, 2, ... The 65,536th distinct character and
// all after it share the last symbol, so they count as equal to each other;
// no column of names, dates or places comes near. A byte that is not valid
// UTF-8 counts as U+FFFD in Characters mode. An Alphabet is not safe for
// concurrent use; its texts are.
type Alphabet struct {
	mode Strings
	low  [256]int32     // symbol + 1 of a byte or a low character; 0 when not seen yet
	high map[rune]int32 // symbol + 1 of every other character
	size int
}

// NewAlphabet gives an empty alphabet.
func NewAlphabet(mode Strings) *Alphabet {
	return &Alphabet{mode: mode, high: map[rune]int32{}}
}

// Size is the number of symbols given out; every symbol is below it.
func (a *Alphabet) Size() int { return a.size }

// Text gives the symbols of a text and adds those not seen before.
func (a *Alphabet) Text(s string) Text {
	return a.Append(make(Text, 0, a.length(s)), s)
}

func (a *Alphabet) length(s string) int {
	if a.mode == DuckDBBytes {
		return len(s)
	}
	return utf8.RuneCountInString(s)
}

// Append adds the symbols of a text to those in to: for a column whose texts
// lie in one array.
func (a *Alphabet) Append(to Text, s string) Text {
	if a.mode == DuckDBBytes {
		for i := range len(s) {
			to = append(to, a.lowSymbol(rune(s[i])))
		}
		return to
	}
	for _, r := range s {
		if r < rune(len(a.low)) {
			to = append(to, a.lowSymbol(r))
		} else {
			to = append(to, a.highSymbol(r))
		}
	}
	return to
}

func (a *Alphabet) lowSymbol(r rune) uint16 {
	if a.low[r] == 0 {
		a.low[r] = a.next()
	}
	return uint16(a.low[r] - 1)
}

func (a *Alphabet) highSymbol(r rune) uint16 {
	symbol := a.high[r]
	if symbol == 0 {
		symbol = a.next()
		if symbol <= shared { // the shared symbol is not remembered: any number of characters may have it
			a.high[r] = symbol
		}
	}
	return uint16(symbol - 1)
}

// next is one more than the symbol of a character not seen before.
func (a *Alphabet) next() int32 {
	if a.size <= shared {
		a.size++
	}
	return int32(a.size)
}
