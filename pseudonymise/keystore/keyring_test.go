package keystore

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"

	"tre/internal/problem"
)

func saying(text string) Ask {
	return func(string) ([]byte, error) { return []byte(text), nil }
}

// An identity file that is itself sealed to a passphrase, as age's own programs
// make them, binary and armoured.
func TestIdentityFileBehindAPassphrase(t *testing.T) {
	jo := newPerson(t)
	s := newStore(t, "north")
	key, _ := mustMake(t, s, regionKey(jo.recipient))
	r, err := passphraseRecipient([]byte("correct horse"), 10)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := envelope([]byte(jo.identity.String()+"\n"), []Recipient{r})
	if err != nil {
		t.Fatal(err)
	}
	var armoured bytes.Buffer
	w := armor.NewWriter(&armoured)
	_, errWrite := w.Write(binary)
	if err := w.Close(); err != nil || errWrite != nil {
		t.Fatal(err, errWrite)
	}
	for name, data := range map[string][]byte{"binary": binary, "armoured": armoured.Bytes()} {
		file := private(t, "id.age", data)
		k := NewKeyring(saying("correct horse"))
		if err := k.AddFile(file); err != nil {
			t.Fatal(name, err)
		}
		if back, _, err := s.Open("region", 0, made, k); err != nil || back.ID() != key.ID() {
			t.Error(name, err)
		}
		refused(t, NewKeyring(saying("wrong")).AddFile(file), problem.KeyMissing, "the passphrase does not open")
		refused(t, NewKeyring(nil).AddFile(file), problem.KeyMissing, "nobody to ask")
		_, err := RecipientOf(file)
		refused(t, err, problem.KeyMissing, "nobody to ask")
	}
	notAnIdentity, err := envelope([]byte("hello"), []Recipient{r})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, NewKeyring(saying("correct horse")).AddFile(private(t, "id.age", notAnIdentity)), problem.KeyMissing, "holds no identity")
}

// A file that would take scrypt more memory than there should be is refused
// before it is tried.
func TestAPassphraseFileMadeToHarmIsRefused(t *testing.T) {
	r, err := age.NewScryptRecipient("p")
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(10)
	data, err := envelope([]byte("x"), []Recipient{recipientOf(passphrasePublic, r)})
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte(" 10\n"), []byte(" 22\n"), 1)
	refused(t, NewKeyring(saying("p")).AddFile(private(t, "id.age", data)), problem.KeyMissing, "does not open")
}

// RSA keys in the PEM formats from before OpenSSH's own, also encrypted.
func TestOlderSSHKeyFiles(t *testing.T) {
	private1, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(&private1.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseRecipient(string(ssh.MarshalAuthorizedKey(public)))
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t, "north")
	key, _ := mustMake(t, s, regionKey(r))
	der := x509.MarshalPKCS1PrivateKey(private1)
	//nolint:staticcheck // such files exist
	locked, err := x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", der, []byte("phrase"), x509.PEMCipherAES256)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range []*pem.Block{{Type: "RSA PRIVATE KEY", Bytes: der}, locked} {
		k := NewKeyring(saying("phrase"))
		if err := k.AddFile(private(t, "id_rsa", pem.EncodeToMemory(block))); err != nil {
			t.Fatal(err)
		}
		if back, _, err := s.Open("region", 0, made, k); err != nil || back.ID() != key.ID() {
			t.Error(err)
		}
	}
	refused(t, NewKeyring(saying("other")).AddFile(private(t, "id_rsa", pem.EncodeToMemory(locked))), problem.KeyMissing, "the passphrase does not open")
	refused(t, NewKeyring(nil).AddFile(private(t, "id_rsa", pem.EncodeToMemory(locked))), problem.KeyMissing, "nobody to ask")
}

// An agent and a file together make two custodians.
func TestAnAgentIsOneOfTheCustodians(t *testing.T) {
	held := newEd25519(t)
	client := newAgent(t, held)
	mine, err := AgentRecipient(client, publicHalf(t, held), "north", "region")
	if err != nil {
		t.Fatal(err)
	}
	jo := newPerson(t)
	spec := regionKey(mine, jo.recipient)
	spec.Needed = 2
	s := newStore(t, "north")
	key, _ := mustMake(t, s, spec)
	alone := NewKeyring(nil)
	alone.AddAgent(client)
	_, _, err = s.Open("region", 0, made, alone)
	refused(t, err, problem.KeyMissing, "needs 2 of its 2 custodians together; 1 came")
	both := ring(t, jo)
	both.AddAgent(client)
	if back, _, err := s.Open("region", 0, made, both); err != nil || back.ID() != key.ID() {
		t.Error(err)
	}
}

func TestDescriptionsThatCannotBeTrue(t *testing.T) {
	s := newStore(t, "north")
	jo := newPerson(t)
	mustMake(t, s, regionKey(jo.recipient))
	if _, _, err := s.Rotate(Spec{Name: "region", Created: made}); err != nil {
		t.Fatal(err)
	}
	good := string(contents(t, s, directoryName))
	for words, change := range map[string][2]string{
		"of another format":            {"tre-keys-1", "tre-keys-2"},
		"names no region":              {`"north"`, `""`},
		"version is out of range":      {`"version": 1`, `"version": 0`},
		"earlier versions are missing": {`"version": 1`, `"version": 7`},
		"out of order":                 {`"version": 2`, `"version": 3`},
		"fingerprint is not one":       {`"id": "`, `"id": "x`},
		"digest is not one":            {`"sha256": "`, `"sha256": "x`},
		"origin is unknown":            {`generated`, `found`},
		"UTC to the second":            {`"created": "2026-01-01T00:00:00Z"`, `"created": "2026-01-01T00:00:00+01:00"`},
		"custody does not fit":         {`"needed": 1`, `"needed": 2`},
		"a recipient cannot be read":   {`"age1`, `"age2`},
		"it is not the JSON":           {`"custody"`, `"custodian"`},
		"serve different purposes":     {`"purpose": "region"`, `"purpose": "zone"`},
		"something follows its end":    {"]\n}\n", "]\n}{}"},
		"the name is not of small":     {`"name": "region"`, `"name": "Region"`},
	} {
		if !strings.Contains(good, change[0]) {
			t.Fatalf("%s is not in the file: the case tests nothing", change[0])
		}
		_, err := readDirectory([]byte(strings.Replace(good, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v, want %s", err, words)
		}
		if err != nil && strings.Contains(err.Error(), "age2") {
			t.Error("the error quotes the file")
		}
	}
	edit(t, s, func(d *directory) { d.Keys[1].ID = d.Keys[0].ID })
	_, err := s.List()
	refused(t, err, problem.KeyMissing, "it is the same key as one before it")
	edit(t, s, func(d *directory) { d.Keys[1].Next = &Sealing{} })
	_, err = s.List()
	refused(t, err, problem.KeyMissing, "the custody does not fit")
}
