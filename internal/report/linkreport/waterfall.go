package linkreport

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"tre/internal/report/draw"
)

// fall is one row of a waterfall: what is added, and the total after it.
type fall struct {
	comparison, level string
	weight, total     float64
	kind              string // prior, step, frequency, final
}

// commonness is the row of a term frequency adjustment.
const commonness = "how common the value is"

// falls are the rows of a pair, prior first and final weight last.
func falls(p Pair) []fall {
	total := p.Prior
	out := []fall{{"prior", oneIn(probability(p.Prior)), p.Prior, total, "prior"}}
	for _, s := range p.Steps {
		total += s.Weight
		out = append(out, fall{spaced(clean(s.Comparison)), clean(s.Level), s.Weight, total, "step"})
		if s.TermFrequency != 0 {
			total += s.TermFrequency
			out = append(out, fall{"", commonness, s.TermFrequency, total, "frequency"})
		}
	}
	return append(out, fall{"match weight", "p " + chance(p.Probability), p.Weight, p.Weight, "final"})
}

// discrepancy says that the parts of a pair do not add up to its weight, or "".
func discrepancy(p Pair) string {
	rows := falls(p)
	if before := rows[len(rows)-2].total; math.Abs(before-p.Weight) >= 0.005 {
		return fmt.Sprintf("the parts add up to %s, not to %s", signed(before), signed(p.Weight))
	}
	return ""
}

// verdict says on which side of the threshold a pair is.
func verdict(p Pair) string {
	if p.Weight >= p.Threshold {
		return fmt.Sprintf("linked: %.2f above the threshold of %s", p.Weight-p.Threshold, signed(p.Threshold))
	}
	return fmt.Sprintf("not linked: %.2f below the threshold of %s", p.Threshold-p.Weight, signed(p.Threshold))
}

// span is the axis of a pair's running total.
func span(p Pair) axis {
	low, high := min(0, p.Threshold, p.Weight), max(0, p.Threshold, p.Weight)
	for _, f := range falls(p) {
		low, high = min(low, f.total), max(high, f.total)
	}
	return over(low, high, 0, 1)
}

// ends are where a row's bar begins and ends: totals stand on 0, steps on the
// total before them.
func (f fall) ends() (from, to float64) {
	if f.kind == "prior" || f.kind == "final" {
		return 0, f.total
	}
	return f.total - f.weight, f.total
}

func (f fall) class() string {
	switch {
	case f.kind == "prior" || f.kind == "final":
		return "c5"
	case f.weight < 0:
		return "c2"
	}
	return "c1"
}

// pairWords says a waterfall to someone who cannot see it.
func pairWords(p Pair) string {
	var phrases []string
	for _, f := range falls(p) {
		phrases = append(phrases, strings.TrimSpace(f.comparison+" "+f.level)+" "+signed(f.weight))
	}
	return said(fmt.Sprintf("%s and %s, %s", clean(p.Left), clean(p.Right), verdict(p)), phrases)
}

// waterfall is a pair with every level in words.
func waterfall(p Pair) lanes {
	f := lanes{width: 560, words: pairWords(p), axis: span(p), format: whole, marks: []mark{{p.Threshold, "threshold " + signed(p.Threshold)}},
		title: clean(p.Left) + " and " + clean(p.Right)}
	for _, r := range falls(p) {
		label := strings.TrimPrefix(r.comparison+": "+r.level, ": ")
		from, to := r.ends()
		note := signed(r.weight)
		if r.kind != "prior" && r.kind != "final" {
			note += " → " + signed(r.total)
		}
		f.rows = append(f.rows, lane{label: label, note: note, strong: r.kind == "final", draw: bar(r.class(), label+" "+signed(r.weight), from, to)})
	}
	return f
}

// sketch is the small waterfall: a line a row, for the comparison viewer, where the table
// beside it has the levels.
func sketch(p Pair) template.HTML {
	const left, right, row, top = 118.0, 46.0, 19.0, 14.0
	rows := falls(p)
	c := &draw.Canvas{Width: draw.Width, Height: top + row*float64(len(rows)) + 18}
	a := span(p)
	a.from, a.to = left, draw.Width-right
	bottom := top + row*float64(len(rows))
	grid(c, a, top, bottom)
	numbers(c, a, bottom, whole)
	for i, f := range rows {
		y := top + row*float64(i)
		name := f.comparison
		if name == "" {
			name = "  " + "commonness"
		}
		from, to := f.ends()
		c.Text("label", "end", left-6, y+13, draw.Clip(name, 18))
		bar(f.class(), strings.TrimSpace(name)+" "+signed(f.weight), from, to)(c, a, y+4)
		c.Text("note", "end", draw.Width, y+13, signed(f.weight))
		if i+1 < len(rows) {
			c.Line("link", a.at(f.total), y+4, a.at(f.total), y+row+4)
		}
	}
	x := a.at(p.Threshold)
	c.Line("threshold", x, top, x, bottom)
	c.Text("note", anchor(x, c.Width), x, top-4, "threshold")
	return c.SVG(pairWords(p))
}

// WaterfallSVG writes the waterfall of one pair as an SVG file that stands by
// itself, light or dark as its reader is.
func WaterfallSVG(w io.Writer, p Pair) error {
	if err := finite(p); err != nil {
		return err
	}
	style, err := files.ReadFile("link.css")
	if err != nil {
		return err
	}
	f := waterfall(p)
	c := f.canvas()
	const margin = 16.0
	inner := strings.Replace(string(c.SVG(clean(f.words))), "<svg ", `<svg x="16" y="16" `, 1)
	size := draw.Number(c.Width+2*margin) + " " + draw.Number(c.Height+2*margin)
	_, err = io.WriteString(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 `+size+`"><style>`+string(draw.Style())+string(style)+
		`</style><rect class="sheet" width="100%" height="100%"/>`+inner+"</svg>\n")
	return err
}

// pairView is one pair of the comparison viewer.
type pairView struct {
	Pair
	WeightText, ProbabilityText, Verdict, Fault string
	Rows                                        []stepRow
	Figure                                      template.HTML
}

type stepRow struct {
	Comparison, Left, Right, Level, Class, Weight, Frequency string
	MissingLeft, MissingRight                                bool
}

type bandView struct {
	Title string
	Open  bool
	Pairs []pairView
	Link  bool // its pairs are links
}

// banded makes the comparison viewer. The bands beside the threshold stand open:
// that is where a reader can disagree.
func banded(p Page) []bandView {
	var out []bandView
	for _, b := range p.Bands {
		v := bandView{Title: bandTitle(b), Open: b.From <= p.Summary.Threshold && p.Summary.Threshold <= b.To, Link: b.From >= p.Summary.Threshold}
		for _, pair := range b.Examples {
			v.Pairs = append(v.Pairs, viewPair(pair))
		}
		out = append(out, v)
	}
	return out
}

func viewPair(p Pair) pairView {
	v := pairView{p, signed(p.Weight), chance(p.Probability), verdict(p), discrepancy(p), nil, sketch(p)}
	for _, s := range p.Steps {
		row := stepRow{Comparison: spaced(s.Comparison), Left: s.Left, Right: s.Right, Level: s.Level, Class: agreement(s), Weight: signed(s.Weight)}
		row.MissingLeft, row.MissingRight = s.Left == "", s.Right == ""
		if s.TermFrequency != 0 {
			row.Frequency = signed(s.TermFrequency)
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// agreement is the shade of a step, h5 for the best level to h1 for the worst.
func agreement(s Step) string {
	switch {
	case s.Gamma < 0 || s.Levels < 2:
		return "hn"
	case s.Gamma >= s.Levels-1:
		return "h5"
	case s.Gamma == 0:
		return "h1"
	}
	return fmt.Sprintf("h%d", 2+min(2, int(math.Round(2*float64(s.Gamma)/float64(s.Levels-1)))))
}

func bandTitle(b Band) string {
	title := "Match weight " + signed(b.From) + " to " + signed(b.To)
	switch {
	case b.From <= -1e6:
		title = "Match weight below " + signed(b.To)
	case b.To >= 1e6:
		title = "Match weight " + signed(b.From) + " and more"
	}
	return title
}
