package leak

import (
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	pq "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tre/internal/sealed"
)

const batchRows = 1024

// anyPrefix opens a sealed file wherever it lies: a copy is what is looked for.
type anyPrefix struct{}

// Verify takes every name.
func (anyPrefix) Verify(string) {}

// openParquet opens a Parquet file, with the key if it is sealed and there is
// one.
func openParquet(r parquet.ReaderAtSeeker, key sealed.Key) (*pq.Reader, error) {
	properties := parquet.NewReaderProperties(memory.DefaultAllocator)
	properties.BufferedStreamEnabled = true
	if seal := key.Encryption(""); seal != nil {
		properties.FileDecryptProps = parquet.NewFileDecryptionProperties(parquet.WithFooterKey(seal.FooterKey()),
			parquet.WithPrefixVerifier(anyPrefix{}), parquet.WithPlaintextAllowed())
	}
	return pq.NewParquetReader(r, pq.WithReadProps(properties))
}

// parquet looks through a Parquet file: the bytes as they are, which hold the
// footer, the key-value metadata and the statistics, and every column decoded.
func (x *file) parquet(name string, r io.ReaderAt, size int64) {
	before := len(x.findings)
	encrypted := isSealedFile(r, size)
	if encrypted && x.zone.None() {
		x.sealed = true
		x.raw(name, r, size)
		return
	}
	t := newTallies(x.set, "row")
	err := x.columns(t, io.NewSectionReader(r, 0, size))
	if err != nil && encrypted {
		x.sealed = true // with another key
		x.raw(name, r, size)
		return
	}
	if err != nil {
		x.cannot(name, whyUnread(err))
	}
	x.findings = append(x.findings, t.judge(name)...)
	x.findings = append(x.findings, x.unused(name, t, x.findings[before:])...)
	for i := before; encrypted && i < len(x.findings); i++ {
		x.findings[i].Sealed = true
	}
	if encrypted {
		x.raw(name, r, size)
		return
	}
	x.rawBeside(name, r, size, before)
}

// unused gives what only a dictionary holds.
func (x *file) unused(name string, t *tallies, known []Finding) (more []Finding) {
	for _, s := range x.spare {
		s.names = t.names
		for _, f := range s.judge(name) {
			if !slices.ContainsFunc(slices.Concat(known, more), func(k Finding) bool { return k.Kind == f.Kind && k.Column == f.Column }) {
				f.Note = "in the column's dictionary, and in no row"
				more = append(more, f)
			}
		}
	}
	x.spare = nil
	return more
}

// isSealedFile reports a Parquet file with an encrypted footer.
func isSealedFile(r io.ReaderAt, size int64) bool {
	var magic [4]byte
	if size < 8 {
		return false
	}
	_, err := r.ReadAt(magic[:], size-4)
	return (err == nil || err == io.EOF) && string(magic[:]) == "PARE"
}

// columns decodes every row group. The reader panics on some damage.
func (x *file) columns(t *tallies, r parquet.ReaderAtSeeker) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("damaged Parquet")
		}
		x.scan.hits = x.scan.hits[:0]
	}()
	opened, err := openParquet(r, x.zone)
	if err != nil {
		return err
	}
	s := opened.MetaData().Schema
	names := make([]string, s.NumColumns())
	for i := range names {
		names[i] = s.Column(i).Path()
	}
	t.names = x.shownNames(names)
	row := int64(1)
	for g := range opened.NumRowGroups() {
		if err := x.ctx.Err(); err != nil {
			return err
		}
		group := opened.RowGroup(g)
		if err := x.group(t, group, s, row); err != nil {
			return err
		}
		row += group.NumRows()
	}
	return nil
}

// group looks through one row group, flat columns row by row.
func (x *file) group(t *tallies, group *pq.RowGroupReader, s *schema.Schema, row int64) error {
	var flat []*columnReader
	for i := range s.NumColumns() {
		if err := x.dictionary(t, group, i); err != nil {
			return err
		}
		chunk, err := group.Column(i)
		if err != nil {
			return err
		}
		c := &columnReader{file: x, index: int32(i), chunk: chunk, describe: s.Column(i)}
		if s.Column(i).MaxRepetitionLevel() == 0 {
			flat = append(flat, c)
			continue
		}
		for chunk.HasNext() {
			if err := c.read(batchRows, func(int) {}); err != nil {
				return err
			}
			x.scan.endRow(t, row, nil)
		}
	}
	rows := make([][]hit, batchRows)
	for left := group.NumRows(); left > 0; {
		n := min(left, batchRows)
		for _, c := range flat {
			err := c.read(n, func(i int) {
				rows[i] = append(rows[i], x.scan.hits...)
				x.scan.hits = x.scan.hits[:0]
			})
			if err != nil {
				return err
			}
		}
		for i := range n {
			x.scan.hits = append(x.scan.hits[:0], rows[i]...)
			rows[i] = rows[i][:0]
			x.scan.endRow(t, row+i, nil)
		}
		row, left = row+n, left-n
		t.rows += n
	}
	return nil
}

// dictionary looks at a column's dictionary by itself: it may hold values that
// no row has any more.
func (x *file) dictionary(t *tallies, group *pq.RowGroupReader, i int) error {
	meta, err := group.MetaData().ColumnChunk(i)
	if err != nil || !meta.HasDictionaryPage() {
		return err
	}
	pages, err := group.GetColumnPageReader(i)
	if err != nil {
		return err
	}
	page, err := pages.GetDictionaryPage()
	if err != nil || page == nil {
		return err
	}
	s := newTallies(x.set, "row")
	x.scan.column, x.scan.bytes = int32(i), true
	for data := page.Data(); len(data) > 0; data = data[min(len(data), windowBytes):] {
		x.scan.text(data[:min(len(data), windowBytes+overlap)])
		kept := x.scan.hits[:0]
		for _, h := range x.scan.hits {
			if h.start < windowBytes && h.what != hitName && h.what != hitDigits && (h.what != hitNumber || h.known) {
				kept = append(kept, h)
			}
		}
		x.scan.hits = kept
		x.scan.endRow(s, 0, nil)
	}
	x.scan.column, x.scan.bytes = -1, false
	page.Release()
	x.spare = append(x.spare, s)
	return nil
}

// columnReader reads one column of a row group.
type columnReader struct {
	file     *file
	index    int32
	chunk    pq.ColumnChunkReader
	describe *schema.Column
	levels   []int16
	repeats  []int16
	values   any
	dull     [256]uint64 // values that hold nothing
}

// read looks at n rows; after each, done is told which one it was.
func (c *columnReader) read(n int64, done func(row int)) error {
	if c.levels == nil {
		c.levels, c.repeats = make([]int16, batchRows), make([]int16, batchRows)
	}
	date := false
	switch l := c.describe.LogicalType().(type) {
	case schema.DateLogicalType, *schema.DateLogicalType:
		date = true
	case schema.TimestampLogicalType, *schema.TimestampLogicalType:
		_ = l
		return nil
	}
	switch chunk := c.chunk.(type) {
	case *pq.ByteArrayColumnChunkReader:
		return each(c, chunk.ReadBatch, n, done, func(v parquet.ByteArray) { c.text(v) })
	case *pq.FixedLenByteArrayColumnChunkReader:
		return each(c, chunk.ReadBatch, n, done, func(v parquet.FixedLenByteArray) { c.fixed(v) })
	case *pq.Int64ColumnChunkReader:
		return each(c, chunk.ReadBatch, n, done, func(v int64) { c.integer(v) })
	case *pq.Int32ColumnChunkReader:
		if date {
			return each(c, chunk.ReadBatch, n, done, func(v int32) { c.day(v) })
		}
		return each(c, chunk.ReadBatch, n, done, func(v int32) { c.integer(int64(v)) })
	case *pq.Float64ColumnChunkReader:
		return each(c, chunk.ReadBatch, n, done, func(v float64) {
			if v == math.Trunc(v) && v >= 1e5 && v < 1e10 {
				c.integer(int64(v))
			}
		})
	}
	return nil // booleans, 96-bit times and halves hold no identifier
}

// each reads n values, null or not, and shows those that are not.
func each[T any](c *columnReader, read func(int64, []T, []int16, []int16) (int64, int, error), n int64, done func(int), show func(T)) error {
	values, ok := c.values.([]T)
	if !ok {
		values = make([]T, batchRows)
		c.values = values
	}
	highest, row := c.describe.MaxDefinitionLevel(), 0
	for left := n; left > 0; {
		if !c.chunk.HasNext() {
			if c.chunk.Err() != nil || c.describe.MaxRepetitionLevel() == 0 {
				return fmt.Errorf("a column ends too early")
			}
			return nil
		}
		total, _, err := read(left, values, c.levels, c.repeats)
		if err != nil {
			return err
		}
		if total <= 0 {
			return fmt.Errorf("a column ends too early")
		}
		at := 0
		for i := range total {
			if highest == 0 || c.levels[i] == highest {
				show(values[at])
				at++
			}
			done(row)
			row++
		}
		left -= total
	}
	return nil
}

// text looks at one value. Values repeat: those that hold nothing are
// remembered by their keyed hash.
func (c *columnReader) text(v []byte) {
	s := c.file.scan
	quick := maphash.Bytes(s.set.seed, v)
	slot := &c.dull[quick%256]
	if *slot == quick {
		return
	}
	before := len(s.hits)
	s.column = c.index
	s.text(v)
	if len(v) >= 8 && len(s.set.sorted[birthDates]) > 0 {
		s.dates(v)
	}
	s.column = -1
	if len(s.hits) == before {
		*slot = quick
	}
}

// fixed looks at bytes of a fixed length: those of UUIDs as text.
func (c *columnReader) fixed(v []byte) {
	if len(v) != 16 {
		c.text(v)
		return
	}
	if s := c.file.scan; len(s.set.sorted[localIDs]) > 0 {
		var text [32]byte
		hex.Encode(text[:], v)
		s.column = c.index
		s.localKey(text[:], 0, 32, s.compact(text[:]))
		s.column = -1
	}
}

// integer looks at a number that may be an NHS number or an id.
func (c *columnReader) integer(v int64) {
	if v < 1e5 || v > 1e18 {
		return
	}
	var text [24]byte
	b := strconv.AppendInt(text[:0], v, 10)
	if len(b) == 9 { // an NHS number that lost its 0
		b = append([]byte("0"), b...)
		if !usable(b) {
			b = b[1:]
		}
	}
	s := c.file.scan
	s.column = c.index
	s.figures(b, 0, len(b))
	s.column = -1
}

func (c *columnReader) day(v int32) {
	s := c.file.scan
	if len(s.set.sorted[birthDates]) == 0 {
		return
	}
	at := time.Unix(int64(v)*86400, 0).UTC()
	s.column = c.index
	s.date(nil, 0, 0, at.Year(), int(at.Month()), at.Day())
	s.column = -1
}
