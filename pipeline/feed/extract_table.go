package feed

import (
	"fmt"
	"runtime"
	"slices"

	"tre/internal/sealed"
)

// tableWriter holds the two sides of one table of a delivery.
type tableWriter struct {
	x          *extraction
	table      *Table
	payload    *parquetFile
	identities *identityFile // nil where rows name nobody
	tally      *tally
	lone       lone  // values that may not repeat
	base       int64 // rows of the files before
}

// table extracts the files of one table.
func (x *extraction) table(parts []part) error {
	t := parts[0].table
	w := &tableWriter{x: x, table: t, tally: newTally(len(t.Properties)), lone: lone{}}
	id := x.manifest.ID
	columns, err := x.columns(&parts[0])
	if err != nil {
		return err
	}
	shape := compileSplit(x.job, x.layout.contract, t, x.checker(&parts[0], columns, newTally(0)), id)
	if w.payload, err = newParquetFile(x.job.Region, PayloadName(x.manifest.Feed, t.Name, id), shape.vectors(), sealed.Key{}); err != nil {
		return err
	}
	x.files = append(x.files, w.payload)
	if slices.ContainsFunc(shape.subjects, func(p subjectPlan) bool { return p.role != "key" }) {
		if w.identities, err = newIdentityFile(x.job, t.Name, id); err != nil {
			return err
		}
		x.files = append(x.files, w.identities.file)
	}
	for i := range parts {
		if err := w.file(&parts[i]); err != nil {
			return err
		}
	}
	return w.finish(columns)
}

// columns compiles the contract's columns for one file's header.
func (x *extraction) columns(p *part) ([]column, error) {
	columns := make([]column, len(p.table.Properties))
	if x.patterns == nil {
		x.patterns = map[string]*matcher{}
	}
	compiler := columnCompiler{reading: x.layout.contract.Reading, table: p.table, patterns: x.patterns}
	var err error
	for i := range columns {
		if columns[i], err = compiler.compile(i, p.at[i]); err != nil {
			return nil, err
		}
	}
	return columns, nil
}

// checker makes a checker for one file.
func (x *extraction) checker(p *part, columns []column, t *tally) *checker {
	reading, rules := x.layout.contract.Reading, p.table.Rules
	k := &checker{columns: columns, fields: len(p.header), decoded: reading.Encoding != "utf-8", nulls: newNullSet(reading.Nulls),
		deleted: -1, month: -1, gone: map[string]bool{}, tally: t, produced: dayOfDigits(x.manifest.Produced)}
	for _, d := range reading.NullDates {
		k.nullDays = append(k.nullDays, dayOfDigits(digitsOf(d)))
	}
	for _, v := range rules.DeletedValues {
		k.gone[v] = true
	}
	for i := range columns {
		if columns[i].at < 0 {
			continue
		}
		if columns[i].name == rules.Deleted {
			k.deleted = columns[i].at
		}
		if columns[i].name == rules.Month {
			k.month = i
		}
		if slices.Contains(p.table.Properties[i].Rules.Use, "withheld") {
			k.withheld = append(k.withheld, columns[i].at)
		}
	}
	return k
}

// dayOfDigits gives the day of yyyyMMdd and more digits, 0 when there is none.
func dayOfDigits(digits string) int64 {
	layout, _ := compileLayout("yyyyMMdd")
	if len(digits) < 8 {
		return 0
	}
	m, ok := layout.parse([]byte(digits[:8]))
	if !ok {
		return 0
	}
	return m.days()
}

// file sends one file through the scanner, the workers and the writers. Blocks
// are written in the order they were read, whoever checked them.
func (w *tableWriter) file(p *part) error {
	s, closer, err := w.x.layout.openScanner(p)
	if err != nil {
		return err
	}
	defer closer.Close()
	columns, err := w.x.columns(p)
	if err != nil {
		return err
	}
	workers := w.x.job.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	line := newPipeline(workers)
	splitters := make([]*splitter, workers)
	for i := range splitters {
		k := w.x.checker(p, columns, newTally(len(columns)))
		splitters[i] = compileSplit(w.x.job, w.x.layout.contract, w.table, k, w.x.manifest.ID)
	}
	w.seenIn(p)
	err = line.run(w.x.ctx, s, w.base, splitters, func(b *block) error { return w.write(p, b) })
	if err != nil {
		return err
	}
	for _, k := range splitters {
		w.tally.add(k.tally)
	}
	if s.blank > 0 {
		w.x.note("%s: %d empty lines were passed over", p.member.path, s.blank)
	}
	w.base += s.record
	w.x.read += s.read
	return nil
}

// seenIn makes the identities of a new file distinct by themselves.
func (w *tableWriter) seenIn(p *part) {
	if w.identities != nil {
		w.identities.path = p.member.path
		clear(w.identities.seen)
	}
}

func (w *tableWriter) write(p *part, b *block) error {
	if w.x.job.Progress != nil {
		w.x.job.Progress(w.x.read + b.endsAt)
	}
	if err := w.payload.write(b.payload, keptRows(b)); err != nil {
		return err
	}
	if w.identities != nil {
		if err := w.identities.write(b.identities); err != nil {
			return err
		}
	}
	w.lone.repeated(b, w.tally)
	for _, cell := range b.broken {
		if cell.severity == rejectFile && w.x.first == nil {
			w.x.first = w.rejected(p, cell)
		}
	}
	return w.x.quarantine.write(w.table, p.member.path, b.broken)
}

func (w *tableWriter) rejected(p *part, cell brokenCell) *Refusal {
	if cell.rule == ruleTruncated {
		return refuse(ruleTruncated, "%s: row %d: the file breaks off in the middle of a row: ask the sender to send it again", p.member.path, cell.row)
	}
	if cell.rule == ruleRepeated {
		return refuse(ruleRepeated, "%s: row %d: column %s: the value stands in an earlier row too, and the contract allows it once: ask the sender to correct the table and send it again",
			p.member.path, cell.row, w.table.Properties[cell.column].Name)
	}
	return refuse(cell.rule, "%s: row %d: column %s: rule %s sets the whole delivery aside",
		p.member.path, cell.row, w.table.Properties[cell.column].Name, cell.rule)
}

func keptRows(b *block) int {
	kept := 0
	for _, bad := range b.bad {
		kept += int(b2i(!bad))
	}
	return kept
}

// finish closes both sides and proves that every row is accounted for.
func (w *tableWriter) finish(columns []column) error {
	c := w.tally.counts
	c.Table, c.Full = w.table.Name, w.x.layout.full[w.table.Name]
	if w.identities != nil {
		c.Identities = w.identities.file.total
		if err := w.identities.file.finish(); err != nil {
			return err
		}
	}
	if err := w.payload.finish(); err != nil {
		return err
	}
	if c.RowsIn != c.Kept+c.Quarantined || c.RowsIn != w.base || c.Kept != w.payload.total {
		return fmt.Errorf("table %s: rows do not add up: %d read, %d counted, %d kept, %d written, %d quarantined",
			w.table.Name, w.base, c.RowsIn, c.Kept, w.payload.total, c.Quarantined)
	}
	m := &w.x.manifest
	m.Tables = append(m.Tables, c)
	m.Rules = append(m.Rules, w.tally.broken(w.table.Name, columns)...)
	produced := int32(0)
	if day := dayOfDigits(m.Produced); day != 0 {
		produced = monthSlot(day)
	}
	m.Quality = append(m.Quality, w.tally.fields(w.table.Name, columns, produced)...)
	return nil
}
