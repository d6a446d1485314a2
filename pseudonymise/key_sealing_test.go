package pseudonymise

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/gob"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// fromBytes makes the known key through KeyFromBytes, as a keystore does.
func fromBytes(t *testing.T) Key {
	t.Helper()
	secret := *knownKey().reveal()
	k, err := KeyFromBytes(secret[:])
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestBytesGoOutAndComeBack(t *testing.T) {
	k := fromBytes(t)
	var out, lent []byte
	err := k.Seal(func(secret []byte) error {
		lent, out = secret, bytes.Clone(secret)
		return nil
	})
	if err != nil || !bytes.Equal(out, knownKey().reveal()[:]) {
		t.Fatal("other bytes went out", err)
	}
	if !bytes.Equal(lent, make([]byte, KeySize)) {
		t.Error("the bytes lent were not wiped")
	}
	back, err := KeyFromBytes(out)
	if err != nil || back.ID() != k.ID() {
		t.Error("another key came back", err)
	}
	if !bytes.Equal(out, make([]byte, KeySize)) {
		t.Error("the bytes given were not wiped")
	}
}

func TestSealWipesAlsoAfterAnError(t *testing.T) {
	var lent []byte
	err := fromBytes(t).Seal(func(secret []byte) error { lent = secret; return fmt.Errorf("no") })
	if err == nil || !bytes.Equal(lent, make([]byte, KeySize)) {
		t.Error("the bytes lent were not wiped, or the error was lost")
	}
}

func TestRefusesBytesThatAreNoKey(t *testing.T) {
	for _, size := range []int{0, 1, KeySize - 1, KeySize, KeySize + 1} {
		given := make([]byte, size)
		for i := range given {
			given[i] = 7
		}
		if size == KeySize {
			clear(given) // all zero: what a wiped key leaves
		}
		if _, err := KeyFromBytes(given); err == nil {
			t.Errorf("%d bytes made a key", size)
		}
		if !bytes.Equal(given, make([]byte, size)) {
			t.Errorf("%d bytes were not wiped", size)
		}
	}
}

func TestWipedMemoryIsZeroAndTheKeyUnusable(t *testing.T) {
	made, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]Key{"from bytes": fromBytes(t), "new": made} {
		memory := k.reveal()
		shared := k
		if !k.Usable() {
			t.Errorf("%s: not usable before", name)
		}
		k.Wipe()
		k.Wipe()
		if *memory != [keyBytes]byte{} {
			t.Errorf("%s: the memory still holds the key", name)
		}
		if shared.Usable() {
			t.Errorf("%s: a copy is still usable", name)
		}
	}
	Key{}.Wipe()
	if (Key{}).Usable() {
		t.Error("no key is usable")
	}
}

func TestAWipedKeyPanics(t *testing.T) {
	k := fromBytes(t)
	k.Wipe()
	for name, use := range map[string]func(){
		"ID":     func() { k.ID() },
		"Hasher": func() { k.Hasher("a") },
		"Seal":   func() { _ = k.Seal(func([]byte) error { return nil }) },
		"Subkey": func() { _, _ = k.Subkey("a") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s works with a wiped key", name)
				}
			}()
			use()
		}()
	}
}

func TestAKeyFromBytesCannotBePrintedEither(t *testing.T) {
	k := fromBytes(t)
	type hidden struct{ k Key }
	for _, value := range []any{k, &k, hidden{k}, &hidden{k}, []Key{k}, map[string]Key{"a": k}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%z"} {
			mustHide(t, verb, fmt.Sprintf(verb, value))
		}
		mustHide(t, "slog", logged(value))
		var out bytes.Buffer
		_ = gob.NewEncoder(&out).Encode(value) // an error is as good as silence
		mustHide(t, "gob", out.String())
	}
}

// slowSubkey is HKDF as RFC 5869 prints it, for one block of output.
func slowSubkey(secret []byte, info string) []byte {
	extract := hmac.New(sha256.New, make([]byte, sha256.Size))
	extract.Write(secret)
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write([]byte(info + "\x01"))
	return expand.Sum(nil)
}

func TestSubkeyAgreesWithRFC5869ByHand(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		label := rapid.SliceOfN(rapid.String(), 0, 4).Draw(rt, "label")
		info := "tre subkey v1"
		for _, part := range label {
			info += fmt.Sprintf("/%d:%s", len(part), part)
		}
		got, err := fromBytes(t).Subkey(label...)
		if err != nil {
			rt.Fatal(err)
		}
		if want := slowSubkey(knownKey().reveal()[:], info); !bytes.Equal(got.reveal()[:], want) {
			rt.Fatalf("another subkey for %q", label)
		}
	})
}

func TestLabelsDoNotRunTogether(t *testing.T) {
	seen := map[string]bool{knownKey().ID(): true}
	for _, label := range [][]string{{}, {""}, {"a"}, {"ab"}, {"a", "b"}, {"a", "b", ""}, {"", "ab"}, {"a/1:b"}} {
		k, err := fromBytes(t).Subkey(label...)
		if err != nil || seen[k.ID()] {
			t.Errorf("%q gives a key that another label gave (%v)", label, err)
		}
		seen[k.ID()] = true
	}
}
