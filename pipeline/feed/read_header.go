package feed

import (
	"slices"
	"strings"
)

// matchHeader finds each contract column in a header. What stands in the
// header is never quoted: a file sent without one begins with a person.
func (l *layout) matchHeader(p *part) (at []int, err error) {
	names := make([]string, len(p.header))
	for i, name := range p.header {
		names[i] = strings.TrimSpace(name)
	}
	properties := p.table.Properties
	if len(names) == 1 && len(properties) > 1 {
		return nil, refuse(refusedDelimiter, "%s: the header is one column, the contract's table %s has %d separated by %q: the delimiter is another",
			p.member.path, p.table.PhysicalName, len(properties), l.contract.Reading.Delimiter)
	}
	at = make([]int, len(properties))
	for i := range properties {
		at[i] = slices.Index(names, properties[i].Name)
		if at[i] >= 0 && slices.Contains(names[at[i]+1:], properties[i].Name) {
			return nil, refuse(refusedTwice, "%s: column %s stands twice in the header", p.member.path, properties[i].Name)
		}
	}
	if err := l.missingColumns(p, at); err != nil {
		return nil, err
	}
	if err := l.extraColumns(p, names); err != nil {
		return nil, err
	}
	if !l.contract.Reading.OptionalColumns && !slices.IsSorted(at) {
		i := 1
		for at[i] > at[i-1] {
			i++
		}
		return nil, refuse(refusedOrder, "%s: column %s must stand after %s: the columns are in another order than the contract's",
			p.member.path, properties[i].Name, properties[i-1].Name)
	}
	return at, nil
}

func (l *layout) missingColumns(p *part, at []int) error {
	for i, property := range p.table.Properties {
		if at[i] >= 0 || (l.contract.Reading.OptionalColumns && !property.Required) {
			continue
		}
		return refuse(refusedMissingColumn, "%s: the header has no column %s (column %d of table %s): it was left out, renamed, or there is no header",
			p.member.path, property.Name, i+1, p.table.PhysicalName)
	}
	if !slices.ContainsFunc(at, func(n int) bool { return n >= 0 }) {
		return refuse(refusedMissingColumn, "%s: the header has no column of table %s", p.member.path, p.table.PhysicalName)
	}
	return nil
}

func (l *layout) extraColumns(p *part, names []string) error {
	if l.contract.Reading.ExtraColumns == "drop" {
		return nil
	}
	for i, name := range names {
		if p.table.column(name) == nil {
			return refuse(refusedExtraColumn, "%s: column %d of the header is not in table %s: a new layout needs a new version of the contract",
				p.member.path, i+1, p.table.PhysicalName)
		}
	}
	return nil
}
