package linkreport

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"tre/internal/report/draw"
	"tre/internal/term"
)

// completenessView is the section about how full the columns are.
type completenessView struct {
	Figure  figure
	Sources []string
	Rows    []completeRow
}

type completeRow struct {
	Column, Filled, Distinct string
	Cells                    []heatCell
}

// heatCell is a percentage, its colour h0 (worst) to h5, and its words.
type heatCell struct{ Text, Class, Words string }

func complete(list []Completeness) *completenessView {
	if len(list) == 0 {
		return nil
	}
	v := &completenessView{}
	var columns []string
	for _, c := range list {
		if !slices.Contains(columns, c.Column) {
			columns = append(columns, c.Column)
		}
		if !slices.Contains(v.Sources, c.Source) {
			v.Sources = append(v.Sources, c.Source)
		}
	}
	f := lanes{axis: axis{low: 0, high: 1, step: 0.25}, format: draw.Percent}
	var phrases []string
	for _, name := range columns {
		row, filled := completeColumn(name, list, v.Sources)
		v.Rows = append(v.Rows, row)
		words := spaced(name) + " " + row.Filled
		phrases = append(phrases, words)
		f.rows = append(f.rows, lane{label: spaced(name), note: row.Filled, draw: bar("c1", words, 0, filled)})
	}
	f.words = said("Share of records with a value", phrases)
	v.Figure = figure{"Records with a value", "The axis begins at 0.", f.draw()}
	return v
}

func completeColumn(name string, list []Completeness, sources []string) (completeRow, float64) {
	row := completeRow{Column: spaced(name), Cells: make([]heatCell, len(sources))}
	for i := range row.Cells {
		row.Cells[i] = heatCell{"–", "hn", "not in this source"}
	}
	var records, filled int64
	var distinct []string
	for _, c := range list {
		if c.Column != name {
			continue
		}
		records, filled = records+c.Records, filled+c.Filled
		row.Cells[slices.Index(sources, c.Source)] = heat(c)
		if c.Distinct > 0 {
			distinct = append(distinct, term.Number(c.Distinct))
		}
	}
	row.Distinct = strings.Join(distinct, " · ")
	if records == 0 {
		row.Filled = "no records"
		return row, 0
	}
	row.Filled = share(float64(filled) / float64(records))
	return row, float64(filled) / float64(records)
}

// heat gives a cell. Shares are cut, not rounded up: 100 is every record.
func heat(c Completeness) heatCell {
	if c.Records == 0 {
		return heatCell{"–", "hn", "no records"}
	}
	part := float64(c.Filled) / float64(c.Records)
	class := 5
	for i, edge := range []float64{0.5, 0.8, 0.9, 0.95, 0.99} {
		if part < edge {
			class = i
			break
		}
	}
	return heatCell{strconv.Itoa(int(100 * part)), "h" + strconv.Itoa(class), fmt.Sprintf("%s of %s records", term.Number(c.Filled), term.Number(c.Records))}
}

// groupsView is the section about quality by group.
type groupsView struct {
	Missed, False []figure
	Rows          []groupRow
	Flagged       int
	Overall       *groupRow

	Measured      bool // against labels or truth
	LinkedFigures []figure
	LinkedRows    []shareRow
}

type shareRow struct {
	By, Group, Records, Share, Difference string
	First, Apart                          bool
}

type groupRow struct {
	By, Group, Records, Missed, False, Flagged string
	First                                      bool
}

func grouped(q Quality) *groupsView {
	if len(q.Groups) == 0 && q.Overall.Records == 0 && len(q.Linked) == 0 {
		return nil
	}
	v := &groupsView{Measured: q.Overall.Records > 0 || len(q.Groups) > 0}
	v.linked(q.Linked)
	if q.Overall.Records > 0 {
		row := rowOf(q.Overall)
		v.Overall = &row
	}
	var ways []string
	for _, g := range q.Groups {
		if !slices.Contains(ways, g.By) {
			ways = append(ways, g.By)
		}
	}
	missed, wrong := widest(q, func(g Group) Rate { return g.Missed }), widest(q, func(g Group) Rate { return g.False })
	for _, way := range ways {
		var of []Group
		for _, g := range q.Groups {
			if g.By == way {
				row := rowOf(g)
				row.First = len(of) == 0
				of, v.Rows = append(of, g), append(v.Rows, row)
				if g.Flagged != "" {
					v.Flagged++
				}
			}
		}
		if !slices.ContainsFunc(of, func(g Group) bool { return g.Missed.Of > 0 || g.False.Of > 0 }) {
			continue // the table says that it is not known
		}
		v.Missed = append(v.Missed, figure{"Missed matches by " + way, "", rates(way, "Missed matches", of, q.Overall.Missed, missed, "c2", func(g Group) Rate { return g.Missed }).draw()})
		v.False = append(v.False, figure{"False matches by " + way, "", rates(way, "False matches", of, q.Overall.False, wrong, "c4", func(g Group) Rate { return g.False }).draw()})
	}
	return v
}

func rowOf(g Group) groupRow {
	return groupRow{By: g.By, Group: g.Group, Records: term.Number(g.Records), Missed: rate(g.Missed), False: rate(g.False), Flagged: g.Flagged}
}

// imbalance is the standardised difference from which linked and unlinked
// records are usually said to differ (Austin 2009).
const imbalance = 0.1

// linked compares who is linked to anybody, where nobody knows who should be.
func (v *groupsView) linked(list []Share) {
	var ways []string
	for _, g := range list {
		if !slices.Contains(ways, g.By) {
			ways = append(ways, g.By)
		}
	}
	for _, way := range ways {
		f := lanes{axis: axis{low: 0, high: 1, step: 0.25}, format: draw.Percent}
		var phrases []string
		for _, g := range list {
			if g.By != way {
				continue
			}
			part := float64(g.Linked) / float64(max(g.Records, 1))
			row := shareRow{way, g.Group, term.Number(g.Records), share(part), fmt.Sprintf("%+.2f", g.Difference), len(f.rows) == 0, math.Abs(g.Difference) > imbalance}
			row.Difference = strings.Replace(row.Difference, "-", "−", 1)
			words := g.Group + " " + row.Share
			one := lane{label: g.Group, note: row.Share, draw: bar("c1", words, 0, part)}
			if row.Apart {
				one.label, one.strong = "▲ "+g.Group, true
			}
			phrases = append(phrases, words)
			f.rows, v.LinkedRows = append(f.rows, one), append(v.LinkedRows, row)
		}
		f.words = said("Records linked to another, by "+way, phrases)
		v.LinkedFigures = append(v.LinkedFigures, figure{"Linked by " + way, "The axis begins at 0.", f.draw()})
	}
}

// widest is the axis that every figure of one rate shares.
func widest(q Quality, of func(Group) Rate) axis {
	high := of(q.Overall).Value
	for _, g := range q.Groups {
		if of(g).Of > 0 {
			high = max(high, of(g).High, of(g).Value)
		}
	}
	end, step := draw.Scale(high)
	return axis{low: 0, high: end, step: step}
}

func rates(way, title string, groups []Group, overall Rate, a axis, class string, of func(Group) Rate) lanes {
	f := lanes{axis: a, format: func(x float64) string { return plain(100*x) + "%" }}
	if overall.Of > 0 {
		f.marks = []mark{{overall.Value, "all " + share(overall.Value)}}
	}
	var phrases []string
	for _, g := range groups {
		r := of(g)
		row := lane{label: g.Group, note: "not known", draw: func(*draw.Canvas, axis, float64) {}}
		if g.Flagged != "" {
			row.label, row.strong = "▲ "+g.Group, true
		}
		if r.Of > 0 {
			row.note = share(r.Value)
			row.draw = interval(class, r)
		}
		phrases = append(phrases, g.Group+" "+rate(r))
		f.rows = append(f.rows, row)
	}
	f.words = said(title+" by "+way, phrases)
	return f
}

func interval(class string, r Rate) func(*draw.Canvas, axis, float64) {
	return func(c *draw.Canvas, a axis, y float64) {
		middle := y + laneStrip/2
		c.Line("reach", a.at(r.Low), middle, a.at(r.High), middle)
		c.Circle(class, a.at(r.Value), middle, 4.5, rate(r))
	}
}

// frequencies draws what term frequencies add or take, on one axis for all
// columns.
func frequencies(list []Frequency) []figure {
	low, high := 0.0, 0.0
	for _, f := range list {
		for _, b := range f.Bands {
			low, high = min(low, b.Low), max(high, b.High)
		}
	}
	var out []figure
	for _, column := range list {
		f := lanes{axis: over(low, high, 0, 1), format: whole}
		var phrases []string
		for _, b := range column.Bands {
			label := sizes(b.From, b.To) + " records: " + term.Count(b.Values, "value", "values")
			phrase := label
			if len(b.Shown) > 0 { // values say more than how many there are
				phrase += " (" + strings.Join(b.Shown, ", ") + ")"
				label = sizes(b.From, b.To) + ": " + strings.Join(b.Shown, ", ")
			}
			note := signed(b.Low) + " to " + signed(b.High)
			if math.Abs(b.High-b.Low) < 0.005 {
				note = signed(b.Low)
			}
			class := "c1"
			if b.Low+b.High < 0 {
				class = "c2"
			}
			phrases = append(phrases, phrase+" "+note)
			f.rows = append(f.rows, lane{label: clean(label), note: note, draw: bar(class, phrase+" "+note, b.Low, b.High)})
		}
		f.words = said("Term frequency adjustment of "+spaced(column.Column), phrases)
		out = append(out, figure{spaced(column.Column), "", f.draw()})
	}
	return out
}

// worst gives the flagged group that misses most, or false.
func worst(q Quality) (Group, bool) {
	var flagged []Group
	for _, g := range q.Groups {
		if g.Flagged != "" {
			flagged = append(flagged, g)
		}
	}
	if len(flagged) == 0 {
		return Group{}, false
	}
	return slices.MaxFunc(flagged, func(a, b Group) int { return cmp.Compare(a.Missed.Value, b.Missed.Value) }), true
}
