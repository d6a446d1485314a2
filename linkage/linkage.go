// Package linkage decides which records are one person and keeps the answer,
// the person index. It reads identity files and nothing else, so that no
// clinical value is ever beside a name.
//
// Run works in sets, in embedded SQL files whose order is the order of thought:
//
//	names, records   what each record says, tidied; placeholders count as missing
//	units            records the source itself calls one person, by its local key
//	numbers          units joined by NHS number, cross-checked with birth date,
//	                 name and sex (CUREd Box 1, steps 1 and 2; MPS cross-check)
//	candidates,      units without a usable number, placed with the only person
//	compare, attach  their local id, name or place allows (steps 3 to 5; HES-DID)
//	remainder        what is left, clustered by the same keys (steps 6 and 7),
//	                 where no two of a cluster speak against each other
//	profile          what is left after that, by match weight: never two NHS
//	                 numbers, never against a name (Fellegi and Sunter 1969),
//	                 and taken back where it makes an implausible person
//	decide, part     what people decided is one person, or two
//	guards           mother and baby, and implausible clusters, taken apart
//	persons, lines,  ids that outlive the run, the index, and what changed since
//	events           the last
//
// No step joins two different NHS numbers, and a joined unit never brings two
// persons together, so an error stays where it was made. Match weights only add
// to what the deterministic steps made, so those can be checked by themselves
// (Rules.Deterministic).
package linkage

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
	"tre/linkage/profile"
)

// The files of the person index, in a region's folder.
const (
	PersonsFile = "identified/index/persons.parquet" // record -> person, one line a record
	EventsFile  = "identified/index/events.parquet"  // merges, splits, new persons since the previous index
	AlarmsFile  = "identified/index/alarms.parquet"  // what looks wrong in the sources; no identifiers
)

// Rules are the limits beyond which a link is not believed. A zero field means
// the default.
type Rules struct {
	// MaxBirthDates is how many distinct birth dates an NHS number, a local key
	// or a cluster may gather before it is taken apart. Default 3.
	MaxBirthDates int
	// MaxNumbers is how many distinct NHS numbers a cluster's records may
	// carry. Default 3.
	MaxNumbers int
	// MaxRecords is how many records a cluster may hold. Default 1000.
	MaxRecords int
	// BusyPostcodes is the share of postcodes, the busiest by distinct people,
	// that never count as agreement. Default 0.01 (CUREd); negative means none.
	BusyPostcodes float64
	// MinWeight is the match weight, in bits, from which the probabilistic step
	// joins two persons. Default 5.
	MinWeight float64
	// Margin is how much heavier the best candidate must be than the next.
	// Default 5.
	Margin float64
	// Deterministic leaves the probabilistic step out.
	Deterministic bool
}

// In is what a linkage run needs.
type In struct {
	Folder        *workspace.Folder // where the index is written
	IdentityFiles []string          // identity Parquet: absolute paths, or names in Folder; any order
	Previous      string            // the persons.parquet of the run before, likewise; "" for none
	Withheld      []Excluded        // rows that never reached the identity files; passed on into the result
	Lists         Lists             // what people keep: replaced numbers, exclusions, decisions
	Rules         Rules
	Threads       int        // DuckDB's worker threads; 0 means 2
	MemoryBytes   int64      // DuckDB's memory; 0 means 2 GiB
	SpillFolder   string     // where DuckDB may spill; "" forbids it, as it must where the files are sealed
	Key           sealed.Key // opens the identity files and seals the index; the zero Key works on plain files
}

// Run links the records of the identity files and writes the person index,
// its events and its alarms. The same records give the same bytes, whatever
// the order of files and the number of threads.
func Run(ctx context.Context, in In) (Result, error) {
	db, err := duck.Open(ctx, duck.Options{Threads: in.Threads, MemoryBytes: in.MemoryBytes, SpillFolder: in.SpillFolder})
	if err != nil {
		return Result{}, err
	}
	defer db.Close()
	l := &linker{db: db, folder: in.Folder, key: in.Key}
	if err := l.open(ctx, in); err != nil {
		return Result{}, err
	}
	if err := l.link(ctx); err != nil {
		return Result{}, err
	}
	if err := l.write(ctx); err != nil {
		return Result{}, err
	}
	return l.result(ctx, in.Withheld)
}

// linker is one run: a database that the scripts fill step by step.
type linker struct {
	db     *duck.DB
	folder *workspace.Folder
	rules  Rules
	lists  Lists
	key    sealed.Key

	excluded  []exclusion
	decisions DecisionCount
}

// open offers the inputs to the scripts as views and the rules as a table.
func (l *linker) open(ctx context.Context, in In) error {
	if len(in.IdentityFiles) == 0 {
		return problem.New(problem.Usage, "extract at least one delivery first", "no identity files to link")
	}
	if err := openIdentity(ctx, l.db, in.Folder, in.IdentityFiles, in.Key); err != nil {
		return err
	}
	r := in.Rules.orDefault()
	l.rules = r
	if err := l.db.Exec(ctx, "CREATE TABLE rule AS SELECT ?::INTEGER AS max_birth_dates, ?::INTEGER AS max_numbers, ?::INTEGER AS max_records, ?::DOUBLE AS busy_postcodes, ?::DOUBLE AS weight, ?::DOUBLE AS margin",
		r.MaxBirthDates, r.MaxNumbers, r.MaxRecords, max(r.BusyPostcodes, 0), r.MinWeight, r.Margin); err != nil {
		return fmt.Errorf("set the rules of linkage: %w", err)
	}
	if err := l.offerNames(ctx); err != nil {
		return err
	}
	if err := l.readLists(ctx, in.Lists.in(in.Folder)); err != nil {
		return err
	}
	l.lists = in.Lists.in(in.Folder)
	return l.openPrevious(ctx, in)
}

// openPrevious makes the table of the persons of the run before.
func (l *linker) openPrevious(ctx context.Context, in In) error {
	previous := "SELECT NULL::UUID AS record_key, NULL::UUID AS person_id WHERE false"
	if in.Previous != "" {
		if err := open(ctx, l.db, "previous_index", in.Folder, []string{in.Previous}, in.Key); err != nil {
			return err
		}
		previous = "SELECT record_key, person_id FROM previous_index"
	}
	if err := l.db.Exec(ctx, "CREATE TABLE previous AS "+previous); err != nil {
		return fmt.Errorf("read the previous person index: %w", err)
	}
	if in.Previous == "" {
		return nil
	}
	return l.forget(ctx, "previous_index")
}

// forget gives back the room of what open offered.
func (l *linker) forget(ctx context.Context, table string) error {
	kind := "VIEW "
	if !l.key.None() {
		kind = "TABLE "
	}
	return l.db.Exec(ctx, "DROP "+kind+duck.Name(table))
}

// offerNames makes the tables of the forms names take.
func (l *linker) offerNames(ctx context.Context) error {
	for table, forms := range map[string][]profile.Form{"nickname (familiar, formal)": profile.Nicknames(), "spelling (written, standard)": profile.Spellings()} {
		var lines []string
		for _, f := range forms {
			lines = append(lines, "("+duck.Text(f.Written)+", "+duck.Text(f.Standard)+")")
		}
		name, columns, _ := strings.Cut(table, " ")
		if err := l.db.Exec(ctx, "CREATE TABLE "+name+" AS SELECT * FROM (VALUES "+strings.Join(lines, ", ")+") AS list"+columns); err != nil {
			return fmt.Errorf("offer forms of names: %w", err)
		}
	}
	return nil
}

// link is the linkage, in order.
func (l *linker) link(ctx context.Context) error {
	// What every record says, and which are one person by the source's own word.
	if err := l.run(ctx, "rules", "names", "records"); err != nil {
		return err
	}
	if err := l.forget(ctx, "identity"); err != nil {
		return err
	}
	if err := l.readDecisions(ctx, l.lists.Decisions); err != nil {
		return err
	}
	if err := l.run(ctx, "units"); err != nil {
		return err
	}
	// One person a cross-checked NHS number.
	if err := l.run(ctx, "numbers", "steps"); err != nil {
		return err
	}
	// The others, placed with those: twice, because the first round adds names
	// and addresses by which more are found.
	for range 2 {
		if err := l.attach(ctx); err != nil {
			return err
		}
	}
	// What is left, among itself: by name and local id, then to a name by place,
	// then by place alone.
	if err := l.cluster(ctx, strongEdges); err != nil {
		return err
	}
	if err := l.run(ctx, "remainder_anchor"); err != nil {
		return err
	}
	if err := l.attach(ctx); err != nil {
		return err
	}
	if err := l.cluster(ctx, placeEdges); err != nil {
		return err
	}
	// What no rule could place, by match weight.
	if !l.rules.Deterministic {
		if err := l.probabilistic(ctx); err != nil {
			return err
		}
	}
	// What people decided.
	if err := l.decide(ctx); err != nil {
		return err
	}
	// Take apart what must not stay together, and name the persons.
	if err := l.run(ctx, "guards", "part", "persons"); err != nil {
		return err
	}
	return l.index(ctx)
}

// portions is how many parts the index is made in.
const portions = 4

// index makes the lines of the index, and says what changed.
func (l *linker) index(ctx context.Context) error {
	for part := range portions {
		if err := l.db.Exec(ctx, "CREATE OR REPLACE TABLE portion AS SELECT ?::INTEGER AS part, ?::INTEGER AS parts", part, portions); err != nil {
			return err
		}
		if err := l.run(ctx, "index_lines"); err != nil {
			return err
		}
	}
	return l.run(ctx, "events")
}

// attach places units without a number with persons already made.
func (l *linker) attach(ctx context.Context) error {
	return l.run(ctx, "attach_seek", "candidates", "compare", "attach_decide")
}

// write puts the index in its place. The events and alarms go first: who finds
// the new persons finds why they changed.
func (l *linker) write(ctx context.Context) error {
	files := []struct{ name, query string }{
		{AlarmsFile, "SELECT * FROM alarm_line ORDER BY ALL"},
		{EventsFile, "SELECT * FROM event ORDER BY ALL"},
		{PersonsFile, "SELECT * FROM index_line ORDER BY record_key"},
	}
	for _, f := range files {
		if err := sealed.Write(ctx, l.db, l.folder, f.name, f.query, l.key); err != nil {
			return err
		}
	}
	return nil
}

func (r Rules) orDefault() Rules {
	if r.MaxBirthDates == 0 {
		r.MaxBirthDates = 3
	}
	if r.MaxNumbers == 0 {
		r.MaxNumbers = 3
	}
	if r.MaxRecords == 0 {
		r.MaxRecords = 1000
	}
	if r.BusyPostcodes == 0 {
		r.BusyPostcodes = 0.01
	}
	if r.MinWeight == 0 {
		r.MinWeight = profile.Threshold
	}
	if r.Margin == 0 {
		r.Margin = profile.Margin
	}
	return r
}

// resolve gives the paths of files that are absolute or named in the folder,
// sorted, so that the order they were given in cannot matter.
func resolve(folder *workspace.Folder, names []string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = name
		if !filepath.IsAbs(name) {
			paths[i] = folder.Path(name)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// openIdentity offers identity files as identity.
func openIdentity(ctx context.Context, db *duck.DB, folder *workspace.Folder, names []string, key sealed.Key) error {
	return open(ctx, db, "identity", folder, names, key)
}

// open offers files as one table: a view of plain ones, a table in memory of
// sealed ones.
func open(ctx context.Context, db *duck.DB, table string, folder *workspace.Folder, names []string, key sealed.Key) error {
	if !key.None() {
		return sealed.Load(ctx, db, table, folder, names, key)
	}
	if err := db.Exec(ctx, "CREATE VIEW "+duck.Name(table)+" AS SELECT * FROM read_parquet("+duck.Texts(resolve(folder, names))+")"); err != nil {
		return fmt.Errorf("open %s files: %w", table, err)
	}
	return nil
}
