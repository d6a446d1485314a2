package pseudonymise

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"text/template"

	"tre/internal/problem"
	"tre/internal/workspace"
)

// knownKey has bytes 1, 2, ... 32.
func knownKey() Key {
	var secret [keyBytes]byte
	for i := range secret {
		secret[i] = byte(i + 1)
	}
	return keyOf(&secret)
}

func newFolder(t *testing.T) *workspace.Folder {
	t.Helper()
	folder, err := workspace.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestKeyCannotBePrinted(t *testing.T) {
	k := knownKey()
	type hidden struct{ k Key }
	type Shown struct{ K Key }
	type defined Key
	values := map[string]any{
		"key": k, "pointer": &k, "unexported field": hidden{k}, "pointer to unexported field": &hidden{k},
		"exported field": Shown{k}, "slice": []Key{k}, "slice of structs": []hidden{{k}}, "map": map[string]Key{"a": k},
		"defined type": defined(k), "any": []any{k, hidden{k}}, "hasher": k.Hasher("a") != nil,
	}
	for name, value := range values {
		for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %o %b %c %U %e %f %g %t %p %T %10v %-30s %z") {
			mustHide(t, name+" "+verb, fmt.Sprintf(verb, value))
		}
		mustHide(t, name+" Sprint", fmt.Sprint(value)+fmt.Sprintln(value)+fmt.Errorf("%v", value).Error())
		text, _ := json.Marshal(value)
		mustHide(t, name+" JSON", string(text))
		text, _ = xml.Marshal(value)
		mustHide(t, name+" XML", string(text))
		mustHide(t, name+" slog", logged(value))
		var out bytes.Buffer
		_ = template.Must(template.New("").Parse("{{.}} {{printf \"%x\" .}} {{println .}}")).Execute(&out, value)
		mustHide(t, name+" template", out.String())
	}
}

func logged(value any) string {
	var text, structured bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "value", value)
	slog.New(slog.NewJSONHandler(&structured, nil)).Info("m", "value", value)
	return text.String() + structured.String()
}

// mustHide looks for four bytes of the known key in a row, in the ways bytes
// are printed.
func mustHide(t *testing.T, where, printed string) {
	t.Helper()
	for _, form := range []string{"05060708", "5 6 7 8", "0x5, 0x6, 0x7, 0x8", "5,6,7,8", "\x05\x06\x07\x08", `\x05\x06\x07\x08`,
		"[5 6 7", "5 6 7 10", "101 110 111", "U+0005 U+0006", "AQIDBAUG", `\u0005\u0006`} {
		if strings.Contains(printed, form) {
			t.Errorf("%s shows the key", where)
		}
	}
}

func TestTheMaskIsSeen(t *testing.T) {
	text, err := json.Marshal(struct{ K Key }{knownKey()})
	if want := `{"K":"[secret key]"}`; err != nil || string(text) != want {
		t.Errorf("JSON %s %v, want %s", text, err, want)
	}
	if got := fmt.Sprintf("%x|%v|%d", knownKey(), knownKey(), knownKey()); got != "[secret key]|[secret key]|[secret key]" {
		t.Errorf("printed %s", got)
	}
}

func TestKeySurvivesBeingWrittenAndRead(t *testing.T) {
	folder := newFolder(t)
	k, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteKey(folder, "keys/region.key", k); err != nil {
		t.Fatal(err)
	}
	back, err := ReadKey(folder, "keys/region.key")
	if err != nil {
		t.Fatal(err)
	}
	if *back.reveal() != *k.reveal() || back.ID() != k.ID() || len(k.ID()) != 16 {
		t.Error("the key read is another one")
	}
	info, err := os.Stat(folder.Path("keys/region.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v, want 0600", info.Mode(), err)
	}
	if err := WriteKey(folder, "keys/region.key", k); problem.CodeOf(err) != problem.KeyMissing {
		t.Errorf("overwrote a key: %v", err)
	}
}

func TestTwoNewKeysDiffer(t *testing.T) {
	a, errA := NewKey()
	b, errB := NewKey()
	if errA != nil || errB != nil || a.ID() == b.ID() {
		t.Error("two keys are the same")
	}
}

func TestRefusesAKeyThatIsNotSound(t *testing.T) {
	good := fmt.Sprintf("%s %x %s\n", keyHeader, knownKey().reveal()[:], knownKey().ID())
	cases := map[string]struct {
		text string
		mode os.FileMode
	}{
		"readable by the group":  {good, 0o640},
		"readable by others":     {good, 0o604},
		"writable by the group":  {good, 0o620},
		"empty":                  {"", 0o600},
		"cut short":              {good[:40], 0o600},
		"another header":         {strings.Replace(good, "v1", "v2", 1), 0o600},
		"one digit changed":      {strings.Replace(good, "0102", "0103", 1), 0o600},
		"not hexadecimal":        {strings.Replace(good, "0102", "0x02", 1), 0o600},
		"a byte too many":        {strings.Replace(good, "0102", "010102", 1), 0o600},
		"more lines":             {good + good, 0o600},
		"blank line at the end":  {good + "\n", 0o600},
		"ID of another key":      {good[:len(good)-2] + "g\n", 0o600},
		"key without its header": {hex.EncodeToString(knownKey().reveal()[:]), 0o600},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			folder := newFolder(t)
			if err := os.WriteFile(folder.Path("region.key"), []byte(c.text), c.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(folder.Path("region.key"), c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := ReadKey(folder, "region.key")
			refusedWithCode5(t, err)
			mustHide(t, name, err.Error()+problem.HintOf(err))
		})
	}
}

func TestRefusesAKeyThatIsMissingOrNoFile(t *testing.T) {
	folder := newFolder(t)
	_, err := ReadKey(folder, "keys/region.key")
	refusedWithCode5(t, err)
	if err := os.Mkdir(folder.Path("folder.key"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = ReadKey(folder, "folder.key")
	refusedWithCode5(t, err)
	if err := os.Symlink("elsewhere", folder.Path("link.key")); err != nil {
		t.Fatal(err)
	}
	_, err = ReadKey(folder, "link.key")
	refusedWithCode5(t, err)
}

func refusedWithCode5(t *testing.T, err error) {
	t.Helper()
	if problem.CodeOf(err) != problem.KeyMissing || problem.HintOf(err) == "" {
		t.Fatalf("error %v with code %d, want a problem with code 5 and a hint", err, problem.CodeOf(err))
	}
}
