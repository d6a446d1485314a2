package optout

import (
	"context"
	"errors"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/pseudonymise"
)

// gather makes the table said(person UUID, provider, nhs_number, local_id):
// what every record that has a person says of numbers, usable ones only. One
// identity file is in memory at a time.
func (s Store) gather(ctx context.Context, db *duck.DB) error {
	names, err := s.Folder.Files(identityName)
	if err != nil {
		return err
	}
	if len(names) == 0 || !s.Folder.Exists(peopleName) {
		return problem.New(problem.Failed, "tre run REGION first", "the region has no person index")
	}
	err = db.Exec(ctx, "CREATE TABLE people AS SELECT record_key, person FROM read_parquet("+duck.Text(s.Folder.Path(peopleName))+
		"); CREATE TABLE said_twice (person UUID, provider VARCHAR, nhs_number VARCHAR, local_id VARCHAR)")
	if err != nil {
		return err
	}
	for _, name := range names {
		err := errors.Join(sealed.Load(ctx, db, "identity_file", s.Folder, []string{name}, s.Key),
			db.Exec(ctx, `INSERT INTO said_twice SELECT DISTINCT person, provider,
				CASE WHEN nhs_number_quality = 'valid' THEN nhs_number END, local_id FROM identity_file JOIN people USING (record_key);
				DROP TABLE identity_file`))
		if err != nil {
			return first(err)
		}
	}
	return db.Exec(ctx, "CREATE TABLE said AS SELECT DISTINCT * FROM said_twice; DROP TABLE said_twice; DROP TABLE people")
}

// first gives the problem of several errors, or all of them.
func first(err error) error {
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return p
	}
	return err
}

// Counts are how many people were checked against the list. They are for
// protecting, not for showing.
type Counts struct {
	People   int64 // in the region's person index
	NoNumber int64 // without a usable NHS number: they cannot be checked
	NotOn    int64 // with a number that is not on the list: opted out, or never asked about
	Checked  int64 // every number they were ever known by is on the list
}

// Checked makes the table of a name in another engine, of one column, person:
// the people whose every usable NHS number is on the list. Somebody known by
// two numbers is left out when one of them is not on it.
func (s Store) Checked(ctx context.Context, list List, to *duck.DB, table string) (Counts, error) {
	var c Counts
	db, err := s.open(ctx)
	if err != nil {
		return c, err
	}
	defer db.Close()
	if err := s.gather(ctx, db); err != nil {
		return c, err
	}
	if err := sealed.Load(ctx, db, "cleaned", s.Folder, []string{list.file()}, s.Key); err != nil {
		return c, err
	}
	err = db.Exec(ctx, `CREATE TABLE verdict AS SELECT person, count(DISTINCT said.nhs_number) AS known,
		count(DISTINCT cleaned.nhs_number) AS listed FROM said LEFT JOIN cleaned USING (nhs_number) GROUP BY person`)
	if err != nil {
		return c, err
	}
	err = db.Row(ctx, []any{&c.People, &c.NoNumber, &c.NotOn, &c.Checked}, `SELECT count(*), count(*) FILTER (known = 0),
		count(*) FILTER (listed < known), count(*) FILTER (known > 0 AND listed = known) FROM verdict`)
	if err != nil {
		return c, err
	}
	return c, hand(ctx, db, "SELECT person::VARCHAR AS person FROM verdict WHERE known > 0 AND listed = known", to, table, "person::UUID AS person")
}

// hand copies the rows of a query from one engine to a table of another.
func hand(ctx context.Context, from *duck.DB, query string, to *duck.DB, table, columns string) error {
	return from.Arrow(ctx, query, func(rows array.RecordReader) error {
		return to.WithView("handed", rows, func() error {
			return errors.Join(to.Exec(ctx, "CREATE TABLE "+duck.Name(table)+" AS SELECT "+columns+" FROM handed"), rows.Err())
		})
	})
}

// checkNumber tells a number that checks out. One that does not makes the
// national service refuse the whole file.
func checkNumber(text []byte) bool {
	digits, verdict := pseudonymise.CheckNHSNumber(text)
	return verdict == pseudonymise.Valid && string(digits[:]) == string(text)
}
