package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/duck"
)

// lines runs a query and gives its rows with blanks between the cells, NULL as
// "-".
func lines(t *testing.T, columns, rest string) []string {
	t.Helper()
	var cells []string
	for c := range strings.SplitSeq(columns, ", ") {
		cells = append(cells, "coalesce("+c+"::VARCHAR, '-')")
	}
	return texts(t, "SELECT concat_ws(' ', "+strings.Join(cells, ", ")+") AS line "+rest)
}

func wants(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// linkedTable names a file of the region written by hand.
func linkedTable(r ran, table, feed string) string {
	return parquet(r.folder, "linked", table, feed+".parquet")
}

// Keys that differ in the last of 20 digits are one number as floating point.
// Read as text, the eleven episodes sent stay eleven.
func TestTrap03KeysOfTwentyDigitsStayApart(t *testing.T) {
	r := trapRegion(t)
	if n := number(t, "SELECT count(DISTINCT EPIKEY) FROM "+parquet(r.folder, "identified/payload/acute_apc/apc/*.parquet")); n != 11 {
		t.Errorf("%d keys of 11 are left in the payload", n)
	}
	if n := number(t, "SELECT count(DISTINCT event_id) FROM "+linkedTable(r, "care_event", "acute_apc")); n != 7 {
		t.Errorf("%d episodes in the linked records, want 7", n)
	}
}

// A delta amends, deletes and leaves the rest; a table sent whole again leaves
// no ghost of what it no longer holds.
func TestTrap04DeltasAmendAndWholeTablesReplace(t *testing.T) {
	r := trapRegion(t)
	wants(t, "entries of the EMIS practice", []string{"condition 2024-01-15 -", "measurement 2024-02-15 42.0"}, lines(t, "what, arrived, value",
		"FROM (SELECT 'condition' AS what, arrived, NULL AS value FROM "+linkedTable(r, "condition", "gp_emis")+
			" UNION ALL SELECT 'measurement', arrived, value FROM "+linkedTable(r, "measurement", "gp_emis")+") ORDER BY ALL"))
	wants(t, "entries of the SystmOne practices", []string{"X90001 2024-02-01 2021-05-07", "X90002 2024-01-01 2021-05-07"},
		lines(t, "provider, arrived, recorded_date", "FROM "+linkedTable(r, "condition", "gp_systmone")+" ORDER BY ALL"))
}

// The event reference differs between two files about the same request and
// agrees between a service and another event: events are known without it. A
// service gone from the later file ended with the earlier one. None is a
// contact.
func TestTrap05SocialCareEventsAreKnownWithoutTheirReference(t *testing.T) {
	r := trapRegion(t)
	wants(t, "events", []string{
		"request 2023-10-01 2023-10-03 true 2024-07-20", "service 2023-06-01 - false 2024-07-20", "service 2023-07-01 2024-03-31 true 2024-04-20",
	}, lines(t, "kind, start_date, end_date, finished, arrived", "FROM "+linkedTable(r, "care_event", "cld")+" ORDER BY ALL"))
	if _, err := os.Stat(filepath.Join(r.folder, "linked/contact/cld.parquet")); err == nil {
		t.Error("social care events became contacts")
	}
}

// Dates that stand for nothing make no stay, and an age band of 7001 makes
// nobody of seven thousand years.
func TestTrap06PseudoNullsMakeNoLongStay(t *testing.T) {
	r := trapRegion(t)
	wants(t, "Eve's stay", []string{"2024-01-15 -"}, lines(t, "start_date, end_date", "FROM "+linkedTable(r, "care_event", "acute_apc")+" WHERE start_date = DATE '2024-01-15'"))
	for _, folder := range []string{r.folder, dirtyRegion(t).folder} {
		if n := number(t, "SELECT count(*) FROM "+parquet(folder, "linked/care_event/*.parquet")+" WHERE end_date - start_date > 36525 OR start_date < DATE '1895-01-01'"); n > 0 {
			t.Errorf("%d stays of a century or from before anyone's birth", n)
		}
		if n := number(t, "SELECT count(*) FROM "+parquet(folder, "linked/person/*.parquet")+" WHERE birth_month < DATE '1895-01-01'"); n > 0 {
			t.Errorf("%d people born before 1895", n)
		}
	}
}

// Ethnic codes of before 2001 are digits and say nothing in the codes of 2001;
// a sex that was not known is not one that was not specified.
func TestTrap07OldCodesAreNotReadAsNew(t *testing.T) {
	r := trapRegion(t)
	wants(t, "sex and ethnic category of four people", []string{"female A", "indeterminate -", "male C", "unknown -", "unknown -"},
		lines(t, "sex, ethnicity", "FROM "+linkedTable(r, "demographic", "acute_apc")+" ORDER BY ALL"))
}

// The withheld row of the region written by hand has the spell and the local
// identifier of somebody's stay: it is kept, and found again by neither.
func TestTrap08WithheldRowIsNotFoundAgain(t *testing.T) {
	r := trapRegion(t)
	payload := parquet(r.folder, "identified/payload/acute_apc/apc/*.parquet")
	wants(t, "the withheld row", []string{"- - 1"}, lines(t, "record_key, birth_month, same",
		"FROM (SELECT *, (SELECT count(*) FROM "+payload+" o WHERE o.SUSSPELLID = p.SUSSPELLID AND o.record_key IS NULL) AS same FROM "+payload+" p) WHERE DIAG_4_01 = 'N979'"))
	if n := number(t, "SELECT count(*) FROM "+parquet(r.folder, "linked/*/acute_apc.parquet")+" WHERE code = 'N979' OR end_date = DATE '2024-01-03'"); n > 0 {
		t.Errorf("%d linked rows tell of a stay that was withheld", n)
	}
}

// Carers, mothers on a child's row, visitors, linked adults and free text end
// with the delivery: nothing the program writes or says holds them.
func TestTrap09OtherPeoplesIdentifiersEndWithTheDelivery(t *testing.T) {
	r := trapRegion(t)
	landed, seen := everyText(t, filepath.Join(r.folder, "landing")), 0
	written := r.said
	for _, folder := range []string{"identified", "linked", "analyses", "report", "state", "logs"} {
		written += everyText(t, filepath.Join(r.folder, folder))
	}
	for _, word := range strangers() {
		if strings.Contains(landed, word) {
			seen++
		}
		if strings.Contains(written, word) {
			t.Error("another person's identifier went further than landing")
		}
	}
	if seen < 4 {
		t.Fatalf("only %d of the identifiers were sent: the test tests nothing", seen)
	}
}

// everyText is what stands in the files below a folder: their bytes, and of
// Parquet files the text columns as well, which are packed otherwise.
func everyText(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all.Write(data)
		if filepath.Ext(path) == ".parquet" {
			all.WriteString(strings.Join(textColumns(t, path), "\n"))
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return all.String()
}

// Whoever is flagged as a test, by the practice's system or by name, has no
// person: neither they, nor their entries, nor a row that only their hospital's
// local identifier gives away.
func TestTrap11TestPeopleNeverReachLinkedRecords(t *testing.T) {
	r := trapRegion(t)
	wants(t, "who is excluded", []string{"acute_apc 2", "gp_emis 1", "gp_systmone 1"}, lines(t, "feed, count(*)",
		"FROM "+parquet(r.folder, "identified/index/persons.parquet")+" WHERE person_id IS NULL AND step = 'excluded' GROUP BY feed ORDER BY feed"))
	wants(t, "linked rows about them", []string{"0"}, lines(t, "count(*)", "FROM "+parquet(r.folder, "linked/*/*.parquet")+
		" WHERE birth_month IN (DATE '1980-07-01', DATE '1951-05-01') OR end_date IN (DATE '2024-01-17', DATE '2024-01-19') OR recorded_date = DATE '2021-05-08'"))
	wants(t, "people", []string{"7"}, lines(t, "count(*)", "FROM "+parquet(r.folder, "linked/person/person.parquet")))
}

// The same over an invented region: who is a test person there is told by the
// truth, not by the flags.
func TestTrap11TestPeopleOfAnInventedRegion(t *testing.T) {
	r := dirtyRegion(t)
	truth := "read_csv(" + duck.Text(filepath.Join(r.folder, "truth/records.csv.gz")) + ", all_varchar = true)"
	identity := parquet(r.folder, "identified/identity/*/*/*.parquet")
	people := parquet(r.folder, "identified/index/people.parquet")
	about := "FROM " + identity + " i JOIN " + truth + " t ON t.file = i.file AND t.row = i.row::VARCHAR AND t.subject = i.subject AND t.person = '0'" +
		" WHERE i.provider NOT LIKE 'TRAP%'"
	if n := number(t, "SELECT count(*) "+about); n == 0 {
		t.Fatal("the region has no test person: the test tests nothing")
	}
	if n := number(t, "SELECT count(*) "+about+" AND i.record_key IN (SELECT record_key FROM "+people+")"); n > 0 {
		t.Errorf("%d records of test people have a person", n)
	}
}

// One NHS number twice in the mental health index refuses the file, and an
// invalid one does; in general practice two registrations are one person.
func TestTrap13RepeatedNumbers(t *testing.T) {
	r := trapRegion(t)
	refused := map[string]string{}
	for _, folder := range []string{r.folder, dirtyRegion(t).folder} {
		for _, d := range statusOf(t, folder).Deliveries {
			if d.Feed == "mhsds" && d.Refused != "" {
				refused[d.Provider], _, _ = strings.Cut(d.Refused, ":")
			}
		}
	}
	if diff := cmp.Diff(map[string]string{"UM9": "repeated", "TRAP_INVALID_NUMBER": "nhs_number"}, refused); diff != "" {
		t.Errorf("mental health files refused (-want +got):\n%s", diff)
	}
	wants(t, "registrations and people of the EMIS practice", []string{"2 1"}, lines(t, "count(*), count(DISTINCT person)", "FROM "+linkedTable(r, "registration", "gp_emis")))
}

// Three admissions without a spell are three spells, though two of them began
// on one day and all three say -1 or nothing; and the episode that was
// unfinished in January counts once, finished, in February.
func TestTrap14AbsentSpellsDoNotGroup(t *testing.T) {
	r := trapRegion(t)
	events := linkedTable(r, "care_event", "acute_apc")
	wants(t, "admissions without a spell", []string{"3 3 3"}, lines(t, "count(*), count(DISTINCT spell_id), count(DISTINCT person::VARCHAR || start_date)",
		"FROM "+events+" WHERE start_date IN (DATE '2024-01-10', DATE '2024-01-20')"))
	wants(t, "the episode across two months", []string{"2024-01-29 2024-02-03 true 2024-03-12"},
		lines(t, "start_date, end_date, finished, arrived", "FROM "+events+" WHERE start_date = DATE '2024-01-29'"))
}

// Seven episodes are six admissions: two of one spell count once in the answers.
func TestTrap15AdmissionsAreSpellsNotEpisodes(t *testing.T) {
	r := trapRegion(t)
	events := linkedTable(r, "care_event", "acute_apc")
	wants(t, "episodes and spells", []string{"7 6"}, lines(t, "count(*), count(DISTINCT spell_id)", "FROM "+events))
	wants(t, "Ada's spell", []string{"1 2024-01-02 2024-01-04", "2 2024-01-04 2024-01-08"}, lines(t, "episode_order, start_date, end_date",
		"FROM "+events+" WHERE spell_id IN (SELECT spell_id FROM "+events+" GROUP BY spell_id HAVING count(*) > 1) ORDER BY ALL"))
	wants(t, "admissions of all ages and both sexes in the answer (1 to 7 are hidden)", []string{"* *"}, lines(t, "people, events",
		"FROM "+parquet(r.folder, "analyses/activity.parquet")+" WHERE activity = 'hospital admissions' AND age_band = 'all' AND sex = 'all' AND deprivation_fifth = 'all'"))
}

// Row identifier 7 is a person and an entry at each of two practices: two
// people, each with their own entry.
func TestTrap16RowIdentifiersOfTwoPracticesNeverMeet(t *testing.T) {
	r := trapRegion(t)
	wants(t, "whose entries they are", []string{"X90001 1950-05-01", "X90002 1962-06-01"}, lines(t, "c.provider, d.birth_month",
		"FROM "+linkedTable(r, "condition", "gp_systmone")+" c JOIN "+linkedTable(r, "demographic", "gp_systmone")+" d USING (person) WHERE d.birth_month IS NOT NULL ORDER BY ALL"))
}

// Every linked row says when it arrived, and the answers can be given as at a
// day, on which what arrived later does not count: late care is compared with
// care as late.
func TestTrap17AnswersAsAtADate(t *testing.T) {
	r := trapRegion(t)
	if n := number(t, "SELECT count(*) FROM "+parquet(r.folder, "linked/*/*.parquet")+" WHERE arrived IS NULL AND filename NOT LIKE '%person.parquet'"); n > 0 {
		t.Errorf("%d linked rows do not say when they arrived", n)
	}
	assessable := func() string {
		return strings.Join(lines(t, "activity, events", "FROM "+parquet(r.folder, "analyses/activity.parquet")+
			" WHERE age_band = 'all' AND sex = 'all' AND deprivation_fifth = 'all' AND activity IN ('social care events', 'hospital admissions') ORDER BY activity"), "; ")
	}
	if got := assessable(); got != "hospital admissions *; social care events *" {
		t.Errorf("today: %s", got)
	}
	settings := filepath.Join(r.folder, "region.yaml")
	before, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := put(settings, before); err != nil {
			t.Error(err)
		}
		tre("run", r.folder)
	}()
	if err := put(settings, regexp.MustCompile(`(?m)^asAt:.*$`).ReplaceAll(before, []byte(`asAt: "2024-03-31"`))); err != nil {
		t.Fatal(err)
	}
	_, said := tre("run", r.folder)
	if got := assessable(); got != "hospital admissions *; social care events not assessable" {
		t.Errorf("as at 31 March, when no social care had arrived: %s\n%s", got, said)
	}
}

// In the report's heat table a provider that has not yet sent its last month
// shows none for it, while another of the same feed does: an incomplete month
// is seen by who is missing from it.
func TestTrap17ReportShowsWhoseLastMonthIsMissing(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(dirtyRegion(t).folder, "report/report.html"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "<h3>csds</h3>")
	table, _, _ = strings.Cut(table, "<h3>")
	months := regexp.MustCompile(`<th scope="col">([A-Z][a-z]{2} \d\d)</th>`).FindAllStringSubmatch(table, -1)
	if len(months) < 6 || months[len(months)-1][1] != "Jun 26" {
		t.Fatalf("the months shown are %v", months)
	}
	last := map[string]string{}
	for _, row := range regexp.MustCompile(`(?s)<tr><td>(UC\d)</td><th scope="row">Other, mandatory</th>(.*?)</tr>`).FindAllStringSubmatch(table, -1) {
		cells := regexp.MustCompile(`title="([^"]*)"`).FindAllStringSubmatch(row[2], -1)
		last[row[1]] = strings.TrimLeft(cells[len(cells)-1][1], "0123456789%")
	}
	if !strings.HasPrefix(last["UC0"], "no rows") || !strings.Contains(last["UC1"], "values usable") {
		t.Errorf("June 2026 by provider: %v, want none from UC0, which is late, and some from UC1", last)
	}
}
