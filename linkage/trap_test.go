package linkage_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tre/linkage"
)

// Numbers of the range that is never issued, in rising order.
const (
	numberA = "9990000018"
	numberB = "9990158398"
	numberC = "9990237581"
)

// john is a person as a register and a hospital know him; the tests change
// what matters to them.
func john() (register, hospital row) {
	register = row{feed: "gp_emis", provider: "A81001", register: true, localID: "guid-john", nhs: numberA, nhsStatus: "01", forename: "JOHN", surname: "OAKLEY",
		birth: "1980-05-16", sex: "male", postcode: "NE1 4XX", prac: "A81001"}
	hospital = register
	hospital.feed, hospital.provider, hospital.org, hospital.register, hospital.localID = "acute_apc", "RXX", "RXX", false, "H100"
	hospital.forename, hospital.surname = "", ""
	return register, hospital
}

// trial is a few rows and which of them are one person: for each row the index
// of the first row of its person, or -1 for nobody.
type trial struct {
	name  string
	want  []int
	rows  []row
	check func(t *testing.T, lines []line, alarms map[string]int) // may be nil
}

// apart changes the values of a trial so that no other trial's people can be
// taken for its own: years of birth are moved, all else is marked.
func (c trial) apart(n int) []row {
	mark := func(value *string, text string) {
		if *value != "" {
			*value += text
		}
	}
	rows, numbers := slices.Clone(c.rows), []string{}
	for _, r := range rows {
		numbers = append(numbers, r.nhs)
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	for i := range rows {
		r := &rows[i]
		tag := fmt.Sprintf("t%d", n)
		mark(&r.provider, tag)
		mark(&r.org, tag)
		mark(&r.localID, tag)
		mark(&r.prac, tag)
		if strings.HasPrefix(r.nhs, "999") {
			r.nhs = synthetic(n*10 + slices.Index(numbers, r.nhs))
		}
		if out, in, ok := strings.Cut(r.postcode, " "); ok && out != "ZZ99" {
			r.postcode = fmt.Sprintf("%sT%d %s", out, n, in)
		}
		if r.birth != "" {
			year, _ := strconv.Atoi(r.birth[:4])
			r.birth = fmt.Sprintf("%04d%s", year-n, r.birth[4:])
		}
		if r.birthYear != 0 {
			r.birthYear -= n
		}
		if r.number == 0 {
			r.number = i + 1
		}
		r.number += n * 1000
	}
	return rows
}

// try runs trials together, in one region beside those of other tests, and
// judges each by itself.
func try(t *testing.T, trials []trial) {
	t.Helper()
	t.Parallel()
	sets := make([][]row, len(trials))
	for i, c := range trials {
		sets[i] = c.apart(i)
	}
	g := newRegion(t, slices.Concat(sets...))
	g.link(t, func(in *linkage.In) { in.Rules.BusyPostcodes = -1 })
	index, alarms := g.index(t), g.alarmsByPerson(t)
	for i, c := range trials {
		t.Run(c.name, func(t *testing.T) { c.judge(t, sets[i], index, alarms) })
	}
}

func (c trial) judge(t *testing.T, rows []row, index map[string]line, alarms map[string][]string) {
	same, lines := make([]int, len(rows)), make([]line, len(rows))
	first, kinds := map[string]int{}, map[string]int{}
	for i, r := range rows {
		l, ok := index[r.filled().recordKey()]
		if !ok {
			t.Fatalf("row %d has no line in the index", i)
		}
		if _, seen := first[l.person]; !seen {
			first[l.person] = i
			for _, kind := range alarms[l.person] {
				kinds[kind]++
			}
		}
		same[i], lines[i] = first[l.person], l
		if l.person == "" {
			same[i] = -1
		}
	}
	if !slices.Equal(same, c.want) {
		t.Errorf("rows are joined as %v, want %v", same, c.want)
		for i, l := range lines {
			t.Logf("row %d: step %s on %q, cross-check %s, candidates %d", i, l.step, l.matchedOn, l.crossCheck, l.candidates)
		}
	}
	if c.check != nil {
		c.check(t, lines, kinds)
	}
}

// alarmed is a check for one alarm of a kind.
func alarmed(kind string) func(*testing.T, []line, map[string]int) {
	return func(t *testing.T, _ []line, alarms map[string]int) {
		if alarms[kind] != 1 {
			t.Errorf("alarms %v, want one %s", alarms, kind)
		}
	}
}

// A number that passes Modulus 11 is not yet somebody's: placeholders, numbers
// that gather birth dates, and other people's numbers.
func TestTrap01PlaceholderNumbersMakeNobody(t *testing.T) {
	try(t, slices.Concat(trap01(), trapNumbers()))
}

// What thousands share joins nobody: a postcode for no fixed abode, 1 January,
// a baby without a name.
func TestTrap02SharedPlacesDatesAndNamesJoinNobody(t *testing.T) { try(t, trap02()) }

// A number that replaced another is never its alias.
func TestTrap10SupersededNumbersAreNoAlias(t *testing.T) { try(t, trap10()) }

// A test person is nobody, under every record that is theirs.
func TestTrap11TestPeopleAreExcluded(t *testing.T) { try(t, trap11()) }

// One number twice in a register is one person registered twice.
func TestTrap13OneNumberTwiceInOneFeedIsOnePerson(t *testing.T) { try(t, trap13()) }

func trap01() []trial {
	var all []trial
	for _, placeholder := range []string{"1111111111", "0000000000", "4000000004", "2333455667", "9876543210"} {
		a, b := john()
		b.localID, b.birth, b.sex, b.postcode, b.prac = "H7", "1955-03-02", "female", "NE9 9XX", ""
		c := b
		c.localID, c.birth = "H8", a.birth
		a.nhs, b.nhs, c.nhs = placeholder, placeholder, placeholder
		all = append(all, trial{"trap 01: placeholder numbers make nobody", []int{0, 1, 2}, []row{a, b, c}, nil})
	}
	// A placeholder that no list knows gathers birth dates; it is found by that.
	var rows []row
	for i := range 8 {
		_, h := john()
		h.localID, h.birth, h.postcode = fmt.Sprint("H", i), fmt.Sprintf("19%d2-0%d-1%d", i+2, i+1, i), fmt.Sprintf("NE%d 4XX", i)
		rows = append(rows, h)
	}
	all = append(all, trial{"trap 01: a number with many birth dates is taken from all", []int{0, 1, 2, 3, 4, 5, 6, 7}, rows,
		func(t *testing.T, lines []line, alarms map[string]int) {
			alarmed("number_shared")(t, lines, alarms)
			if lines[0].crossCheck != "contradicts" {
				t.Errorf("cross-check %s, want contradicts", lines[0].crossCheck)
			}
		}})
	rows = nil
	for i := range 12 {
		_, h := john()
		h.provider, h.org = fmt.Sprint("R", i), fmt.Sprint("R", i)
		if i >= 8 {
			h.birth, h.postcode = fmt.Sprintf("19%d2-0%d-1%d", i-6, i-6, i-8), fmt.Sprintf("SR%d 4XX", i)
		}
		rows = append(rows, h)
	}
	return append(all, trial{"trap 01: the owner of a number that many mistype keeps it", []int{0, 0, 0, 0, 0, 0, 0, 0, 8, 9, 10, 11}, rows, alarmed("number_shared")})
}

// trapNumbers are the wrong person's valid number, caught by birth date, then
// by name; and numbers whose status speaks against them.
func trapNumbers() []trial {
	a, b := john()
	wrong := b
	wrong.localID, wrong.birth, wrong.sex, wrong.postcode, wrong.prac = "H9", "1948-11-02", "female", "SR4 7YY", "A89999"
	all := []trial{{"wrong number: birth date speaks against it", []int{0, 0, 2}, []row{a, b, wrong},
		func(t *testing.T, lines []line, alarms map[string]int) {
			if lines[2].crossCheck != "contradicts" || lines[1].crossCheck != "agrees" {
				t.Errorf("cross-checks %s and %s, want agrees and contradicts", lines[1].crossCheck, lines[2].crossCheck)
			}
			alarmed("number_contradicted")(t, lines, alarms)
		}}}
	own, second := wrong, wrong
	own.nhs, second.nhs, second.postcode = numberB, numberB, "SR4 8YY"
	all = append(all, trial{"wrong number: the local id leads back to its owner", []int{0, 0, 2, 2, 2}, []row{a, b, wrong, own, second}, nil})
	for _, birth := range []string{"1980-06-16", "1981-05-16", "1980-05-06", "1980-01-01", ""} {
		slip := b
		slip.localID, slip.birth = "H10", birth
		all = append(all, trial{"right number: one slip in the birth date", []int{0, 0, 0}, []row{a, b, slip}, nil})
	}
	named := a
	named.feed, named.localID, named.birth = "gp_systmone", "x", "1948-11-02"
	all = append(all, trial{"right number: wrong birth date under the same full name", []int{0, 0, 0}, []row{a, b, named}, nil})
	named.forename = "MICHAEL"
	all = append(all, trial{"wrong number: a relative's birth date and forename", []int{0, 0, 2}, []row{a, b, named}, nil})
	aged := b
	aged.localID, aged.birth, aged.birthYear = "H11", "", 1979
	all = append(all, trial{"right number: a year of birth instead of a date", []int{0, 0, 0}, []row{a, b, aged}, nil})
	aged.birthYear = 1950
	all = append(all, trial{"wrong number: another year of birth", []int{0, 0, 2}, []row{a, b, aged}, nil})
	aged.birthYear, aged.sex, aged.postcode = 0, "female", "SR4 4XX"
	all = append(all, trial{"wrong number: no birth date, another sex and place", []int{0, 0, 2}, []row{a, b, aged}, nil})
	near, nearToo := a, b
	near.localID, near.nhs, near.birth, near.forename = "guid-near", numberB, "1980-06-16", "PETER"
	nearToo.feed, nearToo.localID, nearToo.nhs, nearToo.birth = "acute_op", "H12", numberB, "1980-06-16"
	mine, slipped := b, b
	mine.nhs, slipped.nhs, slipped.postcode = numberC, numberB, "NE1 5XX"
	me := a
	me.nhs = numberC
	all = append(all, trial{"of two numbers under one local id the better birth date decides", []int{0, 0, 2, 2, 2}, []row{near, nearToo, me, mine, slipped}, nil})
	rival := b
	rival.birth, rival.sex = "1948-11-02", "female"
	all = append(all, trial{"two claims to a number, equally strong, join nobody", []int{0, 1}, []row{a, rival}, alarmed("number_disputed")})
	b.postcode, b.prac = "SR4 4XX", ""
	for status, want := range map[string][]int{"01": {0, 0}, "02": {0, 0}, "": {0, 0}, "04": {0, 1}, "05": {0, 1}, "08": {0, 1}} {
		b.nhsStatus = status
		all = append(all, trial{"status " + status, want, []row{a, b}, nil})
	}
	return all
}

func trap02() []trial {
	a, b := john()
	b.nhs, b.nhsStatus, b.localID, b.prac = "", "", "H2", ""
	all := []trial{{"an ordinary postcode joins", []int{0, 0}, []row{a, b}, nil}}
	for name, change := range map[string]func(*row){
		"pseudo":         func(r *row) { r.postcode, r.postcodeQuality = "ZZ99 3VZ", "pseudo" },
		"ZZ99":           func(r *row) { r.postcode, r.postcodeQuality = "ZZ99 3WZ", "valid" },
		"1 January":      func(r *row) { r.birth = "1980-01-01" },
		"unknown sex":    func(r *row) { r.sex = "unknown" },
		"birth doubtful": func(r *row) { r.birthQuality = "default" },
	} {
		x, y := a, b
		change(&x)
		change(&y)
		all = append(all, trial{"trap 02: never joined by place: " + name, []int{0, 1}, []row{x, y}, nil})
	}
	for _, name := range []string{"BABY", "Baby Boy", "TWIN TWO", "INFANT", "UNKNOWN", "NOT KNOWN", "F/I", "X", "MALE"} {
		x := a
		x.nhs, x.forename, x.birth = "", name, "2024-02-03"
		y := x
		y.feed, y.localID, y.postcode, y.prac = "gp_systmone", "other", "SR2 2AA", ""
		all = append(all, trial{"trap 02: no name: " + name, []int{0, 1}, []row{x, y}, nil})
	}
	x, h := john()
	x.nhs, x.forename, x.birth, h.birth = "", "BABY", "2024-02-03", "2024-02-03"
	all = append(all, trial{"trap 02: a baby not yet named is not joined by place", []int{0, 1}, []row{x, h}, nil})
	x.nhs = numberA
	return append(all, trial{"trap 02: a baby not yet named is joined by number", []int{0, 0}, []row{x, h}, nil})
}

// trap10 is a person before and after an adoption or a change of gender: two
// numbers that no one may bring together, even where one provider knows both.
func trap10() []trial {
	before, hospital := john()
	after := before
	after.feed, after.localID, after.nhs, after.forename, after.sex = "gp_systmone", "new", numberB, "JOAN", "female"
	later := hospital
	later.nhs, later.sex = numberB, "female"
	all := []trial{{"trap 10: a superseded number is never an alias", []int{0, 1, 0, 1}, []row{before, after, hospital, later}, nil}}
	// The same name and sex under both numbers: the hospital's rows stay one
	// person's, and its number does not pull the other one's records in.
	after.forename, after.sex, later.sex = before.forename, before.sex, before.sex
	again := hospital
	again.postcode = "NE1 5XX"
	return append(all, trial{"trap 10: nor under the same name", []int{0, 1, 0, 0, 0}, []row{before, after, hospital, later, again}, nil})
}

func trap11() []trial {
	a, b := john()
	flagged, named := b, a
	flagged.test, flagged.localID = true, "T1"
	named.localID, named.surname = "T2", "ZZTEST"
	return append(kinOfTests(), trial{"trap 11: test persons are excluded", []int{0, 0, -1, -1}, []row{a, b, flagged, named},
		func(t *testing.T, lines []line, _ map[string]int) {
			if lines[2].step != "excluded" || lines[3].step != "excluded" {
				t.Errorf("steps %s and %s, want excluded", lines[2].step, lines[3].step)
			}
		}})
}

// kinOfTests are records that no flag and no name marks. Those under a test
// person's local id are the test person's, unless they speak against it; those
// with the test person's NHS number are not: it may be a real person's.
func kinOfTests() []trial {
	register, hospital := john()
	named, later, reused, elsewhere := hospital, hospital, hospital, hospital
	named.nhs, named.forename, named.surname = "", "JOHN", "ZZTEST"
	later.postcode = "SR9 9XX"
	reused.nhs, reused.birth, reused.sex = numberB, "1948-11-02", "female"
	elsewhere.feed, elsewhere.provider, elsewhere.org, elsewhere.localID = "acute_op", "RYY", "RYY", "H200"
	flagged := register
	flagged.test = true
	return []trial{
		{"trap 11: and their other records under one local id", []int{-1, -1, 2, 3}, []row{named, later, reused, elsewhere}, nil},
		{"trap 11: but not whoever has their number", []int{-1, 1, 1}, []row{flagged, hospital, elsewhere}, nil},
	}
}

// trap13 is one person registered at two practices: one number in two rows of
// one feed, and no error.
func trap13() []trial {
	a, _ := john()
	b, c := a, a
	b.provider, b.localID, b.prac = "A81002", "temporary", "A81002"
	c.localID = "again"
	return []trial{{"trap 13: one number twice in one feed is one person", []int{0, 0, 0}, []row{a, b, c},
		func(t *testing.T, _ []line, alarms map[string]int) {
			if len(alarms) != 0 {
				t.Errorf("alarms %v, want none", alarms)
			}
		}}}
}
