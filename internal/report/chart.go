package report

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"tre/internal/report/draw"
	"tre/internal/term"
	"tre/pipeline/disclose"
	"tre/sql"
)

// FigureSpec says how a protected table is drawn: the figure line of a
// question, read.
type FigureSpec = sql.Figure

// number is one number of a figure: known, or the mark that stands for it: *
// when disclosure control hides it, n/a when nobody could have counted, – when
// there is none.
type number struct {
	x     float64
	known bool
	mark  string
}

// entry is what a figure shows at one label of one series.
type entry struct {
	present                           bool
	value, low, high, reference, size number
	limits                            []number
	mark                              string // label of the dimension that marks points
}

// grid is the part of a table that a figure draws.
type grid struct {
	labels, series []string // series holds one "" when there is only one
	entries        [][]entry
	write          func(float64) string // of the first value
	hundred        bool                 // its parts are shares of a whole, so that their sum says nothing
}

// lay picks the rows and columns that a figure draws. A column that does not
// exist, or two rows for one place, is a mistake in the figure.
func lay(t disclose.Table, f FigureSpec) (grid, error) {
	if err := columnsExist(t, f); err != nil {
		return grid{}, err
	}
	t = chosen(t, f)
	g := grid{labels: []string{""}, series: []string{""}, write: writer(t, f.Values[0])}
	g.hundred = strings.HasSuffix(g.write(0.5), "%")
	if f.Label != "" {
		g.labels = t.Distinct(f.Label)
	}
	switch {
	case f.Series != "" && len(f.Values) > 1:
		return grid{}, fmt.Errorf("figure %q has several values and a series: name one of the two", f.Title)
	case f.Series != "":
		g.series = t.Distinct(f.Series)
	case len(f.Values) > 1:
		g.series = f.Values
	}
	for range g.labels {
		g.entries = append(g.entries, make([]entry, len(g.series)))
	}
	for row := range t.Len() {
		at := max(slices.Index(g.labels, t.Label(row, f.Label)), 0)
		for s := range g.series {
			if f.Series != "" && t.Label(row, f.Series) != g.series[s] {
				continue
			}
			if g.entries[at][s].present {
				return grid{}, fmt.Errorf("figure %q: more than one row for %q %q; say which with where", f.Title, g.labels[at], g.series[s])
			}
			g.entries[at][s] = read(t, row, f, f.Values[min(s, len(f.Values)-1)])
		}
	}
	return g, nil
}

func columnsExist(t disclose.Table, f FigureSpec) error {
	dimensions := []string{f.Label, f.Series, f.Mark}
	for _, w := range f.Where {
		dimensions = append(dimensions, w.Name)
	}
	for _, name := range dimensions {
		if name != "" && !slices.Contains(t.Dimensions(), name) {
			return fmt.Errorf("figure %q: the table %s has no label column %s", f.Title, t.Name(), name)
		}
	}
	if len(f.Values) == 0 {
		return fmt.Errorf("figure %q names no value", f.Title)
	}
	for _, name := range slices.Concat(f.Values, f.Limits, []string{f.Low, f.High, f.Reference, f.Size}) {
		if name != "" && (!t.Has(name) || slices.Contains(t.Dimensions(), name)) {
			return fmt.Errorf("figure %q: the table %s has no number %s", f.Title, t.Name(), name)
		}
	}
	return nil
}

// chosen gives the rows a figure draws: those it asks for; of what it does not
// mention, all groups together; and never all groups beside the groups.
func chosen(t disclose.Table, f FigureSpec) disclose.Table {
	named := map[string]bool{f.Mark: true}
	for _, w := range f.Where {
		t = t.Where(w.Name, w.Value)
		named[w.Name] = true
	}
	asked := t
	for _, dimension := range t.Dimensions() {
		labels := asked.Distinct(dimension)
		switch {
		case named[dimension] || !slices.Contains(labels, disclose.All):
		case dimension != f.Label && dimension != f.Series:
			t = t.Where(dimension, disclose.All)
		case len(labels) > 1:
			t = t.WhereNot(dimension, disclose.All)
		}
	}
	return t
}

func read(t disclose.Table, row int, f FigureSpec, value string) entry {
	e := entry{present: true, mark: t.Label(row, f.Mark), value: numberOf(t, row, value), low: numberOf(t, row, f.Low),
		high: numberOf(t, row, f.High), reference: numberOf(t, row, f.Reference), size: numberOf(t, row, f.Size)}
	for _, name := range f.Limits {
		e.limits = append(e.limits, numberOf(t, row, name))
	}
	return e
}

// numberOf gives a count or a value of a row, whichever has the name.
func numberOf(t disclose.Table, row int, name string) number {
	if name == "" {
		return number{mark: "–"}
	}
	if slices.Contains(t.Values(), name) {
		n := t.Number(row, name)
		x, known := n.Shown()
		return number{x, known, hiddenBy(t, row, n)}
	}
	cell := t.Cell(row, name)
	n, known := cell.Shown()
	return number{float64(n), known, markOf(cell)}
}

// hiddenBy says why a value is not shown: its row's counts are too small, or
// could not be counted, or there is none.
func hiddenBy(t disclose.Table, row int, n disclose.Number) string {
	if n.Suppressed() {
		return "*"
	}
	for _, name := range t.Measures() {
		if !t.Cell(row, name).Assessable() {
			return "n/a"
		}
	}
	return "–"
}

func markOf(c disclose.Cell) string {
	if c.Assessable() {
		return "*"
	}
	return "n/a"
}

// writer gives how the numbers of a column are written: shares as percentages,
// money with its sign, anything else to three figures or so. A share above 1 is
// one of a hundred already.
func writer(t disclose.Table, column string) func(float64) string {
	switch {
	case strings.Contains(column, "percent"):
		return hundredths
	case strings.Contains(column, "share"), strings.Contains(column, "proportion"):
		for row := range t.Len() {
			if n := numberOf(t, row, column); n.known && (n.x > 1.0001 || n.x < -1.0001) {
				return hundredths
			}
		}
		return percent
	case strings.Contains(column, "pounds"):
		return func(x float64) string { return signed(x, func(x float64) string { return "£" + plain(x) }) }
	}
	return plainNumber
}

// hundredths writes a number that is a percentage already.
func hundredths(x float64) string { return plainNumber(x) + "%" }

// percent keeps one decimal more below a tenth of a hundred.
func percent(x float64) string {
	if x != 0 && x > -0.01 && x < 0.01 {
		return strconv.FormatFloat(100*x, 'g', 2, 64) + "%"
	}
	return signed(x, draw.Percent)
}

func plainNumber(x float64) string { return signed(x, plain) }

func signed(x float64, write func(float64) string) string {
	if x < 0 {
		return "−" + write(-x)
	}
	return write(x)
}

func plain(x float64) string {
	switch {
	case x >= 1e6:
		return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(x/1e6, 'f', 2, 64), "0"), ".") + "m"
	case x >= 100:
		return term.Number(int64(x + 0.5))
	case x >= 10:
		return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
	}
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(x, 'f', 3, 64), "0"), ".")
}

// drawn gives the figure of a table, or the sentence that stands for it.
func drawn(t disclose.Table, f FigureSpec) (captioned, error) {
	kinds := map[string]func(grid, FigureSpec) captioned{
		"bars": barChart, "dots": dotChart, "line": lineChart, "funnel": funnelChart, "lorenz": lorenzChart,
	}
	if f.Kind == "lorenz" {
		f = curve(t, f)
	}
	make, found := kinds[f.Kind]
	if !found {
		return captioned{}, fmt.Errorf("figure %q: no figure is called %q", f.Title, f.Kind)
	}
	g, err := lay(t, f)
	if err != nil {
		return captioned{}, err
	}
	if why := g.nothing(); why != "" {
		return captioned{Title: f.Title, Caption: sentences(f.Note), Figure: template.HTML(`<p class="nothing">` + template.HTMLEscapeString(why) + `</p>`)}, nil
	}
	return make(g, f), nil
}

// nothing says why a figure would be empty, or "".
func (g grid) nothing() string {
	marks := map[string]int{}
	rows := 0
	for _, row := range g.entries {
		for _, e := range row {
			if e.present && e.value.known {
				return ""
			}
			if e.present {
				rows++
				marks[e.value.mark]++
			}
		}
	}
	switch {
	case rows == 0:
		return "Nothing to draw: no rows."
	case marks["n/a"] == rows:
		return "Not assessable: nobody could have counted this."
	case marks["*"] > 0:
		return "Nothing to draw: every number is too small to be shown (*)."
	}
	return "Nothing to draw: no number could be worked out."
}

// extent gives the smallest and the largest of what a figure shows of its
// entries; without is what it leaves out.
func (g grid) extent(pick func(entry) []number) (low, high float64) {
	first := true
	for _, row := range g.entries {
		for _, e := range row {
			if !e.present {
				continue
			}
			for _, n := range pick(e) {
				if !n.known {
					continue
				}
				if first {
					low, high, first = n.x, n.x, false
				}
				low, high = min(low, n.x), max(high, n.x)
			}
		}
	}
	return low, high
}

// seriesClass is the colour of a series by its place.
func seriesClass(i int) string { return "c" + strconv.Itoa([]int{1, 2, 3, 4, 6, 7, 8, 9}[i%8]) }

// lineClass is the same colour for a line.
func lineClass(i int) string { return "l" + seriesClass(i)[1:] }

// letter tells series apart where there is no room for a word.
func letter(i int) string { return string(rune('a' + i%26)) }

// sentences joins what is said below a figure's title.
func sentences(parts ...string) string {
	var said []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		if !strings.HasSuffix(p, ".") {
			p += "."
		}
		if !strings.HasPrefix(p, "n/a") {
			p = capital(p)
		}
		said = append(said, p)
	}
	return strings.Join(said, " ")
}
