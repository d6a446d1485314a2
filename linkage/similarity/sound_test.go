package similarity

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestSoundexOfPublishedExamples(t *testing.T) {
	for name, code := range map[string]string{
		// the National Archives' examples
		"Washington": "W252", "Lee": "L000", "Gutierrez": "G362", "Pfister": "P236", "Jackson": "J250", "Tymczak": "T522", "Ashcraft": "A261",
		// Knuth's examples
		"Euler": "E460", "Gauss": "G200", "Hilbert": "H416", "Knuth": "K530", "Lloyd": "L300", "Lukasiewicz": "L222",
		"Ellery": "E460", "Ghosh": "G200", "Heilbronn": "H416", "Kant": "K530", "Liddy": "L300", "Lissajous": "L222",
		// an accent, other characters, no letter, a first H or W
		"Łukasiewicz": "L222", "O'Brien": "O165", "": "", "-": "", "Müller": "M460", "Hwang": "H520", "çelik": "C420", "日本": "",
	} {
		if got := Soundex(name); got != code {
			t.Errorf("%s is %s, not %s", name, got, code)
		}
	}
}

// TestDoubleMetaphoneOfPublishedExamples has the names that the article and its
// program's comments name, with their sounds.
func TestDoubleMetaphoneOfPublishedExamples(t *testing.T) {
	for name, sounds := range map[string]string{
		"Smith": "SM0 XMT", "Schmidt": "XMT SMT", "Thompson": "TMPSN", "Thomas": "TMS", "Catherine": "K0RN KTRN", "Katherine": "K0RN KTRN",
		"Michael": "MKL MXL", "Jose": "HS", "San Jacinto": "SNHSNT", "Xavier": "SF SFR", "Wasserman": "ASRMN FSRMN", "Vasserman": "FSRMN",
		"Arnow": "ARN ARNF", "Arnoff": "ARNF", "Filipowicz": "FLPTS FLPFX", "Caesar": "SSR", "Chianti": "KNT", "Bacchus": "PKS", "Bellocchio": "PLX",
		"Bertucci": "PRTX", "accident": "AKSTNT", "focaccia": "FKX", "McHugh": "MK", "McClelland": "MKLLNT", "edge": "AJ", "Edgar": "ATKR",
		"Ghislane": "JLN", "Hugh": "H", "Broughton": "PRTN", "McLaughlin": "MKLFLN", "rough": "RF", "Cagney": "KKN", "Tagliaro": "TKLR TLR",
		"Biaggi": "PJ PK", "danger": "TNJR TNKR", "Rogier": "RJ RJR", "bajador": "PJTR PHTR", "cabrillo": "KPRL KPR", "gallegos": "KLKS KKS",
		"dumb": "TM", "Lebowsky": "LPSK LPFSK", "Lebowski": "LPSK LPFSK", "thumb": "0M TM", "Campbell": "KMPL", "raspberry": "RSPR", "island": "ALNT", "Carlisle": "KRLL", "sugar": "XKR SKR",
		"Schenker": "XNKR SKNKR", "school": "SKL", "Resnais": "RSN RSNS", "Artois": "ART ARTS", "Breaux": "PR", "Zhao": "J", "Wright": "RT",
		"Knight": "NT", "Uomo": "AM", "Womo": "AM FM", "Jankelowicz": "JNKLTS ANKLFX", "Yankelovich": "ANKLFX ANKLFK", "Czerny": "SRN XRN",
		"François": "FRNS FRNSS", "Nuñez": "NNS", "Peña": "PN", "": "", "日本": "", "O'Brien": "APRN",
	} {
		primary, secondary := DoubleMetaphone(name)
		if got := strings.TrimSpace(primary + " " + secondary); got != sounds {
			t.Errorf("%s sounds like %s, not %s", name, got, sounds)
		}
	}
}

func TestSoundsHaveTheirLettersOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z ]{0,12}`)).Draw(t, "name")
		primary, secondary := DoubleMetaphone(name)
		if strings.Trim(primary+secondary, "0AFHJKLMNPRSTX") != "" {
			t.Fatalf("the sounds are %s %s", primary, secondary)
		}
		if code := Soundex(name); code != "" && (len(code) != 4 || strings.Trim(code[1:], "0123456") != "") {
			t.Fatalf("the code is %s", code)
		}
		if upper, _ := DoubleMetaphone(strings.ToUpper(name)); utf8.RuneCountInString(name) == len(name) && upper != primary {
			t.Fatalf("case changes the sound")
		}
	})
}
