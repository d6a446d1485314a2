package linkreport

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"tre/internal/report/draw"
	"tre/internal/term"
)

// weightsView is the section about match weights and thresholds.
type weightsView struct {
	Figures []figure
	Rows    []thresholdRow
	Labels  bool // precision and recall come from labels
	Known   bool // there are any
}

type thresholdRow struct {
	Weight, Probability, Links, Precision, Recall, F1 string
	Chosen                                            bool
}

func weighed(p Page) weightsView {
	v := weightsView{Labels: p.Weights.Basis == "labels", Known: p.Weights.Basis != ""}
	if len(p.Weights.Histogram) > 0 {
		v.Figures = append(v.Figures,
			figure{"Pairs by match weight", "The axis begins at 0.", histogram(p.Weights.Histogram, p.Summary.Threshold, false)},
			figure{"Pairs by match weight, logarithmic", "Each line up is ten times more; the axis begins at 1 pair. Few links are hard to see beside many pairs, and here they are not.", histogram(p.Weights.Histogram, p.Summary.Threshold, true)})
	}
	if len(p.Weights.Unlinkables) > 1 {
		v.Figures = append(v.Figures, figure{"Unlinkable records", "Share of records that would not reach the weight even against an exact copy of themselves: they hold too little to link. The axis begins at 0.",
			unlinkables(p.Weights.Unlinkables, p.Summary.Threshold)})
	}
	if v.Known && len(p.Weights.Thresholds) > 1 {
		v.Figures = append(v.Figures, accuracy(p.Weights, p.Summary.Threshold))
	}
	for _, t := range p.Weights.Thresholds {
		row := thresholdRow{signed(t.Weight), strings.Replace(chance(probability(t.Weight)), "more than ", "> ", 1), term.Number(t.Links), "", "", "", t.Weight == p.Summary.Threshold}
		if v.Known {
			row.Precision, row.Recall, row.F1 = decimals(t.Precision), decimals(t.Recall), decimals(t.F1)
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// decimals writes a measure from 0 to 1 with four decimals, cut and not rounded
// up to 1: 1.0000 is all of them.
func decimals(x float64) string {
	if text := fmt.Sprintf("%.4f", x); text != "1.0000" || x >= 1 {
		return text
	}
	return "0.9999"
}

// probability turns a match weight into a match probability.
func probability(weight float64) float64 {
	if weight < 0 {
		odds := math.Exp2(weight)
		return odds / (1 + odds)
	}
	return 1 / (1 + math.Exp2(-weight))
}

// histogram draws pairs by weight, in one colour below the threshold and in
// another from it on. A bin that the threshold cuts is drawn as below.
func histogram(bins []Bin, threshold float64, logarithmic bool) template.HTML {
	c := &draw.Canvas{Width: draw.Width, Height: 214}
	top := c.Legend(0, []draw.Series{{Name: "below the threshold", Class: "c5"}, {Name: "links", Class: "c1"}}) + 14
	const bottom = 180.0
	x := over(bins[0].From, bins[len(bins)-1].To, 44, draw.Width-6)
	y, format := countAxis(bins, logarithmic)
	y.from, y.to = bottom, top
	for _, t := range y.ticks() {
		c.Line("grid", x.from, y.at(t), x.to, y.at(t))
		c.Text("tick", "end", x.from-5, y.at(t)+4, format(t))
	}
	var below, above int64
	for _, b := range bins {
		class := "c1"
		if b.From < threshold-1e-9 {
			class, below = "c5", below+b.Pairs
		} else {
			above += b.Pairs
		}
		if b.Pairs == 0 {
			continue
		}
		value := float64(b.Pairs)
		if logarithmic {
			value = math.Log10(value)
		}
		height := max(bottom-y.at(value), 1.5)
		c.Rect(class, x.at(b.From)+0.4, bottom-height, max(x.at(b.To)-x.at(b.From)-0.8, 0.8), height,
			fmt.Sprintf("%s to %s: %s", signed(b.From), signed(b.To), term.Count(b.Pairs, "pair", "pairs")))
	}
	for _, t := range x.ticks() {
		c.Text("tick", anchor(x.at(t), c.Width), x.at(t), bottom+14, whole(t))
	}
	c.Line("axis", x.from, bottom, x.to, bottom)
	c.Text("note", "middle", (x.from+x.to)/2, bottom+29, "match weight")
	c.Line("threshold", x.at(threshold), top, x.at(threshold), bottom)
	c.Text("note", anchor(x.at(threshold), c.Width), x.at(threshold), top-3, "threshold "+signed(threshold))
	return c.SVG(fmt.Sprintf("Pairs by match weight from %s to %s: %s below the threshold of %s and %s from it on.",
		signed(bins[0].From), signed(bins[len(bins)-1].To), term.Number(below), signed(threshold), term.Number(above)))
}

func countAxis(bins []Bin, logarithmic bool) (axis, func(float64) string) {
	largest := 0.0
	for _, b := range bins {
		largest = max(largest, float64(b.Pairs))
	}
	if logarithmic {
		return decades(largest, 0, 1), power
	}
	end, step := draw.Scale(largest)
	return axis{low: 0, high: end, step: step}, draw.Short
}

func unlinkables(list []Unlinkable, threshold float64) template.HTML {
	line := curve{name: "unlinkable", class: "c2"}
	largest, at := 0.0, 0.0
	start := list[0].Weight
	if threshold < start { // which every record reaches
		start = threshold - 0.2*(list[len(list)-1].Weight-threshold) // room for the words beside its line
		line.points = append(line.points, point{start, 0}, point{list[0].Weight, 0})
	}
	for _, u := range list {
		line.points = append(line.points, point{u.Weight, u.Share})
		largest = max(largest, u.Share)
		if u.Weight <= threshold+1e-9 {
			at = u.Share
		}
	}
	end, step := draw.Scale(largest)
	f := chart{x: over(start, list[len(list)-1].Weight, 0, 1), y: axis{low: 0, high: end, step: step}, xFormat: whole, yFormat: draw.Percent,
		xTitle: "match weight", marks: []mark{{threshold, "threshold: " + share(at)}}, curves: []curve{line}}
	f.words = fmt.Sprintf("Share of records that cannot reach a weight: %s at the threshold of %s, up to %s at %s.", share(at), signed(threshold), share(largest), signed(list[len(list)-1].Weight))
	return f.draw()
}

// accuracy draws precision, recall and F1 by threshold. The axis begins where
// the values do, and the caption says where.
func accuracy(w Weights, threshold float64) figure {
	lines := []curve{{name: "precision", class: "c1"}, {name: "recall", class: "c2"}, {name: "F1", class: "c3"}}
	lowest := 1.0
	near := beside(w.Thresholds, threshold)
	for _, t := range near {
		for i, v := range []float64{t.Precision, t.Recall, t.F1} {
			lines[i].points = append(lines[i].points, point{t.Weight, v})
			lowest = min(lowest, v)
		}
	}
	start := startOf(lowest)
	f := chart{x: over(near[0].Weight, near[len(near)-1].Weight, 0, 1), y: axis{low: start, high: 1, step: (1 - start) / 4},
		xFormat: whole, yFormat: plain, xTitle: "threshold (match weight)", marks: []mark{{threshold, "threshold"}}, curves: lines}
	for _, l := range lines {
		f.legend = append(f.legend, draw.Series{Name: l.name, Class: l.class})
	}
	var phrases []string
	for _, t := range near {
		phrases = append(phrases, fmt.Sprintf("at %s precision %.4f, recall %.4f", signed(t.Weight), t.Precision, t.Recall))
	}
	title := "Precision and recall by threshold"
	if w.Basis != "labels" {
		title = "Estimated precision and recall by threshold"
	}
	f.words = said(title, phrases)
	caption := "The axis begins at 0."
	if start > 0 {
		caption = "The axis begins at " + plain(start) + ", not at 0."
	}
	if len(near) < len(w.Thresholds) {
		caption += " Thresholds further away are in the table."
	}
	return figure{title, caption, f.draw()}
}

// beside gives the thresholds that anybody would think of choosing: those
// within ten of the one in use, or all when these are few.
func beside(all []Threshold, threshold float64) []Threshold {
	var near []Threshold
	for _, t := range all {
		if math.Abs(t.Weight-threshold) <= 10 {
			near = append(near, t)
		}
	}
	if len(near) < 5 {
		return all
	}
	return near
}

// startOf gives a round number at or below the lowest value.
func startOf(lowest float64) float64 {
	for _, start := range []float64{0.98, 0.9, 0.8, 0.6, 0.4, 0.2} {
		if lowest >= start {
			return start
		}
	}
	return 0
}
