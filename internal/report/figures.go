package report

import (
	"html/template"

	"tre/internal/report/draw"
	"tre/internal/term"
)

// part is one segment of a bar.
type part struct {
	class string
	value float64
	words string // what it says when pointed at
}

// bar is one row of a bar figure.
type bar struct {
	label string
	parts []part
	note  string // at the right end, such as the number of people
}

// bars describes a figure of horizontal bars, each stacked from its parts, on
// one axis that begins at 0.
type bars struct {
	words     string // what the figure says to someone who cannot see it
	legend    []draw.Series
	end, step float64 // of the axis
	format    func(float64) string
	rows      []bar
}

// rowHeight leaves a bar of 16 with a gap of 6.
const rowHeight = 22

func (b bars) draw() template.HTML {
	labelWidth, noteWidth := 0.0, 0.0
	for _, r := range b.rows {
		labelWidth = max(labelWidth, draw.CharWidth*float64(len([]rune(r.label)))+8)
		noteWidth = max(noteWidth, draw.CharWidth*float64(len([]rune(r.note)))+6)
	}
	labelWidth = min(labelWidth, 130)
	c := &draw.Canvas{Width: draw.Width}
	top := 0.0
	if len(b.legend) > 0 {
		top = c.Legend(0, b.legend)
	}
	left, width := labelWidth, draw.Width-labelWidth-max(noteWidth, 14)
	bottom := top + rowHeight*float64(len(b.rows))
	c.Height = bottom + 18
	for _, t := range draw.Ticks(b.end, b.step) {
		x := left + width*t/b.end
		c.Line("grid", x, top, x, bottom)
		c.Text("tick", "middle", x, bottom+13, b.format(t))
	}
	for i, r := range b.rows {
		y := top + rowHeight*float64(i) + 3
		c.Text("label", "end", left-6, y+12, draw.Clip(r.label, 20))
		x := left
		for _, p := range r.parts {
			w := width * p.value / b.end
			if w > 0 {
				c.Rect(p.class, x, y, w, 16, p.words)
			}
			x += w
		}
		c.Text("note", "start", left+width+6, y+12, r.note)
	}
	c.Line("axis", left, top, left, bottom)
	return c.SVG(b.words)
}

// column is one value of a column panel. A value that is not known is drawn as
// its mark ("*", "n/a") and never as a bar of no height.
type column struct {
	label string
	value float64
	known bool
	mark  string
	words string
}

// panel is a group of columns under a heading of their own.
type panel struct {
	title   string
	class   string
	columns []column
}

// columns describes panels of vertical bars beside each other on one axis.
type columns struct {
	words  string
	panels []panel
}

func (f columns) draw() template.HTML {
	const top, plot, left = 16.0, 92.0, 40.0
	largest, count := 0.0, 0
	for _, p := range f.panels {
		count += len(p.columns)
		for _, v := range p.columns {
			if v.known {
				largest = max(largest, v.value)
			}
		}
	}
	end, step := draw.Scale(largest)
	c := &draw.Canvas{Width: draw.Width, Height: top + plot + 18}
	gap := 16.0
	each := (draw.Width - left - gap*float64(len(f.panels)-1)) / float64(max(count, 1))
	x := left
	for _, p := range f.panels {
		width := each * float64(len(p.columns))
		c.Text("panel", "start", x, 9, p.title)
		for _, t := range draw.Ticks(end, step) {
			c.Line("grid", x, top+plot-plot*t/end, x+width, top+plot-plot*t/end)
		}
		for i, v := range p.columns {
			if len(p.columns) > 6 && i%2 == 1 { // no room for every label
				v.label = ""
			}
			v.draw(c, p.class, x+each*float64(i), top, plot, each, end)
		}
		c.Line("axis", x, top+plot, x+width, top+plot)
		x += width + gap
	}
	for _, t := range draw.Ticks(end, step) {
		c.Text("tick", "end", left-5, top+plot-plot*t/end+4, draw.Short(t))
	}
	return c.SVG(f.words)
}

func (v column) draw(c *draw.Canvas, class string, x, top, plot, each, end float64) {
	middle := x + each/2
	if v.known {
		height := plot * v.value / end
		c.Rect(class, x+1.5, top+plot-height, each-3, height, v.words)
	} else {
		c.Text("mark", "middle", middle, top+plot-3, v.mark)
	}
	if v.label != "" {
		c.Text("tick", "middle", middle, top+plot+13, v.label)
	}
}

// side is one row of a pyramid: a count on each side, unknown when negative.
type side struct {
	label       string
	left, right float64
	leftWords   string
	rightWords  string
}

// pyramid describes counts by age, youngest at the foot, one sex a side, both
// sides on the same axis.
type pyramid struct {
	words      string
	leftTitle  string
	rightTitle string
	rows       []side // youngest first
}

func (p pyramid) draw() template.HTML {
	const top, row, middle = 18.0, 18.0, 74.0
	largest := 0.0
	for _, r := range p.rows {
		largest = max(largest, r.left, r.right)
	}
	end, step := draw.Scale(largest)
	half := (draw.Width - middle - 20) / 2
	leftAxis, rightAxis := 10+half, 10+half+middle
	bottom := top + row*float64(len(p.rows))
	c := &draw.Canvas{Width: draw.Width, Height: bottom + 18}
	c.Text("panel", "end", leftAxis, 10, p.leftTitle)
	c.Text("panel", "start", rightAxis, 10, p.rightTitle)
	for i, t := range draw.Ticks(end, step) {
		c.Line("grid", leftAxis-half*t/end, top, leftAxis-half*t/end, bottom)
		c.Line("grid", rightAxis+half*t/end, top, rightAxis+half*t/end, bottom)
		if i%2 == 0 {
			c.Text("tick", "middle", leftAxis-half*t/end, bottom+13, draw.Short(t))
			c.Text("tick", "middle", rightAxis+half*t/end, bottom+13, draw.Short(t))
		}
	}
	for i, r := range p.rows {
		y := bottom - row*float64(i+1) + 1
		c.Text("label", "middle", (leftAxis+rightAxis)/2, y+12, r.label)
		arm(c, "c2", leftAxis, -half, y, r.left, end, r.leftWords)
		arm(c, "c1", rightAxis, half, y, r.right, end, r.rightWords)
	}
	c.Line("axis", leftAxis, top, leftAxis, bottom)
	c.Line("axis", rightAxis, top, rightAxis, bottom)
	return c.SVG(p.words)
}

// arm draws one side's bar from its axis; reach is negative to the left.
func arm(c *draw.Canvas, class string, axis, reach, y, value, end float64, words string) {
	if value < 0 {
		anchor, shift := "start", 5.0
		if reach < 0 {
			anchor, shift = "end", -5.0
		}
		c.Text("mark", anchor, axis+shift, y+12, "*")
		return
	}
	length := reach * value / end
	c.Rect(class, min(axis, axis+length), y, max(length, -length), 16, words)
}

// fall is one step of a waterfall: a whole, or what is taken from it.
type fall struct {
	label string
	count int64
	class string
	taken bool // drawn from where the last step ended, downwards
}

// waterfall draws how a whole is used up, top to bottom, on one axis.
func waterfall(words string, falls []fall) template.HTML {
	largest := int64(1)
	for _, f := range falls {
		largest = max(largest, f.count)
	}
	const left, right, row = 92.0, 74.0, 30.0
	width := draw.Width - left - right
	c := &draw.Canvas{Width: draw.Width, Height: row*float64(len(falls)) + 2}
	level := 0.0
	for i, f := range falls {
		y, length := row*float64(i)+5, width*float64(f.count)/float64(largest)
		start, sign := 0.0, ""
		if f.taken {
			start, sign = level-length, "−"
			level = start
		} else {
			level = length
		}
		c.Text("label", "end", left-8, y+14, f.label)
		c.Rect(f.class, left+start, y, max(length, 0.5), 20, f.label+": "+term.Number(f.count)+" rows")
		c.Text("note", "start", left+width+6, y+14, sign+term.Number(f.count))
		if i+1 < len(falls) {
			c.Line("link", left+level, y, left+level, y+row+20)
		}
	}
	c.Line("axis", left, 0, left, c.Height)
	return c.SVG(words)
}
