package report

import (
	"cmp"
	"slices"
	"strings"

	"tre/pipeline/disclose"
)

// Document is a text that came with an answer, such as a model card.
type Document struct{ Name, Text string }

// chapterView is a chapter with its analyses.
type chapterView struct {
	ID, Name, Words string
	Analyses        []analysisView // those that were answered come first
}

// analysisView is one analysis as the page shows it.
type analysisView struct {
	*Analysis
	ID, Heading   string
	Why           string // there is no answer
	NotAssessable bool
	Empty         bool // no rows at all
	Figures       []captioned
	More          []captioned // figures after the first few
	Tables        []tableView
	Checks        []Fact
	Asked         []Fact // the parameters but the date, which the page says once
	Whole         tableView
	Papers        []paper
}

// paper is a document as the page shows it, or where the same one stands.
type paper struct {
	Heading, Text string
	Same          string // the place of an earlier analysis with the same document
}

// papers gives the documents that people read. Those for programs lie in files.
func papers(documents []Document) []paper {
	var list []paper
	for i, d := range documents {
		again := slices.ContainsFunc(documents[:i], func(e Document) bool { return e.Text == d.Text })
		if !again && !strings.HasSuffix(d.Name, ".json") {
			list = append(list, paper{Heading: capital(spaced(strings.ReplaceAll(strings.TrimSuffix(d.Name, ".md"), "-", " "))), Text: d.Text})
		}
	}
	return list
}

// sayOnce leaves a document out where an earlier analysis shows it.
func sayOnce(chapters []chapterView) {
	seen := map[string]string{}
	for _, c := range chapters {
		for _, a := range c.Analyses {
			for i, p := range a.Papers {
				if at := seen[p.Text]; at != "" {
					a.Papers[i].Same, a.Papers[i].Text = at, ""
					continue
				}
				seen[p.Text] = a.ID
			}
		}
	}
}

// tableView is a table of text.
type tableView struct {
	Title, Caption string
	Header         []string
	Records        [][]string
	Labels         int // columns of words, from the left
	LeftOut        int // rows not shown
	Long           bool
	Total          int
}

// Figures and rows of one analysis that are shown before the rest is folded
// away or left to the file.
const (
	figuresShown = 4
	rowsShown    = 100
	rowsOpen     = 12 // of a figure's table; a longer one is folded
)

// chapters sorts analyses into chapters, and draws them.
func chapters(analyses []Analysis) ([]chapterView, error) {
	order := Chapters()
	for _, a := range analyses {
		if !slices.ContainsFunc(order, func(c Chapter) bool { return c.Name == a.Chapter }) {
			order = append(order, Chapter{Name: a.Chapter})
		}
	}
	var list []chapterView
	for _, c := range order {
		view := chapterView{ID: anchor("chapter", c.Name), Name: c.Name, Words: c.Words}
		for i := range analyses {
			if analyses[i].Chapter != c.Name {
				continue
			}
			drawn, err := section(&analyses[i])
			if err != nil {
				return nil, err
			}
			view.Analyses = append(view.Analyses, drawn)
		}
		slices.SortStableFunc(view.Analyses, func(a, b analysisView) int {
			return cmp.Or(answered(a)-answered(b), placeAt(a.Name)-placeAt(b.Name))
		})
		if len(view.Analyses) > 0 {
			list = append(list, view)
		}
	}
	sayOnce(list)
	return list, nil
}

func answered(a analysisView) int {
	if a.Refused != "" {
		return 1
	}
	return 0
}

// anchor makes a name safe for the address of a place on the page.
func anchor(kind, name string) string {
	return kind + "-" + strings.Map(func(r rune) rune {
		if (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') {
			return r
		}
		return '-'
	}, strings.ToLower(name))
}

func section(a *Analysis) (analysisView, error) {
	v := analysisView{Analysis: a, ID: anchor("analysis", a.Name), Heading: a.Title}
	if v.Heading == "" {
		v.Heading = capital(spaced(a.Name))
	}
	for _, p := range a.Parameters {
		if spaced(p.Name) != "as at" {
			v.Asked = append(v.Asked, p)
		}
	}
	if v.Why = sentences(a.Refused); a.Refused != "" {
		return v, nil
	}
	v.Papers = papers(a.Documents)
	v.NotAssessable, v.Empty = nobodyCounted(a.Table), a.Table.Len() == 0
	for _, f := range a.Figures {
		if f.Kind == "table" {
			if table := figureTable(a.Table, f); table.Total > 0 {
				v.Tables = append(v.Tables, table)
			}
			continue
		}
		if v.NotAssessable || v.Empty {
			continue
		}
		figure, err := drawn(a.Table, f)
		if err != nil {
			return v, err
		}
		v.Figures = append(v.Figures, figure)
	}
	if len(v.Figures) > figuresShown {
		v.Figures, v.More = v.Figures[:figuresShown], v.Figures[figuresShown:]
	}
	v.Checks = tableChecks(a.Table)
	v.Whole = tableOf(a.Table, slices.Concat(a.Table.Dimensions(), a.Table.Measures(), a.Table.Values()))
	v.Whole.Caption = a.Question
	return v, nil
}

// nobodyCounted reports whether a table has people and all of them are not
// assessable, checks aside.
func nobodyCounted(t disclose.Table) bool {
	if !t.Has("people") || t.Len() == 0 {
		return false
	}
	for row := range t.Len() {
		if t.Cell(row, "people").Assessable() && t.Label(row, "kind") != "check" {
			return false
		}
	}
	return true
}

// tableChecks gives the rows of the kind "check": traps of the data and of the
// method, counted and not corrected.
func tableChecks(t disclose.Table) []Fact {
	rows := t.Where("kind", "check")
	var facts []Fact
	for row := range rows.Len() {
		var words []string
		for _, dimension := range rows.Dimensions() {
			if label := rows.Label(row, dimension); dimension != "kind" && label != disclose.All && label != "" {
				words = append(words, label)
			}
		}
		facts = append(facts, Fact{capital(strings.Join(words, ", ")), Shown(rows.Cell(row, "people"))})
	}
	return facts
}

// figureTable is the table a figure of that kind asks for: the rows it names,
// the columns it names or all of them, without labels that never change.
func figureTable(t disclose.Table, f FigureSpec) tableView {
	rows := chosen(t, f)
	if f.Series != "" && len(f.Values) == 1 {
		if g, err := lay(t, f); err == nil {
			return g.crossed(f)
		}
	}
	var columns []string
	for _, dimension := range rows.Dimensions() {
		if len(rows.Distinct(dimension)) > 1 || dimension == f.Label {
			columns = append(columns, dimension)
		}
	}
	numbers := slices.Concat(f.Values, []string{f.Low, f.High, f.Reference})
	if len(f.Values) == 0 {
		numbers = slices.Concat(t.Measures(), t.Values())
	}
	for _, name := range numbers {
		if name != "" && t.Has(name) {
			columns = append(columns, name)
		}
	}
	view := tableOf(rows, columns).withoutEmpty()
	for _, record := range view.Records {
		for i := range view.Labels {
			record[i] = spaced(record[i])
		}
	}
	view.Title, view.Caption, view.Long = f.Title, sentences(f.Note), view.Total > rowsOpen
	return view
}

// crossed is a table with a column for each group of the series.
func (g grid) crossed(f FigureSpec) tableView {
	view := tableView{Title: f.Title, Caption: sentences(f.Note, spaced(f.Values[0])+", by "+spaced(f.Label)+" (down) and "+spaced(f.Series)+" (across)"),
		Header: append([]string{spaced(f.Label)}, spacedAll(g.series)...), Labels: 1, Total: len(g.labels)}
	for i, label := range g.labels {
		record := []string{spaced(label)}
		for _, e := range g.entries[i] {
			if !e.present {
				e.value.mark = "–"
			}
			record = append(record, written(e.value, g.write))
		}
		view.Records = append(view.Records, record)
	}
	return view
}

func tableOf(t disclose.Table, columns []string) tableView {
	view := tableView{Total: t.Len(), LeftOut: max(t.Len()-rowsShown, 0)}
	for _, name := range columns {
		view.Header = append(view.Header, spaced(name))
		if slices.Contains(t.Dimensions(), name) {
			view.Labels++
		}
	}
	for row := range min(t.Len(), rowsShown) {
		var record []string
		write := plainNumber // of an interval: as of the value it belongs to
		for i, name := range columns {
			switch {
			case i < view.Labels:
				record = append(record, t.Label(row, name))
			case slices.Contains(t.Values(), name):
				if !isInterval(name) {
					write = writer(t, name)
				}
				record = append(record, written(numberOf(t, row, name), write))
			default:
				record = append(record, Shown(t.Cell(row, name)))
			}
		}
		view.Records = append(view.Records, record)
	}
	return view
}

// isInterval reports whether a column is an end of the interval of the value
// before it.
func isInterval(column string) bool {
	for _, end := range []string{"lower", "upper", "low", "high"} {
		if column == end || strings.HasPrefix(column, end+"_") || strings.HasSuffix(column, "_"+end) || strings.Contains(column, "_"+end+"_") {
			return true
		}
	}
	return false
}

// withoutEmpty leaves out the columns of numbers in which no row has any.
func (v tableView) withoutEmpty() tableView {
	for i := len(v.Header) - 1; i >= v.Labels; i-- {
		if slices.ContainsFunc(v.Records, func(record []string) bool { return record[i] != "–" }) {
			continue
		}
		v.Header = slices.Delete(v.Header, i, i+1)
		for r := range v.Records {
			v.Records[r] = slices.Delete(v.Records[r], i, i+1)
		}
	}
	return v
}

func written(n number, write func(float64) string) string {
	if n.known {
		return write(n.x)
	}
	if n.mark == "n/a" {
		return disclose.NotAssessable().String()
	}
	return n.mark
}
