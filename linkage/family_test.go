package linkage_test

import (
	"slices"
	"testing"
)

// Families share surname, address, sometimes birth date and forename; local
// ids get used twice; cells hold more than a name.
func TestFamiliesLocalIDsAndDirt(t *testing.T) {
	try(t, slices.Concat(twins(), between(), namesakes(), motherAndBaby(), localIDs(), dirtyNames(), steps()))
}

// numberless gives a hospital row with a name and a social care row without,
// both without a number.
func numberless() (named, nameless row) {
	named, nameless = john()
	named.nhs, named.feed, named.provider, named.register, named.localID, named.prac = "", "acute_ecds", "RYY", false, "E1", ""
	nameless.nhs, nameless.feed, nameless.provider, nameless.org, nameless.localID, nameless.prac = "", "cld", "LA1", "LA1", "L1", ""
	return named, nameless
}

func twins() []trial {
	a, _ := john()
	named, nameless := numberless()
	twin := a
	twin.localID, twin.nhs, twin.forename = "guid-twin", numberB, "ROBERT"
	unnumbered := twin
	unnumbered.nhs = ""
	other := named
	other.forename, other.localID = "ROBERT", "E2"
	nameless2 := nameless
	nameless2.localID = "L2"
	joined, elsewhere := nameless, nameless2
	joined.localID, joined.forename, joined.surname = "L3", "JOHN", "OAKLEY"
	elsewhere.provider, elsewhere.org = "LA2", "LA2"
	ambiguous := func(t *testing.T, lines []line, _ map[string]int) {
		if last := lines[len(lines)-1]; last.candidates != 2 {
			t.Errorf("candidates %d, want 2", last.candidates)
		}
	}
	return []trial{
		{"twins: each by its own name", []int{0, 1, 0, 1}, []row{a, twin, named, other}, nil},
		{"twins: without a name either is possible", []int{0, 1, 2}, []row{a, twin, nameless}, ambiguous},
		{"twins: another forename is never joined by place", []int{0, 1, 1}, []row{a, unnumbered, other}, nil},
		{"twins: two local ids of one source are two people", []int{0, 1, 2}, []row{a, nameless, nameless2}, ambiguous},
		{"twins: and take nothing from one of that source joined by name", []int{0, 1, 2, 0}, []row{a, nameless, nameless2, joined}, nil},
		{"twins: local ids of two sources are one person's", []int{0, 0, 0}, []row{a, nameless, elsewhere}, nil},
		{"twins: nor joined to each other", []int{0, 1}, []row{nameless, nameless2}, nil},
	}
}

// between are leftover people whom a third record would join although they
// have nothing in common by which they would be looked up together.
func between() []trial {
	named, nameless := numberless()
	middle, other := named, nameless
	middle.provider, middle.org, middle.localID = "RXX", "RXX", "H1"
	other.feed, other.provider, other.org, other.localID = "acute_op", "RXX", "RXX", "H1"
	other.postcode, other.sex = "SR9 9XX", "unknown"
	apart := named
	apart.feed, apart.provider, apart.org, apart.localID = "acute_op", "RXX", "RXX", "H2"
	return []trial{
		{"between two local ids of one source stands a third record", []int{0, 0, 2}, []row{middle, other, apart}, nil},
	}
}

func namesakes() []trial {
	father, _ := john()
	son := father
	son.localID, son.nhs, son.birth = "guid-son", numberB, "2004-09-30"
	named, _ := numberless()
	named.birth = son.birth
	cousin := son
	cousin.localID, cousin.nhs, cousin.postcode, cousin.prac = "guid-cousin", numberC, "SR1 1AA", ""
	elsewhere := named
	elsewhere.postcode = "TS1 1AA"
	return []trial{
		{"father and son of one name", []int{0, 1, 1}, []row{father, son, named}, nil},
		{"namesakes born the same day, told apart by postcode", []int{0, 1, 0}, []row{son, cousin, named}, nil},
		{"namesakes born the same day, told apart by nothing", []int{0, 1, 2}, []row{son, cousin, elsewhere}, nil},
	}
}

func motherAndBaby() []trial {
	baby, _ := john()
	baby.birth, baby.forename, baby.feed, baby.provider, baby.register, baby.localID, baby.number = "2024-02-03", "BABY", "neonatal", "U1", false, "N1", 7
	mother := row{feed: "neonatal", provider: "U1", subject: "mother", nhs: numberB, number: 7}
	own, _ := john()
	own.forename, own.sex, own.birth, own.nhs, own.localID = "MARY", "female", "1995-04-21", numberB, "guid-mary"
	seen := own
	seen.feed, seen.provider, seen.register, seen.forename, seen.surname = "acute_op", "RXX", false, "", ""
	confused, sole := mother, baby
	confused.nhs = numberA
	sole.nhs = numberB
	return []trial{
		{"mother and baby of one row, each with their own", []int{0, 1, 1}, []row{baby, mother, own}, nil},
		{"mother under the baby's number", []int{0, 1, 2}, []row{baby, confused, own}, alarmed("mother_with_baby")},
		{"baby under the mother's number", []int{0, 1, 1, 1}, []row{sole, mother, own, seen}, nil},
		{"baby under the mother's number, mother unknown", []int{0, 1}, []row{sole, mother}, alarmed("mother_with_baby")},
	}
}

func localIDs() []trial {
	a, h := john()
	later := h
	later.nhs, later.birth, later.sex, later.postcode = numberB, "1961-12-24", "female", "SR4 4XX"
	own := a
	own.localID, own.nhs, own.birth, own.sex, own.postcode, own.forename = "guid-2", numberB, later.birth, "female", "SR4 4XX", "GRACE"
	unnumbered := h
	unnumbered.nhs, unnumbered.forename, unnumbered.surname, unnumbered.postcode = "", "JOHN", "OAKLEY", "DH9 9XX"
	mixed, mixedLater := a, a
	mixedLater.nhs, mixedLater.birth, mixedLater.file = numberB, "1961-12-24", "gp_emis/A81001/later.csv"
	// Two of a family under one id, their birth dates alike but for the month.
	boy, girl := h, h
	boy.nhs, boy.forename, boy.surname = "", "JOHN", "OAKLEY"
	girl.nhs, girl.forename, girl.surname, girl.sex, girl.birth = "", "GRACE", "OAKLEY", "female", "1980-06-16"
	boyAgain := boy
	boyAgain.postcode = "DH9 9XX"
	slip, alias := girl, girl
	slip.forename, alias.sex = boy.forename, boy.sex
	outpatient := h
	outpatient.feed, outpatient.nhs, outpatient.postcode = "acute_op", "", ""
	return []trial{
		{"one local id, a row without number", []int{0, 0, 0}, []row{a, h, unnumbered}, nil},
		{"local id given to somebody else", []int{0, 0, 2, 2}, []row{a, h, later, own}, alarmed("local_id_recycled")},
		{"local id of two of a family, born on dates alike", []int{0, 0, 2}, []row{boy, boyAgain, girl}, alarmed("local_id_recycled")},
		{"local id of one, sex and birth date mistyped", []int{0, 0, 0}, []row{boy, boyAgain, slip}, nil},
		{"local id of one, under another forename and a mistyped birth date", []int{0, 0, 0}, []row{boy, boyAgain, alias}, nil},
		{"register entry given to somebody else joins nobody", []int{0, 0, 2}, []row{mixed, mixedLater, h}, alarmed("record_mixed")},
		{"one hospital's id in another of its feeds", []int{0, 0, 0}, []row{a, h, outpatient}, nil},
	}
}

// dirtyNames are cells as a registry received them: titles, remarks, several
// names, letters read as digits.
func dirtyNames() []trial {
	a, _ := john()
	a.surname = "O'HARE-OAKLEY"
	named, _ := numberless()
	named.postcode = "SR9 9XX" // only the name can join
	var all []trial
	for _, cells := range [][2]string{
		{"MR JOHN", "O'HARE-OAKLEY"}, {"Mstr. John", "O`Hare Oakley"}, {"JOHN", "0'HARE-OAKLEY"}, {"JOHN", "SMITHERS (NEE O'HARE-OAKLEY)"},
		{"JOHN", "O'HARE-OAKLEY PREV: SMITHERS"}, {"JOHN", "SMITHERS/O'HARE-OAKLEY"}, {"JOHN", "SMITHERS; O'HARE-OAKLEY"},
		{"JOHN", "JOHN, O'HARE-OAKLEY"}, {"JOHN", "[WAS O'HARE-OAKLEY] SMITHERS"}, {"PETER (known as JOHN)", "OHAREOAKLEY"}, {"JÓHN-", "O’HARE OAKLEY;"},
		{"JOHN PAUL", "O'HARE-OAKLEY"}, {"JACK", "O'HARE-OAKLEY"}, {"O'HARE-OAKLEY", "JOHN"}, {`JO\HN`, "O'HARE-0AKLEY"},
	} {
		r := named
		r.forename, r.surname = cells[0], cells[1]
		all = append(all, trial{"joined: " + cells[0] + "|" + cells[1], []int{0, 0}, []row{a, r}, nil})
	}
	for _, cells := range [][2]string{{"JOHN", "H4071122"}, {"JOHN", "UNKNOWN"}, {"", "O'HARE-OAKLEY"}, {"MR", "O'HARE-OAKLEY"}, {"PETER", "O'HARE-OAKLEY"}} {
		r := named
		r.forename, r.surname = cells[0], cells[1]
		all = append(all, trial{"not joined: " + cells[0] + "|" + cells[1], []int{0, 1}, []row{a, r}, nil})
	}
	previous := named
	previous.forename, previous.surname, previous.previous = "JOHN", "SMITHERS", "O'Hare-Oakley"
	return append(all, trial{"joined by previous surname", []int{0, 0}, []row{a, previous}, nil})
}

// steps has one case a step that the others do not reach.
func steps() []trial {
	a, _ := john()
	a.nhs = numberA
	named, nameless := numberless()
	took := func(step string) func(*testing.T, []line, map[string]int) {
		return func(t *testing.T, lines []line, _ map[string]int) {
			if got := lines[len(lines)-1].step; got != step {
				t.Errorf("step %s, want %s", got, step)
			}
		}
	}
	part, similar, practice, alone := named, named, nameless, named
	part.birth = "1980-05-17"
	similar.surname = "OAKLEYS"
	practice.postcode, practice.prac = "NE1 9ZZ", "A81001"
	alone.birth, alone.localID, alone.feed = "1944-04-04", "E5", "acute_op"
	alone2 := alone
	alone2.feed, alone2.provider, alone2.org, alone2.localID = "acute_apc", "RZZ", "RZZ", "Z1"
	return []trial{
		{"name and postcode", []int{0, 0}, []row{a, named}, took("name_postcode")},
		{"part of the birth date", []int{0, 0}, []row{a, part}, took("name_birth_part")},
		{"similar name", []int{0, 0}, []row{a, similar}, took("similar_name")},
		{"postcode", []int{0, 0}, []row{a, nameless}, took("postcode")},
		{"practice", []int{0, 0}, []row{a, practice}, took("practice")},
		{"among the rest", []int{0, 0}, []row{alone, alone2}, took("remainder")},
		{"alone", []int{0, 1}, []row{a, alone}, took("own")},
	}
}
