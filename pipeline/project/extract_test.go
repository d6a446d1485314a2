package project

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/crypto/ssh"

	"tre/internal/duck"
	"tre/internal/identity"
	"tre/internal/problem"
	"tre/pseudonymise"
)

func TestExtractHoldsWhatWasApprovedAndNothingElse(t *testing.T) {
	r := newRegion(t)
	r.optOut(3, 4)
	made := r.must(planned("ALPHA"))
	db := openDuck(t)
	names, err := r.folder.Files(extractOf("ALPHA"))
	r.check(err)
	want := []string{"birth.parquet", "care_event.parquet", "condition.parquet", "manifest.json", "person.parquet", "pregnancy.parquet"}
	for i := range want {
		want[i] = extractOf("ALPHA") + "/" + want[i]
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	columns := func(table string) string {
		return strings.Join(texts(t, db, "SELECT column_name || ' ' || column_type FROM (DESCRIBE FROM "+r.tableOf("ALPHA", table)+")"), ", ")
	}
	if got := columns("person"); got != "person UUID, sex VARCHAR, birth_month INTEGER, practice VARCHAR" {
		t.Errorf("person has %s", got)
	}
	if got := columns("condition"); got != "person UUID, event_id UUID, code VARCHAR, recorded_date DATE" {
		t.Errorf("condition has %s", got)
	}
	// 60 people, 6 without a number, 2 opted out.
	if got := texts(t, db, "SELECT count(*)::VARCHAR FROM "+r.tableOf("ALPHA", "person"))[0]; got != "52" {
		t.Errorf("%s people, want 52", got)
	}
	if got := texts(t, db, "SELECT count(*)::VARCHAR FROM "+r.tableOf("ALPHA", "condition")+" WHERE recorded_date <> date_trunc('month', recorded_date)")[0]; got != "0" {
		t.Errorf("%s dates are not months", got)
	}
	if made.Tables[0].People != "50" || made.LeftOut.NotOn != "*" || made.LeftOut.NoNumber != "*" {
		t.Errorf("counts are not protected: %+v %+v", made.Tables[0], made.LeftOut)
	}
	if diff := cmp.Diff([]ExcludedCount{{"test", "*"}, {"withheld", "10"}}, made.NeverLinked); diff != "" {
		t.Error(diff)
	}
}

// TestNobodyIsMissedAsAMother: 3 and 4 opted out and are mothers of 43 and 44,
// 9 and 19 cannot be checked; nothing of their children's rows may say so.
func TestNobodyIsMissedAsAMother(t *testing.T) {
	r := newRegion(t)
	r.optOut(3, 4)
	r.must(planned("ALPHA"))
	db := openDuck(t)
	for query, want := range map[string]string{
		"SELECT count(*)::VARCHAR FROM birth WHERE mother NOT IN (SELECT person FROM person)":                                "0",
		"SELECT count(*)::VARCHAR FROM birth WHERE pregnancy_id NOT IN (SELECT pregnancy_id FROM pregnancy)":                 "0",
		"SELECT count(*)::VARCHAR FROM birth WHERE mother IS NULL AND (mother_step IS NOT NULL OR pregnancy_id IS NOT NULL)": "0",
		"SELECT count(*)::VARCHAR FROM birth WHERE mother IS NULL":                                                           "2",
		"SELECT count(*)::VARCHAR FROM birth JOIN pregnancy USING (pregnancy_id) WHERE mother = pregnancy.person":            "16",
	} {
		for _, table := range []string{"birth", "person", "pregnancy"} {
			r.check(db.Exec(t.Context(), "CREATE OR REPLACE VIEW "+table+" AS FROM "+r.tableOf("ALPHA", table)))
		}
		if got := texts(t, db, query)[0]; got != want {
			t.Errorf("%s gives %s, want %s", query, got, want)
		}
	}
}

func TestRefreshKeepsPseudonymsAndIsTheSameBytes(t *testing.T) {
	r := newRegion(t)
	r.optOut()
	first := r.must(planned("ALPHA"))
	people := texts(t, openDuck(t), "SELECT person::VARCHAR FROM "+r.tableOf("ALPHA", "person"))
	again := r.must(planned("ALPHA"))
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same extract again (-first +again):\n%s", diff)
	}
	second := planned("ALPHA")
	second.version, second.supersedes, second.more = 2, "sha256:"+first.Approval, "duo: [DUO:0000006]"
	r.must(second)
	if diff := cmp.Diff(people, texts(t, openDuck(t), "SELECT person::VARCHAR FROM "+r.tableOf("ALPHA", "person"))); diff != "" {
		t.Errorf("pseudonyms changed with the approval's version:\n%s", diff)
	}
}

// keysOf gives every key of every UUID column of Parquet files, as text.
func keysOf(t *testing.T, db *duck.DB, r *region, under string) map[string]string {
	t.Helper()
	names, err := r.folder.Files(under)
	r.check(err)
	found := map[string]string{}
	for _, name := range names {
		if !strings.HasSuffix(name, ".parquet") {
			continue
		}
		for _, column := range texts(t, db, "SELECT column_name FROM (DESCRIBE FROM "+r.file(name)+") WHERE column_type = 'UUID'") {
			for _, key := range texts(t, db, "SELECT DISTINCT "+column+"::VARCHAR FROM "+r.file(name)+" WHERE "+column+" IS NOT NULL") {
				found[key] = name + " " + column
			}
		}
	}
	return found
}

func TestNoTwoProjectsShareAKey(t *testing.T) {
	r := newRegion(t)
	r.optOut(1)
	db := openDuck(t)
	sets := []map[string]string{keysOf(t, db, r, "linked")}
	for _, id := range []string{"ALPHA", "BETA", "GAMMA"} {
		r.must(planned(id))
		sets = append(sets, keysOf(t, db, r, extractOf(id)))
	}
	for i, set := range sets {
		if len(set) < 100 {
			t.Fatalf("%d keys: the test tests nothing", len(set))
		}
		for _, other := range sets[:i] {
			for key, place := range set {
				if there, found := other[key]; found {
					t.Errorf("a key of %s stands in %s", place, there)
				}
			}
		}
	}
	// Not even with one key handed to two projects.
	in := r.in()
	in.ProjectKey = func(*Approval) (pseudonymise.Key, error) { return r.key, nil }
	r.approve(planned("DELTA"))
	if _, err := Extract(t.Context(), in, "DELTA"); err != nil {
		t.Fatal(err)
	}
	r.approve(planned("EPSILON"))
	if _, err := Extract(t.Context(), in, "EPSILON"); err != nil {
		t.Fatal(err)
	}
	delta := keysOf(t, db, r, extractOf("DELTA"))
	for key := range keysOf(t, db, r, extractOf("EPSILON")) {
		if _, found := delta[key]; found {
			t.Fatal("two projects with one key share a pseudonym")
		}
	}
}

// guesses gives what somebody without the key could compute of a number, and
// of a local id.
func guesses(number, local []byte, public []string) (all [][16]byte) {
	keep := func(sum []byte) {
		all = append(all, [16]byte(sum[:16]), [16]byte(sum[len(sum)-16:]))
	}
	texts := [][]byte{number, append([]byte("person"), number...), local}
	length := binary.BigEndian.AppendUint64(nil, uint64(len(number)))
	texts = append(texts, append(length, number...))
	for _, text := range texts {
		for _, salt := range public {
			for _, salted := range [][]byte{append([]byte(salt), text...), append(slices.Clone(text), salt...)} {
				for _, h := range []func() hash.Hash{md5.New, sha1.New, sha256.New, sha512.New} {
					plain := h()
					plain.Write(salted)
					keep(plain.Sum(nil))
				}
			}
			for _, h := range []func() hash.Hash{sha1.New, sha256.New} {
				mac := hmac.New(h, []byte(salt))
				mac.Write(text)
				keep(mac.Sum(nil))
			}
		}
		v5, v3 := uuid.NewSHA1(uuid.NameSpaceOID, text), uuid.NewMD5(uuid.NameSpaceOID, text)
		keep(v5[:])
		keep(v3[:])
	}
	return all
}

// TestEnumerationFindsNobodyWithoutTheKey tries all of the region's numbers and
// a sample of the others, with every public value there is as a salt or key.
// The row keys and pseudonyms of this region are made as a run makes them.
func TestEnumerationFindsNobodyWithoutTheKey(t *testing.T) {
	r := newRegion(t)
	r.optOut()
	r.must(planned("ALPHA"))
	db := openDuck(t)
	found := map[[16]byte]bool{}
	for _, under := range []string{"projects", "linked", "identified/index"} {
		for key := range keysOf(t, db, r, under) {
			found[uuid.MustParse(key)] = true
		}
	}
	a, err := Read(r.folder, "ALPHA")
	r.check(err)
	zero := string(make([]byte, 32))
	public := []string{"", zero, "ALPHA", "k1", "person", "tre", r.key.ID(), a.SHA256, "extract", "project"}
	numbers, tried := []string{}, 0
	for i := range population {
		numbers = append(numbers, nhsNumber(i))
	}
	for n := 4_000_000_000; n < 8_000_000_000; n += 199_999 {
		if text := fmt.Sprint(n); validNumber(text) {
			numbers = append(numbers, text)
		}
	}
	for i, number := range numbers {
		local := fmt.Sprintf("P%dL%d", i%3, i)
		for _, guess := range guesses([]byte(number), []byte(local), public) {
			tried++
			if found[guess] {
				t.Fatalf("number %d of the list is found by a hash without the key", i)
			}
		}
	}
	t.Logf("%d numbers, %d guesses, %d keys", len(numbers), tried, len(found))
	// The test can fail: who has the keys follows a person from linked/ to the extract.
	key, _ := Derived(r.key)(a)
	person, record := r.pseudonym(1), r.record(1)
	if !found[key.Hasher("extract", "ALPHA", "person").Sum(person[:])] || !found[person] || !found[record] {
		t.Error("who has the keys does not find the first person: the test tests nothing")
	}
}

func validNumber(text string) bool {
	_, v := pseudonymise.CheckNHSNumber([]byte(text))
	return v == pseudonymise.Valid
}

func TestExtractRefusals(t *testing.T) {
	r := newRegion(t)
	r.refused(planned("ALPHA"), problem.PolicyRefuse, "there is no list of people without a national data opt-out")
	r.optOut()
	change := func(of func(*plan)) plan {
		p := planned("ALPHA")
		of(&p)
		return p
	}
	listed := func(lines string) plan {
		return change(func(p *plan) { p.datasets = lines })
	}
	for say, p := range map[string]plan{
		"there is no linked table events":           listed("    - contract: events@^1\n      columns: [code]"),
		"has version 1":                             listed("    - contract: person@^2\n      columns: [sex]"),
		"has no column nhs_number":                  listed("    - contract: person@^1\n      columns: [nhs_number]"),
		"is missing: from and to, by start_date":    listed("    - contract: care_event@^1\n      columns: [kind]"),
		"has no date to look at":                    listed("    - contract: person@^1\n      columns: [sex]\n      window: {from: 2025-01-01, to: 2026-01-01}"),
		"is not for a column of type VARCHAR":       listed("    - contract: person@^1\n      columns: [sex]\n      transforms: {sex: month}"),
		"is not for a column of type UUID":          listed("    - contract: birth@^1\n      columns: [mother]\n      window: {from: 2025-01-01, to: 2026-01-01}\n      transforms: {mother: rare}"),
		"is of no column that is listed":            listed("    - contract: person@^1\n      columns: [sex]\n      transforms: {birth_month: year}"),
		"transforms: there is no key banana":        listed("    - contract: person@^1\n      columns: [birth_month]\n      transforms: {birth_month: {rule: age, at: 2026-01-01, banana: 1}}"),
		"the table person has no codes":             listed("    - contract: person@^1\n      columns: [sex]\n      rows: {codelist: x.csv@sha256:" + strings.Repeat("a", 64) + "}"),
		"must be one of gp, admitted":               listed("    - contract: care_event@^1\n      columns: [kind]\n      window: {from: 2025-01-01, to: 2026-01-01}\n      rows: {setting: [moon]}"),
		"must be a file below the project's folder": change(func(p *plan) { p.cohort = "../x.yaml@sha256:" + strings.Repeat("a", 64) }),
		"names a file that is not there":            change(func(p *plan) { p.cohort = "x.yaml@sha256:" + strings.Repeat("a", 64) }),
		"must be one of apply, exempt":              change(func(p *plan) { p.treatment = "perhaps" }),
		"there is no key banana":                    change(func(p *plan) { p.more = "banana: 1" }),
		"must be sha256: and the 64 hex digits":     change(func(p *plan) { p.version = 2 }),
		"nobody is named":                           change(func(p *plan) { p.members = "" }),
	} {
		r.refused(p, problem.PolicyRefuse, say)
	}
	r.refusedText("maxAgeDays: 21", "maxAgeDays: 22", "legal.optOuts.maxAgeDays: must be 1 to 21")
	r.refusedText("  id: ALPHA", "  id: BETA", "metadata.id: is not the name of the folder")
	r.refusedText("end: 2027-12-31", "end: 2026-11-19", "the project ended on 2026-11-19")
	r.refusedText("start: 2026-01-01", "start: 2026-11-21", "the project starts on 2026-11-21")
	r.refusedText("reviewBy: 2027-06-01", "reviewBy: 2026-06-01", "the review was due on 2026-06-01")
	r.refusedText("controller: practices, expires: 2028-01-01", "controller: practices, expires: 2026-01-01", "legal.dsa[0].expires: the agreement ended on 2026-01-01")
	r.refusedText("scheme: DEA, expires: 2028-05-01", "scheme: DEA, expires: 2026-05-01", "the accreditation ended on 2026-05-01")
	r.refusedText("body: CAG", "body: REC", "section 251 support needs the CAG decision")
	r.refusedText("article6: e", "article6: z", "legal.article6: must be one of a, b")
	r.refusedText("nationalDataOptOut: apply", "nationalDataOptOut: exempt", "exempt needs evidence")
	if r.folder.Exists(RegisterName) || r.folder.Exists(extractOf("ALPHA")) {
		t.Error("a refusal left something")
	}
}

// refusedText demands a refusal of the plain approval with one text changed.
func (r *region) refusedText(old, new, say string) {
	r.t.Helper()
	text := planned("ALPHA").text()
	if !strings.Contains(text, old) {
		r.t.Fatalf("the approval has no %q", old)
	}
	r.put(approvalOf("ALPHA"), strings.Replace(text, old, new, 1))
	_, err := Extract(r.t.Context(), r.in(), "ALPHA")
	if err == nil || problem.CodeOf(err) != problem.PolicyRefuse || !strings.Contains(err.Error(), say) {
		r.t.Errorf("error %v, want %q", err, say)
	}
}

func TestExtractRefusesAWrongKey(t *testing.T) {
	r := newRegion(t)
	r.optOut()
	in := r.in()
	r.approve(planned("ALPHA"))
	in.Key, _ = pseudonymise.NewKey()
	before := r.snapshot()
	if _, err := Extract(t.Context(), in, "ALPHA"); problem.CodeOf(err) != problem.KeyMissing {
		t.Errorf("error %v", err)
	}
	if before != r.snapshot() {
		t.Error("a refusal changed the region")
	}
}

// people makes people with keys, in the region's files of people.
func (r *region) people(roles map[string]string) map[string]ssh.Signer {
	r.t.Helper()
	signers, allowed, people := map[string]ssh.Signer{}, "", "people:\n"
	for _, name := range sortedKeys(roles) {
		_, private, err := ed25519.GenerateKey(nil)
		r.check(err)
		signers[name], err = ssh.NewSignerFromKey(private)
		r.check(err)
		allowed += name + " " + string(ssh.MarshalAuthorizedKey(signers[name].PublicKey()))
		people += fmt.Sprintf("  %s: {name: Somebody, organisation: X, roles: [%s], expires: 2027-01-01}\n", name, roles[name])
	}
	r.put(SignersFile, allowed)
	r.put(PeopleFile, people)
	return signers
}

func (r *region) sign(id string, signer ssh.Signer, act identity.Act) {
	r.t.Helper()
	data, err := r.folder.Read(approvalOf(id))
	r.check(err)
	signature, err := identity.Sign(signer, act, data)
	r.check(err)
	r.put(approvalOf(id)+".sig", string(signature))
}

func TestAnApprovalIsSignedAsItStands(t *testing.T) {
	r := newRegion(t)
	r.optOut()
	people := r.people(map[string]string{"ann@x.example": ApproverRole, "ben@x.example": "release-reviewer", "ALPHA@x.example": ApproverRole})
	p := planned("ALPHA")
	r.refused(p, problem.PolicyRefuse, "version 1 is not signed")
	r.sign("ALPHA", people["ben@x.example"], identity.ApproveProject)
	r.refused(p, problem.PolicyRefuse, "version 1 is not signed as it stands")
	r.sign("ALPHA", people["ann@x.example"], identity.Release)
	r.refused(p, problem.PolicyRefuse, "version 1 is not signed as it stands")
	r.sign("ALPHA", people["ann@x.example"], identity.ApproveProject)
	changed := p
	changed.more = "# a word that nobody signed"
	r.refused(changed, problem.PolicyRefuse, "version 1 is not signed as it stands")
	made := r.must(p)
	if diff := cmp.Diff([]string{"ann@x.example"}, made.SignedBy); diff != "" {
		t.Error(diff)
	}
	// Who is a member does not approve.
	p.version, p.supersedes = 2, "sha256:"+made.Approval
	own := strings.Replace(p.text(), "id: id-ALPHA", "id: ALPHA@x.example", 1)
	r.put(approvalOf("ALPHA"), own)
	r.sign("ALPHA", people["ALPHA@x.example"], identity.ApproveProject)
	if _, err := Extract(t.Context(), r.in(), "ALPHA"); problem.CodeOf(err) != problem.PolicyRefuse {
		t.Errorf("a member's own signature: %v", err)
	}
	// Taking the lists of people away does not take the demand away.
	r.check(r.folder.Remove("people"))
	r.refused(p, problem.PolicyRefuse, "nobody can say who may approve")
}

func TestAnAmendmentIsANewVersion(t *testing.T) {
	r := newRegion(t)
	r.optOut()
	first := planned("ALPHA")
	made := r.must(first)
	changed := first
	changed.more = "# another word"
	r.refused(changed, problem.PolicyRefuse, "was changed and is still version 1")
	changed.version, changed.supersedes = 2, "sha256:"+strings.Repeat("0", 64)
	r.refused(changed, problem.PolicyRefuse, "does not supersede the version before it")
	changed.supersedes = "sha256:" + made.Approval
	r.must(changed)
	r.refused(first, problem.PolicyRefuse, "version 1 is older")
}

func TestTypeOneIsAppliedAtSource(t *testing.T) {
	r := newRegion(t)
	r.optOut()
	attested, err := r.folder.Read("optouts/type1.yaml")
	r.check(err)
	r.check(r.folder.Remove("optouts/type1.yaml"))
	r.refused(planned("ALPHA"), problem.PolicyRefuse, "feed gp_emis: no attestation in force")
	r.put("optouts/type1.yaml", string(attested))
	db := openDuck(t)
	name := "linked/condition/gp_emis.parquet"
	r.check(db.Exec(t.Context(), "CREATE TABLE c AS FROM "+r.file(name)+"; UPDATE c SET code = '827241000000103' WHERE person = '"+r.pseudonym(7).String()+"'"))
	r.check(db.WriteParquet(t.Context(), r.folder, name, "FROM c ORDER BY ALL"))
	r.refused(planned("ALPHA"), problem.PolicyRefuse, "feed gp_emis: P1 sent rows of people with a Type 1 objection in force")
}

func TestCohortCodesAndSettings(t *testing.T) {
	r := newRegion(t)
	r.optOut()
	codes := "code,code_system\n99900002,snomed\n"
	pin := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "@sha256:" + hex.EncodeToString(sum[:])
	}
	cohort := "contract: care_event@^1\nrows: {setting: [emergency]}\nwindow: {from: 2025-01-01, to: 2025-03-31}\n"
	r.put("projects/ALPHA/codelists/one.csv", codes)
	r.put("projects/ALPHA/definitions/cohort.yaml", cohort)
	p := planned("ALPHA")
	p.cohort = "definitions/cohort.yaml" + pin(cohort)
	p.datasets = "    - contract: condition@^1\n      columns: [code]\n      window: {from: 2025-01-01, to: 2026-12-31}\n      rows: {codelist: codelists/one.csv" + pin(codes) + "}\n" +
		"    - contract: care_event@^1\n      columns: [setting, start_date, specialty]\n      window: {from: 2025-01-01, to: 2026-12-31}\n      rows: {setting: [admitted]}\n" +
		"      transforms: {start_date: quarter, specialty: {rule: rare, minimum: 3, other: few}}\n" +
		"    - contract: person@^1\n      columns: [birth_month]\n      transforms: {birth_month: {rule: age, at: 2026-01-01, output: age}}\n"
	r.must(p)
	db := openDuck(t)
	// An emergency event by 31 March: i * 3 + 50 or 150 days after 1 January, so i up to 13, and 9 has no number.
	if got := texts(t, db, "SELECT count(DISTINCT person)::VARCHAR || ' ' || count(*) || ' ' || string_agg(DISTINCT code) FROM "+r.tableOf("ALPHA", "condition"))[0]; got != "13 13 99900002" {
		t.Errorf("conditions: %s", got)
	}
	got := texts(t, db, "SELECT setting || ' ' || specialty || ' ' || count(DISTINCT person) FROM "+r.tableOf("ALPHA", "care_event")+" GROUP BY setting, specialty ORDER BY ALL")
	if diff := cmp.Diff([]string{"admitted 300 12", "admitted few 1"}, got); diff != "" {
		t.Error(diff)
	}
	if got := texts(t, db, "SELECT max(age) FROM "+r.tableOf("ALPHA", "person"))[0]; got != "90+" {
		t.Errorf("the oldest is %s", got)
	}
	r.put("projects/ALPHA/codelists/one.csv", codes+"99900003,snomed\n")
	r.refused(p, problem.PolicyRefuse, "one.csv is not the file that was approved")
}

func TestObjectionsTakeOutOneControllersRows(t *testing.T) {
	r := newRegion(t)
	r.optOut()
	r.put("objections.csv", "controller,nhs_number,local_id\nP2,"+nhsNumber(5)+",\n")
	if _, err := r.store().Object(t.Context(), r.folder.Path("objections.csv")); err != nil {
		t.Fatal(err)
	}
	p := planned("ALPHA")
	r.must(p)
	a, err := Read(r.folder, "ALPHA")
	r.check(err)
	key, _ := Derived(r.key)(a)
	five := r.pseudonym(5)
	who := uuid.UUID(key.Hasher("extract", "ALPHA", "person").Sum(five[:]))
	db := openDuck(t)
	// Two of four events are of P2, and so are all conditions.
	for table, want := range map[string]string{"care_event": "2", "condition": "0", "person": "0"} {
		if got := texts(t, db, "SELECT count(*)::VARCHAR FROM "+r.tableOf("ALPHA", table)+" WHERE person = '"+who.String()+"'")[0]; got != want {
			t.Errorf("%s rows in %s, want %s", got, table, want)
		}
	}
	if got := texts(t, db, "SELECT count(*)::VARCHAR FROM "+r.tableOf("ALPHA", "care_event")+" WHERE provider = 'P2' AND person = '"+who.String()+"'")[0]; got != "0" {
		t.Errorf("%s rows of the controller", got)
	}
}
