package linkage_test

import (
	"cmp"
	"maps"
	"slices"
)

// claimant is a unit that carries a number.
type claimant struct {
	unit     *group
	number   string
	records  int
	verified bool
	main     bool
	birth    string // relation to the number's birth date
	check    string
}

func oracleNumbers(units []*group) {
	byNumber := map[string][]*claimant{}
	byUnit := map[*group][]*claimant{}
	for _, u := range units {
		count, verified, most := map[string]int{}, map[string]bool{}, 0
		for _, f := range u.facts {
			if f.number != "" {
				count[f.number]++
				verified[f.number] = verified[f.number] || f.verified
				most = max(most, count[f.number])
			}
		}
		for n, c := range count {
			k := &claimant{unit: u, number: n, records: c, verified: verified[n], main: c == most}
			byNumber[n] = append(byNumber[n], k)
			byUnit[u] = append(byUnit[u], k)
		}
	}
	for _, list := range byNumber {
		checkNumber(list)
	}
	persons := map[string]string{}
	for _, u := range units { // in order of name
		keep := bestNumber(byUnit[u])
		if keep == nil {
			continue
		}
		if persons[keep.number] == "" {
			persons[keep.number] = u.name()
		}
		u.person, u.kept, u.keptBirth, u.crossCheck, u.step = persons[keep.number], keep.number, keep.birth, keep.check, 30
		if keep.birth != "unknown" {
			u.step = 20
		}
	}
	for _, u := range units {
		for _, k := range byUnit[u] {
			if k.check == "contradicts" && k.number == u.anyNumber {
				u.anyNumber = ""
				break
			}
		}
	}
}

func bestNumber(list []*claimant) *claimant {
	passed := slices.DeleteFunc(slices.Clone(list), func(k *claimant) bool { return k.check == "contradicts" })
	if len(passed) == 0 {
		return nil
	}
	first := func(yes bool) int {
		if yes {
			return 0
		}
		return 1
	}
	return slices.MinFunc(passed, func(a, b *claimant) int {
		return cmp.Or(cmp.Compare(b.records, a.records), cmp.Compare(first(a.birth == "agrees"), first(b.birth == "agrees")),
			cmp.Compare(first(a.verified), first(b.verified)), cmp.Compare(a.check, b.check), cmp.Compare(a.number, b.number))
	})
}

// checkNumber decides for each unit with a number whether to believe it.
func checkNumber(list []*claimant) {
	slices.SortFunc(list, func(a, b *claimant) int { return cmp.Compare(a.unit.name(), b.unit.name()) })
	support, verified, all := map[string]int{}, map[string]int{}, 0
	for _, k := range list {
		if b := k.unit.birth; b != "" {
			support[b] += 0
			if k.main {
				support[b]++
				all++
			}
			if k.verified {
				verified[b]++
			}
		}
	}
	top := ""
	for _, b := range slices.Sorted(maps.Keys(support)) {
		if top == "" || cmp.Or(cmp.Compare(support[b], support[top]), cmp.Compare(verified[b], verified[top])) > 0 {
			top = b
		}
	}
	shared := len(support) > oracleCap
	disputed := shared && support[top]*2 <= all
	for b := range support {
		if b != top && support[b] == support[top] && verified[b] == verified[top] && births(top, b) == "contradicts" {
			disputed = true
		}
	}
	sex := holderSex(list, top)
	var model []*fact
	for i, k := range list {
		k.birth = births(k.unit.birth, top)
		if k.birth == "agrees" && relation(k.unit.sex, sex) != "contradicts" || top == "" && i == 0 {
			model = append(model, k.unit.facts...)
		}
	}
	for _, k := range list {
		k.check = believe(k, model, relation(k.unit.sex, sex), len(list) == 1)
		if disputed || shared && k.birth != "agrees" {
			k.check = "contradicts"
		}
	}
}

func holderSex(list []*claimant, top string) string {
	count, verified := map[string]int{}, map[string]int{}
	for _, k := range list {
		if k.unit.sex != "" && (top == "" || k.unit.birth == top) {
			count[k.unit.sex]++
			if k.verified {
				verified[k.unit.sex]++
			}
		}
	}
	if cmp.Or(cmp.Compare(count["male"], count["female"]), cmp.Compare(verified["male"], verified["female"])) > 0 {
		return "male"
	}
	if count["female"] > 0 {
		return "female"
	}
	return ""
}

func believe(k *claimant, model []*fact, sex string, alone bool) string {
	if alone {
		return "unknown"
	}
	own := k.unit.facts
	forename := nameSets(set(own, forenameOf), set(model, forenameOf))
	surname := nameSets(set(own, surnameOf), set(model, surnameOf))
	place := func(f *fact) string { return f.postcode }
	samePlace := shares(set(own, place), set(model, place))
	no := false
	switch k.birth {
	case "agrees":
		no = sex == "contradicts" && forename == "contradicts"
	case "part":
		no = !near(forename) && !(near(surname) && sex != "contradicts") &&
			(forename == "contradicts" || surname == "contradicts" || sex == "contradicts" && !samePlace)
	case "contradicts":
		no = !(near(forename) && near(surname) && sex != "contradicts")
	default:
		no = forename == "contradicts" && (surname == "contradicts" || sex == "contradicts") ||
			sex == "contradicts" && forename == "unknown" && !samePlace
		if !no && !near(forename) {
			return "unknown"
		}
	}
	if no {
		return "contradicts"
	}
	return "agrees"
}

// step says by which step two groups of facts could be one person, or 0.
func step(u *group, all []*group) (order int, birth, forename string, toldApart, otherNumber bool) {
	var facts []*fact
	dates, sexes, numbers := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, g := range all {
		facts = append(facts, g.facts...)
		for value, into := range map[string]map[string]bool{g.birth: dates, g.sex: sexes, g.anyNumber: numbers} {
			if value != "" {
				into[value] = true
			}
		}
	}
	birth = "contradicts"
	for d := range dates {
		if r := births(u.birth, d); r == "agrees" || r == "part" && birth != "agrees" {
			birth = r
		}
	}
	sex, theirs := "unknown", slices.Collect(maps.Keys(sexes))
	if len(theirs) == 1 {
		sex = relation(u.sex, theirs[0])
	}
	with := func(of func(*fact) string) bool { return shares(set(u.facts, of), set(facts, of)) }
	forename = nameSets(set(u.facts, forenameOf), set(facts, forenameOf))
	surname := nameSets(set(u.facts, surnameOf), set(facts, surnameOf))
	if shares(set(u.facts, forenameOf), set(facts, surnameOf)) && shares(set(u.facts, surnameOf), set(facts, forenameOf)) {
		forename, surname = "agrees", "agrees"
	}
	place := with(func(f *fact) string { return f.postcode })
	practice := with(func(f *fact) string { return f.practice })
	district := practice && with(func(f *fact) string { return outward(f.postcode) })
	toldApart = with(func(f *fact) string { return f.source })
	otherNumber = len(numbers) == 1 && u.anyNumber != "" && !numbers[u.anyNumber]
	weak := u.birth[5:] == "01-01"
	exact, named := birth == "agrees", forename == "agrees" && surname == "agrees"
	switch {
	case exact && with(func(f *fact) string { return f.idInside }) && !(forename == "contradicts" && (surname == "contradicts" || sex == "contradicts")):
		order = 40
	case sex == "contradicts":
	case exact && named && place:
		order = 50
	case exact && named && !weak:
		order = 51
	case birth == "part" && named && place && !toldApart:
		order = 52
	case sex != "agrees" || !exact:
	case near(forename) && near(surname) && (place || practice):
		order = 53
	case weak || toldApart || otherNumber || forename == "contradicts" || forename == "unknown" && surname == "contradicts":
	case place:
		order = 60
	case district && surname != "contradicts":
		order = 61
	}
	return order, birth, forename, toldApart, otherNumber
}

func outward(postcode string) string {
	if postcode == "" {
		return ""
	}
	return postcode[:len(postcode)-4]
}

// oracleAttach is one round: every free unit against every person made, but
// those of skip.
func oracleAttach(units []*group, skip map[string]bool) {
	persons := map[string][]*group{}
	for _, u := range units {
		if u.person != "" && !skip[u.person] {
			persons[u.person] = append(persons[u.person], u)
		}
	}
	type move struct {
		unit   *group
		person string
		order  int
	}
	var moves []move
	rivals := map[string]int{}
	for _, u := range units {
		if !u.free() {
			continue
		}
		best, found := 99, []string{}
		for p, members := range persons {
			if order, _, _, _, _ := step(u, members); order != 0 && order <= best {
				if order < best {
					best, found = order, nil
				}
				found = append(found, p)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			moves = append(moves, move{u, found[0], best})
			if s := u.facts[0].source; best >= 60 && s != "" {
				rivals[found[0]+s]++
			}
		default:
			u.ambiguous = true
		}
	}
	for _, m := range moves {
		if s := m.unit.facts[0].source; m.order >= 60 && s != "" && rivals[m.person+s] > 1 {
			m.unit.ambiguous = true
			continue
		}
		m.unit.person, m.unit.step = m.person, m.order
	}
}

// oracleCluster joins free units among themselves.
func oracleCluster(units []*group, byPlace bool) {
	var free []*group
	for _, u := range units {
		if u.free() {
			free = append(free, u)
		}
	}
	leader := make([]int, len(free))
	for i := range leader {
		leader[i] = i
	}
	bad := map[int]bool{}
	edge := func(a, b *group) bool {
		order, _, forename, apart, _ := step(a, []*group{b})
		if byPlace {
			return order == 60
		}
		return order == 40 || order == 50 || order == 52 || order == 53 || order == 51 && !apart || order == 60 && forename == "agrees"
	}
	for range free {
		for i, a := range free {
			for j, b := range free {
				if i != j && edge(a, b) {
					low := min(leader[i], leader[j])
					leader[i], leader[j] = low, low
				}
			}
		}
	}
	size := map[int]int{}
	for i, a := range free {
		size[leader[i]]++
		for j, b := range free {
			if i == j || leader[i] != leader[j] {
				continue
			}
			_, birth, forename, apart, otherNumber := step(a, []*group{b})
			surname := nameSets(set(a.facts, surnameOf), set(b.facts, surnameOf))
			if birth == "agrees" && (forename == "contradicts" || apart && (forename == "unknown" || surname == "unknown") || otherNumber) {
				bad[leader[i]] = true
			}
		}
	}
	for i, a := range free {
		if size[leader[i]] > 1 && !bad[leader[i]] {
			a.person, a.step = free[leader[i]].name(), 70
		}
	}
}

// oracleCaps takes implausible clusters apart.
func oracleCaps(units []*group) {
	persons := map[string][]*fact{}
	for _, u := range units {
		persons[u.person] = append(persons[u.person], u.facts...)
	}
	for _, u := range units {
		facts := persons[u.person]
		many := len(set(facts, birthOf)) > oracleCap || len(set(facts, func(f *fact) string { return f.number })) > oracleCap
		if many && !(u.step == 20 && u.crossCheck == "agrees") {
			u.person = "taken out: " + u.name()
		}
	}
}
