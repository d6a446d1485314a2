package report

import (
	"fmt"
	"slices"
	"strings"

	"tre/internal/report/draw"
)

// lineChart draws values over ordered labels, with limits or an interval around
// one line, and marks the points that a dimension names.
func lineChart(g grid, f FigureSpec) captioned {
	write := g.write
	axis := g.standingAxis()
	c := &draw.Canvas{Width: draw.Width}
	signs := g.lineSigns(f)
	top := 4.0
	if len(signs) > 0 {
		var names []string
		for _, s := range signs {
			names = append(names, s.name)
		}
		top = c.Key(names, func(i int, x, y float64) { signs[i].draw(c, x, y) })
	}
	const plot = 150.0
	axis.From, axis.To = top+plot, top+4
	left := horizontals(c, axis, draw.Width-8, write)
	across := draw.Axis{Start: -0.4, End: float64(len(g.labels)) - 0.6, From: left, To: draw.Width - 8}
	c.Height = top + plot + 18
	g.timeLabels(c, across, top+plot, f.Label)
	if f.Series == "" { // several values share one row, and one band
		g.band(c, axis, across)
	}
	g.referenceLine(c, axis, across)
	for s := range g.series {
		g.line(c, axis, across, s, f, write)
	}
	c.Line("axis", left, top+plot, draw.Width-8, top+plot)
	return captioned{f.Title, sentences(f.Note, g.aboutBand(f), g.aboutReference(f, write), cutWords(axis.Cut()), g.aboutMarks()),
		c.SVG(g.lineWords(f, write))}
}

// standingAxis begins at 0 unless all values lie far from it.
func (g grid) standingAxis() draw.Axis {
	low, high := g.extent(func(e entry) []number {
		return append([]number{e.value, e.low, e.high, e.reference}, e.limits...)
	})
	if low > 0 && low < 0.6*high {
		low = 0
	}
	return draw.Range(low, high)
}

// horizontals draws the lines of a standing axis with their numbers, and gives
// where the plot begins.
func horizontals(c *draw.Canvas, axis draw.Axis, right float64, write func(float64) string) float64 {
	longest := 0
	for _, t := range axis.Ticks() {
		longest = max(longest, len([]rune(write(t))))
	}
	left := draw.CharWidth*float64(longest) + 8
	for _, t := range axis.Ticks() {
		c.Line("grid", left, axis.At(t), right, axis.At(t))
		c.Text("tick", "end", left-5, axis.At(t)+4, write(t))
	}
	return left
}

func (g grid) timeLabels(c *draw.Canvas, across draw.Axis, bottom float64, dimension string) {
	var at []float64
	var words []string
	for i, label := range g.labels {
		at, words = append(at, across.At(float64(i))), append(words, draw.Clip(shortTime(dimension, label), 14))
	}
	for _, i := range draw.Labels(at, words) {
		anchor, x := "middle", at[i]
		if half := draw.CharWidth * float64(len([]rune(words[i]))) / 2; x+half > draw.Width {
			anchor, x = "end", draw.Width
		}
		c.Line("tickmark", at[i], bottom, at[i], bottom+3)
		c.Text("tick", anchor, x, bottom+14, words[i])
	}
}

func shortTime(dimension, label string) string {
	if strings.HasSuffix(dimension, "_fifth") || strings.HasSuffix(dimension, "_decile") {
		return label
	}
	return strings.TrimPrefix(dated(label), "week to ")
}

// band draws what lies between low and high, and the limits.
func (g grid) band(c *draw.Canvas, axis, across draw.Axis) {
	for _, run := range g.runs(0, func(e entry) bool { return e.low.known && e.high.known }) {
		var x, upper, lower []float64
		for _, i := range run {
			e := g.entries[i][0]
			x, upper, lower = append(x, across.At(float64(i))), append(upper, axis.At(e.high.x)), append(lower, axis.At(e.low.x))
		}
		if len(run) > 1 {
			c.Area("band", x, upper, lower)
		}
		c.Polyline("limit", zip(x, upper))
		c.Polyline("limit", zip(x, lower))
	}
	for k := range g.entries[0][0].limits {
		for _, run := range g.runs(0, func(e entry) bool { return k < len(e.limits) && e.limits[k].known }) {
			var points [][2]float64
			for _, i := range run {
				points = append(points, [2]float64{across.At(float64(i)), axis.At(g.entries[i][0].limits[k].x)})
			}
			c.Polyline("limit", points)
		}
	}
}

func zip(x, y []float64) [][2]float64 {
	points := make([][2]float64, len(x))
	for i := range x {
		points[i] = [2]float64{x[i], y[i]}
	}
	return points
}

// runs gives the stretches of labels of a series that have what is asked.
func (g grid) runs(series int, has func(entry) bool) [][]int {
	var runs [][]int
	open := false
	for i := range g.labels {
		e := g.entries[i][series]
		if !e.present || !has(e) {
			open = false
			continue
		}
		if !open {
			runs, open = append(runs, nil), true
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], i)
	}
	return runs
}

func (g grid) referenceLine(c *draw.Canvas, axis, across draw.Axis) {
	for _, run := range g.runs(0, func(e entry) bool { return e.reference.known }) {
		var points [][2]float64
		for _, i := range run {
			points = append(points, [2]float64{across.At(float64(i)), axis.At(g.entries[i][0].reference.x)})
		}
		c.Polyline("reference", points)
	}
}

// line draws one series: a line broken where a number is missing, and its
// points. With many points only the marked ones are drawn.
func (g grid) line(c *draw.Canvas, axis, across draw.Axis, s int, f FigureSpec, write func(float64) string) {
	for _, run := range g.runs(s, func(e entry) bool { return e.value.known }) {
		var points [][2]float64
		for _, i := range run {
			points = append(points, [2]float64{across.At(float64(i)), axis.At(g.entries[i][s].value.x)})
		}
		c.Polyline(lineClass(s), points)
	}
	for i := range g.labels {
		e, x := g.entries[i][s], across.At(float64(i))
		words := row2words(labelWords(f.Label, g.labels[i]), []string{spaced(g.series[s])}) + ": " + numberWords(e, write)
		switch sign := markSign(e.mark); {
		case e.present && !e.value.known && len(g.labels) <= 60:
			c.Text("mark", "middle", x, axis.From-3-9*float64(s), e.value.mark)
		case !e.value.known:
		case sign.special:
			c.Mark(sign.class+" dot", sign.shape, x, axis.At(e.value.x), 4.5, words+" ("+e.mark+")")
		case len(g.labels) <= 40:
			c.Mark(seriesClass(s), s, x, axis.At(e.value.x), 2.6, words)
		}
	}
}

// sign is a marked point's colour and shape.
type sign struct {
	special bool
	class   string
	shape   int
}

// markSign gives the sign of a mark's label: improvement is blue and a square,
// concern orange and a diamond, as in Making Data Count; any other mark orange
// and a triangle.
func markSign(label string) sign {
	switch lower := strings.ToLower(label); {
	case slices.Contains([]string{"", "no", "none", "false", "0", "normal", "not special", "not assessable"}, lower), strings.HasPrefix(lower, "common"):
		return sign{}
	case strings.Contains(lower, "improve"):
		return sign{true, "c1", 1}
	case strings.Contains(lower, "concern"):
		return sign{true, "c2", 2}
	}
	return sign{true, "c2", 3}
}

// keySign is one entry of a key.
type keySign struct {
	name string
	draw func(c *draw.Canvas, x, y float64)
}

// lineSigns is the key: the series where there are several, and the marks.
func (g grid) lineSigns(f FigureSpec) []keySign {
	var signs []keySign
	if len(g.series) > 1 {
		for s, name := range g.series {
			signs = append(signs, keySign{spaced(name), func(c *draw.Canvas, x, y float64) { lineSign(c, s, x, y) }})
		}
	}
	var seen []string
	for i := range g.labels {
		for _, e := range g.entries[i] {
			m := markSign(e.mark)
			if !m.special || !e.value.known || slices.Contains(seen, e.mark) {
				continue
			}
			seen = append(seen, e.mark)
			name := spaced(e.mark)
			if strings.EqualFold(name, "yes") {
				name = spaced(f.Mark)
			}
			signs = append(signs, keySign{name, func(c *draw.Canvas, x, y float64) { c.Mark(m.class+" dot", m.shape, x, y, 4.5, "") }})
		}
	}
	return signs
}

// lineSign is a series in the key: its line and its sign.
func lineSign(c *draw.Canvas, series int, x, y float64) {
	c.Polyline(lineClass(series), [][2]float64{{x - 8, y}, {x + 8, y}})
	c.Mark(seriesClass(series), series, x, y, 3.2, "")
}

func (g grid) aboutBand(f FigureSpec) string {
	if f.Series != "" || f.Low == "" || strings.Contains(f.Note, "interval") || strings.Contains(f.Note, "limits") || len(g.runs(0, func(e entry) bool { return e.low.known && e.high.known })) == 0 {
		return ""
	}
	if strings.Contains(f.Low, "95") {
		return "Band: 95% interval"
	}
	return fmt.Sprintf("Band: %s to %s", spaced(f.Low), spaced(f.High))
}

// lineWords says a line: where it begins, ends, is lowest and highest, and
// which points are marked. The table says every number.
func (g grid) lineWords(f FigureSpec, write func(float64) string) string {
	var phrases []string
	for s, name := range g.series {
		var known, marked []int
		for i := range g.labels {
			if e := g.entries[i][s]; e.value.known {
				known = append(known, i)
				if markSign(e.mark).special {
					marked = append(marked, i)
				}
			}
		}
		if len(known) == 0 {
			phrases = append(phrases, strings.TrimSpace(spaced(name)+" not shown"))
			continue
		}
		by := func(a, b int) int { return compareFloat(g.entries[a][s].value.x, g.entries[b][s].value.x) }
		say := func(i int) string {
			return write(g.entries[i][s].value.x) + " at " + labelWords(f.Label, g.labels[i])
		}
		phrase := fmt.Sprintf("%s from %s to %s; lowest %s, highest %s", spaced(name), say(known[0]), say(known[len(known)-1]),
			say(slices.MinFunc(known, by)), say(slices.MaxFunc(known, by)))
		for i, m := range marked {
			if i == 6 {
				phrase += fmt.Sprintf("; and %d more marked", len(marked)-6)
				break
			}
			phrase += fmt.Sprintf("; %s: %s", g.entries[m][s].mark, say(m))
		}
		phrases = append(phrases, strings.TrimSpace(phrase))
	}
	return draw.Sentence(f.Title + ": " + strings.Join(phrases, "; "))
}

func compareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
