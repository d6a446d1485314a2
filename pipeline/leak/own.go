package leak

import (
	"bytes"
	"encoding/json"
	"html"
	"html/template"
	"io"
	"slices"
	"strings"
)

// Own are the words of the program itself.
type Own struct {
	Texts []string // no leak wherever they stand, from first letter to last
	Words []string // texts whose words in small letters are ordinary words
}

// ownMost is how large a file may be for the program's own words to be taken
// out of it: pages and answers are smaller.
const ownMost = 64 << 20

// ownForms are how texts of the program stand in the files it writes: as they
// are, in HTML and in JSON; the longest first, so that none is spoilt by a part
// of it.
func ownForms(texts []string) [][]byte {
	var all [][]byte
	for _, text := range texts {
		quoted, _ := json.Marshal(text)
		escaped := template.HTMLEscapeString(text)
		inPage := strings.ReplaceAll(escaped, "+", "&#43;") // as html/template has it
		for _, form := range []string{text, html.EscapeString(text), escaped, inPage, string(bytes.Trim(quoted, `"`))} {
			if len(form) > 20 { // a shorter one could stand in a record
				all = append(all, []byte(form))
			}
		}
	}
	slices.SortFunc(all, func(a, b []byte) int { return len(b) - len(a) })
	return all
}

// withoutOwn gives a file with the program's own words made dots: methods are
// named after people, and sentences hold words that are names too.
func (x *file) withoutOwn(f io.ReaderAt, size int64) io.ReaderAt {
	if len(x.own) == 0 || size > ownMost {
		return f
	}
	data := make([]byte, size)
	if n, err := f.ReadAt(data, 0); err != nil && err != io.EOF || int64(n) < size {
		return f
	}
	for _, own := range x.own {
		for from := 0; ; {
			i := bytes.Index(data[from:], own)
			if i < 0 {
				break
			}
			from += i
			for at := from; at < from+len(own); at++ {
				if data[at] != '\n' {
					data[at] = '.'
				}
			}
		}
	}
	return bytes.NewReader(data)
}
