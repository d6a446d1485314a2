package records

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/file"

	"tre/internal/duck"
	"tre/internal/problem"
)

// In says what to read.
type In struct {
	Files       []string // CSV (.csv, .csv.gz, .tsv) or Parquet (anything else)
	ID          string   // the column of unique ids
	Source      string   // the column that names the input; read where a file has it, else the file's name is used
	Columns     []string // the columns wanted, besides those
	Threads     int      // DuckDB's limits while reading; 0 means its defaults
	MemoryBytes int64
}

// Read reads records. CSV is read as text, in UTF-8 with a header; an empty
// field is null; ids that are all whole numbers are read as numbers. A missing
// column, an empty file and a null or repeated id are refused.
func Read(ctx context.Context, in In) (*Table, error) {
	if len(in.Files) == 0 {
		return nil, problem.New(problem.Usage, "name one or more CSV or Parquet files", "no records given")
	}
	db := &engine{options: duck.Options{Threads: in.Threads, MemoryBytes: in.MemoryBytes}}
	defer db.close()
	inputs := make([]input, len(in.Files))
	for i, file := range in.Files {
		var err error
		if inputs[i], err = open(ctx, db, file); err != nil {
			return nil, err
		}
	}
	kinds, err := settle(in, inputs)
	if err != nil {
		return nil, err
	}
	r := newReader(in, kinds)
	for _, input := range inputs {
		if err := r.read(ctx, db, input); err != nil {
			return nil, err
		}
	}
	t := r.table()
	return t, refuseIDs(ctx, db, t, inputs)
}

// engine is DuckDB, opened when it is first needed: flat Parquet is read
// without it.
type engine struct {
	options duck.Options
	db      *duck.DB
}

func (e *engine) open(ctx context.Context) (*duck.DB, error) {
	if e.db != nil {
		return e.db, nil
	}
	db, err := duck.Open(ctx, e.options)
	e.db = db
	return db, err
}

func (e *engine) close() {
	if e.db != nil {
		_ = e.db.Close()
	}
}

// input is one file, opened.
type input struct {
	path, from string // from is the file as a relation in SQL
	name       string // what the input is called when the file does not say
	isText     bool   // CSV: every column is text
	columns    map[string]string
}

func open(ctx context.Context, e *engine, path string) (input, error) {
	in := input{path: path, from: Relation(path), isText: isCSV(path), columns: map[string]string{}}
	in.name, _, _ = strings.Cut(filepath.Base(path), ".")
	if !in.isText && describeDirectly(path, in.columns) {
		return in, nil
	}
	clear(in.columns)
	db, err := e.open(ctx)
	if err != nil {
		return in, err
	}
	rows, err := db.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+in.from+")")
	if err != nil {
		return in, unreadable(ctx, path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return in, err
		}
		in.columns[name] = kind
	}
	return in, rows.Err()
}

// ColumnsOf gives the names of a file's columns.
func ColumnsOf(ctx context.Context, path string) ([]string, error) {
	db := &engine{}
	defer db.close()
	in, err := open(ctx, db, path)
	return slices.Sorted(maps.Keys(in.columns)), err
}

// Relation is a records file as a relation in SQL.
func Relation(path string) string {
	if isCSV(path) {
		delimiter := ","
		if strings.HasSuffix(strings.TrimSuffix(strings.ToLower(path), ".gz"), ".tsv") {
			delimiter = "\t"
		}
		return duck.CSVText(path, delimiter)
	}
	return "read_parquet(" + duck.Text(path) + ")"
}

// unreadable says which file and line, and nothing else of DuckDB's message,
// which quotes the line.
func unreadable(ctx context.Context, path string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if problem.HintOf(err) != "" {
		return err // ours already: memory ran out
	}
	if err := RefuseMissing(path); err != nil {
		return err
	}
	where := ""
	if line := duck.LineOf(err); line != "" {
		where = ", line " + line
	}
	return problem.New(problem.Failed, "records are CSV in UTF-8 with a header, every line with as many fields, or Parquet", "cannot read %s%s", path, where)
}

// RefuseMissing refuses files that are not there, before anything is made for
// them.
func RefuseMissing(files ...string) error {
	for _, path := range files {
		if _, err := os.Stat(path); err != nil {
			return problem.New(problem.Usage, "name a CSV or Parquet file that exists", "cannot read %s: no such file", path)
		}
	}
	return nil
}

func isCSV(path string) bool {
	name := strings.TrimSuffix(strings.ToLower(path), ".gz")
	return strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".tsv")
}

// settle finds one kind a column over all inputs: text, where they differ.
func settle(in In, inputs []input) (map[string]Kind, error) {
	kinds := map[string]Kind{}
	for _, input := range inputs {
		for _, name := range append([]string{in.ID}, in.Columns...) {
			typed, ok := input.typeOf(name)
			if !ok {
				return nil, problem.New(problem.Usage, columnsHint(input), "%s has no column %s, which the model needs", input.path, name)
			}
			kind, err := kindOf(typed)
			if err != nil {
				return nil, problem.Wrap(err, problem.Usage, "turn it into text, a number, a date or a list of those", "column %s of %s", name, input.path)
			}
			if before, seen := kinds[name]; seen && before != kind {
				kind = Text
			}
			kinds[name] = kind
		}
	}
	if k := kinds[in.ID]; k != Whole {
		kinds[in.ID] = Text
	}
	return kinds, nil
}

// typeOf gives the type of a column; as in SQL, case does not matter.
func (in input) typeOf(name string) (typed string, ok bool) {
	if typed, ok = in.columns[name]; ok {
		return typed, true
	}
	for column, typed := range in.columns {
		if strings.EqualFold(column, name) {
			return typed, true
		}
	}
	return "", false
}

// columnsHint lists the columns of a Parquet file. It does not list those of a
// CSV: in one without a header they are somebody's.
func columnsHint(in input) string {
	if in.isText {
		return "the first line of a CSV names its columns"
	}
	return "columns there are: " + strings.Join(slices.Sorted(maps.Keys(in.columns)), ", ")
}

// kindOf reads DuckDB's name of a type.
func kindOf(typed string) (Kind, error) {
	if element, isList := cutList(typed); isList {
		kind, err := kindOf(element)
		switch {
		case err != nil || kind == TextList || kind == NumberList:
			return 0, fmt.Errorf("type %s is not known here", typed)
		case kind == Whole || kind == Real:
			return NumberList, nil
		}
		return TextList, nil
	}
	switch typed, _, _ = strings.Cut(typed, "("); typed {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER":
		return Whole, nil
	case "FLOAT", "DOUBLE", "DECIMAL":
		return Real, nil
	case "BOOLEAN":
		return Boolean, nil
	case "DATE":
		return Date, nil
	case "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE":
		return Timestamp, nil
	case "STRUCT", "MAP", "UNION", "BLOB":
		return 0, fmt.Errorf("type %s is not known here", typed)
	}
	return Text, nil // VARCHAR, ENUM, UUID, HUGEINT, TIME …: as they print
}

// cutList gives the element type of T[] and T[3].
func cutList(typed string) (element string, isList bool) {
	if !strings.HasSuffix(typed, "]") {
		return "", false
	}
	return typed[:strings.LastIndexByte(typed, '[')], true
}

// sqlOf writes a column so that it arrives as text, BIGINT, DOUBLE, or a list.
func sqlOf(name string, kind Kind) string {
	column := duck.Name(name)
	switch kind {
	case Whole:
		return column + "::BIGINT"
	case Real:
		return column + "::DOUBLE"
	case Boolean:
		return column + "::INTEGER::BIGINT"
	case Date, Timestamp:
		return "epoch(" + column + ")::DOUBLE"
	case TextList:
		return column + "::VARCHAR[]"
	case NumberList:
		return column + "::DOUBLE[]"
	}
	return column + "::VARCHAR"
}

// reader gathers the inputs' rows in the order they come.
type reader struct {
	in       In
	names    []string
	encoders []*encoder
	ids      idReader
	sources  []string
	source   []int32
	rows     int
}

func newReader(in In, kinds map[string]Kind) *reader {
	r := &reader{in: in, ids: idReader{isWhole: kinds[in.ID] == Whole}}
	for _, name := range in.Columns {
		if slices.Contains(r.names, name) {
			continue
		}
		r.names = append(r.names, name)
		r.encoders = append(r.encoders, newEncoder(name, kinds[name]))
	}
	return r
}

// read takes one input. Each column has a goroutine of its own, which encodes
// while DuckDB reads on.
func (r *reader) read(ctx context.Context, e *engine, in input) error {
	asked := []string{sqlOf(r.in.ID, map[bool]Kind{true: Whole, false: Text}[r.ids.isWhole]), r.sourceSQL(in)}
	for i, name := range r.names {
		asked = append(asked, sqlOf(name, r.encoders[i].column.Kind))
	}
	before := r.rows
	if reader, leaves, ok := r.directly(in); ok {
		err := r.readDirectly(reader, leaves)
		if err != nil {
			return problem.Wrap(err, problem.Failed, "write the file again; any Parquet tool will do", "cannot read %s", in.path)
		}
		r.oneSource(in, r.rows-before)
		return r.refuseEmpty(in, before)
	}
	db, err := e.open(ctx)
	if err != nil {
		return err
	}
	err = db.Arrow(ctx, "SELECT "+strings.Join(asked, ", ")+" FROM "+in.from, r.take)
	if err != nil {
		return unreadable(ctx, in.path, err)
	}
	return r.refuseEmpty(in, before)
}

func (r *reader) refuseEmpty(in input, before int) error {
	if r.rows == before {
		return problem.New(problem.Usage, "give a file with records", "%s has no rows", in.path)
	}
	return nil
}

// directly opens a Parquet file to be read without DuckDB, if all that is wanted
// of it is flat.
func (r *reader) directly(in input) (*file.Reader, []leaf, bool) {
	if _, hasSource := in.columns[r.in.Source]; in.isText || hasSource {
		return nil, nil, false
	}
	kind := Text
	if r.ids.isWhole {
		kind = Whole
	}
	kinds, names := []Kind{kind}, []string{r.in.ID}
	for _, e := range r.encoders {
		kinds, names = append(kinds, e.column.Kind), append(names, e.column.Name)
	}
	return openDirectly(in.path, kinds, names)
}

// oneSource names the input of rows that do not say so themselves.
func (r *reader) oneSource(in input, rows int) {
	name := ""
	if len(r.in.Files) > 1 {
		name = in.name
	}
	at := slices.Index(r.sources, name)
	if at < 0 {
		at = len(r.sources)
		r.sources = append(r.sources, name)
	}
	r.source = slices.Grow(r.source, rows)
	for range rows {
		r.source = append(r.source, int32(at))
	}
}

// sourceSQL names the input of each row; a constant costs nothing to speak of.
func (r *reader) sourceSQL(in input) string {
	if _, has := in.columns[r.in.Source]; has {
		return "coalesce(" + duck.Name(r.in.Source) + "::VARCHAR, '')"
	}
	if len(r.in.Files) > 1 {
		return duck.Text(in.name)
	}
	return "''"
}

func (r *reader) take(batches array.RecordReader) error {
	feeds := make([]chan arrow.RecordBatch, len(r.encoders))
	done := make(chan struct{}, len(feeds))
	for i, e := range r.encoders {
		feeds[i] = make(chan arrow.RecordBatch, 8)
		go func() {
			for batch := range feeds[i] {
				e.add(batch.Column(i + 2))
				batch.Release()
			}
			done <- struct{}{}
		}()
	}
	for batches.Next() {
		batch := batches.RecordBatch()
		for _, feed := range feeds {
			batch.Retain()
			feed <- batch
		}
		r.ids.add(batch.Column(0))
		r.addSources(batch.Column(1).(*array.String))
		r.rows += int(batch.NumRows())
	}
	for _, feed := range feeds {
		close(feed)
	}
	for range feeds {
		<-done
	}
	return batches.Err()
}

func (r *reader) addSources(names *array.String) {
	last, at := "\x00", int32(0)
	for row := range names.Len() {
		if name := names.Value(row); name != last {
			found := slices.Index(r.sources, name)
			if found < 0 {
				found = len(r.sources)
				r.sources = append(r.sources, strings.Clone(name))
			}
			last, at = r.sources[found], int32(found)
		}
		r.source = append(r.source, at)
	}
}
