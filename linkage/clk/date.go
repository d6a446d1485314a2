package clk

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dateFormat reads a date written as a strptime format says and gives its eight
// digits, year first. The format becomes the regular expression that Python's
// strptime makes of it, so that digits are shared out among directives alike.
type dateFormat struct {
	*regexp.Regexp
	directives []byte // of the groups, in order
}

func readDateFormat(n node) (format, error) {
	text, err := n.text("format")
	if err != nil {
		return nil, err
	}
	f, err := compileDate(text)
	if err != nil {
		return nil, fmt.Errorf("%s %w", n.path("format"), err)
	}
	return f, nil
}

// directive is the expression of one directive, or "" for one that is not read:
// those of weeks, zones and days of the year, and those that depend on where
// the program runs.
func directive(letter byte) string {
	switch letter {
	case 'Y':
		return `[0-9]{4}`
	case 'y':
		return `[0-9]{2}`
	case 'm':
		return `1[0-2]|0[1-9]|[1-9]`
	case 'd':
		return `3[0-1]|[1-2][0-9]|0[1-9]|[1-9]| [1-9]`
	case 'b':
		return `jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec`
	case 'B':
		return `january|february|march|april|may|june|july|august|september|october|november|december`
	case 'H':
		return `2[0-3]|[0-1][0-9]|[0-9]`
	case 'M', 'S':
		return `[0-5][0-9]|[0-9]`
	case 'f':
		return `[0-9]{1,6}`
	}
	return ""
}

func compileDate(text string) (dateFormat, error) {
	var f dateFormat
	var expression strings.Builder
	expression.WriteString(`(?i)\A`)
	for i := 0; i < len(text); i++ {
		switch {
		case isBlank(rune(text[i])):
			for i+1 < len(text) && isBlank(rune(text[i+1])) {
				i++
			}
			expression.WriteString(`\s+`)
			continue
		case text[i] != '%':
			expression.WriteString(literal(text[i]))
			continue
		case i+1 == len(text):
			return f, fmt.Errorf("ends in a stray %%")
		}
		i++
		if text[i] == '%' {
			expression.WriteString(`%`)
			continue
		}
		part := directive(text[i])
		if part == "" {
			return f, fmt.Errorf("has a directive that is not read; of strptime's, %%Y %%y %%m %%d %%b %%B %%H %%M %%S %%f and %%%% are")
		}
		if strings.IndexByte(string(f.directives), text[i]) >= 0 {
			return f, fmt.Errorf("has the directive %%%c twice", text[i])
		}
		f.directives = append(f.directives, text[i])
		expression.WriteString(`(` + part + `)`)
	}
	compiled, err := regexp.Compile(expression.String())
	if err != nil {
		return f, fmt.Errorf("is no date format")
	}
	f.Regexp = compiled
	return f, nil
}

// literal quotes one byte; the bytes of one character follow each other
// unchanged.
func literal(b byte) string {
	if b >= 0x80 {
		return string([]byte{b})
	}
	return regexp.QuoteMeta(string(rune(b)))
}

func (f dateFormat) format(value string) (string, string) {
	const wrong = "not a date of the schema's format"
	found := f.FindStringSubmatchIndex(value)
	if found == nil || found[1] != len(value) {
		return "", wrong
	}
	year, month, day := 1900, 1, 1
	for i, letter := range f.directives {
		text := value[found[2*i+2]:found[2*i+3]]
		number, _ := strconv.Atoi(strings.TrimSpace(text))
		switch letter {
		case 'Y':
			year = number
		case 'y': // POSIX: 69 to 99 are of the twentieth century
			year = 1900 + number
			if number < 69 {
				year += 100
			}
		case 'm':
			month = number
		case 'b', 'B':
			month = monthOf(text)
		case 'd':
			day = number
		}
	}
	// What a year before 1000 looks like depends on the machine clkhash runs on.
	if year < 1000 {
		return "", "a date before the year 1000"
	}
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if at.Day() != day {
		return "", wrong
	}
	return at.Format("20060102"), ""
}

// monthOf tells months apart by three letters, which the expression has checked.
func monthOf(name string) int {
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	return strings.Index(months, strings.ToLower(name[:3]))/3 + 1
}
