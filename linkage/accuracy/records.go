package accuracy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
)

const (
	sourceDataset = "source_dataset"
	maxGroups     = 1000 // more distinct values than this are no subgroups
)

func (r Records) source() string {
	if r.Source == "" {
		return sourceDataset
	}
	return r.Source
}

// open opens every file of records and checks the columns it must have.
func (b *bench) openRecords(ctx context.Context, r Records) ([]file, error) {
	if len(r.Paths) == 0 {
		return nil, problem.New(problem.Usage, "name the CSV or Parquet files that were linked", "no records were given")
	}
	var files []file
	for _, path := range r.Paths {
		f, err := b.openFile(ctx, path)
		if err != nil {
			return nil, err
		}
		if err := f.need(r.needed()...); err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func (r Records) needed() []string {
	needed := slices.Clone(r.By)
	for _, c := range []string{r.ID, r.Truth} {
		if c != "" {
			needed = append(needed, c)
		}
	}
	return needed
}

// loadRecords makes the table record from the files: row, id, home (what tells
// equal ids apart), source, person, by_1, by_2 ... The id column exists in all.
func (b *bench) loadRecords(ctx context.Context, r Records, files []file) error {
	personType := "VARCHAR"
	if r.Truth != "" {
		personType = commonType(typesOf(files, r.Truth)...)
	}
	declared := []string{"source VARCHAR", "id " + b.idType, "person " + personType}
	for i := range r.By {
		declared = append(declared, fmt.Sprintf("by_%d VARCHAR", i+1))
	}
	if err := b.db.Exec(ctx, "CREATE TABLE loaded ("+strings.Join(declared, ", ")+")"); err != nil {
		return fmt.Errorf("open records: %w", err)
	}
	for _, f := range files {
		selected := []string{b.sourceOf(r, f), value(r.ID, b.idType), "NULL"}
		if r.Truth != "" {
			selected[2] = value(r.Truth, personType)
		}
		for _, column := range r.By {
			selected = append(selected, value(column, "VARCHAR"))
		}
		if err := b.db.Exec(ctx, "INSERT INTO loaded SELECT "+strings.Join(selected, ", ")+" FROM "+f.from); err != nil {
			return unreadable(err, f.path)
		}
	}
	if err := b.encode(ctx); err != nil {
		return err
	}
	return b.checkRecords(ctx, r)
}

// sourceOf says in SQL which input a row of a file belongs to.
func (b *bench) sourceOf(r Records, f file) string {
	if f.has(r.source()) && b.matchSource {
		return value(r.source(), "VARCHAR")
	}
	return duck.Text(sourceName(f.path))
}

// encode turns what was loaded into the table record.
func (b *bench) encode(ctx context.Context) error {
	if err := b.db.Exec(ctx, fmt.Sprintf("CREATE TABLE matching AS SELECT %v AS by_source", b.matchSource)); err != nil {
		return err
	}
	if err := b.run(ctx, "records"); err != nil {
		return err
	}
	return b.db.Row(ctx, []any{&b.sources}, "SELECT count(*) FROM source")
}

func (b *bench) checkRecords(ctx context.Context, r Records) error {
	var records, nameless, homeless, repeated, known int64
	err := b.db.Row(ctx, []any{&records, &nameless, &homeless, &repeated, &known}, "SELECT records, nameless, homeless, repeated, known FROM record_check")
	named := strings.Join(r.Paths, ", ")
	switch {
	case err != nil:
		return err
	case records == 0:
		return problem.New(problem.Failed, "give files with records", "%s: no rows", named)
	case nameless > 0:
		return problem.New(problem.Failed, "give every record an id", "%s: column %s: null in %s", named, r.ID, counted(nameless, "row", "rows"))
	case homeless > 0:
		return problem.New(problem.Failed, "name the input of every record", "%s: column %s: null in %s", named, r.source(), counted(homeless, "row", "rows"))
	case repeated > 0:
		return problem.New(problem.Failed, "give every record an id of its own", "%s: column %s: %s repeated", named, r.ID, counted(repeated, "id is", "ids are"))
	case r.Truth != "" && known == 0:
		return problem.New(problem.Failed, "name the column that says which records are one person", "%s: column %s: null in every row", named, r.Truth)
	}
	return b.checkGroups(ctx, r)
}

func (b *bench) checkGroups(ctx context.Context, r Records) error {
	for i, column := range r.By {
		var values int64
		if err := b.db.Row(ctx, []any{&values}, fmt.Sprintf("SELECT count(DISTINCT by_%d) FROM record", i+1)); err != nil {
			return err
		}
		if values > maxGroups {
			return problem.New(problem.Usage, "name a column of groups, such as a band of ages", "column %s has %d distinct values, more than the %d that subgroups may have", column, values, maxGroups)
		}
	}
	return nil
}

func typesOf(files []file, column string) []string {
	var types []string
	for _, f := range files {
		types = append(types, f.typeOf(column))
	}
	return types
}
