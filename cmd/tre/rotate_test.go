package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tre/internal/duck"
	"tre/linkage"
)

// keyed is every file of a region that holds keyed hashes, by the plain form of
// its sealed ones.
func keyed(t *testing.T, region string) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"linked/*/*.parquet", "scores/*.parquet", "scores/flagged/*.parquet", "projects/*/extract/*.parquet", "identified/payload/*/*/*.parquet",
		"identified/superseded/*/*.parquet", "identified/index/*.parquet", "identified/identity/*/*/*.parquet"} {
		found, err := filepath.Glob(filepath.Join(region, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			if _, name := regionOf(file); isSealed(name) {
				file = unsealed(file)
			}
			files = append(files, file)
		}
	}
	return files
}

// hashes gives all values of all columns of UUIDs, but for the ids of the
// person index, which are to stay.
func hashes(t *testing.T, db *duck.DB, region, table string) int64 {
	t.Helper()
	if err := db.Exec(t.Context(), "CREATE TABLE "+table+" (value UUID)"); err != nil {
		t.Fatal(err)
	}
	for _, line := range texts(t, "SELECT file_name || '|' || name FROM parquet_schema("+duck.Texts(keyed(t, region))+") WHERE logical_type LIKE 'UUID%' AND name NOT LIKE '%person_id'") {
		file, column, _ := strings.Cut(line, "|")
		if err := db.Exec(t.Context(), "INSERT INTO "+table+" SELECT DISTINCT "+duck.Name(column)+" FROM read_parquet("+duck.Text(file)+") WHERE "+duck.Name(column)+" IS NOT NULL"); err != nil {
			t.Fatal(err)
		}
	}
	var n int64
	if err := db.Row(t.Context(), []any{&n}, "SELECT count(DISTINCT value) FROM "+table); err != nil {
		t.Fatal(err)
	}
	return n
}

// demandOtherHashes demands that no keyed hash of one region is one of another.
func demandOtherHashes(t *testing.T, was, now string) {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if n := hashes(t, db, was, "was"); n < 300 {
		t.Fatalf("only %d keyed hashes before: the test tests nothing", n)
	}
	if n := hashes(t, db, now, "now"); n < 300 {
		t.Fatalf("only %d keyed hashes now", n)
	}
	var same int64
	if err := db.Row(t.Context(), []any{&same}, "SELECT count(*) FROM (SELECT value FROM was INTERSECT SELECT value FROM now)"); err != nil {
		t.Fatal(err)
	}
	if same > 0 {
		t.Errorf("%d keyed hashes of before are there still", same)
	}
}

// withoutHashes is the multiset of rows of a file, without their keyed hashes.
func withoutHashes(t *testing.T, file string) string {
	t.Helper()
	rows := rowsOf(file)
	names := texts(t, "SELECT column_name FROM (DESCRIBE SELECT * FROM "+rows+") WHERE column_type <> 'UUID' OR column_name LIKE '%person_id'")
	for i, name := range names {
		names[i] = duck.Name(name)
	}
	columns := strings.Join(append(names, "1"), ", ")
	return texts(t, "SELECT coalesce(md5(string_agg(line, chr(10) ORDER BY line)), '') || ' ' || count(*) FROM (SELECT ["+
		strings.ReplaceAll(columns, ", ", "::VARCHAR, ")+"::VARCHAR]::VARCHAR AS line FROM "+rows+")")[0]
}

const rotatedApproval = `apiVersion: tre/v1
kind: ProjectApproval
metadata: {id: %s, version: 1}
safeProject:
  title: Visits
  publicBenefit: Better feet
  dates: {start: 2026-01-01, end: 2098-12-31, approved: 2025-12-01, reviewBy: 2098-06-01}
  committees: [{body: CAG, reference: 26/CAG/0001, decided: 2025-11-01}]
  dpia: {reference: D1, signedOff: 2025-10-01}
safePeople:
  organisation: {name: University of %[1]s}
  members:
    - {name: Researcher %[1]s, id: r%[1]s, role: lead, accreditation: {scheme: DEA, expires: 2098-05-01}}
legal:
  dsa: [{number: DSA-1, controller: clinics, expires: 2098-01-01}]
  article6: e
  article9: j
  confidentiality: section251
  optOuts: {nationalDataOptOut: exempt, evidence: {kind: cag-letter, reference: 26/CAG/0001, seen: 2026-01-02, seenBy: IG}, type1: apply-at-source}
safeData:
  cohort: all
  datasets:
    - contract: care_event@^1
      columns: [person, event_id, start_date, setting]
      window: {from: 2020-01-01, to: 2026-12-31}
safeSetting: {pseudonymKeyId: k1}
`

// approve puts a project with an extract into a region.
func approve(t *testing.T, region, id string) {
	t.Helper()
	name := filepath.Join(region, "projects", id, "approval.yaml")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, fmt.Appendf(nil, rotatedApproval, id), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(region, "optouts"), 0o700); err != nil {
		t.Fatal(err)
	}
	attested := "attestations:\n"
	for _, feed := range []string{"gp_emis", "gp_systmone"} {
		attested += "  - {feed: " + feed + ", supplier: S, by: B, reference: R1, from: 2020-01-01, until: 2098-01-01}\n"
	}
	if err := os.WriteFile(filepath.Join(region, "optouts/type1.yaml"), []byte(attested), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, 0, "project", "extract", region, id)
}

// decideOne writes down that two records of one person are one person.
func decideOne(t *testing.T, region string) {
	t.Helper()
	pair := texts(t, "SELECT min(record_key::VARCHAR) || ',' || max(record_key::VARCHAR) FROM "+parquet(region, linkage.PersonsFile)+
		" GROUP BY person_id HAVING count(*) > 1 ORDER BY 1 LIMIT 1")[0]
	lines := "a,b,verdict,who,when,note\n" + pair + ",same,jo@example.org,2026-01-02T03:04:05Z,\n" +
		"00000000-0000-4000-8000-000000000001,00000000-0000-4000-8000-000000000002,different,jo@example.org,2026-01-02T03:04:05Z,long gone\n"
	if err := os.MkdirAll(filepath.Join(region, "linkage"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(region, linkage.DecisionsFile), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, 0, "run", region)
}

func copyOf(t *testing.T, region string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := exec.Command("cp", "-a", region, to).Run(); err != nil { // with its modes
		t.Fatal(err)
	}
	return to
}

// TestRotationChangesKeyedHashesAlone: the same people under the same ids, the
// same rows, the same answers, and no keyed hash that was there before.
func TestRotationChangesKeyedHashesAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a region and rotates it twice: left out of short tests")
	}
	region := small(t, "", "120")
	must(t, 0, "run", region)
	decideOne(t, region)
	approve(t, region, "ALPHA")
	must(t, 0, "key", "new", region, "BETA")
	approve(t, region, "BETA")
	approve(t, region, "GAMMA")
	gamma := filepath.Join(region, "projects/GAMMA/approval.yaml")
	data, err := os.ReadFile(gamma)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gamma, []byte(strings.Replace(string(data), "end: 2098-12-31", "end: 2026-01-31", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	was := copyOf(t, region)
	quality := must(t, 0, "link", "evaluate", region)

	said := must(t, 0, "key", "rotate", region)
	for _, want := range []string{"region-v2 ", "project ALPHA: the extract was made again", "project BETA: the extract was made again",
		"project GAMMA: the extract was withdrawn: ", "1 decision of people carried over, and 1 about records"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	if _, err := os.Stat(filepath.Join(region, "projects/GAMMA/extract")); err == nil {
		t.Error("an extract stands whose approval does not hold")
	}
	demandOtherHashes(t, was, region)
	for _, name := range []string{"analyses", "landing"} {
		if digest(t, filepath.Join(was, name)) != digest(t, filepath.Join(region, name)) {
			t.Errorf("%s/ changed", name)
		}
	}
	if now := must(t, 0, "link", "evaluate", region); now != quality {
		t.Errorf("the quality of linkage changed from\n%s\nto\n%s", quality, now)
	}
	demandSameRows(t, was, region)
	if said := must(t, 0, "run", region); !strings.Contains(said, "nothing to do") {
		t.Errorf("there was something left to do:\n%s", said)
	}
	must(t, 0, "doctor", region)
	demandBridge(t, was, region, "")
	demandBridge(t, was, region, "ALPHA")
	demandBridge(t, was, region, "BETA")

	// Once more: the way leads over both bridges.
	must(t, 0, "key", "rotate", region)
	demandOtherHashes(t, was, region)
	demandBridge(t, was, region, "")
	demandBridge(t, was, region, "ALPHA")
	must(t, 0, "run", region)
}

// demandSameRows compares what is no keyed hash, file by file.
func demandSameRows(t *testing.T, was, region string) {
	t.Helper()
	compared := 0
	for _, pattern := range []string{"linked/*/*.parquet", "scores/*.parquet", "scores/flagged/*.parquet", "identified/index/*.parquet", "projects/ALPHA/extract/*.parquet"} {
		files, err := filepath.Glob(filepath.Join(was, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			name, err := filepath.Rel(was, file)
			if err != nil {
				t.Fatal(err)
			}
			compared++
			if withoutHashes(t, file) != withoutHashes(t, filepath.Join(region, name)) {
				t.Errorf("%s holds other rows", name)
			}
		}
	}
	if compared < 40 {
		t.Fatalf("only %d files were compared", compared)
	}
}

// demandBridge brings all pseudonyms of before over the bridge and compares
// them with what the rows of identity, the same before and after, say.
func demandBridge(t *testing.T, was, region, project string) {
	t.Helper()
	out := t.TempDir()
	people := "SELECT DISTINCT o.person::VARCHAR || ' ' || n.person::VARCHAR FROM " + parquet(was, "identified/identity/*/*/*.parquet") + " a JOIN " +
		parquet(region, "identified/identity/*/*/*.parquet") + " b USING (delivery, table_name, file, row, subject) JOIN " +
		parquet(was, "identified/index/people.parquet") + " o ON o.record_key = a.record_key JOIN " +
		parquet(region, "identified/index/people.parquet") + " n ON n.record_key = b.record_key"
	args := []string{"key", "bridge", region, "--list", filepath.Join(out, "list.csv"), "--out", filepath.Join(out, "new.csv")}
	if project != "" {
		people = "SELECT DISTINCT person::VARCHAR || ' ' FROM " + parquet(was, "projects", project, "extract/*.parquet")
		args = append(args, "--project", project)
	}
	pairs := texts(t, people)
	if len(pairs) < 50 {
		t.Fatalf("only %d persons: the test tests nothing", len(pairs))
	}
	var list strings.Builder
	list.WriteString("note,pseudonym\n")
	for i, pair := range pairs {
		fmt.Fprintf(&list, "%d,%s\n", i, pair[:36])
	}
	list.WriteString("nobody,00000000-0000-4000-8000-000000000001\n")
	if err := os.WriteFile(filepath.Join(out, "list.csv"), []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, 0, args...)
	file, err := os.Open(filepath.Join(out, "new.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil || len(lines) != len(pairs)+2 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	var now []string
	for i, pair := range pairs {
		got := lines[i+1]
		if project == "" && (got[0] != fmt.Sprint(i) || got[1] != pair[37:]) {
			t.Fatalf("row %d leads to another person", i)
		}
		now = append(now, got[1])
	}
	if lines[len(lines)-1][1] != "" {
		t.Error("nobody's pseudonym leads somewhere")
	}
	if project != "" {
		want := texts(t, "SELECT DISTINCT person::VARCHAR FROM "+parquet(region, "projects", project, "extract/*.parquet")+" ORDER BY 1")
		if slices.Sort(now); !slices.Equal(now, want) {
			t.Errorf("the bridge of %s leads to other people than its extract has", project)
		}
	}
}
