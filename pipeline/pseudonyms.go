package pipeline

import (
	"context"
	"errors"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/uuid"

	"tre/internal/duck"
	"tre/internal/sealed"
	"tre/linkage"
	"tre/pseudonymise"
)

// pseudonymised says what stands in identified/index/people.parquet.
type pseudonymised struct {
	Records int64  `json:"records"` // lines: records that have a person
	Key     string `json:"key"`     // the key's fingerprint
}

// pseudonymise replaces each person id of the index by a keyed hash: the file
// it writes is all that later steps know of people.
func (j *job) pseudonymise(ctx context.Context, index linkage.Result) (pseudonymised, error) {
	if index.Records == 0 {
		return pseudonymised{}, nil
	}
	state, _ := readState(j.region.Folder, "link")
	return step(j, "pseudonymise", "", []any{state.Inputs, state.Outputs, j.keyID}, func() (pseudonymised, []string, error) {
		result := pseudonymised{Key: j.keyID}
		from, err := j.openSealed(ctx)
		if err != nil {
			return result, nil, err
		}
		to, err := j.open(ctx)
		if err != nil {
			return result, nil, errors.Join(err, from.Close())
		}
		result.Records, err = j.writePeople(ctx, from, to)
		j.counted = result.Records
		return result, []string{peopleName}, errors.Join(err, from.Close(), to.Close())
	})
}

// writePeople streams the index out of one engine, through the keyed hash,
// into another that sorts and writes it.
func (j *job) writePeople(ctx context.Context, from, to *duck.DB) (int64, error) {
	if err := sealed.Load(ctx, from, "person_index", j.region.Folder, []string{indexName}, j.zone); err != nil {
		return 0, err
	}
	query := "SELECT record_key::VARCHAR, person_id::VARCHAR FROM person_index WHERE person_id IS NOT NULL"
	var lines int64
	err := from.Arrow(ctx, query, func(index array.RecordReader) error {
		hashed := &pseudonymReader{index: index, schema: peopleSchema(), hasher: j.key.Hasher("person")}
		return to.WithView("hashed", hashed, func() error {
			err := to.WriteParquet(ctx, j.region.Folder, peopleName, "SELECT record_key, person FROM hashed ORDER BY record_key, person")
			lines = hashed.lines
			return errors.Join(err, hashed.err)
		})
	})
	return lines, err
}

func peopleSchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{{Name: "record_key", Type: extensions.NewUUIDType()}, {Name: "person", Type: extensions.NewUUIDType()}}, nil)
}

// pseudonymReader turns batches of (record key, person id) as text into
// batches of (record key, pseudonym) as UUIDs.
type pseudonymReader struct {
	index  array.RecordReader
	schema *arrow.Schema
	hasher *pseudonymise.Hasher
	batch  arrow.RecordBatch
	lines  int64
	err    error
}

// Retain does nothing: the reader lives as long as the view it feeds.
func (r *pseudonymReader) Retain() {}

// Release does nothing, likewise.
func (r *pseudonymReader) Release() {}

// Schema is that of the batches to come: record key and pseudonym.
func (r *pseudonymReader) Schema() *arrow.Schema { return r.schema }

// Record is the batch Next made.
func (r *pseudonymReader) Record() arrow.RecordBatch { return r.batch }

// RecordBatch is the same.
func (r *pseudonymReader) RecordBatch() arrow.RecordBatch { return r.batch }

// Err is what ended the batches early, if anything did.
func (r *pseudonymReader) Err() error { return r.err }

// Next hashes the next batch. The batch before it is released: DuckDB has
// copied it by then.
func (r *pseudonymReader) Next() bool {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
	if r.err != nil || !r.index.Next() {
		r.err = errors.Join(r.err, r.index.Err())
		return false
	}
	r.batch, r.err = r.hash(r.index.RecordBatch())
	return r.err == nil
}

func (r *pseudonymReader) hash(in arrow.RecordBatch) (arrow.RecordBatch, error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, r.schema)
	defer b.Release()
	keys, people := in.Column(0).(*array.String), in.Column(1).(*array.String)
	toKeys, toPeople := b.Field(0).(*extensions.UUIDBuilder), b.Field(1).(*extensions.UUIDBuilder)
	for i := range int(in.NumRows()) {
		key, err := uuid.Parse(keys.Value(i))
		if err != nil {
			return nil, err
		}
		person, err := uuid.Parse(people.Value(i))
		if err != nil {
			return nil, err
		}
		toKeys.Append(key)
		toPeople.Append(r.hasher.Sum(person[:]))
	}
	r.lines += in.NumRows()
	return b.NewRecordBatch(), nil
}
