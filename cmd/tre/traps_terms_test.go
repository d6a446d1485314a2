package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tre/pseudonymise"
)

// Licensed terminologies are no part of the project. Where data, contracts,
// mappings and cases are kept there is no identifier of SNOMED CT but those
// that a published data set itself names, no description of one, and no title
// of ICD-10; and all codes that invented records bring into the linked records
// are of the made-up range.
func TestTrap18NoLicensedTermsAreShipped(t *testing.T) {
	files := 0
	for _, folder := range []string{"cmd", "docs", "fixtures", "internal", "linkage", "pipeline", "pseudonymise", "sql"} {
		err := filepath.WalkDir(filepath.Join("../..", folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Base(path) == "traps_terms_test.go" || slices.Contains([]string{".svg", ".sum", ".mod"}, filepath.Ext(path)) {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			for _, found := range licensed(string(data)) {
				t.Errorf("%s: %s", path, found)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 200 {
		t.Fatalf("only %d files were looked through", files)
	}
	if n := number(t, "SELECT count(*) FROM "+parquet(dirtyRegion(t).folder, "linked/*/*.parquet")+" WHERE code_system IN ('snomed', 'dmd') AND code NOT LIKE '999%'"); n > 0 {
		t.Errorf("%d linked rows hold a code that is not made up", n)
	}
}

// The scan finds what it is for, in an example of each kind. Identifiers are
// made here from a stem nobody uses; texts are put together so that the scan
// does not find this file.
func TestTrap18ScanFindsTerms(t *testing.T) {
	if verhoeff("2363") != 0 || verhoeff("2364") == 0 || verhoeff("3263") == 0 {
		t.Fatal("the check digit of 236 is 3, as Verhoeff's own example has it")
	}
	checked := func(stem string) string {
		for digit := range 10 {
			if n := fmt.Sprint(stem, digit); verhoeff(n) == 0 {
				return n
			}
		}
		return ""
	}
	short, long := checked("7777700"), checked("77777999900010")
	for text, want := range map[string]int{
		"code," + short: 1, "code " + long + ".": 1, short + "0": 0, checked("7777733"): 0, checked("99900040"): 0,
		"Something (disor" + "der)": 1, "Blood pressure (observable" + " entity)": 1, "(disordered)": 0,
		"I10,Essential (primary) hyper" + "tension": 1, "Pneumonia, organism un" + "specified": 1,
		"20240101": 0, "415684004": 0, "Fall, at home": 0, "I10X": 0,
	} {
		if got := len(licensed(text)); got != want {
			t.Errorf("%d found in an example, want %d: %v", got, want, licensed(text))
		}
	}
}

// namedByDataSets are the concepts that published layouts name as such: the
// qualifier of a suspected diagnosis (ECDS), birth weight (MSDS); and the two of
// a Type 1 opt-out, dissent and its withdrawal.
func namedByDataSets() []string {
	return []string{"415684004", "364589006", "827241000000103", "827261000000102"}
}

var (
	longNumber = regexp.MustCompile(`\b[0-9]{6,18}\b`)
	fraction   = regexp.MustCompile(`[0-9]+\.[0-9]+(e[-+]?[0-9]+)?`) // a number with decimals is no identifier
	inUUID     = regexp.MustCompile(`(?i)[0-9a-f]{4}-[0-9a-f]{12}\b`)
	isDate     = regexp.MustCompile(`^(18|19|20|21)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([0-2][0-9]([0-5][0-9]){1,2})?$|^[0-3][0-9][01][0-9]20[0-9]{2}$`)
	snomedTerm = regexp.MustCompile(`\((disorder|finding|procedure|observable entity|qualifier value|substance|product|body structure|situation|morphologic abnormality|regime/therapy|clinical drug)\)`)
	icd10Title = regexp.MustCompile(`(?i)symptoms, signs and abnormal|organism unspecified|malignant neoplasm of|without mention of|\(primary\) hypertension|unspecified dementia|, unspecified\b|fracture of neck of femur`)
)

// licensed lists what in a text looks like SNOMED CT or ICD-10.
func licensed(text string) []string {
	var found []string
	for _, n := range longNumber.FindAllString(inUUID.ReplaceAllString(fraction.ReplaceAllString(text, " "), " "), -1) {
		if isConcept(n) && !strings.HasPrefix(n, "999") && !strings.HasSuffix(n, "0000") && !isDate.MatchString(n) && !slices.Contains(namedByDataSets(), n) {
			found = append(found, fmt.Sprintf("a number of %d digits that has the form of a SNOMED CT identifier", len(n)))
		}
	}
	if m := snomedTerm.FindString(text); m != "" {
		found = append(found, "a description of SNOMED CT, by its tag "+m)
	}
	if icd10Title.MatchString(text) {
		found = append(found, "a title of ICD-10")
	}
	return found
}

// isConcept tells the form of a SNOMED CT identifier of a concept or a
// description: its partition, and the Verhoeff check over all its digits. What
// can be an NHS number is one: of those some pass by chance.
func isConcept(n string) bool {
	partition := n[len(n)-3 : len(n)-1]
	short := slices.Contains([]string{"00", "01"}, partition)
	long := len(n) >= 11 && slices.Contains([]string{"10", "11"}, partition)
	_, number := pseudonymise.CheckNHSNumber([]byte(n))
	return n[0] != '0' && (short || long) && number == pseudonymise.Invalid && verhoeff(n) == 0
}

// verhoeff is the check of J. Verhoeff (1969): the dihedral group of order ten
// and the powers of one permutation.
func verhoeff(n string) int {
	times := func(a, b int) int {
		switch {
		case a < 5 && b < 5:
			return (a + b) % 5
		case a < 5:
			return 5 + (a+b)%5
		case b < 5:
			return 5 + (a-b)%5
		}
		return (a - b + 5) % 5
	}
	permuted := [10]int{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}
	check := 0
	for i := range len(n) {
		digit := int(n[len(n)-1-i] - '0')
		for range i % 8 {
			digit = permuted[digit]
		}
		check = times(check, digit)
	}
	return check
}
