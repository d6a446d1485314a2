package pseudonymise

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// slowSum is HMAC-SHA-256 as RFC 2104 prints it, over parts with their lengths.
func slowSum(key []byte, parts []string) []byte {
	message := ""
	for _, p := range parts {
		length := ""
		for shift := 56; shift >= 0; shift -= 8 {
			length += string([]byte{byte(len(p) >> shift)})
		}
		message += length + p
	}
	padded := append(append([]byte{}, key...), make([]byte, 64-len(key))...)
	inner, outer := []byte{}, []byte{}
	for _, b := range padded {
		inner, outer = append(inner, b^0x36), append(outer, b^0x5c)
	}
	first := sha256.Sum256(append(inner, message...))
	second := sha256.Sum256(append(outer, first[:]...))
	return second[:]
}

func bytesOf(parts []string) [][]byte {
	out := make([][]byte, len(parts))
	for i, p := range parts {
		out[i] = []byte(p)
	}
	return out
}

func TestAgreesWithRFC2104ByHand(t *testing.T) {
	k := knownKey()
	rapid.Check(t, func(t *rapid.T) {
		domain := rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "domain")
		h := k.Hasher(domain...)
		for range 2 { // the second use must not remember the first
			parts := rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, "parts")
			want := slowSum(slowSum(k.reveal()[:], domain), parts)
			if got := h.Sum(bytesOf(parts)...); string(got[:]) != string(want[:16]) {
				t.Fatalf("Sum(%q) in %q = %x, want %x", parts, domain, got, want[:16])
			}
		}
	})
}

// The vectors were computed with Python's hmac module.
func TestAgreesWithFixedVectors(t *testing.T) {
	file, err := os.Open("testdata/pseudonym_vectors.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatal(len(rows), err)
	}
	for _, row := range rows[1:] {
		list := func(s string) []string {
			if s == "" {
				return nil
			}
			return strings.Split(strings.TrimSuffix(s, ";"), ";") // every item ends in ;
		}
		got := knownKey().Hasher(list(row[0])...).Sum(bytesOf(list(row[1]))...)
		if hex.EncodeToString(got[:]) != row[2] {
			t.Errorf("domain %q parts %q: %x, want %s", row[0], row[1], got, row[2])
		}
	}
}

func TestPartsAndDomainsDoNotRunTogether(t *testing.T) {
	k := knownKey()
	seen := map[[16]byte]string{}
	for _, domain := range [][]string{{}, {""}, {"a"}, {"ab"}, {"a", "b"}, {"a", "b", ""}, {"", "ab"}} {
		for _, parts := range [][]string{{}, {""}, {"", ""}, {"a"}, {"ab"}, {"a", "b"}, {"", "ab"}, {"ab", ""}} {
			name := strings.Join(domain, "|") + " / " + strings.Join(parts, "|")
			sum := k.Hasher(domain...).Sum(bytesOf(parts)...)
			if other, found := seen[sum]; found {
				t.Errorf("%q and %q have the same pseudonym", name, other)
			}
			seen[sum] = name
		}
	}
}

func TestAnotherKeyGivesAnotherPseudonym(t *testing.T) {
	k, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if k.Hasher("a").Sum([]byte("b")) == knownKey().Hasher("a").Sum([]byte("b")) {
		t.Error("the key makes no difference")
	}
}

func TestSumsWithoutAllocating(t *testing.T) {
	h := knownKey().Hasher("local", "feed")
	provider, id := []byte("provider"), []byte("identifier")
	if n := testing.AllocsPerRun(100, func() { h.Sum(provider, id) }); n != 0 {
		t.Errorf("%v allocations a pseudonym, want none", n)
	}
}

func BenchmarkSum(b *testing.B) {
	h := knownKey().Hasher("local", "feed")
	provider, id := []byte("provider"), []byte("identifier")
	b.ReportAllocs()
	for b.Loop() {
		h.Sum(provider, id)
	}
}
