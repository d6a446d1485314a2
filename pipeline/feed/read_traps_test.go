package feed

import (
	"archive/zip"
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// Every delivery here is set aside whole, by the rule named, with a message
// that says which file or column, and leaves nothing behind but its manifest
// and its quarantine.
func TestRefusesDeliveries(t *testing.T) {
	const good = "7,P1,2026-01-03,,,,,,,\n"
	folder := func(name, content string) func(*trial) {
		return func(r *trial) {
			r.put(clinicPath+"/Header.csv", headerCSV)
			r.put(clinicPath+"/Person.csv", personHeader+onePerson)
			r.put(clinicPath+"/Contact.csv", contactHeader+good)
			r.put(clinicPath+"/"+name, content)
		}
	}
	wide := string(utf16Bytes(contactHeader + good))
	tests := []struct {
		name  string
		put   func(*trial)
		rule  string
		names []string
	}{
		{"WrongDelimiter", folder("Contact.csv", strings.ReplaceAll(contactHeader+good, ",", "|")), "wrong_delimiter", []string{"Contact.csv", `","`}},
		{"MissingColumn", folder("Contact.csv", "ContactID,Day\n7,2026-01-03\n"), "missing_column", []string{"Contact.csv", "PersonID"}},
		{"RenamedColumn", folder("Contact.csv", strings.Replace(contactHeader, "PersonID", "Person", 1)+good), "missing_column", []string{"PersonID"}},
		{"ExtraColumn", folder("Contact.csv", strings.Replace(contactHeader, "\n", ",More\n", 1)), "extra_column", []string{"column 11"}},
		{"DuplicatedColumn", folder("Contact.csv", strings.Replace(contactHeader, "Minutes", "Score", 1)), "duplicate_column", []string{"Score"}},
		{"ReorderedColumns", folder("Contact.csv", strings.Replace(contactHeader, "Minutes,Score", "Score,Minutes", 1)), "column_order", []string{"Score", "Minutes"}},
		{"FileWithoutHeader", folder("Contact.csv", good), "missing_column", []string{"ContactID"}},
		{"FileWithoutBytes", folder("Contact.csv", ""), "empty_file", []string{"Contact.csv"}},
		{"UTF16WithMark", folder("Contact.csv", "\xff\xfe"+wide), "wrong_encoding", []string{"UTF-16"}},
		{"UTF16WithoutMark", folder("Contact.csv", wide), "wrong_encoding", []string{"UTF-16"}},
		{"TruncatedInARow", folder("Contact.csv", contactHeader+good+"8,P1,2026-0"), "truncated", []string{"Contact.csv", "row 2"}},
		{"TruncatedInQuotes", folder("Contact.csv", contactHeader+good+`8,P1,"2026-0`), "truncated", []string{"row 2"}},
		{"FatalValue", folder("Contact.csv", contactHeader+"7,P1,2026-01-03,,,,,fatal!,,\n"), "kind_fatal", []string{"row 1", "Kind"}},
		{"UnknownVersion", folder("Header.csv", "Version,Made\n9.9,2026-02-05\n"), "unknown_version", []string{"Version", "1.0, 1.1"}},
		{"NoVersion", folder("Header.csv", "Version,Made\n"), "unknown_version", []string{"Version"}},
		{"RegisterWithoutPeople", folder("Person.csv", personHeader), "empty_table", []string{"person"}},
		{"TooManyRejected", folder("Contact.csv", contactHeader+strings.Repeat(",P1,2026-01-03,,,,,,,\n", 9)), "too_many_rejected", []string{"9 of 11", "50 per cent"}},
		{"MissingMandatoryTable", func(r *trial) { r.put(clinicPath+"/Header.csv", headerCSV) }, "missing_table", []string{"Person"}},
		{"SparseGiantHeader", func(r *trial) {
			folder("Contact.csv", "x")(r)
			if err := os.Truncate(r.landing.Path(clinicPath+"/Contact.csv"), 64<<20); err != nil {
				t.Fatal(err)
			}
		}, "bad_header", []string{"line_too_long"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newTrial(t)
			test.put(r)
			r.refused(r.extract(clinicPath), test.rule, test.names...)
		})
	}
}

func utf16Bytes(text string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// Every row here is set aside, or a cell of it emptied, and the rest stays.
func TestTrapRows(t *testing.T) {
	const good = "1,P1,2026-01-03,,,,,,,\n"
	tests := []struct {
		name, contacts string
		kept           int64
		set            []string // quarantine: row column rule
		warned         []string // column rule
	}{
		{"Windows1252InUTF8", good + "2,P1,2026-01-03,,,,,caf\xe9,,\n" + good, 2, []string{"2 Kind wrong_encoding"}, nil},
		{"Mojibake", good + "2,P1,2026-01-03,,,,,caf\u00c3\u00a9,,\n", 2, nil, []string{"Kind mojibake"}},
		{"MojibakeQuote", good + "2,P1,2026-01-03,,,,,it\u00e2\u20ac\u2122s,,\n", 2, nil, []string{"Kind mojibake"}},
		{"NULByte", good + "2,P1,2026-01-03,,,,,a\x00b,,\n", 1, []string{"2 Kind nul_byte"}, nil},
		{"RepeatedHeader", good + contactHeader + good, 2, []string{"2  repeated_header"}, nil},
		{"TooManyFields", good + strings.Replace(good, "\n", ",\n", 1) + good, 2, []string{"2  too_many_fields"}, nil},
		{"TooFewFields", good + "2,P1\n" + good, 2, []string{"2  too_few_fields"}, nil},
		{"StrayQuote", good + `2,P1,2026-01-03,,,,,"a"b,,` + "\n" + good, 2, []string{"2  bad_quote"}, nil},
		{"UnclosedQuoteInTheMiddle", good + `2,P1,2026-01-03,,,,,"ab,,` + "\n" + strings.Replace(good, "P1", `"P1"`, 1) + good, 3, []string{"2  bad_quote"}, nil},
		{"ImpossibleDate", good + "2,P1,2026-02-30,,,,,,,\n" + good, 2, []string{"2 Day bad_date"}, nil},
		{"TwoDigitYear", good + "2,P1,26-01-03,,,,,,,\n", 1, []string{"2 Day bad_date"}, nil},
		{"OtherDateForm", good + "2,P1,03/01/2026,,,,,,,\n", 1, []string{"2 Day bad_date"}, nil},
		{"DateBefore1895", good + "2,P1,1894-12-31,,,,,,,\n", 1, []string{"2 Day implausible_date"}, nil},
		{"DateCenturiesAhead", good + "2,P1,3003-01-03,,,,,,,\n", 1, []string{"2 Day implausible_date"}, nil},
		{"MissingKey", good + ",P1,2026-01-03,,,,,,,\n", 1, []string{"2 ContactID required"}, nil},
		{"NullWordAsKey", good + "NULL,P1,2026-01-03,,,,,,,\n", 1, []string{"2 ContactID required"}, nil},
		{"ExcelDamagedKey", good + "9.43E+09,P1,2026-01-03,,,,,,,\n", 1, []string{"2 ContactID damaged_number"}, nil},
		{"ExcelDamagedPerson", good + "2,9.43E+09,2026-01-03,,,,,,,\n", 1, []string{"2 PersonID damaged_number"}, nil},
		{"ExcelDamagedInteger", good + "2,P1,2026-01-03,,,3E+01,,,,\n", 2, nil, []string{"Minutes bad_integer"}},
		{"IntegerOutOfRange", good + "2,P1,2026-01-03,,,601,,,,\n", 2, nil, []string{"Minutes range"}},
		{"NumberInWords", good + "2,P1,2026-01-03,,,,many,,,\n", 2, nil, []string{"Score bad_number"}},
		{"ImpossibleTime", good + "2,P1,2026-01-03,24:00,,,,,,\n", 2, nil, []string{"At bad_time"}},
		{"TooLongText", good + "2,P1,2026-01-03,,,,," + strings.Repeat("é", 41) + ",,\n", 2, nil, []string{"Kind length"}},
		{"PseudoNullTimestamp", good + "2,P1,2026-01-03,,1900-01-01,,,,,\n", 2, nil, nil},
		{"DeletedRowAsksNothingButItsKey", good + "2,,,,,,,,,1\n,,,,,,,,,1\n", 2, []string{"3 ContactID required"}, nil},
		{"LineOf20MiB", good + "2,P1,2026-01-03,,,,,\"" + strings.Repeat("x", 20<<20) + "\",,\n" + good, 2, []string{"2  line_too_long"}, nil},
		{"EmptyLines", good + "\n\r\n" + good, 2, nil, nil},
		{"CarriageReturns", strings.ReplaceAll(good+good, "\n", "\r\n"), 2, nil, nil},
		{"NoFinalNewline", strings.TrimSuffix(good+good, "\n"), 2, nil, nil},
		{"OnlyAHeader", "", 0, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newTrial(t)
			m := r.clinic(onePerson+onePerson+onePerson, test.contacts)
			if m.Refusal != nil {
				t.Fatal(m.Refusal.Message)
			}
			if c := r.table(m, "contact"); c.Kept != test.kept || c.Quarantined != int64(len(test.set)) || c.RowsIn != c.Kept+c.Quarantined {
				t.Errorf("%+v, want %d kept", c, test.kept)
			}
			if d := cmp.Diff(test.set, r.quarantined(m)); d != "" {
				t.Error(d)
			}
			var warned []string
			for _, rule := range m.Rules {
				if rule.Severity == "warning" {
					warned = append(warned, rule.Column+" "+rule.Rule)
				}
			}
			if d := cmp.Diff(test.warned, warned); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTrap03TwentyDigitKeysStayText(t *testing.T) {
	r := newTrial(t)
	m := r.clinic(onePerson, "10000000000000000001,P1,2026-01-03,,,,,,,\n10000000000000000002,P1,2026-01-03,,,,,,,\n007,P1,2026-01-03,,,,,,,\n")
	got := r.rows("SELECT ContactID, count(*) OVER () FROM (SELECT DISTINCT ContactID, ContactID_key FROM " + r.file(PayloadName("clinic", "contact", m.ID)) + ") ORDER BY 1")
	if d := cmp.Diff([][]string{{"007", "3"}, {"10000000000000000001", "3"}, {"10000000000000000002", "3"}}, got); d != "" {
		t.Error(d)
	}
}

func TestTrapByteOrderMarkIsNoPartOfTheHeader(t *testing.T) {
	r := newTrial(t)
	r.put(clinicPath+"/Header.csv", "\xef\xbb\xbf"+headerCSV)
	r.put(clinicPath+"/Person.csv", "\xef\xbb\xbf"+strings.ReplaceAll(personHeader, "LocalID", `"LocalID"`)+onePerson)
	if m := r.extract(clinicPath); m.Refusal != nil {
		t.Error(m.Refusal.Message)
	}
}

func TestTrapFileInTwoParts(t *testing.T) {
	r := newTrial(t)
	r.put(clinicPath+"/Contact_2.csv", contactHeader+"8,P1,2026-01-04,,,,,,,\n")
	r.put(clinicPath+"/Readme.txt", "not data")
	m := r.clinic(onePerson, "7,P1,2026-01-03,,,,,,,\n,P1,2026-01-03,,,,,,,\n")
	got := r.rows("SELECT _row, ContactID FROM " + r.file(PayloadName("clinic", "contact", m.ID)) + " ORDER BY _row")
	if d := cmp.Diff([][]string{{"1", "7"}, {"3", "8"}}, got); d != "" {
		t.Error(d)
	}
	if len(m.Notes) != 1 || !strings.HasPrefix(m.Notes[0], "1 files") {
		t.Errorf("notes: %q", m.Notes)
	}
}

func TestTrapMandatoryRegisterOfADeltaMayBeEmpty(t *testing.T) {
	r := newTrial(t)
	r.put(legacyPath, legacyZip(t, "Y", ""))
	if m := r.extract(legacyPath); m.Refusal != nil {
		t.Fatal(m.Refusal.Message)
	}
	r.put(legacyPath, legacyZip(t, "N", ""))
	r.refusedByRule(r.extract(legacyPath), "empty_table")
}

func (r *trial) refusedByRule(m Manifest, rule string) {
	r.Helper()
	if m.Refusal == nil || m.Refusal.Rule != rule {
		r.Fatalf("want %s: %+v", rule, m.Refusal)
	}
}

func legacyZip(t testing.TB, delta, people string) string {
	t.Helper()
	return zipped(t, "SRManifest.csv", "FileName,IsDelta,IsReference,DateExtractFrom,DateExtractTo\nSRPerson,"+delta+",N,20260101_0000,20260201_0000\nSROther.csv,Y,N,,\n",
		"SRPerson.csv", "RowIdentifier,Surname,Born,Removed\n"+people, "SROther.csv", "a,b\n")
}

func TestTrap19Windows1252IsReadWithoutTheEngine(t *testing.T) {
	r := newTrial(t)
	r.put(legacyPath, legacyZip(t, "N", "1,O\x92Brien \xe9,04 May 1950 00:00:00,0\n2,\x81bad,04 May 1950,0\n3,Gone,31 Apr 1950,1\n4,Z\u00c3\u00b6,\"04 MAY 1950\",0\n"))
	m := r.extract(legacyPath)
	if m.Refusal != nil {
		t.Fatal(m.Refusal.Message)
	}
	got := r.rows("SELECT row, surname, birth_date::varchar FROM " + r.file(IdentityName("legacy", "srperson", m.ID)) + " ORDER BY row")
	if d := cmp.Diff([][]string{{"1", "O\u2019Brien \u00e9", "1950-05-04"}, {"4", "~", "1950-05-04"}}, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"2 Surname wrong_encoding"}, r.quarantined(m)); d != "" {
		t.Error(d)
	}
	if c := r.table(m, "srperson"); !c.Full || c.Kept != 3 {
		t.Errorf("%+v", c)
	}
	if m.Start != "202601010000" || m.End != "202602010000" {
		t.Errorf("window %s to %s", m.Start, m.End)
	}
}

func TestRefusesZips(t *testing.T) {
	manifest := "FileName,IsDelta,IsReference,DateExtractFrom,DateExtractTo\nSRPerson,Y,N,20260101_0000,20260201_0000\n"
	person := "RowIdentifier,Surname,Born,Removed\n1,Example,04 May 1950,0\n"
	whole := zipped(t, "SRManifest.csv", manifest, "SRPerson.csv", person)
	tests := []struct{ name, content, rule string }{
		{"NotAZip", "RowIdentifier,Surname\n", "not_a_zip"},
		{"Empty", "", "not_a_zip"},
		{"CutShort", whole[:len(whole)-30], "not_a_zip"},
		{"DamagedMember", strings.Replace(stored(t, "SRManifest.csv", manifest, "SRPerson.csv", person), "Example", "Exbmple", 1), "zip_damaged"},
		{"Slip", zipped(t, "SRManifest.csv", manifest, "../SRPerson.csv", person), "zip_unsafe_name"},
		{"Absolute", zipped(t, "SRManifest.csv", manifest, "/SRPerson.csv", person), "zip_unsafe_name"},
		{"Backslash", zipped(t, "SRManifest.csv", manifest, `..\SRPerson.csv`, person), "zip_unsafe_name"},
		{"TwoOfOneName", zipped(t, "SRManifest.csv", manifest, "SRPerson.csv", person, "SRPerson.csv", person), "zip_duplicate_name"},
		{"Encrypted", flagged(t, manifest, person), "zip_encrypted"},
		{"NoManifest", zipped(t, "SRPerson.csv", person), "zip_manifest"},
		{"ManifestLacksFile", zipped(t, "SRManifest.csv", strings.Replace(manifest, "SRPerson", "SROther", 1), "SRPerson.csv", person), "zip_manifest"},
		{"ManifestListsAbsentFile", zipped(t, "SRManifest.csv", manifest+"SRNote,Y,N,,\n", "SRPerson.csv", person), "zip_manifest"},
		{"ManifestWithOtherHeader", zipped(t, "SRManifest.csv", "a,b\n", "SRPerson.csv", person), "zip_manifest"},
		{"Bomb", zipped(t, "SRManifest.csv", manifest, "SRPerson.csv", person+strings.Repeat(" ", 80<<20)), "zip_bomb"},
		{"BombThatLies", lying(t, manifest, person), "zip_bomb"},
		{"UTF8Mark", zipped(t, "SRManifest.csv", manifest, "SRPerson.csv", "\xef\xbb\xbf"+person), "wrong_encoding"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newTrial(t)
			r.put(legacyPath, test.content)
			r.refused(r.extract(legacyPath), test.rule, legacyOrTable(test.rule))
		})
	}
}

func legacyOrTable(rule string) string {
	if rule == "zip_manifest" {
		return "anifest"
	}
	return legacyPath
}

func stored(t *testing.T, pairs ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(pairs); i += 2 {
		m, err := w.CreateHeader(&zip.FileHeader{Name: pairs[i], Method: zip.Store})
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

// flagged marks the members as encrypted.
func flagged(t *testing.T, manifest, person string) string {
	data := []byte(zipped(t, "SRManifest.csv", manifest, "SRPerson.csv", person))
	for i := range len(data) - 10 {
		if bytes.HasPrefix(data[i:], []byte("PK\x01\x02")) {
			data[i+8] |= 1
		}
	}
	return string(data)
}

// lying makes a member that expands beyond the size it declares.
func lying(t *testing.T, manifest, person string) string {
	data := []byte(zipped(t, "SRManifest.csv", manifest, "SRPerson.csv", person+strings.Repeat("2,Example,04 May 1950,0\n", 1000)))
	for i := range len(data) - 30 {
		if bytes.HasPrefix(data[i:], []byte("PK\x01\x02")) && bytes.HasPrefix(data[i+46:], []byte("SRPerson")) {
			data[i+24], data[i+25], data[i+26], data[i+27] = 100, 0, 0, 0
		}
	}
	return string(data)
}
