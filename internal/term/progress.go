package term

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Event is one thing that happened in a run, as people and programs see it.
type Event struct {
	Kind   string `json:"event"`            // step (begun), progress, done
	Step   string `json:"step"`             // extract, settle, link, ...
	Of     string `json:"of,omitempty"`     // a feed or a delivery's path
	Detail string `json:"detail,omitempty"` // a sentence
	Rows   int64  `json:"rows,omitempty"`
	Total  int64  `json:"total,omitempty"`
	Millis int64  `json:"milliseconds,omitempty"`
}

// Progress prints events. The zero value prints nothing.
type Progress struct {
	w        io.Writer
	json     bool
	redraw   bool
	last     time.Time
	drawn    bool
	interval time.Duration
}

// NewProgress prints events on the error stream, in the manner that suits it.
func NewProgress(s *Streams) *Progress {
	return &Progress{w: s.Err, json: s.JSON, redraw: IsTerminal(s.Err), interval: 100 * time.Millisecond}
}

// Show prints one event. What has begun or goes on is shown on a terminal
// only, ten times a second at most; what is done is shown everywhere.
func (p *Progress) Show(e Event) {
	switch {
	case p == nil || p.w == nil:
	case p.json:
		_ = json.NewEncoder(p.w).Encode(e)
	case e.Kind == "progress", e.Kind == "step":
		p.showProgress(e)
	default:
		p.clear()
		fmt.Fprintln(p.w, line(e))
	}
}

func (p *Progress) showProgress(e Event) {
	if !p.redraw || time.Since(p.last) < p.interval {
		return
	}
	p.last, p.drawn = time.Now(), true
	fmt.Fprintf(p.w, "\r\x1b[K%s", fit(line(e), width(p.w)))
}

func (p *Progress) clear() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

// fit cuts a line that a terminal would break in two, which could not be drawn
// over.
func fit(text string, width int) string {
	if runes := []rune(text); width > 1 && len(runes) >= width {
		return string(runes[:width-1])
	}
	return text
}

func line(e Event) string {
	text := fmt.Sprintf("%-12s", e.Step)
	if e.Of != "" {
		text += " " + e.Of
	}
	switch {
	case e.Total > 0:
		return text + fmt.Sprintf("  %s of %s %s", Number(e.Rows), Number(e.Total), e.Detail)
	case e.Rows > 0:
		text += "  " + Count(e.Rows, "row", "rows")
	}
	if e.Detail != "" {
		text += "  " + e.Detail
	}
	if e.Kind == "done" && e.Millis > 0 {
		text += fmt.Sprintf("  (%.1f s)", float64(e.Millis)/1000)
	}
	return text
}
