package feed

import (
	"bytes"
	"encoding/binary"
	"slices"

	"tre/pseudonymise"
)

// The text values of an identity row, in the order they are hashed and
// written.
const (
	orgText = iota
	localText
	numberText
	statusText
	forenameText
	middleText
	surnameText
	previousText
	sexText
	postcodeText
	addressText
	practiceText
	identityTexts
)

// noDay stands for no date: no date of these feeds is near it.
const noDay = -1 << 31

// identity is what one row says about who a person is.
type identity struct {
	subject      string
	record       [16]byte
	local        [16]byte
	hasLocal     bool
	repeats      bool // one row for each distinct record: the file repeats its people
	row          int64
	texts        [identityTexts][]byte
	number       [10]byte
	numberIs     pseudonymise.Verdict
	birth        int32
	birthQuality string
	birthYear    int32 // 0 is none
	postcodeIs   pseudonymise.PostcodeQuality
	death        int32
	event        int32
	test         bool
}

// identifies reports whether the row can tell this person from others: by a
// local identifier, by a usable NHS number, or by a birth date together with a
// postcode or a full name. Less than that would make one record of many
// strangers.
func (d *identity) identifies() bool {
	if d.hasLocal || d.numberIs == pseudonymise.Valid {
		return true
	}
	named := d.texts[forenameText] != nil && d.texts[surnameText] != nil
	return d.birth != noDay && (named || d.postcodeIs == pseudonymise.ValidPostcode)
}

// sum is the record key of a row that repeats its person: over everything the
// identity side holds but where and when it stood.
func (d *identity) sum(h *pseudonymise.Hasher) [16]byte {
	var numbers [18]byte
	binary.BigEndian.PutUint32(numbers[0:], uint32(d.birth))
	binary.BigEndian.PutUint32(numbers[4:], uint32(d.birthYear))
	binary.BigEndian.PutUint32(numbers[8:], uint32(d.death))
	numbers[12], numbers[13], numbers[14] = byte(d.numberIs), byte(d.postcodeIs), byte(b2i(d.test))
	numbers[15] = byte(b2i(d.hasLocal))
	t := &d.texts
	return h.Sum([]byte(d.subject), numbers[:], []byte(d.birthQuality), d.local[:], t[orgText], t[localText], t[numberText], t[statusText],
		t[forenameText], t[middleText], t[surnameText], t[previousText], t[sexText], t[postcodeText], t[addressText], t[practiceText])
}

// subjectPlan says where a file tells who one of a row's people is.
type subjectPlan struct {
	name   string
	role   string               // register, key or rows
	locals []*keySource         // the first filled one counts
	texts  [identityTexts][]int // columns, the first filled one counts
	births []int
	months []int // of birth_month_year
	ages   []int
	deaths []int
	sexes  map[int]map[string]string
}

// textRole gives the place of a role in identity.texts, or -1.
func textRole(role string) int {
	return slices.Index([]string{"org", "local_id", "nhs_number", "nhs_number_status", "forename", "middle_names", "surname",
		"previous_surname", "sex", "postcode", "address", "practice"}, role)
}

// value gives the first filled value of some columns, or nil.
func (k *checker) value(b *block, r int, columns []int) ([]byte, int) {
	for _, i := range columns {
		if b.states[i][r]&filled != 0 {
			return b.text(b.cells[r*k.fields+k.columns[i].at]), i
		}
	}
	return nil, -1
}

// day gives the first filled date of some columns and the state that decided.
func (k *checker) day(b *block, r int, columns []int) (day int32, state uint8) {
	for _, i := range columns {
		if s := b.states[i][r]; s&filled != 0 {
			return int32(dayOf(k.columns[i].kind, b.numbers[i][r])), s
		} else if s != uint8(missing) {
			state = s
		}
	}
	return noDay, state
}

// identify reads who the subject of a row is.
func (p *subjectPlan) identify(k *checker, b *block, r int, provider string) (d identity) {
	d.subject, d.row, d.repeats = p.name, b.number[r], p.role == "rows"
	for _, local := range p.locals {
		if text, _ := k.value(b, r, []int{local.column}); text != nil {
			d.local, d.hasLocal = local.sum(text, provider), true
			d.texts[localText] = bytes.Clone(local.normal(text))
			break
		}
	}
	for role := range p.texts {
		if role != localText {
			d.texts[role], _ = k.value(b, r, p.texts[role])
		}
	}
	p.numberAndPostcode(&d)
	p.sexAndAddress(k, b, r, &d)
	p.dates(k, b, r, &d)
	d.test = b.test[r]
	return d
}

func (p *subjectPlan) numberAndPostcode(d *identity) {
	d.number, d.numberIs = pseudonymise.CheckNHSNumber(d.texts[numberText])
	d.texts[numberText] = nil
	if d.numberIs == pseudonymise.Valid {
		d.texts[numberText] = bytes.Clone(d.number[:])
	}
	text, quality := pseudonymise.NormalisePostcode(d.texts[postcodeText])
	d.texts[postcodeText], d.postcodeIs = nil, quality
	if text != "" {
		d.texts[postcodeText] = []byte(text)
	}
}

func (p *subjectPlan) sexAndAddress(k *checker, b *block, r int, d *identity) {
	sex, column := k.value(b, r, p.texts[sexText])
	d.texts[sexText] = []byte("unknown")
	if meaning := p.sexes[column][string(sex)]; meaning != "" {
		d.texts[sexText] = []byte(meaning)
	}
	if len(p.texts[addressText]) < 2 {
		return
	}
	var lines [][]byte
	for _, i := range p.texts[addressText] {
		if line, _ := k.value(b, r, []int{i}); line != nil {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		d.texts[addressText] = bytes.Join(lines, []byte(", "))
	}
}

func (p *subjectPlan) dates(k *checker, b *block, r int, d *identity) {
	var state uint8
	d.birth, state = k.day(b, r, p.births)
	switch {
	case d.birth != noDay && class(state&^filled) == defaulted:
		d.birthQuality = "default"
	case d.birth != noDay:
		d.birthQuality = "valid"
	case class(state) == invalid:
		d.birthQuality = "implausible"
	default:
		d.birthQuality = "missing"
	}
	d.death, _ = k.day(b, r, p.deaths)
	d.event = noDay
	if k.month >= 0 {
		d.event, _ = k.day(b, r, []int{k.month})
	}
	if d.birth == noDay {
		d.birthYear = p.year(k, b, r, d.event)
	}
}

// year gives the year of birth from a month and year, or from an age on the
// day of the event, which may be one year late. Ages of 150 and more are codes
// for bands under one year.
func (p *subjectPlan) year(k *checker, b *block, r int, event int32) int32 {
	if month, _ := k.day(b, r, p.months); month != noDay {
		year, _, _ := civilFromDays(int64(month))
		return int32(year)
	}
	for _, i := range p.ages {
		if b.states[i][r]&filled == 0 || event == noDay {
			continue
		}
		age := b.numbers[i][r]
		if k.columns[i].kind == textKind {
			age, _ = parseInteger(b.text(b.cells[r*k.fields+k.columns[i].at]))
		}
		if age >= 150 {
			age = 0
		}
		year, _, _ := civilFromDays(int64(event))
		return int32(year - max(age, 0))
	}
	return 0
}
