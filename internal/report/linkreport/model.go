package linkreport

import (
	"fmt"
	"math"

	"tre/internal/report/draw"
)

// modelView is the section about what comparisons are worth.
type modelView struct {
	Weights, Parameters []figure
	Rows                []levelRow
	Warnings            []Warning
	PriorWeight         string
}

type levelRow struct {
	Comparison, Label, Gamma, M, U, Weight, Training string
	First, Doubt                                     bool
}

func model(p Page) modelView {
	v := modelView{Warnings: warnings(p.Model)}
	if p.Summary.Prior > 0 && p.Summary.Prior < 1 {
		v.PriorWeight = signed(log2odds(p.Summary.Prior))
	}
	low, high := 0.0, 0.0
	for _, c := range p.Model.Comparisons {
		for _, l := range c.Levels {
			low, high = min(low, l.Weight), max(high, l.Weight)
		}
	}
	doubt := map[[2]string]bool{}
	for _, w := range v.Warnings {
		doubt[[2]string{w.Comparison, w.Level}] = true
	}
	for _, c := range p.Model.Comparisons {
		v.Weights = append(v.Weights, figure{spaced(c.Name), c.Description, weightFigure(c, over(low, high, 0, 1)).draw()})
		v.Parameters = append(v.Parameters, figure{spaced(c.Name), "", parameterFigure(c).draw()})
		for i, l := range c.Levels {
			v.Rows = append(v.Rows, levelRow{spaced(c.Name), l.Label, gamma(l), parameter(l, l.M), parameter(l, l.U), levelWeight(l), training(l), i == 0, doubt[[2]string{c.Name, l.Label}]})
		}
	}
	return v
}

func gamma(l Level) string {
	if l.Gamma < 0 {
		return "−1"
	}
	return fmt.Sprint(l.Gamma)
}

func parameter(l Level, p float64) string {
	if l.Gamma < 0 {
		return "–"
	}
	return small(p)
}

func levelWeight(l Level) string {
	if l.Gamma < 0 {
		return "0"
	}
	return signed(l.Weight)
}

// training says where a level's numbers come from.
func training(l Level) string {
	switch {
	case l.Gamma < 0:
		return "counts for nothing"
	case l.Fixed:
		return "given"
	case l.Seen:
		return "seen"
	}
	return "never seen: default"
}

// graded gives the levels that can weigh something.
func graded(c Comparison) []Level {
	var out []Level
	for _, l := range c.Levels {
		if l.Gamma >= 0 {
			out = append(out, l)
		}
	}
	return out
}

func weightFigure(c Comparison, a axis) lanes {
	f := lanes{axis: a, format: whole}
	var phrases []string
	for _, l := range graded(c) {
		class := "c1"
		if l.Weight < 0 {
			class = "c2"
		}
		note := signed(l.Weight)
		if !l.Seen && !l.Fixed {
			class, note = class+" unseen", note+" default"
		}
		words := l.Label + " " + note
		phrases = append(phrases, words)
		f.rows = append(f.rows, lane{label: l.Label, note: note, draw: bar(class, words, 0, l.Weight)})
	}
	f.words = said("Match weights of "+spaced(c.Name), phrases)
	return f
}

// parameterFigure draws m and u of every level on an axis from 0 to 1.
func parameterFigure(c Comparison) lanes {
	f := lanes{axis: axis{low: 0, high: 1, step: 0.25}, format: draw.Percent,
		legend: []draw.Series{{Name: "m: same person", Class: "c1"}, {Name: "u: different people", Class: "c4"}}}
	var phrases []string
	for _, l := range graded(c) {
		words := fmt.Sprintf("%s: m %s, u %s", l.Label, small(l.M), small(l.U))
		phrases = append(phrases, words)
		f.rows = append(f.rows, lane{label: l.Label, note: small(l.M) + " / " + small(l.U), draw: func(c *draw.Canvas, a axis, y float64) {
			c.Rect("c1", a.from, y, a.at(l.M)-a.from, laneStrip/2, words)
			c.Rect("c4", a.from, y+laneStrip/2, a.at(l.U)-a.from, laneStrip/2, words)
		}})
	}
	f.words = said("m and u probabilities of "+spaced(c.Name), phrases)
	return f
}

// warnings puts those found in the levels before those given, each once.
func warnings(m Model) []Warning {
	out := LevelWarnings(m.Comparisons)
	seen := map[[3]string]bool{}
	for _, w := range out {
		seen[[3]string{w.Kind, w.Comparison, w.Level}] = true
	}
	for _, w := range m.Warnings {
		if key := [3]string{w.Kind, w.Comparison, w.Level}; w.Level == "" || !seen[key] {
			out, seen[key] = append(out, w), true
		}
	}
	return out
}

// LevelWarnings finds levels that training never saw ("never seen") and levels
// that weigh more than a better one ("non-monotone").
func LevelWarnings(comparisons []Comparison) []Warning {
	var out []Warning
	for _, c := range comparisons {
		better, lowest := "", math.Inf(1)
		for _, l := range graded(c) {
			if !l.Seen && !l.Fixed {
				out = append(out, Warning{"never seen", c.Name, l.Label, "no pair in training was at this level: it weighs what a default says"})
			}
			if l.Weight > lowest+1e-9 {
				out = append(out, Warning{"non-monotone", c.Name, l.Label, fmt.Sprintf("weighs %s, more than the better level %q at %s", signed(l.Weight), better, signed(lowest))})
			}
			if l.Weight < lowest {
				better, lowest = l.Label, l.Weight
			}
		}
	}
	return out
}
