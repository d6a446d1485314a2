package pseudonymise

import "unicode/utf8"

// Verdict says what a text that should be an NHS number is worth.
type Verdict uint8

// The verdicts. Only a Valid number may serve as a key, and even that says
// well formed, not that it is the right person's.
const (
	Missing     Verdict = iota // nothing but spaces and marks
	Valid                      // ten digits that pass Modulus 11 and are no placeholder
	Invalid                    // anything else: wrong length, letters, exponents, wrong check digit
	Placeholder                // passes Modulus 11 but is known to stand for nobody in particular
)

// String gives the verdict in the words of the identity tables' column
// nhs_number_quality.
func (v Verdict) String() string {
	switch v {
	case Missing:
		return "missing"
	case Valid:
		return "valid"
	case Placeholder:
		return "placeholder"
	default:
		return "invalid"
	}
}

// CheckNHSNumber reads an NHS number as people and spreadsheets write it:
// spaces (also no-break, figure and narrow ones), hyphens, quotes and
// apostrophes are dropped. Nothing is repaired: a letter O, an exponent or a
// wrong length is Invalid. The digits are ASCII, and all zero bytes unless the
// text held exactly ten. It does not allocate.
//
// The rule is the NHS Data Dictionary's Modulus 11 check; placeholders are
// listed at isPlaceholder.
func CheckNHSNumber(text []byte) (digits [10]byte, v Verdict) {
	count, seen := 0, false
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		i += size
		if isNumberMark(r) {
			continue
		}
		seen = true
		if r < '0' || r > '9' || count == len(digits) {
			return [10]byte{}, Invalid
		}
		digits[count] = byte(r)
		count++
	}
	switch {
	case !seen:
		return [10]byte{}, Missing
	case count < len(digits):
		return [10]byte{}, Invalid
	case !passesModulus11(digits):
		return digits, Invalid
	case isPlaceholder(digits):
		return digits, Placeholder
	}
	return digits, Valid
}

// isNumberMark reports the characters that surround or group the digits
// without being part of the number.
func isNumberMark(r rune) bool {
	switch r {
	case ' ', '\t', '\r', '\n', '\u00a0', '\u2007', '\u202f', // spaces
		'-', '\u2010', '\u2011', '\u2012', '\u2013', '\u2212', // hyphens
		'\'', '"', '`', '\u2018', '\u2019', '\u201c', '\u201d': // quotes
		return true
	}
	return false
}

// passesModulus11 weighs the digits 10 down to 1; the sum must be a multiple
// of 11. A stem whose check value would be 10 has no digit that passes.
func passesModulus11(digits [10]byte) bool {
	sum := 0
	for i, d := range digits {
		sum += int(d-'0') * (10 - i)
	}
	return sum%11 == 0
}

// isPlaceholder knows the numbers that pass Modulus 11 and were never a
// person's: ten equal digits (the rule of the HES patient identifier),
// n00000000n (both in NHS England's list of disallowed numbers), and
// 2333455667, which published linkage scripts set to missing by name.
func isPlaceholder(digits [10]byte) bool {
	if digits == [10]byte([]byte("2333455667")) {
		return true
	}
	inner := digits[1]
	if digits[9] != digits[0] || (inner != '0' && inner != digits[0]) {
		return false
	}
	for _, d := range digits[2:9] {
		if d != inner {
			return false
		}
	}
	return true
}

// NumberRange is the block of numbers an NHS number was taken from.
type NumberRange uint8

// The blocks, as the NHS Data Dictionary allots them.
const (
	Unallotted      NumberRange = iota // below 010, 311 300 0000 to 319, 860 to 899
	Scotland                           // 010 000 0000 to 311 299 9999: holds a birth date and the sex
	NorthernIreland                    // 320 to 399
	England                            // 400 to 499 and 600 to 799: with Wales and the Isle of Man
	Ireland                            // 800 to 859: individual health identifiers
	NeverIssued                        // 500 to 599 and 900 to 998: tests of national systems
	Synthetic                          // 999: never issued, free for invented people
)

// String names the block.
func (r NumberRange) String() string {
	return [...]string{"unallotted", "scotland", "northern ireland", "england", "ireland", "never issued", "synthetic"}[r]
}

// Range says which block ten ASCII digits belong to. It does not judge the
// check digit.
func Range(digits [10]byte) NumberRange {
	first := 0
	for _, d := range digits[:4] {
		first = first*10 + int(d-'0')
	}
	switch {
	case first < 100:
		return Unallotted
	case first < 3113:
		return Scotland
	case first < 3200:
		return Unallotted
	case first < 4000:
		return NorthernIreland
	case first < 5000:
		return England
	case first < 6000:
		return NeverIssued
	case first < 8000:
		return England
	case first < 8600:
		return Ireland
	case first < 9000:
		return Unallotted
	case first < 9990:
		return NeverIssued
	}
	return Synthetic
}

// StatusContradicts reports whether an NHS number status indicator code cannot
// stand beside the verdict: no usable number with 01 (verified), no number at
// all with 02 (present, not traced), a number with 04 to 08 (no match, needs
// resolving, in progress, not present, postponed). Other codes and an empty one
// contradict nothing. Rows are counted for it, never rejected.
func StatusContradicts(v Verdict, status string) bool {
	switch status {
	case "01":
		return v != Valid
	case "02":
		return v == Missing
	case "04", "05", "06", "07", "08":
		return v != Missing
	}
	return false
}
