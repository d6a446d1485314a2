package linked

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tre/internal/duck"
)

// feed writes every canonical table of one feed and removes the files of
// tables its mapping no longer fills.
func (in In) feed(ctx context.Context, f Feed) ([]TableCount, error) {
	m, err := parseMapping(f.File, f.Mapping)
	if err != nil {
		return nil, err
	}
	db, err := in.open(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := prepare(ctx, db, f, m, in.people()); err != nil {
		return nil, err
	}
	if err := checkDeliveries(ctx, db); err != nil {
		return nil, err
	}
	var counts []TableCount
	for _, s := range m.parts {
		if err := describe(ctx, db, m, s); err != nil {
			return nil, err
		}
		count, err := in.table(ctx, db, f, m, s)
		if err != nil {
			return nil, err
		}
		counts = append(counts, count)
	}
	return counts, in.removeUnmapped(f, m)
}

func (in In) removeUnmapped(f Feed, m *mapping) error {
	for _, t := range Tables() {
		if slices.ContainsFunc(m.parts, func(s section) bool { return s.table.Name == t.Name }) {
			continue
		}
		if err := in.Region.Remove(fileOf(t.Name, f.ID)); err != nil {
			return err
		}
	}
	return nil
}

// checkDeliveries refuses a delivery listed twice, which would double its rows.
func checkDeliveries(ctx context.Context, db *duck.DB) error {
	var repeated int64
	query := "SELECT count(*) FROM (SELECT delivery FROM source.deliveries GROUP BY delivery HAVING count(*) > 1)"
	if err := db.Row(ctx, []any{&repeated}, query); err != nil {
		return fmt.Errorf("source.deliveries: %w", speakable(err))
	}
	if repeated > 0 {
		return fmt.Errorf("source.deliveries: %d deliveries are listed twice", repeated)
	}
	return nil
}

// describe compares what a section gives with what its table takes.
func describe(ctx context.Context, db *duck.DB, m *mapping, s section) error {
	given, err := columnTypes(ctx, db, s.query)
	if err != nil {
		return m.wrong(s, err)
	}
	var faults []string
	wanted := append([]Column{{Name: "record_key", Type: "UUID"}, {Name: "_delivery", Type: "VARCHAR"}}, s.table.Columns...)
	for _, c := range wanted {
		of, there := given[c.Name]
		switch {
		case !there:
			faults = append(faults, "lacks column "+c.Name)
		case !fits(of, c.Type):
			faults = append(faults, fmt.Sprintf("column %s is %s and must be %s", c.Name, of, c.Type))
		}
		delete(given, c.Name)
	}
	for name := range given {
		faults = append(faults, "has column "+name+", which the table does not")
	}
	if len(faults) == 0 {
		return nil
	}
	slices.Sort(faults)
	return m.fault(s.line, "table %s: %s", s.table.Name, strings.Join(faults, "; "))
}

// columnTypes gives the type of each column of a query, by name, without
// running it. A bare NULL is of type "NULL", quotes included.
func columnTypes(ctx context.Context, db *duck.DB, query string) (map[string]string, error) {
	rows, err := db.Query(ctx, "SELECT typeof(COLUMNS(queried.*)) FROM (SELECT 1) LEFT JOIN (SELECT * FROM ("+query+") LIMIT 0) AS queried ON true")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	of := make([]string, len(names))
	into := make([]any, len(names))
	for i := range of {
		into[i] = &of[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
	}
	types := map[string]string{}
	for i, name := range names {
		types[name] = of[i]
	}
	return types, rows.Err()
}

// fits reports whether a type can become another without losing anything. A
// number is still cast strictly: one that does not fit fails. A bare NULL is
// of any type.
func fits(given, wanted string) bool {
	integers := []string{"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
	switch {
	case given == wanted || given == `"NULL"`:
		return true
	case wanted == "INTEGER":
		return slices.Contains(integers, given)
	case wanted == "DOUBLE":
		return slices.Contains(integers, given) || given == "FLOAT" || strings.HasPrefix(given, "DECIMAL")
	}
	return false
}

// table writes one canonical table of one feed.
func (in In) table(ctx context.Context, db *duck.DB, f Feed, m *mapping, s section) (TableCount, error) {
	count := TableCount{Table: s.table.Name, Feed: f.ID}
	name := fileOf(s.table.Name, f.ID)
	if err := db.WriteParquet(ctx, in.Region, name, tableQuery(f, s)); err != nil {
		return count, m.wrong(s, err)
	}
	var mapped int64
	if err := db.Row(ctx, []any{&mapped}, "SELECT count(*) FROM ("+s.query+")"); err != nil {
		return count, m.wrong(s, err)
	}
	file := "read_parquet(" + duck.Text(in.Region.Path(name)) + ")"
	if err := db.Row(ctx, []any{&count.Rows}, "SELECT count(*) FROM "+file); err != nil {
		return count, m.wrong(s, err)
	}
	count.LeftOut = mapped - count.Rows
	return count, nil
}

// unlisted begins our own error inside a query; what follows it is a column's
// name, never a value.
const unlisted = "value not listed in column "

// tableQuery is the mapped rows with their person and delivery, cast and in
// total order. A row of an unknown delivery, or a value outside a column's
// list, fails the query: a new code of a feed is mapped on purpose or not at
// all, and free text finds no way in.
func tableQuery(f Feed, s section) string {
	columns := []string{"linked_people.person AS person", duck.Text(f.ID) + " AS feed",
		"CASE WHEN linked_deliveries.delivery IS NULL THEN error(" + duck.Text(unlisted+"_delivery") + ")" +
			" ELSE linked_deliveries.provider::VARCHAR END AS provider", "linked_deliveries.produced::DATE AS arrived"}
	order := []string{"person"}
	if s.table.Date != "" {
		order = append(order, duck.Name(s.table.Date))
	}
	for _, c := range Common()[1:] {
		order = append(order, c.Name)
	}
	for _, c := range s.table.Columns {
		columns = append(columns, c.cast("mapped."+duck.Name(c.Name))+" AS "+duck.Name(c.Name))
		order = append(order, duck.Name(c.Name))
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM (" + s.query + ") AS mapped" +
		" JOIN people AS linked_people ON linked_people.record_key = mapped.record_key" +
		" LEFT JOIN source.deliveries AS linked_deliveries ON linked_deliveries.delivery = mapped._delivery" +
		" ORDER BY " + strings.Join(order, ", ")
}

// cast is the expression that makes a mapped value the column's own.
func (c Column) cast(value string) string {
	value = "CAST(" + value + " AS " + c.Type + ")"
	if len(c.Values) == 0 {
		return value
	}
	return "CASE WHEN " + value + " IS NULL OR list_contains(" + duck.Texts(c.Values) + ", " + value + ") THEN " + value +
		" ELSE error(" + duck.Text(unlisted+c.Name) + ") END"
}
