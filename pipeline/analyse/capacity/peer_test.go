package capacity_test

import (
	databasesql "database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/pipeline/analyse/capacity"
)

// lastHours gives for each provider its last hour with a bed occupied, and how
// many hours there were.
func lastHours(t *testing.T, stays []capacity.Stay) map[string]string {
	t.Helper()
	last := map[string]string{}
	query := `SELECT provider, strftime(max(local_hour), '%Y-%m-%d %H:%M') || ', ' || count(*) || ' hours' FROM bed_hour WHERE beds > 0 GROUP BY provider`
	err := capacity.Ask(t.Context(), stays, "2024-12-31", "bed_hour", query, func(r *databasesql.Rows) error {
		var provider, hour string
		err := r.Scan(&provider, &hour)
		last[provider] = hour
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return last
}

// TestPeerDefectAnOpenStayIsCarriedWithoutBound: a stay without an end holds its
// bed to the end of the last day its provider has told of, and not to the end of
// the report; and one that has been open for more than two years holds none.
func TestPeerDefectAnOpenStayIsCarriedWithoutBound(t *testing.T) {
	stays := []capacity.Stay{
		{Name: "open", Provider: "A", Start: "2024-06-01 09:30"},
		{Name: "last thing told", Provider: "A", Start: "2024-06-03 10:05", End: "2024-06-03 10:10"},
		{Name: "forgotten", Provider: "B", Start: "2020-01-01 10:00"},
		{Name: "last thing told of B", Provider: "B", Start: "2024-06-03 10:05", End: "2024-06-03 11:05"},
	}
	want := map[string]string{"A": "2024-06-03 23:00, 62 hours", "B": "2024-06-03 11:00, 1 hours"}
	if diff := cmp.Diff(want, lastHours(t, stays)); diff != "" {
		t.Errorf("last hours (-want +got):\n%s", diff)
	}
}

// TestPeerDefectClockTimesAreSubtractedAsTheyStand: a night shorter or longer by
// the change of the clock has as many hours as passed.
func TestPeerDefectClockTimesAreSubtractedAsTheyStand(t *testing.T) {
	stays := []capacity.Stay{
		{Name: "spring", Provider: "A", Start: "2024-03-30 22:00", End: "2024-03-31 08:00"},
		{Name: "autumn", Provider: "B", Start: "2024-10-26 22:00", End: "2024-10-27 08:00"},
	}
	want := map[string]string{"A": "2024-03-31 07:00, 9 hours", "B": "2024-10-27 07:00, 11 hours"}
	if diff := cmp.Diff(want, lastHours(t, stays)); diff != "" {
		t.Errorf("last hours (-want +got):\n%s", diff)
	}
}
