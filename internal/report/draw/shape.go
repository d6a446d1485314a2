package draw

import (
	"fmt"
	"html"
	"strings"
)

// shapes is how many signs Mark knows.
const shapes = 6

// Mark draws the sign of a series at a point: circle, square, diamond,
// triangle, triangle on its head, cross; then the first again. Signs tell
// series apart where colours do not.
func (c *Canvas) Mark(class string, shape int, x, y, radius float64, words string) {
	r := radius
	switch shape % shapes {
	case 0:
		c.Circle(class, x, y, r, words)
		return
	case 1:
		c.path(class, words, x-r, y-r, x+r, y-r, x+r, y+r, x-r, y+r)
	case 2:
		c.path(class, words, x, y-r*1.35, x+r*1.35, y, x, y+r*1.35, x-r*1.35, y)
	case 3:
		c.path(class, words, x, y-r*1.25, x+r*1.2, y+r*0.9, x-r*1.2, y+r*0.9)
	case 4:
		c.path(class, words, x, y+r*1.25, x+r*1.2, y-r*0.9, x-r*1.2, y-r*0.9)
	default:
		w := r * 0.45
		c.path(class, words, x-w, y-r, x+w, y-r, x+w, y-w, x+r, y-w, x+r, y+w, x+w, y+w, x+w, y+r, x-w, y+r, x-w, y+w, x-r, y+w, x-r, y-w, x-w, y-w)
	}
}

// path draws a closed shape through points, x and y in turn.
func (c *Canvas) path(class, words string, at ...float64) {
	var d strings.Builder
	for i := 0; i+1 < len(at); i += 2 {
		letter := "L"
		if i == 0 {
			letter = "M"
		}
		d.WriteString(letter + Number(at[i]) + " " + Number(at[i+1]))
	}
	title := ""
	if words != "" {
		title = "<title>" + html.EscapeString(words) + "</title>"
	}
	fmt.Fprintf(&c.shapes, `<path class="%s" d="%sZ">%s</path>`, class, d.String(), title)
}

// Area fills the space between two lines that share their x.
func (c *Canvas) Area(class string, x, upper, lower []float64) {
	var at []float64
	for i := range x {
		at = append(at, x[i], upper[i])
	}
	for i := len(x) - 1; i >= 0; i-- {
		at = append(at, x[i], lower[i])
	}
	c.path(class, "", at...)
}

// Key draws the sign of each series with its words, wrapping, and gives the
// height it took. The sign is drawn by the caller's function at a point.
func (c *Canvas) Key(names []string, sign func(i int, x, y float64)) float64 {
	x, y := 0.0, 0.0
	for i, name := range names {
		width := 22 + CharWidth*float64(len([]rune(name))) + 8
		if x > 0 && x+width > c.Width {
			x, y = 0, y+16
		}
		sign(i, x+8, y+5)
		c.Text("label", "start", x+20, y+9, name)
		x += width
	}
	return y + 20
}
