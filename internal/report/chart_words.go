package report

import (
	"fmt"
	"strings"
	"time"
)

// labelWords says a label so that it is understood without its heading: fifth 1.
func labelWords(dimension, label string) string {
	if strings.HasSuffix(dimension, "_fifth") && len(label) == 1 {
		return "fifth " + label
	}
	if strings.HasSuffix(dimension, "_decile") && len(label) <= 2 {
		return "decile " + label
	}
	return dated(label)
}

// shortLabels writes the labels of an axis: the ends of a scale say which end
// they are.
func shortLabels(dimension string, labels []string) []string {
	short := make([]string, len(labels))
	for i, label := range labels {
		short[i] = dated(label)
		switch {
		case dimension == "deprivation_fifth" && label == "1", dimension == "deprivation_decile" && label == "1":
			short[i] = "1 most deprived"
		case dimension == "deprivation_fifth" && label == "5", dimension == "deprivation_decile" && label == "10":
			short[i] = label + " least"
		}
	}
	return short
}

// dated writes 2024-03 as Mar 24 and 2024-03-01 as 1 Mar 24; anything else
// keeps its words.
func dated(label string) string {
	if at, err := time.Parse("2006-01", label); err == nil {
		return at.Format("Jan 06")
	}
	if at, err := time.Parse(time.DateOnly, label); err == nil {
		return at.Format("2 Jan 06")
	}
	return spaced(label)
}

// aboutInterval says what the whiskers are, and why some are missing.
func (g grid) aboutInterval(f FigureSpec) string {
	some, lost := false, false
	for _, row := range g.entries {
		for _, e := range row {
			if !e.low.known || !e.high.known {
				continue
			}
			some = some || hasInterval(e.low, e.high)
			lost = lost || !hasInterval(e.low, e.high)
		}
	}
	words := ""
	if noted := strings.Contains(f.Note, "interval") || strings.Contains(f.Note, "limits"); some && !noted {
		words = fmt.Sprintf("Whiskers: %s to %s", spaced(f.Low), spaced(f.High))
	}
	if words != "" && strings.Contains(f.Low, "95") {
		words = "Whiskers: 95% intervals"
	}
	if lost {
		words = strings.TrimPrefix(words+". Where there are none, rounding has swallowed the interval", ". ")
	}
	return words
}

// aboutReference says what the line to compare with is; its number when it is
// one for all.
func (g grid) aboutReference(f FigureSpec, write func(float64) string) string {
	at, same, found := 0.0, true, false
	for _, row := range g.entries {
		for _, e := range row {
			if !e.reference.known {
				continue
			}
			same = same && (!found || e.reference.x == at)
			at, found = e.reference.x, true
		}
	}
	switch {
	case !found:
		return ""
	case same:
		return fmt.Sprintf("Dashed line: %s, %s", spaced(f.Reference), write(at))
	}
	return "Dashed line: " + spaced(f.Reference)
}

// aboutMarks explains the marks that stand for numbers here.
func (g grid) aboutMarks() string {
	found := map[string]bool{}
	for _, row := range g.entries {
		for _, e := range row {
			if e.present && !e.value.known {
				found[e.value.mark] = true
			}
		}
	}
	var said []string
	for _, m := range []struct{ mark, words string }{{"*", "*: too small to show"}, {"n/a", "n/a: not assessable"}, {"–", "–: no number"}} {
		if found[m.mark] {
			said = append(said, m.words)
		}
	}
	return strings.Join(said, "; ")
}

func beyondWords(beyond bool) string {
	if beyond {
		return "An arrow is an interval that goes on beyond the axis"
	}
	return ""
}

func cutWords(cut bool) string {
	if cut {
		return "The axis does not begin at 0"
	}
	return ""
}

func spacedAll(names []string) []string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = spaced(name)
	}
	return words
}
