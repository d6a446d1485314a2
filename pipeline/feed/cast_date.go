package feed

import (
	"fmt"
	"strings"
)

// dateLayout is a date, timestamp or time format in ODCS letters, compiled:
// yyyy, MM, MMM (English, three letters), dd, HH, mm and ss at fixed width, and
// anything else as it stands. A year always has four digits: a format without
// yyyy that names a day is refused, so no century is ever guessed.
type dateLayout struct {
	parts []datePart
	width int
}

type datePart struct {
	letters string // one of the letter groups, or "" for text that stands for itself
	text    string
}

// compileLayout compiles a format; the empty format gives nil.
func compileLayout(format string) (*dateLayout, error) {
	if format == "" {
		return nil, nil
	}
	d := &dateLayout{}
	for rest := format; rest != ""; {
		part := nextDatePart(rest)
		rest = rest[max(len(part.letters), len(part.text)):]
		d.parts = append(d.parts, part)
		d.width += max(len(part.letters), len(part.text))
	}
	if strings.Contains(format, "dd") && !strings.Contains(format, "yyyy") {
		return nil, fmt.Errorf("date format %q has no four-digit year", format)
	}
	if strings.ContainsAny(strings.NewReplacer("yyyy", "", "MMM", "", "MM", "", "dd", "", "HH", "", "mm", "", "ss", "").Replace(format), "yMdHms") {
		return nil, fmt.Errorf("date format %q: use yyyy, MM, MMM, dd, HH, mm and ss", format)
	}
	return d, nil
}

func nextDatePart(rest string) datePart {
	for _, letters := range []string{"yyyy", "MMM", "MM", "dd", "HH", "mm", "ss"} {
		if strings.HasPrefix(rest, letters) {
			return datePart{letters: letters}
		}
	}
	return datePart{text: rest[:1]}
}

// moment is a parsed date and time of day.
type moment struct{ year, month, day, hour, minute, second int }

// parse reads text that fills the layout exactly. ok is false for another
// form and for a date or time that does not exist.
func (d *dateLayout) parse(text []byte) (m moment, ok bool) {
	if d == nil || len(text) != d.width {
		return m, false
	}
	m.month, m.day = 1, 1
	at := 0
	for i := range d.parts {
		p := &d.parts[i]
		if p.letters == "" {
			if text[at] != p.text[0] {
				return m, false
			}
			at++
			continue
		}
		if !m.set(p.letters, text[at:at+len(p.letters)]) {
			return m, false
		}
		at += len(p.letters)
	}
	return m, m.exists()
}

func (m *moment) set(letters string, text []byte) bool {
	if letters == "MMM" {
		m.month = monthNamed(text)
		return m.month != 0
	}
	n := 0
	for _, b := range text {
		if b < '0' || b > '9' {
			return false
		}
		n = n*10 + int(b-'0')
	}
	switch letters {
	case "yyyy":
		m.year = n
	case "MM":
		m.month = n
	case "dd":
		m.day = n
	case "HH":
		m.hour = n
	case "mm":
		m.minute = n
	case "ss":
		m.second = n
	}
	return true
}

func (m *moment) exists() bool {
	return m.month >= 1 && m.month <= 12 && m.day >= 1 && m.day <= daysIn(m.year, m.month) &&
		m.hour < 24 && m.minute < 60 && m.second < 60
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// monthNamed gives 1 to 12 for the first three letters of an English month in
// any case, else 0.
func monthNamed(text []byte) int {
	const names = "janfebmaraprmayjunjulaugsepoctnovdec"
	var lower [3]byte
	for i := range lower {
		lower[i] = text[i] | 0x20
	}
	if at := strings.Index(names, string(lower[:])); at >= 0 && at%3 == 0 {
		return at/3 + 1
	}
	return 0
}

// days gives the days since 1970-01-01 in the Gregorian calendar, also before
// its introduction.
func (m *moment) days() int64 { return daysFromCivil(int64(m.year), int64(m.month), int64(m.day)) }

// daysFromCivil counts in eras of 400 years that begin on 1 March, so that a
// leap day is the last of its year.
func daysFromCivil(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := (year - 399*b2i(year < 0)) / 400
	ofEra := year - era*400
	ofYear := (153*(month-3)+2)/5 + day - 1
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468
}

// civilFromDays is the inverse of daysFromCivil.
func civilFromDays(days int64) (year, month, day int64) {
	days += 719468
	era := (days - 146096*b2i(days < 0)) / 146097
	ofEra := days - era*146097
	years := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*years + years/4 - years/100)
	shifted := (5*ofYear + 2) / 153
	day = ofYear - (153*shifted+2)/5 + 1
	month = shifted + 3 - 12*b2i(shifted >= 10)
	return years + era*400 + b2i(month <= 2), month, day
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

const microsPerDay = 24 * 60 * 60 * 1_000_000

func (m *moment) micros() int64 {
	return m.days()*microsPerDay + int64(m.hour*3600+m.minute*60+m.second)*1_000_000
}
