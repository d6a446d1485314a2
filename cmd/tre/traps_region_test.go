package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"tre/pipeline/feed"
)

// The people of the region written by hand, by NHS numbers that are never
// issued, with their birth dates.
const (
	ada   = "9990001006 1950-05-04"
	ben   = "9990001014 1961-02-03"
	cat   = "9990001022 1972-03-04"
	dan   = "9990001030 1983-04-05"
	eve   = "9990001049 1994-05-06"
	dummy = "9990001057 1980-07-08"
)

// Words and a number that stand only where other people are named. They must
// end with the delivery.
func strangers() []string {
	return []string{"Quillfeather", "Brimblecott", "ZE29QF", "ZE2 9QF", "9990001065", "QF770077"}
}

// sent is one delivery written by hand: rows of "Column=value" by table, a "_"
// in a value being a blank.
type sent struct {
	feed, path string
	rows       map[string][]string
}

// handmadeFolder is what tidy removes; "" until the region is made.
var handmadeFolder string

// handmade is a region of a few deliveries, one case of each trap that the
// program as a whole must not fall into, run once for all tests that look.
var handmade = sync.OnceValues(func() (ran, error) {
	folder, err := os.MkdirTemp("", "tre-traps-")
	if err != nil {
		return ran{}, err
	}
	handmadeFolder = folder
	r := ran{folder: filepath.Join(folder, "region")}
	_, r.said = tre("init", r.folder)
	catalogue, err := feed.NewCatalogue(nil)
	if err != nil {
		return ran{}, err
	}
	for _, s := range slices.Concat(handmadeHospital(), handmadePractice(), handmadeOthers()) {
		if err := s.write(catalogue, filepath.Join(r.folder, "landing", s.feed)); err != nil {
			return ran{}, err
		}
	}
	for _, args := range [][]string{{"run", r.folder}, {"status", r.folder, "--deliveries"}, {"quality", r.folder}} {
		_, said := tre(args...)
		r.said += said
	}
	return r, nil
})

func trapRegion(t *testing.T) ran {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a whole region: left out of short tests")
	}
	r, err := handmade()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// write puts the delivery where its sender would: one file, a folder of files
// or a ZIP with its manifest.
func (s sent) write(catalogue *feed.Catalogue, landing string) error {
	contract, err := catalogue.Newest(s.feed)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, table := range contract.Schema {
		var columns []string
		for _, p := range table.Properties {
			columns = append(columns, p.Name)
		}
		text, err := csvOf(columns, s.rows[table.Name])
		if err != nil {
			return fmt.Errorf("%s: table %s: %w", s.path, table.Name, err)
		}
		files[table.PhysicalName+".csv"] = text
	}
	path := filepath.Join(landing, s.path)
	switch filepath.Ext(path) {
	case ".csv":
		return put(path, files[contract.Schema[0].PhysicalName+".csv"])
	case ".zip":
		return s.zip(path, files)
	}
	for name, text := range files {
		if s.feed == "gp_emis" {
			name = "291_" + strings.TrimSuffix(name, ".csv") + "_" + filepath.Base(path) + "_" + guid(999) + ".csv"
		}
		if err := put(filepath.Join(path, name), text); err != nil {
			return err
		}
	}
	return nil
}

func (s sent) zip(path string, files map[string][]byte) error {
	manifest := "FileName,IsDelta,IsReference,DateExtractFrom,DateExtractTo\n"
	for name := range files {
		manifest += strings.TrimSuffix(name, ".csv") + ",N,N,20230101_0000,20240101_0000\n"
	}
	files["SRManifest.csv"] = []byte(manifest)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		member, err := w.Create(name)
		if err != nil {
			return err
		}
		if _, err := member.Write(text); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return put(path, out.Bytes())
}

func put(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

// csvOf writes rows of "Column=value" as CSV; columns that a row does not name
// are empty.
func csvOf(columns, rows []string) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	if err := w.Write(columns); err != nil {
		return nil, err
	}
	for _, row := range rows {
		cells := make([]string, len(columns))
		for cell := range strings.FieldsSeq(row) {
			name, value, _ := strings.Cut(cell, "=")
			at := slices.Index(columns, name)
			if at < 0 {
				return nil, fmt.Errorf("no column %s", name)
			}
			cells[at] = strings.ReplaceAll(value, "_", " ")
		}
		if err := w.Write(cells); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

// named gives a person's NHS number and birth date under a layout's own names.
func named(who, number, birth string) string {
	n, day, _ := strings.Cut(who, " ")
	return number + "=" + n + " " + birth + "=" + day + " "
}

// guid gives the nth of a row of identifiers as EMIS writes them.
func guid(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-00000000abcd", n) }

// key gives an episode key of 20 digits: all are one number as floating point.
func key(n int) string { return fmt.Sprintf("EPIKEY=200000000000000000%02d ", n) }

// handmadeHospital is one trust's admitted care of two months.
func handmadeHospital() []sent {
	const episode, done = "PROCODE3=RAA CLASSPAT=1 EPITYPE=1 ADMIMETH=21 EPIORDER=1 ", "EPISTAT=3 "
	from := func(who string) string { return episode + named(who, "NEWNHSNO", "DOB") }
	days := func(admitted, start, end string) string {
		return "ADMIDATE=2024-" + admitted + " EPISTART=2024-" + start + " EPIEND=2024-" + end + " "
	}
	january := []string{
		// Two episodes of one spell.
		from(ada) + key(1) + done + days("01-02", "01-02", "01-04") + "LOPATID=H1 SUSSPELLID=51 SEX=2 ETHNOS=A",
		strings.Replace(from(ada), "EPIORDER=1", "EPIORDER=2", 1) + key(2) + done + days("01-02", "01-04", "01-08") + "LOPATID=H1 SUSSPELLID=51 SEX=2 ETHNOS=A",
		// Spells that are none, of three admissions of two people; codes of before 2001.
		from(ben) + key(3) + done + days("01-10", "01-10", "01-11") + "LOPATID=H2 SUSSPELLID=-1 SEX=3 ETHNOS=3",
		from(cat) + key(4) + done + days("01-10", "01-10", "01-11") + "LOPATID=H3 SUSSPELLID=-1 SEX=0 ETHNOS=9",
		from(cat) + key(5) + done + days("01-20", "01-20", "01-21") + "LOPATID=H3 SEX=0 ETHNOS=8",
		// Unfinished at the end of the month.
		from(dan) + key(6) + "EPISTAT=1 ADMIDATE=2024-01-29 EPISTART=2024-01-29 LOPATID=H4 SUSSPELLID=56 SEX=1 ETHNOS=C",
		// Withheld, yet with the spell and local identifier of Ada's stay left in.
		episode + key(7) + done + days("01-02", "01-02", "01-03") + "LOPATID=H1 SUSSPELLID=51 WITHHELD_IDENTITY_REASON=01 DIAG_4_01=N979",
		// Dates that stand for nothing.
		from(eve) + key(8) + done + "ADMIDATE=1801-01-01 EPISTART=2024-01-15 EPIEND=1800-01-01 DISDATE=1582-10-15 LOPATID=H5 STARTAGE=7001",
		// A test person: by name where there is no number, then by local identifier alone.
		episode + key(9) + done + days("01-16", "01-16", "01-17") + "LOPATID=T1 DOB=1980-07-08 GIVEN_NAME=ANN FAMILY_NAME=ZZTEST HOMEADD=NE1_4LP SEX=2",
		from(dummy) + key(10) + done + days("01-18", "01-18", "01-19") + "LOPATID=T1 SEX=2",
	}
	february := []string{from(dan) + key(16) + done + days("01-29", "01-29", "02-03") + "LOPATID=H4 SUSSPELLID=57 SEX=1 ETHNOS=C"}
	return []sent{
		{"acute_apc", "RAA/APC_20240101_20240131_20240212.csv", map[string][]string{"apc": january}},
		{"acute_apc", "RAA/APC_20240201_20240229_20240312.csv", map[string][]string{"apc": february}},
	}
}

// handmadePractice is an EMIS agreement with one delta after the first, and a
// SystmOne practice that sends everything twice, beside another whose row
// identifiers are the same.
func handmadePractice() []sent {
	registered := func(who string, n int, rest string) string {
		return named(who, "NhsNumber", "DateOfBirth") + "Sex=F Deleted=false DateOfRegistration=2001-01-01 OrganisationGuid=" + guid(101) + " PatientGuid=" + guid(n) + " " + rest
	}
	entry := func(n, patient int, rest string) string {
		return "ObservationGuid=" + guid(n) + " PatientGuid=" + guid(patient) + " OrganisationGuid=" + guid(101) +
			" EffectiveDate=2020-05-05 EffectiveDatePrecision=YMD CodeId=1 " + rest
	}
	codes := []string{"CodeId=1 Term=Cough SnomedCTConceptId=9990000401"}
	patient := func(id, practice, rest string) string {
		return "RowIdentifier=" + id + " IDOrganisationVisibleTo=" + practice + " Gender=Female RemovedData=0 " + rest
	}
	note := func(id, of, practice string) string {
		return "RowIdentifier=" + id + " IDOrganisationVisibleTo=" + practice + " IDPatient=" + of + " DateEvent=0" + id[:1] + "_May_2021_10:00:00 SNOMEDCode=9990000402 RemovedData=0"
	}
	own := patient("7", "X90001", "FirstName=Edith Surname=O\x92Hare DateBirth=04_May_1950_00:00:00 TestPatient=0")
	test := patient("8", "X90001", "FirstName=Test Surname=Person DateBirth=05_May_1951_00:00:00 TestPatient=1")
	other := patient("7", "X90002", "FirstName=Maud Surname=Oakley DateBirth=06_Jun_1962_00:00:00 TestPatient=0")
	return []sent{
		{"gp_emis", "agreement1/20240115000000", map[string][]string{
			"admin_patient": {registered(ada, 1, "DummyType=false GivenName=Ada Surname=Oakley CarerName=Quillfeather CarerRelation=Brimblecott"),
				registered(ada, 2, "DummyType=false GivenName=Ada Surname=Oakley PatientTypeDescription=Temporary"),
				registered(dummy, 3, "DummyType=true GivenName=Test Surname=Person")},
			"carerecord_observation": {entry(11, 1, "Deleted=false AssociatedText=seen_with_Quillfeather"), entry(12, 1, "Deleted=false"),
				entry(13, 1, "Deleted=false"), entry(14, 3, "Deleted=false")},
			"coding_clinicalcode": codes}},
		{"gp_emis", "agreement1/20240215000000", map[string][]string{
			"carerecord_observation": {entry(12, 1, "Deleted=true"), entry(13, 1, "Deleted=false Value=42 NumericUnit=kg")}}},
		{"gp_systmone", "X90001/SRE_202401010130.zip", map[string][]string{"srpatient": {own, test},
			"srcode": {note("7", "7", "X90001"), note("9", "7", "X90001"), note("8", "8", "X90001")}}},
		{"gp_systmone", "X90001/SRE_202402010130.zip", map[string][]string{"srpatient": {own, test}, "srcode": {note("7", "7", "X90001"), note("8", "8", "X90001")}}},
		{"gp_systmone", "X90002/SRE_202401010130.zip", map[string][]string{"srpatient": {other}, "srcode": {note("7", "7", "X90002")}}},
	}
}

// handmadeOthers are social care, mental health and community submissions, and
// a mental health file that its national receiver would refuse.
func handmadeOthers() []sent {
	event := func(end, rest string) string {
		number, _, _ := strings.Cut(ada, " ")
		return "LA_Code=999 Reporting_Period_Start_Date=01/04/2023 Reporting_Period_End_Date=" + end + " LA_Person_Unique_Identifier=500 NHS_Number=" + number +
			" Date_of_Birth=04/05/1950 Gender=Female Client_Type=Service_user " + rest
	}
	const march, june = "31/03/2024", "30/06/2024"
	const home, day = "Event_Type=Service Service_Type=Long_term_support:_Community Service_Component=Home_support Event_Start_Date=01/06/2023 ",
		"Event_Type=Service Service_Type=Long_term_support:_Community Service_Component=Day_support Event_Start_Date=01/07/2023 "
	const request = "Event_Type=Request Request_Route_of_Access=Community_/_other_route Event_Start_Date=01/10/2023 Event_End_Date=03/10/2023 "
	period := "ReportingPeriodStartDate=2024-01-01 ReportingPeriodEndDate=2024-01-31 DateTimeDatSetCreate=2024-02-15_08:30:00 PrimSystemInUse=X "
	index := func(id, who string) string {
		return named(who, "NHSNumber", "PersonBirthDate") + "LocalPatientID=" + id + " OrgIDLocalPatientID=UM0 Gender=2"
	}
	return []sent{
		{"cld", "999/CLD_20230401_20240331_20240420.csv", map[string][]string{"cld": {
			event(march, home+"Event_Reference=REF1 Event_Description=Quillfeather Adult_1_Linked_Person_ID=QF770077"),
			event(march, day+"Event_Reference=REF2"), event(march, request+"Event_Reference=REF3")}}},
		{"cld", "999/CLD_20230701_20240630_20240720.csv", map[string][]string{"cld": {
			event(june, home+"Event_Reference=REF1"), event(june, request+"Event_Reference=REF1")}}},
		{"mhsds", "UM0/MHSDS_20240101_20240131_20240215", map[string][]string{
			"mhs000header":   {"DatSetVer=6.0 OrgIDProvider=UM0 OrgIDSubmit=UM0 " + period},
			"mhs001mpi":      {index("M1", ada)},
			"mhs101referral": {"ServiceRequestID=R1 LocalPatientID=M1 OrgIDComm=X CareProfTeamLocalID=T ReferralRequestReceivedDate=2024-01-03"},
			"mhs501hospprovspell": {"HospProvSpellID=S1 ServiceRequestID=R1 StartDateHospProvSpell=2024-01-05 PostcodeMainVisitor=ZE2_9QF " +
				"PostcodeDischDestHospProvSpell=ZE2_9QF"}}},
		{"mhsds", "UM9/MHSDS_20240101_20240131_20240215", map[string][]string{
			"mhs000header": {"DatSetVer=6.0 OrgIDProvider=UM9 OrgIDSubmit=UM9 " + period}, "mhs001mpi": {index("M1", ben), index("M2", ben)}}},
		{"csds", "UC0/CSDS_20240101_20240131_20240215", map[string][]string{
			"cyp000header": {"Version=1.6 OrgID_Provider=UC0 RP_StartDate=2024-01-01 RP_EndDate=2024-01-31"},
			"cyp001mpi":    {named(eve, "NHSNumber", "DateOfBirth") + "LocalPatientID=C1 OrgID_LocalPatientID=UC0 Gender=2 NHSNumber_Mother=9990001065"}}},
	}
}
