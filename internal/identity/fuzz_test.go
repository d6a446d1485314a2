package identity

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A file that is accepted has a sound key on every line, and an error shows none
// of what the file holds.
func FuzzSigners(f *testing.F) {
	key := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINNwMHM8lLcve+HMdKmjaanRnkdOE0Sm3ZUxkjv5LTgg"
	f.Add([]byte("# people\njo@example.org " + key + " Jo\n"))
	f.Add([]byte(`"a b",!c namespaces="x,!y",valid-after="20260101Z",valid-before="202701010000" ` + key))
	f.Add([]byte("jo cert-authority " + key))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseSigners(data, "f", time.UTC)
		if err != nil {
			if len(err.Error()) > 200 {
				t.Fatal("a long error: it may quote the file")
			}
			return
		}
		for _, e := range s.entries {
			if strong(e.key) != nil || len(e.principals) == 0 || e.line < 1 {
				t.Fatal("an unsound line was accepted")
			}
			matches(string(data), append(e.principals, e.namespaces...))
		}
	})
}

// Nothing but the one signature that was made is accepted as this signature:
// what is read is written again byte for byte, and no change of it holds.
func FuzzSignature(f *testing.F) {
	key := newKey(f)
	known := signers(f, "jo@example.org "+public(key))
	good := sign(f, key, Release, "text")
	f.Add(good)
	f.Add([]byte("-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := known.Verify(Release, []byte("text"), data, noon)
		if err == nil && compact(data) != compact(good) {
			t.Fatal("another text is accepted as the signature")
		}
		if err != nil && len(err.Error()) > 200 {
			t.Fatal("a long error: it may quote the signature")
		}
	})
}

// compact takes away what PEM leaves open: blanks and line ends.
func compact(data []byte) string { return strings.Join(strings.Fields(string(data)), "") }

// slowFits tries every way.
func slowFits(name, pattern string) bool {
	switch {
	case pattern == "":
		return name == ""
	case pattern[0] == '*':
		return slowFits(name, pattern[1:]) || name != "" && slowFits(name[1:], pattern)
	}
	return name != "" && (pattern[0] == '?' || pattern[0] == name[0]) && slowFits(name[1:], pattern[1:])
}

func TestPatternsAgreeWithASlowReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "name")
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		if got, want := fits(name, pattern), slowFits(name, pattern); got != want {
			t.Fatalf("%q fits %q: %v, want %v", name, pattern, got, want)
		}
	})
	start := time.Now()
	fits(strings.Repeat("a", 10000), strings.Repeat("a*", 200)+"b")
	if took := time.Since(start); took > 2*time.Second {
		t.Error("a pattern made to harm takes", took)
	}
}
