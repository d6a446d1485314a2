package current

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"tre/internal/duck"
	"tre/pipeline/feed"
)

//go:embed sql/view.sql
var viewSQL string

// Views makes the schema source anew in db: for each table of the contract a
// view of the payload rows in force, with the columns feed.Table.Payload lists
// (no rows when none has come yet), and the table source.deliveries of the
// deliveries applied (delivery, provider, contract_version, produced DATE,
// period_start DATE, period_end DATE).
func Views(ctx context.Context, db *duck.DB, in In, settled Result) error {
	if err := db.Exec(ctx, "DROP SCHEMA IF EXISTS source CASCADE; CREATE SCHEMA source"); err != nil {
		return err
	}
	if err := makeDeliveries(ctx, db, in, settled); err != nil {
		return err
	}
	for i := range in.Contract.Schema {
		t := &in.Contract.Schema[i]
		if err := makeView(ctx, db, in, t, settled); err != nil {
			return fmt.Errorf("view of %s: %w", t.Name, err)
		}
	}
	return nil
}

func makeView(ctx context.Context, db *duck.DB, in In, t *feed.Table, settled Result) error {
	// Deliveries of which every row stands need no comparison with the list of
	// superseded rows, and those of which none does need not be read.
	var clean, mixed, mixedIDs []string
	for _, c := range settled.Counts {
		path := in.Region.Path(payloadName(in.Contract, t.Name, c.Delivery))
		switch {
		case c.Table != t.Name || c.InForce == 0:
		case c.Superseded == 0:
			clean = append(clean, path)
		default:
			mixed, mixedIDs = append(mixed, path), append(mixedIDs, c.Delivery)
		}
	}
	data := map[string]any{"View": duck.Name(t.Name), "Clean": "", "Mixed": "", "Columns": "", "Empty": "", "Versions": otherVersions(in)}
	var names, empty []string
	for _, c := range t.Payload() {
		names = append(names, duck.Name(c.Name))
		empty = append(empty, "CAST(NULL AS "+c.Type+") AS "+duck.Name(c.Name))
	}
	data["Columns"], data["Empty"] = strings.Join(names, ", "), strings.Join(empty, ", ")
	if len(clean) > 0 {
		data["Clean"] = duck.Texts(clean)
	}
	if len(mixed) > 0 {
		data["Mixed"], data["MixedDeliveries"] = duck.Texts(mixed), duck.Texts(mixedIDs)
		data["Superseded"] = duck.Text(in.Region.Path(supersededName(in.Contract, t.Name)))
	}
	query, err := render("view", viewSQL, data)
	if err != nil {
		return err
	}
	return db.Exec(ctx, query)
}

// otherVersions reports whether a delivery was read by another version of the
// contract than the one the views are made for.
func otherVersions(in In) bool {
	return slices.ContainsFunc(in.Manifests, func(m feed.Manifest) bool {
		return m.ContractVersion != "" && m.ContractVersion != in.Contract.Version
	})
}

func makeDeliveries(ctx context.Context, db *duck.DB, in In, settled Result) error {
	query := "CREATE TABLE source.deliveries (delivery VARCHAR, provider VARCHAR, contract_version VARCHAR, produced DATE, " +
		"period_start DATE, period_end DATE)"
	var rows []string
	for _, d := range ordered(in.Contract, in.Manifests) {
		if slices.Contains(settled.Applied, d.ID) {
			rows = append(rows, fmt.Sprintf("(%s, %s, %s, %s, %s, %s)", duck.Text(d.ID), duck.Text(d.Provider),
				duck.Text(d.ContractVersion), dateOf(d.Produced), dateOf(d.Start), dateOf(d.End)))
		}
	}
	if len(rows) > 0 {
		query += "; INSERT INTO source.deliveries VALUES " + strings.Join(rows, ", ")
	}
	return db.Exec(ctx, query)
}

// dateOf writes the day of a moment as SQL, NULL when there is none.
func dateOf(text string) string {
	day, err := time.Parse("20060102", moment(text)[:8])
	if err != nil {
		return "NULL"
	}
	return day.Format("DATE '2006-01-02'")
}
