package index

import (
	"context"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/linkage/cluster"
)

// written is a line of persons, ready to be written.
type written struct {
	key      key
	source   int32
	line     line
	firstRun int32
}

// writePersons writes lines that are in the order of their keys.
func (m *manifest) writePersons(ctx context.Context, folder *workspace.Folder, name string, run int, lines []written) error {
	return writeTable(ctx, folder, name, m.personsColumns(run, lines), len(lines))
}

func (m *manifest) personsColumns(run int, lines []written) []column {
	of := func(row int) *line { return &lines[row].line }
	return append(m.recordColumns(lines),
		textColumn("person_id", sometimes, func(arena []byte, row int) ([]byte, bool) { return appendID(arena, of(row).person) }),
		textColumn("step", always, func(arena []byte, row int) ([]byte, bool) { return append(arena, of(row).step...), true }).packed(),
		realColumn("weight", func(row int) (float64, bool) { l := of(row); return number(l.best, l.hasBest) }),
		textColumn("match_key", sometimes, func(arena []byte, row int) ([]byte, bool) {
			l := of(row)
			if !l.hasBest {
				return arena, false
			}
			return strconv.AppendInt(arena, int64(l.rule), 10), true
		}).packed(),
		realColumn("runner_up", func(row int) (float64, bool) { l := of(row); return number(l.runnerUp, l.hasOther) }),
		textColumn("runner_up_person", sometimes, func(arena []byte, row int) ([]byte, bool) {
			l := of(row)
			if !l.hasOther {
				return arena, false
			}
			return l.other.Append(arena), true
		}),
		realColumn("margin", func(row int) (float64, bool) { l := of(row); return number(l.best-l.runnerUp, l.hasBest && l.hasOther) }),
		narrowColumn("first_run", func(row int) int32 { return lines[row].firstRun }).packed(),
		narrowColumn("last_changed_run", func(int) int32 { return int32(run) }).packed(),
	)
}

// recordColumns say which record a line is of.
func (m *manifest) recordColumns(lines []written) []column {
	id := func(row int) string {
		w := &lines[row]
		if m.Source != "" {
			return w.key.text[len(m.Sources[w.source])+len("-__-"):]
		}
		return w.key.text
	}
	var columns []column
	if m.Source != "" {
		columns = append(columns, textColumn(m.Source, always, func(arena []byte, row int) ([]byte, bool) {
			return append(arena, m.Sources[lines[row].source]...), true
		}).ordered())
	}
	switch {
	case !m.IsWhole:
		return append(columns, textColumn(m.ID, always, func(arena []byte, row int) ([]byte, bool) { return append(arena, id(row)...), true }).ordered())
	case m.HasText:
		return append(columns, wholeColumn(m.ID, func(row int) int64 {
			whole, _ := strconv.ParseInt(id(row), 10, 64) // it was written by us
			return whole
		}).ordered())
	}
	return append(columns, wholeColumn(m.ID, func(row int) int64 { return lines[row].key.whole }).ordered())
}

func appendID(arena []byte, id cluster.ID) ([]byte, bool) {
	if id == (cluster.ID{}) {
		return arena, false
	}
	return id.Append(arena), true
}

func number(n float32, isKnown bool) (float64, bool) {
	return float64(n), isKnown && !math.IsNaN(float64(n))
}

func writeEvents(ctx context.Context, folder *workspace.Folder, name string, run RunOf, events []Event) error {
	return writeTable(ctx, folder, name, eventsColumns(run, events), len(events))
}

func eventsColumns(run RunOf, events []Event) []column {
	return []column{
		narrowColumn("run", func(int) int32 { return int32(run.Run) }).packed(),
		textColumn("as_at", always, func(arena []byte, _ int) ([]byte, bool) { return append(arena, run.AsAt...), true }).packed(),
		textColumn("event", always, func(arena []byte, row int) ([]byte, bool) { return append(arena, events[row].Kind...), true }).packed(),
		textColumn("person_id", always, func(arena []byte, row int) ([]byte, bool) { return events[row].ID.Append(arena), true }),
		textColumn("other_person_id", sometimes, func(arena []byte, row int) ([]byte, bool) { return appendID(arena, events[row].Other) }),
		narrowColumn("records", func(row int) int32 { return int32(events[row].Records) }),
		textColumn("reason", always, func(arena []byte, row int) ([]byte, bool) { return append(arena, events[row].Reason...), true }).packed(),
	}
}

// Export writes the persons of an index as of a run (a number), a day
// (YYYY-MM-DD: the last run whose date is not after it) or, when at is "", the
// last run: one line a record, in the order of ids.
func Export(ctx context.Context, index, at, out string) (run RunOf, err error) {
	folder, err := workspace.Open(index)
	if err != nil {
		return run, err
	}
	man, err := openManifest(folder)
	if err != nil {
		return run, err
	}
	last, err := man.asOf(at)
	if err != nil {
		return run, err
	}
	to, err := workspace.Open(filepath.Dir(out))
	if err != nil {
		return run, err
	}
	defer to.Tidy()
	db, err := duck.Open(ctx, duck.Options{MemoryBytes: 4 << 30})
	if err != nil {
		return run, err
	}
	defer db.Close()
	var files []string
	for _, name := range man.Persons[:last] {
		files = append(files, folder.Path(name))
	}
	record := duck.Name(man.ID)
	if man.Source != "" {
		record = duck.Name(man.Source) + ", " + record
	}
	query := "SELECT * FROM read_parquet(" + duck.Texts(files) + ") QUALIFY row_number() OVER (PARTITION BY " + record + " ORDER BY last_changed_run DESC) = 1 AND step <> '" + stepGone + "' ORDER BY " + record
	if last == 1 {
		query = strings.ReplaceAll(query, " QUALIFY row_number() OVER (PARTITION BY "+record+" ORDER BY last_changed_run DESC) = 1 AND", " WHERE")
	}
	return man.Runs[last-1], db.WriteParquet(ctx, to, filepath.Base(out), query)
}

// asOf finds the number of a run.
func (m *manifest) asOf(at string) (int, error) {
	if at == "" {
		return m.run(), nil
	}
	if n, err := strconv.Atoi(at); err == nil {
		if n < 1 || n > m.run() {
			return 0, problem.New(problem.Usage, "runs are numbered from 1", "the index has had %d runs; there is none of that number", m.run())
		}
		return n, nil
	}
	if !isDay(at) {
		return 0, problem.New(problem.Usage, "write a number, or a day as 2026-03-31", "--at is neither the number of a run nor a day")
	}
	for n := m.run(); n > 0; n-- {
		if m.Runs[n-1].AsAt <= at {
			return n, nil
		}
	}
	return 0, problem.New(problem.Usage, "give a later day", "the index has had no run by that day; the first is of %s", m.Runs[0].AsAt)
}
