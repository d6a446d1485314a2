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

// personMap makes the table person_map(project, was, next) in an engine that
// spills nothing: each person's pseudonym before and after, in the region, of
// project "", and in the projects given.
func (r *rotation) personMap(ctx context.Context, to *duck.DB, projects []rotatedKey) error {
	from, err := duck.Open(ctx, duck.Options{Threads: r.was.Settings.Threads, MemoryBytes: r.was.Settings.MemoryMiB << 20})
	if err != nil {
		return err
	}
	zone := r.nextKey.Zone()
	defer zone.Wipe()
	err = r.mapInto(ctx, from, to, zone, projects)
	return errors.Join(err, from.Close())
}

func (r *rotation) mapInto(ctx context.Context, from, to *duck.DB, zone sealed.Key, projects []rotatedKey) error {
	if !r.next.Folder.Exists(linkage.PersonsFile) { // nobody yet
		return to.Exec(ctx, "CREATE TABLE person_map (project VARCHAR, was UUID, next UUID)")
	}
	if err := sealed.Load(ctx, from, "person_index", r.next.Folder, []string{linkage.PersonsFile}, zone); err != nil {
		return err
	}
	return from.Arrow(ctx, "SELECT DISTINCT person_id::VARCHAR FROM person_index WHERE person_id IS NOT NULL", func(people array.RecordReader) error {
		m := newMapping(people, r.key, r.nextKey, projects)
		stream := duck.NewStream(m.schema, m.next)
		return to.WithView("mapped", stream, func() error {
			return errors.Join(to.Exec(ctx, "CREATE TABLE person_map AS SELECT * FROM mapped"), stream.Err())
		})
	})
}

// mapping turns batches of person ids into lines of person_map.
type mapping struct {
	people   array.RecordReader
	schema   *arrow.Schema
	was, now *pseudonymise.Hasher
	projects []projectHashers
}

type projectHashers struct {
	id        string
	was, next *pseudonymise.Hasher
}

func newMapping(people array.RecordReader, was, next pseudonymise.Key, projects []rotatedKey) *mapping {
	m := &mapping{people: people, was: was.Hasher("person"), now: next.Hasher("person"), schema: arrow.NewSchema([]arrow.Field{
		{Name: "project", Type: arrow.BinaryTypes.String}, {Name: "was", Type: extensions.NewUUIDType()}, {Name: "next", Type: extensions.NewUUIDType()}}, nil)}
	for _, p := range projects {
		if p.was.Usable() && p.next.Usable() {
			// As project.Extract makes them.
			m.projects = append(m.projects, projectHashers{p.id, p.was.Hasher("extract", p.id, "person"), p.next.Hasher("extract", p.id, "person")})
		}
	}
	return m
}

func (m *mapping) next() (arrow.RecordBatch, error) {
	if !m.people.Next() {
		return nil, m.people.Err()
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, m.schema)
	defer b.Release()
	project, was, next := b.Field(0).(*array.StringBuilder), b.Field(1).(*extensions.UUIDBuilder), b.Field(2).(*extensions.UUIDBuilder)
	ids := m.people.RecordBatch().Column(0).(*array.String)
	for i := range ids.Len() {
		person, err := uuid.Parse(ids.Value(i))
		if err != nil {
			return nil, errors.New("an id of the person index cannot be read")
		}
		before, after := m.was.Sum(person[:]), m.now.Sum(person[:])
		project.Append("")
		was.Append(before)
		next.Append(after)
		for _, p := range m.projects {
			project.Append(p.id)
			was.Append(p.was.Sum(before[:]))
			next.Append(p.next.Sum(after[:]))
		}
	}
	return b.NewRecordBatch(), nil
}
