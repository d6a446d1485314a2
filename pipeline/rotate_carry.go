package pipeline

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tre/internal/duck"
)

// carryAnswers puts the answers as they were in the place of those the run
// made, and persons' scores and flags under the new pseudonyms.
//
// An answer holds no pseudonym. But where a question cuts people into groups of
// one size, or draws some, it is their order that decides between equals, and
// pseudonyms are that order: asked anew, a few cells would differ by a few
// people, for nothing, and beside the answer before they would tell something
// about them.
func (r *rotation) carryAnswers(ctx context.Context) error {
	was, next := r.was.Folder, r.next.Folder
	if err := next.Remove("analyses"); err != nil {
		return err
	}
	if err := was.CopyTo(next, "analyses"); err != nil {
		return err
	}
	if err := r.carryScores(ctx); err != nil {
		return err
	}
	if was.Exists(reportName) {
		page, err := was.Read(reportName)
		if err != nil {
			return err
		}
		// The page names the key that the records were made with.
		page = bytes.ReplaceAll(page, []byte(r.result.FromID), []byte(r.result.ToID))
		if err := next.Write(reportName, page); err != nil {
			return err
		}
	}
	return errors.Join(r.restate("analyse"), r.restate("report"))
}

// restate says in a step's state what stands now.
func (r *rotation) restate(step string) error {
	before, found := readState(r.was.Folder, step)
	after, foundAfter := readState(r.next.Folder, step)
	if !found || !foundAfter {
		return nil
	}
	names := make([]string, len(before.Outputs))
	for i, o := range before.Outputs {
		names[i] = o.Path
	}
	var err error
	if after.Outputs, err = sized(r.next.Folder, names); err != nil {
		return err
	}
	after.Result, after.Millis = before.Result, before.Millis
	return after.write(r.next.Folder)
}

// carryScores writes what is kept about single persons under their new
// pseudonyms. A table that holds other keys too, such as that of a spell, stays
// as the run made it.
func (r *rotation) carryScores(ctx context.Context) error {
	names, err := r.was.Folder.Files("scores")
	if err != nil || len(names) == 0 {
		return err
	}
	db, err := duck.Open(ctx, duck.Options{Threads: r.was.Settings.Threads, MemoryBytes: r.was.Settings.MemoryMiB << 20})
	if err != nil {
		return err
	}
	return errors.Join(r.writeScores(ctx, db, names), db.Close())
}

func (r *rotation) writeScores(ctx context.Context, db *duck.DB, names []string) error {
	if err := r.personMap(ctx, db, nil); err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".parquet") {
			continue
		}
		keys, err := keyColumns(ctx, db, r.was.Folder.Path(name))
		if err != nil {
			return err
		}
		others := slices.DeleteFunc(slices.Clone(keys), func(column string) bool { return column == "person" })
		if len(others) > 0 && r.next.Folder.Exists(name) {
			continue
		}
		file := "read_parquet(" + duck.Text(r.was.Folder.Path(name)) + ")"
		replaced := []string{}
		if slices.Contains(keys, "person") {
			if err := r.mapGone(ctx, db, file); err != nil {
				return err
			}
			replaced = append(replaced, "m.next AS person")
		}
		for _, column := range others { // what the run no longer makes cannot say which spell it was
			replaced = append(replaced, "NULL::UUID AS "+duck.Name(column))
		}
		query := "SELECT s.* FROM " + file + " s ORDER BY ALL"
		if len(replaced) > 0 {
			query = "SELECT s.* REPLACE (" + strings.Join(replaced, ", ") + ") FROM " + file + " s LEFT JOIN person_map m ON m.was = s.person ORDER BY ALL"
		}
		if err := db.WriteParquet(ctx, r.next.Folder, name, query); err != nil {
			return err
		}
	}
	return nil
}

// mapGone gives a new pseudonym to those on an old list who have since left the
// index: nobody's, but still one each, so that the list stays as long as it was.
func (r *rotation) mapGone(ctx context.Context, db *duck.DB, file string) error {
	rows, err := db.Query(ctx, "SELECT DISTINCT person::VARCHAR FROM "+file+" WHERE person NOT IN (SELECT was FROM person_map)")
	if err != nil {
		return err
	}
	var gone []uuid.UUID
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return errors.Join(err, rows.Close())
		}
		id, err := uuid.Parse(text)
		if err != nil {
			return errors.Join(errors.New("a pseudonym cannot be read"), rows.Close())
		}
		gone = append(gone, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	hasher := r.nextKey.Hasher("person", "gone")
	for _, id := range gone {
		next := uuid.UUID(hasher.Sum(id[:]))
		if err := db.Exec(ctx, "INSERT INTO person_map VALUES ('', ?::UUID, ?::UUID)", id.String(), next.String()); err != nil {
			return err
		}
	}
	return nil
}

// keyColumns are the columns of a Parquet file that hold pseudonyms or other
// keyed hashes.
func keyColumns(ctx context.Context, db *duck.DB, path string) ([]string, error) {
	rows, err := db.Query(ctx, "SELECT name FROM parquet_schema("+duck.Text(path)+") WHERE logical_type LIKE 'UUID%' ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
