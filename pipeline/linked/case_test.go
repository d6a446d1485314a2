package linked

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/pipeline/feed"
)

// TestMappings runs every mapping that comes with the program over the empty
// tables of its own contract, and over its case in testdata.
func TestMappings(t *testing.T) {
	files, err := filepath.Glob("mappings/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no mappings found", err)
	}
	for _, file := range files {
		id := strings.TrimSuffix(filepath.Base(file), ".sql")
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			contract := contractOf(t, id)
			name, text, ok := Mapping(id)
			if !ok {
				t.Fatalf("%s is not embedded", file)
			}
			empty := Feed{ID: id, File: name, Mapping: text, Prepare: func(ctx context.Context, db *duck.DB) error {
				return sourceTables(ctx, db, contract)
			}}
			if err := Check(t.Context(), empty); err != nil {
				t.Fatalf("over empty tables: %v", err)
			}
			runCase(t, contract, empty)
		})
	}
}

func contractOf(t *testing.T, id string) *feed.Contract {
	t.Helper()
	data, err := os.ReadFile("../feed/contracts/" + id + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	contract, err := feed.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return contract
}

// sourceTables makes what a mapping reads, without rows, as the contract says.
func sourceTables(ctx context.Context, db *duck.DB, contract *feed.Contract) error {
	if err := db.Exec(ctx, `CREATE SCHEMA source; CREATE TABLE source.deliveries (delivery VARCHAR, provider VARCHAR,
		contract_version VARCHAR, produced DATE, period_start DATE, period_end DATE)`); err != nil {
		return err
	}
	for i := range contract.Schema {
		table := &contract.Schema[i]
		var columns []string
		for _, c := range table.Payload() {
			columns = append(columns, duck.Name(c.Name)+" "+c.Type)
		}
		create := "CREATE TABLE source." + duck.Name(table.Name) + " (" + strings.Join(columns, ", ") + ")"
		if err := db.Exec(ctx, create); err != nil {
			return err
		}
	}
	return nil
}

// runCase runs testdata/<feed>.txtar; mappings/README.md says what is in it.
func runCase(t *testing.T, contract *feed.Contract, f Feed) {
	archive, err := txtar.ParseFile("testdata/" + f.ID + ".txtar")
	if err != nil {
		t.Fatal("a mapping needs a case beside it: ", err)
	}
	region, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tables := caseTables(t, archive)
	f.Prepare = func(ctx context.Context, db *duck.DB) error {
		if err := sourceTables(ctx, db, contract); err != nil {
			return err
		}
		return fillSource(ctx, db, tables)
	}
	result, err := Build(t.Context(), In{Region: region, Feeds: []Feed{f}, PeopleFile: peopleFile(t, region, tables["people"])})
	if err != nil {
		t.Fatal(err)
	}
	db := open(t)
	leftOut := []string{}
	for _, count := range result.Tables {
		if count.LeftOut > 0 {
			leftOut = append(leftOut, fmt.Sprintf("%s %d", count.Table, count.LeftOut))
		}
		want, ok := tables["want/"+count.Table]
		if !ok {
			t.Errorf("the case has no want/%s.csv", count.Table)
			continue
		}
		got := readTable(t, db, region.Path(fileOf(count.Table, f.ID)), want[0])
		if diff := cmp.Diff(want[1:], got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", count.Table, diff)
		}
	}
	wantLeftOut := []string{}
	for i, row := range tables["want/left_out"] {
		if i > 0 && row[1] != "0" {
			wantLeftOut = append(wantLeftOut, row[0]+" "+row[1])
		}
	}
	slices.Sort(wantLeftOut)
	if diff := cmp.Diff(wantLeftOut, leftOut); diff != "" {
		t.Errorf("rows left out (-want +got):\n%s", diff)
	}
}

// caseTables reads the CSV files of a case, by name without .csv.
func caseTables(t *testing.T, archive *txtar.Archive) map[string][][]string {
	t.Helper()
	tables := map[string][][]string{}
	for _, file := range archive.Files {
		reader := csv.NewReader(strings.NewReader(string(file.Data)))
		rows, err := reader.ReadAll()
		if err != nil || len(rows) == 0 {
			t.Fatalf("%s: no header, or %v", file.Name, err)
		}
		name, ok := strings.CutSuffix(file.Name, ".csv")
		if _, again := tables[name]; !ok || again {
			t.Fatalf("%s: not a CSV file, or there twice", file.Name)
		}
		tables[name] = rows
	}
	if tables["people"] == nil {
		t.Fatal("the case has no people.csv")
	}
	return tables
}

// fillSource inserts the rows of a case and, unless it lists them, the
// deliveries they came by.
func fillSource(ctx context.Context, db *duck.DB, tables map[string][][]string) error {
	deliveries := map[string]bool{}
	for _, name := range slices.Sorted(mapKeys(tables)) {
		table, ok := strings.CutPrefix(name, "source/")
		if !ok {
			continue
		}
		rows := tables[name]
		if err := insert(ctx, db, "source."+duck.Name(table), rows); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if at := slices.Index(rows[0], "_delivery"); at >= 0 {
			for _, row := range rows[1:] {
				deliveries[row[at]] = true
			}
		}
	}
	if listed := tables["deliveries"]; listed != nil {
		return insert(ctx, db, "source.deliveries", listed)
	}
	rows := [][]string{{"delivery", "provider", "produced"}}
	for _, d := range slices.Sorted(mapKeys(deliveries)) {
		rows = append(rows, []string{d, "P1", "2024-01-31"})
	}
	return insert(ctx, db, "source.deliveries", rows)
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

var plainNumber = regexp.MustCompile(`^[0-9]{1,12}$`)

// insert adds rows under a header; plain numbers become UUIDs where the column
// is one, and _row is the line unless given.
func insert(ctx context.Context, db *duck.DB, table string, rows [][]string) error {
	types, err := columnTypes(ctx, db, "SELECT * FROM "+table)
	if err != nil {
		return err
	}
	_, numbered := types["_row"]
	numbered = numbered && !slices.Contains(rows[0], "_row")
	var names, places []string
	for _, name := range rows[0] {
		if types[name] == "" {
			return fmt.Errorf("column %s is not let through by the contract", name)
		}
		names, places = append(names, duck.Name(name)), append(places, "CAST(? AS "+types[name]+")")
	}
	if numbered {
		names, places = append(names, "_row"), append(places, "?")
	}
	for i, row := range rows[1:] {
		var args []any
		for j, cell := range row {
			args = append(args, cellValue(cell, types[rows[0][j]]))
		}
		if numbered {
			args = append(args, i+1)
		}
		query := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(places, ", ") + ")"
		if err := db.Exec(ctx, query, args...); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return nil
}

func cellValue(cell, of string) any {
	if cell == "" {
		return nil
	}
	if of == "UUID" && plainNumber.MatchString(cell) {
		return fmt.Sprintf("00000000-0000-0000-0000-%012s", cell)
	}
	return cell
}

// peopleFile writes the person index of a case as Parquet and gives its path.
func peopleFile(t *testing.T, region *workspace.Folder, rows [][]string) string {
	t.Helper()
	db := open(t)
	if err := db.Exec(t.Context(), "CREATE TABLE index (record_key UUID, person UUID)"); err != nil {
		t.Fatal(err)
	}
	if err := insert(t.Context(), db, "index", rows); err != nil {
		t.Fatal(err)
	}
	if err := db.WriteParquet(t.Context(), region, "people.parquet", "SELECT * FROM index ORDER BY ALL"); err != nil {
		t.Fatal(err)
	}
	return region.Path("people.parquet")
}

func open(t *testing.T) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// readTable reads columns of a Parquet file as text, in the order written.
func readTable(t *testing.T, db *duck.DB, path string, columns []string) [][]string {
	t.Helper()
	var selected []string
	for _, c := range columns {
		selected = append(selected, "coalesce("+duck.Name(c)+"::VARCHAR, '')")
	}
	rows, err := db.Query(t.Context(), "SELECT ["+strings.Join(selected, ", ")+"] FROM read_parquet("+duck.Text(path)+
		", file_row_number = true) ORDER BY file_row_number")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	table := [][]string{}
	for rows.Next() {
		var cells []any
		if err := rows.Scan(duckList(&cells)); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(cells))
		for i, cell := range cells {
			row[i] = shortUUID(cell.(string))
		}
		table = append(table, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return table
}

// duckList scans a DuckDB list.
func duckList(into *[]any) any { return (*list)(into) }

type list []any

func (l *list) Scan(value any) error {
	cells, ok := value.([]any)
	if !ok {
		return fmt.Errorf("not a list: %T", value)
	}
	*l = cells
	return nil
}

var shortForm = regexp.MustCompile(`^00000000-0000-0000-0000-0*([1-9][0-9]*)$`)

func shortUUID(cell string) string { return shortForm.ReplaceAllString(cell, "$1") }
