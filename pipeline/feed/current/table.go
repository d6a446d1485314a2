package current

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/pipeline/feed"
)

//go:embed sql/compare.sql
var compareSQL string

//go:embed sql/superseded.sql
var supersededSQL string

// comparison is what the SQL of one table is filled with. Empty lists leave
// parts of it out.
type comparison struct {
	Files, Replaced string // payload of deliveries that stand, and of those replaced whole
	Deleted         string // whether a row takes its key away
	Keys            []term
	Keyed           string // whether a row's key can be compared
	Prefer          []term // columns that choose among rows of one delivery
	Order           string // and how
	Withdrawn       string // the column of organisations that may withdraw
	Period          bool   // rows are replaced by day
	Day, CountDays  string

	rows, atOnce int64 // that stand; that are grouped together
}

// term is an expression over a payload row p, under a name no column can have
// taken.
type term struct{ Expression, Alias string }

// bytesPerKey is what grouping takes for a key, generously.
const bytesPerKey = 256

// Parts divides the rows by their keys into conditions that hold for no more
// rows each than are to be grouped at once. Without a key there are none.
func (c comparison) Parts() []string {
	if len(c.Keys) == 0 {
		return nil
	}
	n := max(1, (c.rows+c.atOnce-1)/c.atOnce)
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf("hash(%s) %% %d = %d", c.KeyNames(), n, i)
	}
	return parts
}

// KeyNames lists the key's aliases.
func (c comparison) KeyNames() string {
	names := make([]string, len(c.Keys))
	for i, k := range c.Keys {
		names[i] = k.Alias
	}
	return strings.Join(names, ", ")
}

// settleTable lists the superseded rows of one table and counts what became
// of every kept row. It answers no output when the table has no rows at all.
func settleTable(ctx context.Context, db *duck.DB, in In, t *feed.Table, applied []delivery) ([]Count, string, error) {
	name := supersededName(in.Contract, t.Name)
	files := payloadFiles(in, t.Name, applied)
	if len(files) == 0 {
		return nil, "", in.Region.Remove(name)
	}
	if err := checkPayload(ctx, db, in, t, applied); err != nil {
		return nil, "", err
	}
	if err := makeStanding(ctx, db, applied); err != nil {
		return nil, "", err
	}
	c, err := compare(ctx, db, in, t, applied)
	if err != nil {
		return nil, "", err
	}
	query, err := render("compare", compareSQL, c)
	if err != nil {
		return nil, "", err
	}
	if err := db.Exec(ctx, query); err != nil {
		return nil, "", fmt.Errorf("compare %s: %w", t.Name, err)
	}
	if err := db.WriteParquet(ctx, in.Region, name, supersededSQL); err != nil {
		return nil, "", err
	}
	counts, err := countTable(ctx, db, in.Region.Path(name), t.Name, applied)
	return counts, name, err
}

// checkPayload compares the payload files with the manifests: a file that was
// cut or changed since must not become part of a decision.
func checkPayload(ctx context.Context, db *duck.DB, in In, t *feed.Table, applied []delivery) error {
	for _, d := range applied {
		kept := d.kept(t.Name)
		if kept == 0 {
			continue
		}
		name := payloadName(in.Contract, t.Name, d.ID)
		var rows int64
		err := db.Row(ctx, []any{&rows}, "SELECT num_rows FROM parquet_file_metadata("+duck.Text(in.Region.Path(name))+")")
		if err != nil {
			return problem.Wrap(err, problem.Failed, "run again from extract", "cannot read %s", name)
		}
		if rows != kept {
			return problem.New(problem.Failed, "run again from extract",
				"%s holds %d rows where its manifest counts %d", name, rows, kept)
		}
	}
	return nil
}

// makeStanding tells the database of the applied deliveries.
func makeStanding(ctx context.Context, db *duck.DB, applied []delivery) error {
	rows := make([]string, len(applied))
	for i, d := range applied {
		period := "NULL, NULL"
		if !d.from.IsZero() && !d.to.IsZero() {
			const layout = "TIMESTAMP '2006-01-02 15:04:05'"
			period = d.from.Format(layout) + ", " + d.to.Format(layout)
		}
		rows[i] = fmt.Sprintf("(%s, %d, %s, %s)", duck.Text(d.ID), d.position, duck.Text(d.Provider), period)
	}
	return db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE standing (id VARCHAR, position BIGINT, provider VARCHAR, period_from TIMESTAMP, "+
		"period_to TIMESTAMP); INSERT INTO standing VALUES "+strings.Join(rows, ", "))
}

// compare works out what the SQL of a table has to do.
func compare(ctx context.Context, db *duck.DB, in In, t *feed.Table, applied []delivery) (c comparison, err error) {
	standing, replaced := divide(in.Contract, t, applied)
	if files := payloadFiles(in, t.Name, replaced); len(files) > 0 {
		c.Replaced = duck.Texts(files)
	}
	files := payloadFiles(in, t.Name, standing)
	if len(files) == 0 {
		return c, nil
	}
	c.Files = duck.Texts(files)
	// 2 GiB is what duck.Options gives when it says nothing.
	c.atOnce = cmp.Or(in.rowsAtOnce, cmp.Or(in.Engine.MemoryBytes, 2<<30)/bytesPerKey)
	for _, d := range standing {
		c.rows += d.kept(t.Name)
	}
	if c.Deleted, err = deletedExpression(in.Contract, t); err != nil {
		return c, err
	}
	if err := c.addKeys(in.Contract, t); err != nil {
		return c, err
	}
	if in.Contract.Delivery.Refresh == "period" {
		if err := c.addPeriod(in.Contract, t); err != nil {
			return c, err
		}
	}
	if t.Rules.Withdrawn != nil {
		c.Withdrawn, err = makeWithdrawn(ctx, db, in, t, applied)
	}
	return c, err
}

// divide separates the deliveries of which a later one replaced the whole
// table.
func divide(contract *feed.Contract, t *feed.Table, applied []delivery) (standing, replaced []delivery) {
	type extent struct{ provider, from, to string }
	last := map[extent]int64{} // position of the last delivery that replaces what was before
	extentOf := func(d delivery) (e extent, replaces bool) {
		switch contract.Delivery.Refresh {
		case "delta", "full":
			return extent{provider: d.Provider}, d.carriesWhole(t.Name)
		case "submission", "stack":
			return extent{d.Provider, d.from.String(), d.to.String()}, !d.from.IsZero()
		}
		return extent{}, false
	}
	for _, d := range applied {
		if e, replaces := extentOf(d); replaces {
			last[e] = d.position
		}
	}
	for _, d := range applied {
		if e, _ := extentOf(d); d.position < last[e] {
			replaced = append(replaced, d)
		} else {
			standing = append(standing, d)
		}
	}
	return standing, replaced
}

func (c *comparison) addKeys(contract *feed.Contract, t *feed.Table) error {
	columns, err := keyColumns(contract, t)
	if err != nil {
		return err
	}
	var hashed, all []string
	for i, column := range columns {
		expression := "p." + duck.Name(column.Name)
		c.Keys = append(c.Keys, term{expression, fmt.Sprintf("k%d", i+1)})
		all = append(all, expression)
		if column.Type == "UUID" {
			hashed = append(hashed, expression+" IS NOT NULL")
		}
	}
	switch {
	case len(columns) == 0:
		c.Keyed = "false"
		return nil
	case len(hashed) > 0:
		c.Keyed = "(" + strings.Join(hashed, " AND ") + ")"
	default:
		c.Keyed = "coalesce(" + strings.Join(slices.Collect(asText(all)), ", ") + ") IS NOT NULL"
		if !t.Rules.Reference { // a key in clear means something to its provider only
			c.Keys = append(c.Keys, term{"d.provider", "provider"})
		}
	}
	var order []string
	c.Prefer, order, err = preferences(contract, t)
	c.Order = strings.Join(order, ", ")
	return err
}

func asText(expressions []string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, e := range expressions {
			if !yield("CAST(" + e + " AS VARCHAR)") {
				return
			}
		}
	}
}

func (c *comparison) addPeriod(contract *feed.Contract, t *feed.Table) (err error) {
	c.Period = true
	if c.Day, err = dayExpression(contract, t); err != nil {
		return err
	}
	c.CountDays, err = render("count_days", countDaysSQL, map[string]any{"Files": c.Files, "Day": c.Day})
	return err
}

//go:embed sql/withdrawn.sql
var withdrawnSQL string

// makeWithdrawn lists the organisations that withdrew, and gives the column
// of the table that names them; "" when no agreement is known.
func makeWithdrawn(ctx context.Context, db *duck.DB, in In, t *feed.Table, applied []delivery) (string, error) {
	rule := t.Rules.Withdrawn
	i := slices.IndexFunc(in.Contract.Schema, func(a feed.Table) bool { return a.Name == rule.Table })
	if i < 0 {
		return "", problem.New(problem.Failed, "name a table of the contract", "contract %s: table %s: withdrawn: no such table", in.Contract.ID, t.Name)
	}
	agreements := &in.Contract.Schema[i]
	standing, _ := divide(in.Contract, agreements, applied)
	files := payloadFiles(in, agreements.Name, standing)
	if len(files) == 0 {
		return "", nil
	}
	own, err := payloadColumn(in.Contract, t, rule.Column)
	if err != nil {
		return "", err
	}
	organisation, err := payloadColumn(in.Contract, agreements, rule.Organisation)
	if err != nil {
		return "", err
	}
	left, err := leftExpression(in.Contract, agreements, rule)
	if err != nil {
		return "", err
	}
	query, err := render("withdrawn", withdrawnSQL, map[string]any{
		"Organisation": duck.Name(organisation.Name), "Left": left, "Files": duck.Texts(files)})
	if err != nil {
		return "", err
	}
	return duck.Name(own.Name), db.Exec(ctx, query)
}

// leftExpression says whether a row of the agreements ends one.
func leftExpression(c *feed.Contract, agreements *feed.Table, rule *feed.Withdrawn) (string, error) {
	deleted, err := deletedExpression(c, agreements)
	if err != nil {
		return "", err
	}
	terms := []string{deleted}
	for _, sign := range []struct {
		column string
		values []string
	}{{rule.Flag, []string{"true", "1"}}, {rule.Active, []string{"false", "0"}}} {
		if sign.column == "" {
			continue
		}
		column, err := payloadColumn(c, agreements, sign.column)
		if err != nil {
			return "", err
		}
		terms = append(terms, equalsAny(column, sign.values))
	}
	return "(" + strings.Join(terms, " OR ") + ")", nil
}
