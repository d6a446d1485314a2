package feed

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func (r *trial) walkin(visits ...string) Manifest {
	r.Helper()
	r.put(walkinPath, visitHeader+strings.Join(visits, "\n")+"\n")
	m := r.extract(walkinPath)
	if m.Refusal != nil {
		r.Fatal(m.Refusal.Message)
	}
	return m
}

// VisitKey,Day,Site,Local,Number,Forename,Surname,Born,BornMonth,Age,Postcode,Withheld,Diagnosis
func TestRowsThatRepeatTheirPerson(t *testing.T) {
	r := newTrial(t)
	m := r.walkin(
		"V1,03/01/2026,,L1,9990000018,,,04/05/1950,,,NE1 4LP,,A",
		"V2,04/01/2026,,L1,9990000018,,,04/05/1950,,,ne14lp,,B", // the same person in the same words
		"V3,05/01/2026,,L2,,Ann,Example,04/05/1950,,,NE1 4LP,,C",
		"V4,06/01/2026,,L1,9990000018,,,04/05/1950,,,NE1 4LP,,D",
		"V5,06/01/2026,,L1,9990000018,,,04/05/1950,,,ZZ99 3VZ,,E",  // the same person in other words
		"V6,06/01/2026,,,,,,,,,,,F",                                // nobody
		"V7,06/01/2026,,,,Ann,Example,,,40,NE1 4LP,,G",             // too little to tell people apart
		"V8,06/01/2026,,L3,9990000018,,,04/05/1950,,,NE1 4LP,01,H", // withheld
	)
	c := r.table(m, "visit")
	if c.Kept != 8 || c.Identities != 3 || c.Anonymous != 2 || c.Withheld != 1 {
		t.Errorf("%+v", c)
	}
	got := r.rows(`SELECT p._row, i.row, p.record_key IS NULL, p.birth_month IS NULL FROM ` + r.file(PayloadName("walkin", "visit", m.ID)) + ` p LEFT JOIN ` +
		r.file(IdentityName("walkin", "visit", m.ID)) + ` i USING (record_key) ORDER BY 1`)
	want := [][]string{{"1", "1", "false", "false"}, {"2", "1", "false", "false"}, {"3", "3", "false", "false"}, {"4", "1", "false", "false"},
		{"5", "5", "false", "false"}, {"6", "~", "true", "true"}, {"7", "~", "true", "true"}, {"8", "~", "true", "true"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	local := r.rows("SELECT count(DISTINCT local_key), count(DISTINCT record_key) FROM " + r.file(IdentityName("walkin", "visit", m.ID)))
	if d := cmp.Diff([][]string{{"2", "3"}}, local); d != "" {
		t.Error(d)
	}
}

func TestLocalKeysBelongToTheirProvider(t *testing.T) {
	r := newTrial(t)
	m := r.walkin("V1,03/01/2026,,L1,,,,,,,,,", "V2,03/01/2026,RAA,L1,,,,,,,,,", "V3,03/01/2026,X02,L1,,,,,,,,,", "V1,03/01/2026,RAA,l1,,,,,,,,,")
	keys := r.rows("SELECT local_key = first(local_key) OVER (ORDER BY row), count(*) OVER (PARTITION BY local_key) FROM " + r.file(IdentityName("walkin", "visit", m.ID)) + " ORDER BY row")
	if d := cmp.Diff([][]string{{"true", "1"}, {"false", "1"}, {"false", "1"}}, keys[:min(3, len(keys))]); d != "" {
		t.Error(d, keys)
	}
	same := r.rows("SELECT count(DISTINCT VisitKey) FROM " + r.file(PayloadName("walkin", "visit", m.ID)) + " WHERE _row IN (1, 4)")
	if d := cmp.Diff([][]string{{"2"}}, same); d != "" {
		t.Error("keys of two providers agree", d)
	}
}

func TestBirthYearWithoutABirthDate(t *testing.T) {
	r := newTrial(t)
	m := r.walkin("V1,03/01/2026,,L1,,,,,051974,,,,", "V2,03/01/2026,,L2,,,,,,40,,,", "V3,03/01/2026,,L3,,,,,,7003,,,", "V4,03/01/2026,,L4,,,,01/01/1990,051974,40,,,",
		"V5,03/01/2026,,L5,,,,01/01/1900,,,,,", "V6,03/01/2026,,L6,,,,04/05/1890,,,,,", "V7,03/01/2026,,L7,,,,04/05/2027,,,,,", "V8,03/01/2026,,L8,,,,31/02/1990,,,,,")
	got := r.rows("SELECT birth_date::varchar, birth_date_quality, birth_year, event_date::varchar FROM " + r.file(IdentityName("walkin", "visit", m.ID)) + " ORDER BY row")
	const day = "2026-01-03"
	want := [][]string{{"~", "missing", "1974", day}, {"~", "missing", "1986", day}, {"~", "missing", "2026", day}, {"1990-01-01", "valid", "~", day},
		{"~", "missing", "~", day}, {"~", "implausible", "~", day}, {"~", "implausible", "~", day}, {"~", "implausible", "~", day}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	months := r.rows("SELECT birth_month::varchar FROM " + r.file(PayloadName("walkin", "visit", m.ID)) + " ORDER BY _row")
	if d := cmp.Diff([][]string{{"1974-05-01"}, {"~"}, {"~"}, {"1990-01-01"}, {"~"}, {"~"}, {"~"}, {"~"}}, months); d != "" {
		t.Error(d)
	}
}

func TestTrap11TestPeopleAreMarked(t *testing.T) {
	r := newTrial(t)
	m := r.walkin("V1,03/01/2026,,L1,9990000018,Ann,ZZTEST-One,,,,,,", "V2,03/01/2026,,L2,,Ann,xxtest,,,,,,", "V3,03/01/2026,,L3,9990000026,Ann,Testino,,,,,,")
	got := r.rows("SELECT test FROM " + r.file(IdentityName("walkin", "visit", m.ID)) + " ORDER BY row")
	if d := cmp.Diff([][]string{{"true"}, {"true"}, {"false"}}, got); d != "" {
		t.Error(d)
	}
	if c := r.table(m, "visit"); c.Test != 2 {
		t.Errorf("%+v", c)
	}
}

// Placeholders pass Modulus 11 and would make one person of thousands.
func TestTrap01PlaceholderNumbersAreNoKey(t *testing.T) {
	r := newTrial(t)
	m := r.clinic("P1,9999999999,01,A,1950-05-04,1,,2333455667,\nP2,999 000 0018,02,B,1950-05-04,1,,9990000026,\nP3,9990000019,01,C,1950-05-04,1,,,\n", "")
	got := r.rows("SELECT subject, row, nhs_number, nhs_number_quality FROM " + r.file(IdentityName("clinic", "person", m.ID)) + " ORDER BY subject, row")
	want := [][]string{{"mother", "2", "9990000026", "valid"}, {"person", "1", "~", "placeholder"}, {"person", "2", "9990000018", "valid"}, {"person", "3", "~", "invalid"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	mothers := r.rows("SELECT _row FROM " + r.file(PayloadName("clinic", "person", m.ID)) + " WHERE mother_record_key IS NOT NULL")
	if d := cmp.Diff([][]string{{"2"}}, mothers); d != "" {
		t.Error(d)
	}
	for _, rule := range m.Rules {
		if rule.Rule == ruleStatus && rule.Count != 2 {
			t.Errorf("%+v", rule)
		}
	}
}

func TestTrap16KeysOfGUIDsIgnoreCaseAndBraces(t *testing.T) {
	r := newTrial(t)
	source := newKeySource(&Job{Key: r.key}, "f", &column{name: "d"}, PropertyRules{Normalise: "guid"})
	a := source.sum([]byte("{ab12}"), "X")
	if b := source.sum([]byte("AB12"), "X"); a != b {
		t.Error("braces and case make another person")
	}
	if b := source.sum([]byte("AB13"), "X"); a == b {
		t.Error("two people have one key")
	}
	if b := source.sum([]byte("AB12"), "Y"); a == b {
		t.Error("two providers share a key")
	}
	long := []byte(strings.Repeat("a", 100))
	if source.sum(long, "X") != r.key.Hasher("local", "f", "X", "d").Sum([]byte(strings.Repeat("A", 100))) {
		t.Error("a long identifier is hashed in another way")
	}
	source = newKeySource(&Job{Key: r.key}, "f", &column{name: "other"}, PropertyRules{Domain: "d"})
	if source.sum([]byte("ab"), "X") != r.key.Hasher("local", "f", "X", "d").Sum([]byte("ab")) {
		t.Error("the hash is not that of the documented domain")
	}
}
