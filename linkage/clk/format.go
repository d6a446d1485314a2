package clk

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// A format checks a value and brings it to the one form that is encoded. It
// gives the rule that the value breaks, or "". It must be safe for concurrent
// use.
type format interface {
	format(value string) (string, string)
}

// formatted gives what is encoded for a raw value, and the rule it breaks.
func (f *feature) formatted(value string) (string, string) {
	if f.missing != nil && value == f.missing.sentinel {
		return f.missing.replacement, ""
	}
	if !encodable(value, f.encoding) {
		return "", "characters outside " + f.encoding
	}
	return f.format.format(value)
}

// encodable: every text can be written in the Unicode encodings.
func encodable(value, encoding string) bool {
	if encoding != "ascii" {
		return true
	}
	return !strings.ContainsFunc(value, func(r rune) bool { return r > unicode.MaxASCII })
}

func (f *feature) readFormat(parent node) error {
	n, err := parent.object("format")
	if err != nil {
		return err
	}
	kind, err := n.text("type")
	if err != nil {
		return err
	}
	f.encoding = "utf-8"
	switch kind {
	case "string":
		err = f.readTextFormat(n)
	case "integer":
		f.format, err = readIntegerFormat(n)
	case "date":
		f.format, err = readDateFormat(n)
	case "enum":
		f.format, err = readEnumFormat(n)
	default:
		err = fmt.Errorf("%s is none of string, integer, date and enum", n.path("type"))
	}
	if err != nil {
		return err
	}
	if _, err := n.textOr("description", ""); err != nil {
		return err
	}
	return n.finish()
}

func (f *feature) readTextFormat(n node) (err error) {
	if f.encoding, err = n.textOr("encoding", "utf-8"); err != nil {
		return err
	}
	if !slices.Contains([]string{"ascii", "utf-8", "utf-16", "utf-32"}, f.encoding) {
		return fmt.Errorf("%s is none of ascii, utf-8, utf-16 and utf-32", n.path("encoding"))
	}
	if n.has("pattern") {
		f.format, err = readPattern(n)
		return err
	}
	t := textFormat{}
	if t.casing, err = n.textOr("case", "mixed"); err != nil {
		return err
	}
	if !slices.Contains([]string{"upper", "lower", "mixed"}, t.casing) {
		return fmt.Errorf("%s is none of upper, lower and mixed", n.path("case"))
	}
	if t.least, err = n.number("minLength", 0, 0, 1<<30); err != nil {
		return err
	}
	if t.most, err = n.number("maxLength", 1<<30, 1, 1<<30); err != nil {
		return err
	}
	f.format = t
	return nil
}

// textFormat takes a text as it is, within its length in characters and casing.
type textFormat struct {
	least, most int
	casing      string
}

func (t textFormat) format(value string) (string, string) {
	length := utf8.RuneCountInString(value)
	switch {
	case length < t.least:
		return "", "shorter than minLength"
	case length > t.most:
		return "", "longer than maxLength"
	case !cased(value, t.casing):
		return "", "not in " + t.casing + " case"
	}
	return value, ""
}

// cased reports whether a text is unchanged by Unicode's full mapping, under
// which sharp s, for one, is not upper case.
func cased(value, casing string) bool {
	ascii := encodable(value, "ascii")
	switch {
	case casing == "upper" && ascii:
		return strings.ToUpper(value) == value
	case casing == "lower" && ascii:
		return strings.ToLower(value) == value
	case casing == "upper":
		return cases.Upper(language.Und).String(value) == value
	case casing == "lower":
		return cases.Lower(language.Und).String(value) == value
	}
	return true
}

// pattern takes a text as it is, if the whole of it matches.
type pattern struct{ *regexp.Regexp }

func readPattern(n node) (format, error) {
	text, err := n.text("pattern")
	if err != nil {
		return nil, err
	}
	if _, err := regexp.Compile(text); err != nil {
		return nil, fmt.Errorf("%s is no regular expression of RE2, which has no look-around and no back-references", n.path("pattern"))
	}
	compiled, err := regexp.Compile(`\A(?:` + text + `)\z`)
	return pattern{compiled}, err
}

func (p pattern) format(value string) (string, string) {
	if !p.MatchString(value) {
		return "", "does not match the pattern"
	}
	return value, ""
}

// integerFormat takes whole numbers and drops what does not change them: blanks
// around, a plus sign, leading noughts.
type integerFormat struct{ least, most *big.Int }

func readIntegerFormat(n node) (format, error) {
	least, err := n.bound("minimum")
	if err != nil {
		return nil, err
	}
	most, err := n.bound("maximum")
	return integerFormat{least: least, most: most}, err
}

func (f integerFormat) format(value string) (string, string) {
	digits, ok := wholeNumber(value)
	if !ok {
		return "", "not a whole number in plain digits"
	}
	if f.least == nil && f.most == nil {
		return digits, ""
	}
	number, _ := new(big.Int).SetString(digits, 10)
	switch {
	case f.least != nil && number.Cmp(f.least) < 0:
		return "", "below minimum"
	case f.most != nil && number.Cmp(f.most) > 0:
		return "", "above maximum"
	}
	return digits, ""
}

// wholeNumber gives an integer's shortest form. Digits of other scripts and
// underscores between digits, which Python reads too, are not taken: they are
// mistakes more often than numbers.
func wholeNumber(value string) (string, bool) {
	value = strings.TrimFunc(value, isBlank)
	digits := strings.TrimLeft(value, "+-")
	if digits == "" || len(value)-len(digits) > 1 || len(digits) > 1000 {
		return "", false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return "", false
		}
	}
	digits = strings.TrimLeft(digits, "0")
	switch {
	case digits == "":
		return "0", true
	case value[0] == '-':
		return "-" + digits, true
	}
	return digits, true
}

// isBlank is what Python strips from numbers.
func isBlank(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// enumFormat takes one of a list of values.
type enumFormat map[string]bool

func readEnumFormat(n node) (format, error) {
	list, err := n.list("values")
	if err != nil {
		return nil, err
	}
	values := enumFormat{}
	for _, item := range list {
		text, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("%s has a value that is not a text", n.path("values"))
		}
		values[text] = true
	}
	return values, nil
}

func (f enumFormat) format(value string) (string, string) {
	if !f[value] {
		return "", "none of the listed values"
	}
	return value, ""
}
