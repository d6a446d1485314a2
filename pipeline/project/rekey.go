package project

import (
	"context"
	"errors"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/uuid"

	"tre/internal/duck"
	"tre/pipeline/linked"
	"tre/pseudonymise"
)

// domainOf is the space a column's keys live in. Columns that join within an
// extract share one: a mother is a person, and a spell, a referral and an event
// are events.
func domainOf(column string) string {
	switch column {
	case "person", "mother":
		return "person"
	case "event_id", "spell_id", "referral_id":
		return "event"
	case "pregnancy_id":
		return "pregnancy"
	}
	return "column " + column
}

// rekeyed reads rows under the region's pseudonyms and gives them under the
// project's: HMAC-SHA-256 under the project's key, in a domain of project and
// kind, of the region's 16 bytes.
type rekeyed struct {
	rows    array.RecordReader
	hashers []*pseudonymise.Hasher // by column; nil passes as it is
	schema  *arrow.Schema
	err     error // what ended it
}

func rekey(rows array.RecordReader, t linked.Table, project string, key pseudonymise.Key) *rekeyed {
	r := &rekeyed{rows: rows}
	var fields []arrow.Field
	for _, f := range rows.Schema().Fields() {
		var hasher *pseudonymise.Hasher
		if c, known := columnOf(t, f.Name); known && c.Type == "UUID" {
			hasher = key.Hasher("extract", project, domainOf(f.Name))
			f = arrow.Field{Name: f.Name, Type: extensions.NewUUIDType(), Nullable: true}
		}
		r.hashers = append(r.hashers, hasher)
		fields = append(fields, f)
	}
	r.schema = arrow.NewSchema(fields, nil)
	return r
}

// next gives a batch, or nil at the end, and after an error that error again.
func (r *rekeyed) next() (batch arrow.RecordBatch, err error) {
	if r.err == nil {
		batch, r.err = r.batch()
	}
	return batch, r.err
}

func (r *rekeyed) batch() (arrow.RecordBatch, error) {
	if !r.rows.Next() {
		return nil, r.rows.Err()
	}
	in := r.rows.RecordBatch()
	columns := make([]arrow.Array, in.NumCols())
	for i := range columns {
		column := in.Column(i)
		if r.hashers[i] == nil {
			column.Retain()
		} else {
			var err error
			if column, err = hashed(column, r.hashers[i]); err != nil {
				return nil, err
			}
		}
		columns[i] = column
	}
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	return array.NewRecordBatch(r.schema, columns, in.NumRows()), nil
}

var errNoKey = errors.New("a key of the linked records cannot be read")

// hashed replaces each key of a column; nothing stays nothing.
func hashed(column arrow.Array, h *pseudonymise.Hasher) (arrow.Array, error) {
	texts, ok := column.(*array.String)
	if !ok {
		return nil, errNoKey
	}
	b := extensions.NewUUIDBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(texts.Len())
	for i := range texts.Len() {
		if texts.IsNull(i) {
			b.AppendNull()
			continue
		}
		key, err := uuid.Parse(texts.Value(i))
		if err != nil {
			return nil, errNoKey
		}
		b.Append(h.Sum(key[:]))
	}
	return b.NewArray(), nil
}

// pass moves the rows of a query into a table of another engine, under the
// project's keys.
func pass(ctx context.Context, from *duck.DB, query string, to *duck.DB, table string, t linked.Table, project string, key pseudonymise.Key) error {
	return from.Arrow(ctx, query, func(rows array.RecordReader) error {
		r := rekey(rows, t, project, key)
		err := to.WithView("passing", duck.NewStream(r.schema, r.next), func() error {
			return to.Exec(ctx, "CREATE TABLE "+duck.Name(table)+" AS SELECT * FROM passing")
		})
		if r.err != nil {
			return r.err
		}
		return err
	})
}

// asText gives a table's listed columns as a query hands them over: keys as
// text, which is how they come out of the engine.
func asText(t linked.Table, columns []string) []string {
	all := []string{"person"}
	for _, c := range columns {
		if c != "person" {
			all = append(all, c)
		}
	}
	var list []string
	for _, name := range all {
		value := "kept." + duck.Name(name)
		if t.Name == "birth" && slices.Contains([]string{"mother", "mother_step", "pregnancy_id"}, name) {
			// Who is not in the extract must not be missed in it: not as a mother either.
			value = "CASE WHEN kept.mother IN (SELECT person FROM chosen) THEN " + value + " END"
		}
		if c, _ := columnOf(t, name); c.Type == "UUID" {
			value = "(" + value + ")::VARCHAR"
		}
		list = append(list, value+" AS "+duck.Name(name))
	}
	return list
}
