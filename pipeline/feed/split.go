package feed

import (
	"bytes"
	"slices"

	"tre/pseudonymise"
)

// splitter turns checked blocks into payload columns and identities. Each
// worker has its own.
type splitter struct {
	*checker
	job      *Job
	feed     string
	subjects []subjectPlan
	outputs  []output
	tests    []int                // columns that say a person is a test
	provider []int                // columns that override the folder's provider
	lone     []loneColumn         // columns in which no value may repeat
	own      *pseudonymise.Hasher // of rows that repeat their person
	ownFor   string
	delivery []byte
}

// output is one payload column and how it is made.
type output struct {
	name     string
	shape    shape
	required bool
	make     func(s *splitter, b *block, v *vector)
}

// split fills the block's payload columns and identities from its checked
// rows. Rows set aside give neither.
func (s *splitter) split(b *block) {
	s.markTests(b)
	s.hashLone(b)
	b.recordKeys = sizeTo(b.recordKeys, len(s.subjects))
	for i := range s.subjects {
		s.identifyRows(b, i)
	}
	if len(b.payload) != len(s.outputs) {
		b.payload = s.vectors()
	}
	for i := range s.outputs {
		b.payload[i].reset()
		s.outputs[i].make(s, b, &b.payload[i])
	}
}

// vectors gives empty payload columns.
func (s *splitter) vectors() []vector {
	list := make([]vector, len(s.outputs))
	for i, o := range s.outputs {
		list[i] = vector{name: o.name, shape: o.shape, required: o.required}
	}
	return list
}

// markTests finds rows about test people: flagged by the system, or named in
// the way test people are. The 999 range of NHS numbers is no sign: invented
// people have nothing else.
func (s *splitter) markTests(b *block) {
	for _, i := range s.tests {
		for r := range b.test {
			if b.states[i][r]&filled == 0 {
				continue
			}
			yes := b.numbers[i] != nil && s.columns[i].kind == booleanKind && b.numbers[i][r] == 1
			if s.columns[i].kind != booleanKind {
				yes, _ = parseBoolean(b.text(b.cells[r*s.fields+s.columns[i].at]))
			}
			b.test[r] = b.test[r] || yes
		}
	}
	if len(s.subjects) == 0 {
		return
	}
	for _, i := range s.subjects[0].texts[surnameText] {
		for r := range b.test {
			name := bytes.ToUpper(b.text(b.cells[r*s.fields+s.columns[i].at]))
			if bytes.HasPrefix(name, []byte("ZZTEST")) || bytes.HasPrefix(name, []byte("XXTEST")) {
				b.test[r] = true
			}
		}
	}
}

// identifyRows finds the record key of one subject in every row, and the
// identities to be written.
func (s *splitter) identifyRows(b *block, subject int) {
	p := &s.subjects[subject]
	keys := &b.recordKeys[subject]
	keys.size(len(b.number))
	counts := &s.tally.counts
	var last [16]byte
	for r := range b.number {
		if b.bad[r] {
			continue
		}
		if subject == 0 && b.test[r] {
			counts.Test++
		}
		if b.withheld[r] {
			if subject == 0 {
				counts.Withheld++
			}
			continue
		}
		if p.role == "key" {
			s.localKey(b, r, p, keys)
		} else if b.deleted[r] {
			s.localKey(b, r, p, keys) // it takes a record back and says nothing of who it was
		} else if d := p.identify(s.checker, b, r, s.providerOf(b, r)); d.identifies() {
			s.addIdentity(b, r, p, keys, &d, &last)
		}
		if subject == 0 && !keys.known[r] && !b.deleted[r] {
			counts.Anonymous++
		}
	}
}

// addIdentity sets the row's record key and keeps the identity unless the row
// before it in the block was the very same.
func (s *splitter) addIdentity(b *block, r int, p *subjectPlan, keys *rowKeys, d *identity, last *[16]byte) {
	d.record = d.local
	if p.role == "rows" {
		provider := s.providerOf(b, r)
		if s.own == nil || s.ownFor != provider {
			s.own, s.ownFor = s.job.Key.Hasher("rows", s.feed, provider), provider
		}
		d.record = d.sum(s.own)
	} else if !d.hasLocal {
		return
	}
	keys.set(r, d.record)
	s.compareStatus(b, r, p, d)
	if p.role != "rows" || d.record != *last {
		b.identities = append(b.identities, *d)
		*last = d.record
	}
}

// compareStatus counts an NHS number that contradicts its own status.
func (s *splitter) compareStatus(b *block, r int, p *subjectPlan, d *identity) {
	if status := d.texts[statusText]; status != nil && pseudonymise.StatusContradicts(d.numberIs, string(status)) {
		s.tally.broke(p.texts[statusText][0], ruleStatus, warning, b.base+b.number[r])
	}
}

func (s *splitter) localKey(b *block, r int, p *subjectPlan, keys *rowKeys) {
	for _, local := range p.locals {
		if b.states[local.column][r]&filled != 0 {
			text := b.text(b.cells[r*s.fields+local.at])
			keys.set(r, local.sum(text, s.providerOf(b, r)))
			return
		}
	}
}

// providerOf gives the provider that issued a row's identifiers.
func (s *splitter) providerOf(b *block, r int) string {
	if len(s.provider) == 0 {
		return s.job.Arrival.Provider
	}
	if text, _ := s.value(b, r, s.provider); text != nil {
		return string(text)
	}
	return s.job.Arrival.Provider
}

// compileSplit works out what a table's columns become. The payload columns
// are those of Table.Payload, in its order.
func compileSplit(job *Job, contract *Contract, table *Table, k *checker, delivery string) *splitter {
	s := &splitter{checker: k, job: job, feed: contract.ID, delivery: []byte(delivery)}
	for _, name := range table.Subjects() {
		s.subjects = append(s.subjects, s.compileSubject(table, name))
	}
	for i := range k.columns {
		if k.columns[i].at < 0 {
			continue
		}
		for _, use := range table.Properties[i].Rules.Use {
			switch use {
			case "test":
				s.tests = append(s.tests, i)
			case "provider":
				s.provider = append(s.provider, i)
			}
		}
	}
	s.compileLone(table)
	s.compileOutputs(table)
	return s
}

func (s *splitter) compileSubject(table *Table, name string) subjectPlan {
	p := subjectPlan{name: name, role: table.Rules.Subject, sexes: map[int]map[string]string{}}
	others := 0
	for i := range s.columns {
		rules := table.Properties[i].Rules
		for _, use := range rules.Use {
			role, subject, ok := identityUse(use)
			if !ok || subject != name || s.columns[i].at < 0 {
				continue
			}
			p.add(s, i, role, rules)
			others += int(b2i(role != "local_id"))
		}
	}
	if name != "person" {
		p.role = "rows"
		if others == 0 {
			p.role = "key"
		}
	}
	return p
}

func (p *subjectPlan) add(s *splitter, i int, role string, rules PropertyRules) {
	switch role {
	case "local_id":
		p.locals = append(p.locals, newKeySource(s.job, s.feed, &s.columns[i], rules))
		return
	case "birth_date":
		p.births = append(p.births, i)
	case "birth_month_year":
		p.months = append(p.months, i)
	case "age":
		p.ages = append(p.ages, i)
	case "death_date":
		p.deaths = append(p.deaths, i)
	case "sex":
		p.sexes[i] = rules.Values
	}
	if at := textRole(role); at >= 0 {
		p.texts[at] = append(p.texts[at], i)
	}
}

func (s *splitter) compileOutputs(table *Table) {
	for _, c := range table.Payload() {
		switch {
		case c.Type == "UUID" && (c.Name == "record_key" || slices.Contains(s.otherKeys(), c.Name)):
			subject := slices.IndexFunc(s.subjects, func(p subjectPlan) bool { return c.Name == keyName(p.name) })
			s.outputs = append(s.outputs, output{name: c.Name, shape: keyShape, make: makeRecordKey(subject)})
		case c.Name == "_delivery":
			s.outputs = append(s.outputs, output{name: c.Name, shape: textShape, required: true, make: makeDelivery})
		case c.Name == "_row":
			s.outputs = append(s.outputs, output{name: c.Name, shape: integerShape, required: true, make: makeRow})
		default:
			s.outputs = append(s.outputs, s.columnOutput(table, c))
		}
	}
}

func keyName(subject string) string {
	if subject == "person" {
		return "record_key"
	}
	return subject + "_record_key"
}

func (s *splitter) otherKeys() []string {
	var names []string
	for _, p := range s.subjects {
		names = append(names, keyName(p.name))
	}
	return names
}
