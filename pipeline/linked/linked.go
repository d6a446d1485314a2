// Package linked builds the linked records: canonical tables with one row
// shape whichever system sent it, under the region's own person ids.
//
// Each feed has a mapping, an SQL file with one SELECT for each canonical
// table the feed has something for (mappings/README.md). Build runs a mapping
// over the rows in force of its feed and writes linked/<table>/<feed>.parquet;
// then it combines what all feeds say about each person into
// linked/person/person.parquet.
//
// Columns pass by allow-list: a file holds exactly the columns of Tables,
// cast strictly, so an identifier that nobody thought of has no column to
// travel in. Rows are in a total order, and the same input gives the same
// bytes whatever the threads.
package linked

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"tre/internal/duck"
	"tre/internal/pattern"
	"tre/internal/problem"
	"tre/internal/workspace"
)

//go:embed macros.sql
var macros string

// In is what to build from.
type In struct {
	Region *workspace.Folder
	// Feeds are those to build anew; files of other feeds stay as they are.
	Feeds []Feed
	// PeopleFile is the path of a Parquet file of record_key UUID and person
	// UUID, one row a record.
	PeopleFile string
	// DeprivationFile is the path of a CSV or Parquet file of lsoa_2011 and
	// imd_2019_decile; "" leaves deprivation NULL.
	DeprivationFile string

	Threads     int    // 0 means 2
	MemoryBytes int64  // of DuckDB; 0 means 2 GiB
	SpillFolder string // "" forbids spilling
}

// Feed is one feed to map.
type Feed struct {
	ID      string
	File    string // what to call the mapping in errors, such as contracts/x.sql
	Mapping string // SQL, see mappings/README.md
	// Prepare creates the schema source with a view for each table of the feed,
	// holding the rows in force, and source.deliveries(delivery, provider,
	// contract_version, produced DATE, period_start DATE, period_end DATE).
	Prepare func(context.Context, *duck.DB) error
}

// Result is what was built.
type Result struct {
	Tables []TableCount // by feed as given, then by table
	People int64        // rows of the person table
	Ties   int64        // attributes on which equally good sources disagree
}

// TableCount accounts for the rows of one canonical table of one feed.
type TableCount struct {
	Table   string `json:"table"`
	Feed    string `json:"feed"`
	Rows    int64  `json:"rows"`    // written
	LeftOut int64  `json:"leftOut"` // mapped, but the record has no person: withheld, anonymous, test
}

// Build maps the feeds given and combines the person table anew.
func Build(ctx context.Context, in In) (Result, error) {
	var result Result
	if err := in.checkPeople(ctx); err != nil {
		return result, err
	}
	for _, f := range in.Feeds {
		counts, err := BuildFeed(ctx, in, f)
		if err != nil {
			return result, err
		}
		result.Tables = append(result.Tables, counts...)
	}
	var err error
	result.People, result.Ties, err = in.person(ctx)
	return result, err
}

// BuildFeed maps one feed and leaves the person table as it is: for runs that
// resume feed by feed and end in BuildPerson. In.Feeds is not looked at.
func BuildFeed(ctx context.Context, in In, f Feed) ([]TableCount, error) {
	counts, err := in.feed(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("feed %s: %w", f.ID, err)
	}
	return counts, nil
}

// BuildPerson combines the person table from what stands in linked/.
func BuildPerson(ctx context.Context, in In) (people, ties int64, err error) {
	if err := in.checkPeople(ctx); err != nil {
		return 0, 0, err
	}
	return in.person(ctx)
}

// Check says what is wrong with a feed's mapping without writing anything. The
// views that Prepare makes may be empty.
func Check(ctx context.Context, f Feed) error {
	m, err := parseMapping(f.File, f.Mapping)
	if err != nil {
		return err
	}
	db, err := duck.Open(ctx, duck.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := prepare(ctx, db, f, m, "SELECT NULL::UUID AS record_key, NULL::UUID AS person LIMIT 0"); err != nil {
		return err
	}
	for _, s := range m.parts {
		if err := describe(ctx, db, m, s); err != nil {
			return err
		}
	}
	return nil
}

// Forget removes what was built for a feed that the region no longer has. The
// person table is combined anew by the next Build.
func Forget(region *workspace.Folder, feed string) error {
	var all error
	for _, t := range Tables() {
		all = errors.Join(all, region.Remove(fileOf(t.Name, feed)))
	}
	return all
}

func fileOf(table, feed string) string { return "linked/" + table + "/" + feed + ".parquet" }

func (in In) open(ctx context.Context) (*duck.DB, error) {
	return duck.Open(ctx, duck.Options{Threads: in.Threads, MemoryBytes: in.MemoryBytes, SpillFolder: in.SpillFolder})
}

// checkPeople refuses an index that names two people for a record: every row
// of that record would be counted twice.
func (in In) checkPeople(ctx context.Context) error {
	db, err := in.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var repeated int64
	query := "SELECT count(*) FROM (SELECT record_key FROM " + in.people() + " GROUP BY record_key HAVING count(*) > 1)"
	if err := db.Row(ctx, []any{&repeated}, query); err != nil {
		return fmt.Errorf("read the people of the person index: %w", speakable(err))
	}
	if repeated > 0 {
		return problem.New(problem.Failed, "link again", "the person index names more than one person for %d records", repeated)
	}
	return nil
}

func (in In) people() string {
	return "(SELECT record_key, person FROM read_parquet(" + duck.Text(in.PeopleFile) + ") WHERE person IS NOT NULL)"
}

// prepare makes everything a mapping may read.
func prepare(ctx context.Context, db *duck.DB, f Feed, m *mapping, people string) error {
	if err := db.Exec(ctx, macros); err != nil {
		return fmt.Errorf("macros: %w", err)
	}
	if err := db.Exec(ctx, "CREATE VIEW people AS "+people); err != nil {
		return fmt.Errorf("people: %w", speakable(err))
	}
	if err := f.Prepare(ctx, db); err != nil {
		return err
	}
	if m.shared == "" {
		return nil
	}
	if err := db.Exec(ctx, m.shared); err != nil {
		return problem.Wrap(speakable(err), problem.Failed, mappingHint, "%s: section shared", m.file)
	}
	return nil
}

var engineError = pattern.New(`^([A-Z][A-Za-z -]* Error): *`)

// speakable keeps what DuckDB says about SQL, files and memory, and drops what
// it says about data: a failed conversion is quoted with the value that failed.
func speakable(err error) error {
	cause := err
	for next := errors.Unwrap(cause); next != nil; next = errors.Unwrap(cause) {
		cause = next
	}
	class := engineError.FindStringSubmatch(cause.Error())
	if class == nil {
		return err // not DuckDB: a full disk, an interrupt
	}
	switch class[1] {
	case "Binder Error", "Parser Error", "Catalog Error", "Out of Memory Error", "IO Error":
		return err
	}
	said, _, _ := strings.Cut(strings.TrimPrefix(cause.Error(), class[0]), "\n")
	if strings.HasPrefix(said, unlisted) {
		return errors.New(said)
	}
	return fmt.Errorf("%s (its text is not shown: it may hold a value)", class[1])
}
