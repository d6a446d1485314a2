package current

import (
	"context"
	"fmt"
	"os"
	"strings"

	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/pipeline/feed"
)

// event is a payload row of the table events, in small whole numbers: 0 stands
// for NULL in key, org, day and status.
type event struct {
	key, org int
	day      int // 1 is 1 January 2024
	status   int
	deleted  bool
}

// agreement is a payload row of the table agreements.
type agreement struct {
	org              int
	active, disabled bool
}

// sent is one delivery to be invented.
type sent struct {
	id, provider, produced string
	start, end             string
	events                 []event
	agreements             []agreement
	full                   bool // the table events is carried whole
}

// world is a region with payload files made by DuckDB, as the reader would.
type world struct {
	t        rapid.TB
	ctx      context.Context
	region   *workspace.Folder
	db       *duck.DB
	contract *feed.Contract
	sent     []sent
}

func newWorld(t rapid.TB, ctx context.Context, folder string, db *duck.DB, refresh string) *world {
	t.Helper()
	region, err := workspace.Open(folder)
	must(t, err)
	return &world{t: t, ctx: ctx, region: region, db: db, contract: eventsContract(refresh)}
}

func eventsContract(refresh string) *feed.Contract {
	column := func(name, logicalType string, rules feed.PropertyRules) feed.Property {
		return feed.Property{Name: name, LogicalType: logicalType, PrimaryKey: name == "EventID" || name == "Organisation", Rules: rules}
	}
	kept, keyed := feed.PropertyRules{Use: []string{"payload"}}, feed.PropertyRules{Use: []string{"key"}, Scope: "feed"}
	events := feed.Table{
		Name: "events",
		Properties: []feed.Property{
			column("EventID", "string", keyed), column("Org", "string", keyed),
			column("Day", "date", kept), column("Status", "string", kept), column("Deleted", "boolean", kept),
		},
		Rules: feed.TableRules{Subject: "key", Month: "Day"},
	}
	if refresh == "delta" {
		events.Rules.Deleted, events.Rules.DeletedValues = "Deleted", []string{"1"}
		events.Rules.Withdrawn = &feed.Withdrawn{Column: "Org", Table: "agreements", Organisation: "Organisation", Flag: "Disabled", Active: "Active"}
	}
	agreements := feed.Table{
		Name: "agreements",
		Properties: []feed.Property{
			column("Organisation", "string", keyed), column("Active", "boolean", kept), column("Disabled", "boolean", kept),
		},
		Rules: feed.TableRules{Subject: "none", Reference: true},
	}
	return &feed.Contract{ID: "invented", Delivery: feed.Delivery{Refresh: refresh}, Schema: []feed.Table{events, agreements}}
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// deliver writes the payload of a delivery.
func (w *world) deliver(all ...sent) *world {
	w.t.Helper()
	for _, s := range all {
		w.sent = append(w.sent, s)
		var rows []string
		for i, e := range s.events {
			rows = append(rows, fmt.Sprintf("(NULL, '%s', %d, %s, %s, %s, %s, %v)", s.id, i+1, uuid(e.key), uuid(e.org),
				orNull(e.day, "DATE '2023-12-31' + %d"), orNull(e.status, "'%d'"), e.deleted))
		}
		w.write(0, s.id, rows)
		rows = nil
		for i, a := range s.agreements {
			rows = append(rows, fmt.Sprintf("('%s', %d, %s, %v, %v)", s.id, i+1, uuid(a.org), a.active, a.disabled))
		}
		w.write(1, s.id, rows)
	}
	return w
}

func uuid(n int) string { return orNull(n, "'00000000-0000-0000-0000-%012d'") }

func orNull(n int, format string) string {
	if n == 0 {
		return "NULL"
	}
	return fmt.Sprintf(format, n)
}

// write writes rows of a table, typed as the contract says.
func (w *world) write(table int, id string, rows []string) {
	w.t.Helper()
	if len(rows) == 0 {
		return
	}
	t := &w.contract.Schema[table]
	var names, typed []string
	for _, c := range t.Payload() {
		names, typed = append(names, duck.Name(c.Name)), append(typed, duck.Name(c.Name)+"::"+c.Type+" AS "+duck.Name(c.Name))
	}
	must(w.t, w.region.MakeFolder("identified/payload/invented/"+t.Name))
	must(w.t, w.db.Exec(w.ctx, fmt.Sprintf("COPY (SELECT %s FROM (VALUES %s) AS v(%s)) TO %s (FORMAT parquet)", strings.Join(typed, ", "),
		strings.Join(rows, ", "), strings.Join(names, ", "), duck.Text(w.region.Path(payloadName(w.contract, t.Name, id))))))
}

func (w *world) manifests() []feed.Manifest {
	var all []feed.Manifest
	for _, s := range w.sent {
		all = append(all, feed.Manifest{
			ID: s.id, Feed: "invented", Provider: s.provider, Path: "invented/" + s.provider + "/" + s.id, Produced: s.produced,
			Start: s.start, End: s.end, ContractVersion: "1.0.0",
			Tables: []feed.TableCount{
				{Table: "events", RowsIn: int64(len(s.events)), Kept: int64(len(s.events)), Full: s.full},
				{Table: "agreements", RowsIn: int64(len(s.agreements)), Kept: int64(len(s.agreements))},
			},
		})
	}
	return all
}

func (w *world) in(applied ...string) In {
	return In{Region: w.region, Engine: duck.Options{MemoryBytes: 256 << 20}, Contract: w.contract, Manifests: w.manifests(), Applied: applied}
}

func (w *world) settle(applied ...string) Result {
	w.t.Helper()
	result, err := Settle(w.ctx, w.in(applied...))
	must(w.t, err)
	return result
}

// inForce lists the rows of events in force as "delivery/row".
func (w *world) inForce(result Result) []string {
	w.t.Helper()
	must(w.t, Views(w.ctx, w.db, w.in(), result))
	return w.texts("SELECT _delivery || '/' || _row FROM source.events ORDER BY ALL")
}

// superseded lists the rows of events that are not, as "delivery/row reason".
func (w *world) superseded() []string {
	return w.texts("SELECT delivery || '/' || \"row\" || ' ' || reason FROM read_parquet(" +
		duck.Text(w.region.Path(supersededName(w.contract, "events"))) + ") ORDER BY ALL")
}

func (w *world) texts(query string) []string {
	w.t.Helper()
	rows, err := w.db.Query(w.ctx, query)
	must(w.t, err)
	defer rows.Close()
	list := []string{}
	for rows.Next() {
		var text string
		must(w.t, rows.Scan(&text))
		list = append(list, text)
	}
	must(w.t, rows.Err())
	return list
}

func (w *world) supersededBytes() []byte {
	data, err := os.ReadFile(w.region.Path(supersededName(w.contract, "events")))
	if err != nil {
		return nil
	}
	return data
}
