package linkage

import (
	"context"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/linkage/profile"
	"tre/linkage/records"
)

// faceFields are the columns of faces as the profile calls them.
func faceFields() profile.Fields {
	return profile.Fields{Forename: "forename", Surname: "surname", FullName: "full_name", Forenames: "forenames", Surnames: "surnames",
		BirthDate: "birth_date", Postcode: "postcode", Sex: "sex", NHSNumber: "nhs_number", Practices: "practices"}
}

const faceColumns = "forename, surname, full_name, birth_date, sex, postcode, nhs_number, forenames, surnames, practices"

// faces are the ways in which the persons of some pairs may have written
// themselves, ready to be compared.
type faces struct {
	table *records.Table
	node  []int32            // by row
	rows  map[int32][2]int32 // of each node: from, to
}

// readFaces reads faces in a total order, so that codes do not depend on
// threads. A query gives the node and then faceColumns.
func (l *linker) readFaces(ctx context.Context, query string) (*faces, error) {
	f := &faces{rows: map[int32][2]int32{}}
	var columns []*column
	err := l.db.Arrow(ctx, query, func(batches array.RecordReader) error {
		for i, field := range batches.Schema().Fields()[1:] {
			c := newColumn(field.Name)
			if _, isList := batches.Schema().Field(i + 1).Type.(*arrow.ListType); isList {
				c.Kind = records.TextList
			}
			columns = append(columns, c)
		}
		for batches.Next() {
			batch := batches.RecordBatch()
			f.node = append(f.node, batch.Column(0).(*array.Int32).Int32Values()...)
			for i, c := range columns {
				c.add(batch.Column(i + 1))
			}
		}
		return batches.Err()
	})
	if err != nil {
		return nil, err
	}
	f.table = &records.Table{Rows: len(f.node), Columns: map[string]*records.Column{}, IDName: "row", Sources: []string{""}}
	for row, node := range f.node {
		f.table.IDs.Whole = append(f.table.IDs.Whole, int64(row))
		from, seen := f.rows[node]
		if !seen {
			from[0] = int32(row)
		}
		f.rows[node] = [2]int32{from[0], int32(row) + 1}
	}
	for _, c := range columns {
		f.table.Columns[c.Name] = &c.Column
	}
	return f, nil
}

// column is a column being read.
type column struct {
	records.Column
	codes    map[string]int32
	elements map[string]int32
}

func newColumn(name string) *column {
	return &column{Column: records.Column{Name: name}, codes: map[string]int32{}, elements: map[string]int32{}}
}

func (c *column) add(values arrow.Array) {
	for row := range values.Len() {
		if values.IsNull(row) {
			c.Codes = append(c.Codes, -1)
			continue
		}
		var code int32
		switch v := values.(type) {
		case *array.String:
			code = c.text(v.Value(row))
		case *array.List:
			code = c.list(v, row)
		}
		c.Codes = append(c.Codes, code)
		c.Counts[code]++
		c.Known++
	}
}

func (c *column) text(value string) int32 {
	code, ok := c.codes[value]
	if !ok {
		code = int32(len(c.Texts))
		value = strings.Clone(value)
		c.codes[value] = code
		c.Texts, c.Counts = append(c.Texts, value), append(c.Counts, 0)
	}
	return code
}

func (c *column) list(v *array.List, row int) int32 {
	from, to := v.ValueOffsets(row)
	texts := v.ListValues().(*array.String)
	var whole strings.Builder
	for at := int(from); at < int(to); at++ {
		whole.WriteString(texts.Value(at) + "\x00")
	}
	code, ok := c.codes[whole.String()]
	if ok {
		return code
	}
	code = int32(len(c.Lists))
	c.codes[whole.String()] = code
	var list []int32
	for at := int(from); at < int(to); at++ {
		element, seen := c.elements[texts.Value(at)]
		if !seen {
			element = int32(len(c.Elements))
			text := strings.Clone(texts.Value(at))
			c.elements[text] = element
			c.Elements = append(c.Elements, text)
		}
		list = append(list, element)
	}
	c.Lists, c.Counts = append(c.Lists, list), append(c.Counts, 0)
	return code
}

// setFrequencies puts the region's frequencies in the place of those of the
// faces at hand: how common a name is does not depend on who is left over.
func (l *linker) setFrequencies(ctx context.Context, f *faces) error {
	whole := map[string]int64{}
	rows, err := l.db.Query(ctx, "SELECT column_name, units FROM population")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var units int64
		if err := rows.Scan(&name, &units); err != nil {
			return err
		}
		whole[name] = units
	}
	if err := rows.Err(); err != nil {
		return err
	}
	counts := map[string]map[string]int64{}
	err = l.db.Arrow(ctx, "SELECT column_name, value, units::BIGINT FROM frequency ORDER BY ALL", func(batches array.RecordReader) error {
		for batches.Next() {
			b := batches.RecordBatch()
			name, value, units := b.Column(0).(*array.String), b.Column(1).(*array.String), b.Column(2).(*array.Int64)
			for i := range int(b.NumRows()) {
				if counts[name.Value(i)] == nil {
					counts[strings.Clone(name.Value(i))] = map[string]int64{}
				}
				counts[name.Value(i)][strings.Clone(value.Value(i))] = units.Value(i)
			}
		}
		return batches.Err()
	})
	if err != nil {
		return err
	}
	for name, units := range whole {
		c := f.table.Columns[name]
		for code, text := range c.Texts {
			c.Counts[code] = int32(max(counts[name][text], 1))
		}
		c.Known = int(max(units, 1))
	}
	return nil
}
