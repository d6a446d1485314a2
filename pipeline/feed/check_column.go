package feed

import (
	"slices"
	"unicode/utf8"

	"tre/pseudonymise"
)

// earliestDay is 1895-01-01, before which Hospital Episode Statistics takes no
// date of birth to be valid; nothing else in these feeds is older.
const earliestDay = -27393

// furthestDays is how far after a delivery a date may lie: fifty years.
const furthestDays = 50 * 366

// checkColumn types and judges one column of a block. A cell that passes is
// marked filled; what fails or is empty is not.
func (k *checker) checkColumn(b *block, i int, c *column) {
	states := b.states[i]
	if c.kind != textKind {
		b.numbers[i] = sizeTo(b.numbers[i], len(states))
	}
	if c.kind == numberKind {
		b.floats[i] = sizeTo(b.floats[i], len(states))
	}
	for r := range states {
		at := &b.cells[r*k.fields+c.at]
		if states[r]&damaged != 0 {
			states[r] = uint8(invalid)
			continue
		}
		if at.start == at.end {
			k.empty(b, r, i, c)
			continue
		}
		states[r] = uint8(valid) | filled
		text := b.data[at.start:at.end]
		if c.isKey && looksLikeDamagedKey(text) {
			k.fail(b, r, i, ruleDamagedKey, c.severity)
			continue
		}
		if rule := k.typed(b, r, i, c, text); rule != "" {
			k.fail(b, r, i, rule, c.severity)
			continue
		}
		if len(c.named) > 0 {
			if named, ok := c.named[string(text)]; ok {
				states[r] = uint8(named) | states[r]&filled
				continue
			}
		}
		k.judge(b, r, i, c, text)
	}
}

// empty counts a cell without a value.
func (k *checker) empty(b *block, r, i int, c *column) {
	b.states[i][r] = uint8(missing)
	if !c.required || (b.deleted[r] && !c.keeps) || (b.withheld[r] && c.identity) {
		return
	}
	k.fail(b, r, i, ruleRequired, c.severity)
	b.states[i][r] = uint8(missing)
}

// typed reads the value as the column's type and gives the rule it breaks, or
// "".
func (k *checker) typed(b *block, r, i int, c *column, text []byte) (rule string) {
	switch c.kind {
	case textKind:
		return c.checkText(text)
	case integerKind:
		n, ok := parseInteger(text)
		b.numbers[i][r] = n
		if !ok {
			return ruleInteger
		}
		return c.checkRange(float64(n))
	case numberKind:
		f, ok := parseNumber(text)
		b.floats[i][r] = f
		if !ok {
			return ruleNumber
		}
		return c.checkRange(f)
	case booleanKind:
		v, ok := parseBoolean(text)
		b.numbers[i][r] = b2i(v)
		if !ok {
			return ruleBoolean
		}
		return ""
	case clockKind:
		return k.clock(b, r, c, text)
	}
	return k.dated(b, r, i, c, text)
}

func (c *column) checkText(text []byte) string {
	if c.longest > 0 || c.shortest > 0 {
		n := utf8.RuneCount(text)
		if n < c.shortest || (c.longest > 0 && n > c.longest) {
			return ruleLength
		}
	}
	if !c.pattern.match(text) {
		return rulePattern
	}
	return ""
}

func (c *column) checkRange(f float64) string {
	if (c.min != nil && f < *c.min) || (c.max != nil && f > *c.max) {
		return ruleRange
	}
	return ""
}

// dated reads a date or a timestamp. A pseudo-null is emptied and counted as a
// default.
func (k *checker) dated(b *block, r, i int, c *column, text []byte) string {
	for _, layout := range c.layouts {
		m, ok := layout.parse(text)
		if !ok {
			continue
		}
		day := m.days()
		b.numbers[i][r] = day
		if c.kind == timestampKind {
			b.numbers[i][r] = m.micros()
		}
		if slices.Contains(k.nullDays, day) {
			b.states[i][r] = uint8(defaulted)
			return ""
		}
		if day < earliestDay || (k.produced != 0 && (day > k.produced+furthestDays || (c.person && day > k.produced))) {
			return ruleImplausible
		}
		return ""
	}
	if c.kind == timestampKind {
		return ruleTimestamp
	}
	return ruleDate
}

// clock reads a time of day; one without seconds gets them.
func (k *checker) clock(b *block, r int, c *column, text []byte) string {
	for _, layout := range c.layouts {
		m, ok := layout.parse(text)
		if !ok {
			continue
		}
		if len(text) == 8 && text[2] == ':' && text[5] == ':' {
			return ""
		}
		at := uint32(len(b.data))
		two := func(n int) []byte { return []byte{byte('0' + n/10), byte('0' + n%10)} }
		b.data = append(append(b.data, two(m.hour)...), ':')
		b.data = append(append(b.data, two(m.minute)...), ':')
		b.data = append(b.data, two(m.second)...)
		b.cells[r*k.fields+c.at] = cell{at, at + 8}
		return ""
	}
	return ruleTime
}

// judge applies the contract's quality rules, and what is known of NHS numbers
// and postcodes whatever the contract says.
func (k *checker) judge(b *block, r, i int, c *column, text []byte) {
	for q := range c.quality {
		check := &c.quality[q]
		if (check.values != nil && !check.values[string(text)]) || !check.pattern.match(text) {
			k.fail(b, r, i, check.id, check.severity)
			return
		}
	}
	switch c.judge {
	case judgeNumber:
		switch _, verdict := pseudonymise.CheckNHSNumber(text); verdict {
		case pseudonymise.Invalid:
			k.fail(b, r, i, ruleNumberCheck, c.severity)
			b.states[i][r] |= filled // the identity side says so beside it
		case pseudonymise.Placeholder:
			b.states[i][r] = uint8(defaulted) | filled
		}
	case judgePostcode:
		switch _, quality := pseudonymise.NormalisePostcode(text); quality {
		case pseudonymise.InvalidPostcode:
			b.states[i][r] = uint8(invalid) | filled
		case pseudonymise.PseudoPostcode:
			b.states[i][r] = uint8(defaulted) | filled
		}
	}
}
