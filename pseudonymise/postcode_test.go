package pseudonymise

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNormalisesPostcodes(t *testing.T) {
	for raw, want := range map[string]struct {
		text    string
		quality PostcodeQuality
	}{
		"AB1 2CD":        {"", InvalidPostcode}, // C never stands in the inward part
		"AB1 2AD":        {"AB1 2AD", ValidPostcode},
		"ab12ad":         {"AB1 2AD", ValidPostcode},
		"M1 1AA":         {"M1 1AA", ValidPostcode},
		"M60 1NW":        {"M60 1NW", ValidPostcode},
		"CR2 6XH":        {"CR2 6XH", ValidPostcode},
		"DN55 1PT":       {"DN55 1PT", ValidPostcode},
		"W1A 1HQ":        {"W1A 1HQ", ValidPostcode},
		"EC1A 1BB":       {"EC1A 1BB", ValidPostcode},
		"ec1a\u00a01bb ": {"EC1A 1BB", ValidPostcode},
		"EC1A.1BB":       {"EC1A 1BB", ValidPostcode},
		"GIR 0AA":        {"GIR 0AA", ValidPostcode},
		"AB1  2AD":       {"AB1 2AD", ValidPostcode}, // padded to eight
		"ZZ99 3VZ":       {"ZZ99 3VZ", PseudoPostcode},
		"zz993wz":        {"ZZ99 3WZ", PseudoPostcode},
		"ZZ993CZ":        {"ZZ99 3CZ", PseudoPostcode},
		"ZZ99 3CA":       {"", InvalidPostcode},
		"ZZTOP":          {"", InvalidPostcode},
		"":               {"", MissingPostcode},
		" \u00a0 ":       {"", MissingPostcode},
		"NE1":            {"", InvalidPostcode},
		"QA1 2AB":        {"", InvalidPostcode},
		"AI1 2AB":        {"", InvalidPostcode},
		"A1B2C3D4":       {"", InvalidPostcode},
		"AB123 2AD":      {"", InvalidPostcode},
		"AB1 2ÁD":        {"", InvalidPostcode},
		"\xff":           {"", InvalidPostcode},
		"0X1 2AB":        {"OX1 2AB", ValidPostcode},
		"OX1 OAB":        {"OX1 0AB", ValidPostcode},
		"S01 2AB":        {"SO1 2AB", ValidPostcode},
		"CRO 2AB":        {"CR0 2AB", ValidPostcode},
		"CR0 2AB":        {"CR0 2AB", ValidPostcode},
		"M6O 1NW":        {"M60 1NW", ValidPostcode},
		"BO 1AA":         {"", InvalidPostcode},
		"OX1 2A0":        {"", InvalidPostcode}, // no O in the inward letters either
	} {
		if text, quality := NormalisePostcode([]byte(raw)); text != want.text || quality != want.quality {
			t.Errorf("NormalisePostcode(%q) = %q %s, want %q %s", raw, text, quality, want.text, want.quality)
		}
	}
}

var postcodeForm = regexp.MustCompile(`^(GIR|[A-PR-UWYZ]([1-9]|[1-9][0-9]|[1-9][ABCDEFGHJKPSTUW]|` +
	`[A-HK-Y]([0-9]|[1-9][0-9]|[1-9][ABEHMNPRVWXY])))[0-9][ABD-HJLNP-UW-Z]{2}$`)

// slowPostcode reads a postcode by a regular expression and tries every
// reading of its Os and zeros.
func slowPostcode(text string) (string, PostcodeQuality) {
	text = without(text, " \t\r\n\u00a0\u2007\u202f.-'\"`")
	if text == "" {
		return "", MissingPostcode
	}
	for i := range len(text) {
		if text[i] >= 'a' && text[i] <= 'z' {
			text = text[:i] + strings.ToUpper(text[i:i+1]) + text[i+1:]
		}
	}
	if len(text) > 7 {
		return "", InvalidPostcode
	}
	good := []string{}
	if slowForm(text) {
		good = append(good, text)
	} else {
		for _, reading := range slowReadings(text) {
			if slowForm(reading) {
				good = append(good, reading)
			}
		}
	}
	if len(good) != 1 {
		return "", InvalidPostcode
	}
	quality := ValidPostcode
	if strings.HasPrefix(good[0], "ZZ") {
		quality = PseudoPostcode
	}
	return good[0][:len(good[0])-3] + " " + good[0][len(good[0])-3:], quality
}

var pseudoForm = regexp.MustCompile(`^ZZ([0-9]|[1-9][0-9])[0-9][A-Z]Z$`)

func slowForm(p string) bool {
	return pseudoForm.MatchString(p) || postcodeForm.MatchString(p) && !strings.HasPrefix(p, "ZZ")
}

func slowReadings(text string) []string {
	if text == "" {
		return []string{""}
	}
	var out []string
	for _, rest := range slowReadings(text[1:]) {
		if text[0] == 'O' || text[0] == '0' {
			out = append(out, "O"+rest, "0"+rest)
		} else {
			out = append(out, text[:1]+rest)
		}
	}
	return out
}

func checkPostcodeAgainstSlow(t interface{ Errorf(string, ...any) }, text string) {
	got, quality := NormalisePostcode([]byte(text))
	want, wantQuality := slowPostcode(text)
	if got != want || quality != wantQuality {
		t.Errorf("NormalisePostcode(%q) = %q %s, want %q %s", text, got, quality, want, wantQuality)
	}
	if again, _ := NormalisePostcode([]byte(got)); got != "" && again != got {
		t.Errorf("%q normalised again is %q", got, again)
	}
}

func TestPostcodesAgreeWithASlowReading(t *testing.T) {
	piece := rapid.StringMatching(`(ZZ|[A-Z]{1,2}|[O0][XL1])[0-9O][0-9A-ZO]?[ .\x{a0}]?[0-9O][A-Z0][A-Z]|[A-Z0-9 ]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		text := piece.Draw(t, "postcode")
		checkPostcodeAgainstSlow(t, text)
		checkPostcodeAgainstSlow(t, strings.ToLower(text))
	})
}

func FuzzNormalisePostcode(f *testing.F) {
	for _, seed := range []string{"", "EC1A 1BB", "0X1 2AB", "ZZ99 3VZ", "OOOOOOO", "\xff", "ÁB1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkPostcodeAgainstSlow(t, text) })
}
