package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"

	"tre/internal/report/draw"
)

// truthFigures draws precision and recall as dots, one figure for each way of
// grouping. The axis does not begin at 0, since dots show place and not length;
// it says where it begins.
func truthFigures(groups []TruthGroup) []captioned {
	var ways []string
	for _, g := range groups {
		if !slices.Contains(ways, g.By) {
			ways = append(ways, g.By)
		}
	}
	var out []captioned
	for _, way := range ways {
		var rows []TruthGroup
		for _, g := range groups {
			if g.By == way {
				rows = append(rows, g)
			}
		}
		out = append(out, captioned{"By " + way, "Number of true pairs at the right.", truthDots(way, rows)})
	}
	return out
}

func truthDots(way string, rows []TruthGroup) template.HTML {
	lowest := 1.0
	for _, r := range rows {
		lowest = min(lowest, r.Precision, r.Recall)
	}
	start := dotStart(lowest)
	const left, right = 92.0, 58.0
	width := draw.Width - left - right
	c := &draw.Canvas{Width: draw.Width}
	top := c.Legend(0, []draw.Series{{Name: "precision", Class: "c1"}, {Name: "recall", Class: "c2"}})
	bottom := top + rowHeight*float64(len(rows))
	c.Height = bottom + 18
	at := func(v float64) float64 { return left + width*(v-start)/(1-start) }
	for i := range 5 {
		v := start + (1-start)*float64(i)/4
		c.Line("grid", at(v), top, at(v), bottom)
		if i%2 == 0 {
			c.Text("tick", "middle", at(v), bottom+13, strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	var phrases []string
	for i, r := range rows {
		y := top + rowHeight*float64(i) + 11
		words := fmt.Sprintf("%s: precision %.4f, recall %.4f", r.Group, r.Precision, r.Recall)
		c.Text("label", "end", left-8, y+4, draw.Clip(r.Group, 14))
		c.Line("link", at(r.Precision), y, at(r.Recall), y)
		c.Circle("c1", at(r.Precision), y, 5, words)
		c.Circle("c2", at(r.Recall), y, 5, words)
		c.Text("note", "start", left+width+8, y+4, Shown(r.Pairs))
		phrases = append(phrases, words)
	}
	return c.SVG("Precision and recall by " + way + ". " + draw.Sentence(phrases...))
}

// dotStart gives a round number at or below the lowest value: 0.98, 0.9, 0.8, ...
func dotStart(lowest float64) float64 {
	for _, start := range []float64{0.98, 0.9, 0.8, 0.6, 0.4, 0.2} {
		if lowest >= start {
			return start
		}
	}
	return math.Min(0, lowest)
}
