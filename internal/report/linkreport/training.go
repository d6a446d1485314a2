package linkreport

import (
	"fmt"
	"html/template"
	"math"
	"strconv"

	"tre/internal/report/draw"
	"tre/internal/term"
)

// sessionView is one training session.
type sessionView struct {
	Name, Pairs, Ended string
	Session
	Convergence []figure
	History     []figure
}

type trainingView struct {
	Sessions  []sessionView
	Estimates []figure
	U         bool // some session estimated u as well
}

func trained(p Page) trainingView {
	var v trainingView
	labels := map[LevelKey]string{}
	for _, c := range p.Model.Comparisons {
		for _, l := range c.Levels {
			labels[LevelKey{c.Name, l.Gamma}] = l.Label
		}
	}
	for i, s := range p.Training.Sessions {
		one := sessionView{Name: fmt.Sprintf("Session %d", i+1), Pairs: term.Number(s.Pairs), Ended: ended(s), Session: s}
		if len(s.Iterations) > 0 {
			one.Convergence = convergence(s)
			one.History = history(s, labels)
		}
		v.Sessions = append(v.Sessions, one)
		v.U = v.U || len(s.U) > 0
	}
	for _, c := range p.Model.Comparisons {
		if f, ok := estimates(c, p.Training.Sessions); ok {
			v.Estimates = append(v.Estimates, figure{spaced(c.Name), "", f.draw()})
		}
	}
	return v
}

// ended says how a session stopped.
func ended(s Session) string {
	steps := max(len(s.Iterations)-1, 0)
	if s.Converged {
		return "converged after " + term.Count(int64(steps), "iteration", "iterations")
	}
	return "stopped after " + term.Count(int64(steps), "iteration", "iterations") + " without converging"
}

// steps is the axis of iterations.
func steps(s Session) axis {
	last := float64(max(len(s.Iterations)-1, 1))
	return axis{low: 0, high: last, step: max(1, math.Ceil(last/6))}
}

func convergence(s Session) []figure {
	lambda, change := curve{name: "share", class: "c1"}, curve{name: "change (power of ten)", class: "c2"}
	largest, least, most := 0.0, 0.0, -1.0
	if s.Tolerance > 0 {
		least = math.Log10(s.Tolerance)
	}
	var shares, changes []string
	for i, it := range s.Iterations {
		lambda.points = append(lambda.points, point{float64(i), it.Lambda})
		largest = max(largest, it.Lambda)
		shares = append(shares, fmt.Sprintf("%d: %s", i, small(it.Lambda)))
		if it.Change > 0 {
			at := math.Log10(it.Change)
			change.points = append(change.points, point{float64(i), at})
			least, most = min(least, at), max(most, at)
			changes = append(changes, fmt.Sprintf("%d: %s", i, small(it.Change)))
		}
	}
	end, step := draw.Scale(largest)
	first := chart{words: said("Share of the session's pairs that match, by iteration", shares), x: steps(s), y: axis{low: 0, high: end, step: step},
		xFormat: draw.Short, yFormat: plain, xTitle: "iteration", curves: []curve{lambda}}
	out := []figure{{"Share of pairs that match", "λ of this session only; the axis begins at 0.", first.draw()}}
	if len(change.points) == 0 {
		return out
	}
	low, high := math.Floor(least), math.Ceil(most)
	second := chart{words: said("Largest change of any parameter, by iteration", changes), x: steps(s), y: axis{low: low, high: max(high, low+1), step: max(1, math.Ceil((high-low)/5))},
		xFormat: draw.Short, yFormat: power, xTitle: "iteration", curves: []curve{change}}
	caption := "Logarithmic axis."
	if s.Tolerance > 0 {
		caption += " Training stops below " + plain(s.Tolerance) + "."
	}
	return append(out, figure{"Largest change of any parameter", caption, second.draw()})
}

// plain writes a number of an axis below 1 without an exponent.
func plain(x float64) string { return strconv.FormatFloat(math.Round(x*1e6)/1e6, 'f', -1, 64) }

// history draws m by iteration, a figure a comparison.
func history(s Session, labels map[LevelKey]string) []figure {
	var order []string
	curves, phrases := map[string][]curve{}, map[string][]string{}
	for i, key := range s.Levels {
		line := curve{name: labels[key], class: colour(len(curves[key.Comparison])), tag: strconv.Itoa(key.Gamma)}
		for at, it := range s.Iterations {
			if i < len(it.M) && it.M[i] > 0 {
				line.points = append(line.points, point{float64(at), it.M[i]})
			}
		}
		if curves[key.Comparison] == nil {
			order = append(order, key.Comparison)
		}
		curves[key.Comparison] = append(curves[key.Comparison], line)
		if n := len(line.points); n > 0 {
			phrases[key.Comparison] = append(phrases[key.Comparison], fmt.Sprintf("%s from %s to %s", labels[key], small(line.points[0].y), small(line.points[n-1].y)))
		}
	}
	var out []figure
	for _, name := range order {
		out = append(out, figure{spaced(name), "", levelHistory(name, steps(s), curves[name], phrases[name])})
	}
	return out
}

func levelHistory(name string, x axis, curves []curve, phrases []string) template.HTML {
	f := chart{words: said("m of "+spaced(name)+" by iteration", phrases), x: x, y: axis{low: 0, high: 1, step: 0.25},
		xFormat: draw.Short, yFormat: draw.Percent, xTitle: "iteration", curves: curves}
	for _, c := range curves {
		f.legend = append(f.legend, draw.Series{Name: fitted(c.tag+" "+c.name, draw.Width-20), Class: c.class})
	}
	return f.draw()
}

// estimates draws the last m of each session, and the model's, a row a level.
func estimates(c Comparison, sessions []Session) (lanes, bool) {
	f := lanes{axis: axis{low: 0, high: 1, step: 0.25}, format: draw.Percent}
	used := map[int]bool{}
	var phrases []string
	for _, l := range graded(c) {
		values := map[int]float64{}
		for i, s := range sessions {
			if m := last(s, LevelKey{c.Name, l.Gamma}); m > 0 {
				values[i], used[i] = m, true
			}
		}
		words := l.Label + ": model " + small(l.M)
		for i := range sessions {
			if values[i] > 0 {
				words += fmt.Sprintf(", session %d %s", i+1, small(values[i]))
			}
		}
		phrases = append(phrases, words)
		f.rows = append(f.rows, lane{label: l.Label, note: small(l.M), draw: sessionDots(len(sessions), values, l.M)})
	}
	for i := range sessions {
		if used[i] {
			f.legend = append(f.legend, draw.Series{Name: fmt.Sprintf("session %d", i+1), Class: colour(i)})
		}
	}
	f.words = said("m of "+spaced(c.Name)+" by session", phrases)
	return f, len(used) > 0
}

func sessionDots(sessions int, values map[int]float64, m float64) func(*draw.Canvas, axis, float64) {
	return func(c *draw.Canvas, a axis, y float64) {
		c.Line("grid", a.from, y+laneStrip/2, a.to, y+laneStrip/2)
		for i := range sessions {
			if values[i] > 0 {
				c.Circle(colour(i), a.at(values[i]), y+laneStrip/2, 4.5, fmt.Sprintf("session %d: %s", i+1, small(values[i])))
			}
		}
		if m > 0 {
			c.Line("median", a.at(m), y-1, a.at(m), y+laneStrip+1)
		}
	}
}

// last gives a session's last m of a level, 0 when it has none.
func last(s Session, key LevelKey) float64 {
	if len(s.Iterations) == 0 {
		return 0
	}
	end := s.Iterations[len(s.Iterations)-1]
	for i, k := range s.Levels {
		if k == key && i < len(end.M) {
			return end.M[i]
		}
	}
	return 0
}
