package report

import (
	"fmt"
	"html/template"
	"strings"

	"tre/internal/report/draw"
)

// chartRows is a figure of horizontal rows on one axis: bars or dots.
type chartRows struct {
	words   string
	axis    draw.Axis
	write   func(float64) string
	labels  []string
	notes   []string // at the right end of each row
	height  float64  // of one row, without its label
	key     []string
	sign    func(c *draw.Canvas, i int, x, y float64) // of the key
	content func(c *draw.Canvas, row int, middle float64, axis draw.Axis)
}

// beside is the longest label that stands beside its row and not above it.
const beside = 20

// draw lays the rows out. Long labels stand above their rows.
func (f chartRows) draw() template.HTML {
	label, note := 0, 1
	for i := range f.labels {
		label, note = max(label, len([]rune(f.labels[i]))), max(note, len([]rune(f.notes[i])))
	}
	above := label > beside
	left, row := draw.CharWidth*float64(label)+8, f.height
	if above {
		left, row = 5, f.height+15
	}
	c := &draw.Canvas{Width: draw.Width}
	top := 0.0
	if len(f.key) > 0 {
		top = c.Key(f.key, func(i int, x, y float64) { f.sign(c, i, x, y) })
	}
	axis := f.axis
	axis.From, axis.To = left, draw.Width-draw.CharWidth*float64(note)-12
	bottom := top + row*float64(len(f.labels))
	c.Height = bottom + 18
	verticals(c, axis, top, bottom, f.write)
	if axis.Holds(0) {
		c.Line("axis", axis.At(0), top, axis.At(0), bottom)
	}
	for i, name := range f.labels {
		y := top + row*float64(i)
		middle := y + row/2
		if above {
			c.Text("label above", "start", 0, y+12, draw.Clip(name, 50))
			middle = y + 15 + f.height/2
		} else {
			c.Text("label", "end", left-6, middle+4, name)
		}
		f.content(c, i, middle, axis)
		c.Text("note", "start", axis.To+8, middle+4, f.notes[i])
	}
	return c.SVG(f.words)
}

// verticals draws the lines of a lying axis and writes those of its numbers
// there is room for.
func verticals(c *draw.Canvas, axis draw.Axis, top, bottom float64, write func(float64) string) {
	var at []float64
	var words []string
	for _, tick := range axis.Ticks() {
		at, words = append(at, axis.At(tick)), append(words, write(tick))
		c.Line("grid", axis.At(tick), top, axis.At(tick), bottom)
	}
	for _, i := range draw.Labels(at, words) {
		c.Text("tick", "middle", at[i], bottom+13, words[i])
	}
}

// whisker draws an interval with its ends, light around so that it is seen on a
// bar too. An end beyond the axis has an arrow and no end stroke.
func whisker(c *draw.Canvas, axis draw.Axis, low, high number, y float64) (beyond bool) {
	if !hasInterval(low, high) {
		return false
	}
	from, to := axis.At(low.x), axis.At(high.x)
	c.Line("halo", from, y, to, y)
	c.Line("whisker", from, y, to, y)
	for _, end := range []struct {
		n     number
		x, to float64
	}{{low, from, 4}, {high, to, -4}} {
		if axis.Holds(end.n.x) {
			c.Line("whisker", end.x, y-4, end.x, y+4)
			continue
		}
		beyond = true
		c.Line("whisker", end.x, y, end.x+end.to, y-4)
		c.Line("whisker", end.x, y, end.x+end.to, y+4)
	}
	return beyond
}

// hasInterval reports whether there is an interval to draw. Rounding can leave
// its two ends at one place, which would look like certainty.
func hasInterval(low, high number) bool { return low.known && high.known && low.x != high.x }

// barAxis begins at 0. An interval much longer than every bar does not squeeze
// them: it runs off the axis.
func (g grid) barAxis(whole []float64, stacked bool) draw.Axis {
	least, most := 0.0, 0.0
	for _, w := range whole {
		least, most = min(least, w), max(most, w)
	}
	if unit := g.whole(); stacked && unit > 0 && most > 0.9*unit && most < 1.1*unit { // rounded parts sum to a little more
		return draw.Axis{End: unit, Step: unit / 4}
	}
	low, high := g.extent(func(e entry) []number { return []number{e.low, e.high} })
	return draw.Range(max(min(least, low), 1.6*least-most), min(max(most, high), 1.6*most-least))
}

// whole is what all parts make together where they are shares, and 0 elsewhere.
func (g grid) whole() float64 {
	switch {
	case !g.hundred:
		return 0
	case g.write(0.5) == "50%":
		return 1
	}
	return 100
}

// barChart draws one bar a label. The groups of a series are stacked; several
// values stand below each other, for they are not parts of one whole.
func barChart(g grid, f FigureSpec) captioned {
	if f.Label == "" { // several values of one row: a bar each
		g, f.Values = g.turned(), f.Values[:1]
	}
	form := barForm{grid: g, figure: f, grouped: len(f.Values) > 1, height: 24, thick: 16}
	switch {
	case form.grouped:
		form.height, form.thick = 12*float64(len(g.series))+8, 11
	case len(g.labels) > 14: // the hours of a day
		form.height, form.thick = 16, 11
	}
	longest, notes, phrases := form.words()
	chart := chartRows{words: draw.Sentence(f.Title + ": " + strings.Join(phrases, "; ")), axis: g.barAxis(longest, len(g.series) > 1 && !form.grouped), write: g.write,
		labels: shortLabels(f.Label, g.labels), notes: notes, height: form.height, content: form.row}
	if len(g.series) > 1 {
		chart.key, chart.sign = spacedAll(g.series), form.sign
	}
	figure := chart.draw()
	return captioned{f.Title, sentences(f.Note, g.aboutInterval(f), g.aboutReference(f, g.write), beyondWords(form.beyond), g.aboutMarks()), figure}
}

// barForm is how the bars of a figure are drawn.
type barForm struct {
	grid
	figure        FigureSpec
	grouped       bool
	height, thick float64 // of a row, of a bar
	beyond        bool    // an interval went beyond the axis
}

// words gives how far each row reaches, what stands at its end, and the row in
// words.
func (b *barForm) words() (longest []float64, notes, phrases []string) {
	for i, row := range b.entries {
		whole, note, said := barWords(b.grid, row, b.write)
		if b.grouped {
			whole, note = 0, ""
			for _, e := range row {
				if e.value.known && max(e.value.x, -e.value.x) > max(whole, -whole) {
					whole = e.value.x
				}
				if e.present && !e.value.known {
					note = e.value.mark
				}
			}
		}
		longest, notes = append(longest, whole), append(notes, note)
		phrases = append(phrases, row2words(labelWords(b.figure.Label, b.labels[i]), said))
	}
	return longest, notes, phrases
}

// row draws the bars of one label.
func (b *barForm) row(c *draw.Canvas, row int, middle float64, axis draw.Axis) {
	x := 0.0
	for s, e := range b.entries[row] {
		switch {
		case b.grouped:
			b.part(c, axis, row, s, 0, middle+12*(float64(s)-float64(len(b.series)-1)/2))
		default:
			x = b.part(c, axis, row, s, x, middle)
		}
		if len(b.series) == 1 {
			b.beyond = whisker(c, axis, e.low, e.high, middle) || b.beyond
			referenceTick(c, axis, e, middle, b.height/2)
		}
	}
}

func (b *barForm) sign(c *draw.Canvas, i int, x, y float64) {
	c.Rect(b.class(i), x-8, y-6, 15, 13, "")
	c.Text("on", "middle", x-0.5, y+4, letter(i))
}

// part draws one bar, or part of one, from a value on, and gives where it ends.
func (b *barForm) part(c *draw.Canvas, axis draw.Axis, row, s int, x, middle float64) float64 {
	e := b.entries[row][s]
	if !e.value.known {
		return x
	}
	from, to := axis.At(x), axis.At(x+e.value.x)
	name := labelWords(b.figure.Label, b.labels[row])
	if b.series[s] != "" {
		name += ", " + spaced(b.series[s])
	}
	c.Rect(b.class(s), min(from, to), middle-b.thick/2, max(to-from, from-to), b.thick, name+": "+numberWords(e, b.write))
	if len(b.series) > 1 && to-from > 12 {
		c.Text("on", "middle", (from+to)/2, middle+4, letter(s))
	}
	return x + e.value.x
}

// turned makes the series of a grid without labels its labels.
func (g grid) turned() grid {
	t := grid{labels: g.series, series: []string{""}, write: g.write, hundred: g.hundred}
	for s := range g.series {
		t.entries = append(t.entries, []entry{g.entries[0][s]})
	}
	return t
}

// barWords gives how long a bar is, what stands at its end, and its parts in
// words.
func barWords(g grid, row []entry, write func(float64) string) (whole float64, note string, said []string) {
	hidden := ""
	for s, e := range row {
		text := numberWords(e, write)
		if e.value.known {
			whole += e.value.x
		} else if e.present {
			hidden = e.value.mark
		}
		if e.present {
			said = append(said, strings.TrimSpace(spaced(g.series[s])+" "+text))
		}
	}
	switch {
	case len(row) == 1 && row[0].value.known:
		note = write(whole)
	case hidden != "":
		note = hidden
	case len(row) > 1 && !g.hundred:
		note = write(whole)
	}
	return whole, note, said
}

// class is the colour of a part: grey for those who have no score, darker
// as a band is higher, or the next colour.
func (b *barForm) class(s int) string {
	if len(b.series) == 1 || b.grouped {
		return seriesClass(s)
	}
	switch name := strings.ToLower(spaced(b.series[s])); {
	case strings.HasPrefix(name, "not "):
		return "b0"
	case strings.HasPrefix(name, "no "):
		return "c5"
	case name == "very high":
		return "c2"
	case name == "none" || name == "fit":
		return "c3"
	case name == "low" || name == "mild":
		return "b1"
	case name == "moderate" || name == "intermediate" || name == "medium":
		return "b2"
	case name == "high" || name == "severe":
		return "b3"
	}
	return seriesClass(s)
}

// referenceTick draws the number a row is compared with.
func referenceTick(c *draw.Canvas, axis draw.Axis, e entry, middle, reach float64) {
	if e.reference.known && axis.Holds(e.reference.x) {
		x := axis.At(e.reference.x)
		c.Line("reference", x, middle-reach, x, middle+reach)
	}
}

// numberWords writes a value with its interval, or why there is none.
func numberWords(e entry, write func(float64) string) string {
	switch {
	case !e.value.known && e.value.mark == "n/a":
		return "not assessable"
	case !e.value.known:
		return "not shown"
	case hasInterval(e.low, e.high):
		return fmt.Sprintf("%s (%s to %s)", write(e.value.x), write(e.low.x), write(e.high.x))
	}
	return write(e.value.x)
}

func row2words(label string, parts []string) string {
	return strings.TrimSpace(label + " " + strings.Join(parts, ", "))
}
