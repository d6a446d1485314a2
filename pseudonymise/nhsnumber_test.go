package pseudonymise

import (
	"encoding/csv"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKnowsEveryPublishedVector(t *testing.T) {
	file, err := os.Open("testdata/nhs_number_vectors.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 59 {
		t.Fatalf("%d vectors, want 58", len(rows)-1)
	}
	for i, row := range rows[1:] {
		raw, canonical, passes, usable := row[0], row[1], row[2] == "True", row[3]
		digits, v := CheckNHSNumber([]byte(raw))
		t.Run(fmt.Sprintf("vector %d", i+1), func(t *testing.T) {
			if got := strings.Trim(string(digits[:]), "\x00"); got != canonical {
				t.Errorf("digits %q, want %q", got, canonical)
			}
			if got := v == Valid || v == Placeholder; got != passes {
				t.Errorf("verdict %s, Modulus 11 should say %v", v, passes)
			}
			if got := v == Valid; got != (usable != "no") {
				t.Errorf("verdict %s, usable should be %s", v, usable)
			}
			if usable == "synthetic" && Range(digits) != Synthetic {
				t.Errorf("range %s, want synthetic", Range(digits))
			}
		})
	}
}

// slowVerdict does what CheckNHSNumber does, in the words of the publication.
func slowVerdict(text string) (string, Verdict) {
	text = without(text, " \t\r\n\u00a0\u2007\u202f-\u2010\u2011\u2012\u2013\u2212'\"`\u2018\u2019\u201c\u201d")
	if text == "" {
		return "", Missing
	}
	if len(text) != 10 || strings.Trim(text, "0123456789") != "" {
		return "", Invalid
	}
	sum := 0
	for i := range 9 {
		sum += int(text[i]-48) * (10 - i)
	}
	check := 11 - sum%11
	if check == 11 {
		check = 0
	}
	if check == 10 || fmt.Sprint(check) != text[9:] {
		return text, Invalid
	}
	for d := range 10 {
		repeated := strings.Repeat(fmt.Sprint(d), 10)
		if text == repeated || text == fmt.Sprintf("%d00000000%d", d, d) || text == "2333455667" {
			return text, Placeholder
		}
	}
	return text, Valid
}

func without(text, marks string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(marks, r) {
			return -1
		}
		return r
	}, text)
}

func checkAgainstSlow(t interface{ Errorf(string, ...any) }, text string) {
	digits, v := CheckNHSNumber([]byte(text))
	wantDigits, want := slowVerdict(text)
	if v != want || strings.Trim(string(digits[:]), "\x00") != wantDigits {
		t.Errorf("CheckNHSNumber(%q) = %q %s, want %q %s", text, digits, v, wantDigits, want)
	}
}

func TestAgreesWithASlowReading(t *testing.T) {
	digit := rapid.SampledFrom([]rune("0123456789"))
	piece := rapid.SampledFrom([]string{"", "", "", " ", "-", "\u00a0", "\u202f", "\u2007", "'", "\"", "O", "E", ".", "\xff"})
	rapid.Check(t, func(t *rapid.T) {
		text := piece.Draw(t, "before")
		stem := digit
		if rapid.Bool().Draw(t, "repeats") {
			stem = rapid.SampledFrom([]rune{digit.Draw(t, "a"), '0'})
		}
		for range rapid.SampledFrom([]int{0, 1, 9, 9, 9, 9, 10}).Draw(t, "length") {
			text += string(stem.Draw(t, "digit"))
		}
		for last := range 10 { // one of these passes, unless the stem has none
			checkAgainstSlow(t, text+piece.Draw(t, "within")+fmt.Sprint(last)+piece.Draw(t, "after"))
		}
		checkAgainstSlow(t, text)
	})
}

func TestFindsEverySlipOfOneDigitAndEverySwap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stem := rapid.Uint64Range(999_000_000, 999_999_999).Draw(t, "stem")
		var number [10]byte
		for last := range 10 {
			copy(number[:], fmt.Sprintf("%d%d", stem, last))
			if passesModulus11(number) {
				break
			}
		}
		if !passesModulus11(number) {
			t.Skip("a stem without a check digit")
		}
		i, j := rapid.IntRange(0, 9).Draw(t, "i"), rapid.IntRange(0, 9).Draw(t, "j")
		swapped := number
		swapped[i], swapped[j] = number[j], number[i]
		if swapped != number && passesModulus11(swapped) {
			t.Fatalf("swap of %d and %d not found", i, j)
		}
		slipped := number
		slipped[i] = rapid.ByteRange('0', '9').Draw(t, "slip")
		if slipped != number && passesModulus11(slipped) {
			t.Fatalf("slip at %d not found", i)
		}
	})
}

func TestKnowsTheBlockOfANumber(t *testing.T) {
	for number, want := range map[string]NumberRange{
		"0099999999": Unallotted, "0100000000": Scotland, "3112999999": Scotland, "3113000000": Unallotted,
		"3199999999": Unallotted, "3200000000": NorthernIreland, "3999999999": NorthernIreland,
		"4000000000": England, "4999999999": England, "5000000000": NeverIssued, "5999999999": NeverIssued,
		"6000000000": England, "7999999999": England, "8000000000": Ireland, "8599999999": Ireland,
		"8600000000": Unallotted, "8999999999": Unallotted, "9000000000": NeverIssued, "9989999999": NeverIssued,
		"9990000000": Synthetic, "9999999999": Synthetic,
	} {
		if got := Range([10]byte([]byte(number))); got != want {
			t.Errorf("Range(%s) = %s, want %s", number, got, want)
		}
	}
}

func TestCountsStatusContradictions(t *testing.T) {
	for _, c := range []struct {
		v      Verdict
		status string
		want   bool
	}{
		{Missing, "01", true}, {Invalid, "01", true}, {Placeholder, "01", true}, {Valid, "01", false},
		{Missing, "02", true}, {Valid, "02", false}, {Valid, "03", false}, {Missing, "03", false},
		{Valid, "04", true}, {Valid, "08", true}, {Missing, "07", false}, {Invalid, "05", true},
		{Valid, "", false}, {Missing, "", false}, {Valid, "zz", false},
	} {
		if got := StatusContradicts(c.v, c.status); got != c.want {
			t.Errorf("StatusContradicts(%s, %q) = %v", c.v, c.status, got)
		}
	}
}

func TestChecksWithoutAllocating(t *testing.T) {
	text := []byte(" 999\u00a0000-0018 ")
	if n := testing.AllocsPerRun(100, func() { CheckNHSNumber(text) }); n != 0 {
		t.Errorf("%v allocations a number, want none", n)
	}
}

func FuzzCheckNHSNumber(f *testing.F) {
	for _, seed := range []string{"", "999 000 0018", "9.99E9", "99900000l8", "\xff\xfe", "２３３３４５５６６７"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkAgainstSlow(t, text) })
}

func BenchmarkCheckNHSNumber(b *testing.B) {
	text := []byte("999 000 0018")
	b.ReportAllocs()
	for b.Loop() {
		CheckNHSNumber(text)
	}
}
