package generalise

import (
	"bytes"
	"time"
)

// formats are the ways a date may be written in text.
func formats() []string { return []string{"yyyy-MM-dd", "dd/MM/yyyy", "yyyyMMdd"} }

// strptime gives a format in the words of SQL, or "".
func strptime(format string) string {
	switch format {
	case "", "yyyy-MM-dd":
		return "%Y-%m-%d"
	case "dd/MM/yyyy":
		return "%d/%m/%Y"
	case "yyyyMMdd":
		return "%Y%m%d"
	}
	return ""
}

// date is a day of the calendar.
type date struct{ year, month, day int }

// fixedDate reads a date that stands in the rules.
func fixedDate(text string) (date, bool) {
	if len(text) != len(time.DateOnly) {
		return date{}, false
	}
	return readDate([]byte(text), "")
}

// readDate reads a date in a format. A date and a time, divided by a space or
// a T, is read by its date.
func readDate(text []byte, format string) (d date, ok bool) {
	text = bytes.TrimSpace(text)
	switch format {
	case "dd/MM/yyyy":
		if len(text) < 10 || text[2] != '/' || text[5] != '/' {
			return d, false
		}
		d = date{figures(text[6:10]), figures(text[3:5]), figures(text[:2])}
		text = text[10:]
	case "yyyyMMdd":
		if len(text) < 8 {
			return d, false
		}
		d = date{figures(text[:4]), figures(text[4:6]), figures(text[6:8])}
		text = text[8:]
	default:
		if len(text) < 10 || text[4] != '-' || text[7] != '-' {
			return d, false
		}
		d = date{figures(text[:4]), figures(text[5:7]), figures(text[8:10])}
		text = text[10:]
	}
	return d, isTime(text) && d.exists()
}

// figures reads a number of figures alone; -1 is none.
func figures(text []byte) int {
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// isTime reports nothing, or hh:mm and perhaps more after a space or a T.
func isTime(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	return len(text) >= 6 && (text[0] == ' ' || text[0] == 'T') && text[3] == ':' &&
		figures(text[1:3]) >= 0 && figures(text[1:3]) < 24 && figures(text[4:6]) >= 0 && figures(text[4:6]) < 60
}

func (d date) exists() bool {
	if d.year < 1 || d.month < 1 || d.month > 12 || d.day < 1 {
		return false
	}
	last := 31
	switch d.month {
	case 4, 6, 9, 11:
		last = 30
	case 2:
		last = 28
		if d.year%4 == 0 && (d.year%100 != 0 || d.year%400 == 0) {
			last = 29
		}
	}
	return d.day <= last
}

// truncate gives the first day of the month, week or quarter.
func (d date) truncate(rule string) date {
	switch rule {
	case Month:
		d.day = 1
	case Quarter:
		d.month, d.day = (d.month-1)/3*3+1, 1
	case Week:
		day := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC)
		sinceMonday := (int(day.Weekday()) + 6) % 7
		year, month, first := day.AddDate(0, 0, -sinceMonday).Date()
		d = date{year, int(month), first}
	}
	return d
}

// append writes the date as yyyy-MM-dd.
func (d date) append(dst []byte) []byte {
	return append(dst, byte('0'+d.year/1000%10), byte('0'+d.year/100%10), byte('0'+d.year/10%10), byte('0'+d.year%10), '-',
		byte('0'+d.month/10), byte('0'+d.month%10), '-', byte('0'+d.day/10), byte('0'+d.day%10))
}

// ageAt is the age in whole years of someone born on d; negative before birth.
// Who was born on 29 February is a year older on 1 March.
func (d date) ageAt(at date) int {
	age := at.year - d.year
	if at.month < d.month || at.month == d.month && at.day < d.day {
		age--
	}
	return age
}
