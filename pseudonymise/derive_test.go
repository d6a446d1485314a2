package pseudonymise

import "testing"

func TestDerivedKeysDiffer(t *testing.T) {
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{key.ID(): "the key itself"}
	for _, domain := range [][]string{{}, {""}, {"", ""}, {"project"}, {"project", "A"}, {"projectA"}, {"project", "A", "1"}, {"project", "A1"}} {
		id := key.Derive(domain...).ID()
		if of, found := seen[id]; found {
			t.Errorf("the key of %q is that of %s", domain, of)
		}
		seen[id] = "another domain"
		if again := key.Derive(domain...).ID(); again != id {
			t.Errorf("the key of %q is not the same twice", domain)
		}
	}
}
