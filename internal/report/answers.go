package report

import (
	"fmt"
	"html/template"
	"strings"
	"unicode"
	"unicode/utf8"

	"tre/internal/report/draw"
	"tre/internal/term"
	"tre/pipeline/disclose"
)

// tile is one large number with what it counts.
type tile struct{ Name, Value, Note, Class string }

// captioned is a figure with its heading and what to know when reading it.
type captioned struct {
	Title, Caption string
	Figure         template.HTML
}

// frailtyView is the frailty section.
type frailtyView struct {
	Assessable bool
	Tiles      []tile
	Figures    []captioned
	Checks     []Fact
	Reasons    []Fact
}

// bandNames are the bands in the order they are stacked, with their classes.
func bandNames() []draw.Series {
	return []draw.Series{{Name: "low", Class: "b1"}, {Name: "intermediate", Class: "b2"}, {Name: "high", Class: "b3"}}
}

// frailty draws the answer to hospital_frailty.
func frailty(a *Analysis) (*frailtyView, error) {
	if a == nil {
		return nil, nil
	}
	if !a.Table.Has("kind", "age_band", "sex", "deprivation_fifth", "band", "people") {
		return nil, fmt.Errorf("report: the hospital frailty table lacks a column")
	}
	bands := a.Table.Where("kind", "band")
	whole := bands.Where("age_band", disclose.All).Where("sex", disclose.All).Where("deprivation_fifth", disclose.All)
	v := &frailtyView{Tiles: frailtyTiles(whole)}
	for _, name := range []string{"low", "intermediate", "high", "no index admission"} {
		n, ok := only(whole, "band", name).Shown()
		v.Assessable = v.Assessable || !ok || n > 0
	}
	for _, reason := range checks(a.Table.Where("kind", "reason")) {
		if reason.Value != "0" {
			v.Reasons = append(v.Reasons, reason)
		}
	}
	v.Checks = checks(a.Table.Where("kind", "check"))
	if !v.Assessable {
		return v, nil
	}
	for _, by := range breakdowns() {
		groups := bands.WhereNot(by.dimension, disclose.All)
		v.Figures = append(v.Figures, captioned{by.title, by.caption, frailtyBars(groups, by)})
	}
	return v, nil
}

// breakdown is one way to split people.
type breakdown struct{ dimension, title, caption string }

func breakdowns() []breakdown {
	return []breakdown{
		{"age_band", "By age", "Age on the as-at date."},
		{"sex", "By sex", "As the feeds record it."},
		{"deprivation_fifth", "By deprivation", "Fifth of small areas; 1 is the most deprived."},
	}
}

// frailtyTiles gives the counts of the whole population. The share is of the sum
// of the counts shown, and is left out when one of them is suppressed.
func frailtyTiles(whole disclose.Table) []tile {
	var tiles []tile
	sum, complete := int64(0), true
	for i := range whole.Len() {
		n, ok := whole.Cell(i, "people").Shown()
		sum, complete = sum+n, complete && ok
	}
	for _, s := range bandNames() {
		cell, note := only(whole, "band", s.Name), bandRange(s.Name)
		if n, ok := cell.Shown(); ok && complete && sum > 0 {
			note += fmt.Sprintf(", %.0f%% of all", 100*float64(n)/float64(sum))
		}
		tiles = append(tiles, tile{capital(s.Name), Shown(cell), note, s.Class})
	}
	return append(tiles,
		tile{"Not admitted", Shown(only(whole, "band", "no index admission")), "no index admission, so no score", "b0"},
		tile{"Not assessable", Shown(only(whole, "band", "not assessable")), "no feed, or age not known", "bx"})
}

func bandRange(band string) string {
	switch band {
	case "low":
		return "score below 5"
	case "intermediate":
		return "score 5 to 15"
	}
	return "score above 15"
}

// only gives the one count of a band or activity, or a cell that is not
// assessable when there is no such row.
func only(t disclose.Table, dimension, label string) disclose.Cell {
	rows := t.Where(dimension, label)
	if rows.Len() != 1 {
		return disclose.NotAssessable()
	}
	return rows.Cell(0, "people")
}

// frailtyBars draws, for each group, the share of its people in each band. The
// whole is the sum of the bands shown, so a group with a suppressed band says
// so and leaves it out of both.
func frailtyBars(groups disclose.Table, by breakdown) template.HTML {
	figure := bars{legend: bandNames(), format: draw.Percent}
	var phrases []string
	largest := 0.0
	for _, label := range groups.Distinct(by.dimension) {
		row, drawn := frailtyBar(groups.Where(by.dimension, label), label)
		figure.rows = append(figure.rows, row)
		phrases = append(phrases, row.label+" "+row.words())
		largest = max(largest, drawn)
	}
	figure.end, figure.step = draw.Scale(largest)
	figure.words = "Share of people in each frailty band. " + draw.Sentence(phrases...)
	return figure.draw()
}

func frailtyBar(group disclose.Table, label string) (bar, float64) {
	var whole int64
	hidden := false
	for i := range group.Len() {
		n, ok := group.Cell(i, "people").Shown()
		whole += n
		hidden = hidden || (!ok && group.Cell(i, "people").Suppressed())
	}
	row, drawn := bar{label: label, note: term.Number(whole)}, 0.0
	if hidden {
		row.note = strings.TrimPrefix(row.note+" *", "0 ")
	}
	for _, s := range bandNames() {
		n, ok := only(group, "band", s.Name).Shown()
		if !ok || whole == 0 {
			continue
		}
		share := float64(n) / float64(whole)
		drawn += share
		row.parts = append(row.parts, part{s.Class, share, fmt.Sprintf("%s, %s: %s people, %s", label, s.Name, term.Number(n), draw.Percent(share))})
	}
	return row, drawn
}

// words says a bar's parts.
func (b bar) words() string {
	var phrases []string
	for _, p := range b.parts {
		_, after, _ := strings.Cut(p.words, ", ")
		phrases = append(phrases, after)
	}
	return strings.Join(phrases, "; ")
}

func checks(t disclose.Table) []Fact {
	var facts []Fact
	for i := range t.Len() {
		facts = append(facts, Fact{capital(t.Label(i, "band")), Shown(t.Cell(i, "people"))})
	}
	return facts
}

func capital(words string) string {
	if words == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:]
}

// activityView is the activity section.
type activityView struct {
	People  []captioned
	Figures []captioned
	Missing []string // kinds of care that are not assessable
}

// activity draws the answer to activity.
func activity(a *Analysis) (*activityView, error) {
	if a == nil {
		return nil, nil
	}
	if !a.Table.Has("age_band", "sex", "deprivation_fifth", "activity", "population", "people", "events") {
		return nil, fmt.Errorf("report: the activity table lacks a column")
	}
	v := &activityView{}
	if kinds := a.Table.Distinct("activity"); len(kinds) > 0 {
		// Every kind of care repeats its group's population.
		groups := a.Table.Where("activity", kinds[0])
		v.People = []captioned{populationPyramid(groups), populationBars(groups, breakdowns()[1]), populationBars(groups, breakdowns()[2])}
	}
	for _, kind := range a.Table.Distinct("activity") {
		of := a.Table.Where("activity", kind)
		whole := of.Where("age_band", disclose.All).Where("sex", disclose.All).Where("deprivation_fifth", disclose.All)
		if whole.Len() != 1 || !whole.Cell(0, "events").Assessable() {
			v.Missing = append(v.Missing, kind)
			continue
		}
		caption := fmt.Sprintf("%s for %s people", Shown(whole.Cell(0, "events")), Shown(whole.Cell(0, "people")))
		v.Figures = append(v.Figures, captioned{capital(kind), caption, rateColumns(kind, of)})
	}
	return v, nil
}

func populationPyramid(t disclose.Table) captioned {
	figure := pyramid{leftTitle: "Female", rightTitle: "Male"}
	groups := t.Where("deprivation_fifth", disclose.All)
	var phrases []string
	for _, age := range groups.WhereNot("age_band", disclose.All).Distinct("age_band") {
		if age == "not known" {
			continue
		}
		row := side{label: strings.ReplaceAll(strings.ReplaceAll(age, " to ", "–"), " and over", "+")}
		row.left, row.leftWords = population(groups.Where("age_band", age).Where("sex", "female"), age+", female")
		row.right, row.rightWords = population(groups.Where("age_band", age).Where("sex", "male"), age+", male")
		figure.rows = append(figure.rows, row)
		phrases = append(phrases, row.leftWords+"; "+row.rightWords)
	}
	figure.words = "People by age and sex. " + draw.Sentence(phrases...)
	return captioned{"By age and sex", "Ten-year age bands on the as-at date.", figure.draw()}
}

// populationBars draws the number of people in each group of one breakdown.
func populationBars(t disclose.Table, by breakdown) captioned {
	for _, other := range breakdowns() {
		if other.dimension != by.dimension {
			t = t.Where(other.dimension, disclose.All)
		}
	}
	t = t.WhereNot(by.dimension, disclose.All)
	figure := bars{format: draw.Short}
	largest := 0.0
	var phrases []string
	for i := range t.Len() {
		label, cell := t.Label(i, by.dimension), t.Cell(i, "population")
		row := bar{label: label, note: Shown(cell)}
		if n, ok := cell.Shown(); ok {
			row.parts = []part{{"c1", float64(n), label + ": " + term.Number(n) + " people"}}
			largest = max(largest, float64(n))
		}
		figure.rows = append(figure.rows, row)
		phrases = append(phrases, label+" "+row.note)
	}
	figure.end, figure.step = draw.Scale(largest)
	figure.words = "People " + strings.ToLower(by.title) + ". " + draw.Sentence(phrases...)
	return captioned{by.title, by.caption, figure.draw()}
}

// population gives a group's people, negative when suppressed. A group without
// a row has nobody in it.
func population(group disclose.Table, name string) (float64, string) {
	if group.Len() != 1 {
		return 0, name + ": 0 people"
	}
	cell := group.Cell(0, "population")
	n, ok := cell.Shown()
	if !ok {
		return -1, name + ": " + cell.String()
	}
	return float64(n), name + ": " + term.Number(n) + " people"
}

// rateColumns draws events for each thousand people by age and by deprivation,
// on one axis.
func rateColumns(kind string, t disclose.Table) template.HTML {
	ages := t.Where("sex", disclose.All).Where("deprivation_fifth", disclose.All).WhereNot("age_band", disclose.All)
	fifths := t.Where("sex", disclose.All).Where("age_band", disclose.All).WhereNot("deprivation_fifth", disclose.All)
	figure := columns{panels: []panel{
		{"age", "c1", rates(ages.WhereNot("age_band", "not known"), "age_band")},
		{"deprivation fifth", "c3", rates(fifths.WhereNot("deprivation_fifth", "not known"), "deprivation_fifth")},
	}}
	var phrases []string
	for _, p := range figure.panels {
		for _, c := range p.columns {
			phrases = append(phrases, c.words)
		}
	}
	figure.words = capital(kind) + " for each thousand people. " + draw.Sentence(phrases...)
	return figure.draw()
}

func rates(t disclose.Table, dimension string) []column {
	var out []column
	for i := range t.Len() {
		label := t.Label(i, dimension)
		first, _, _ := strings.Cut(label, " ")
		if strings.HasSuffix(label, "and over") {
			first += "+"
		}
		c := column{label: first, mark: "*"}
		name := label
		if dimension == "deprivation_fifth" {
			name = "fifth " + label
		}
		c.value, c.known = disclose.RateOf(t.Cell(i, "events"), t.Cell(i, "population"))
		c.words = name + ": not shown"
		if c.known {
			c.words = fmt.Sprintf("%s: %.0f", name, c.value)
		}
		out = append(out, c)
	}
	return out
}
