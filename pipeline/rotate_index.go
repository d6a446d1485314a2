package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/linkage"
	"tre/linkage/cluster"
)

// carryIndex brings the person index to the new keys, before the run's step
// link: the same persons with the same ids, the same steps and weights, the
// same events, and the same decisions of people.
//
// Records are not linked anew. Where two records are as good a match, linkage
// lets the smaller record key decide, and which one is smaller changes with the
// key: a person here and there would be put together in another way, for no
// reason in the records.
func (r *rotation) carryIndex(ctx context.Context, j *job, files []string) error {
	zone := r.key.Zone()
	defer zone.Wipe()
	return r.inMemory(ctx, j, func(db *duck.DB) error {
		if err := r.pairRecords(ctx, j, db, files, zone); err != nil {
			return err
		}
		if err := r.carryPersons(ctx, j, db, zone); err != nil {
			return err
		}
		for _, name := range []string{linkage.EventsFile, linkage.AlarmsFile} {
			if err := sealed.Load(ctx, db, "carried", r.was.Folder, []string{name}, zone); err != nil {
				return err
			}
			if err := sealed.Write(ctx, db, j.region.Folder, name, "SELECT * FROM carried ORDER BY ALL", j.zone); err != nil {
				return err
			}
			if err := db.Exec(ctx, "DROP TABLE carried"); err != nil {
				return err
			}
		}
		return r.carryDecisions(ctx, db)
	})
}

// inMemory opens an engine for identity: nothing of it is spilled.
func (r *rotation) inMemory(ctx context.Context, j *job, use func(*duck.DB) error) error {
	db, err := j.openSealed(ctx)
	if err != nil {
		return err
	}
	return errors.Join(use(db), db.Close())
}

// pairRecords finds what each record was called and is called now: the same row
// of the same file, read twice under two keys. Deliveries are named by their
// bytes, so the files of both sides have the same names. One pair of files is
// in memory at a time.
func (r *rotation) pairRecords(ctx context.Context, j *job, db *duck.DB, files []string, zone sealed.Key) error {
	if err := db.Exec(ctx, "CREATE TABLE met (was UUID, next UUID); CREATE TABLE met_local (was UUID, next UUID)"); err != nil {
		return err
	}
	for _, name := range files {
		if !r.was.Folder.Exists(name) {
			return problem.New(problem.Failed, "tre run makes it again; then rotate", "%s is missing", name)
		}
		if err := errors.Join(sealed.Load(ctx, db, "was", r.was.Folder, []string{name}, zone), sealed.Load(ctx, db, "next", j.region.Folder, []string{name}, j.zone)); err != nil {
			return err
		}
		if err := pairFile(ctx, db, name); err != nil {
			return err
		}
	}
	return errors.Join(onePair(ctx, db, "met", "pair", "records"), onePair(ctx, db, "met_local", "local_pair", "local ids"))
}

func pairFile(ctx context.Context, db *duck.DB, name string) error {
	err := db.Exec(ctx, `CREATE TABLE same AS SELECT w.record_key AS was, n.record_key AS next, w.local_key AS local_was, n.local_key AS local_next
		FROM was w JOIN next n USING (table_name, file, row, subject)`)
	if err != nil {
		return err
	}
	var was, next, same int64
	if err := db.Row(ctx, []any{&was, &next, &same}, "SELECT (SELECT count(*) FROM was), (SELECT count(*) FROM next), (SELECT count(*) FROM same)"); err != nil {
		return err
	}
	if was != next || was != same {
		return fmt.Errorf("%s: %d rows of identity before, %d now, %d of them the same", name, was, next, same)
	}
	return db.Exec(ctx, `INSERT INTO met SELECT DISTINCT was, next FROM same;
		INSERT INTO met_local SELECT DISTINCT local_was, local_next FROM same WHERE local_was IS NOT NULL OR local_next IS NOT NULL;
		DROP TABLE was; DROP TABLE next; DROP TABLE same`)
}

// onePair makes the table of pairs and demands that each name has one other.
func onePair(ctx context.Context, db *duck.DB, met, pair, of string) error {
	if err := db.Exec(ctx, "CREATE TABLE "+pair+" AS SELECT DISTINCT was, next FROM "+met+"; DROP TABLE "+met); err != nil {
		return err
	}
	var all, was, next int64
	if err := db.Row(ctx, []any{&all, &was, &next}, "SELECT count(*), count(DISTINCT was), count(DISTINCT next) FROM "+pair); err != nil {
		return err
	}
	if all != was || all != next {
		return fmt.Errorf("%s under two keys: %d pairs of %d and %d names", of, all, was, next)
	}
	return nil
}

func (r *rotation) carryPersons(ctx context.Context, j *job, db *duck.DB, zone sealed.Key) error {
	if err := sealed.Load(ctx, db, "person_index", r.was.Folder, []string{linkage.PersonsFile}, zone); err != nil {
		return err
	}
	var lines, carried int64
	err := db.Row(ctx, []any{&lines, &carried}, "SELECT (SELECT count(*) FROM person_index), (SELECT count(*) FROM person_index JOIN pair ON pair.was = record_key)")
	if err != nil {
		return err
	}
	var pairs int64
	if err := db.Row(ctx, []any{&pairs}, "SELECT count(*) FROM pair"); err != nil {
		return err
	}
	if lines != carried || lines != pairs {
		return fmt.Errorf("the person index has %d records, of which %d of %d were found again", lines, carried, pairs)
	}
	r.result.Records = lines
	return sealed.Write(ctx, db, j.region.Folder, linkage.PersonsFile, `SELECT i.* REPLACE (p.next AS record_key, l.next AS local_key)
		FROM person_index i JOIN pair p ON p.was = i.record_key LEFT JOIN local_pair l ON l.was = i.local_key ORDER BY p.next`, j.zone)
}

// carryDecisions writes what people decided about records under the records'
// new keys. A line about a record that is not there stays, without effect.
func (r *rotation) carryDecisions(ctx context.Context, db *duck.DB) error {
	data, err := r.was.Folder.Read(linkage.DecisionsFile)
	if !r.was.Folder.Exists(linkage.DecisionsFile) {
		return nil
	}
	if err != nil {
		return err
	}
	keep := func(string) (int32, bool) { return 0, false }
	decisions, err := cluster.ReadDecisions(linkage.DecisionsFile, bytes.NewReader(data), keep)
	if err != nil {
		return err
	}
	for i := range decisions.All {
		d, found := &decisions.All[i], 0
		for _, id := range []*string{&d.A, &d.B} {
			var next string
			if err := db.Row(ctx, []any{&next}, "SELECT coalesce(max(next::VARCHAR), '') FROM pair WHERE was = try_cast(? AS UUID)", *id); err != nil {
				return err
			}
			if next != "" {
				*id = next
				found++
			}
		}
		if found == 2 {
			r.result.Decisions++
		} else {
			r.result.Unknown++
		}
	}
	var text bytes.Buffer
	if err := cluster.WriteDecisions(&text, decisions.All); err != nil {
		return err
	}
	return r.next.Folder.Write(linkage.DecisionsFile, text.Bytes())
}

// linked gives the result of the step link as it was: nothing was decided anew.
func (r *rotation) linked() (linkage.Result, error) {
	state, found := readState(r.was.Folder, "link")
	if !found {
		return linkage.Result{}, errors.New("the state of the step link cannot be read")
	}
	return decodeResult[linkage.Result](state)
}
