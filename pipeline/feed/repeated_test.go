package feed

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bundle puts a folder delivery of a contract that comes with the program:
// every table, with the rows given (see csvOf).
func (r *trial) bundle(id, path string, rows map[string][]string) Manifest {
	r.Helper()
	r.putBundle(id, path, rows)
	return r.extract(path)
}

func (r *trial) putBundle(id, path string, rows map[string][]string) {
	r.Helper()
	for _, t := range contractOf(r, id).Schema {
		name := t.PhysicalName + ".csv"
		if id == "gp_emis" {
			name = "291_" + t.PhysicalName + "_20260101000000_11111111-2222-3333-4444-555555555555.csv"
		}
		r.put(path+"/"+name, csvOf(columnNames(t), rows[t.Name]...))
	}
}

const (
	emisPath     = "gp_emis/A0001/20260101000000"
	mentalPath   = "mhsds/UM0/MHSDS_20260101_20260131_20260215"
	mentalHeader = "DatSetVer=6.0 OrgIDProvider=UM0 OrgIDSubmit=UM0 PrimSystemInUse=X ReportingPeriodStartDate=2026-01-01 " +
		"ReportingPeriodEndDate=2026-01-31 DateTimeDatSetCreate=2026-02-15_08:30:00"
)

// guid gives the nth of a row of identifiers as EMIS writes them.
func guid(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-00000000abcd", n) }

// mental puts a mental health submission with these people in its index.
func (r *trial) mental(people ...string) Manifest {
	r.Helper()
	for i := range people {
		people[i] += " OrgIDLocalPatientID=UM0"
	}
	return r.bundle("mhsds", mentalPath, map[string][]string{"mhs000header": {mentalHeader}, "mhs001mpi": people})
}

// The published rejections of a mental health file: an NHS number that is there
// and fails its check (MHSREJ006a), one of two people (MHSREJ102), a local
// identifier of two people (MHSREJ103).
func TestTrap13InvalidOrRepeatedNumberRefusesAMentalHealthFile(t *testing.T) {
	const a, b, c = "LocalPatientID=A NHSNumber=9990000018", "LocalPatientID=B NHSNumber=9990000026", "LocalPatientID=C"
	for _, test := range []struct {
		name   string
		people []string
		rule   string // "" where the file is taken
		where  []string
	}{
		{"Sound", []string{a, b, c, "LocalPatientID=D"}, "", nil},
		{"PlaceholderOnce", []string{a, b, c + " NHSNumber=9999999999"}, "", nil},
		{"FailsModulus11", []string{a, b, c + " NHSNumber=9990000019"}, "nhs_number", []string{"MHS001MPI.csv", "row 3", "NHSNumber"}},
		{"NineDigits", []string{a, c + " NHSNumber=999000001"}, "nhs_number", []string{"row 2", "NHSNumber"}},
		{"OneNumberTwice", []string{a, b, "LocalPatientID=C NHSNumber=9990000018"}, "repeated", []string{"MHS001MPI.csv", "row 3", "NHSNumber"}},
		{"OneNumberInOtherWords", []string{a, "LocalPatientID=C NHSNumber=999_000_0018"}, "repeated", []string{"row 2", "NHSNumber"}},
		{"PlaceholderTwice", []string{a, c + " NHSNumber=9999999999", "LocalPatientID=D NHSNumber=9999999999"}, "repeated", []string{"row 3", "NHSNumber"}},
		{"OneLocalIdentifierTwice", []string{a, b, "LocalPatientID=A"}, "repeated", []string{"row 3", "LocalPatientID"}},
		{"TheFirstRowIsNamedWhateverItsColumn", []string{a, "LocalPatientID=C NHSNumber=9990000018", "LocalPatientID=A"}, "repeated", []string{"row 2", "NHSNumber"}},
		{"BothTheFirstCounts", []string{a, "LocalPatientID=A NHSNumber=9990000018", b, b}, "repeated", []string{"row 2", "LocalPatientID"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := shipped(t)
			m := r.mental(slices.Clone(test.people)...)
			if test.rule != "" {
				r.refused(m, test.rule, test.where...)
				return
			}
			if m.Refusal != nil {
				t.Fatal(m.Refusal.Message)
			}
			if got := r.table(m, "mhs001mpi"); got.Identities != int64(len(test.people)) {
				t.Errorf("%+v, want %d identities", got, len(test.people))
			}
		})
	}
}

// In general practice one NHS number may lawfully stand twice: two practices, a
// temporary registration beside the regular one. An invalid one is kept too,
// and is never a key.
func TestTrap13RepeatedNumberInGeneralPracticeIsAllowed(t *testing.T) {
	r := shipped(t)
	registered := func(n, organisation int, rest string) string {
		return fmt.Sprintf("PatientGuid=%s OrganisationGuid=%s Sex=F DateOfBirth=1950-05-04 DummyType=false Deleted=false %s", guid(n), guid(organisation), rest)
	}
	m := r.bundle("gp_emis", emisPath, map[string][]string{"admin_patient": {
		registered(1, 101, "NhsNumber=9990000018 PatientTypeDescription=Regular"),
		registered(2, 101, "NhsNumber=9990000018 PatientTypeDescription=Temporary"),
		registered(3, 102, "NhsNumber=9990000018 PatientTypeDescription=Regular"),
		registered(4, 102, "NhsNumber=9990000019 PatientTypeDescription=Regular")}})
	if m.Refusal != nil {
		t.Fatal(m.Refusal.Message)
	}
	got := r.rows("SELECT nhs_number, nhs_number_quality, count(DISTINCT record_key) FROM " + r.file(IdentityName(m.Feed, "admin_patient", m.ID)) + " GROUP BY ALL ORDER BY ALL")
	if d := cmp.Diff([][]string{{"9990000018", "valid", "3"}, {"~", "invalid", "1"}}, got); d != "" {
		t.Error(d)
	}
	want := RuleCount{Table: "admin_patient", Column: "NhsNumber", Rule: "nhs_number", Severity: "warning", Count: 1, FirstRow: 4}
	if !slices.Contains(m.Rules, want) {
		t.Errorf("the rules broken are %+v, want %+v among them", m.Rules, want)
	}
}

// with makes a trial whose contract of an id was changed in one place.
func with(t *testing.T, id, old, next string) *trial {
	t.Helper()
	r := newTrial(t)
	text, err := os.ReadFile("testdata/contracts/" + id + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	r.catalogue = &Catalogue{}
	if err := r.catalogue.add("contracts/"+id+".yaml", []byte(changed(t, string(text), old, next))); err != nil {
		t.Fatal(err)
	}
	return r
}

// A value is remembered over blocks and over the files of a table, and the row
// named is the later one whoever checked it first.
func TestRepeatedValuesAreFoundOverBlocksAndFiles(t *testing.T) {
	people := func(from, to int) string {
		var rows strings.Builder
		for i := range to - from {
			fmt.Fprintf(&rows, "P%d,,,Example%s,1950-05-04,1,,,\n", from+i, strings.Repeat("x", 80))
		}
		return rows.String()
	}
	const count = 6_000 // several blocks
	for _, test := range []struct {
		name, first, second, where string
	}{
		{"OverBlocks", people(0, count) + people(7, 8), "", "Person.csv: row 6001"},
		{"InTheFirstBlock", people(0, 3) + people(1, count), "", "Person.csv: row 4"},
		{"OverFiles", people(0, count), people(count, 2*count) + people(9, 10), "Person_2.csv: row 6001"},
		{"Nowhere", people(0, count), people(count, 2*count), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := with(t, "clinic", "mandatory: true, subject: register}", "mandatory: true, subject: register, rejectRepeated: [LocalID]}")
			r.workers = 2
			if test.second != "" {
				r.put(clinicPath+"/Person_2.csv", personHeader+test.second)
			}
			m := r.clinic(test.first, "")
			if test.where == "" {
				if m.Refusal != nil {
					t.Fatal(m.Refusal.Message)
				}
				return
			}
			r.refused(m, "repeated", test.where, "LocalID")
			if got := r.quarantined(m); !slices.Contains(got, strings.Fields(test.where)[2]+" LocalID repeated") {
				t.Errorf("quarantine: %d lines, and not the row", len(got))
			}
		})
	}
}

// A row that takes an earlier one back repeats its key rightly.
func TestDeletedRowsDoNotRepeat(t *testing.T) {
	const deletion, again = "1,Gone,04 May 1950,1\n", "1,Example,04 May 1950,0\n"
	for people, refused := range map[string]bool{deletion + again: false, again + deletion: false, again + again: true} {
		r := with(t, "legacy", "mandatory: true, subject: register,", "mandatory: true, subject: register, rejectRepeated: [RowIdentifier],")
		r.put(legacyPath, legacyZip(t, "Y", people))
		if m := r.extract(legacyPath); (m.Refusal != nil) != refused {
			t.Errorf("refusal %v, want %v", m.Refusal, refused)
		}
	}
}
