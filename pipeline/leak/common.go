package leak

import (
	_ "embed"
	"strings"
)

//go:embed common.txt
var commonText string

// commonWords are ordinary words: those that are names too (places, trades,
// months, plants), those that stand in the place of a name, and those of the
// program's own texts, which a name that was spelt wrongly may come to. One of
// them alone says nothing.
func commonWords() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(commonText) {
		words[word] = true
	}
	return words
}
