package pipeline

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/internal/workspace"
)

const (
	journalName  = "logs/run.jsonl"
	journalLimit = 8 << 20 // bytes, after which the next run begins a new file
)

// journal is the log of runs: a JSON object a line for what a run did, how many
// rows it was and how long it took. It never holds a value of a row. The file
// is opened for the first line, so a run with nothing to do leaves it alone.
type journal struct {
	folder *workspace.Folder
	begun  []slog.Attr // what the first line of the run says
	log    *workspace.Log
	lines  slog.Handler
	began  time.Time
	fault  error // the first line that could not be written
}

func newJournal(folder *workspace.Folder, o Options) *journal {
	r := &journal{folder: folder, began: time.Now(), begun: []slog.Attr{slog.String("program", ProgramVersion())}}
	if len(o.Feeds) > 0 {
		r.begun = append(r.begun, slog.Any("feeds", o.Feeds))
	}
	if o.From != "" {
		r.begun = append(r.begun, slog.String("from", o.From))
	}
	return r
}

// note writes a line about what is done.
func (r *journal) note(e term.Event) {
	if r == nil || e.Kind != "done" {
		return
	}
	level, facts := slog.LevelInfo, []slog.Attr{slog.String("step", e.Step)}
	switch feed, _, isDelivery := strings.Cut(e.Of, "/"); {
	case isDelivery:
		facts = append(facts, slog.String("feed", feed), slog.String("delivery", e.Of))
	case e.Of == "person":
		facts = append(facts, slog.String("table", e.Of))
	case e.Of != "":
		facts = append(facts, slog.String("feed", e.Of))
	}
	facts = append(facts, slog.Int64("rows", e.Rows), slog.Int64("milliseconds", e.Millis))
	if e.Detail != "" {
		level, facts = slog.LevelWarn, append(facts, slog.String("detail", e.Detail))
	}
	r.write(level, "done", facts...)
}

// end writes how the run ended, and closes the log. A run that did nothing and
// failed at nothing says nothing.
func (r *journal) end(ctx context.Context, sum Summary, err error) error {
	switch {
	case err != nil && ctx.Err() != nil:
		r.write(slog.LevelWarn, "interrupted", r.took())
	case err != nil:
		r.write(slog.LevelError, "failed", slog.Int("code", int(problem.CodeOf(err))), slog.String("error", speakable(err)), r.took())
	case sum.Worked:
		r.write(slog.LevelInfo, "ended", slog.Int64("rows", sum.RowsIn), slog.Int64("inForce", sum.InForce), slog.Int64("quarantined", sum.Quarantined),
			slog.Int64("superseded", sum.Superseded), slog.Int("refused", len(sum.Refused)), r.took())
	}
	if r.log == nil {
		return cmp.Or(err, r.fault)
	}
	return cmp.Or(err, r.fault, r.log.Close())
}

// speakable is what the log may say of an error: an unexpected one could quote
// anything.
func speakable(err error) string {
	if expected, ok := errors.AsType[*problem.Problem](err); ok {
		return expected.What
	}
	return "unexpected; the program printed what it was"
}

func (r *journal) took() slog.Attr {
	return slog.Int64("milliseconds", time.Since(r.began).Milliseconds())
}

func (r *journal) write(level slog.Level, message string, facts ...slog.Attr) {
	if r.fault != nil {
		return
	}
	if r.log == nil {
		if r.log, r.fault = r.folder.Log(journalName, journalLimit); r.fault != nil {
			return
		}
		r.lines = slog.NewJSONHandler(r.log, nil)
		r.write(slog.LevelInfo, "begun", r.begun...)
	}
	line := slog.NewRecord(time.Now(), level, message, 0)
	line.AddAttrs(facts...)
	r.fault = cmp.Or(r.fault, r.lines.Handle(context.Background(), line))
}
