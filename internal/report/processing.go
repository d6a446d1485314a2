package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"tre/internal/report/draw"
	"tre/internal/term"
	"tre/pipeline/disclose"
)

// journeyView is the section about what became of every row.
type journeyView struct {
	In, Quarantined, Superseded, InForce int64
	Unreconciled                         int // delivery tables that do not add up
	Waterfall                            template.HTML
	Feeds, SetAside                      template.HTML
	Deliveries                           []deliveryFeed
	Tables                               []linkedTable
}

type deliveryFeed struct {
	Feed       string
	Deliveries int
	In         int64
	Rows       []deliveryRow
}

type deliveryRow struct {
	Delivery
	Rows
	First   bool // of its delivery
	AddsUp  bool
	Missing int64 // rows not accounted for
}

type linkedTable struct {
	Table string
	Rows  []LinkedRow
}

// fate is one thing that can become of a row.
func fates() []draw.Series {
	return []draw.Series{{Name: "in force", Class: "c1"}, {Name: "superseded", Class: "c4"}, {Name: "quarantined", Class: "c2"}}
}

func journey(deliveries []Delivery, linked []LinkedRow) journeyView {
	v := journeyView{Tables: linkedTables(linked)}
	sums, order := map[string]*Rows{}, []string{}
	for _, feed := range byFeed(deliveries) {
		group := deliveryFeed{Feed: feed[0].Feed, Deliveries: len(feed)}
		sum := &Rows{}
		for _, d := range feed {
			for i, r := range d.Rows {
				missing := r.In - r.Quarantined - r.Superseded - r.InForce
				group.Rows = append(group.Rows, deliveryRow{d, r, i == 0, missing == 0, missing})
				if missing != 0 {
					v.Unreconciled++
				}
				sum.In, sum.InForce = sum.In+r.In, sum.InForce+r.InForce
				sum.Quarantined, sum.Superseded = sum.Quarantined+r.Quarantined, sum.Superseded+r.Superseded
			}
		}
		group.In = sum.In
		sums[group.Feed], order = sum, append(order, group.Feed)
		v.Deliveries = append(v.Deliveries, group)
		v.In, v.InForce = v.In+sum.In, v.InForce+sum.InForce
		v.Quarantined, v.Superseded = v.Quarantined+sum.Quarantined, v.Superseded+sum.Superseded
	}
	v.Waterfall = waterfall(fmt.Sprintf("Of %s rows in, %s were quarantined and %s superseded; %s are in force.",
		term.Number(v.In), term.Number(v.Quarantined), term.Number(v.Superseded), term.Number(v.InForce)), []fall{
		{"rows in", v.In, "c5", false}, {"quarantined", v.Quarantined, "c2", true},
		{"superseded", v.Superseded, "c4", true}, {"in force", v.InForce, "c1", false},
	})
	v.Feeds, v.SetAside = fateBars(order, sums), quarantinedBars(order, sums)
	return v
}

// byFeed groups deliveries by feed, then provider and path.
func byFeed(deliveries []Delivery) [][]Delivery {
	sorted := slices.SortedStableFunc(slices.Values(deliveries), func(a, b Delivery) int {
		return cmp.Or(cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Path, b.Path))
	})
	var groups [][]Delivery
	for i, d := range sorted {
		if i == 0 || sorted[i-1].Feed != d.Feed {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], d)
	}
	return groups
}

func fateBars(feeds []string, sums map[string]*Rows) template.HTML {
	figure := bars{legend: fates(), format: draw.Percent, end: 1, step: 0.25}
	var phrases []string
	for _, feed := range feeds {
		s := sums[feed]
		row := bar{label: feed, note: term.Number(s.In)}
		whole := float64(max(s.In, 1))
		for i, n := range []int64{s.InForce, s.Superseded, s.Quarantined} {
			share := float64(n) / whole
			row.parts = append(row.parts, part{fates()[i].Class, share, fmt.Sprintf("%s, %s: %s rows, %s", feed, fates()[i].Name, term.Number(n), draw.Percent(share))})
		}
		figure.rows = append(figure.rows, row)
		phrases = append(phrases, feed+" "+row.words())
	}
	figure.words = "What became of the rows of each feed. " + draw.Sentence(phrases...)
	return figure.draw()
}

// quarantinedBars draws the quarantined share alone, which is too small to see
// beside the others.
func quarantinedBars(feeds []string, sums map[string]*Rows) template.HTML {
	figure := bars{format: draw.Percent}
	var phrases []string
	largest := 0.0
	for _, feed := range feeds {
		s := sums[feed]
		share := float64(s.Quarantined) / float64(max(s.In, 1))
		largest = max(largest, share)
		words := fmt.Sprintf("%s: %s rows, %s", feed, term.Number(s.Quarantined), draw.Percent(share))
		figure.rows = append(figure.rows, bar{feed, []part{{"c2", share, words}}, term.Number(s.Quarantined)})
		phrases = append(phrases, words)
	}
	figure.end, figure.step = draw.Scale(largest)
	figure.words = "Quarantined rows of each feed. " + draw.Sentence(phrases...)
	return figure.draw()
}

func linkedTables(rows []LinkedRow) []linkedTable {
	sorted := slices.SortedStableFunc(slices.Values(rows), func(a, b LinkedRow) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Feed, b.Feed))
	})
	var tables []linkedTable
	for i, r := range sorted {
		if i == 0 || sorted[i-1].Table != r.Table {
			tables = append(tables, linkedTable{Table: r.Table})
		}
		tables[len(tables)-1].Rows = append(tables[len(tables)-1].Rows, r)
	}
	return tables
}

// linkageView is the section about linkage.
type linkageView struct {
	Steps  template.HTML
	Groups []captioned
	Rows   []Step
}

// stepClasses are the colours of steps, in the order the steps run.
func stepClasses() []string { return []string{"c1", "c3", "c5", "c6", "c4", "c2", "b0"} }

func linkage(steps []Step, truth *Truth) linkageView {
	v := linkageView{Rows: steps}
	var names, feeds []string
	for _, s := range steps {
		if !slices.Contains(names, s.Step) {
			names = append(names, s.Step)
		}
		if !slices.Contains(feeds, s.Feed) {
			feeds = append(feeds, s.Feed)
		}
	}
	figure := bars{format: draw.Percent, end: 1, step: 0.25}
	for i, name := range names {
		figure.legend = append(figure.legend, draw.Series{Name: name, Class: stepClasses()[i%len(stepClasses())]})
	}
	var phrases []string
	for _, feed := range feeds {
		row := stepBar(feed, steps, figure.legend)
		figure.rows = append(figure.rows, row)
		phrases = append(phrases, feed+" "+row.words())
	}
	if len(feeds) > 0 {
		figure.words = "Share of each feed's records that each step placed. " + draw.Sentence(phrases...)
		v.Steps = figure.draw()
	}
	if truth != nil {
		v.Groups = truthFigures(truth.Groups)
	}
	return v
}

func stepBar(feed string, steps []Step, legend []draw.Series) bar {
	cells := map[string]disclose.Cell{}
	var whole int64
	hidden := false
	for _, s := range steps {
		if s.Feed == feed {
			n, ok := s.Records.Shown()
			cells[s.Step], whole, hidden = s.Records, whole+n, hidden || !ok
		}
	}
	row := bar{label: feed, note: term.Number(whole)}
	if hidden {
		row.note = strings.TrimPrefix(row.note+" *", "0 ")
	}
	for _, l := range legend {
		n, _ := cells[l.Name].Shown()
		if n > 0 {
			share := float64(n) / float64(whole)
			row.parts = append(row.parts, part{l.Class, share, fmt.Sprintf("%s, %s: %s records, %s", feed, l.Name, term.Number(n), draw.Percent(share))})
		}
	}
	return row
}

// ruleGroup is the rules broken in one delivery.
type ruleGroup struct {
	Feed, Provider, Delivery string
	Rows                     int64 // quarantined: severity error
	Rules                    []Rule
}

// rules groups broken rules by delivery, most rows first.
func rules(list []Rule) []ruleGroup {
	groups := map[[3]string]*ruleGroup{}
	var order []*ruleGroup
	for _, r := range list {
		key := [3]string{r.Feed, r.Provider, r.Delivery}
		if groups[key] == nil {
			groups[key] = &ruleGroup{Feed: r.Feed, Provider: r.Provider, Delivery: r.Delivery}
			order = append(order, groups[key])
		}
		if r.Severity != "warning" {
			groups[key].Rows += r.Rows
		}
		groups[key].Rules = append(groups[key].Rules, r)
	}
	var out []ruleGroup
	for _, g := range order {
		slices.SortFunc(g.Rules, func(a, b Rule) int {
			return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Rule, b.Rule))
		})
		out = append(out, *g)
	}
	slices.SortStableFunc(out, func(a, b ruleGroup) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Delivery, b.Delivery))
	})
	return out
}
