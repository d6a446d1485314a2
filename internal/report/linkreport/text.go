package linkreport

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"tre/internal/term"
)

// TextOptions are what a terminal can show.
type TextOptions struct {
	Width   int  // columns; less than 60 counts as 60
	Unicode bool // block characters and a real minus; otherwise plain ASCII
	Colour  bool // ANSI colours
}

// TextOptionsFor finds what the stream can show: colours on a terminal unless
// NO_COLOR is set to anything, block characters when the locale says UTF-8.
func TextOptionsFor(w io.Writer, getenv func(string) string) TextOptions {
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale = getenv(name); locale != "" {
			break
		}
	}
	locale = strings.ToUpper(locale)
	o := TextOptions{Width: 100, Unicode: strings.Contains(locale, "UTF-8") || strings.Contains(locale, "UTF8")}
	o.Colour = term.IsTerminal(w) && getenv("NO_COLOR") == ""
	if columns, err := strconv.Atoi(getenv("COLUMNS")); err == nil && columns > 0 {
		o.Width = columns
	}
	return o
}

// textWidths are the columns of a text waterfall.
type textWidths struct{ name, level, bar int }

func (o TextOptions) widths(rows []fall) textWidths {
	w := textWidths{}
	for _, f := range rows {
		w.name, w.level = max(w.name, utf8.RuneCountInString(f.comparison)), max(w.level, utf8.RuneCountInString(f.level))
	}
	const numbers, gaps = 14, 8
	room := max(o.Width, 60) - numbers - gaps
	w.name = min(w.name, max(room/4, 14))
	w.level = min(w.level, max(room-w.name-18, 14))
	w.bar = min(room-w.name-w.level, 48)
	return w
}

// WaterfallText writes the waterfall of one pair for a terminal: a row for the
// prior, for each comparison and for each term frequency adjustment, with its
// weight, the running total and a bar. It shows levels and no values, and
// refuses numbers that are not finite.
func WaterfallText(w io.Writer, p Pair, o TextOptions) error {
	if err := finite(p); err != nil {
		return err
	}
	rows := falls(p)
	widths := o.widths(rows)
	a := span(p)
	a.low, a.high = lowest(p, rows), highest(p, rows)
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s and %s\n\n", o.plain(clean(p.Left)), o.plain(clean(p.Right)))
	fmt.Fprintf(out, "%s  %s  %7s  %7s  %s\n", o.pad("comparison", widths.name), o.pad("level", widths.level), "weight", "total", o.scale(a, widths.bar))
	for i, f := range rows {
		if f.kind == "final" {
			fmt.Fprintln(out, strings.Repeat(o.rune('─', '-'), widths.name+widths.level+22+widths.bar))
			f.level = "" // the probability has a line of its own, where nothing is cut
		}
		total := o.plain(signed(f.total))
		if i == len(rows)-1 {
			total = ""
		}
		line := fmt.Sprintf("%s  %s  %s  %s  %s", o.pad(f.comparison, widths.name), o.pad(f.level, widths.level),
			right(o.plain(signed(f.weight)), 7), right(total, 7), o.bar(f, a, p.Threshold, widths.bar))
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
	fmt.Fprintf(out, "\nprobability %s\n%s (%s)\n", chance(p.Probability), o.plain(verdict(p)), o.rune('┊', ':'))
	if fault := discrepancy(p); fault != "" {
		fmt.Fprintln(out, o.plain(fault))
	}
	if p.Rule != "" {
		fmt.Fprintf(out, "found by the blocking rule %s\n", o.plain(clean(p.Rule)))
	}
	return out.Flush()
}

func lowest(p Pair, rows []fall) float64 {
	low := min(0, p.Threshold)
	for _, f := range rows {
		low = min(low, f.total)
	}
	return math.Floor(low)
}

func highest(p Pair, rows []fall) float64 {
	high := max(1, p.Threshold)
	for _, f := range rows {
		high = max(high, f.total)
	}
	return math.Ceil(high)
}

// plain replaces what ASCII has not.
func (o TextOptions) plain(text string) string {
	if o.Unicode {
		return text
	}
	text = strings.NewReplacer("−", "-", "…", "~", "→", "->").Replace(text)
	return strings.Map(func(r rune) rune {
		if r > 126 {
			return '?'
		}
		return r
	}, text)
}

func (o TextOptions) rune(unicode, ascii rune) string {
	if o.Unicode {
		return string(unicode)
	}
	return string(ascii)
}

// scale writes the ends of the axis and its 0 above the bars.
func (o TextOptions) scale(a axis, width int) string {
	cells := []rune(strings.Repeat(" ", width))
	write := func(at int, text string) {
		for i, r := range o.plain(text) {
			if at+i >= 0 && at+i < width {
				cells[at+i] = r
			}
		}
	}
	low, high := o.plain(whole(a.low)), o.plain(whole(a.high))
	a.from, a.to = 0, float64(width-1)
	zero := int(math.Round(a.at(0)))
	if zero > len([]rune(low)) && zero < width-len([]rune(high))-1 {
		write(zero, "0")
	}
	for i, r := range []rune(low) {
		cells[i] = r
	}
	for i, r := range []rune(high) {
		cells[width-len([]rune(high))+i] = r
	}
	return strings.TrimRight(string(cells), " ")
}

// bar writes a row's bar. Up and down differ in character as well as in colour.
func (o TextOptions) bar(f fall, a axis, threshold float64, width int) string {
	a.from, a.to = 0, float64(width)
	cell := func(v float64) int { return min(int(math.Floor(a.at(v))), width-1) }
	from, to := f.ends()
	left, end := cell(min(from, to)), int(math.Ceil(a.at(max(from, to))-1e-9))
	end = min(max(end, left+1), width)
	if f.weight == 0 && f.kind != "final" {
		end = left
	}
	glyph, colour := o.rune('█', '+'), "\x1b[34m"
	switch {
	case f.kind == "prior" || f.kind == "final":
		glyph, colour = o.rune('▓', '='), "\x1b[2m"
	case f.weight < 0:
		glyph, colour = o.rune('▒', '-'), "\x1b[33m"
	}
	var text strings.Builder
	for i := range width {
		switch {
		case i == cell(threshold):
			text.WriteString(o.rune('┊', ':'))
		case i >= left && i < end && o.Colour:
			text.WriteString(colour + glyph + "\x1b[0m")
		case i >= left && i < end:
			text.WriteString(glyph)
		case i == cell(0):
			text.WriteString(o.rune('│', '|'))
		default:
			text.WriteString(" ")
		}
	}
	return strings.TrimRight(text.String(), " ")
}

// pad fills text up to a width, or leaves out its middle.
func (o TextOptions) pad(text string, width int) string {
	text = shortened(o.plain(text), width, o.rune('…', '~'))
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

func right(text string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text))) + text
}
