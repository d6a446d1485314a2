package leak

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheProgramsOwnWordsAreNoLeak: the name of a method's author, in the words
// the program prints, is none; the same name in a sentence of somebody else's is.
func TestTheProgramsOwnWordsAreNoLeak(t *testing.T) {
	folder := t.TempDir()
	own := "Method of " + forename + " " + surname + " & others+, for the wards."
	for name, text := range map[string]string{"own.html": "<p>Method of " + forename + " " + surname + " &amp; others&#43;, for the wards.</p>\n", "other.html": "<p>Seen by us: " + forename + " " + surname + ", twice.</p>\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, with := range map[string]Own{"with": {Texts: []string{own}}, "without": {}} {
		result, err := Scan(t.Context(), In{Folders: []string{folder}, Identity: invented(), Own: with, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, f := range result.Findings {
			if f.Kind == Name && f.Severity == Certain {
				found[filepath.Base(f.File)] = true
			}
		}
		if !found["other.html"] || found["own.html"] != (with.Texts == nil) {
			t.Errorf("%s the program's texts: found in %v", name, found)
		}
	}
}

// TestTheProgramsWordsAreOrdinary: two words of a rule that are also somebody's
// names, spelt wrongly perhaps, are no person where they stand side by side in
// small letters; a name that no rule has still is.
func TestTheProgramsWordsAreOrdinary(t *testing.T) {
	folder := t.TempDir()
	words := strings.ToLower(forename + " | " + surname)
	if err := os.WriteFile(filepath.Join(folder, "rules.md"), []byte("| 7 | "+words+" |\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for rule, wanted := range map[string]Severity{words: Weak, strings.ToLower(forename) + " " + surname: Certain} {
		result, err := Scan(t.Context(), In{Folders: []string{folder}, Identity: invented(), Own: Own{Words: []string{rule}}, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Findings) != 1 || result.Findings[0].Severity != wanted {
			t.Errorf("with rule words %q: %+v, want one finding, %s", rule, result.Findings, wanted)
		}
	}
}
