package risk_test

import (
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"tre/internal/duck"
	"tre/pipeline/analyse/risk"
	"tre/sql"
)

// tables makes every linked table, empty, and the stays that questions read.
func tables(t *testing.T) *duck.DB {
	t.Helper()
	db := open(t, 2)
	exec(t, db, sql.LinkedTables())
	for _, name := range sql.LinkedTableNames() {
		exec(t, db, "CREATE VIEW "+duck.Name(name)+" AS SELECT * FROM typed."+duck.Name(name))
	}
	exec(t, db, `CREATE TABLE hospital_spell (person UUID, spell UUID, admitted DATE, discharged DATE, emergency BOOLEAN, elective BOOLEAN, nights INTEGER, available DATE);
		CREATE TABLE hospital_diagnosis (person UUID, spell UUID, code VARCHAR); CREATE TABLE charlson_codes (category VARCHAR, prefix VARCHAR);
		CREATE TABLE population (person UUID)`)
	return db
}

// askMaterial makes the table of the question, asked with an availability.
func askMaterial(t *testing.T, db *duck.DB, availability string) {
	t.Helper()
	text, err := os.ReadFile("../../../sql/emergency_risk_material.sql")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"as_at": "2025-12-31", "outcome_months": "12", "lag_days": "45", "availability": availability}
	query := regexp.MustCompile(`\$([a-z_]+)::`).ReplaceAllStringFunc(string(text), func(p string) string {
		return duck.Text(values[strings.Trim(p, "$:")]) + "::"
	})
	exec(t, db, "CREATE OR REPLACE TABLE material AS "+query)
}

// TestPeerDefectClaimsLagLeak: a stay that ended three weeks before the day, and
// whose record came a month after it, must not describe the person on the day;
// taken by its own date it would, and the model would know the future.
func TestPeerDefectClaimsLagLeak(t *testing.T) {
	db := tables(t)
	exec(t, db, `INSERT INTO typed.person (person, sex, birth_month) VALUES (md5('late')::UUID, 'male', DATE '1950-01-01'), (md5('other')::UUID, 'male', DATE '1950-01-01');
		INSERT INTO typed.registration (person, feed, arrived, start_date) SELECT person, 'gp', DATE '2020-01-01', DATE '2010-01-01' FROM person;
		INSERT INTO hospital_spell SELECT md5('other')::UUID, md5(d::VARCHAR)::UUID, d::DATE, d::DATE, true, false, 0, d::DATE + 30
			FROM generate_series(TIMESTAMP '2022-01-15', TIMESTAMP '2025-12-15', INTERVAL 1 MONTH) AS s(d);
		INSERT INTO hospital_spell VALUES (md5('late')::UUID, md5('s')::UUID, DATE '2024-11-20', DATE '2024-11-24', true, false, 4, DATE '2025-01-14')`)
	for _, availability := range []string{"event_and_lag", "arrival"} {
		askMaterial(t, db, availability)
		day := one[string](t, db, "SELECT index_date::VARCHAR FROM material WHERE fold = 'test' LIMIT 1")
		before := one[int64](t, db, "SELECT emergency_admissions::BIGINT FROM material WHERE fold = 'test' AND person = md5('late')::UUID")
		if day != "2024-12-15" || before != 0 {
			t.Errorf("%s: on %s, %d admissions were known that had not been sent", availability, day, before)
		}
		if now := one[int64](t, db, "SELECT emergency_admissions::BIGINT FROM material WHERE fold = 'score' AND person = md5('other')::UUID"); now != 11 && now != 12 {
			t.Errorf("%s: %d admissions are known at last", availability, now)
		}
	}
}

// TestPeerDefectBeforeAndAfterAlone: nothing is done for the people listed, and
// everyone's chance of admission is the same each year. Before and after on
// the list alone shows a great fall; the comparison shows none.
func TestPeerDefectBeforeAndAfterAlone(t *testing.T) {
	db := tables(t)
	exec(t, db, `INSERT INTO typed.person (person, sex, birth_month) SELECT md5('p' || n)::UUID, 'female', DATE '1950-01-01' FROM range(20000) AS r(n);
		INSERT INTO typed.registration (person, feed, arrived, start_date) SELECT person, 'gp', DATE '2020-01-01', DATE '2010-01-01' FROM person;
		INSERT INTO hospital_spell SELECT md5('p' || n)::UUID, md5(n || ' ' || y)::UUID, make_date(y, 1, 2) + (hash(n, y) % 360)::INTEGER, NULL, true, false, 1, DATE '2025-01-31'
			FROM range(20000) AS r(n) CROSS JOIN (VALUES (2023), (2024)) AS v(y) WHERE hash(n, y, 5) % 10 = 0;
		INSERT INTO hospital_spell VALUES (md5('p1')::UUID, md5('first')::UUID, DATE '2023-01-01', NULL, false, true, 0, DATE '2023-02-01'),
			(md5('p1')::UUID, md5('last')::UUID, DATE '2025-01-01', NULL, false, true, 0, DATE '2025-01-01');
		INSERT INTO typed.flagged SELECT DISTINCT person, DATE '2024-01-01', 'list', 'high', 0.3 FROM hospital_spell
			WHERE emergency AND admitted < DATE '2024-01-01' AND hash(person) % 2 = 0`)
	a := ask(t, db, "flagged_yield", risk.Yield)
	before, after := number(t, a, "listed_rate", "before", "list"), number(t, a, "listed_rate", "after", "list")
	if !(before == 100 && after < 20) {
		t.Errorf("the listed were admitted before and after: %v and %v of 100", before, after)
	}
	low, high := number(t, a, "lower_95", "after", "list"), number(t, a, "upper_95", "after", "list")
	if !(low < 0 && high > 0) || math.Abs(high-low) > 10 {
		t.Errorf("nothing was done, and the difference is from %v to %v", low, high)
	}
}
