package similarity

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Soundex is the American Soundex code of a name, as the National Archives of
// the United States describe it: the first letter and three digits. Letters
// with accents count as without, everything else is passed over; a name without
// a letter has the code "".
func Soundex(s string) string {
	var code [4]byte
	n := 0
	before := byte('0')
	for _, letter := range plainLetters(s) {
		digit := soundexDigit(letter)
		switch {
		case digit == 0:
			continue
		case n == 0:
			code[0], n = letter, 1
			if letter == cedilla {
				code[0] = 'C'
			}
		case digit != '0' && digit != 'h' && digit != before && n < len(code):
			code[n] = digit
			n++
		}
		if digit != 'h' { // H and W do not part letters of one digit
			before = digit
		}
	}
	if n == 0 {
		return ""
	}
	for ; n < len(code); n++ {
		code[n] = '0'
	}
	return string(code[:])
}

// soundexDigit gives the digit of a plain letter: '0' for a vowel, 'h' for H
// and W, 0 for what is not a letter.
func soundexDigit(letter byte) byte {
	switch letter {
	case 'A', 'E', 'I', 'O', 'U', 'Y':
		return '0'
	case 'H', 'W':
		return 'h'
	case 'B', 'F', 'P', 'V':
		return '1'
	case 'C', 'G', 'J', 'K', 'Q', 'S', 'X', 'Z', cedilla:
		return '2'
	case 'D', 'T':
		return '3'
	case 'L':
		return '4'
	case 'M', 'N':
		return '5'
	case 'R':
		return '6'
	}
	return 0
}

// cedilla stands for the letter Ç, which sounds unlike C, among plain letters.
const cedilla = 'c'

// plainLetters writes a name in the letters A to Z, without accents, with
// cedilla for Ç. Other ASCII characters stay, the rest is left out.
func plainLetters(s string) []byte {
	letters := make([]byte, 0, len(s)+8)
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return foreignLetters(letters[:0], s)
		}
		letters = append(letters, upper(s[i]))
	}
	return letters
}

func upper(letter byte) byte {
	if 'a' <= letter && letter <= 'z' {
		return letter - 'a' + 'A'
	}
	return letter
}

// foreignLetters is plainLetters for names not written in ASCII.
func foreignLetters(letters []byte, s string) []byte {
	for _, r := range strings.ToUpper(norm.NFC.String(s)) {
		switch r {
		case 'Ç':
			letters = append(letters, cedilla)
		case 'ß', 'ẞ':
			letters = append(letters, "SS"...)
		case 'Æ':
			letters = append(letters, "AE"...)
		case 'Œ':
			letters = append(letters, "OE"...)
		case 'Ø':
			letters = append(letters, 'O')
		case 'Ł':
			letters = append(letters, 'L')
		case 'Đ', 'Ð':
			letters = append(letters, 'D')
		case 'Þ':
			letters = append(letters, "TH"...)
		default:
			if base := norm.NFD.String(string(r))[0]; base < utf8.RuneSelf {
				letters = append(letters, base)
			}
		}
	}
	return letters
}
