package profile

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed nicknames.csv
var nicknames string

//go:embed spellings.csv
var spellings string

// Form says that one name may be written for another.
type Form struct{ Written, Standard string }

// Nicknames gives the familiar forms of common English forenames, in capitals
// without accents. A familiar form may stand for several names.
func Nicknames() []Form {
	return slices.DeleteFunc(forms(nicknames), func(f Form) bool { return f.Written == f.Standard })
}

// Spellings gives names that one family or person is found under: names brought
// from other alphabets, names with a form in each of several languages, and
// surnames that are easily misheard. They hold of forenames and surnames. A
// spelling is weak evidence by itself: it opens a comparison and never settles
// one. A name is a form of itself.
func Spellings() []Form { return forms(spellings) }

// forms reads lines of a name and the forms it takes, separated by blanks.
func forms(table string) []Form {
	var all []Form
	for line := range strings.Lines(table) {
		standard, written, _ := strings.Cut(strings.TrimSpace(line), ",")
		if written == "familiar" || written == "spellings" {
			continue
		}
		all = append(all, Form{Written: standard, Standard: standard})
		for _, w := range strings.Fields(written) {
			all = append(all, Form{Written: w, Standard: standard})
		}
	}
	return all
}
