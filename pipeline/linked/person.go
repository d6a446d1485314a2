package linked

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
)

//go:embed person.sql
var personRule string

// PersonFile is where the combined table stands in the region's folder.
const PersonFile = "linked/person/person.parquet"

// person combines the person table from what is in linked/ now and says how
// many rows and ties it has.
func (in In) person(ctx context.Context) (people, ties int64, err error) {
	db, err := in.open(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	if err := in.personViews(ctx, db); err != nil {
		return 0, 0, err
	}
	if err := in.deprivation(ctx, db); err != nil {
		return 0, 0, err
	}
	if err := db.Exec(ctx, personRule); err != nil {
		return 0, 0, fmt.Errorf("combine the person table: %w", speakable(err))
	}
	if err := db.WriteParquet(ctx, in.Region, PersonFile, personQuery()); err != nil {
		return 0, 0, fmt.Errorf("combine the person table: %w", speakable(err))
	}
	file := "read_parquet(" + duck.Text(in.Region.Path(PersonFile)) + ")"
	err = db.Row(ctx, []any{&people, &ties}, "SELECT count(*), coalesce(sum(ties), 0)::BIGINT FROM "+file)
	return people, ties, err
}

func personQuery() string {
	var columns []string
	for _, c := range PersonTable().Columns {
		columns = append(columns, c.cast("combined."+duck.Name(c.Name))+" AS "+duck.Name(c.Name))
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM combined ORDER BY person"
}

// personViews makes demographic, death and linked_rows.
func (in In) personViews(ctx context.Context, db *duck.DB) error {
	seen := []string{"SELECT NULL::UUID AS person, NULL::VARCHAR AS feed LIMIT 0"}
	for _, t := range Tables() {
		files, err := in.Region.Files("linked/" + t.Name)
		if err != nil {
			return err
		}
		view := emptyTable(t)
		if len(files) > 0 {
			for i := range files {
				files[i] = in.Region.Path(files[i])
			}
			view = "SELECT * FROM read_parquet(" + duck.Texts(files) + ")"
			seen = append(seen, "SELECT person, feed FROM read_parquet("+duck.Texts(files)+")")
		}
		if err := db.Exec(ctx, "CREATE VIEW "+duck.Name(t.Name)+" AS "+view); err != nil {
			return fmt.Errorf("read linked/%s: %w", t.Name, speakable(err))
		}
	}
	return db.Exec(ctx, "CREATE VIEW linked_rows AS ("+strings.Join(seen, ") UNION ALL (")+")")
}

// emptyTable is a query of no rows in the shape of a table.
func emptyTable(t Table) string {
	var columns []string
	for _, c := range append(Common(), t.Columns...) {
		columns = append(columns, "NULL::"+c.Type+" AS "+duck.Name(c.Name))
	}
	return "SELECT " + strings.Join(columns, ", ") + " LIMIT 0"
}

// deprivation makes the look-up of deciles, from CSV (all text, cast here) or
// Parquet, and refuses an area given twice.
func (in In) deprivation(ctx context.Context, db *duck.DB) error {
	source := "(SELECT NULL::VARCHAR AS lsoa_2011, NULL::INTEGER AS imd_2019_decile LIMIT 0)"
	switch {
	case strings.HasSuffix(in.DeprivationFile, ".parquet"):
		source = "read_parquet(" + duck.Text(in.DeprivationFile) + ")"
	case in.DeprivationFile != "":
		source = "read_csv(" + duck.Text(in.DeprivationFile) + ", header = true, all_varchar = true, delim = ',', quote = '\"')"
	}
	err := db.Exec(ctx, "CREATE TABLE deprivation AS SELECT lsoa_2011::VARCHAR AS lsoa_2011, imd_2019_decile::INTEGER AS imd_2019_decile FROM "+source)
	if err != nil {
		return fmt.Errorf("read the deprivation file: %w", speakable(err))
	}
	var wrong int64
	query := `SELECT count(*) FROM (SELECT lsoa_2011 FROM deprivation GROUP BY lsoa_2011
		HAVING count(*) > 1 OR min(imd_2019_decile) < 1 OR max(imd_2019_decile) > 10)`
	if err := db.Row(ctx, []any{&wrong}, query); err != nil {
		return err
	}
	if wrong > 0 {
		return problem.New(problem.Failed, "give each lsoa_2011 once, with imd_2019_decile 1 to 10",
			"the deprivation file has %d areas twice or with a decile that is none", wrong)
	}
	return nil
}
