package compare

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// TestMatcherIsTheRegularExpression: what is matched directly is what the
// general engine matches.
func TestMatcherIsTheRegularExpression(t *testing.T) {
	direct := 0
	expressions := []string{
		"^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? [0-9]", "^[A-Za-z]{1,2}[0-9][A-Za-z0-9]?", "^[A-Za-z]{1,2}", "^[^@]+", "^[A-Z]", "^A*AB?C+", "^[a-c]{2,}c",
		"^[^a]b", "[A-Z]", "^(a|b)c", "^a+?b", "^(?i)ab", "^é", "^[à-ü]+", "^.b", "^a$", "^(ab)+", "^[ab]{0,2}",
	}
	for _, e := range expressions {
		if newMatcher(regexp.MustCompile(e)).items != nil {
			direct++
		}
	}
	if direct < 8 {
		t.Fatalf("only %d expressions are matched directly", direct)
	}
	rapid.Check(t, func(t *rapid.T) {
		re := regexp.MustCompile(rapid.SampledFrom(expressions).Draw(t, "expression"))
		text := rapid.StringOfN(rapid.SampledFrom([]rune("aAbBcCé@ 019zü\xff")), 0, 12, -1).Draw(t, "text")
		if got, want := newMatcher(re).find(text), re.FindString(text); got != want {
			t.Fatalf("%s in %q: %q, want %q", re, text, got, want)
		}
	})
}
