package project

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/internal/problem"
)

// anyEntry is an extract of one of four projects, among three people, two
// organisations and two lists.
func anyEntry(t *rapid.T) Entry {
	e := Entry{Project: fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "project")), Version: 1, Tables: []string{"person"}}
	e.Approval, e.Key = "approval "+e.Project, "key "+e.Project
	if rapid.IntRange(0, 9).Draw(t, "another's key") == 0 {
		e.Key = "key 0"
	}
	e.Members = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"ann", "ben", "cat"}), 0, 2, rapid.ID).Draw(t, "members")
	e.Organisations = []string{rapid.SampledFrom([]string{"north", "south", "east", "west"}).Draw(t, "organisation")}
	e.Treatment.NationalDataOptOut = rapid.SampledFrom([]string{apply, exempt}).Draw(t, "treatment")
	if e.Treatment.NationalDataOptOut == apply {
		e.Treatment.List = rapid.IntRange(1, 2).Draw(t, "list")
	}
	e.Treatment.Objections = rapid.IntRange(0, 1).Draw(t, "objections")
	return e
}

// commonReader is written apart from the guard: could one person hold both?
func commonReader(a, b Entry) bool {
	both := map[string]int{}
	for _, e := range []Entry{a, b} {
		mine := map[string]bool{"project " + e.Project: true, "key " + e.Key: true}
		for _, m := range e.Members {
			mine["member "+m] = true
		}
		for _, o := range e.Organisations {
			mine["organisation "+o] = true
		}
		for name := range mine {
			both[name]++
		}
	}
	for _, n := range both {
		if n == 2 {
			return true
		}
	}
	return false
}

// TestGuardNeverAdmitsAPairThatTells takes random extracts and withdrawals. Of
// all extracts that were ever admitted no two with a common reader differ in
// whether opt-outs were applied, and of those that stand no two of two projects
// differ in the list or the objections.
func TestGuardNeverAdmitsAPairThatTells(t *testing.T) {
	refusedOnce, admittedTwice := false, false
	rapid.Check(t, func(t *rapid.T) {
		var r Register
		var ever []Entry
		standing := map[string]Entry{}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			e := anyEntry(t)
			if rapid.IntRange(0, 4).Draw(t, "withdraw") == 0 {
				r = r.without(e.Project)
				delete(standing, e.Project)
				continue
			}
			if err := r.admit(e); err != nil {
				refusedOnce = true
				if problem.CodeOf(err) != problem.PolicyRefuse {
					t.Fatalf("code %d", problem.CodeOf(err))
				}
				continue
			}
			r = r.with(e)
			ever = append(ever, e)
			standing[e.Project] = e
			admittedTwice = admittedTwice || len(standing) > 1
			checkPairs(t, ever, standing)
		}
	})
	if !refusedOnce || !admittedTwice {
		t.Error("nothing was refused, or nothing stood side by side: the test tests nothing")
	}
}

func checkPairs(t *rapid.T, ever []Entry, standing map[string]Entry) {
	for i, a := range ever {
		for _, b := range ever[:i] {
			if commonReader(a, b) && a.Treatment.NationalDataOptOut != b.Treatment.NationalDataOptOut {
				t.Fatalf("admitted with a common reader: %+v and %+v", a, b)
			}
		}
	}
	for _, a := range standing {
		for _, b := range standing {
			if a.Project != b.Project && commonReader(a, b) && a.Treatment != b.Treatment {
				t.Fatalf("stand side by side: %+v and %+v", a, b)
			}
		}
	}
}

// The columns that any two extracts of TestNobodyIsToldByComparing may share:
// none of them is a key, and one row of care_event is one by its date.
const comparedData = `    - contract: person@^1
      columns: [sex, birth_month, practice]
    - contract: care_event@^1
      columns: [%s]
      window: {from: 2025-01-01, to: 2026-12-31}`

// TestNobodyIsToldByComparing makes extracts at random, with lists that change,
// and plays whoever can hold two of them: by pseudonym, and by whole rows of
// the columns both have. Every row of one must stand in the other, whoever
// opted out, for a row that is missing would be the one person's who did.
func TestNobodyIsToldByComparing(t *testing.T) {
	const seed = 4
	r, dice := newRegion(t), rand.New(rand.NewPCG(seed, 0))
	db := openDuck(t)
	r.optOut(1, 2)
	standing, compared, refused := map[string]plan{}, 0, 0
	for step := range 30 {
		id := []string{"ALPHA", "BETA", "GAMMA"}[dice.IntN(3)]
		switch dice.IntN(12) {
		case 0:
			r.optOut(1, 2, 10+dice.IntN(30))
			continue
		case 1:
			if _, stands := standing[id]; stands {
				r.check(Withdraw(r.folder, id))
				delete(standing, id)
			}
			continue
		}
		p := planned(id)
		p.version = 100 + step // its chain of hashes is tested elsewhere
		p.supersedes = "sha256:" + strings.Repeat("0", 64)
		if last, found := mustRegister(r).last(id); found && last.Version == p.version-1 {
			p.supersedes = "sha256:" + last.Approval
		}
		p.members = []string{"ann", "ann ben", "ben cat", "cat"}[dice.IntN(4)]
		p.treatment = []string{apply, apply, apply, apply, apply, exempt}[dice.IntN(6)]
		p.datasets = fmt.Sprintf(comparedData, []string{"setting, start_date", "start_date, specialty, provider", "episode_order, start_date"}[dice.IntN(3)])
		if _, err := r.extract(p); err != nil {
			if problem.CodeOf(err) != problem.PolicyRefuse {
				t.Fatal(err)
			}
			refused++
			continue
		}
		standing[id] = p
		for other, q := range standing {
			if other != id && share(p, q) {
				compared++
				compare(t, r, db, id, other)
			}
		}
	}
	t.Logf("seed %d: %d pairs compared, %d extracts refused", seed, compared, refused)
	if compared == 0 || refused == 0 {
		t.Error("nothing was compared, or nothing refused: the test tests nothing")
	}
}

func mustRegister(r *region) Register {
	register, err := readRegister(r.folder)
	r.check(err)
	return register
}

func share(p, q plan) bool {
	return slices.ContainsFunc(strings.Fields(p.members), func(m string) bool { return slices.Contains(strings.Fields(q.members), m) })
}

// compare plays the reader of two extracts.
func compare(t *testing.T, r *region, db *duck.DB, a, b string) {
	t.Helper()
	for _, table := range []string{"person", "care_event"} {
		one, two := r.tableOf(a, table), r.tableOf(b, table)
		if n := texts(t, db, "SELECT count(*)::VARCHAR FROM "+one+" JOIN "+two+" USING (person)")[0]; n != "0" {
			t.Errorf("%s: %s rows of %s and %s join on a pseudonym", table, n, a, b)
		}
		shared := texts(t, db, "SELECT column_name FROM (DESCRIBE FROM "+one+") JOIN (DESCRIBE FROM "+two+") USING (column_name) WHERE column_name <> 'person' ORDER BY ALL")
		list := strings.Join(shared, ", ")
		for _, pair := range [][2]string{{one, two}, {two, one}} {
			n := texts(t, db, "SELECT count(*)::VARCHAR FROM (SELECT "+list+" FROM "+pair[0]+" EXCEPT ALL SELECT "+list+" FROM "+pair[1]+")")[0]
			if n != "0" {
				t.Errorf("%s: %s rows of (%s) stand in one of %s and %s alone", table, n, list, a, b)
			}
		}
	}
}

func TestGuardRefusals(t *testing.T) {
	r := newRegion(t)
	r.optOut(1, 2)
	alpha, beta := planned("ALPHA"), planned("BETA")
	r.must(alpha)
	other := alpha
	other.treatment, other.version, other.supersedes = exempt, 2, "sha256:"+mustRegister(r).Entries[0].Approval
	r.refused(other, problem.PolicyRefuse, "treated as apply, not exempt, and it is the same project")

	beta.treatment, beta.members = exempt, "ALPHA BETA"
	r.refused(beta, problem.PolicyRefuse, "they have a member in common")
	beta.members, beta.organisation = "BETA", "organisation  alpha"
	r.refused(beta, problem.PolicyRefuse, "they have an organisation in common")
	beta.organisation = "Organisation BETA"
	r.must(beta) // nobody can hold both

	in := r.in()
	in.ProjectKey = Derived(r.key)
	gamma := planned("GAMMA")
	gamma.treatment = exempt
	r.approve(gamma)
	a, err := Read(r.folder, "ALPHA")
	r.check(err)
	key, _ := in.ProjectKey(a)
	in.ProjectKey = nil
	if err := mustRegister(r).admit(Entry{Project: "GAMMA", Key: key.ID(), Treatment: Treatment{NationalDataOptOut: exempt}}); err == nil || !strings.Contains(err.Error(), "the same key") {
		t.Errorf("error %v", err)
	}

	// Another list while a sharing extract stands; then both anew.
	delta := planned("DELTA")
	delta.members = "ALPHA"
	r.optOut(1, 2, 3)
	r.refused(delta, problem.PolicyRefuse, "was made with another list of opt-outs or objections")
	r.check(Withdraw(r.folder, "ALPHA"))
	r.must(delta)
	r.approve(alpha)
	r.must(alpha)

	// What was withdrawn or closed is not forgotten.
	r.check(Close(r.folder, "ALPHA"))
	if r.folder.Exists(extractOf("ALPHA")) {
		t.Error("a closed project has an extract")
	}
	r.refused(alpha, problem.PolicyRefuse, "project ALPHA is closed")
	epsilon := planned("EPSILON")
	epsilon.treatment, epsilon.members = exempt, "ALPHA"
	r.refused(epsilon, problem.PolicyRefuse, "they have a member in common")

	r.put(RegisterName, "{")
	r.refused(delta, problem.PolicyRefuse, "projects/extracts.json is damaged")
}

func TestAListThatIsTooOldIsRefusedAndRemoved(t *testing.T) {
	r := newRegion(t)
	r.optOut(1)
	p := planned("ALPHA")
	r.approve(p)
	in := r.in()
	in.Today = r.today.AddDate(0, 0, 21)
	if _, err := Extract(t.Context(), in, "ALPHA"); err != nil {
		t.Errorf("on the last day: %v", err)
	}
	in.Today = r.today.AddDate(0, 0, 22)
	if _, err := Extract(t.Context(), in, "ALPHA"); problem.CodeOf(err) != problem.PolicyRefuse {
		t.Errorf("a day later: %v", err)
	}
	names, err := r.folder.Files("identified/optout")
	r.check(err)
	if len(names) != 1 {
		t.Errorf("kept: %v", names)
	}
	week := strings.Replace(p.text(), "maxAgeDays: 21", "maxAgeDays: 7", 1)
	r.optOut(1)
	r.put(approvalOf("ALPHA"), week)
	in.Today = r.today.AddDate(0, 0, 8)
	if _, err := Extract(t.Context(), in, "ALPHA"); err == nil || !strings.Contains(err.Error(), "8 days old, and 7 are allowed") {
		t.Errorf("error %v", err)
	}
}
