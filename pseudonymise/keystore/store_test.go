package keystore

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pseudonymise"
)

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

var made = day("2026-01-01") // when the keys of these tests were made

func newStore(t *testing.T, region string) *Store {
	t.Helper()
	folder, err := workspace.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := Of(folder, region)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// person is somebody with an age identity file.
type person struct {
	file      string
	recipient Recipient
	identity  *age.X25519Identity
}

func newPerson(t testing.TB) person {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file := private(t, "identity.txt", []byte("# a comment\n"+identity.String()+"\n"))
	r, err := ParseRecipient(identity.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	return person{file, r, identity}
}

func private(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func ring(t testing.TB, people ...person) *Keyring {
	t.Helper()
	k := NewKeyring(nil)
	for _, p := range people {
		if err := k.AddFile(p.file); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func regionKey(recipients ...Recipient) Spec {
	return Spec{Name: "region", Purpose: Region, Created: made, Recipients: recipients}
}

func mustMake(t testing.TB, s *Store, spec Spec) (pseudonymise.Key, Description) {
	t.Helper()
	key, d, err := s.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return key, d
}

// refused demands a problem with the code, a hint, and words of the message.
func refused(t testing.TB, err error, code problem.ExitCode, words string) {
	t.Helper()
	if problem.CodeOf(err) != code || problem.HintOf(err) == "" || !strings.Contains(err.Error(), words) {
		t.Fatalf("error %q with code %d and hint %q; want code %d and the words %q", err, problem.CodeOf(err), problem.HintOf(err), code, words)
	}
}

func TestAKeyIsSealedAndOpened(t *testing.T) {
	s, jo := newStore(t, "north"), newPerson(t)
	key, d := mustMake(t, s, regionKey(jo.recipient))
	if d.ID != key.ID() || d.Version != 1 || d.Origin != "generated" || !d.NotBefore.Equal(made) {
		t.Errorf("described as %+v", d)
	}
	back, again, err := s.Open("region", 0, made, ring(t, jo))
	if err != nil || back.ID() != key.ID() {
		t.Fatal("another key was opened", err)
	}
	if diff := cmp.Diff(d, again); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]os.FileMode{"keys": 0o700, "keys/keys.json": 0o600, "keys/region-v1.age": 0o600} {
		info, err := os.Stat(s.folder.Path(name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	if found := s.Check(); len(found) > 0 {
		t.Error(found)
	}
}

// An age file any tool can open, with the secret as its last bytes: read here
// with age itself.
func TestTheFileIsPlainAge(t *testing.T) {
	s, jo := newStore(t, "north"), newPerson(t)
	key, _ := mustMake(t, s, regionKey(jo.recipient))
	data, err := s.folder.Read("keys/region-v1.age")
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(data), jo.identity)
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	if _, err := plain.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(plain.Bytes(), []byte("tre-sealed-key-1\n{\"region\":\"north\",\"name\":\"region\",\"version\":1,")) {
		t.Error("the content begins otherwise")
	}
	secret := plain.Bytes()[plain.Len()-32:]
	back, err := pseudonymise.KeyFromBytes(secret)
	if err != nil || back.ID() != key.ID() {
		t.Error("the last 32 bytes are not the key", err)
	}
}

func TestNothingAtRestHoldsTheSecret(t *testing.T) {
	s, jo := newStore(t, "north"), newPerson(t)
	key, _ := mustMake(t, s, regionKey(jo.recipient))
	files, err := s.folder.Files("")
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	_ = key.Seal(func(secret []byte) error {
		for _, name := range files {
			data, err := s.folder.Read(name)
			if err != nil || bytes.Contains(data, secret[:8]) || bytes.Contains(data, secret[24:]) {
				t.Errorf("%s holds the secret (%v)", name, err)
			}
		}
		return nil
	})
}

func TestSSHIdentities(t *testing.T) {
	_, plain, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(plain)
	if err != nil {
		t.Fatal(err)
	}
	public := string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
	r, err := ParseRecipient(strings.TrimSpace(public) + " jo@example.org")
	if err != nil || strings.Contains(r.String(), "jo@") {
		t.Fatal(r, err)
	}
	s := newStore(t, "north")
	key, _ := mustMake(t, s, regionKey(r))
	open, err := ssh.MarshalPrivateKey(plain, "")
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(plain, "", []byte("a passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	answer := func(text string) Ask {
		return func(string) ([]byte, error) { return []byte(text), nil }
	}
	for name, c := range map[string]struct {
		block *pem.Block
		ask   Ask
		words string
	}{
		"open":                     {open, nil, ""},
		"locked, right passphrase": {locked, answer("a passphrase"), ""},
		"locked, wrong passphrase": {locked, answer("another"), "the passphrase does not open"},
		"locked, nobody to ask":    {locked, nil, "nobody to ask"},
		"locked, asking fails":     {locked, func(string) ([]byte, error) { return nil, errors.New("hung up") }, "no answer"},
	} {
		k := NewKeyring(c.ask)
		if err := k.AddFile(private(t, "id", pem.EncodeToMemory(c.block))); err != nil {
			t.Fatal(name, err)
		}
		back, _, err := s.Open("region", 0, made, k)
		if c.words != "" {
			refused(t, err, problem.KeyMissing, c.words)
		} else if err != nil || back.ID() != key.ID() {
			t.Error(name, err)
		}
	}
}

func TestPassphrase(t *testing.T) {
	r, err := passphraseRecipient([]byte("correct horse battery"), 10)
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t, "north")
	key, d := mustMake(t, s, regionKey(r))
	if d.Recipients[0] != "passphrase" {
		t.Errorf("recipients %q", d.Recipients)
	}
	answer := func(text string) *Keyring {
		return NewKeyring(func(prompt string) ([]byte, error) {
			if prompt != "passphrase of the key region-v1" {
				t.Errorf("asked for %s", prompt)
			}
			return []byte(text), nil
		})
	}
	back, _, err := s.Open("region", 0, made, answer("correct horse battery"))
	if err != nil || back.ID() != key.ID() {
		t.Error(err)
	}
	_, _, err = s.Open("region", 0, made, answer("wrong horse battery"))
	refused(t, err, problem.KeyMissing, "the passphrase does not open the key region-v1")
	_, _, err = s.Open("region", 0, made, answer(""))
	refused(t, err, problem.KeyMissing, "the passphrase does not open")
	_, _, err = s.Open("region", 0, made, NewKeyring(nil))
	refused(t, err, problem.KeyMissing, "nobody to ask")
	_, _, err = s.Rotate(Spec{Name: "region", Created: made})
	refused(t, err, problem.Usage, "passphrase, which is kept nowhere")

	_, err = PassphraseRecipient([]byte("short"))
	refused(t, err, problem.Usage, "shorter than 12")
	_, _, err = newStore(t, "north").New(regionKey(r, newPerson(t).recipient))
	refused(t, err, problem.Usage, "a passphrase stands beside other recipients")
}

func TestVersionsAndDates(t *testing.T) {
	s, jo := newStore(t, "north"), newPerson(t)
	spec := regionKey(jo.recipient)
	spec.NotBefore, spec.Expires = day("2026-02-01"), day("2026-12-01")
	one, _ := mustMake(t, s, spec)
	two, _, err := s.Rotate(Spec{Name: "region", Created: day("2026-03-01"), NotBefore: day("2026-04-01")})
	if err != nil {
		t.Fatal(err)
	}
	k := ring(t, jo)
	cases := []struct {
		version int
		at      string
		id      string
		code    problem.ExitCode
		words   string
	}{
		{0, "2026-01-31", "", problem.KeyMissing, "region-v2 is not valid before 2026-04-01"},
		{1, "2026-01-31", "", problem.KeyMissing, "region-v1 is not valid before"},
		{0, "2026-02-01", one.ID(), 0, ""},
		{0, "2026-03-31", one.ID(), 0, ""},
		{2, "2026-03-31", "", problem.KeyMissing, "not valid before"},
		{0, "2026-04-01", two.ID(), 0, ""},
		{1, "2026-11-30", one.ID(), 0, ""},
		{1, "2026-12-01", "", problem.PolicyRefuse, "region-v1 expired"},
		{3, "2026-05-01", "", problem.KeyMissing, "no version 3"},
	}
	for _, c := range cases {
		key, _, err := s.Open("region", c.version, day(c.at), k)
		if c.words != "" {
			refused(t, err, c.code, c.words)
		} else if err != nil || key.ID() != c.id {
			t.Errorf("version %d on %s: %v", c.version, c.at, err)
		}
	}
	if err := s.Retire("region", 2, day("2026-06-01")); err != nil {
		t.Fatal(err)
	}
	refused(t, s.Retire("region", 2, day("2026-07-01")), problem.KeyMissing, "was retired")
	_, _, err = s.Open("region", 2, day("2026-06-01"), k)
	refused(t, err, problem.KeyMissing, "region-v2 was retired on 2026-06-01")
	if key, _, err := s.Open("region", 0, day("2026-06-02"), k); err != nil || key.ID() != one.ID() {
		t.Error("the earlier version should be in use again", err)
	}
	if key, _, err := s.OpenOld("region", 2, k); err != nil || key.ID() != two.ID() {
		t.Error("rotation and recovery open a retired key", err)
	}
	_, _, err = s.Open("zone", 0, made, k)
	refused(t, err, problem.KeyMissing, "no key named zone")
}

func TestDerivedAndBroughtIn(t *testing.T) {
	s, jo := newStore(t, "north"), newPerson(t)
	region, _ := mustMake(t, s, regionKey(jo.recipient))
	project := func(name string) Spec {
		return Spec{Name: "project-" + name, Purpose: Project, Project: name, Created: made, Recipients: []Recipient{jo.recipient}, From: &region}
	}
	a, d := mustMake(t, s, project("a"))
	b, _ := mustMake(t, s, project("b"))
	next, _, err := s.Rotate(Spec{Name: "project-a", Created: made, From: &region})
	if err != nil {
		t.Fatal(err)
	}
	if a.ID() == b.ID() || a.ID() == next.ID() || d.Origin != "derived from "+region.ID() {
		t.Error("derived keys are alike, or their origin is not told")
	}
	elsewhere, _ := newStore(t, "south"), 0
	other, _ := mustMake(t, elsewhere, project("a"))
	if other.ID() == a.ID() {
		t.Error("another region derives the same key")
	}
	again, _ := mustMake(t, newStore(t, "north"), project("a"))
	if again.ID() != a.ID() {
		t.Error("the same derivation gives another key")
	}
	old, err := pseudonymise.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	kept, d := mustMake(t, elsewhere, Spec{Name: "region", Purpose: Region, Created: made, Recipients: []Recipient{jo.recipient}, Key: &old})
	if kept.ID() != old.ID() || d.Origin != "brought in" {
		t.Error("another key was brought in")
	}
	old.Wipe()
	if !kept.Usable() {
		t.Error("wiping the original wiped the copy")
	}
	if _, _, err := elsewhere.New(Spec{Name: "x", Purpose: Region, Created: made, Recipients: []Recipient{jo.recipient}, Key: &old}); err == nil {
		t.Error("a wiped key was brought in")
	}
}

func TestRefusesKeysThatCannotBeMade(t *testing.T) {
	jo := newPerson(t)
	s := newStore(t, "north")
	key, _ := mustMake(t, s, regionKey(jo.recipient))
	change := func(f func(*Spec)) Spec {
		spec := Spec{Name: "other", Purpose: Region, Created: made, Recipients: []Recipient{jo.recipient}}
		f(&spec)
		return spec
	}
	for words, spec := range map[string]Spec{
		"there is no recipient":             change(func(s *Spec) { s.Recipients = nil }),
		"stands there twice":                change(func(s *Spec) { s.Recipients = []Recipient{jo.recipient, jo.recipient} }),
		"more custodians are needed":        change(func(s *Spec) { s.Needed = 2 }),
		"small letters":                     change(func(s *Spec) { s.Name = "../other" }),
		"the purpose is unknown":            change(func(s *Spec) { s.Purpose = "fun" }),
		"a date is missing":                 change(func(s *Spec) { s.Created = time.Time{} }),
		"it expires before it is valid":     change(func(s *Spec) { s.Expires = made }),
		"names a project":                   change(func(s *Spec) { s.Project = "a" }),
		"and no other but a bridge":         change(func(s *Spec) { s.Purpose = Project }),
		"it is the same key as one before ": change(func(s *Spec) { s.Name, s.Key = "xregion", &key }),
	} {
		_, _, err := s.New(spec)
		refused(t, err, problem.Usage, words)
	}
	_, _, err := s.New(regionKey(jo.recipient))
	refused(t, err, problem.KeyMissing, "there is a key named region already")
	_, _, err = s.Rotate(Spec{Name: "zone", Created: made})
	refused(t, err, problem.KeyMissing, "no key named zone")
	all, err := s.List()
	files, _ := s.folder.Files("keys")
	if err != nil || len(all) != 1 || len(files) != 2 {
		t.Errorf("something was left behind: %v %v %v", all, files, err)
	}
}
