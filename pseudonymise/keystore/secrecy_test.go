package keystore

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"

	"tre/pseudonymise"
)

// printed is all the ways a value could come to be seen.
func printed(value any) string {
	var out bytes.Buffer
	for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %o %b %c %U %e %p %T %z") {
		fmt.Fprintf(&out, verb+"\n", value)
	}
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, xml.Marshal} {
		text, _ := marshal(value) // an error is as good as silence
		out.Write(text)
	}
	_ = gob.NewEncoder(&out).Encode(value)
	_ = template.Must(template.New("").Parse(`{{.}} {{printf "%x" .}}`)).Execute(&out, value)
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", value)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", value)
	return out.String()
}

// forms are the ways in which four bytes of a secret in a row are printed.
func forms(secret []byte) []string {
	four := secret[8:12]
	return []string{string(four), hex.EncodeToString(four), strings.ToUpper(hex.EncodeToString(four)),
		strings.Trim(fmt.Sprint(four), "[]"), strings.Trim(fmt.Sprintf("%#v", four), "[]byte{}")}
}

func TestNothingPrintsASecret(t *testing.T) {
	jo := newPerson(t)
	secret := strings.TrimPrefix(jo.identity.String(), "AGE-SECRET-KEY-")
	k := ring(t, jo)
	phrase, err := passphraseRecipient([]byte("correct horse battery"), 10)
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t, "north")
	key, d := mustMake(t, s, regionKey(jo.recipient))
	var secrets []string
	_ = key.Seal(func(b []byte) error { secrets = forms(bytes.Clone(b)); return nil })
	type hidden struct {
		k *Keyring
		r Recipient
		p pseudonymise.Key
		s Spec
	}
	all := []any{k, *k, phrase, &phrase, []Recipient{phrase}, s, d, key, &key,
		hidden{k, phrase, key, Spec{Key: &key}}, &hidden{k, phrase, key, Spec{From: &key}}, Spec{Key: &key, Recipients: []Recipient{phrase}},
		map[string]any{"a": k, "b": phrase}}
	for i, value := range all {
		text := printed(value)
		for _, form := range append(secrets, secret[2:20], "horse", "686f727365", "104 111 114", hex.EncodeToString([]byte(secret[2:10]))) {
			if strings.Contains(text, form) {
				t.Errorf("value %d (%T) shows a secret", i, value)
			}
		}
	}
}

func TestThePrintersWouldShowASecret(t *testing.T) {
	secret := []byte("0123456789abcdefghijklmnopqrstuv")
	text := printed(struct{ S []byte }{secret})
	for i, form := range forms(secret)[1:] {
		if !strings.Contains(text, form) {
			t.Errorf("form %d is never printed: the test above looks for nothing", i)
		}
	}
}

func TestSealedContentIsWipedWhenRead(t *testing.T) {
	key, err := pseudonymise.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := (content{Region: "north", ID: key.ID()}).write(key)
	if err != nil {
		t.Fatal(err)
	}
	if cap(plain) != len(plain) {
		t.Error("the buffer was not of the right size from the start")
	}
	if _, _, err := readContent(plain); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(plain, make([]byte, len(plain))) {
		t.Error("what was read is still in memory")
	}
}
