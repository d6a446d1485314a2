package leak

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTheProgramsOwnWordsAreNoLeak: the name of a method's author, in the words
// the program prints, is none; the same name in a sentence of somebody else's is.
func TestTheProgramsOwnWordsAreNoLeak(t *testing.T) {
	folder := t.TempDir()
	own := "Method of " + forename + " " + surname + " & others, for the wards."
	for name, text := range map[string]string{"own.html": "<p>Method of " + forename + " " + surname + " &amp; others, for the wards.</p>\n", "other.html": "<p>Seen by us: " + forename + " " + surname + ", twice.</p>\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, with := range map[string][]string{"with": {own}, "without": nil} {
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
		if !found["other.html"] || found["own.html"] != (with == nil) {
			t.Errorf("%s the program's texts: found in %v", name, found)
		}
	}
}
