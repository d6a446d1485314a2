package leak

import (
	_ "embed"
	"strings"
	"unicode"
)

//go:embed common.txt
var commonText string

// commonWords are ordinary words: those that are names too (places, trades,
// months, plants), those that stand in the place of a name, and those of the
// program's own texts in small letters, which a name that was spelt wrongly may
// come to. One of them alone says nothing.
func commonWords(ownWords []string) map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(commonText) {
		words[word] = true
	}
	for _, text := range ownWords {
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
			if word == strings.ToLower(word) {
				words[word] = true
			}
		}
	}
	return words
}
