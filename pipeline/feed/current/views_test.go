package current

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/workspace"
	"tre/pipeline/feed"
)

func TestViewsAreTypedBeforeAnythingArrives(t *testing.T) {
	w := open(t, "full")
	w.wantsColumns(w.settle(), "record_key UUID, _delivery VARCHAR, _row BIGINT, EventID UUID, Org UUID, Day DATE, Status VARCHAR, Deleted BOOLEAN")
	w.deliver(sent{id: "a", provider: "p", produced: "20240105103000", start: "20240101", end: "20240131", events: []event{{key: 1}}})
	w.wantsColumns(w.settle(), "record_key UUID, _delivery VARCHAR, _row BIGINT, EventID UUID, Org UUID, Day DATE, Status VARCHAR, Deleted BOOLEAN")
	got := w.texts("SELECT concat_ws(' ', delivery, provider, contract_version, produced, period_start, period_end) FROM source.deliveries")
	if diff := cmp.Diff([]string{"a p 1.0.0 2024-01-05 2024-01-01 2024-01-31"}, got); diff != "" {
		t.Error(diff)
	}
}

// wantsColumns checks the columns of the view of events.
func (w *world) wantsColumns(result Result, columns string) {
	w.t.Helper()
	must(w.t, Views(w.ctx, w.db, w.in(), result))
	got := w.texts("SELECT column_name || ' ' || column_type FROM (DESCRIBE source.events)")
	if diff := cmp.Diff(columns, strings.Join(got, ", ")); diff != "" {
		w.t.Fatalf("columns (-want +got):\n%s", diff)
	}
}

func TestEveryPublishedContractCanBeSettled(t *testing.T) {
	region, err := workspace.Open(t.TempDir())
	must(t, err)
	catalogue, err := feed.NewCatalogue(region)
	must(t, err)
	if len(catalogue.All()) == 0 {
		t.Fatal("no contract")
	}
	for _, contract := range catalogue.All() {
		for i := range contract.Schema {
			table := &contract.Schema[i]
			var c comparison
			if err := c.addKeys(contract, table); err != nil {
				t.Error(err)
			}
			if _, err := deletedExpression(contract, table); err != nil {
				t.Error(err)
			}
			if _, err := dayExpression(contract, table); err != nil && contract.Delivery.Refresh == "period" {
				t.Error(err)
			}
		}
	}
}
