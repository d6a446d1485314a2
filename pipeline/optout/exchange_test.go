package optout

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
	"tre/pseudonymise"
)

// numbers are valid, of the range for invented people.
func numbers() []string {
	var all []string
	for n := 0; len(all) < 8; n++ {
		stem, sum := fmt.Sprintf("999%06d", n), 0
		for at, d := range stem {
			sum += int(d-'0') * (10 - at)
		}
		number := stem + fmt.Sprint((11-sum%11)%11)
		if len(number) == 10 && checkNumber([]byte(number)) {
			all = append(all, number)
		}
	}
	return all
}

func openDuck(t testing.TB) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// newStore has five people: a and b with a number each, c with two, d with
// none, e with one that is not usable; and a record of nobody.
func newStore(t testing.TB) Store {
	t.Helper()
	folder, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	key, err := pseudonymise.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	s := Store{Folder: folder, Key: key.Zone(), Today: time.Date(2026, 11, 5, 9, 30, 0, 0, time.UTC)}
	n, db := numbers(), openDuck(t)
	identity := fmt.Sprintf(`SELECT md5(r)::UUID AS record_key, feed, provider, local_id, number AS nhs_number, quality AS nhs_number_quality FROM (VALUES
		('a1', 'gp', 'P1', 'L1', '%[1]s', 'valid'), ('a2', 'apc', 'T1', 'L9', '%[1]s', 'valid'), ('b', 'gp', 'P1', 'L2', '%[2]s', 'valid'),
		('c1', 'gp', 'P2', 'L1', '%[3]s', 'valid'), ('c2', 'apc', 'T1', 'L8', '%[4]s', 'valid'), ('d', 'apc', 'T1', 'L7', NULL, 'missing'),
		('e', 'apc', 'T1', 'L6', '1234567890', 'invalid'), ('x', 'apc', 'T1', 'L5', '%[5]s', 'valid')) AS v(r, feed, provider, local_id, number, quality) ORDER BY ALL`,
		n[4], n[1], n[2], n[3], n[0])
	if err := sealed.Write(t.Context(), db, folder, "identified/identity/gp/t/1.parquet", identity, s.Key); err != nil {
		t.Fatal(err)
	}
	people := "SELECT md5(r)::UUID AS record_key, md5('person ' || r[1])::UUID AS person FROM (VALUES ('a1'), ('a2'), ('b'), ('c1'), ('c2'), ('d'), ('e')) AS v(r) ORDER BY ALL"
	if err := db.WriteParquet(t.Context(), folder, peopleName, people); err != nil {
		t.Fatal(err)
	}
	return s
}

func options(t testing.TB) RequestOptions {
	return RequestOptions{Mailbox: "X26XX001", Recipient: "X26XX002", Out: t.TempDir()}
}

func ask(t testing.TB, s Store) Requested {
	t.Helper()
	made, err := s.Request(t.Context(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func lines(of ...string) string { return strings.Join(of, ",\n") + ",\n" }

// answer writes a file of a name.
func answer(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRequestIsWhatTheServiceReads(t *testing.T) {
	s, n := newStore(t), numbers()
	made := ask(t, s)
	if got := filepath.Base(made.Data); got != "X26XX001-05112026-0001.dat" {
		t.Errorf("the file is called %s", got)
	}
	data, err := os.ReadFile(made.Data)
	if err != nil {
		t.Fatal(err)
	}
	// People only, each number once, in ascending order.
	if diff := cmp.Diff(lines(n[1], n[2], n[3], n[4]), string(data)); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	for _, path := range []string{made.Data, made.Control} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(path), info, err)
		}
	}
	text, err := os.ReadFile(made.Control)
	if err != nil {
		t.Fatal(err)
	}
	var fields struct {
		XMLName xml.Name `xml:"DTSControl"`
		Fields  []struct {
			XMLName xml.Name
			Value   string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fields.Fields {
		got = append(got, f.XMLName.Local+"="+strings.TrimSpace(f.Value))
	}
	want := []string{"Version=1.0", "AddressType=DTS", "MessageType=Data", "From_DTS=X26XX001", "To_DTS=X26XX002", "Subject=X26XX001-05112026-0001",
		"LocalId=X26XX001-05112026-0001", "WorkflowId=SPINE_NTT_UPHOLDING", "Compress=Y", "Encrypted=N", "IsCompressed=N", "AllowChunking=Y", "StatusRecord="}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("control (-want +got):\n%s", diff)
	}
}

func TestASequenceIsNeverUsedTwice(t *testing.T) {
	s := newStore(t)
	for i := range 3 {
		if made := ask(t, s); made.Sequence != i+1 {
			t.Errorf("request %d has sequence %d", i+1, made.Sequence)
		}
	}
	x, err := s.read()
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, a := range x.Requests {
		states = append(states, a.State)
	}
	if diff := cmp.Diff([]string{Replaced, Replaced, Pending}, states); diff != "" {
		t.Error(diff)
	}
	if err := s.Folder.Write(exchangeName, []byte("{")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Request(t.Context(), options(t)); problem.CodeOf(err) != problem.PolicyRefuse {
		t.Errorf("a lost sequence: %v", err)
	}
	x.Sequence = lastSequence
	if err := s.write(x); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Request(t.Context(), options(t)); problem.CodeOf(err) != problem.PolicyRefuse {
		t.Errorf("beyond the end: %v", err)
	}
}

func TestRequestRefusesOddCharacters(t *testing.T) {
	s := newStore(t)
	for name, change := range map[string]func(*RequestOptions){
		"--mailbox":   func(o *RequestOptions) { o.Mailbox = "X26:X001" },
		"--recipient": func(o *RequestOptions) { o.Recipient = "" },
		"--workflow":  func(o *RequestOptions) { o.Workflow = "A B" },
		"--subject":   func(o *RequestOptions) { o.Subject = "opt:outs" },
		"--local-id":  func(o *RequestOptions) { o.LocalID = "é" },
		"--out":       func(o *RequestOptions) { o.Out = "" },
	} {
		o := options(t)
		change(&o)
		if _, err := s.Request(t.Context(), o); problem.CodeOf(err) != problem.Usage || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if s.Folder.Exists(exchangeName) {
		t.Error("a refusal took a sequence number")
	}
}

func TestImportKeepsTheListAndNothingElse(t *testing.T) {
	s, n := newStore(t), numbers()
	made := ask(t, s)
	list, err := s.Import(t.Context(), answer(t, filepath.Base(made.Data), lines(n[3], n[1], n[4])), 0)
	if err != nil || list != (List{1, "2026-11-05"}) {
		t.Fatal(list, err)
	}
	names, err := s.Folder.Files(zoneFolder)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{zoneFolder + "/cleaned-0001.parquet", exchangeName}, names); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	for _, name := range names {
		data, err := s.Folder.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(n, func(number string) bool { return bytes.Contains(data, []byte(number)) }) {
			t.Errorf("%s holds a number in the clear", name)
		}
	}
	// a is on the list; b is; c has one number of two on it; d and e have none.
	db := openDuck(t)
	counts, err := s.Checked(t.Context(), list, db, "checked")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Counts{People: 5, NoNumber: 2, NotOn: 1, Checked: 2}, counts); diff != "" {
		t.Error(diff)
	}
	var strangers int64
	if err := db.Row(t.Context(), []any{&strangers}, "SELECT count(*) FROM checked WHERE person NOT IN (md5('person a')::UUID, md5('person b')::UUID)"); err != nil || strangers != 0 {
		t.Errorf("%d people who should not be there, %v", strangers, err)
	}
}

func TestImportRefusals(t *testing.T) {
	n := numbers()
	const refuse, usage = problem.PolicyRefuse, problem.Usage
	for name, test := range map[string]struct {
		text, file string
		answers    int
		code       problem.ExitCode
		say        string
	}{
		"no final line feed":    {strings.TrimSuffix(lines(n[1], n[2]), "\n"), "a.dat", 1, refuse, "line 2: the file is cut short"},
		"no final comma":        {n[1] + ",\n" + n[2] + "\n", "a.dat", 1, refuse, "line 2: no comma"},
		"cut in a number":       {n[1] + ",\n" + n[2][:4], "a.dat", 1, refuse, "line 2: the file is cut short"},
		"CRLF":                  {strings.ReplaceAll(lines(n[1], n[2]), "\n", "\r\n"), "a.dat", 1, refuse, "line 1: ends in CR LF"},
		"byte order mark":       {"\ufeff" + lines(n[1]), "a.dat", 1, refuse, "byte order mark"},
		"empty":                 {"", "a.dat", 1, refuse, "the file is empty"},
		"a receipt":             {`{"dataset_id": "mesh_to_pos"}`, "a.dat", 1, usage, "this is a receipt (JSON)"},
		"a transfer report":     {"<DTSControl><MessageType>Report</MessageType></DTSControl>", "a.ctl", 1, usage, "transfer report"},
		"one line of complaint": {"invalid file\n", "a.dat", 1, refuse, "line 1: not ten figures and a comma"},
		"a long line":           {strings.Repeat("9", 100000), "a.dat", 1, refuse, "line 1: not ten figures and a comma"},
		"check digit":           {lines(n[1], "9990000001"), "a.dat", 1, refuse, "line 2: not a valid NHS number"},
		"twice":                 {lines(n[1], n[2], n[1]), "a.dat", 1, refuse, "line 3: a number that stands there before"},
		"not asked":             {lines(n[1], n[0]), "a.dat", 1, refuse, "line 2: a number that request 0001 did not ask about"},
		"no such request":       {lines(n[1]), "a.dat", 2, refuse, "there was no request 0002"},
		"which request":         {lines(n[1]), "a.dat", 0, usage, "does not say which request"},
		"another sequence":      {lines(n[1]), "X26XX001-05112026-0007.dat", 0, refuse, "there was no request 0007"},
		"another day":           {lines(n[1]), "X26XX001-06112026-0001.dat", 0, refuse, "made on another day"},
		"another mailbox":       {lines(n[1]), "X26XX009-05112026-0001.dat", 0, refuse, "is of another mailbox"},
		"name and flag":         {lines(n[1]), "X26XX001-05112026-0001.dat", 2, refuse, "answers request 0001, not 0002"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			ask(t, s)
			before, err := s.Folder.Files("")
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Import(t.Context(), answer(t, test.file, test.text), test.answers)
			if err == nil || problem.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.say) {
				t.Errorf("error %v with code %d, want %q with %d", err, problem.CodeOf(err), test.say, test.code)
			}
			if err != nil && slices.ContainsFunc(n, func(number string) bool { return strings.Contains(err.Error()+problem.HintOf(err), number) }) {
				t.Error("the error shows a number")
			}
			after, err := s.Folder.Files("")
			if err != nil || !slices.Equal(before, after) {
				t.Errorf("a refusal changed the region: %v, %v", after, err)
			}
		})
	}
}

// TestTheRequestIsNoAnswer: it has the same form, and would say that nobody
// opted out.
func TestTheRequestIsNoAnswer(t *testing.T) {
	s, n := newStore(t), numbers()
	made := ask(t, s)
	wants := func(path string, code problem.ExitCode, say string) {
		t.Helper()
		if _, err := s.Import(t.Context(), path, 1); problem.CodeOf(err) != code || !strings.Contains(err.Error(), say) {
			t.Errorf("error %v, want %q", err, say)
		}
	}
	wants(made.Data, problem.PolicyRefuse, "this is the request itself")
	for text, want := range map[string]string{"<DTSControl><MessageType>Report</MessageType></DTSControl>": "belongs to a transfer report", "<a": "cannot be read"} {
		path := answer(t, "m.dat", lines(n[1]))
		if err := os.WriteFile(strings.TrimSuffix(path, ".dat")+".ctl", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code := problem.PolicyRefuse
		if strings.Contains(text, "Report") {
			code = problem.Usage
		}
		wants(path, code, want)
	}
	path := answer(t, "m.dat", lines(n[1]))
	control := "<DTSControl><MessageType>Data</MessageType><From_DTS>X26XX002</From_DTS><DTSId>1</DTSId></DTSControl>"
	if err := os.WriteFile(strings.TrimSuffix(path, ".dat")+".ctl", []byte(control), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), path, 1); err != nil {
		t.Error(err)
	}
}

func TestNobodyOfManyIsNotBelieved(t *testing.T) {
	s, db := newStore(t), openDuck(t)
	var people, identity []string
	many := []string{}
	for n := 0; len(many) < manyNumbers; n++ {
		if number := fmt.Sprint(9990001000 + n); checkNumber([]byte(number)) {
			many = append(many, number)
			people = append(people, fmt.Sprintf("(md5('m%d')::UUID, md5('q%d')::UUID)", n, n))
			identity = append(identity, fmt.Sprintf("(md5('m%d')::UUID, 'P1', NULL::VARCHAR, '%s', 'valid')", n, number))
		}
	}
	if err := db.WriteParquet(t.Context(), s.Folder, peopleName, "SELECT * FROM (VALUES "+strings.Join(people, ", ")+") AS v(record_key, person) ORDER BY ALL"); err != nil {
		t.Fatal(err)
	}
	query := "SELECT * FROM (VALUES " + strings.Join(identity, ", ") + ") AS v(record_key, provider, local_id, nhs_number, nhs_number_quality) ORDER BY record_key"
	if err := sealed.Write(t.Context(), db, s.Folder, "identified/identity/gp/t/1.parquet", query, s.Key); err != nil {
		t.Fatal(err)
	}
	ask(t, s)
	if _, err := s.Import(t.Context(), answer(t, "m.dat", lines(many...)), 1); problem.CodeOf(err) != problem.PolicyRefuse || !strings.Contains(err.Error(), "the request itself") {
		t.Errorf("error %v", err)
	}
	if _, err := s.Import(t.Context(), answer(t, "m.dat", lines(many[1:]...)), 1); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerIsUsedOnceAndInTime(t *testing.T) {
	s, n := newStore(t), numbers()
	first := ask(t, s)
	file := answer(t, filepath.Base(first.Data), lines(n[1]))
	second := ask(t, s)
	wants := func(path, say string) {
		t.Helper()
		if _, err := s.Import(t.Context(), path, 0); problem.CodeOf(err) != problem.PolicyRefuse || !strings.Contains(err.Error(), say) {
			t.Errorf("error %v, want %q", err, say)
		}
	}
	wants(file, "request 0001 was followed by a later one")
	good := answer(t, filepath.Base(second.Data), lines(n[1]))
	if _, err := s.Import(t.Context(), good, 0); err != nil {
		t.Fatal(err)
	}
	wants(good, "was answered before")
	third := ask(t, s)
	s.Today = s.Today.AddDate(0, 0, MaxAgeDays+1)
	wants(answer(t, filepath.Base(third.Data), lines(n[1])), "is more than 21 days old")
	if err := s.Expire(); err != nil {
		t.Fatal(err)
	}
	wants(answer(t, filepath.Base(third.Data), lines(n[1])), "is more than 21 days old")
	names, err := s.Folder.Files(zoneFolder)
	if diff := cmp.Diff([]string{exchangeName}, names); diff != "" || err != nil {
		t.Errorf("kept after 21 days: %s %v", diff, err)
	}
	status, err := s.Status()
	if err != nil || status.List != nil || status.Sequence != 3 {
		t.Errorf("%+v %v", status, err)
	}
}

func TestObjectionsAreSealedAndFound(t *testing.T) {
	s, n := newStore(t), numbers()
	for text, say := range map[string]string{
		"a,b,c\n":                                "line 1: not the header",
		"controller,nhs_number,local_id\n,1,2\n": "line 2: column controller is empty",
		"controller,nhs_number,local_id\nP1,9990000001,\n": "line 2: column nhs_number: not a valid NHS number",
		"controller,nhs_number,local_id\nP1,,\n":           "line 2: neither an NHS number nor a local id",
		"controller,nhs_number,local_id\nP1\n":             "line 2: not CSV of three columns",
	} {
		if _, err := s.Object(t.Context(), answer(t, "o.csv", text)); problem.CodeOf(err) != problem.Usage || !strings.Contains(err.Error(), say) {
			t.Errorf("error %v, want %q", err, say)
		}
	}
	kept, err := s.Object(t.Context(), answer(t, "o.csv", "controller,nhs_number,local_id\nT1,"+n[4]+",\nP1,,L2\nP9,,L1\n"))
	if err != nil || kept.Generation != 1 {
		t.Fatal(kept, err)
	}
	db := openDuck(t)
	if _, err := s.Objecting(t.Context(), db, "objecting"); err != nil {
		t.Fatal(err)
	}
	var right, all int64
	err = db.Row(t.Context(), []any{&right, &all}, "SELECT count(*) FILTER ((person, provider) IN ((md5('person a')::UUID, 'T1'), (md5('person b')::UUID, 'P1'))), count(*) FROM objecting")
	if err != nil || right != 2 || all != 2 {
		t.Errorf("%d of %d objections are right, want 2 of 2 (%v)", right, all, err)
	}
	if kept, err = s.Object(t.Context(), answer(t, "o.csv", "controller,nhs_number,local_id\n")); err != nil || kept.Kept || kept.Generation != 2 {
		t.Errorf("taken back: %+v %v", kept, err)
	}
}

func TestDissentInForce(t *testing.T) {
	db := openDuck(t)
	err := db.Exec(t.Context(), `CREATE TABLE c AS SELECT person, code, day::DATE AS recorded_date, 'P' AS provider FROM (VALUES
		('dissent', '827241000000103', '2020-01-01'), ('read', '9Nu0.', '2020-01-01'), ('ctv3', 'XaZ89', NULL),
		('withdrawn', '827241000000103', '2020-01-01'), ('withdrawn', '827261000000102', '2020-01-02'),
		('again', '827241000000103', '2020-01-01'), ('again', '827261000000102', '2020-01-02'), ('again', '827241000000103', '2020-01-03'),
		('same day', '827241000000103', '2020-01-01'), ('same day', '827261000000102', '2020-01-01'),
		('undated', '827241000000103', NULL), ('undated', '827261000000102', '2020-01-01'),
		('undated withdrawal', '827241000000103', '2020-01-01'), ('undated withdrawal', '827261000000102', NULL),
		('withdrawal alone', '827261000000102', '2020-01-01'), ('other', '9990001000', '2020-01-01')) AS v(person, code, day)`)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(t.Context(), Dissenting("c")+" ORDER BY person")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var person string
		if err := rows.Scan(&person); err != nil {
			t.Fatal(err)
		}
		got = append(got, person)
	}
	if diff := cmp.Diff([]string{"again", "ctv3", "dissent", "read", "same day", "undated", "undated withdrawal"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzResponse: whatever is read, a number that passes is one that was written
// as ten figures, a comma and a line feed.
func FuzzResponse(f *testing.F) {
	n := numbers()
	for _, seed := range []string{lines(n[0], n[1]), "", "{", n[0], n[0] + ",\r\n", "\n", ",\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newResponse(bytes.NewReader(data), "f")
		if r.begin() != nil {
			return
		}
		var whole strings.Builder
		for {
			number, err := r.number()
			if err != nil {
				if !strings.HasPrefix(string(data), whole.String()) {
					t.Error("numbers were read that do not stand there")
				}
				if err.Error() == "EOF" && whole.String() != string(data) {
					t.Error("the end was reached and something was left out")
				}
				return
			}
			whole.WriteString(number + ",\n")
		}
	})
}
