// Package risk fits, tries and uses a model of emergency admission in the
// months after a day, and looks after the lists made with it.
//
// The model is fitted to people as they were on one day, tried on people as
// they were some months later, and then used for everyone as they are now;
// what each day knew is the work of the question emergency_risk_material. The
// steps here take that question's rows and give a row a person, a model card,
// the measures of the trial, and later what became of the people on a list.
package risk

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/internal/duck"
)

// The columns of a record. A number not assessable is -1.
const (
	person = iota // place of the person in the order of pseudonyms, from 0
	fold
	sound // 1 when the person may be in a model on that day
	age
	sex         // 0 female, 1 male, 2 other or not known
	deprivation // fifth, 1 most deprived; 0 not known
	emergencyAdmissions
	electiveAdmissions
	nights
	hospitalConditions
	attendances
	medicines
	gpCodes
	mentalHealth
	community
	socialCare
	admitted // the outcome
	diedFirst
	leftFirst
	columns
)

// The days.
const (
	train = iota
	test
	score
	folds
)

// record is a person on a day.
type record [columns]int32

// material is everyone on the three days, by day and then by pseudonym.
type material struct {
	people [folds][]record
	others [folds]int // known of on the day, and not sound
	days   [folds]string
}

// numbered gives everyone a number in the order of pseudonyms.
const numbered = `CREATE OR REPLACE TEMP TABLE risk_person AS
SELECT person, (row_number() OVER (ORDER BY person) - 1)::INTEGER AS n FROM (SELECT DISTINCT person FROM %s)`

// coded reads the rows as whole numbers. Counts are capped far above any level
// (after the nulls are taken out: least passes over a null).
const coded = `SELECT p.n,
	CASE m.fold WHEN 'train' THEN 0 WHEN 'test' THEN 1 ELSE 2 END::INTEGER, (m.reason IS NULL AND m.age IS NOT NULL)::INTEGER,
	least(coalesce(m.age, -1), 120)::INTEGER, CASE m.sex WHEN 'female' THEN 0 WHEN 'male' THEN 1 ELSE 2 END::INTEGER,
	coalesce(TRY_CAST(m.deprivation_fifth AS INTEGER), 0)::INTEGER,
	least(coalesce(m.emergency_admissions, -1), 999)::INTEGER, least(coalesce(m.elective_admissions, -1), 999)::INTEGER,
	least(coalesce(m.nights, -1), 999)::INTEGER, least(coalesce(m.hospital_conditions, -1), 999)::INTEGER,
	least(coalesce(m.attendances, -1), 999)::INTEGER, least(coalesce(m.medicines, -1), 999)::INTEGER,
	least(coalesce(m.gp_codes, -1), 999)::INTEGER, coalesce(m.mental_health, -1)::INTEGER, coalesce(m.community, -1)::INTEGER,
	coalesce(m.social_care, -1)::INTEGER, coalesce(m.admitted, -1)::INTEGER, coalesce(m.died_first, -1)::INTEGER,
	coalesce(m.left_first, -1)::INTEGER
FROM %s AS m JOIN risk_person AS p USING (person) ORDER BY 2, 1`

// read reads the material.
func read(ctx context.Context, db *duck.DB, table string) (material, error) {
	var m material
	if err := db.Exec(ctx, fmt.Sprintf(numbered, duck.Name(table))); err != nil {
		return m, err
	}
	query := fmt.Sprintf(coded, duck.Name(table))
	err := db.Arrow(ctx, query, func(rows array.RecordReader) error {
		for rows.Next() {
			batch := rows.RecordBatch()
			var numbers [columns][]int32
			for c := range numbers {
				column, ok := batch.Column(c).(*array.Int32)
				if !ok {
					return fmt.Errorf("column %d of the material is no whole number", c+1)
				}
				numbers[c] = column.Int32Values()
			}
			for i := range int(batch.NumRows()) {
				var r record
				for c := range r {
					r[c] = numbers[c][i]
				}
				m.take(r)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return m, fmt.Errorf("read the material of the model: %w", err)
	}
	return m, m.readDays(ctx, db, table)
}

func (m *material) take(r record) {
	if r[sound] == 0 {
		m.others[r[fold]]++
		return
	}
	m.people[r[fold]] = append(m.people[r[fold]], r)
}

func (m *material) readDays(ctx context.Context, db *duck.DB, table string) error {
	query := "SELECT coalesce(min(index_date)::VARCHAR, '') FROM " + duck.Name(table) + " WHERE fold = ?"
	for f, name := range []string{"train", "test", "score"} {
		if err := db.Row(ctx, []any{&m.days[f]}, query, name); err != nil {
			return err
		}
	}
	return nil
}

// tally counts the people of a day with a 1 in a column.
func (m material) tally(day, column int) int {
	n := 0
	for _, r := range m.people[day] {
		if r[column] == 1 {
			n++
		}
	}
	return n
}
