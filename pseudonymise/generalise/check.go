package generalise

import (
	"slices"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Check refuses rules that cannot be applied, and sets what was left to its
// default. Read has done it; rules that a program makes need it.
func (r *Rules) Check() error {
	if len(r.Columns) == 0 {
		return refuse("%s: no columns: nothing would pass", r.Name)
	}
	seen := map[string]bool{}
	for i := range r.Columns {
		c := &r.Columns[i]
		if _, known := fieldsOf(c.Rule); !known {
			return r.refuse(*c, "unknown rule %q", c.Rule)
		}
		switch {
		case c.Output == "":
			return r.refuse(*c, "no output name")
		case seen[c.Output]:
			return r.refuse(*c, "the output name stands twice")
		case c.Source == "" && c.Rule != Constant:
			return r.refuse(*c, "no source")
		}
		seen[c.Output] = true
		if said := c.check(); said != "" {
			return r.refuse(*c, "%s", said)
		}
	}
	return nil
}

// check says what is wrong with the fields of a rule, or "".
func (c *Column) check() string {
	if c.Format != "" && strptime(c.Format) == "" {
		return "format is none of " + strings.Join(formats(), ", ")
	}
	switch c.Rule {
	case Pseudonym:
		if strings.TrimSpace(c.Domain) == "" {
			return "no domain: say person, household, place, event or another word"
		}
	case Age, AgeBand:
		return c.checkAge()
	case LSOA2011:
		return c.checkVintage("2011", "2021")
	case LSOA2021:
		return c.checkVintage("2021", "2011")
	case Rare:
		return c.checkRare()
	case Number:
		return c.checkNumber()
	}
	return ""
}

func (c *Column) checkVintage(vintage, another string) string {
	if strings.Contains(c.Output, vintage) && !strings.Contains(c.Output, another) {
		return ""
	}
	return "areas of the two censuses are different areas: the output name must hold " + vintage
}

func (c *Column) checkAge() string {
	if c.Cap == 0 {
		c.Cap = oldestAge
	}
	if c.As == "" {
		c.As = "label"
	}
	switch {
	case c.At == "":
		return "no at: name a column of dates, or one date yyyy-MM-dd"
	case c.Cap < 1 || c.Cap > oldestAge:
		return "cap is not 1 to 90"
	case c.As != "label" && c.As != "number":
		return "as is neither label nor number"
	case c.Rule == Age:
		return ""
	case len(c.Bands) == 0 || c.Bands[0] != 0:
		return "bands do not begin with 0"
	case !slices.IsSorted(c.Bands) || len(slices.Compact(slices.Clone(c.Bands))) < len(c.Bands):
		return "bands do not rise"
	case c.Bands[len(c.Bands)-1] > oldestAge:
		return "the last band begins above 90: the very old are too few"
	}
	return ""
}

func (c *Column) checkRare() string {
	if c.Minimum == 0 {
		c.Minimum = defaultMinimum
	}
	if c.Other == "" {
		c.Other = defaultOther
	}
	if c.Minimum < leastMinimum {
		return "minimum is below 2"
	}
	return ""
}

func (c *Column) checkNumber() string {
	switch {
	case c.To < 0:
		return "to is below 0"
	case c.To == 0 && c.AtMost == nil && c.AtLeast == nil:
		return "none of to, at_most and at_least"
	case c.AtMost != nil && c.AtLeast != nil && *c.AtMost < *c.AtLeast:
		return "at_most is below at_least"
	}
	return ""
}

// bandLabels names the bands: 0-17, 18-64, 65+.
func (c Column) bandLabels() []string {
	labels := make([]string, len(c.Bands))
	for i, least := range c.Bands {
		switch {
		case i+1 == len(c.Bands):
			labels[i] = itoa(least) + "+"
		case c.Bands[i+1] == least+1:
			labels[i] = itoa(least)
		default:
			labels[i] = itoa(least) + "-" + itoa(c.Bands[i+1]-1)
		}
	}
	return labels
}

// Type is what an output column holds.
type Type uint8

// The types. Text of CSV shows dates as yyyy-MM-dd and UUIDs in lower case.
const (
	Same  Type = iota // as the source
	Text              // text
	UUID              // a pseudonym
	Date              // a day
	Whole             // a whole number
	Real              // a number
)

// Type says what the column holds.
func (c Column) Type() Type {
	switch c.Rule {
	case Keep:
		return Same
	case Pseudonym:
		return UUID
	case Month, Week, Quarter:
		return Date
	case Year:
		return Whole
	case Number:
		return Real
	case Age:
		if c.As == "number" {
			return Whole
		}
	}
	return Text
}
