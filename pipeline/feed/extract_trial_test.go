package feed

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/pseudonymise"
)

// trial is an invented region with the contracts of testdata, for reading
// deliveries the way a run does.
type trial struct {
	testing.TB
	landing   *workspace.Folder
	region    *workspace.Folder
	catalogue *Catalogue
	key       pseudonymise.Key
	areas     *pseudonymise.Areas
	workers   int
	db        *duck.DB // opened by the first query
}

func newTrial(t testing.TB) *trial {
	t.Helper()
	r := &trial{TB: t, catalogue: &Catalogue{}}
	root := t.TempDir()
	var err error
	if r.landing, err = workspace.Create(filepath.Join(root, "landing")); err != nil {
		t.Fatal(err)
	}
	if r.region, err = workspace.Create(filepath.Join(root, "region")); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"clinic", "walkin", "legacy"} {
		text, err := os.ReadFile("testdata/contracts/" + id + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if err := r.catalogue.add("contracts/"+id+".yaml", text); err != nil {
			t.Fatal(err)
		}
	}
	if r.key, err = pseudonymise.NewKey(); err != nil {
		t.Fatal(err)
	}
	r.areas, err = pseudonymise.ReadAreas(strings.NewReader("postcode,lsoa_2011,lsoa_2021\nNE1 4LP,E01000001,E01000002\n"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// put writes a file of a delivery.
func (r *trial) put(name, content string) {
	r.Helper()
	if err := r.landing.Write(name, []byte(content)); err != nil {
		r.Fatal(err)
	}
}

// extract reads the only delivery of the landing folder, or the one at path.
func (r *trial) extract(path string) Manifest {
	r.Helper()
	arrivals, _, err := Discover(r.landing, r.catalogue)
	if err != nil {
		r.Fatal(err)
	}
	for _, a := range arrivals {
		if a.Path != path {
			continue
		}
		m, err := Extract(r.Context(), Job{Landing: r.landing, Region: r.region, Arrival: a, Contracts: r.catalogue.Versions(a.Feed),
			Key: r.key, Areas: r.areas, Workers: r.workers})
		if err != nil {
			r.Fatalf("%+v", err)
		}
		return m
	}
	r.Fatalf("no delivery at %s among %d", path, len(arrivals))
	return Manifest{}
}

// rows runs a query over an output and gives its cells as text, NULL as "~".
func (r *trial) rows(query string, args ...any) [][]string {
	r.Helper()
	if r.db == nil {
		db, err := duck.Open(r.Context(), duck.Options{Threads: 1})
		if err != nil {
			r.Fatal(err)
		}
		r.db = db
		r.Cleanup(func() { _ = db.Close() })
	}
	result, err := r.db.Query(r.Context(), query, args...)
	if err != nil {
		r.Fatal(err)
	}
	defer result.Close()
	names, err := result.Columns()
	if err != nil {
		r.Fatal(err)
	}
	var list [][]string
	for result.Next() {
		cells := make([]any, len(names))
		for i := range cells {
			cells[i] = new(any)
		}
		if err := result.Scan(cells...); err != nil {
			r.Fatal(err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			if row[i] = "~"; *c.(*any) != nil {
				row[i] = fmt.Sprint(*c.(*any))
			}
		}
		list = append(list, row)
	}
	if err := result.Err(); err != nil {
		r.Fatal(err)
	}
	return list
}

// file gives an output's path in single quotes for SQL.
func (r *trial) file(name string) string { return duck.Text(r.region.Path(name)) }

// quarantined lists what was set aside as "row column rule".
func (r *trial) quarantined(m Manifest) []string {
	r.Helper()
	var list []string
	for _, row := range r.rows("SELECT row, coalesce(column_name, ''), rule FROM " + r.file(QuarantineName(m.Feed, m.ID)) + " ORDER BY table_name, file, row, column_name, rule") {
		list = append(list, strings.Join(row, " "))
	}
	return list
}

// table gives the counts of a table.
func (r *trial) table(m Manifest, name string) TableCount {
	r.Helper()
	for _, t := range m.Tables {
		if t.Table == name {
			return t
		}
	}
	r.Fatalf("the manifest has no table %s; refusal: %v", name, m.Refusal)
	return TableCount{}
}

// refused checks that the delivery was set aside whole, by a rule, with a
// message that names what matters, and that neither side was written.
func (r *trial) refused(m Manifest, rule string, names ...string) {
	r.Helper()
	if m.Refusal == nil {
		r.Fatalf("the delivery was accepted: %+v", m.Tables)
	}
	if m.Refusal.Rule != rule {
		r.Fatalf("refused by %s, want %s: %s", m.Refusal.Rule, rule, m.Refusal.Message)
	}
	for _, name := range names {
		if !strings.Contains(m.Refusal.Message, name) {
			r.Errorf("the message does not name %q: %s", name, m.Refusal.Message)
		}
	}
	for _, side := range []string{"payload", "identity"} {
		if files, _ := r.region.Files("identified/" + side); len(files) > 0 {
			r.Errorf("a refused delivery left %v", files)
		}
	}
	if !r.region.Exists(ManifestName(m.Feed, m.ID)) {
		r.Error("a refused delivery left no manifest")
	}
	if files, _ := r.region.Files(".staging"); len(files) > 0 {
		r.Errorf("staging holds %v", files)
	}
	for _, t := range m.Tables {
		if t.Kept != 0 || t.Quarantined != t.RowsIn {
			r.Errorf("rows of a refused delivery: %+v", t)
		}
	}
}

const (
	clinicPath    = "clinic/X01/CL_20260101_20260131_20260205"
	walkinPath    = "walkin/X02/W_20260101_20260131_20260205.csv"
	legacyPath    = "legacy/X03/L_202602050000.zip"
	headerCSV     = "Version,Made\n1.0,2026-02-05\n"
	personHeader  = "LocalID,Number,Status,Surname,Born,Sex,Postcode,Mother,Test\n"
	contactHeader = "ContactID,PersonID,Day,At,Seen,Minutes,Score,Kind,Notes,Removed\n"
	visitHeader   = "VisitKey,Day,Site,Local,Number,Forename,Surname,Born,BornMonth,Age,Postcode,Withheld,Diagnosis\n"
	onePerson     = "P1,9990000018,01,Example,1950-05-04,1,ne14lp,,\n"
	twoPeople     = onePerson + "P2,,07,Sample,1980-01-01,9,ZZ99 3VZ,,true\n"
)

// clinic puts a delivery of the clinic with these contacts.
func (r *trial) clinic(people, contacts string) Manifest {
	r.Helper()
	r.put(clinicPath+"/Header.csv", headerCSV)
	r.put(clinicPath+"/Person.csv", personHeader+people)
	r.put(clinicPath+"/Contact.csv", contactHeader+contacts)
	return r.extract(clinicPath)
}

// zipped makes a ZIP of names and contents, in order.
func zipped(t testing.TB, pairs ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(pairs); i += 2 {
		m, err := w.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
