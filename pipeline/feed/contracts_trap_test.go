package feed

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Columns of events that hold other people, or text that may name anyone, have
// no use in any contract: they are checked and dropped.
func TestTrap09OtherPeopleGoNowhere(t *testing.T) {
	tests := map[string][]string{
		"csds/cyp001mpi":                 {"NHSNumber_Mother", "NHSNumberStatus_Mother"},
		"csds/cyp202careactivity":        {"CareProfessionalID_Local"},
		"mhsds/mhs501hospprovspell":      {"PostcodeMainVisitor", "PostcodeDischDestHospProvSpell"},
		"msds/msd401babydemographics":    {"CareProfLIDDel", "LocalFetalID"},
		"cld/cld":                        {"Adult_1_Linked_Person_ID", "Adult_2_Linked_Person_ID", "Adult_3_Linked_Person_ID", "Event_Description", "Event_Reference"},
		"acute_ecds/ecds":                {"AMBULANCE_CALL_IDENTIFIER", "CARE_CONTACT_ID_AMBULANCE"},
		"gp_emis/admin_patient":          {"CarerName", "CarerRelation"},
		"gp_emis/carerecord_observation": {"AssociatedText"},
	}
	for where, columns := range tests {
		id, table, _ := strings.Cut(where, "/")
		for _, column := range columns {
			p := contractOf(t, id).table(table).column(column)
			if p == nil || len(p.Rules.Use) > 0 {
				t.Errorf("%s: column %s is missing or has a use", where, column)
			}
		}
	}
}

// shipped is a trial with the program's own contracts.
func shipped(t *testing.T) *trial {
	t.Helper()
	r := newTrial(t)
	catalogue, err := shippedContracts()
	if err != nil {
		t.Fatal(err)
	}
	r.catalogue = catalogue
	return r
}

// csvOf writes rows of "Column=value" as CSV, a "_" in a value being a blank;
// columns that a row does not name are empty.
func csvOf(columns []string, rows ...string) string {
	var out strings.Builder
	out.WriteString(strings.Join(columns, ",") + "\n")
	for _, row := range rows {
		cells := make([]string, len(columns))
		for cell := range strings.FieldsSeq(row) {
			name, value, _ := strings.Cut(cell, "=")
			cells[slices.Index(columns, name)] = strings.ReplaceAll(value, "_", " ")
		}
		out.WriteString(strings.Join(cells, ",") + "\n")
	}
	return out.String()
}

// The research layout of HES: no identified column, keys of 20 digits that
// differ in the last, date pseudo-nulls, padding, ages that are bands, spells
// that are none and columns the contract does not have.
func TestTrap06HESPseudoNullsAndPadding(t *testing.T) {
	const path = "acute_apc/RAA/APC_20010401_20020331_20020601.csv"
	columns := []string{"EPIKEY", "PSEUDO_HESID", "ADMIDATE", "EPISTART", "EPIEND", "DISDATE", "PROCODE3", "SUSSPELLID", "DIAG_4_01", "OPERTN_4_01", "MYDOB", "STARTAGE", "AEKEY"}
	r := shipped(t)
	rows := []string{
		"EPIKEY=12345678901234567890 PSEUDO_HESID=TESTa ADMIDATE=1801-01-01 EPISTART=2001-05-01 EPIEND=1800-01-01 DISDATE=1582-10-15 PROCODE3=RAA SUSSPELLID=-1 DIAG_4_01=I10X OPERTN_4_01=-___ MYDOB=051974 STARTAGE=7001",
		"EPIKEY=12345678901234567891 PSEUDO_HESID=TESTa ADMIDATE=2001-05-01 EPISTART=2001-05-01 EPIEND=2001-05-03 DISDATE=2001-05-03 PROCODE3=RAA SUSSPELLID=Null DIAG_4_01=- OPERTN_4_01=X352 MYDOB=011801 STARTAGE=34 AEKEY=9",
		"PSEUDO_HESID=TESTa EPISTART=2001-05-01 PROCODE3=RAA",
	}
	for i := range 40 {
		rows = append(rows, fmt.Sprintf("EPIKEY=%d PSEUDO_HESID=TESTb EPISTART=2001-05-01 EPIEND=2001-05-01 PROCODE3=RAA", i+1))
	}
	r.put(path, csvOf(columns, rows...))
	m := r.extract(path)
	if diff := cmp.Diff([]string{"3 EPIKEY required"}, r.quarantined(m)); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
	got := r.rows(`SELECT ADMIDATE::VARCHAR, EPIEND::VARCHAR, DISDATE::VARCHAR, SUSSPELLID IS NULL,
		DIAG_4_01, OPERTN_4_01, birth_month::VARCHAR, STARTAGE FROM ` + r.file(PayloadName(m.Feed, "apc", m.ID)) + ` WHERE _row <= 2 ORDER BY _row`)
	want := [][]string{
		{"~", "~", "~", "true", "I10X", "~", "1974-05-01", "7001"},
		{"2001-05-01", "2001-05-03", "2001-05-03", "true", "~", "X352", "~", "34"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	keys := r.rows("SELECT count(DISTINCT EPIKEY), count(*) FROM " + r.file(PayloadName(m.Feed, "apc", m.ID)))
	if diff := cmp.Diff([][]string{{"42", "42"}}, keys); diff != "" {
		t.Errorf("distinct keys and rows (-want +got):\n%s", diff)
	}
	// An age band below one year is an age of nought, never seven thousand years.
	years := r.rows("SELECT birth_year FROM " + r.file(IdentityName(m.Feed, "apc", m.ID)) + " WHERE row <= 2 ORDER BY row")
	if diff := cmp.Diff([][]string{{"1974"}, {"1967"}}, years); diff != "" {
		t.Errorf("birth year (-want +got):\n%s", diff)
	}
}

// A withheld row lawfully names nobody: it is kept, counted, and never linked,
// even when an identifier was left in by mistake.
func TestTrap08WithheldIdentity(t *testing.T) {
	const path = "acute_apc/RAA/APC_20240401_20240430_20240512.csv"
	columns := []string{"NEWNHSNO", "LOPATID", "WITHHELD_IDENTITY_REASON", "EPIKEY", "EPISTART", "EPIEND", "PROCODE3"}
	r := shipped(t)
	r.put(path, csvOf(columns,
		"NEWNHSNO=9990000018 LOPATID=L1 EPIKEY=1 EPISTART=2024-04-01 EPIEND=2024-04-02 PROCODE3=RAA",
		"NEWNHSNO=9990000018 LOPATID=L1 WITHHELD_IDENTITY_REASON=01 EPIKEY=2 EPISTART=2024-04-01 EPIEND=2024-04-02 PROCODE3=RAA",
		"LOPATID=L1 WITHHELD_IDENTITY_REASON=unlisted EPIKEY=3 EPISTART=2024-04-01 EPIEND=2024-04-02 PROCODE3=RAA"))
	m := r.extract(path)
	got := r.table(m, "apc")
	if got.Kept != 3 || got.Withheld != 2 || got.Identities != 1 {
		t.Errorf("counts: %+v, want 3 kept, 2 of them withheld, 1 identity", got)
	}
	keys := r.rows("SELECT record_key IS NULL FROM " + r.file(PayloadName(m.Feed, "apc", m.ID)) + " ORDER BY _row")
	if diff := cmp.Diff([][]string{{"false"}, {"true"}, {"true"}}, keys); diff != "" {
		t.Errorf("without a record key (-want +got):\n%s", diff)
	}
}

// Social care files pass through spreadsheets: a person identifier turned into
// scientific notation sets the row aside, a date in another form empties the
// cell or, where it is mandatory, sets the row aside. Nothing is repaired.
func TestTrap03SpreadsheetDamage(t *testing.T) {
	const path = "cld/102/CLD_20230401_20240331_20240420.csv"
	const good = "LA_Code=102 Reporting_Period_Start_Date=01/04/2023 Reporting_Period_End_Date=31/03/2024 Client_Type=Service_user Event_Type=Service "
	r := shipped(t)
	rows := []string{
		good + "LA_Person_Unique_Identifier=900001 Event_Start_Date=01/06/2023",
		good + "LA_Person_Unique_Identifier=9.0E+05 Event_Start_Date=01/06/2023",
		good + "LA_Person_Unique_Identifier=900002 Event_Start_Date=45078",
		good + "LA_Person_Unique_Identifier=900003 Event_Start_Date=01/06/2023 Event_End_Date=2023-06-09",
	}
	// Two rows set aside of 64 are few enough for the rest to be used.
	rows = append(rows, slices.Repeat(rows[:1], 60)...)
	r.put(path, csvOf(columnNames(*contractOf(t, "cld").table("cld")), rows...))
	m := r.extract(path)
	if diff := cmp.Diff([]string{"2 LA_Person_Unique_Identifier damaged_number", "3 Event_Start_Date bad_date"}, r.quarantined(m)); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
	got := r.rows("SELECT Event_End_Date IS NULL FROM " + r.file(PayloadName(m.Feed, "cld", m.ID)) + " WHERE _row = 4")
	if diff := cmp.Diff([][]string{{"true"}}, got); diff != "" {
		t.Errorf("end (-want +got):\n%s", diff)
	}
}
