package linkage_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// The oracle decides the same question as the package, slowly: loops over
// records and pairs, no SQL, no keys to look people up by. It knows plain names
// only; which of them are alike is given to it.

type fact struct {
	key, local, source, subject  string
	number, anyNumber            string
	verified                     bool
	birth, sex                   string
	forename, surname            string
	postcode, practice, idInside string
}

type group struct {
	facts        []*fact
	birth, sex   string
	anyNumber    string
	person       string // "" until placed
	kept         string
	keptBirth    string
	crossCheck   string
	step, choice int
	ambiguous    bool
}

func (g *group) name() string { return g.facts[0].key }

func factOf(r row) *fact {
	r = r.filled()
	f := &fact{key: r.recordKey(), local: r.localKey(), subject: r.subject, birth: r.birth, forename: r.forename, surname: r.surname,
		postcode: r.postcode, practice: r.prac, anyNumber: r.nhs, verified: r.nhsStatus == "01"}
	if r.nhsStatus != "04" {
		f.number = r.nhs
	}
	if r.sex != "unknown" {
		f.sex = r.sex
	}
	if r.localID != "" {
		f.idInside = r.org + "/" + r.localID
		f.source = r.feed + "/" + r.provider
	}
	return f
}

func relation(a, b string) string {
	switch {
	case a == "" || b == "":
		return "unknown"
	case a == b:
		return "agrees"
	}
	return "contradicts"
}

func births(a, b string) string {
	if r := relation(a, b); r != "contradicts" {
		return r
	}
	ay, am, ad := a[:4], a[5:7], a[8:]
	by, bm, bd := b[:4], b[5:7], b[8:]
	if am+ad == "0101" || bm+bd == "0101" {
		if ay == by {
			return "part"
		}
		return "contradicts"
	}
	same := 0
	for _, agree := range []bool{ay == by, am == bm, ad == bd} {
		if agree {
			same++
		}
	}
	if same >= 2 || ay == by && am == bd && ad == bm {
		return "part"
	}
	return "contradicts"
}

// alike knows which plain names of the tests are spellings of one another.
func alike(a, b string) bool {
	stem := func(s string) string {
		return strings.NewReplacer("CAROLNE", "CAROLINE", "QUINCY", "QUINCEY").Replace(s)
	}
	return stem(a) == stem(b)
}

func nameSets(a, b map[string]bool) string {
	if len(a) == 0 || len(b) == 0 {
		return "unknown"
	}
	result := "contradicts"
	for x := range a {
		for y := range b {
			if x == y {
				return "agrees"
			}
			if alike(x, y) {
				result = "similar"
			}
		}
	}
	return result
}

func near(relation string) bool { return relation == "agrees" || relation == "similar" }

func set(facts []*fact, of func(*fact) string) map[string]bool {
	all := map[string]bool{}
	for _, f := range facts {
		if v := of(f); v != "" {
			all[v] = true
		}
	}
	return all
}

func shares(a, b map[string]bool) bool {
	for x := range a {
		if b[x] {
			return true
		}
	}
	return false
}

func forenameOf(f *fact) string { return f.forename }
func surnameOf(f *fact) string  { return f.surname }
func birthOf(f *fact) string    { return f.birth }

// mode gives the most frequent value, or the smallest of them.
func mode(facts []*fact, of func(*fact) string) string {
	count := map[string]int{}
	for _, f := range facts {
		if v := of(f); v != "" {
			count[v]++
		}
	}
	best := ""
	for _, v := range slices.Sorted(maps.Keys(count)) {
		if best == "" || count[v] > count[best] {
			best = v
		}
	}
	return best
}

func modeNumber(facts []*fact) string {
	count, verified := map[string]int{}, map[string]int{}
	for _, f := range facts {
		if f.number != "" {
			count[f.number]++
			if f.verified {
				verified[f.number]++
			}
		}
	}
	best := ""
	for _, v := range slices.Sorted(maps.Keys(count)) {
		if best == "" || cmp.Or(cmp.Compare(count[v], count[best]), cmp.Compare(verified[v], verified[best])) > 0 {
			best = v
		}
	}
	return best
}

const oracleCap = 3

// oracle gives each record key the name of its person.
func oracle(rows []row) map[string]string {
	units := oracleUnits(rows)
	oracleNumbers(units)
	oracleAttach(units, nil)
	oracleAttach(units, nil)
	before := placed(units)
	oracleCluster(units, false)
	for _, u := range units {
		if u.free() && len(set(u.facts, forenameOf)) > 0 {
			u.person, u.step = u.name(), 80
		}
	}
	oracleAttach(units, before)
	oracleCluster(units, true)
	for _, u := range units {
		if u.person == "" {
			u.person, u.step = u.name(), 80
		}
	}
	oracleCaps(units)
	answer := map[string]string{}
	for _, u := range units {
		for _, f := range u.facts {
			answer[f.key] = u.person
		}
	}
	return answer
}

func placed(units []*group) map[string]bool {
	all := map[string]bool{}
	for _, u := range units {
		all[u.person] = true
	}
	return all
}

func (g *group) free() bool { return g.person == "" && !g.ambiguous && g.birth != "" }

func oracleUnits(rows []row) []*group {
	facts := map[string]*fact{}
	for _, r := range rows {
		f := factOf(r)
		facts[f.key] = f
	}
	local := map[string][]*fact{}
	for _, k := range slices.Sorted(maps.Keys(facts)) {
		f := facts[k]
		local[cmp.Or(f.local, f.key)] = append(local[cmp.Or(f.local, f.key)], f)
	}
	parts := map[string][]*fact{}
	for k, list := range local {
		for _, f := range list {
			id := k + "/" + f.subject + "/" + partOf(f, list)
			parts[id] = append(parts[id], f)
		}
	}
	var units []*group
	for _, list := range parts {
		g := &group{facts: list, birth: mode(list, birthOf), sex: mode(list, func(f *fact) string { return f.sex })}
		for _, f := range list {
			g.anyNumber = max(g.anyNumber, f.anyNumber)
		}
		units = append(units, g)
	}
	slices.SortFunc(units, func(a, b *group) int { return cmp.Compare(a.name(), b.name()) })
	return units
}

// partOf says which part of a local key's records a record falls into.
func partOf(f *fact, list []*fact) string {
	numbers, dates := set(list, func(f *fact) string { return f.number }), set(list, birthOf)
	if len(numbers) < 2 && len(dates) < 2 {
		return ""
	}
	if len(dates) > oracleCap {
		return cmp.Or(f.number, f.key)
	}
	birth, number := mode(list, birthOf), modeNumber(list)
	var model []*fact
	for _, other := range list {
		if relation(other.birth, birth) != "contradicts" && relation(other.number, number) != "contradicts" {
			model = append(model, other)
		}
	}
	one, sex := []*fact{f}, mode(model, func(f *fact) string { return f.sex })
	forename := nameSets(set(one, forenameOf), set(model, forenameOf))
	surname := nameSets(set(one, surnameOf), set(model, surnameOf))
	otherNumber := relation(f.number, number) == "contradicts"
	otherSex := relation(f.sex, sex) == "contradicts"
	switch b := births(f.birth, birth); {
	case b == "contradicts" && !(near(forename) && near(surname) && !otherNumber):
		return "birth" + f.birth
	case otherNumber && (forename == "contradicts" || otherSex):
		return "number" + f.number
	case b == "part" && forename == "contradicts" && otherSex:
		return "birth" + f.birth
	case b == "unknown" && forename == "contradicts" && surname == "contradicts":
		return "record" + f.key
	}
	return ""
}
