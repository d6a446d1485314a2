package linkreport

import (
	"cmp"
	"fmt"
	"strings"

	"tre/internal/report/draw"
	"tre/internal/term"
)

// blockingView is the section about blocking rules.
type blockingView struct {
	Figures []figure
	Rows    []ruleRow
	Total   int64
	Share   string // of all possible pairs
	LeftOut int64
}

type ruleRow struct{ Key, Condition, Pairs, Added, Running, LeftOut, Recall, Blocks string }

func blocked(b Blocking) blockingView {
	var v blockingView
	for i, r := range b.Rules {
		v.Total, v.LeftOut = v.Total+r.Added, v.LeftOut+r.LeftOut
		row := ruleRow{Key: fmt.Sprint(i), Condition: r.Condition, Pairs: "not counted", Added: term.Number(r.Added), Running: term.Number(v.Total),
			LeftOut: term.Number(r.LeftOut), Recall: "not known", Blocks: "not given"}
		if r.Pairs > 0 {
			row.Pairs = term.Number(r.Pairs)
		}
		if r.Recall != nil {
			row.Recall = share(*r.Recall)
		}
		var blocks []string
		for _, n := range r.Blocks {
			blocks = append(blocks, term.Number(n))
		}
		if len(blocks) > 0 {
			row.Blocks = strings.Join(blocks, " · ")
		}
		v.Rows = append(v.Rows, row)
	}
	if len(b.Rules) == 0 {
		return v
	}
	if b.Possible > 0 {
		v.Share = small(100 * float64(v.Total) / float64(b.Possible))
	}
	v.Figures = append(v.Figures, figure{"Pairs each rule adds", "Each bar begins where the rule before it ended: only pairs that no earlier rule found are new. Axis of pairs, from 0.", cumulative(b, v.Total).draw()})
	if f, ok := ruleRecall(b); ok {
		v.Figures = append(v.Figures, figure{"Recall of each rule alone", "Share of the pairs it was measured on, named above, that the rule alone finds; their sum means nothing.", f.draw()})
	}
	if f, ok := largestBlocks(b); ok {
		v.Figures = append(v.Figures, figure{"Largest block of each rule", "Records that share one key; pairs grow with its square. Logarithmic axis from 1.", f.draw()})
	}
	return v
}

// label names a rule in a figure.
func (r Rule) label(i int) string {
	return fmt.Sprintf("%d  %s", i, clean(cmp.Or(r.Name, r.Condition)))
}

func cumulative(b Blocking, total int64) lanes {
	f := lanes{axis: over(0, float64(max(total, 1)), 0, 1), format: draw.Short}
	var phrases []string
	running := 0.0
	for i, r := range b.Rules {
		words := fmt.Sprintf("rule %d adds %s pairs", i, term.Number(r.Added))
		phrases = append(phrases, words)
		f.rows = append(f.rows, lane{label: r.label(i), note: "+" + term.Number(r.Added), draw: cumulativeBar(words, running, float64(r.Added))})
		running += float64(r.Added)
	}
	f.words = said(fmt.Sprintf("Pairs each blocking rule adds, %s in all", term.Number(total)), phrases)
	return f
}

func cumulativeBar(words string, before, added float64) func(*draw.Canvas, axis, float64) {
	return func(c *draw.Canvas, a axis, y float64) {
		c.Rect("before", a.from, y, a.at(before)-a.from, laneStrip, "")
		bar("c1", words, before, before+added)(c, a, y)
	}
}

func ruleRecall(b Blocking) (lanes, bool) {
	f := lanes{axis: axis{low: 0, high: 1, step: 0.25}, format: draw.Percent}
	var phrases []string
	known := false
	for i, r := range b.Rules {
		row := lane{label: r.label(i), note: "not known", draw: func(*draw.Canvas, axis, float64) {}}
		if r.Recall != nil {
			known = true
			row.note = share(*r.Recall)
			row.draw = bar("c3", row.note, 0, *r.Recall)
		}
		phrases = append(phrases, fmt.Sprintf("rule %d %s", i, row.note))
		f.rows = append(f.rows, row)
	}
	f.words = said("Recall of each blocking rule alone", phrases)
	return f, known
}

func largestBlocks(b Blocking) (lanes, bool) {
	largest, known := 1.0, false
	for _, r := range b.Rules {
		if len(r.Blocks) > 0 {
			largest, known = max(largest, float64(r.Blocks[0])), true
		}
	}
	f := lanes{axis: decades(largest, 0, 1), format: power}
	var phrases []string
	for i, r := range b.Rules {
		if len(r.Blocks) == 0 {
			continue
		}
		words := fmt.Sprintf("rule %d %s records", i, term.Number(r.Blocks[0]))
		phrases = append(phrases, words)
		f.rows = append(f.rows, lane{label: r.label(i), note: term.Number(r.Blocks[0]), draw: logBar("c6", words, r.Blocks[0])})
	}
	f.words = said("Largest block of each blocking rule", phrases)
	return f, known
}
