package reidentify

import (
	"testing"

	"github.com/google/uuid"

	"tre/internal/duck"
	"tre/internal/sealed"
)

// truly gives, for each pseudonym of the region, the one invented person that
// all its records of general practices are about; 0 where there are several.
func (w *world) truly(t *testing.T) map[uuid.UUID]int64 {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var names []string
	for _, feed := range []string{"gp_emis", "gp_systmone"} {
		found, err := w.folder.Files("identified/identity/" + feed)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	if err := sealed.Load(t.Context(), db, "identity", w.folder, names, w.key.Zone()); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(t.Context(), `
		SELECT p.person::VARCHAR, CASE WHEN count(DISTINCT t.person) = 1 THEN min(t.person) ELSE 0 END
		FROM identity AS i
		JOIN read_parquet(`+duck.Text(w.folder.Path("identified/index/people.parquet"))+`) AS p USING (record_key)
		JOIN (SELECT file, row::BIGINT AS row, person::BIGINT AS person FROM read_csv(`+duck.Text(w.folder.Path("truth/records.csv.gz"))+`, all_varchar = true, header = true)
			WHERE subject = 'person') AS t ON t.row = i.row AND t.file = i.file
		GROUP BY p.person`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	truth := map[uuid.UUID]int64{}
	for rows.Next() {
		var pseudonym string
		var person int64
		if err := rows.Scan(&pseudonym, &person); err != nil {
			t.Fatal(err)
		}
		truth[uuid.MustParse(pseudonym)] = person
	}
	if rows.Err() != nil || len(truth) < people/2 {
		t.Fatalf("%d people of general practices, %v", len(truth), rows.Err())
	}
	return truth
}

// TestEveryNumberReturnedIsThePersonsOwn: of every practice, with the errors
// real data have.
func TestEveryNumberReturnedIsThePersonsOwn(t *testing.T) {
	w := inWorld(t)
	truth := w.truly(t)
	total, should, withdrawn := 0, 0, []string{}
	for _, code := range w.practices {
		p, err := w.tryRead(t, code)
		if err != nil { // one practice of the invented regions no longer shares its records
			withdrawn = append(withdrawn, code)
			continue
		}
		should += len(w.patients[code])
		for pseudonym, number := range p.numbers {
			total++
			owner := w.owner[number]
			switch {
			case owner == nil:
				t.Errorf("practice %s: a number of nobody is returned", code)
			case truth[pseudonym] != owner.Number:
				t.Errorf("practice %s: the number of invented person %d is returned for person %d", code, owner.Number, truth[pseudonym])
			case !w.patients[code][number]:
				t.Errorf("practice %s: invented person %d is not its living patient: %+v, died %v", code, owner.Number, owner.Registrations, owner.DeathDate)
			}
			if !p.listed[pseudonym] {
				t.Errorf("practice %s: a number is held of somebody who is not on its list", code)
			}
		}
	}
	t.Logf("%d numbers are returned of %d patients", total, should)
	if total < should*9/10 || len(withdrawn) > 1 {
		t.Errorf("%d numbers are returned of %d patients, and %d practices cannot be read", total, should, len(withdrawn))
	}
}
