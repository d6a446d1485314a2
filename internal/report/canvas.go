package report

import (
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"

	"tre/internal/term"
	"tre/pipeline/disclose"
)

// figureWidth is how wide every figure is drawn, in CSS pixels: what a phone
// shows without shrinking the letters. Wider screens put figures side by side.
const figureWidth = 340

// charWidth is the width of a character of figure text, roughly, on the safe
// side: nothing measures text without a browser.
const charWidth = 6.5

// canvas collects the shapes of one SVG figure. Colours are classes, so that
// the page's style decides them for light, dark and print.
type canvas struct {
	width, height float64
	shapes        strings.Builder
}

func num(x float64) string {
	return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64)
}

// rect draws a bar; words, when given, appear when a pointer rests on it.
func (c *canvas) rect(class string, x, y, width, height float64, words string) {
	c.shapes.WriteString(`<rect class="` + class + `" x="` + num(x) + `" y="` + num(y) + `" width="` + num(width) + `" height="` + num(height) + `"`)
	if words == "" {
		c.shapes.WriteString("/>")
		return
	}
	c.shapes.WriteString("><title>" + html.EscapeString(words) + "</title></rect>")
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	c.shapes.WriteString(`<line class="` + class + `" x1="` + num(x1) + `" y1="` + num(y1) + `" x2="` + num(x2) + `" y2="` + num(y2) + `"/>`)
}

func (c *canvas) circle(class string, x, y, radius float64, words string) {
	c.shapes.WriteString(`<circle class="` + class + `" cx="` + num(x) + `" cy="` + num(y) + `" r="` + num(radius) + `"><title>` +
		html.EscapeString(words) + `</title></circle>`)
}

// text writes words with their anchor (start, middle or end) at x and their
// base line at y.
func (c *canvas) text(class, anchor string, x, y float64, words string) {
	c.shapes.WriteString(`<text class="` + class + `" text-anchor="` + anchor + `" x="` + num(x) + `" y="` + num(y) + `">` +
		html.EscapeString(words) + `</text>`)
}

// svg closes the figure. The words are what it says to someone who cannot see it.
func (c *canvas) svg(words string) template.HTML {
	return template.HTML(`<svg role="img" viewBox="0 0 ` + num(c.width) + ` ` + num(c.height) + `" width="` + num(c.width) +
		`" height="` + num(c.height) + `" aria-label="` + html.EscapeString(words) + `">` + c.shapes.String() + `</svg>`)
}

// legend writes coloured squares with their words from the left, wrapping, and
// gives the height it took.
func (c *canvas) legend(y float64, entries []series) float64 {
	x, top := 0.0, y
	for _, e := range entries {
		width := 16 + charWidth*float64(len([]rune(e.name))) + 8
		if x > 0 && x+width > c.width {
			x, y = 0, y+16
		}
		c.rect(e.class, x, y, 10, 10, "")
		c.text("label", "start", x+15, y+9, e.name)
		x += width
	}
	return y - top + 20
}

// series is one colour and what it stands for.
type series struct{ name, class string }

// scale gives the end of an axis that begins at 0 and the distance between its
// ticks: 1, 2 or 5 times a power of ten, with at most five steps.
func scale(largest float64) (end, step float64) {
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

// ticks gives the values of an axis's ticks, from 0 to end.
func ticks(end, step float64) []float64 {
	var at []float64
	for i := 0; float64(i)*step <= end*1.0001; i++ {
		at = append(at, float64(i)*step)
	}
	return at
}

// short writes a number for an axis: 1,500 or 2.5 or 1.2m.
func short(x float64) string {
	if x >= 1e6 {
		return strconv.FormatFloat(math.Round(x/1e5)/10, 'f', -1, 64) + "m"
	}
	if x == math.Trunc(x) {
		return term.Number(int64(x))
	}
	return strconv.FormatFloat(math.Round(x*1000)/1000, 'f', -1, 64)
}

// percent writes a fraction as a percentage for an axis or a label.
func percent(x float64) string {
	return strconv.FormatFloat(math.Round(x*1000)/10, 'f', -1, 64) + "%"
}

// Shown writes a protected count with its thousands grouped.
func Shown(c disclose.Cell) string {
	if n, ok := c.Shown(); ok {
		return term.Number(n)
	}
	return c.String()
}
