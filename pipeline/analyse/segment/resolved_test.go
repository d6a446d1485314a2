package segment

import (
	databasesql "database/sql"
	"slices"
	"testing"

	"tre/internal/duck"
	"tre/sql"
)

// TestPeerDefectAnyCodeAfterAnyResolvedCode: the published rule "any code that
// postdates any code in the resolved codelist" has to be read as the latest of
// both. Read word for word, one diagnosis after the first of two resolved codes
// keeps somebody ill who was resolved again later.
func TestPeerDefectAnyCodeAfterAnyResolvedCode(t *testing.T) {
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	must(t, db.Exec(t.Context(), `CREATE TABLE condition_codes AS SELECT * FROM (VALUES ('asthma', 'snomed', '1', 'diagnosis'), ('asthma', 'snomed', '2', 'resolved'))
		AS c(condition, code_system, code, role);
		CREATE TABLE condition AS SELECT md5(who)::UUID AS person, 'snomed' AS code_system, code, day::DATE AS recorded_date FROM (VALUES
		('resolved twice', '1', '2010-01-01'), ('resolved twice', '2', '2011-01-01'), ('resolved twice', '1', '2012-01-01'), ('resolved twice', '2', '2015-01-01'),
		('ill again', '1', '2010-01-01'), ('ill again', '2', '2011-01-01'), ('ill again', '1', '2012-01-01'),
		('never resolved', '1', '2010-01-01'), ('same day', '1', '2010-01-01'), ('same day', '2', '2010-01-01')) AS c(who, code, day)`))
	questions, err := sql.Questions()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(questions, func(q sql.Question) bool { return q.Name == "long_term_condition" })
	must(t, db.Exec(t.Context(), "CREATE TEMP TABLE held AS "+questions[at].Text, databasesql.Named("as_at", "2024-12-31")))
	for who, want := range map[string]int{"resolved twice": 0, "ill again": 1, "never resolved": 1, "same day": 0} {
		var got int
		must(t, db.Row(t.Context(), []any{&got}, "SELECT count(*) FROM held WHERE person = md5(?)::UUID", who))
		if got != want {
			t.Errorf("%s: %d conditions, want %d", who, got, want)
		}
	}
}
