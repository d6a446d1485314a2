package feed

import "tre/internal/sealed"

// identityFile is the identity side of one table of a delivery. It holds one
// row for each record of a register, and one for each distinct identity of a
// file whose rows repeat their people; to tell those apart it remembers 16
// bytes a person while the file is read.
type identityFile struct {
	file     *parquetFile
	columns  []vector
	feed     []byte
	table    []byte
	delivery []byte
	provider []byte
	path     string
	seen     map[[16]byte]bool
}

func newIdentityFile(job *Job, table, id string) (*identityFile, error) {
	f := &identityFile{feed: []byte(job.Arrival.Feed), table: []byte(table), delivery: []byte(id), provider: []byte(job.Arrival.Provider),
		seen: map[[16]byte]bool{}}
	f.columns = []vector{
		{name: "record_key", shape: keyShape, required: true}, {name: "local_key", shape: keyShape},
		{name: "subject", required: true}, {name: "feed", required: true}, {name: "table_name", required: true},
		{name: "delivery", required: true}, {name: "provider", required: true}, {name: "file", required: true},
		{name: "row", shape: integerShape, required: true},
		{name: "org"}, {name: "local_id"}, {name: "nhs_number"}, {name: "nhs_number_quality", required: true}, {name: "nhs_number_status"},
		{name: "forename"}, {name: "middle_names"}, {name: "surname"}, {name: "previous_surname"},
		{name: "birth_date", shape: dayShape}, {name: "birth_date_quality", required: true}, {name: "birth_year", shape: yearShape},
		{name: "sex", required: true}, {name: "postcode"}, {name: "postcode_quality", required: true}, {name: "address"},
		{name: "death_date", shape: dayShape}, {name: "practice"}, {name: "event_date", shape: dayShape},
		{name: "test", shape: booleanShape, required: true},
	}
	var err error
	f.file, err = newParquetFile(job.Region, IdentityName(job.Arrival.Feed, table, id), f.columns, job.Zone)
	return f, err
}

// write appends the identities that are new in this file.
func (f *identityFile) write(list []identity) error {
	for i := range f.columns {
		f.columns[i].reset()
	}
	rows := 0
	for i := range list {
		d := &list[i]
		if d.repeats {
			if f.seen[d.record] {
				continue
			}
			f.seen[d.record] = true
		}
		f.append(d)
		rows++
	}
	return f.file.write(f.columns, rows)
}

func (f *identityFile) append(d *identity) {
	c := cursor{columns: f.columns}
	c.next().key(d.record)
	if v := c.next(); d.hasLocal {
		v.key(d.local)
	} else {
		v.null()
	}
	for _, constant := range [][]byte{[]byte(d.subject), f.feed, f.table, f.delivery, f.provider, []byte(f.path)} {
		c.next().text(constant)
	}
	c.next().integer(d.row)
	c.text(d.texts[orgText])
	c.text(d.texts[localText])
	c.text(d.texts[numberText])
	c.text([]byte(d.numberIs.String()))
	for _, text := range d.texts[statusText : previousText+1] {
		c.text(text)
	}
	c.day(d.birth, noDay)
	c.text([]byte(d.birthQuality))
	c.day(d.birthYear, 0)
	c.text(d.texts[sexText])
	c.text(d.texts[postcodeText])
	c.text([]byte(d.postcodeIs.String()))
	c.text(d.texts[addressText])
	c.day(d.death, noDay)
	c.text(d.texts[practiceText])
	c.day(d.event, noDay)
	c.next().boolean(d.test)
}

// cursor steps through the columns of a row.
type cursor struct {
	columns []vector
	at      int
}

func (c *cursor) next() *vector {
	c.at++
	return &c.columns[c.at-1]
}

func (c *cursor) text(b []byte) {
	if v := c.next(); b == nil {
		v.null()
	} else {
		v.text(b)
	}
}

func (c *cursor) day(n, none int32) {
	if v := c.next(); n == none {
		v.null()
	} else {
		v.day(n)
	}
}

// quarantineFile lists what was set aside: where and by which rule, never the
// value.
type quarantineFile struct {
	file     *parquetFile
	columns  []vector
	delivery []byte
}

func newQuarantineFile(job *Job, id string) (*quarantineFile, error) {
	q := &quarantineFile{delivery: []byte(id), columns: []vector{
		{name: "delivery", required: true}, {name: "table_name", required: true}, {name: "file", required: true},
		{name: "row", shape: integerShape, required: true}, {name: "column_name"}, {name: "rule", required: true}, {name: "severity", required: true},
	}}
	var err error
	q.file, err = newParquetFile(job.Region, QuarantineName(job.Arrival.Feed, id), q.columns, sealed.Key{})
	return q, err
}

func (q *quarantineFile) write(t *Table, path string, list []brokenCell) error {
	for i := range q.columns {
		q.columns[i].reset()
	}
	for _, b := range list {
		c := cursor{columns: q.columns}
		c.next().text(q.delivery)
		c.next().text([]byte(t.Name))
		c.next().text([]byte(path))
		c.next().integer(b.row)
		if b.column < 0 {
			c.next().null()
		} else {
			c.text([]byte(t.Properties[b.column].Name))
		}
		c.text([]byte(b.rule))
		c.text([]byte(b.severity.String()))
	}
	return q.file.write(q.columns, len(list))
}
