package pseudonymise

import (
	"strings"
	"unicode/utf8"
)

// PostcodeQuality says what a text that should be a postcode is worth.
type PostcodeQuality uint8

// The qualities. Only a ValidPostcode may bring records together: a pseudo one
// is shared by thousands of strangers.
const (
	MissingPostcode PostcodeQuality = iota // nothing but spaces and marks
	ValidPostcode                          // has the form of a postcode; whether it exists is for Areas to say
	PseudoPostcode                         // ZZ99 and the like: no fixed abode, not known, abroad
	InvalidPostcode                        // anything else
)

// String gives the quality in the words of the identity tables' column
// postcode_quality.
func (q PostcodeQuality) String() string {
	return [...]string{"missing", "valid", "pseudo", "invalid"}[q]
}

const (
	shortestPostcode = 5 // without the space
	longestPostcode  = 7
)

// NormalisePostcode gives a postcode as the ONS prints it in its variable-length
// form, "AB1 2CD": upper case, one space before the last three characters,
// whatever spaces and marks it was written with. The text is empty unless the
// postcode is valid or pseudo.
//
// One repair is made. Letter O and figure 0 are exchanged when the postcode as
// written has no valid form and exactly one way of exchanging them gives one:
// "0X1 2AB" and "OX1 2AB" are the same, but "BO 1AA" stays invalid.
func NormalisePostcode(text []byte) (string, PostcodeQuality) {
	var compact [longestPostcode]byte
	n := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		if isPostcodeMark(r) {
			continue
		}
		if n == longestPostcode || r >= utf8.RuneSelf {
			return "", InvalidPostcode
		}
		compact[n] = upperASCII(byte(r))
		n++
	}
	if n == 0 {
		return "", MissingPostcode
	}
	quality := repairPostcode(compact[:n])
	if quality == InvalidPostcode {
		return "", InvalidPostcode
	}
	return string(compact[:n-3]) + " " + string(compact[n-3:n]), quality
}

func isPostcodeMark(r rune) bool {
	return strings.ContainsRune(" \t\r\n\u00a0\u2007\u202f.-'\"`", r)
}

func upperASCII(b byte) byte {
	if b >= 'a' && b <= 'z' {
		return b - 'a' + 'A'
	}
	return b
}

// repairPostcode judges the postcode and, where it is invalid as written, puts
// the one valid reading of its Os and zeros in its place.
func repairPostcode(p []byte) PostcodeQuality {
	if quality := formOf(p); quality != InvalidPostcode {
		return quality
	}
	var doubtful []int
	for i, c := range p {
		if c == 'O' || c == '0' {
			doubtful = append(doubtful, i)
		}
	}
	found, readings := InvalidPostcode, 0
	var reading, only [longestPostcode]byte
	for choice := range 1 << len(doubtful) {
		copy(reading[:], p)
		for bit, i := range doubtful {
			reading[i] = "O0"[choice>>bit&1]
		}
		if quality := formOf(reading[:len(p)]); quality != InvalidPostcode {
			found, only = quality, reading
			readings++
		}
	}
	if readings != 1 {
		return InvalidPostcode
	}
	copy(p, only[:])
	return found
}

// formOf judges a compact upper-case postcode by the forms of British Standard
// 7666: an outward part of an area and a district, and an inward part of a
// figure and two letters, none of them C, I, K, M, O or V.
func formOf(p []byte) PostcodeQuality {
	if len(p) < shortestPostcode {
		return InvalidPostcode
	}
	outward, inward := p[:len(p)-3], p[len(p)-3:]
	switch {
	case !isFigure(inward[0]):
		return InvalidPostcode
	case strings.HasPrefix(string(outward), "ZZ"): // the ONS's codes end in any letter and Z
		if isDistrict(outward[2:], "") && isLetterBut(inward[1], "") && inward[2] == 'Z' {
			return PseudoPostcode
		}
		return InvalidPostcode
	case !isInwardLetter(inward[1]) || !isInwardLetter(inward[2]):
		return InvalidPostcode
	case isOutward(outward) || string(outward) == "GIR": // the one historical exception
		return ValidPostcode
	}
	return InvalidPostcode
}

// isOutward knows A9, A99, A9A, AA9, AA99 and AA9A, with the letters Royal
// Mail does not use in each place left out.
func isOutward(o []byte) bool {
	if !isLetterBut(o[0], "QVX") {
		return false
	}
	if isFigure(o[1]) { // no area of one letter has a district 0
		return o[1] != '0' && isDistrict(o[1:], "ABCDEFGHJKPSTUW")
	}
	return isLetterBut(o[1], "IJZ") && isDistrict(o[2:], "ABEHMNPRVWXY")
}

// isDistrict reports one figure, or a figure other than 0 and then a figure or
// one of the given letters.
func isDistrict(d []byte, letters string) bool {
	switch len(d) {
	case 1:
		return isFigure(d[0])
	case 2:
		return isFigure(d[0]) && d[0] != '0' && (isFigure(d[1]) || strings.IndexByte(letters, d[1]) >= 0)
	}
	return false
}

func isFigure(c byte) bool       { return c >= '0' && c <= '9' }
func isInwardLetter(c byte) bool { return isLetterBut(c, "CIKMOV") }

func isLetterBut(c byte, but string) bool {
	return c >= 'A' && c <= 'Z' && strings.IndexByte(but, c) < 0
}
