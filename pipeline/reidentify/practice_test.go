package reidentify

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/duck"
)

// ask makes tables of a script, runs a query and gives its first column.
func ask(t *testing.T, script, query string, args ...any) []string {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(t.Context(), script); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(query, "--") && len(args) > 0 {
		if err := db.Exec(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
		query, args = "SELECT person FROM registered ORDER BY person", nil
	}
	rows, err := db.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for rows.Next() {
		first, rest := "", ""
		into := []any{&first, &rest}
		if err := rows.Scan(into[:len(columns)]...); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(first+" "+rest))
	}
	return got
}

// TestWhoIsRegistered: the latest registration anywhere must be open, regular
// and at the practice. Persons are named for what their registrations are.
func TestWhoIsRegistered(t *testing.T) {
	script := `CREATE TABLE registration (person VARCHAR, practice VARCHAR, start_date DATE, end_date DATE, status VARCHAR, arrived DATE);
		INSERT INTO registration VALUES
		('here', 'P1', '2020-01-01', NULL, 'regular', '2026-06-01'),
		('here, in the other system''s words', 'p1 ', '2020-01-01', NULL, 'applied', '2026-06-01'),
		('here, twice the same', 'P1', '2020-01-01', NULL, 'regular', '2026-06-01'), ('here, twice the same', 'P1', '2020-01-01', NULL, 'regular', '2026-06-01'),
		('here, since ever', 'P1', NULL, NULL, 'regular', '2026-06-01'),
		('here again', 'P1', '2010-01-01', '2015-01-01', 'regular', '2026-06-01'), ('here again', 'P2', '2015-01-01', '2020-01-01', 'deducted', '2026-06-01'),
		('here again', 'P1', '2020-01-01', NULL, 'regular', '2026-06-01'),
		('here, a visitor elsewhere', 'P1', '2020-01-01', NULL, 'regular', '2026-06-01'), ('here, a visitor elsewhere', 'P2', '2026-01-01', NULL, 'temporary', '2026-06-01'),
		('here, leaving next month', 'P1', '2020-01-01', '2026-08-01', 'regular', '2026-06-01'),
		('elsewhere', 'P2', '2020-01-01', NULL, 'regular', '2026-06-01'),
		('left', 'P1', '2020-01-01', '2025-01-01', 'regular', '2026-06-01'),
		('left today', 'P1', '2020-01-01', '2026-07-20', 'regular', '2026-06-01'),
		('moved, and the old one never ended', 'P1', '2020-01-01', NULL, 'regular', '2026-06-01'), ('moved, and the old one never ended', 'P2', '2024-01-01', NULL, 'applied', '2026-06-01'),
		('moved, and left there too', 'P1', '2020-01-01', NULL, 'regular', '2026-06-01'), ('moved, and left there too', 'P2', '2024-01-01', '2025-01-01', 'deducted', '2026-06-01'),
		('on the same day at two', 'P1', '2020-01-01', NULL, 'regular', '2026-06-01'), ('on the same day at two', 'P2', '2020-01-01', NULL, 'regular', '2026-06-01'),
		('told later to have moved that day', 'P1', '2020-01-01', NULL, 'regular', '2026-06-01'), ('told later to have moved that day', 'P2', '2020-01-01', NULL, 'regular', '2026-07-01'),
		('a visitor', 'P1', '2020-01-01', NULL, 'temporary', '2026-06-01'),
		('of no kind', 'P1', '2020-01-01', NULL, NULL, '2026-06-01'),
		('from next month', 'P1', '2026-08-01', NULL, 'regular', '2026-06-01'),
		('dead', 'P1', '2020-01-01', NULL, 'regular', '2026-06-01'), (NULL, 'P1', '2020-01-01', NULL, 'regular', '2026-06-01');
		CREATE TABLE death AS SELECT 'dead' AS person UNION ALL SELECT NULL`
	want := []string{"here", "here again", "here, a visitor elsewhere", "here, in the other system's words", "here, leaving next month", "here, since ever", "here, twice the same"}
	if diff := cmp.Diff(want, ask(t, script, registeredSQL, "P1", today)); diff != "" {
		t.Error(diff)
	}
}

// TestWhoseNumberIsCertain: persons are named for what their records say.
func TestWhoseNumberIsCertain(t *testing.T) {
	script := `CREATE TABLE own (person_id VARCHAR, record_key VARCHAR, local_key VARCHAR, table_name VARCHAR, place INTEGER, number VARCHAR, verified BOOLEAN, contradicted BOOLEAN, who VARCHAR);
		INSERT INTO own VALUES
		('one number', 1, 'a', 't', 1, 'N01', true, false, 'a'),
		('the same twice', 2, 'b', 't', 1, 'N02', true, false, 'b'), ('the same twice', 3, 'c', 't', 1, 'N02', false, false, 'b'),
		('no local key', 4, NULL, 't', 1, 'N03', true, false, NULL),
		('corrected', 5, 'd', 't', 1, 'N04', true, false, 'd'), ('corrected', 6, 'd', 't', 2, 'N05', true, false, 'd'),
		('a table without numbers came later', 7, 'e', 't', 1, 'N06', true, false, 'e'), ('a table without numbers came later', 8, 'e', 'address', 2, NULL, true, false, 'e'),
		('none', 9, 'f', 't', 1, NULL, true, false, 'f'),
		('taken away', 10, 'g', 't', 1, 'N07', true, false, 'g'), ('taken away', 11, 'g', 't', 2, NULL, false, false, 'g'),
		('two', 12, 'h', 't', 1, 'N08', true, false, 'h'), ('two', 13, 'i', 't', 1, 'N09', true, false, 'i'),
		('two in one delivery', 14, 'j', 't', 1, 'N10', true, false, 'j'), ('two in one delivery', 15, 'j', 't', 1, 'N11', true, false, 'j'),
		('another, not verified', 16, 'k', 't', 1, 'N12', true, false, 'k'), ('another, not verified', 17, 'l', 't', 1, 'N13', false, false, 'l'),
		('not verified', 18, 'm', 't', 1, 'N14', false, false, 'm'),
		('linkage says it is not theirs', 19, 'n', 't', 1, 'N15', true, true, 'n'),
		('shared', 20, 'o', 't', 1, 'N16', true, false, 'o'), ('shared by', 21, 'p', 't', 1, 'N16', true, false, 'p'),
		('shared with somebody unverified', 22, 'q', 't', 1, 'N17', true, false, 'q'), ('unverified, shared', 23, 'r', 't', 1, 'N17', false, true, 'r'),
		('a namesake', 24, 's', 't', 1, 'N18', true, false, 's'), ('a namesake born that day', 25, 't', 't', 1, 'N19', true, false, 's'),
		('somebody linkage doubts', 26, 'u', 't', 1, 'N20', true, false, 'u');
		CREATE TABLE doubted AS SELECT 'somebody linkage doubts' AS person_id`
	want := []string{"a table without numbers came later N06", "corrected N05", "no local key N03", "one number N01", "the same twice N02"}
	if diff := cmp.Diff(want, ask(t, script, numbersSQL)); diff != "" {
		t.Error(diff)
	}
}
