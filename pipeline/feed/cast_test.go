package feed

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// goLayouts are the date formats of the contracts and what package time calls
// them.
func goLayouts() map[string]string {
	return map[string]string{"yyyy-MM-dd": "2006-01-02", "dd/MM/yyyy": "02/01/2006", "dd MMM yyyy": "02 Jan 2006", "yyyyMMdd": "20060102",
		"dd MMM yyyy HH:mm:ss": "02 Jan 2006 15:04:05", "yyyy-MM-dd HH:mm:ss": "2006-01-02 15:04:05", "HH:mm": "15:04", "MMyyyy": "012006"}
}

func checkDate(t interface{ Fatalf(string, ...any) }, format, text string) {
	layout, err := compileLayout(format)
	if err != nil {
		t.Fatalf("%v", err)
	}
	m, ok := layout.parse([]byte(text))
	want, err := time.Parse(goLayouts()[format], text)
	if ok && (err != nil || strings.Contains(format, "yyyy") && m.micros() != want.UnixMicro()) {
		t.Fatalf("%s: accepted as %+v, package time says %v %v", format, m, want, err)
	}
	if !ok && err == nil && want.Format(goLayouts()[format]) == text {
		t.Fatalf("%s: refused, package time reads %v", format, want)
	}
}

func TestDatesAgreeWithPackageTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		format := rapid.SampledFrom([]string{"yyyy-MM-dd", "dd/MM/yyyy", "dd MMM yyyy", "yyyyMMdd", "dd MMM yyyy HH:mm:ss", "yyyy-MM-dd HH:mm:ss", "HH:mm", "MMyyyy"}).Draw(t, "format")
		at := time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "second"), 0).UTC()
		text := at.Format(goLayouts()[format])
		if i := rapid.IntRange(-1, len(text)-1).Draw(t, "at"); i >= 0 {
			text = text[:i] + rapid.StringMatching(`[0-9 /:aJ-]`).Draw(t, "byte") + text[i+1:]
		}
		checkDate(t, format, text)
	})
}

func FuzzDate(f *testing.F) {
	for format, layout := range goLayouts() {
		f.Add(format, time.Date(2024, 2, 29, 23, 59, 58, 0, time.UTC).Format(layout))
	}
	f.Fuzz(func(t *testing.T, format, text string) {
		if goLayouts()[format] == "" {
			t.Skip()
		}
		checkDate(t, format, text)
	})
}

func TestDatesThatMustBeRefused(t *testing.T) {
	for _, test := range []struct{ format, text string }{
		{"yyyy-MM-dd", "26-01-03"}, {"yyyy-MM-dd", "2026-1-3"}, {"yyyy-MM-dd", "2026-02-29"}, {"yyyy-MM-dd", "2026-00-10"}, {"yyyy-MM-dd", "2026-13-01"},
		{"yyyy-MM-dd", "2026-01-03 "}, {"dd/MM/yyyy", "03/01/26"}, {"dd/MM/yyyy", "19/05/3"}, {"dd/MM/yyyy", "03/01/202600:00:00"},
		{"dd MMM yyyy", "31 Apr 1950"}, {"dd MMM yyyy", "4 May 1950"}, {"dd MMM yyyy", "04 anf 1950"}, {"HH:mm", "24:00"}, {"MMyyyy", "132000"},
	} {
		layout, err := compileLayout(test.format)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := layout.parse([]byte(test.text)); ok {
			t.Errorf("%s accepts %q", test.format, test.text)
		}
	}
	for _, format := range []string{"dd/MM/yy", "d/M/yyyy", "dd MMMM yyyy"} {
		if _, err := compileLayout(format); err == nil {
			t.Errorf("format %s is accepted", format)
		}
	}
}

func TestDaysAreReversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.Int64Range(-800_000, 3_000_000).Draw(t, "days")
		year, month, day := civilFromDays(days)
		if want := time.Unix(days*86400, 0).UTC(); int(year) != want.Year() || int(month) != int(want.Month()) || int(day) != want.Day() {
			t.Fatalf("%d is %d-%d-%d, want %v", days, year, month, day, want)
		}
		if back := daysFromCivil(year, month, day); back != days {
			t.Fatalf("%d came back as %d", days, back)
		}
	})
}

func TestNumbersAgreeWithStrconv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{0,17}(\.[0-9]{0,9})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "text")
		got, ok := parseNumber([]byte(text))
		want, err := strconv.ParseFloat(text, 64)
		if ok != (err == nil) || (ok && got != want) {
			t.Fatalf("%q: %v %v, strconv says %v %v", text, got, ok, want, err)
		}
		n, ok := parseInteger([]byte(text))
		if wanted, err := strconv.ParseInt(text, 10, 64); ok && (err != nil || n != wanted) {
			t.Fatalf("%q: %d, strconv says %d %v", text, n, wanted, err)
		}
	})
	for _, text := range []string{"", "-", ".", "NaN", "Inf", "-Infinity", "0x10", "1_000", "1,000", " 1", "1e999"} {
		if f, ok := parseNumber([]byte(text)); ok {
			t.Errorf("%q is read as %v", text, f)
		}
	}
}

// The table of states and package regexp agree on every pattern and value.
func TestPatternsAgreeWithRegexp(t *testing.T) {
	patterns := []string{`[0-9]{10}`, `[A-Z]{1,2}[0-9][0-9A-Z]?`, `\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}\}?`, `a|bc|`, `^ab$`, `^a|b$`, `(?i)ab*`, `.*`, `[^!]*`, `é+`, `\bab\b`, `[0-9.]{3,7}`}
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.SampledFrom(patterns).Draw(t, "pattern")
		m, err := compilePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		text := rapid.OneOf(rapid.StringMatching(strings.Trim(pattern, `^$`+`\b`)), rapid.StringMatching(`[abcAB0-9{}é!-]{0,12}`)).Draw(t, "text")
		if want := regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(text); m.match([]byte(text)) != want {
			t.Fatalf("%s on %q: want %v", pattern, text, want)
		}
	})
	if m, _ := compilePattern(patterns[2]); m.next == nil {
		t.Error("the pattern of a GUID is left to package regexp")
	}
}

func TestDamagedKeys(t *testing.T) {
	for text, want := range map[string]bool{"9.43E+09": true, "1E+20": true, "5e-3": true, "9430000000": false, "E10+1": false, "1E": false, "A1E+09": false, "12E45": false, "": false} {
		if got := looksLikeDamagedKey([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestMonthsBeforeTheWindowAreCountedByYear(t *testing.T) {
	slot := func(y, m int64) int32 { return monthSlot(daysFromCivil(y, m, 15)) }
	for _, test := range []struct {
		y, m int64
		want string
	}{{2026, 2, "2026-02"}, {2023, 3, "2023-03"}, {2023, 1, "2023"}, {1950, 7, "1950"}, {1894, 12, ""}} {
		if got := monthName(slot(test.y, test.m), slot(2026, 2)); got != test.want {
			t.Errorf("%s: %s, want %s", fmt.Sprint(test.y, test.m), got, test.want)
		}
	}
}
