package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strconv"

	"tre/internal/report/draw"
	"tre/pipeline/disclose"
)

// fewRows is the number of values below which a share is not shown: one bad row
// of three says nothing about a provider, and may say something about a person.
const fewRows = 8

// worstShown is how many rows of a heat table stand open; the others fold away.
const worstShown = 6

// qualityFeed is the heat table of one feed.
type qualityFeed struct {
	Feed   string
	Months []string
	Worst  []qualityRow
	Others []qualityRow
}

type qualityRow struct {
	Provider, Class string
	Usable          string // over all months
	VODIM           template.HTML
	Cells           []heatCell
	share           float64
}

// heatCell is one month: its share of usable values in words, and the class of
// its colour, h0 (worst) to h5.
type heatCell struct{ Text, Class, Words string }

// vodim are the five things a value can be.
func vodim() []draw.Series {
	return []draw.Series{{Name: "valid", Class: "c1"}, {Name: "other", Class: "c6"}, {Name: "default", Class: "c4"}, {Name: "invalid", Class: "c2"}, {Name: "missing", Class: "b0"}}
}

// Earlier is the month of everything before the months shown one by one.
const Earlier = "0000-00"

// quality makes a heat table a feed, the worst feed, provider and field first.
func quality(list []Quality) []qualityFeed {
	type key struct{ feed, provider, class string }
	rows, months := map[key][]Quality{}, map[string][]string{}
	var keys []key
	for _, q := range list {
		k := key{q.Feed, q.Provider, q.Class}
		if rows[k] == nil {
			keys = append(keys, k)
		}
		rows[k] = append(rows[k], q)
		if !slices.Contains(months[q.Feed], q.Month) {
			months[q.Feed] = append(months[q.Feed], q.Month)
		}
	}
	feeds := map[string]*qualityFeed{}
	var order []*qualityFeed
	worst := map[string]float64{}
	for _, k := range keys {
		if feeds[k.feed] == nil {
			slices.Sort(months[k.feed])
			feeds[k.feed] = &qualityFeed{Feed: k.feed, Months: months[k.feed]}
			order, worst[k.feed] = append(order, feeds[k.feed]), 1
		}
		row := heatRow(k.provider, k.class, rows[k], months[k.feed])
		feeds[k.feed].Worst = append(feeds[k.feed].Worst, row)
		worst[k.feed] = min(worst[k.feed], row.share)
	}
	slices.SortStableFunc(order, func(a, b *qualityFeed) int {
		return cmp.Or(cmp.Compare(worst[a.Feed], worst[b.Feed]), cmp.Compare(a.Feed, b.Feed))
	})
	out := make([]qualityFeed, len(order))
	for i, f := range order {
		out[i] = f.folded()
	}
	return out
}

// folded sorts the rows and folds the better ones away.
func (f *qualityFeed) folded() qualityFeed {
	slices.SortStableFunc(f.Worst, func(a, b qualityRow) int {
		return cmp.Or(cmp.Compare(a.share, b.share), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Class, b.Class))
	})
	if len(f.Worst) > worstShown {
		f.Worst, f.Others = f.Worst[:worstShown], f.Worst[worstShown:]
	}
	return *f
}

func heatRow(provider, class string, list []Quality, months []string) qualityRow {
	row := qualityRow{Provider: provider, Class: class}
	var sum Quality
	byMonth := map[string]Quality{}
	for _, q := range list {
		sum, byMonth[q.Month] = sum.plus(q), byMonth[q.Month].plus(q)
	}
	whole := heat(sum)
	row.Usable, row.share = whole.Text, usable(sum)
	row.VODIM = vodimBar(sum)
	for _, m := range months {
		row.Cells = append(row.Cells, heat(byMonth[m]))
	}
	return row
}

func (q Quality) plus(p Quality) Quality {
	q.Valid, q.Other, q.Default = q.Valid+p.Valid, q.Other+p.Other, q.Default+p.Default
	q.Invalid, q.Missing = q.Invalid+p.Invalid, q.Missing+p.Missing
	return q
}

func (q Quality) all() int64 { return q.Valid + q.Other + q.Default + q.Invalid + q.Missing }

// usable is the share of values that say something: valid or other. Without
// values it is 1: nothing is wrong with nothing.
func usable(q Quality) float64 {
	if q.all() == 0 {
		return 1
	}
	return float64(q.Valid+q.Other) / float64(q.all())
}

// heat gives a month's cell. Shares are cut, not rounded up: 100 is every value.
func heat(q Quality) heatCell {
	switch {
	case q.all() == 0:
		return heatCell{"–", "hn", "no rows"}
	case q.all() < fewRows:
		return heatCell{"·", "hn", "fewer than 8 values"}
	}
	share := usable(q)
	class := 5
	for i, edge := range []float64{0.5, 0.8, 0.9, 0.95, 0.99} {
		if share < edge {
			class = i
			break
		}
	}
	return heatCell{strconv.Itoa(int(100 * share)), "h" + strconv.Itoa(class),
		fmt.Sprintf("%d%% of about %s values usable", int(100*share), Shown(disclose.Count(q.all())))}
}

// vodimBar draws the five shares as one bar that fits a table's row.
func vodimBar(q Quality) template.HTML {
	if q.all() < fewRows {
		return ""
	}
	c := &draw.Canvas{Width: 90, Height: 12}
	x, words := 0.0, []string{}
	for i, n := range []int64{q.Valid, q.Other, q.Default, q.Invalid, q.Missing} {
		if n == 0 {
			continue
		}
		share := float64(n) / float64(q.all())
		name := fmt.Sprintf("%s %.0f%%", vodim()[i].Name, 100*share)
		c.Rect(vodim()[i].Class, x, 0, 90*share, 12, name)
		x, words = x+90*share, append(words, name)
	}
	return c.SVG(draw.Sentence(words...))
}
