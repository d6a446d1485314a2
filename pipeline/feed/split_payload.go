package feed

import (
	"slices"
	"strings"

	"tre/pseudonymise"
)

func makeRecordKey(subject int) func(*splitter, *block, *vector) {
	return func(_ *splitter, b *block, v *vector) {
		keys := &b.recordKeys[subject]
		for r, bad := range b.bad {
			switch {
			case bad:
			case keys.known[r]:
				v.key(keys.keys[r])
			default:
				v.null()
			}
		}
	}
}

func makeDelivery(s *splitter, b *block, v *vector) {
	for _, bad := range b.bad {
		if !bad {
			v.text(s.delivery)
		}
	}
}

func makeRow(_ *splitter, b *block, v *vector) {
	for r, bad := range b.bad {
		if !bad {
			v.integer(b.base + b.number[r])
		}
	}
}

// columnOutput makes a payload column that comes from columns of the file.
func (s *splitter) columnOutput(table *Table, c PayloadColumn) output {
	o := output{name: c.Name}
	if c.generalised {
		switch c.Name {
		case "birth_month":
			o.shape, o.make = dayShape, makeBirthMonth(s.using(table, "birth_month"))
		case "lsoa_2011":
			o.make = makeArea(s.using(table, "small_area"), 0)
		default:
			o.make = makeArea(s.using(table, "small_area"), 1)
		}
		return o
	}
	i := s.source(table, c)
	column := &s.columns[i]
	switch {
	case column.at < 0:
		o.shape, o.make = shapeOf(column.kind), makeNothing
		if c.Type == "UUID" {
			o.shape = keyShape
		}
	case c.Type == "UUID":
		o.shape, o.make = keyShape, makeKey(newKeySource(s.job, s.feed, column, table.Properties[i].Rules))
	default:
		o.shape, o.make = shapeOf(column.kind), makeTyped(i)
	}
	return o
}

// source gives the column a payload column is named after.
func (s *splitter) source(table *Table, c PayloadColumn) int {
	named := func(name string) int {
		return slices.IndexFunc(table.Properties, func(p Property) bool { return p.Name == name })
	}
	if i := named(c.Name); i >= 0 {
		return i
	}
	return named(strings.TrimSuffix(c.Name, "_key"))
}

// using lists the columns of the file with a use.
func (s *splitter) using(table *Table, use string) []int {
	var list []int
	for i := range s.columns {
		if s.columns[i].at >= 0 && slices.Contains(table.Properties[i].Rules.Use, use) {
			list = append(list, i)
		}
	}
	return list
}

func shapeOf(k kind) shape {
	return [...]shape{textKind: textShape, integerKind: integerShape, numberKind: numberShape, dateKind: dayShape,
		timestampKind: instantShape, clockKind: textShape, booleanKind: booleanShape}[k]
}

func makeNothing(_ *splitter, b *block, v *vector) {
	for _, bad := range b.bad {
		if !bad {
			v.null()
		}
	}
}

func makeKey(source *keySource) func(*splitter, *block, *vector) {
	return func(s *splitter, b *block, v *vector) {
		states := b.states[source.column]
		for r, bad := range b.bad {
			switch {
			case bad:
			case states[r]&filled == 0:
				v.null()
			default:
				v.key(source.sum(b.text(b.cells[r*s.fields+source.at]), s.providerOf(b, r)))
			}
		}
	}
}

func makeTyped(i int) func(*splitter, *block, *vector) {
	return func(s *splitter, b *block, v *vector) {
		states, numbers, at := b.states[i], b.numbers[i], s.columns[i].at
		for r, bad := range b.bad {
			if bad {
				continue
			}
			if states[r]&filled == 0 {
				v.null()
				continue
			}
			switch v.shape {
			case textShape:
				v.text(b.text(b.cells[r*s.fields+at]))
			case integerShape, instantShape:
				v.integer(numbers[r])
			case dayShape:
				v.day(int32(numbers[r]))
			case numberShape:
				v.number(b.floats[i][r])
			case booleanShape:
				v.boolean(numbers[r] == 1)
			}
		}
	}
}

// makeBirthMonth gives the first of the month of the first filled column. A
// withheld person's is not given.
func makeBirthMonth(columns []int) func(*splitter, *block, *vector) {
	return func(s *splitter, b *block, v *vector) {
		for r, bad := range b.bad {
			if bad {
				continue
			}
			day, _ := s.day(b, r, columns)
			if day == noDay || b.withheld[r] {
				v.null()
				continue
			}
			year, month, _ := civilFromDays(int64(day))
			v.day(int32(daysFromCivil(year, month, 1)))
		}
	}
}

// makeArea gives the small area of the first filled postcode, of the census of
// 2011 or of 2021.
func makeArea(columns []int, census int) func(*splitter, *block, *vector) {
	return func(s *splitter, b *block, v *vector) {
		for r, bad := range b.bad {
			if bad {
				continue
			}
			text, _ := s.value(b, r, columns)
			if text == nil || b.withheld[r] || s.job.Areas == nil {
				v.null()
				continue
			}
			postcode, quality := pseudonymise.NormalisePostcode(text)
			if quality != pseudonymise.ValidPostcode {
				v.null()
				continue
			}
			area2011, area2021, _ := s.job.Areas.Lookup(postcode)
			v.textOrNull([2]string{area2011, area2021}[census])
		}
	}
}
