package reidentify

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
	"tre/pipeline/feed"
	"tre/pseudonymise"
)

//go:embed sql/registered.sql
var registeredSQL string

//go:embed sql/own.sql
var ownSQL string

//go:embed sql/numbers.sql
var numbersSQL string

const (
	registrationsName = "linked/registration"
	deathsName        = "linked/death"
	indexName         = "identified/index/persons.parquet"
	alarmsName        = "identified/index/alarms.parquet"
	manifestsName     = "state/deliveries/"
	practiceFeeds     = "gp_" // how the feeds of general practices are named
)

// patients is what is read of one practice: its registered patients, and which
// number each of them has in its own records. It is held in memory, some 100
// bytes a patient, and nowhere else.
type patients struct {
	db     *duck.DB // without a folder to spill into
	region *workspace.Folder
	zone   sealed.Key
	code   string

	listed  map[uuid.UUID]bool   // registered patients, by the region's pseudonym
	told    time.Time            // when the newest of the registrations came
	numbers map[uuid.UUID]string // likewise
}

// readPractice finds the practice's registered patients as at a day and their
// numbers.
func readPractice(ctx context.Context, db *duck.DB, region *workspace.Folder, key pseudonymise.Key, code string, now time.Time) (*patients, error) {
	p := &patients{db: db, region: region, zone: key.Zone(), code: code, listed: map[uuid.UUID]bool{}, numbers: map[uuid.UUID]string{}}
	defer p.zone.Wipe()
	if err := p.findRegistered(ctx, now); err != nil {
		return nil, err
	}
	if len(p.listed) == 0 {
		return nil, refuse("the code stands in linked/registration where the practice has patients", "no patient is registered at the practice of the approval")
	}
	if err := p.loadOwn(ctx); err != nil {
		return nil, err
	}
	return p, p.findNumbers(ctx, key.Hasher("person"))
}

// findRegistered fills listed. A region that was never run to its end is
// refused.
func (p *patients) findRegistered(ctx context.Context, now time.Time) error {
	var registrations []string
	names, err := p.region.Files(registrationsName)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(path.Base(name), practiceFeeds) {
			registrations = append(registrations, p.region.Path(name))
		}
	}
	deaths, err := p.region.Files(deathsName)
	if err != nil {
		return err
	}
	if len(registrations) == 0 || len(deaths) == 0 || !p.region.Exists(indexName) || !p.region.Exists(alarmsName) {
		return problem.New(problem.Failed, "tre run makes them, from deliveries of general practices", "the region has no linked records of registered patients")
	}
	for i, name := range deaths {
		deaths[i] = p.region.Path(name)
	}
	for view, files := range map[string][]string{"registration": registrations, "death": deaths} {
		if err := p.db.Exec(ctx, "CREATE VIEW "+view+" AS FROM read_parquet("+duck.Texts(files)+", union_by_name = true)"); err != nil {
			return err
		}
	}
	if err := p.db.Exec(ctx, registeredSQL, p.code, now.Format(time.DateOnly)); err != nil {
		return fmt.Errorf("find the practice's patients: %w", err)
	}
	rows, err := p.db.Query(ctx, "SELECT person::VARCHAR, told FROM registered")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var person string
		var told *time.Time
		if err := rows.Scan(&person, &told); err != nil {
			return err
		}
		id, err := uuid.Parse(person)
		if err != nil {
			return problem.New(problem.Failed, "tre run --from linked makes them again", "linked/registration names a person by no UUID")
		}
		p.listed[id] = true
		if told != nil && told.After(p.told) {
			p.told = *told
		}
	}
	return rows.Err()
}

// delivery is one delivery of a feed that is in force.
type delivery struct {
	feed  string
	place int // later ones have larger places
	files []string
}

// deliveries lists what the practice's senders delivered that is in force.
func (p *patients) deliveries(ctx context.Context) ([]delivery, error) {
	rows, err := p.db.Query(ctx, "SELECT DISTINCT feed, provider FROM registration WHERE upper(trim(practice)) = ? ORDER BY feed, provider", p.code)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	senders := map[string][]string{}
	for rows.Next() {
		var from, provider string
		if err := rows.Scan(&from, &provider); err != nil {
			return nil, err
		}
		senders[from] = append(senders[from], provider)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var all []delivery
	for _, name := range feedsOf(senders) {
		own, err := p.deliveriesOf(name, senders[name])
		if err != nil {
			return nil, err
		}
		all = append(all, own...)
	}
	return all, nil
}

func feedsOf(senders map[string][]string) []string {
	var names []string
	for name := range senders {
		if !workspace.ValidName(name) || strings.ContainsAny(name, "/\\") {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// deliveriesOf reads what became of the deliveries of a feed: which are applied,
// in which order, and what was written for each.
func (p *patients) deliveriesOf(name string, providers []string) ([]delivery, error) {
	var settled struct {
		Result struct {
			Applied []string `json:"applied"`
		} `json:"result"`
	}
	state := "state/steps/settle-" + name + ".json"
	if err := p.readState(state, &settled); err != nil {
		return nil, err
	}
	var own []delivery
	for place, id := range settled.Result.Applied {
		var m feed.Manifest
		if err := p.readState(manifestsName+name+"/"+id+".json", &m); err != nil {
			return nil, err
		}
		if !slices.Contains(providers, m.Provider) {
			continue
		}
		d := delivery{feed: name, place: place}
		for _, o := range m.Outputs {
			if !workspace.ValidName(o.Path) {
				return nil, damaged(state)
			}
			d.files = append(d.files, o.Path)
		}
		own = append(own, d)
	}
	return own, nil
}

func (p *patients) readState(name string, into any) error {
	if !workspace.ValidName(name) {
		return damaged("state/steps")
	}
	data, err := p.region.Read(name)
	if err != nil || json.Unmarshal(data, into) != nil {
		return damaged(name)
	}
	return nil
}

func damaged(name string) error {
	return problem.New(problem.Failed, "tre run makes it again", "%s is missing or damaged", name)
}

// side gives the files of one side (identity, payload) and, unless it is "", one
// table.
func (d delivery) side(side, table string) []string {
	var names []string
	for _, name := range d.files {
		if strings.HasPrefix(name, "identified/"+side+"/") && (table == "" || path.Base(path.Dir(name)) == table) {
			names = append(names, name)
		}
	}
	return names
}

// loadOwn makes the table own: the identity rows of the practice, each with its
// person. One file is in memory at a time, and its other rows are left there.
func (p *patients) loadOwn(ctx context.Context) error {
	all, err := p.deliveries(ctx)
	if err != nil {
		return err
	}
	if err := p.placeRecords(ctx, all); err != nil {
		return err
	}
	const begin = `CREATE TABLE row (record_key UUID, local_key UUID, table_name VARCHAR, place INTEGER, number VARCHAR, verified BOOLEAN, who VARCHAR)`
	if err := p.db.Exec(ctx, begin); err != nil {
		return err
	}
	for _, d := range all {
		for _, name := range d.side("identity", "") {
			if err := p.load(ctx, name, "identity", ownSQL, p.code, d.place); err != nil {
				return err
			}
		}
	}
	err = p.load(ctx, indexName, "person_index", `CREATE TABLE own AS
		SELECT row.*, person_index.person_id, coalesce(cross_check = 'contradicts', false) AS contradicted
		FROM row JOIN person_index USING (record_key) WHERE person_index.person_id IS NOT NULL`)
	if err != nil {
		return err
	}
	return p.load(ctx, alarmsName, "alarm", `CREATE TABLE doubted AS
		SELECT DISTINCT person_id FROM alarm WHERE person_id IN (SELECT person_id FROM own)`)
}

// load opens a sealed file as a table while a statement reads it.
func (p *patients) load(ctx context.Context, name, table, statement string, args ...any) error {
	if err := sealed.Load(ctx, p.db, table, p.region, []string{name}, p.zone); err != nil {
		return err
	}
	if err := p.db.Exec(ctx, statement, args...); err != nil {
		return fmt.Errorf("read the practice's records in %s: %w", name, err)
	}
	return p.db.Exec(ctx, "DROP TABLE "+duck.Name(table))
}

// placeRecords makes the table placed: the practice of those records whose
// sender names it by an id of its own, with a table to look it up (EMIS Web,
// where one agreement covers several practices).
func (p *patients) placeRecords(ctx context.Context, all []delivery) error {
	var people, organisations []string
	for _, d := range all {
		for _, name := range d.side("payload", "admin_patient") {
			people = append(people, p.region.Path(name))
		}
		for _, name := range d.side("payload", "admin_organisation") {
			organisations = append(organisations, p.region.Path(name))
		}
	}
	if len(people) == 0 || len(organisations) == 0 {
		return p.db.Exec(ctx, "CREATE TABLE placed AS SELECT NULL::UUID AS record_key, NULL::VARCHAR AS practice WHERE false")
	}
	return p.db.Exec(ctx, `CREATE TABLE placed AS
		SELECT DISTINCT record_key, practice
		FROM read_parquet(`+duck.Texts(people)+`, union_by_name = true)
		JOIN (SELECT OrganisationGuid, upper(trim(min(ODSCode))) AS practice FROM read_parquet(`+duck.Texts(organisations)+`, union_by_name = true)
			GROUP BY OrganisationGuid HAVING count(DISTINCT upper(trim(ODSCode))) = 1) USING (OrganisationGuid)`)
}

// findNumbers fills numbers.
func (p *patients) findNumbers(ctx context.Context, hasher *pseudonymise.Hasher) error {
	rows, err := p.db.Query(ctx, numbersSQL)
	if err != nil {
		return fmt.Errorf("find the practice's numbers: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, number string
		if err := rows.Scan(&id, &number); err != nil {
			return err
		}
		person, err := uuid.Parse(id)
		if err != nil {
			return damaged(indexName)
		}
		digits, verdict := pseudonymise.CheckNHSNumber([]byte(number))
		if pseudonym := uuid.UUID(hasher.Sum(person[:])); verdict == pseudonymise.Valid && p.listed[pseudonym] {
			p.numbers[pseudonym] = string(digits[:])
		}
	}
	return rows.Err()
}
