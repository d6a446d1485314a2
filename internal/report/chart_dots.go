package report

import (
	"strings"

	"tre/internal/report/draw"
)

// dotChart draws a dot with its interval for each label, and where there are
// several series one below the other.
func dotChart(g grid, f FigureSpec) captioned {
	if f.Label == "" {
		g = g.turned()
	}
	write := g.write
	low, high := g.extent(func(e entry) []number { return []number{e.value, e.low, e.high, e.reference} })
	if low > 0 && low < 0.55*high {
		low = 0
	}
	notes, phrases := make([]string, len(g.labels)), []string(nil)
	for i, row := range g.entries {
		_, note, said := barWords(g, row, write)
		if len(row) == 1 {
			notes[i] = note
		}
		phrases = append(phrases, row2words(labelWords(f.Label, g.labels[i]), said))
	}
	step := 13.0
	chart := chartRows{words: draw.Sentence(f.Title + ": " + strings.Join(phrases, "; ")), axis: draw.Range(low, high), write: write,
		labels: shortLabels(f.Label, g.labels), notes: notes, height: max(22, step*float64(len(g.series))+8)}
	chart.content = func(c *draw.Canvas, row int, middle float64, axis draw.Axis) {
		for s, e := range g.entries[row] {
			y := middle + step*(float64(s)-float64(len(g.series)-1)/2)
			referenceTick(c, axis, e, y, 11)
			whisker(c, axis, e.low, e.high, y)
			if e.present && !e.value.known && len(g.series) > 1 {
				c.Text("mark", "start", axis.From+3, y+4, e.value.mark)
			}
			if e.value.known {
				name := row2words(labelWords(f.Label, g.labels[row]), []string{spaced(g.series[s])})
				c.Mark(seriesClass(s)+" dot", s, axis.At(e.value.x), y, 4, name+": "+numberWords(e, write))
			}
		}
	}
	if len(g.series) > 1 {
		for _, name := range g.series {
			chart.key = append(chart.key, spaced(name))
		}
		chart.sign = func(c *draw.Canvas, i int, x, y float64) { c.Mark(seriesClass(i), i, x, y, 4, "") }
	}
	figure := chart.draw()
	return captioned{f.Title, sentences(f.Note, g.aboutInterval(f), g.aboutReference(f, write), cutWords(chart.axis.Cut()), g.aboutMarks()), figure}
}
