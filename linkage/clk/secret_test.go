package clk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"tre/internal/problem"
)

const invented = "an invented secret of some length"

func TestSecretCannotBePrinted(t *testing.T) {
	secret, err := NewSecret([]byte(invented))
	if err != nil {
		t.Fatal(err)
	}
	e := encoderOf(t, []byte(smallSchema), invented, Hardening{})
	var out bytes.Buffer
	for _, v := range []any{secret, &secret, struct{ hidden Secret }{secret}, []Secret{secret}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("said", "secret", v)
		if text, err := json.Marshal(v); err == nil {
			out.Write(text)
		}
		if err := template.Must(template.New("").Parse("{{.}}")).Execute(&out, v); err != nil {
			t.Fatal(err)
		}
	}
	out.WriteString(e.Agreement())
	for _, told := range []string{invented, fmt.Sprintf("%x", invented), fmt.Sprintf("%X", invented), fmt.Sprintf("%d", []byte(invented)), invented[:8]} {
		if strings.Contains(out.String(), told) {
			t.Errorf("the secret was printed as %.6q…", told)
		}
	}
}

func TestSecretIsWiped(t *testing.T) {
	room := []byte(invented)
	secret, err := NewSecret(room)
	if err != nil {
		t.Fatal(err)
	}
	secret.Wipe()
	if bytes.ContainsFunc(room, func(r rune) bool { return r != 0 }) {
		t.Error("bytes of the secret are left")
	}
	s, err := ReadSchema([]byte(smallSchema), "schema")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewEncoder(s, secret, Hardening{}); problem.CodeOf(err) != problem.KeyMissing {
		t.Errorf("a wiped secret gave %v", err)
	}
	e := encoderOf(t, []byte(smallSchema), invented, Hardening{})
	e.Wipe()
	for _, pair := range e.keys {
		if bytes.ContainsFunc(pair[0], func(r rune) bool { return r != 0 }) {
			t.Error("bytes of a key are left")
		}
	}
}

func TestReadsSecretsOfTheirOwnerOnly(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct {
		name, content string
		mode          os.FileMode
		taken         bool
	}{
		{"private", invented, 0o600, true}, {"with-line-break", invented + "\r\n", 0o400, true},
		{"group", invented, 0o640, false}, {"world", invented, 0o604, false},
		{"short", "fifteen bytes!!\n", 0o600, false}, {"empty", "", 0o600, false},
		{"large", strings.Repeat("x", mostSecret+1), 0o600, false}, {"largest", strings.Repeat("x", mostSecret), 0o600, true},
	} {
		path := filepath.Join(folder, c.name)
		if err := os.WriteFile(path, []byte(c.content), c.mode); err != nil {
			t.Fatal(err)
		}
		secret, err := ReadSecret(path)
		if (err == nil) != c.taken || err != nil && problem.CodeOf(err) != problem.KeyMissing {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.taken && string(secret.reveal()) != strings.TrimRight(c.content, "\r\n") {
			t.Errorf("%s: not the bytes of the file", c.name)
		}
	}
	if _, err := ReadSecret(filepath.Join(folder, "none")); problem.CodeOf(err) != problem.KeyMissing {
		t.Errorf("no file gave %v", err)
	}
	if err := os.Symlink(filepath.Join(folder, "private"), filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSecret(filepath.Join(folder, "link")); err == nil {
		t.Error("a link was followed")
	}
}
