// Package draw makes SVG figures by hand and holds the style of every page that
// shows them. Colours are classes of the style, so that a figure follows the
// reader's light or dark setting and prints.
package draw

import (
	_ "embed"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"

	"tre/internal/term"
)

//go:embed page.css
var style string

// Style is the style sheet that figures and pages share.
func Style() template.CSS { return template.CSS(style) }

// Width is how wide every figure is drawn, in CSS pixels: what a phone shows
// without shrinking the letters. Wider screens put figures side by side.
const Width = 340

// CharWidth is the width of a character of figure text, roughly, on the safe
// side: nothing measures text without a browser.
const CharWidth = 6.5

// Canvas collects the shapes of one SVG figure, in CSS pixels from the top left.
type Canvas struct {
	Width, Height float64
	shapes        strings.Builder
}

// Number writes a coordinate with one decimal at most.
func Number(x float64) string {
	return strconv.FormatFloat(math.Round(x*10)/10+0, 'f', -1, 64)
}

// Rect draws a bar; words, when given, appear when a pointer rests on it.
func (c *Canvas) Rect(class string, x, y, width, height float64, words string) {
	c.shapes.WriteString(`<rect class="` + class + `" x="` + Number(x) + `" y="` + Number(y) + `" width="` + Number(width) + `" height="` + Number(height) + `"`)
	if words == "" {
		c.shapes.WriteString("/>")
		return
	}
	c.shapes.WriteString("><title>" + html.EscapeString(words) + "</title></rect>")
}

// Line draws a straight line.
func (c *Canvas) Line(class string, x1, y1, x2, y2 float64) {
	c.shapes.WriteString(`<line class="` + class + `" x1="` + Number(x1) + `" y1="` + Number(y1) + `" x2="` + Number(x2) + `" y2="` + Number(y2) + `"/>`)
}

// Polyline draws a line through points, each an x and a y.
func (c *Canvas) Polyline(class string, points [][2]float64) {
	var at []string
	for _, p := range points {
		at = append(at, Number(p[0])+","+Number(p[1]))
	}
	c.shapes.WriteString(`<polyline class="` + class + `" points="` + strings.Join(at, " ") + `"/>`)
}

// Circle draws a dot; its words appear when a pointer rests on it.
func (c *Canvas) Circle(class string, x, y, radius float64, words string) {
	c.shapes.WriteString(`<circle class="` + class + `" cx="` + Number(x) + `" cy="` + Number(y) + `" r="` + Number(radius) + `"><title>` +
		html.EscapeString(words) + `</title></circle>`)
}

// Text writes words with their anchor (start, middle or end) at x and their
// base line at y.
func (c *Canvas) Text(class, anchor string, x, y float64, words string) {
	c.shapes.WriteString(`<text class="` + class + `" text-anchor="` + anchor + `" x="` + Number(x) + `" y="` + Number(y) + `">` +
		html.EscapeString(words) + `</text>`)
}

// SVG closes the figure. The words are what it says to someone who cannot see it.
func (c *Canvas) SVG(words string) template.HTML {
	return template.HTML(`<svg role="img" viewBox="0 0 ` + Number(c.Width) + ` ` + Number(c.Height) + `" width="` + Number(c.Width) +
		`" height="` + Number(c.Height) + `" aria-label="` + html.EscapeString(words) + `">` + c.shapes.String() + `</svg>`)
}

// Legend writes coloured squares with their words from the left, wrapping, and
// gives the height it took.
func (c *Canvas) Legend(y float64, entries []Series) float64 {
	x, top := 0.0, y
	for _, e := range entries {
		width := 16 + CharWidth*float64(len([]rune(e.Name))) + 8
		if x > 0 && x+width > c.Width {
			x, y = 0, y+16
		}
		c.Rect(e.Class, x, y, 10, 10, "")
		c.Text("label", "start", x+15, y+9, e.Name)
		x += width
	}
	return y - top + 20
}

// Series is one colour and what it stands for.
type Series struct{ Name, Class string }

// Scale gives the end of an axis that begins at 0 and the distance between its
// ticks: 1, 2 or 5 times a power of ten, with at most five steps.
func Scale(largest float64) (end, step float64) {
	if largest <= 0 || math.IsInf(largest, 0) || math.IsNaN(largest) {
		return 1, 1
	}
	raw := largest / 4
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if step = m * power; step >= raw*0.999 {
			break
		}
	}
	return step * math.Ceil(largest/step-1e-9), step
}

// Ticks gives the values of an axis's ticks, from 0 to end.
func Ticks(end, step float64) []float64 {
	var at []float64
	for i := 0; float64(i)*step <= end*1.0001; i++ {
		at = append(at, float64(i)*step)
	}
	return at
}

// Short writes a number for an axis: 1,500 or 2.5 or 1.2m.
func Short(x float64) string {
	if x >= 1e6 {
		return strconv.FormatFloat(math.Round(x/1e5)/10, 'f', -1, 64) + "m"
	}
	if x == math.Trunc(x) {
		return term.Number(int64(x))
	}
	return strconv.FormatFloat(math.Round(x*1000)/1000, 'f', -1, 64)
}

// Percent writes a fraction as a percentage for an axis or a label.
func Percent(x float64) string {
	return strconv.FormatFloat(math.Round(x*1000)/10, 'f', -1, 64) + "%"
}

// Clip shortens a label to a number of characters.
func Clip(label string, most int) string {
	if r := []rune(label); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return label
}

// Sentence joins phrases with commas and ends them with a full stop.
func Sentence(phrases ...string) string { return strings.Join(phrases, ", ") + "." }
