package compare

import (
	"time"
)

// timeFormat reads texts as strptime does with a format made of the parts below
// and of plain characters.
type timeFormat string

// isKnown says whether every part of the format is one this package reads.
func (f timeFormat) isKnown() bool {
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			continue
		}
		i++
		if i == len(f) {
			return false
		}
		switch f[i] {
		case 'Y', 'm', 'd', 'H', 'M', 'S', 'b', 'B', '%':
		default:
			return false
		}
	}
	return true
}

// parse gives the moment in seconds since 1970, or false for what does not fit
// the format or is no date.
func (f timeFormat) parse(text string) (seconds float64, ok bool) {
	date := moment{year: 1900, month: 1, day: 1}
	for len(text) > 0 && isSpace(text[0]) {
		text = text[1:]
	}
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			if text == "" || text[0] != f[i] {
				return 0, false
			}
			text = text[1:]
			continue
		}
		i++
		if text, ok = date.part(f[i], text); !ok {
			return 0, false
		}
	}
	for len(text) > 0 && isSpace(text[0]) {
		text = text[1:]
	}
	return date.seconds(text == "")
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

type moment struct{ year, month, day, hour, minute, second int }

// part reads one part of a format off the front of a text.
func (m *moment) part(part byte, text string) (rest string, ok bool) {
	switch part {
	case 'Y':
		return digits(text, 4, &m.year)
	case 'm':
		return digits(text, 2, &m.month)
	case 'd':
		return digits(text, 2, &m.day)
	case 'H':
		return digits(text, 2, &m.hour)
	case 'M':
		return digits(text, 2, &m.minute)
	case 'S':
		return digits(text, 2, &m.second)
	case 'b', 'B':
		return m.monthName(text, part == 'B')
	case '%':
		if text != "" && text[0] == '%' {
			return text[1:], true
		}
	}
	return text, false
}

// digits reads up to most digits.
func digits(text string, most int, into *int) (rest string, ok bool) {
	n, used := 0, 0
	for used < most && used < len(text) && text[used] >= '0' && text[used] <= '9' {
		n = n*10 + int(text[used]-'0')
		used++
	}
	*into = n
	return text[used:], used > 0
}

func (m *moment) monthName(text string, isFull bool) (rest string, ok bool) {
	for month := time.January; month <= time.December; month++ {
		name := month.String()
		if !isFull {
			name = name[:3]
		}
		if len(text) >= len(name) && equalFold(text[:len(name)], name) {
			m.month = int(month)
			return text[len(name):], true
		}
	}
	return text, false
}

func equalFold(a, b string) bool {
	for i := range len(a) {
		if a[i]|0x20 != b[i]|0x20 {
			return false
		}
	}
	return true
}

func (m *moment) seconds(isRead bool) (float64, bool) {
	if !isRead || m.hour > 23 || m.minute > 59 || m.second > 59 || m.month < 1 || m.month > 12 {
		return 0, false
	}
	if m.day < 1 || m.day > daysIn(m.year, m.month) {
		return 0, false
	}
	return float64(((daysTo(m.year, m.month)+m.day-1)*24+m.hour)*3600 + m.minute*60 + m.second), true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysTo counts the days from 1970 to the first of a month, in the calendar that
// SQL extends to all years. Years begin in March here, so that a leap day is the
// last of its year: every value of a column of dates comes through, and the
// standard library takes several times as long.
func daysTo(year, month int) int {
	const fourCenturies, to1970 = 146097, 719468
	year += 4000 // a whole number of four centuries, so that none is negative
	if month < 3 {
		year, month = year-1, month+12
	}
	return year*365 + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 - 10*fourCenturies - to1970
}

// isoTime reads a text as CAST(… AS DATE) or AS TIMESTAMP does.
func isoTime(text string) (float64, bool) {
	for _, layout := range []timeFormat{"%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"} {
		if seconds, ok := layout.parse(text); ok {
			return seconds, true
		}
	}
	return 0, false
}
