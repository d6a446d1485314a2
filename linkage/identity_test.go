package linkage_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/linkage"
)

// row is one row of a source as the reader hands it to linkage, with the true
// person beside it.
type row struct {
	feed, provider, subject              string
	file                                 string
	number                               int
	register                             bool // the record is known by its local id alone
	org, localID                         string
	nhs, nhsQuality, nhsStatus           string
	forename, middle, surname, previous  string
	birth, birthQuality                  string
	birthYear                            int
	sex, postcode, postcodeQuality, prac string
	test                                 bool
	person                               int
}

// filled gives the row the qualities its values have when nobody says otherwise.
func (r row) filled() row {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	present := func(value string) string {
		if value == "" {
			return "missing"
		}
		return "valid"
	}
	set(&r.subject, "person")
	set(&r.provider, "P1")
	set(&r.file, r.feed+"/"+r.provider+"/f.csv")
	set(&r.nhsQuality, present(r.nhs))
	set(&r.birthQuality, present(r.birth))
	set(&r.postcodeQuality, present(r.postcode))
	set(&r.sex, "unknown")
	return r
}

func key(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return uuid.UUID(sum[:16]).String()
}

func (r row) localKey() string {
	if r.localID == "" {
		return ""
	}
	return key("local", r.feed, r.provider, r.localID)
}

// recordKey is the same for rows that say the same about a person, as the
// reader makes it.
func (r row) recordKey() string {
	if r.register {
		return r.localKey()
	}
	return key("rows", r.feed, r.provider, r.subject, r.org, r.localID, r.nhs, r.nhsStatus, r.forename, r.middle, r.surname, r.previous,
		r.birth, strconv.Itoa(r.birthYear), r.sex, r.postcode, r.prac)
}

// columns of an identity file, in the reader's order.
func columns() []string {
	return strings.Fields(`record_key:UUID local_key:UUID subject:VARCHAR feed:VARCHAR table_name:VARCHAR delivery:VARCHAR provider:VARCHAR
		file:VARCHAR row:BIGINT org:VARCHAR local_id:VARCHAR nhs_number:VARCHAR nhs_number_quality:VARCHAR nhs_number_status:VARCHAR
		forename:VARCHAR middle_names:VARCHAR surname:VARCHAR previous_surname:VARCHAR birth_date:DATE birth_date_quality:VARCHAR
		birth_year:INTEGER sex:VARCHAR postcode:VARCHAR postcode_quality:VARCHAR address:VARCHAR death_date:DATE practice:VARCHAR
		event_date:DATE test:BOOLEAN`)
}

func (r row) cells() []string {
	year := ""
	if r.birthYear != 0 {
		year = strconv.Itoa(r.birthYear)
	}
	return []string{r.recordKey(), r.localKey(), r.subject, r.feed, "t", "d", r.provider, r.file, strconv.Itoa(r.number), r.org, r.localID,
		r.nhs, r.nhsQuality, r.nhsStatus, r.forename, r.middle, r.surname, r.previous, r.birth, r.birthQuality, year, r.sex, r.postcode,
		r.postcodeQuality, "", "", r.prac, "", strconv.FormatBool(r.test)}
}

// region is a folder with identity files and their truth.
type region struct {
	folder *workspace.Folder
	path   string
	files  []string
	truth  linkage.TruthFiles
}

// newRegion writes the rows as identity files, one a feed, and
// the truth of who is who.
func newRegion(t testing.TB, rows []row) *region {
	t.Helper()
	path := t.TempDir()
	folder, err := workspace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	g := &region{folder: folder, path: path}
	g.write(t, rows)
	return g
}

func (g *region) write(t testing.TB, rows []row) {
	t.Helper()
	bySource := map[string]*csvFile{}
	truth := newCSV(t, filepath.Join(g.path, "records.csv"), "file", "row", "subject", "person")
	seen := map[string]bool{}
	for i, r := range rows {
		r = r.filled()
		if r.number == 0 {
			r.number = i + 1
		}
		truth.add(t, r.file, strconv.Itoa(r.number), r.subject, strconv.Itoa(r.person))
		if k := r.file + r.recordKey(); seen[k] {
			continue
		} else {
			seen[k] = true
		}
		source := r.feed
		if bySource[source] == nil {
			bySource[source] = newCSV(t, filepath.Join(g.path, source+".csv"), names()...)
		}
		bySource[source].add(t, r.cells()...)
	}
	truth.close(t)
	g.files = nil
	for source, f := range bySource {
		f.close(t)
		g.files = append(g.files, toParquet(t, g.folder, source))
	}
	g.truth.Records = filepath.Join(g.path, "records.csv")
}

func names() []string {
	var all []string
	for _, c := range columns() {
		all = append(all, strings.Split(c, ":")[0])
	}
	return all
}

// toParquet turns a file of cells into an identity file of the right types.
func toParquet(t testing.TB, folder *workspace.Folder, source string) string {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var types []string
	for _, c := range columns() {
		name, kind, _ := strings.Cut(c, ":")
		types = append(types, duck.Text(name)+": "+duck.Text(kind))
	}
	query := fmt.Sprintf("SELECT * FROM read_csv(%s, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', columns = {%s})",
		duck.Text(folder.Path(source+".csv")), strings.Join(types, ", "))
	name := "identified/identity/" + source + ".parquet"
	if err := db.WriteParquet(t.Context(), folder, name, query); err != nil {
		t.Fatal(err)
	}
	return folder.Path(name)
}

// link runs the linkage over a region.
func (g *region) link(t testing.TB, change ...func(*linkage.In)) linkage.Result {
	t.Helper()
	in := linkage.In{Folder: g.folder, IdentityFiles: g.files, SpillFolder: t.TempDir()}
	for _, c := range change {
		c(&in)
	}
	result, err := linkage.Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// line is one line of the person index.
type line struct {
	person, step, matchedOn, crossCheck string
	candidates                          int
}

// index reads the person index by record key.
func (g *region) index(t testing.TB) map[string]line {
	t.Helper()
	all := map[string]line{}
	g.each(t, "SELECT record_key::VARCHAR, coalesce(person_id::VARCHAR, ''), step, matched_on, cross_check, candidates FROM read_parquet("+
		duck.Text(g.folder.Path(linkage.PersonsFile))+")", func(scan func(...any)) {
		var k string
		var l line
		scan(&k, &l.person, &l.step, &l.matchedOn, &l.crossCheck, &l.candidates)
		all[k] = l
	})
	return all
}

// alarmsByPerson gives the kinds of alarm of the last run.
func (g *region) alarmsByPerson(t testing.TB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	g.each(t, "SELECT kind, coalesce(person_id::VARCHAR, '') FROM read_parquet("+duck.Text(g.folder.Path(linkage.AlarmsFile))+")", func(scan func(...any)) {
		var kind, person string
		scan(&kind, &person)
		all[person] = append(all[person], kind)
	})
	return all
}

func (g *region) each(t testing.TB, query string, use func(scan func(...any))) {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		use(func(into ...any) {
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
		})
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

type csvFile struct {
	file   *os.File
	buffer *bufio.Writer
	csv    *csv.Writer
}

func newCSV(t testing.TB, path string, header ...string) *csvFile {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	buffer := bufio.NewWriterSize(file, 1<<20)
	f := &csvFile{file, buffer, csv.NewWriter(buffer)}
	f.add(t, header...)
	return f
}

func (f *csvFile) add(t testing.TB, cells ...string) {
	if err := f.csv.Write(cells); err != nil {
		t.Fatal(err)
	}
}

func (f *csvFile) close(t testing.TB) {
	f.csv.Flush()
	if err := f.buffer.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.file.Close(); err != nil {
		t.Fatal(err)
	}
}
