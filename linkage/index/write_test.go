package index

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/linkage/cluster"
)

// history is what a run is asked to write.
type history struct {
	man    *manifest
	run    RunOf
	lines  []written
	events []Event
}

// newHistory makes lines and events of every kind there is.
func newHistory(seed uint64, rows int, hasSources, isWhole bool) history {
	random := rand.New(rand.NewPCG(seed, 1))
	h := history{man: &manifest{ID: "id", IsWhole: isWhole, HasText: hasSources || !isWhole}, run: RunOf{Run: 1 + random.IntN(300), AsAt: "2026-01-31"}}
	if hasSources {
		h.man.Source, h.man.Sources = "source", []string{"gp", "hôpital", ""}
	}
	for range rows {
		h.lines = append(h.lines, h.line(random))
	}
	for range random.IntN(20) {
		kinds := []cluster.EventKind{cluster.Merged, cluster.Split, cluster.New, cluster.Gone}
		e := Event{Reason: pickOf(random, "new record", "changed record, constraint")}
		e.Kind, e.ID, e.Records = pickOf(random, kinds...), anID(random), random.IntN(1<<20)
		if random.IntN(2) == 0 {
			e.Other = anID(random)
		}
		h.events = append(h.events, e)
	}
	return h
}

func pickOf[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

func anID(random *rand.Rand) (id cluster.ID) {
	binary.LittleEndian.PutUint64(id[:], random.Uint64())
	binary.LittleEndian.PutUint64(id[8:], random.Uint64()|1)
	return id
}

func (h *history) line(random *rand.Rand) written {
	w := written{key: key{whole: int64(random.Uint64())}, firstRun: 1 + int32(random.IntN(300))}
	if h.man.HasText {
		id := pickOf(random, "", "é", "日本語", "a'b\"c", "\x00", "👩‍⚕️ x", strings.Repeat("ü", 3000)) + strconv.Itoa(random.IntN(100))
		if random.IntN(9) == 0 {
			id = ""
		}
		if h.man.IsWhole {
			id = strconv.FormatInt(w.key.whole, 10)
		}
		if h.man.Source != "" {
			w.source = int32(random.IntN(len(h.man.Sources)))
			id = h.man.Sources[w.source] + "-__-" + id
		}
		w.key = key{text: id}
	}
	w.line = line{step: pickOf(random, stepSingle, stepProbabilistic, stepDecision, stepGone)}
	number := func() float32 {
		return pickOf(random, float32(random.NormFloat64()), 0, float32(math.NaN()), float32(math.Inf(-1)), math.MaxFloat32)
	}
	if random.IntN(4) > 0 {
		w.line.person = anID(random)
	}
	if random.IntN(3) > 0 {
		w.line.hasBest, w.line.best, w.line.rule = true, number(), int16(random.IntN(1000))
	}
	if random.IntN(3) > 0 {
		w.line.hasOther, w.line.runnerUp, w.line.other = true, number(), anID(random)
	}
	return w
}

// row is what DuckDB is to read of a line.
func (h *history) row(w written) []any {
	l, row := w.line, []any(nil)
	id := w.key.text
	if h.man.Source != "" {
		row = append(row, h.man.Sources[w.source])
		id = strings.TrimPrefix(id, h.man.Sources[w.source]+"-__-")
	}
	switch whole, err := strconv.ParseInt(id, 10, 64); {
	case !h.man.HasText:
		row = append(row, w.key.whole)
	case h.man.IsWhole && err == nil:
		row = append(row, whole)
	default:
		row = append(row, id)
	}
	known := func(value any, isKnown bool) any {
		if n, isNumber := value.(float32); isNumber {
			value, isKnown = float64(n), isKnown && !math.IsNaN(float64(n))
		}
		if !isKnown {
			return nil
		}
		return value
	}
	return append(row, known(l.person.String(), l.person != cluster.ID{}), l.step, known(l.best, l.hasBest), known(strconv.Itoa(int(l.rule)), l.hasBest),
		known(l.runnerUp, l.hasOther), known(l.other.String(), l.hasOther), known(l.best-l.runnerUp, l.hasBest && l.hasOther), w.firstRun, int32(h.run.Run))
}

func (h *history) event(e Event) []any {
	other := any(nil)
	if e.Other != (cluster.ID{}) {
		other = e.Other.String()
	}
	return []any{int32(h.run.Run), h.run.AsAt, string(e.Kind), e.ID.String(), other, int32(e.Records), e.Reason}
}

// told runs a query.
func told(t testing.TB, query string, args ...any) (all [][]any) {
	t.Helper()
	rows, err := testDB().Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, _ := rows.Columns()
	for rows.Next() {
		row, into := make([]any, len(names)), make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// same compares rows one by one, since cmp takes long over many.
func same(t *testing.T, asked, read [][]any) {
	t.Helper()
	if len(asked) != len(read) {
		t.Fatalf("asked for %d rows, read %d", len(asked), len(read))
	}
	for i := range asked {
		if !slices.Equal(asked[i], read[i]) {
			t.Fatalf("row %d (asked for -, read +):\n%s", i, cmp.Diff(asked[i], read[i]))
		}
	}
}

// readBack writes a history and demands that DuckDB reads it, value by value.
func (h *history) readBack(t *testing.T, folder *workspace.Folder) {
	t.Helper()
	if err := errors.Join(h.man.writePersons(t.Context(), folder, "persons.parquet", h.run.Run, h.lines), writeEvents(t.Context(), folder, "events.parquet", h.run, h.events)); err != nil {
		t.Fatal(err)
	}
	persons, events := "read_parquet("+duck.Text(folder.Path("persons.parquet"))+")", "read_parquet("+duck.Text(folder.Path("events.parquet"))+")"
	inOrder := func(of string) [][]any {
		return told(t, "SELECT * EXCLUDE file_row_number FROM "+strings.TrimSuffix(of, ")")+", file_row_number = true) ORDER BY file_row_number")
	}
	var lines, changes [][]any
	for _, w := range h.lines {
		lines = append(lines, h.row(w))
	}
	for _, e := range h.events {
		changes = append(changes, h.event(e))
	}
	same(t, lines, inOrder(persons))
	same(t, changes, inOrder(events))
	if len(lines) == 0 {
		return
	}
	// Row groups and pages that say what they hold must not hide a row.
	at := len(lines[0]) - 10
	for _, row := range [][]any{lines[0], lines[len(lines)/2], lines[len(lines)-1]} {
		if found := told(t, "FROM "+persons+" WHERE id = ?", row[at]); len(found) == 0 {
			t.Fatalf("no line is found by id %v", row[at])
		}
	}
}

func TestDuckDBReadsWhatWasWritten(t *testing.T) {
	folder, err := workspace.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		h := newHistory(rapid.Uint64().Draw(r, "seed"), rapid.SampledFrom([]int{0, 1, 2, 17, valuesAtOnce, 1500}).Draw(r, "rows"), rapid.Bool().Draw(r, "sources"), rapid.Bool().Draw(r, "whole"))
		if keep := rapid.IntRange(0, 7).Draw(r, "keep"); keep < 2 { // a column of nothing, or of no null
			for i := range h.lines {
				h.lines[i].line.hasBest, h.lines[i].line.hasOther = keep == 1, keep == 1
			}
		}
		h.readBack(t, folder)
	})
}

func TestDuckDBReadsSeveralRowGroups(t *testing.T) {
	folder, err := workspace.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h := newHistory(1, groupRows+7, true, true)
	h.readBack(t, folder)
	groups := told(t, "SELECT DISTINCT row_group_num_rows FROM parquet_metadata("+duck.Text(folder.Path("persons.parquet"))+") ORDER BY 1")
	if d := cmp.Diff([][]any{{int64(7)}, {int64(groupRows)}}, groups); d != "" {
		t.Error(d)
	}
}

func TestWrittenTypes(t *testing.T) {
	folder, err := workspace.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	described := func(name string) string {
		var all []string
		for _, column := range told(t, "DESCRIBE FROM read_parquet("+duck.Text(folder.Path(name))+")") {
			all = append(all, fmt.Sprint(column[0], " ", column[1], " ", column[2]))
		}
		return strings.Join(all, ", ")
	}
	rest := "person_id VARCHAR YES, step VARCHAR YES, weight DOUBLE YES, match_key VARCHAR YES, runner_up DOUBLE YES, runner_up_person VARCHAR YES, margin DOUBLE YES, first_run INTEGER YES, last_changed_run INTEGER YES"
	for _, rows := range []int{0, 3} {
		for want, h := range map[string]history{
			"id VARCHAR YES, " + rest:                     newHistory(1, rows, false, false),
			"id BIGINT YES, " + rest:                      newHistory(1, rows, false, true),
			"source VARCHAR YES, id VARCHAR YES, " + rest: newHistory(1, rows, true, false),
			"source VARCHAR YES, id BIGINT YES, " + rest:  newHistory(1, rows, true, true),
		} {
			h.readBack(t, folder)
			if got := described("persons.parquet"); got != want {
				t.Errorf("persons are\n%s, not\n%s", got, want)
			}
			want := "run INTEGER YES, as_at VARCHAR YES, event VARCHAR YES, person_id VARCHAR YES, other_person_id VARCHAR YES, records INTEGER YES, reason VARCHAR YES"
			if got := described("events.parquet"); got != want {
				t.Errorf("events are\n%s, not\n%s", got, want)
			}
		}
	}
}

// TestExportMixesWriters replaces a file by one that DuckDB wrote, as versions
// before did.
func TestExportMixesWriters(t *testing.T) {
	o := built(t, drawn(60))
	must(t, delivered2(t, o, append(drawn(70)[60:], person{"100", "", "jane", "hill", "1981-05-05", ""})...))
	want := exported(t, o.Folder, "", false)
	folder, err := workspace.Open(o.Folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"persons-000001.parquet", "persons-000002.parquet"} {
		query := "FROM read_parquet(" + duck.Text(folder.Path(name)) + ")"
		if err := testDB().WriteParquet(t.Context(), folder, "rewritten", query); err != nil {
			t.Fatal(err)
		}
		data, err := folder.Read("rewritten")
		if err != nil {
			t.Fatal(err)
		}
		if err := folder.Write(name, data); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, exported(t, o.Folder, "", false)); d != "" {
			t.Errorf("with %s of DuckDB:\n%s", name, d)
		}
	}
}

// fullDisk takes so many bytes and no more.
type fullDisk struct{ left int }

func (d *fullDisk) Write(p []byte) (int, error) {
	taken := min(d.left, len(p))
	d.left -= taken
	if taken < len(p) {
		return taken, errors.New("no space left")
	}
	return taken, nil
}

func TestFullDiskIsSaid(t *testing.T) {
	h := newHistory(1, 300, true, false)
	columns := h.man.personsColumns(h.run.Run, h.lines)
	var whole bytes.Buffer
	if err := encodeTable(t.Context(), &whole, columns, len(h.lines)); err != nil {
		t.Fatal(err)
	}
	for room := 0; room < whole.Len(); room += 1 + room%97 {
		if encodeTable(t.Context(), &fullDisk{room}, columns, len(h.lines)) == nil {
			t.Fatalf("%d bytes were written to a disk with room for %d", whole.Len(), room)
		}
	}
	if err := encodeTable(t.Context(), &fullDisk{whole.Len()}, columns, len(h.lines)); err != nil {
		t.Error(err)
	}
}

// BenchmarkWritePersons writes the lines of a refresh and those of a build.
func BenchmarkWritePersons(b *testing.B) {
	for _, rows := range []int{22_748, 1_000_000} {
		b.Run(strconv.Itoa(rows), func(b *testing.B) {
			lines := likelyLines(rows)
			folder, err := workspace.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			m := &manifest{ID: "id", IsWhole: true}
			for b.Loop() {
				if err := m.writePersons(b.Context(), folder, "persons.parquet", 2, lines); err != nil {
					b.Fatal(err)
				}
			}
			data, err := folder.Read("persons.parquet")
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(data)), "file-bytes")
		})
	}
}

// likelyLines are lines in the order of ids, three records to a person.
func likelyLines(rows int) []written {
	random := rand.New(rand.NewPCG(1, 2))
	lines := make([]written, rows)
	for i := range lines {
		w := written{key: key{whole: int64(i * 7)}, firstRun: 1, line: line{person: anID(random), step: stepSingle}}
		if i%3 > 0 {
			w.line.person, w.line.step = lines[i-1].line.person, stepProbabilistic
			w.line.hasBest, w.line.best, w.line.rule = true, float32(5+random.IntN(3000))/100, int16(random.IntN(4))
		}
		if i%4 == 0 {
			w.line.hasOther, w.line.other, w.line.runnerUp = true, anID(random), float32(random.IntN(3000))/100
		}
		lines[i] = w
	}
	return lines
}
