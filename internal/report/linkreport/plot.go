package linkreport

import (
	"cmp"
	"html/template"
	"math"
	"strconv"
	"strings"

	"tre/internal/report/draw"
)

// axis maps values to pixels. A logarithmic axis holds powers of ten and its
// values are logarithms.
type axis struct {
	low, high, step float64 // values
	from, to        float64 // pixels
}

// at gives the place of a value; values outside stop at the edge.
func (a axis) at(v float64) float64 {
	return a.from + (a.to-a.from)*(min(max(v, a.low), a.high)-a.low)/(a.high-a.low)
}

// ticks gives the multiples of the step that lie on the axis.
func (a axis) ticks() []float64 {
	var at []float64
	for i := math.Ceil(a.low/a.step - 1e-9); i*a.step <= a.high+a.step/1000; i++ {
		at = append(at, math.Round(i*a.step*1e9)/1e9+0)
	}
	return at
}

// over makes an axis over the values from low to high. It ends on quarters of a
// step, so that little of it is empty.
func over(low, high, from, to float64) axis {
	_, step := draw.Scale(0.7 * max(high-low, 1e-9))
	quarter := step / 4
	a := axis{quarter * math.Floor(low/quarter+1e-9), quarter * math.Ceil(high/quarter-1e-9), step, from, to}
	if a.high <= a.low {
		a.high = a.low + step
	}
	return a
}

// decades makes a logarithmic axis from 1 to the power of ten above the largest.
func decades(largest, from, to float64) axis {
	return axis{0, max(1, math.Ceil(math.Log10(max(largest, 1))-1e-9)), 1, from, to}
}

// power writes a tick of a logarithmic axis.
func power(v float64) string {
	if v < 0 {
		return strconv.FormatFloat(math.Pow(10, v), 'f', int(-v), 64)
	}
	return draw.Short(math.Pow(10, v))
}

// mark is a value worth a line of its own across a figure.
type mark struct {
	value float64
	name  string
}

// lane is one row of a figure: a label with a note to its right, and below them
// whatever draws itself on the axis.
type lane struct {
	label, note string
	strong      bool
	draw        func(c *draw.Canvas, a axis, y float64)
}

// Heights of a lane: the line of words, and the strip below it.
const (
	laneWords = 14.0
	laneStrip = 12.0
	laneGap   = 7.0
)

// lanes is a figure of rows on one axis. Labels stand above their row, so that
// the whole width belongs to the data on a phone too.
//
// Grid and marks are drawn beside a row's data only, never through its words.
type lanes struct {
	words  string
	title  string  // drawn above, where no heading stands beside the figure
	width  float64 // 0: draw.Width
	axis   axis    // pixels are set when drawn
	format func(float64) string
	legend []draw.Series
	marks  []mark
	rows   []lane
}

func (l lanes) draw() template.HTML { return l.canvas().SVG(clean(l.words)) }

func (l lanes) canvas() *draw.Canvas {
	c := &draw.Canvas{Width: cmp.Or(l.width, draw.Width)}
	top := 0.0
	if l.title != "" {
		c.Text("label strong", "start", 0, 11, fitted(l.title, c.Width))
		top = 20
	}
	if len(l.legend) > 0 {
		top += c.Legend(top, l.legend) + 2
	}
	a := l.axis
	a.from, a.to = 8, c.Width-12
	each := laneWords + laneStrip + laneGap
	plot := top
	if len(l.marks) > 0 {
		plot += 13
	}
	bottom := plot + each*float64(len(l.rows))
	c.Height = bottom + 18
	numbers(c, a, bottom, l.format)
	for i, r := range l.rows {
		y := plot + each*float64(i)
		grid(c, a, y+laneWords-1, y+laneWords+laneStrip+3)
		class := "label"
		if r.strong {
			class = "label strong"
		}
		note := labelWidth * float64(len([]rune(r.note)))
		c.Text(class, "start", 0, y+11, fitted(r.label, c.Width-note-8))
		c.Text("note", "end", c.Width, y+11, r.note)
		r.draw(c, a, y+laneWords+1)
		for _, m := range l.marks {
			c.Line("threshold", a.at(m.value), y+laneWords-1, a.at(m.value), y+laneWords+laneStrip+3)
		}
	}
	for _, m := range l.marks {
		c.Text("note", anchor(a.at(m.value), c.Width), a.at(m.value), plot-3, m.name)
	}
	return c
}

// grid draws the upright lines of a horizontal axis, with a firmer one at 0.
func grid(c *draw.Canvas, a axis, top, bottom float64) {
	for _, t := range a.ticks() {
		class := "grid"
		if t == 0 {
			class = "axis"
		}
		c.Line(class, a.at(t), top, a.at(t), bottom)
	}
}

// numbers writes the numbers of a horizontal axis below it.
func numbers(c *draw.Canvas, a axis, bottom float64, format func(float64) string) {
	end := math.Inf(-1) // of the number before
	for _, t := range a.ticks() {
		text, x := format(t), a.at(t)
		where, half := anchor(x, c.Width), float64(len([]rune(text)))*draw.CharWidth/2
		begin := x - half
		if where == "start" {
			begin = x
		} else if where == "end" {
			begin = x - 2*half
		}
		if begin < end+2 {
			continue // its line is there, and the numbers beside it say what it is
		}
		end = begin + 2*half
		c.Text("tick", where, x, bottom+13, text)
	}
}

// anchor keeps words inside the figure.
func anchor(x, width float64) string {
	switch {
	case x < 30:
		return "start"
	case x > width-40:
		return "end"
	}
	return "middle"
}

// bar draws a bar between two values, never thinner than can be seen.
func bar(class, words string, from, to float64) func(*draw.Canvas, axis, float64) {
	return func(c *draw.Canvas, a axis, y float64) {
		left, right := a.at(min(from, to)), a.at(max(from, to))
		c.Rect(class, left, y, max(right-left, 1.5), laneStrip, clean(words))
	}
}

// point is a place of a curve.
type point struct{ x, y float64 }

// curve is one line of a chart; its tag stands at its right end.
type curve struct {
	name, class, tag string
	points           []point
}

// chart is a figure of lines.
type chart struct {
	words            string
	x, y             axis
	xFormat, yFormat func(float64) string
	xTitle           string
	legend           []draw.Series
	marks            []mark // upright
	curves           []curve
}

func (f chart) draw() template.HTML {
	c := &draw.Canvas{Width: draw.Width}
	top := 12.0
	if len(f.legend) > 0 {
		top += c.Legend(0, f.legend)
	}
	bottom := top + 120
	c.Height = bottom + 32
	x, y := f.x, f.y
	x.from, x.to, y.from, y.to = 44, draw.Width-26, bottom, top
	for _, t := range y.ticks() {
		c.Line("grid", x.from, y.at(t), x.to, y.at(t))
		c.Text("tick", "end", x.from-5, y.at(t)+4, f.yFormat(t))
	}
	for _, t := range x.ticks() {
		c.Text("tick", "middle", x.at(t), bottom+14, f.xFormat(t))
		c.Line("axis", x.at(t), bottom, x.at(t), bottom+3)
	}
	c.Line("axis", x.from, bottom, x.to, bottom)
	c.Text("note", "middle", (x.from+x.to)/2, bottom+28, f.xTitle)
	for _, m := range f.marks {
		c.Line("threshold", x.at(m.value), top, x.at(m.value), bottom)
		c.Text("note", anchor(x.at(m.value), c.Width), x.at(m.value), top-3, m.name)
	}
	ends := make([]float64, len(f.curves))
	for i, line := range f.curves {
		ends[i] = line.draw(c, x, y)
	}
	f.tags(c, x.to, ends)
	return c.SVG(clean(f.words))
}

func (l curve) draw(c *draw.Canvas, x, y axis) float64 {
	var places [][2]float64
	for _, p := range l.points {
		places = append(places, [2]float64{x.at(p.x), y.at(p.y)})
	}
	if len(places) == 0 {
		return -1
	}
	c.Polyline("curve "+l.class, places)
	if len(places) <= 30 {
		for i, p := range places {
			c.Circle("dot "+l.class, p[0], p[1], 2, clean(l.name+": "+draw.Short(l.points[i].x)+", "+small(l.points[i].y)))
		}
	}
	return places[len(places)-1][1]
}

// tags writes each curve's tag at its end, pushed apart where they would meet.
func (f chart) tags(c *draw.Canvas, x float64, ends []float64) {
	taken := []float64{}
	for i, line := range f.curves {
		if line.tag == "" || ends[i] < 0 {
			continue
		}
		y := ends[i]
		for _, t := range taken {
			if math.Abs(t-y) < 10 {
				y = t - 10
			}
		}
		taken = append(taken, y)
		c.Text("tick", "start", x+5, y+4, line.tag)
	}
}

// colour is the class of the series at a position; there are six.
func colour(i int) string { return "c" + strconv.Itoa(i%6+1) }

// said joins phrases into the words of a figure.
func said(title string, phrases []string) string {
	return title + ". " + strings.Join(phrases, "; ") + "."
}

// figure is a drawing with its heading and what to know when reading it.
type figure struct {
	Title, Caption string
	Figure         template.HTML
}
