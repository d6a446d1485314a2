package sql

import (
	"fmt"
	"slices"
	"strings"
)

// Figure says how a report may draw an answer: which columns are the labels,
// the values and their interval, and which rows are drawn.
type Figure struct {
	Kind      string // bars, dots, line, funnel, table or lorenz
	Title     string
	Label     string   // dimension: one bar, dot or point a label
	Values    []string // measures or values
	Low, High string   // values: the interval; "" for none
	Series    string   // dimension: stacked, or one line each
	Size      string   // measure: what a funnel is drawn against
	Mark      string   // dimension that says which points to mark
	Reference string   // value: a line to compare with
	Limits    []string // values: limits of a funnel or chart
	Where     []Pair   // rows drawn; dimensions not named are "all" where they have it
	Note      string
}

// Pair is a dimension and the label wanted of it.
type Pair struct{ Name, Value string }

// parseFigure reads: kind "title" key=value … where name=label,… note="words".
func parseFigure(text string) (Figure, error) {
	words, err := split(text)
	if err != nil {
		return Figure{}, err
	}
	if len(words) < 2 || !slices.Contains([]string{"bars", "dots", "line", "funnel", "table", "lorenz"}, words[0]) {
		return Figure{}, fmt.Errorf("figure %q does not begin with its kind and its title", text)
	}
	f := Figure{Kind: words[0], Title: words[1]}
	for i := 2; i < len(words); i++ {
		word := words[i]
		if word == "where" && i+1 < len(words) {
			i++
			word = "where=" + words[i]
		}
		key, value, _ := strings.Cut(word, "=")
		if err := f.set(key, value); err != nil {
			return Figure{}, err
		}
	}
	return f, nil
}

func (f *Figure) set(key, value string) error {
	single := map[string]*string{"label": &f.Label, "low": &f.Low, "high": &f.High, "series": &f.Series, "size": &f.Size,
		"mark": &f.Mark, "reference": &f.Reference, "note": &f.Note}
	switch {
	case single[key] != nil:
		*single[key] = value
	case key == "value":
		f.Values = list(value)
	case key == "limits":
		f.Limits = list(value)
	case key == "x":
		f.Label = value
	case key == "y":
		f.Values = list(value)
	case key == "where":
		for _, pair := range list(value) {
			name, label, _ := strings.Cut(pair, "=")
			f.Where = append(f.Where, Pair{name, label})
		}
	default:
		return fmt.Errorf("figure %q has a word that is no part of one: %s", f.Title, key)
	}
	return nil
}

// split divides at blanks outside double quotes, and takes the quotes away.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	for _, r := range text {
		switch {
		case r == '"':
			quoted, begun = !quoted, true
		case r == ' ' && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("figure %q: a quotation mark is not closed", text)
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}
