package linkage_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// human is a true person of the invented people.
type human struct {
	id                  int
	nhs                 string
	forename, surname   string
	maiden              string // the surname before marriage, "" for none
	sex                 string
	birth               time.Time
	postcode, before    string // where they live now and lived before
	practice            string
	mother              int // -1 for none
	ethnicGroup, fifth  string
	careless            float64 // how much more often their details go wrong
	homeless            bool
	newborn, isMultiple bool
}

// invented makes people in households and the rows eight feeds keep of them,
// with errors at published rates and the confusions that matter: twins,
// fathers and sons of one name, family members' numbers, recycled local ids.
type invented struct {
	r      *rand.Rand
	people []human
	rows   []row
	ids    int
}

func invent(seed uint64, people int) *invented {
	v := &invented{r: rand.New(rand.NewPCG(seed, 7)), people: make([]human, 0, people+8)}
	for len(v.people) < people {
		v.household()
	}
	for i := range v.people {
		v.records(&v.people[i])
	}
	return v
}

func (v *invented) chance(p float64) bool { return v.r.Float64() < p }

// lean picks an index with the first ones more often, as names are spread.
func (v *invented) lean(n int) int { return int(float64(n) * v.r.Float64() * v.r.Float64()) }

func (v *invented) forename(sex string) string {
	male := strings.Fields("JOHN DAVID JAMES MICHAEL ROBERT WILLIAM THOMAS PETER STEPHEN ANTHONY DANIEL CHRISTOPHER ANDREW MARK PAUL RICHARD OLIVER JACK HARRY GEORGE NOAH ARTHUR MOHAMMED LEO ADAM OMAR PIOTR IAN NEIL KEITH COLIN BRIAN ALAN RYAN LUKE JOSHUA SAMUEL BENJAMIN ALEXANDER MATTHEW LIAM CALLUM ETHAN NATHAN AARON JORDAN SCOTT SEAN OWEN REECE")
	female := strings.Fields("MARY SUSAN MARGARET SARAH ELIZABETH CATHERINE PATRICIA JANET EMMA OLIVIA AMELIA AVA ISABELLA CHARLOTTE LINDA CHRISTINE HELEN KAREN JULIE ANGELA LAURA REBECCA JESSICA HANNAH SOPHIE CHLOE LUCY MEGAN AISHA FATIMA ANNA GRACE RUTH CLAIRE NICOLA JOANNE TRACEY SHARON AMANDA LISA MICHELLE ALISON JENNIFER VICTORIA SAMANTHA RACHEL ABIGAIL EMILY HOLLY ELLA")
	if sex == "male" {
		return male[v.lean(len(male))]
	}
	return female[v.lean(len(female))]
}

func (v *invented) surname() string {
	first := strings.Fields("SMITH JONES TAYLOR BROWN WILLIAMS WILSON JOHNSON DAVIES PATEL ROBINSON WRIGHT THOMPSON EVANS WALKER WHITE ROBERTS GREEN HALL WOOD KHAN JACKSON CLARKE")
	if v.chance(0.3) {
		return first[v.lean(len(first))]
	}
	a := strings.Fields("HART WEST BLACK STAN THORN MARS WHIT BRAD KIRK LAW DAL NORTH ASH BECK CROM EL FAIR GOLD HAL LANG MOR OAK PEN RAD SUT TRE UL WAL YAR BUR")
	b := strings.Fields("LEY TON SON FORD WOOD HAM WELL FIELD STONE BY ER MAN WORTH BROOK MORE")
	return a[v.r.IntN(len(a))] + b[v.r.IntN(len(b))]
}

// postcode gives one of about a fifteenth of the households' postcodes.
func (v *invented) postcode() string {
	n := v.r.IntN(max(1, cap(v.people), 20000) / 35)
	return fmt.Sprintf("%s%d %d%c%c", []string{"NE", "DH", "SR", "TS"}[n%4], 1+n/4%20, n/80%10, 'A'+n/800%20, 'A'+n/16000%20)
}

// nextNumber gives a valid number that nobody else has.
func (v *invented) nextNumber() string {
	for {
		v.ids++
		if number, ok := withCheckDigit(v.ids); ok {
			return number
		}
	}
}

// withCheckDigit completes a number of the range 999 000 0000 to 999 999 9999,
// which is never issued, or says that no check digit exists.
func withCheckDigit(stem int) (string, bool) {
	digits := fmt.Sprintf("999%06d", stem%1000000)
	sum := 0
	for i := range 9 {
		sum += int(digits[i]-'0') * (10 - i)
	}
	check := (11 - sum%11) % 11
	return digits + strconv.Itoa(check), check < 10
}

// synthetic gives the k-th of a rising list of valid numbers.
func synthetic(k int) string {
	for stem := k * 10; ; stem++ {
		if number, ok := withCheckDigit(stem); ok {
			return number
		}
	}
}

func (v *invented) add(h human) int {
	h.id = len(v.people)
	h.nhs = v.nextNumber()
	h.careless = 1
	if h.ethnicGroup != "White" {
		h.careless *= 1.8
	}
	if h.fifth == "1" {
		h.careless *= 1.4
	}
	v.people = append(v.people, h)
	return h.id
}

func (v *invented) birth(from, to int) time.Time {
	start := time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC)
	return start.AddDate(0, 0, v.r.IntN(365*(to-from)))
}

// household makes one or two adults and their children at one address.
func (v *invented) household() {
	base := human{
		surname: v.surname(), postcode: v.postcode(), practice: fmt.Sprintf("A8%04d", v.r.IntN(max(2, cap(v.people)/8000))), mother: -1,
		ethnicGroup: []string{"White", "White", "White", "White", "Asian", "Black", "Mixed", "Other"}[v.r.IntN(8)],
		fifth:       strconv.Itoa(1 + v.r.IntN(5)), homeless: v.chance(0.005),
	}
	if v.chance(0.3) {
		base.before = v.postcode()
	}
	start := v.r.IntN(60)
	father, mother := base, base
	father.sex, father.birth = "male", v.birth(1930+start, 1945+start)
	father.forename = v.forename("male")
	mother.sex, mother.birth = "female", v.birth(1932+start, 1946+start)
	mother.forename = v.forename("female")
	if v.chance(0.4) {
		mother.maiden = v.surname()
	}
	if v.chance(0.85) {
		v.add(father)
	}
	id := -1
	if v.chance(0.85) {
		id = v.add(mother)
	}
	for range v.r.IntN(4) {
		v.child(base, father, id)
	}
}

// child makes a child, sometimes twins, sometimes with the father's forename.
func (v *invented) child(base, father human, mother int) {
	c := base
	c.mother = mother
	c.birth = v.birth(father.birth.Year()+22, father.birth.Year()+38)
	if c.birth.Year() > 2024 {
		c.birth = v.birth(2022, 2025)
	}
	c.newborn = c.birth.Year() >= 2023 && mother >= 0
	c.sex = []string{"male", "female"}[v.r.IntN(2)]
	c.forename = v.forename(c.sex)
	if c.sex == "male" && v.chance(0.02) {
		c.forename = father.forename
	}
	if c.birth.Year() < 2003 && v.chance(0.5) {
		c.before, c.postcode = c.postcode, v.postcode()
	}
	c.isMultiple = v.chance(0.015)
	v.add(c)
	if c.isMultiple {
		if v.chance(0.6) {
			c.sex = map[string]string{"male": "female", "female": "male"}[c.sex]
		}
		for name := c.forename; c.forename == name; {
			c.forename = v.forename(c.sex)
		}
		v.add(c)
	}
}

// written is a copy of a person's details with the mistakes one source makes.
func (v *invented) written(h *human, feed, provider string, noNumber float64) row {
	r := row{feed: feed, provider: provider, org: provider, person: h.id + 1, nhs: h.nhs, nhsStatus: "01", forename: h.forename, surname: h.surname,
		birth: h.birth.Format("2006-01-02"), sex: h.sex, postcode: h.postcode, prac: h.practice}
	v.spoilNumber(&r, h, noNumber)
	v.spoilBirth(&r, h)
	v.spoilNames(&r, h)
	if h.before != "" && v.chance(0.35) {
		r.postcode = h.before
	}
	if h.homeless || v.chance(0.004) {
		r.postcode, r.postcodeQuality = "ZZ99 3VZ", "pseudo"
	}
	if v.chance(0.0005) {
		r.sex = map[string]string{"male": "female", "female": "male"}[r.sex]
	}
	if v.chance(0.0005) {
		r.sex = "unknown"
	}
	return r
}

func (v *invented) spoilNumber(r *row, h *human, missing float64) {
	other := &v.people[v.r.IntN(len(v.people))]
	if h.mother >= 0 && v.chance(0.3) {
		other = &v.people[h.mother]
	}
	switch {
	case v.chance(missing * h.careless):
		r.nhs, r.nhsStatus = "", "03"
	case v.chance(0.001):
		r.nhs = other.nhs
	case v.chance(0.0005):
		r.nhs, r.nhsQuality = "", "invalid"
	case v.chance(0.0005):
		r.nhsStatus = "04"
	}
}

func (v *invented) spoilBirth(r *row, h *human) {
	b := h.birth
	switch {
	case v.chance(0.0005):
		r.birth, r.birthYear = "", b.Year()
	case v.chance(0.0005) && b.Day() <= 12:
		r.birth = fmt.Sprintf("%04d-%02d-%02d", b.Year(), b.Day(), b.Month())
	case v.chance(0.0005):
		r.birth = fmt.Sprintf("%04d-01-01", b.Year())
	case v.chance(0.0002):
		r.birth = b.AddDate(1, 0, 0).Format("2006-01-02")
	}
}

func (v *invented) spoilNames(r *row, h *human) {
	if h.maiden != "" && v.chance(0.15) {
		r.surname = h.maiden
	} else if h.maiden != "" && v.chance(0.3) {
		r.surname += " (NEE " + h.maiden + ")"
	}
	for _, name := range []*string{&r.forename, &r.surname} {
		if v.chance(0.01) && len(*name) > 3 {
			i := 1 + v.r.IntN(len(*name)-2)
			*name = (*name)[:i] + (*name)[i+1:]
		}
	}
	switch familiar := map[string]string{"WILLIAM": "BILL", "ROBERT": "BOB", "MARGARET": "PEGGY", "ELIZABETH": "BETH"}; {
	case familiar[r.forename] != "" && v.chance(0.1):
		r.forename = familiar[r.forename]
	case v.chance(0.001):
		r.forename, r.surname = r.surname, r.forename
	case v.chance(0.003):
		r.forename = "MR " + r.forename
	case v.chance(0.0005):
		r.forename = "UNKNOWN"
	}
}

// records writes what all sources hold of a person.
func (v *invented) records(h *human) {
	if v.chance(0.98) {
		v.register(h, "gp_emis", h.practice, 0.001, true)
		if v.chance(0.05) {
			v.register(h, "gp_emis", fmt.Sprintf("A8%04d", v.r.IntN(9)), 0.001, true)
		}
	}
	trust := fmt.Sprintf("R%s", h.postcode[:2])
	if v.chance(0.6) {
		v.hospital(h, trust)
	}
	if v.chance(0.1) {
		v.register(h, "csds", "C1", 0.01, false)
	}
	if v.chance(0.07) {
		v.register(h, "mhsds", "M1", 0.01, false)
	}
	if v.chance(0.05) || h.birth.Year() < 1940 && v.chance(0.4) {
		v.social(h)
	}
	if h.newborn {
		v.birthRecords(h)
	}
}

func (v *invented) localID() string {
	v.ids++
	return strconv.Itoa(100000 + v.ids)
}

func (v *invented) emit(r row) {
	r.file = filepath.Join(r.feed, r.provider, "d.csv")
	r.number = len(v.rows) + 1
	v.rows = append(v.rows, r)
}

func (v *invented) register(h *human, feed, provider string, noNumber float64, named bool) {
	r := v.written(h, feed, provider, noNumber)
	r.register, r.localID = true, v.localID()
	if !named {
		r.forename, r.surname = "", ""
	}
	v.emit(r)
}

// hospital writes admitted care, outpatients and emergency rows of one trust
// under one local id: names only where there is no NHS number.
func (v *invented) hospital(h *human, trust string) {
	id := v.localID()
	for _, feed := range []string{"acute_apc", "acute_op", "acute_ecds"} {
		for range v.r.IntN(4) {
			r := v.written(h, feed, trust, map[string]float64{"acute_apc": 0.006, "acute_op": 0.005, "acute_ecds": 0.02}[feed])
			r.localID = id
			if v.chance(0.01) {
				r.localID = v.localID()
			}
			if v.chance(0.0003) && v.ids > 1000 {
				r.localID = strconv.Itoa(100000 + v.r.IntN(v.ids))
			}
			if r.nhs != "" {
				r.forename, r.surname = "", ""
			}
			v.emit(r)
		}
	}
}

func (v *invented) social(h *human) {
	id := v.localID()
	missing := v.chance(0.1 * h.careless)
	for range 1 + v.r.IntN(3) {
		r := v.written(h, "cld", "LA1", 0.02)
		if missing {
			r.nhs, r.nhsStatus = "", ""
		}
		r.forename, r.surname, r.localID = "", "", id
		v.emit(r)
	}
}

// birthRecords writes a baby's maternity and neonatal rows; the neonatal row
// also names the mother.
func (v *invented) birthRecords(h *human) {
	r := v.written(h, "msds", "R1", 0.05)
	r.forename, r.surname, r.register, r.localID, r.prac = "", "", true, v.localID(), ""
	v.emit(r)
	if !v.chance(0.15) && !h.isMultiple {
		return
	}
	b := v.written(h, "neonatal", "U1", 0.05)
	b.forename, b.localID, b.prac = "BABY", v.localID(), ""
	v.emit(b)
	m := v.people[h.mother]
	r = row{feed: "neonatal", provider: "U1", subject: "mother", nhs: m.nhs, person: m.id + 1}
	if v.chance(0.01) {
		r.nhs = h.nhs
	}
	r.file, r.number = filepath.Join("neonatal", "U1", "d.csv"), len(v.rows)
	v.rows = append(v.rows, r)
}

// region writes the invented rows and the truth about the people.
func (v *invented) region(t testing.TB) *region {
	t.Helper()
	g := newRegion(t, v.rows)
	g.truth.People = filepath.Join(g.path, "people.csv")
	f := newCSV(t, g.truth.People, "person", "ethnicity", "ethnic_group", "sex", "birth_year", "imd_fifth")
	for _, h := range v.people {
		f.add(t, strconv.Itoa(h.id+1), "", h.ethnicGroup, h.sex, strconv.Itoa(h.birth.Year()), h.fifth)
	}
	f.close(t)
	return g
}
