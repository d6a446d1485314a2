package project

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
	"tre/pipeline/linked"
	"tre/pipeline/optout"
	"tre/pseudonymise"
)

const (
	population   = 60
	withoutEvery = 10 // people 9, 19, ... have no usable NHS number
)

// region is an invented one: people with numbers, linked tables by hand.
type region struct {
	t      testing.TB
	folder *workspace.Folder
	key    pseudonymise.Key
	today  time.Time
}

// nhsNumber gives the i-th valid number of the range for invented people.
func nhsNumber(i int) string {
	for n := 0; ; n++ {
		stem := fmt.Sprintf("999%06d", n)
		sum := 0
		for at, d := range stem {
			sum += int(d-'0') * (10 - at)
		}
		check := (11 - sum%11) % 11
		if check == 10 {
			continue
		}
		number := stem + fmt.Sprint(check)
		if _, v := pseudonymise.CheckNHSNumber([]byte(number)); v != pseudonymise.Valid {
			continue
		}
		if i == 0 {
			return number
		}
		i--
	}
}

// record is the row key of a person's one record, as a practice's register
// gives it, and pseudonym the person's in linked/: both as a run makes them.
func (r *region) record(i int) uuid.UUID {
	return r.key.Hasher("local", "gp_emis").Sum(fmt.Appendf(nil, "P%d", i%3), fmt.Appendf(nil, "L%d", i))
}

func (r *region) pseudonym(i int) uuid.UUID {
	id := r.record(i) // the index takes a record's key for the id of a new person
	return r.key.Hasher("person").Sum(id[:])
}

func hasNumber(i int) bool { return i%withoutEvery != withoutEvery-1 }

func openDuck(t testing.TB) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func newRegion(t testing.TB) *region {
	t.Helper()
	folder, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	key, err := pseudonymise.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	r := &region{t: t, folder: folder, key: key, today: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	db := openDuck(t)
	r.identities(db)
	r.linked(db)
	r.put("state/steps/pseudonymise.json", fmt.Sprintf(`{"result":{"records":%d,"key":%q}}`, population, key.ID()))
	r.put("state/steps/link.json", `{"result":{"Excluded":[{"Reason":"withheld","Feed":"acute_apc","Records":12},{"Reason":"test","Feed":"acute_apc","Records":3}]}}`)
	r.put(optout.AttestationsName, "attestations:\n  - {feed: gp_emis, supplier: Example, by: A Signer, reference: papers/1, from: 2026-01-01, until: 2026-12-31}\n")
	return r
}

func (r *region) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *region) put(name, text string) {
	r.t.Helper()
	r.check(r.folder.Write(name, []byte(text)))
}

func (r *region) identities(db *duck.DB) {
	r.t.Helper()
	var rows, people, pseudonyms []string
	for i := range population {
		number, quality := "'"+nhsNumber(i)+"'", "valid"
		if !hasNumber(i) {
			number, quality = "NULL", "missing"
		}
		rows = append(rows, fmt.Sprintf("('%s'::UUID, 'gp_emis', 'P%d', 'L%d', %s, '%s')", r.record(i), i%3, i, number, quality))
		people = append(people, fmt.Sprintf("('%s'::UUID, '%s'::UUID)", r.record(i), r.pseudonym(i)))
		pseudonyms = append(pseudonyms, "'"+r.pseudonym(i).String()+"'")
	}
	r.check(db.Exec(r.t.Context(), "CREATE MACRO pseudonym(i) AS ["+strings.Join(pseudonyms, ", ")+"][i + 1]::UUID"))
	identity := "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS v(record_key, feed, provider, local_id, nhs_number, nhs_number_quality) ORDER BY record_key"
	r.check(sealed.Write(r.t.Context(), db, r.folder, "identified/identity/gp_emis/admin_patient/1.parquet", identity, r.key.Zone()))
	r.check(db.WriteParquet(r.t.Context(), r.folder, "identified/index/people.parquet",
		"SELECT * FROM (VALUES "+strings.Join(people, ", ")+") AS v(record_key, person) ORDER BY record_key"))
}

// of makes a linked file of some columns; the others are empty.
func (r *region) of(db *duck.DB, t linked.Table, feed, from string, given map[string]string) {
	r.t.Helper()
	var list []string
	for _, c := range t.Columns {
		value, found := given[c.Name]
		if !found {
			value = "NULL"
		}
		list = append(list, "("+value+")::"+c.Type+" AS "+c.Name)
	}
	r.check(db.WriteParquet(r.t.Context(), r.folder, "linked/"+t.Name+"/"+feed+".parquet", "SELECT "+strings.Join(list, ", ")+" FROM "+from+" ORDER BY ALL"))
}

func (r *region) linked(db *duck.DB) {
	r.t.Helper()
	all := tables()
	people := fmt.Sprintf("range(%d) AS people(i)", population)
	events := people + ", range(4) AS events(j)"
	common := map[string]string{"person": "pseudonym(i)", "feed": "'acute_apc'", "provider": "'P' || (i % 3)", "arrived": "DATE '2026-10-01'"}
	with := func(more map[string]string) map[string]string {
		both := map[string]string{}
		for _, m := range []map[string]string{common, more} {
			for k, v := range m {
				both[k] = v
			}
		}
		return both
	}
	r.of(db, all["person"], "person", people, map[string]string{"person": "pseudonym(i)", "sex": "['male','female'][1 + i % 2]",
		"birth_month": "DATE '1920-01-01' + INTERVAL (i) YEAR", "practice": "'A8' || (i % 4)", "lsoa_2011": "'E010' || (i % 7)", "ties": "0"})
	r.of(db, all["care_event"], "acute_apc", events, with(map[string]string{"provider": "'P' || ((i + j) % 3)", "event_id": "md5('e' || i || '/' || j)::UUID", "spell_id": "md5('s' || i)::UUID",
		"setting": "['admitted', 'emergency'][1 + j % 2]", "kind": "'episode'", "start_date": "DATE '2025-01-01' + (i * 3 + j * 50)::INTEGER",
		"specialty": "CASE WHEN i = 5 THEN '999' ELSE '300' END", "episode_order": "j + 1"}))
	r.of(db, all["condition"], "gp_emis", events, with(map[string]string{"feed": "'gp_emis'", "event_id": "md5('c' || i || '/' || j)::UUID", "setting": "'gp'",
		"code": "'9990000' || j", "code_system": "'snomed'", "recorded_date": "DATE '2025-03-01' + (i + j)::INTEGER"}))
	r.of(db, all["birth"], "msds", people+" WHERE i >= 40", with(map[string]string{"mother": "pseudonym(i - 40)", "pregnancy_id": "md5('g' || i)::UUID",
		"birth_month": "DATE '2025-06-01'", "mother_step": "'pregnancy, labour, baby'", "birth_order": "1"}))
	r.of(db, all["pregnancy"], "msds", people+" WHERE i < 20", with(map[string]string{"pregnancy_id": "md5('g' || (i + 40))::UUID", "booking_date": "DATE '2025-01-01'"}))
}

func (r *region) store() optout.Store {
	return optout.Store{Folder: r.folder, Key: r.key.Zone(), Today: r.today}
}

// optOut runs the exchange: everybody but these has no opt-out.
func (r *region) optOut(out ...int) {
	r.t.Helper()
	folder := r.t.TempDir()
	made, err := r.store().Request(r.t.Context(), optout.RequestOptions{Mailbox: "X26XX001", Recipient: "X26XX002", Out: folder})
	r.check(err)
	var text strings.Builder
	for i := range population {
		if hasNumber(i) && !slices.Contains(out, i) {
			text.WriteString(nhsNumber(i) + ",\n")
		}
	}
	answer, err := workspace.Create(r.t.TempDir())
	r.check(err)
	r.check(answer.Write("answer.dat", []byte(text.String())))
	_, err = r.store().Import(r.t.Context(), answer.Path("answer.dat"), made.Sequence)
	r.check(err)
}

// plan is an approval to be written.
type plan struct {
	id, treatment, members, organisation, datasets, cohort, supersedes, more string
	version                                                                  int
}

func (p plan) text() string {
	evidence := "maxAgeDays: 21"
	if p.treatment == exempt {
		evidence = "evidence: {kind: cag-letter, reference: 26/CAG/0001, seen: 2026-01-02, seenBy: IG lead}"
	}
	supersedes := ""
	if p.supersedes != "" {
		supersedes = "\n  supersedes: " + p.supersedes
	}
	var members string
	for _, m := range strings.Fields(p.members) {
		members += fmt.Sprintf("\n    - {name: Researcher %[1]s, id: id-%[1]s, role: lead, accreditation: {scheme: DEA, expires: 2028-05-01}}", m)
	}
	return fmt.Sprintf(`apiVersion: tre/v1
kind: ProjectApproval
metadata:
  id: %s
  version: %d%s
safeProject:
  title: A question
  publicBenefit: Some
  dates: {start: 2026-01-01, end: 2027-12-31, approved: 2025-12-01, reviewBy: 2027-06-01}
  committees:
    - {body: CAG, reference: 26/CAG/0001, decided: 2025-11-01}
  dpia: {reference: D1, signedOff: 2025-10-01}
safePeople:
  organisation: {name: %s}
  members:%s
legal:
  dsa: [{number: DSA-1, controller: practices, expires: 2028-01-01}]
  article6: e
  article9: j
  confidentiality: section251
  optOuts:
    nationalDataOptOut: %s
    %s
    type1: apply-at-source
safeData:
  cohort: %s
  datasets:
%s
safeSetting:
  pseudonymKeyId: k1
%s`, p.id, p.version, supersedes, p.organisation, members, p.treatment, evidence, p.cohort, p.datasets, p.more)
}

const everything = `    - contract: person@^1
      columns: [sex, birth_month, practice]
      transforms: {birth_month: year}
    - contract: care_event@^1
      columns: [feed, provider, event_id, spell_id, setting, start_date]
      window: {from: 2025-01-01, to: 2026-03-31}
    - contract: condition@^1
      columns: [event_id, code, recorded_date]
      window: {from: 2025-01-01, to: 2026-03-31}
      transforms: {recorded_date: month}
    - contract: birth@^1
      columns: [mother, mother_step, pregnancy_id, birth_month]
      window: {from: 2025-01-01, to: 2026-03-31}
    - contract: pregnancy@^1
      columns: [pregnancy_id, booking_date]
      window: {from: 2025-01-01, to: 2026-03-31}`

func planned(id string) plan {
	return plan{id: id, treatment: apply, members: id, organisation: "Organisation " + id, datasets: everything, cohort: "all", version: 1}
}

func (r *region) approve(p plan) { r.put(approvalOf(p.id), p.text()) }

func (r *region) in() In { return In{Folder: r.folder, Key: r.key, Today: r.today} }

func (r *region) extract(p plan) (Extracted, error) {
	r.t.Helper()
	r.approve(p)
	return Extract(r.t.Context(), r.in(), p.id)
}

func (r *region) must(p plan) Extracted {
	r.t.Helper()
	made, err := r.extract(p)
	if err != nil {
		r.t.Fatal(err)
	}
	return made
}

// refused demands a refusal of a code that says something, and that nothing
// but the approval changed.
func (r *region) refused(p plan, code problem.ExitCode, say string) {
	r.t.Helper()
	r.approve(p)
	before := r.snapshot()
	_, err := Extract(r.t.Context(), r.in(), p.id)
	if err == nil || problem.CodeOf(err) != code || !strings.Contains(err.Error(), say) {
		r.t.Errorf("error %v with code %d, want %q with %d", err, problem.CodeOf(err), say, code)
	}
	if after := r.snapshot(); after != before {
		r.t.Errorf("a refusal changed the region:\n%s\n%s", before, after)
	}
}

func (r *region) snapshot() string {
	r.t.Helper()
	names, err := r.folder.Files("")
	r.check(err)
	var text strings.Builder
	for _, name := range names {
		data, err := r.folder.Read(name)
		r.check(err)
		fmt.Fprintf(&text, "%s %x\n", name, sha256.Sum256(data))
	}
	return text.String()
}

// texts runs a query of one column of text.
func texts(t testing.TB, db *duck.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s *string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		if s == nil {
			all = append(all, "NULL")
		} else {
			all = append(all, *s)
		}
	}
	return all
}

func (r *region) file(name string) string {
	return "read_parquet(" + duck.Text(r.folder.Path(name)) + ")"
}

func (r *region) tableOf(id, table string) string {
	return r.file(extractOf(id) + "/" + table + ".parquet")
}
