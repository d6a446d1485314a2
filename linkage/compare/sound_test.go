package compare

import (
	"testing"

	"tre/linkage/condition"
)

// TestSoundsAreFunctions: names that sound alike share a key.
func TestSoundsAreFunctions(t *testing.T) {
	for sql, alike := range map[string][2]string{
		"soundex(l.surname) = soundex(r.surname)":                   {"robert", "rupert"},
		"double_metaphone(l.surname) = double_metaphone(r.surname)": {"catherine", "kathryn"},
	} {
		e, err := condition.ParseRule(sql)
		if err != nil {
			t.Fatal(err)
		}
		of, err := compileScalar(e.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		sound := func(name string) string { return of(func(string) value { return textOf(name) }).text }
		if a, b := sound(alike[0]), sound(alike[1]); a != b || a == "" || a == sound("miller") {
			t.Errorf("%s: %q and %q sound %q and %q", sql, alike[0], alike[1], a, b)
		}
	}
}
