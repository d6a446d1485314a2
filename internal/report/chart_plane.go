package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tre/internal/report/draw"
	"tre/pipeline/disclose"
	"tre/sql"
)

// The plot of a figure with two axes.
const (
	planeHeight = 190.0
	planeRight  = draw.Width - 17.0
)

// plane draws two axes with their names and gives them with their coordinates.
func plane(c *draw.Canvas, top float64, x, y draw.Axis, xName, yName string, writeX, writeY func(float64) string) (draw.Axis, draw.Axis) {
	c.Text("panel", "start", 0, top+10, yName)
	top += 18
	y.From, y.To = top+planeHeight, top
	left := horizontals(c, y, planeRight, writeY)
	x.From, x.To = left, planeRight
	verticals(c, x, top, top+planeHeight, writeX)
	c.Text("panel", "end", planeRight, top+planeHeight+28, xName)
	c.Line("axis", left, top+planeHeight, planeRight, top+planeHeight)
	c.Height = top + planeHeight + 32
	return x, y
}

// funnelChart draws values against how many people they are of, with limits
// that narrow as there are more. Points beyond the outermost limits are filled
// and named.
func funnelChart(g grid, f FigureSpec) captioned {
	write := g.write
	if len(f.Limits) == 0 {
		g = limitsFromInterval(g)
	}
	points := g.bySize()
	low, high := g.extent(func(e entry) []number { return append([]number{e.value, e.reference}, e.limits...) })
	if low > 0 && low < 0.6*high {
		low = 0
	}
	_, largest := g.extent(func(e entry) []number { return []number{e.size} })
	c := &draw.Canvas{Width: draw.Width}
	x, y := plane(c, 0, draw.Range(0, largest*1.02), draw.Range(low, high), spaced(f.Size)+" →", spaced(f.Values[0]), draw.Short, write)
	for k := range widest(points) {
		var line [][2]float64
		for _, p := range points {
			if k < len(p.limits) && p.limits[k].known {
				line = append(line, [2]float64{x.At(p.size.x), y.At(p.limits[k].x)})
			}
		}
		c.Polyline(limitClass(k), atLeastAStroke(line))
	}
	var middle [][2]float64
	for _, p := range points {
		if p.reference.known {
			middle = append(middle, [2]float64{x.At(p.size.x), y.At(p.reference.x)})
		}
	}
	c.Polyline("reference", atLeastAStroke(middle))
	outside := funnelPoints(c, x, y, points, f, write)
	said := "none beyond the limits"
	if len(outside) > 0 {
		said = "beyond the limits: " + strings.Join(outside, ", ")
	}
	return captioned{f.Title, sentences(f.Note, funnelLimitWords(f), g.aboutReference(f, write), cutWords(y.Cut()), g.aboutHidden()),
		c.SVG(draw.Sentence(fmt.Sprintf("%s: %d points; %s", f.Title, len(points), said)))}
}

// atLeastAStroke makes a line of one point long enough to be seen.
func atLeastAStroke(line [][2]float64) [][2]float64 {
	if len(line) != 1 {
		return line
	}
	return [][2]float64{{line[0][0] - 7, line[0][1]}, {line[0][0] + 7, line[0][1]}}
}

// named is an entry with its label.
type named struct {
	entry
	label string
}

// bySize gives the points with a value and a size, smallest first.
func (g grid) bySize() []named {
	var points []named
	for i, row := range g.entries {
		if e := row[0]; e.value.known && e.size.known {
			points = append(points, named{e, g.labels[i]})
		}
	}
	slices.SortStableFunc(points, func(a, b named) int { return compareFloat(a.size.x, b.size.x) })
	return points
}

func limitsFromInterval(g grid) grid {
	for i := range g.entries {
		e := &g.entries[i][0]
		e.limits = []number{e.low, e.high}
	}
	return g
}

func widest(points []named) int {
	most := 0
	for _, p := range points {
		most = max(most, len(p.limits))
	}
	return most
}

// limitClass draws the first pair of limits lightly and the second strongly.
func limitClass(k int) string {
	if k < 2 {
		return "limit"
	}
	return "limit outer"
}

// funnelPoints draws the points and gives those beyond the limits, in words.
func funnelPoints(c *draw.Canvas, x, y draw.Axis, points []named, f FigureSpec, write func(float64) string) []string {
	var outside []string
	for _, p := range points {
		words := fmt.Sprintf("%s: %s, %s %s", labelWords(f.Label, p.label), write(p.value.x), draw.Short(p.size.x), spaced(f.Size))
		at, height := x.At(p.size.x), y.At(p.value.x)
		if !beyondLimits(p.entry) {
			c.Mark("hollow", 0, at, height, 3.6, words)
			continue
		}
		outside = append(outside, labelWords(f.Label, p.label)+" "+write(p.value.x))
		c.Mark("c2 dot", 2, at, height, 4.4, words+"; beyond the limits")
		anchor, beside, name := "start", at+8, draw.Clip(dated(p.label), 22)
		if at+8+draw.CharWidth*float64(len([]rune(name))) > draw.Width {
			anchor, beside = "end", at-8
		}
		c.Text("label", anchor, beside, height+4, name)
	}
	return outside
}

// beyondLimits compares with the last pair of limits, the widest.
func beyondLimits(e entry) bool {
	n := len(e.limits)
	if n < 2 {
		return false
	}
	low, high := e.limits[n-2], e.limits[n-1]
	return (low.known && e.value.x < low.x) || (high.known && e.value.x > high.x)
}

func funnelLimitWords(f FigureSpec) string {
	switch {
	case len(f.Limits) >= 4:
		return "Dotted: inner limits; solid: outer limits; points beyond those are filled and named"
	case len(f.Limits) >= 2 || f.Low != "":
		return "Dotted: limits; points beyond them are filled and named"
	}
	return ""
}

// aboutHidden says how many points a figure had to leave out.
func (g grid) aboutHidden() string {
	hidden := 0
	for _, row := range g.entries {
		if row[0].present && (!row[0].value.known || !row[0].size.known) {
			hidden++
		}
	}
	switch hidden {
	case 0:
		return ""
	case 1:
		return "One point is not drawn: too small to show, or not assessable"
	}
	return fmt.Sprintf("%d points are not drawn: too small to show, or not assessable", hidden)
}

// curve turns x, which the figure line names as its label, into the size of a
// point, so that a curve is read like any other figure.
func curve(t disclose.Table, f FigureSpec) FigureSpec {
	if f.Size == "" && !slices.Contains(t.Dimensions(), f.Label) {
		f.Size = f.Label
		f.Label = curveLabel(t, f)
	}
	return f
}

// curveLabel finds the dimension that tells the points of a curve apart: one
// that is neither the series nor chosen by where, and has the most labels.
func curveLabel(t disclose.Table, f FigureSpec) string {
	rows, best, most := t, "", 0
	for _, w := range f.Where {
		rows = rows.Where(w.Name, w.Value)
	}
	for _, dimension := range t.Dimensions() {
		taken := dimension == f.Series || slices.ContainsFunc(f.Where, func(w sql.Pair) bool { return w.Name == dimension })
		if n := len(rows.Distinct(dimension)); !taken && n > most {
			best, most = dimension, n
		}
	}
	return best
}

// lorenzChart draws how concentrated something is: the share of it that a share
// of people has, from those who have least. Both run from 0 to 1.
func lorenzChart(g grid, f FigureSpec) captioned {
	c := &draw.Canvas{Width: draw.Width}
	yName, top := spaced(f.Values[0]), 0.0
	if len(g.series) > 1 {
		top = c.Key(spacedAll(g.series), func(i int, x, y float64) { lineSign(c, i, x, y) })
		if f.Series == "" {
			yName = "cumulative share"
		}
	}
	x, y := plane(c, top, draw.Axis{End: 1, Step: 0.25}, draw.Axis{End: 1, Step: 0.25}, spaced(f.Size)+" →", yName, draw.Percent, draw.Percent)
	c.Polyline("reference", [][2]float64{{x.At(0), y.At(0)}, {x.At(1), y.At(1)}})
	var phrases []string
	for s, name := range g.series {
		line := g.curvePoints(s)
		var points [][2]float64
		for _, p := range line {
			points = append(points, [2]float64{x.At(p[0]), y.At(p[1])})
		}
		c.Polyline(lineClass(s), points)
		for i, p := range line[1:] {
			if i+2 < len(line) && (len(line) <= 24 || i%(len(line)/12) == 0) {
				words := fmt.Sprintf("%s of people: %s", percent(p[0]), percent(p[1]))
				c.Mark(seriesClass(s), s, points[i+1][0], points[i+1][1], 2.8, strings.TrimSpace(spaced(name)+" "+words))
			}
		}
		phrases = append(phrases, strings.TrimPrefix(spaced(name)+": "+curveWords(line), ": "))
	}
	return captioned{f.Title, sentences(f.Note, "Dashed line: equal shares", strings.Join(phrases, "; "), g.aboutHidden()),
		c.SVG(draw.Sentence(f.Title + ": " + strings.Join(phrases, "; ")))}
}

// curvePoints gives a curve from 0,0 to 1,1 through the known points.
func (g grid) curvePoints(s int) [][2]float64 {
	points, whole := [][2]float64{{0, 0}}, 1.0
	if _, most := g.extent(func(e entry) []number { return []number{e.value, e.size} }); most > 1.0001 {
		whole = 100 // the shares are of a hundred
	}
	for _, row := range g.entries {
		e := row[s]
		if x := e.size; e.value.known && x.known && x.x > 0 && x.x < whole {
			points = append(points, [2]float64{x.x / whole, e.value.x / whole})
		}
	}
	slices.SortStableFunc(points, func(a, b [2]float64) int { return compareFloat(a[0], b[0]) })
	return append(points, [2]float64{1, 1})
}

// curveWords says what the lower half and the upper tenth have.
func curveWords(points [][2]float64) string {
	at := func(x float64) float64 {
		for i := 1; i < len(points); i++ {
			if a, b := points[i-1], points[i]; x <= b[0] && b[0] > a[0] {
				return a[1] + (b[1]-a[1])*(x-a[0])/(b[0]-a[0])
			}
		}
		return 1
	}
	return "the half with least has " + strconv.Itoa(int(100*at(0.5)+0.5)) + "%, the tenth with most " + strconv.Itoa(int(100*(1-at(0.9))+0.5)) + "%"
}
