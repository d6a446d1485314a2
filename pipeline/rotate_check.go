package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
)

// check compares what stands with what is to take its place. A rotation that
// does not pass it changes nothing.
func (r *rotation) check(ctx context.Context) error {
	// In memory: what leads from old pseudonyms to new ones must not be spilled.
	db, err := duck.Open(ctx, duck.Options{Threads: r.was.Settings.Threads, MemoryBytes: r.was.Settings.MemoryMiB << 20})
	if err != nil {
		return err
	}
	return errors.Join(r.checkIn(ctx, db), db.Close())
}

func (r *rotation) checkIn(ctx context.Context, db *duck.DB) error {
	if err := r.personMap(ctx, db, nil); err != nil {
		return err
	}
	if err := r.checkPersons(ctx, db); err != nil {
		return err
	}
	for _, under := range []string{peopleName, "linked", "scores", "projects"} {
		names, err := r.sameFiles(under)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := r.checkFile(ctx, db, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkPersons demands that each person has one pseudonym on both sides and
// that no pseudonym of before is one of after.
func (r *rotation) checkPersons(ctx context.Context, db *duck.DB) error {
	var all, was, next, both int64
	err := db.Row(ctx, []any{&all, &was, &next, &both}, `SELECT count(*), count(DISTINCT was), count(DISTINCT next),
		count(*) FILTER (was IN (SELECT next FROM person_map)) FROM person_map`)
	if err != nil {
		return err
	}
	if all != was || all != next || both > 0 {
		return notTheSame("%d persons have %d pseudonyms before and %d after, %d of which are the same", all, was, next, both)
	}
	r.result.Persons = all
	return nil
}

// sameFiles lists the Parquet files under a name, which must be the same on
// both sides, but for extracts, which may be withdrawn.
func (r *rotation) sameFiles(under string) ([]string, error) {
	was, err := r.was.Folder.Files(under)
	if err != nil {
		return nil, err
	}
	next, err := r.next.Folder.Files(under)
	if err != nil {
		return nil, err
	}
	other := func(name string) bool { return !strings.HasSuffix(name, ".parquet") }
	was, next = slices.DeleteFunc(was, other), slices.DeleteFunc(next, other)
	if under == "projects" {
		return slices.DeleteFunc(next, func(name string) bool { return !slices.Contains(was, name) }), nil
	}
	if !slices.Equal(was, next) {
		return nil, notTheSame("%s/ has %d files before and %d after", under, len(was), len(next))
	}
	return next, nil
}

// checkFile demands as many rows for each person as before, and that no keyed
// value stands in the same column of the file as before. Values of other
// columns need no look: a keyed hash of the new key is none of the old by
// chance, and one that was made without the key is the same in its own column.
func (r *rotation) checkFile(ctx context.Context, db *duck.DB, name string) error {
	was, next := r.was.Folder.Path(name), r.next.Folder.Path(name)
	columns, err := keyColumns(ctx, db, next)
	if err != nil {
		return err
	}
	if strings.HasPrefix(name, "linked/") || name == peopleName {
		var differ int64
		err := db.Row(ctx, []any{&differ}, `SELECT count(*) FROM
			(SELECT m.next AS person, count(*) AS n FROM read_parquet(`+duck.Text(was)+`) w LEFT JOIN person_map m ON m.was = w.person GROUP BY ALL) AS b
			FULL JOIN (SELECT person, count(*) AS n FROM read_parquet(`+duck.Text(next)+`) GROUP BY ALL) AS a USING (person) WHERE a.n IS DISTINCT FROM b.n`)
		if err != nil {
			return err
		}
		if differ > 0 {
			return notTheSame("%s: %d persons have other numbers of rows than before", name, differ)
		}
	}
	for _, column := range columns {
		c := duck.Name(column)
		var stayed int64
		err := db.Row(ctx, []any{&stayed}, "SELECT count(*) FROM read_parquet("+duck.Text(next)+") WHERE "+c+" IN (SELECT "+c+" FROM read_parquet("+duck.Text(was)+") WHERE "+c+" IS NOT NULL)")
		if err != nil {
			return err
		}
		if stayed > 0 {
			return notTheSame("%s: column %s: %d rows keep their value, which is then no keyed hash", name, column, stayed)
		}
	}
	return nil
}

func notTheSame(format string, args ...any) error {
	return problem.New(problem.Failed, "report this, with what it says; nothing was changed", "the records under the next key are not the same: %s", fmt.Sprintf(format, args...))
}
