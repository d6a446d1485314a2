package feed

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The A&E data set that ended in March 2020 is another thing than the Emergency
// Care Data Set: no contract takes it, under its own name or under the other's.
func TestTrap07OldEmergencyCareIsNotReadAsECDS(t *testing.T) {
	const old = "AEKEY,ARRIVALDATE,PROCODE3,AEDEPTTYPE,DIAG_01\n1,2019-05-01,RAA,01,01\n"
	r := shipped(t)
	const disguised = "acute_ecds/RAA/ECDS_20190401_20200331_20200512.csv"
	r.put("acute_ecds/RAA/AE_20190401_20200331_20200512.csv", old)
	r.put("acute_ae/RAA/AE_20190401_20200331_20200512.csv", old)
	r.put(disguised, old)
	arrivals, unmatched, err := Discover(r.landing, r.catalogue)
	if err != nil || len(arrivals) != 1 || len(unmatched) != 2 {
		t.Fatalf("%d deliveries and %d that match nothing, want 1 and 2: %v", len(arrivals), len(unmatched), err)
	}
	r.refused(r.extract(disguised), "missing_column", "EC_Ident")
}

// Ages of 7001 to 7007 are bands below a year in every acute layout, and old
// and new codes for ethnic group and sex keep apart: no digit is a code of 2001,
// and X and 9 mean what each layout says.
func TestTrap07EachLayoutHasItsOwnCodes(t *testing.T) {
	for where, want := range map[string]map[string]string{
		"acute_apc/apc/SEX":                  {"1": "male", "2": "female", "3": "indeterminate", "9": "indeterminate", "0": "unknown", "X": "unknown"},
		"acute_op/op/SEX":                    {"1": "male", "2": "female", "3": "indeterminate", "9": "indeterminate", "0": "unknown", "X": "unknown"},
		"csds/cyp001mpi/Gender":              {"1": "male", "2": "female", "9": "indeterminate", "X": "unknown"},
		"mhsds/mhs001mpi/Gender":             {"1": "male", "2": "female", "9": "indeterminate", "X": "unknown"},
		"gp_emis/admin_patient/Sex":          {"M": "male", "F": "female", "I": "indeterminate", "U": "unknown"},
		"gp_systmone/srpatient/Gender":       {"Male": "male", "Female": "female", "Indeterminate": "indeterminate", "Unknown": "unknown"},
		"mhsds/mhs001mpi/EthnicCategory":     nil,
		"mhsds/mhs001mpi/EthnicCategory2021": nil,
		"csds/cyp001mpi/EthnicCategory":      nil,
	} {
		part := strings.Split(where, "/")
		p := contractOf(t, part[0]).table(part[1]).column(part[2])
		if diff := cmp.Diff(want, p.Rules.Values); diff != "" {
			t.Errorf("%s (-want +got):\n%s", where, diff)
		}
		for _, q := range p.Quality {
			if strings.HasPrefix(part[2], "Ethnic") && slices.ContainsFunc(q.Arguments.ValidValues, regexp.MustCompile(`^[0-9]$`).MatchString) {
				t.Errorf("%s takes a code of before 2001", where)
			}
		}
	}
	if p := contractOf(t, "mhsds").table("mhs001mpi").column("EthnicCategory2021"); len(p.Rules.Use) > 0 {
		t.Error("the codes of 2021 have a use beside those of 2001")
	}
}

// What the reader makes of a postcode carries the year of its boundaries in the
// name, and areas of 2001 go nowhere.
func TestTrap12SmallAreasCarryTheirYear(t *testing.T) {
	catalogue, err := shippedContracts()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, c := range catalogue.All() {
		for _, table := range c.Schema {
			for _, column := range table.Payload() {
				name := strings.ToLower(column.Name)
				if !regexp.MustCompile(`lsoa|msoa|\bimd`).MatchString(name) {
					continue
				}
				seen++
				if !slices.Contains([]string{"lsoa_2011", "lsoa_2021", "lsoa11"}, name) {
					t.Errorf("%s: table %s: %s does not say which year its boundaries are of", c.ID, table.Name, column.Name)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d columns of small areas seen", seen)
	}
}

// A spell that SUS could not make is written -1, Null or nothing. All are
// emptied on reading: what is empty groups nothing.
func TestTrap14SpellsThatAreNoneAreEmptied(t *testing.T) {
	const path, row = "acute_apc/RAA/APC_20240401_20240430_20240512.csv", "EPISTART=2024-04-01 EPIEND=2024-04-02 PROCODE3=RAA "
	r := shipped(t)
	r.put(path, csvOf([]string{"EPIKEY", "SUSSPELLID", "EPISTART", "EPIEND", "PROCODE3"},
		row+"EPIKEY=1 SUSSPELLID=-1", row+"EPIKEY=2 SUSSPELLID=Null", row+"EPIKEY=3", row+"EPIKEY=4 SUSSPELLID=77", row+"EPIKEY=5 SUSSPELLID=77", row+"EPIKEY=6 SUSSPELLID=_-1_"))
	m := r.extract(path)
	got := r.rows("SELECT _row, SUSSPELLID IS NULL, count(*) OVER (PARTITION BY SUSSPELLID) FROM " + r.file(PayloadName(m.Feed, "apc", m.ID)) + " ORDER BY _row")
	want := [][]string{{"1", "true", "4"}, {"2", "true", "4"}, {"3", "true", "4"}, {"4", "false", "2"}, {"5", "false", "2"}, {"6", "true", "4"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// One SystmOne RowIdentifier names a person in SRPatient, an entry in SRCode and
// another person at another practice: four keys, and only the reference from
// entry to person joins.
func TestTrap16RowIdentifiersAreUniqueWithinATableOnly(t *testing.T) {
	r := shipped(t)
	keys := map[string]string{}
	for _, practice := range []string{"X90001", "X90002"} {
		path := "gp_systmone/" + practice + "/SRE_202601010130.zip"
		r.put(path, systmone(t, map[string][]string{
			"srpatient": {"RowIdentifier=7 IDOrganisationVisibleTo=" + practice + " DateBirth=04_May_1950_00:00:00 Gender=Female TestPatient=false RemovedData=0"},
			"srcode":    {"RowIdentifier=7 IDOrganisationVisibleTo=" + practice + " IDPatient=7 DateEvent=05_May_2020_10:00:00 CTV3Code=ZT11. RemovedData=0"}}))
		m := r.extract(path)
		if m.Refusal != nil {
			t.Fatal(m.Refusal.Message)
		}
		person := r.rows("SELECT record_key::VARCHAR FROM " + r.file(PayloadName(m.Feed, "srpatient", m.ID)))[0][0]
		entry := r.rows("SELECT record_key::VARCHAR, RowIdentifier::VARCHAR FROM " + r.file(PayloadName(m.Feed, "srcode", m.ID)))[0]
		if entry[0] != person {
			t.Errorf("%s: the entry does not belong to its person", practice)
		}
		for what, key := range map[string]string{"person": person, "entry": entry[1]} {
			if other, taken := keys[key]; taken {
				t.Errorf("one key for %s and %s", other, practice+" "+what)
			}
			keys[key] = practice + " " + what
		}
	}
}

// systmone makes a whole extract with these rows.
func systmone(t *testing.T, rows map[string][]string) string {
	t.Helper()
	manifest, files := "FileName,IsDelta,IsReference,DateExtractFrom,DateExtractTo\n", []string{}
	for _, table := range contractOf(t, "gp_systmone").Schema {
		manifest += table.PhysicalName + ",N,N,20250101_0000,20260101_0000\n"
		files = append(files, table.PhysicalName+".csv", csvOf(columnNames(table), rows[table.Name]...))
	}
	return zipped(t, append([]string{"SRManifest.csv", manifest}, files...)...)
}

// EMIS writes one person's GUID in braces here and in small letters there: the
// entry finds its person all the same, from any agreement.
func TestTrap16GUIDsMeetWhateverTheirCase(t *testing.T) {
	r := shipped(t)
	entry := func(patient string) string {
		return "ObservationGuid=" + guid(9) + " PatientGuid=" + patient + " OrganisationGuid={" + guid(101) + "} EffectiveDate=2020-05-05 EffectiveDatePrecision=YMD CodeId=1 Deleted=false"
	}
	m := r.bundle("gp_emis", emisPath, map[string][]string{
		"admin_patient":          {"PatientGuid={" + strings.ToUpper(guid(1)) + "} OrganisationGuid=" + guid(101) + " Sex=F DateOfBirth=1950-05-04 DummyType=false Deleted=false"},
		"carerecord_observation": {entry(guid(1)), entry("{" + guid(1) + "}"), entry(strings.ToUpper(guid(1))), entry(guid(2))}})
	if m.Refusal != nil {
		t.Fatal(m.Refusal.Message)
	}
	got := r.rows("SELECT o._row, o.record_key = p.record_key, o.OrganisationGuid = p.OrganisationGuid FROM " + r.file(PayloadName(m.Feed, "carerecord_observation", m.ID)) +
		" o, " + r.file(PayloadName(m.Feed, "admin_patient", m.ID)) + " p ORDER BY 1")
	if diff := cmp.Diff([][]string{{"1", "true", "true"}, {"2", "true", "true"}, {"3", "true", "true"}, {"4", "false", "true"}}, got); diff != "" {
		t.Error(diff)
	}
}

// Published column names are kept with their typing errors: they are what
// stands in the files. A file with the word put right is refused, not guessed.
func TestTrap20PublishedTypingErrorsAreKept(t *testing.T) {
	for where, right := range map[string]string{
		"gp_emis/admin_patient/ExternalUsusalGP":                 "ExternalUsualGP",
		"gp_emis/admin_patient/ExternalUsusalGPOrganisation":     "ExternalUsualGPOrganisation",
		"gp_emis/prescribing_issuerecord/ClinicanUserInRoleGuid": "ClinicianUserInRoleGuid",
		"gp_emis/carerecord_observation/ClinicianUserInRoleGuid": "ClinicanUserInRoleGuid",
	} {
		part := strings.Split(where, "/")
		table := contractOf(t, part[0]).table(part[1])
		if table.column(part[2]) == nil || table.column(right) != nil {
			t.Errorf("%s: the published name is not kept", where)
		}
	}
	r := shipped(t)
	r.putBundle("gp_emis", emisPath, nil)
	name := emisPath + "/291_Prescribing_IssueRecord_20260101000000_11111111-2222-3333-4444-555555555555.csv"
	header := columnNames(*contractOf(t, "gp_emis").table("prescribing_issuerecord"))
	r.put(name, strings.Replace(csvOf(header), "ClinicanUser", "ClinicianUser", 1))
	r.refused(r.extract(emisPath), "missing_column", "ClinicanUserInRoleGuid", "Prescribing_IssueRecord")
}
