package similarity

import (
	"sync"
	"unicode/utf8"
)

// A column of fewer texts than worthSharing is left to one goroutine. Of a larger
// one the first leading texts show most characters there are; after them two
// goroutines look symbols up, and leave the texts with a new character, which
// only one may number, for the end.
const (
	worthSharing = 1 << 13
	leading      = 1 << 10
)

// Texts gives the symbols of many texts, numbered as Text would number them one
// after the other. They lie in one array.
func (a *Alphabet) Texts(values []string) []Text {
	texts := make([]Text, len(values))
	if len(values) < worthSharing {
		a.fill(texts, values)
		return texts
	}
	half := (leading + len(values)) / 2
	a.fill(texts[:leading], values[:leading])
	var both sync.WaitGroup
	both.Go(func() { a.lookUp(texts[half:], values[half:]) })
	a.lookUp(texts[leading:half], values[leading:half])
	both.Wait()
	for i, text := range texts {
		if text == nil {
			texts[i] = a.Text(values[i])
		}
	}
	return texts
}

// room is for the symbols of texts: no more than they have bytes.
func room(values []string) Text {
	size := 0
	for _, s := range values {
		size += len(s)
	}
	return make(Text, 0, size)
}

func (a *Alphabet) fill(texts []Text, values []string) {
	all := room(values)
	for i, s := range values {
		from := len(all)
		all = a.Append(all, s)
		texts[i] = all[from:len(all):len(all)]
	}
}

// lookUp leaves nil where a text has a character not seen before.
func (a *Alphabet) lookUp(texts []Text, values []string) {
	all := room(values)
	for i, s := range values {
		from := len(all)
		if to, ok := a.appendSeen(all[from:from], s); ok {
			all = all[:from+len(to)]
			texts[i] = to[:len(to):len(to)]
		}
	}
}

// appendSeen is Append for a text without new characters; false for any other.
func (a *Alphabet) appendSeen(to Text, s string) (Text, bool) {
	to = to[:len(s)]
	for i := range len(s) {
		symbol := a.low[s[i]]
		if symbol == 0 || s[i] >= utf8.RuneSelf && a.mode != DuckDBBytes {
			return a.appendSeenRunes(to[:0], s)
		}
		to[i] = uint16(symbol - 1)
	}
	return to, true
}

func (a *Alphabet) appendSeenRunes(to Text, s string) (Text, bool) {
	if a.mode == DuckDBBytes {
		return nil, false // every byte was looked up
	}
	for _, r := range s {
		symbol := int32(0)
		if r < rune(len(a.low)) {
			symbol = a.low[r]
		} else {
			symbol = a.high[r]
		}
		if symbol == 0 {
			return nil, false
		}
		to = append(to, uint16(symbol-1))
	}
	return to, true
}
