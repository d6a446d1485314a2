package index

import (
	"context"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/linkage/cluster"
)

// writtenRows is how many rows are handed to DuckDB at a time.
const writtenRows = 1 << 15

// openWriter opens a database that writes rows in the order they come.
func openWriter(ctx context.Context) (*duck.DB, error) {
	return duck.Open(ctx, duck.Options{Threads: 1, MemoryBytes: 1 << 30})
}

func writeRows(ctx context.Context, db *duck.DB, folder *workspace.Folder, name string, schema *arrow.Schema, n int, fill func(*array.RecordBuilder, int)) error {
	build := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer build.Release()
	at := 0
	rows := duck.NewStream(schema, func() (arrow.RecordBatch, error) {
		if at >= n {
			return nil, nil
		}
		for end := min(at+writtenRows, n); at < end; at++ {
			fill(build, at)
		}
		return build.NewRecordBatch(), nil
	})
	return db.WithView("rows_to_write", rows, func() error {
		return db.WriteParquet(ctx, folder, name, "SELECT * FROM rows_to_write")
	})
}

// written is a line of persons, ready to be written.
type written struct {
	key      key
	source   int32
	line     line
	firstRun int32
}

func (m *manifest) personsSchema() *arrow.Schema {
	var fields []arrow.Field
	add := func(name string, typed arrow.DataType, nullable bool) {
		fields = append(fields, arrow.Field{Name: name, Type: typed, Nullable: nullable})
	}
	if m.Source != "" {
		add(m.Source, arrow.BinaryTypes.String, false)
	}
	if m.IsWhole {
		add(m.ID, arrow.PrimitiveTypes.Int64, false)
	} else {
		add(m.ID, arrow.BinaryTypes.String, false)
	}
	add("person_id", arrow.BinaryTypes.String, true)
	add("step", arrow.BinaryTypes.String, false)
	add("weight", arrow.PrimitiveTypes.Float64, true)
	add("match_key", arrow.BinaryTypes.String, true)
	add("runner_up", arrow.PrimitiveTypes.Float64, true)
	add("runner_up_person", arrow.BinaryTypes.String, true)
	add("margin", arrow.PrimitiveTypes.Float64, true)
	add("first_run", arrow.PrimitiveTypes.Int32, false)
	add("last_changed_run", arrow.PrimitiveTypes.Int32, false)
	return arrow.NewSchema(fields, nil)
}

// writePersons writes lines that are in the order of their keys.
func (m *manifest) writePersons(ctx context.Context, db *duck.DB, folder *workspace.Folder, name string, run int, lines []written) error {
	return writeRows(ctx, db, folder, name, m.personsSchema(), len(lines), func(b *array.RecordBuilder, i int) {
		at := 0
		next := func() array.Builder { at++; return b.Field(at - 1) }
		w := &lines[i]
		id := w.key.label(m.HasText)
		if m.Source != "" {
			source := m.Sources[w.source]
			next().(*array.StringBuilder).Append(source)
			id = id[len(source)+len("-__-"):]
		}
		if m.IsWhole {
			whole, _ := strconv.ParseInt(id, 10, 64)
			next().(*array.Int64Builder).Append(whole)
		} else {
			next().(*array.StringBuilder).Append(id)
		}
		l := &w.line
		appendText(next(), l.person.String(), l.person != (cluster.ID{}))
		next().(*array.StringBuilder).Append(l.step)
		appendNumber(next(), l.best, l.hasBest)
		appendText(next(), strconv.Itoa(int(l.rule)), l.hasBest)
		appendNumber(next(), l.runnerUp, l.hasOther)
		appendText(next(), l.other.String(), l.hasOther)
		appendNumber(next(), l.best-l.runnerUp, l.hasBest && l.hasOther)
		next().(*array.Int32Builder).Append(w.firstRun)
		next().(*array.Int32Builder).Append(int32(run))
	})
}

func appendText(b array.Builder, text string, isKnown bool) {
	if isKnown {
		b.(*array.StringBuilder).Append(text)
	} else {
		b.AppendNull()
	}
}

func appendNumber(b array.Builder, n float32, isKnown bool) {
	if isKnown && !math.IsNaN(float64(n)) {
		b.(*array.Float64Builder).Append(float64(n))
	} else {
		b.AppendNull()
	}
}

func eventsSchema() *arrow.Schema {
	text := arrow.BinaryTypes.String
	return arrow.NewSchema([]arrow.Field{
		{Name: "run", Type: arrow.PrimitiveTypes.Int32}, {Name: "as_at", Type: text}, {Name: "event", Type: text}, {Name: "person_id", Type: text},
		{Name: "other_person_id", Type: text, Nullable: true}, {Name: "records", Type: arrow.PrimitiveTypes.Int32}, {Name: "reason", Type: text},
	}, nil)
}

func writeEvents(ctx context.Context, db *duck.DB, folder *workspace.Folder, name string, run RunOf, events []Event) error {
	return writeRows(ctx, db, folder, name, eventsSchema(), len(events), func(b *array.RecordBuilder, i int) {
		e := &events[i]
		b.Field(0).(*array.Int32Builder).Append(int32(run.Run))
		b.Field(1).(*array.StringBuilder).Append(run.AsAt)
		b.Field(2).(*array.StringBuilder).Append(string(e.Kind))
		b.Field(3).(*array.StringBuilder).Append(e.ID.String())
		appendText(b.Field(4), e.Other.String(), e.Other != (cluster.ID{}))
		b.Field(5).(*array.Int32Builder).Append(int32(e.Records))
		b.Field(6).(*array.StringBuilder).Append(e.Reason)
	})
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
