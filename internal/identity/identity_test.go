package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/pem"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"tre/internal/problem"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func signerOf(t testing.TB, private any) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newKey(t testing.TB) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, private)
}

func public(s ssh.Signer) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.PublicKey())))
}

func signers(t testing.TB, lines ...string) *Signers {
	t.Helper()
	s, err := parseSigners([]byte(strings.Join(lines, "\n")), "dir/allowed_signers", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s ssh.Signer, act Act, message string) []byte {
	t.Helper()
	armored, err := Sign(s, act, []byte(message))
	if err != nil {
		t.Fatal(err)
	}
	return armored
}

// refused demands a problem with the code, a hint and words of the message.
func refused(t testing.TB, err error, code problem.ExitCode, words string) {
	t.Helper()
	if problem.CodeOf(err) != code || problem.HintOf(err) == "" || !strings.Contains(err.Error(), words) {
		t.Fatalf("error %q with code %d and hint %q; want code %d and the words %q", err, problem.CodeOf(err), problem.HintOf(err), code, words)
	}
}

// touched is a hardware key as a program: it signs what an authenticator signs.
type touched struct {
	private ed25519.PrivateKey
	flags   byte
}

func (k touched) PublicKey() ssh.PublicKey {
	key, err := ssh.ParsePublicKey(ssh.Marshal(struct {
		Type        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, k.private.Public().(ed25519.PublicKey), "ssh:"}))
	if err != nil {
		panic(err)
	}
	return key
}

func (k touched) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	application, message := sha256.Sum256([]byte("ssh:")), sha256.Sum256(data)
	counter := []byte{k.flags, 0, 0, 0, 9}
	blob := append(append(application[:], counter...), message[:]...)
	return &ssh.Signature{Format: ssh.KeyAlgoSKED25519, Blob: ed25519.Sign(k.private, blob), Rest: counter}, nil
}

func TestEveryAcceptedKindOfKey(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, hardware, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	all := []ssh.Signer{newKey(t), signerOf(t, rsaKey), touched{hardware, 1}}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, signerOf(t, key))
	}
	for _, key := range all {
		known := signers(t, "jo@example.org "+public(key)+" Jo's key")
		got, err := known.Verify(ReviewRelease, []byte("text"), sign(t, key, ReviewRelease, "text"), noon)
		if err != nil {
			t.Fatal(key.PublicKey().Type(), err)
		}
		want := Signature{ReviewRelease, "jo@example.org", ssh.FingerprintSHA256(key.PublicKey()), key.PublicKey().Type(), 1}
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	untouched := touched{hardware, 0}
	known := signers(t, "jo@example.org "+public(untouched))
	_, err = known.Verify(ReviewRelease, []byte("text"), sign(t, untouched, ReviewRelease, "text"), noon)
	refused(t, err, problem.PolicyRefuse, "does not fit")
}

func TestWeakKeysAreRefused(t *testing.T) {
	weak, err := ssh.ParsePublicKey(ssh.Marshal(struct {
		Type string
		E, N []byte
	}{"ssh-rsa", []byte{1, 0, 1}, append([]byte{0}, []byte(strings.Repeat("\xf1", 128))...)}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = ParseSigners([]byte("jo "+string(ssh.MarshalAuthorizedKey(weak))), "f")
	refused(t, err, problem.Usage, "2048 bits or more")
}

func TestWhatASignatureDoesNotSay(t *testing.T) {
	jo, other := newKey(t), newKey(t)
	known := signers(t, "# people", "", "jo@example.org "+public(jo))
	good := string(sign(t, jo, Reidentify, "text"))
	hashed, err := sshsig.Sign(strings.NewReader("text"), jo, sshsig.HashSHA256, string(Reidentify))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := known.Verify(Reidentify, []byte("text"), sshsig.Armor(hashed), noon); err != nil {
		t.Error("sha256 is accepted", err)
	}
	hashed.HashAlgorithm = "sha1"
	trailing, err := sshsig.Sign(strings.NewReader("text"), jo, sshsig.HashSHA512, string(Reidentify))
	if err != nil {
		t.Fatal(err)
	}
	trailing.Signature.Rest = []byte("x")
	mixed, err := sshsig.Sign(strings.NewReader("text"), jo, sshsig.HashSHA512, string(Reidentify))
	if err != nil {
		t.Fatal(err)
	}
	mixed.PublicKey = other.PublicKey()
	for name, c := range map[string]struct {
		act             Act
		message, signed string
		words           string
	}{
		"another message":          {Reidentify, "texts", good, "does not fit"},
		"another act":              {ApproveProject, "text", good, "for another act than approve-project@tre"},
		"a stranger":               {Reidentify, "text", string(sign(t, other, Reidentify, "text")), "not in allowed_signers"},
		"no signature":             {Reidentify, "text", "", "no SSH signature"},
		"text before":              {Reidentify, "text", "x\n" + good, "no SSH signature"},
		"text after":               {Reidentify, "text", good + "x\n", "no SSH signature"},
		"two signatures":           {Reidentify, "text", good + good, "no SSH signature"},
		"a header":                 {Reidentify, "text", strings.Replace(good, "-----\n", "-----\na: b\n\n", 1), "no SSH signature"},
		"cut short":                {Reidentify, "text", good[:100] + "\n-----END SSH SIGNATURE-----\n", "SSH signature"},
		"another PEM block":        {Reidentify, "text", strings.ReplaceAll(good, "SSH SIGNATURE", "SSH SIGNATURES"), "no SSH signature"},
		"another hash":             {Reidentify, "text", string(sshsig.Armor(hashed)), "sha256 or sha512"},
		"bytes after":              {Reidentify, "text", string(sshsig.Armor(trailing)), "cannot be read"},
		"another's key put in":     {Reidentify, "text", string(sshsig.Armor(mixed)), "does not fit"},
		"very long":                {Reidentify, "text", good + strings.Repeat("\n", 20000), "too long"},
		"PEM that is not SSHSIG":   {Reidentify, "text", string(pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: []byte("hello")})), "cannot be read"},
		"an empty message instead": {Reidentify, "", good, "does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := known.Verify(c.act, []byte(c.message), []byte(c.signed), noon)
			refused(t, err, problem.PolicyRefuse, c.words)
			for _, secret := range []string{"U1NIU0lH", "AAAA", strings.Fields(public(jo))[1][30:50]} {
				if strings.Contains(err.Error(), secret) {
					t.Error("the error shows a signature or a key")
				}
			}
		})
	}
}

func TestTimesAndNamespaces(t *testing.T) {
	jo := newKey(t)
	signed := sign(t, jo, Reidentify, "text")
	for _, c := range []struct{ options, at, words string }{
		{`valid-after="20260601Z"`, "2026-05-31T23:59:59Z", "not valid yet"},
		{`valid-after="20260601Z"`, "2026-06-01T00:00:00Z", ""},
		{`valid-before="202606011230Z"`, "2026-06-01T12:30:00Z", ""},
		{`valid-before="202606011230Z"`, "2026-06-01T12:30:01Z", "no longer valid"},
		{`VALID-BEFORE="20260601123015UTC"`, "2026-06-01T12:30:15Z", ""},
		{`valid-before="20260601123015z"`, "2026-06-01T12:30:16Z", "no longer valid"},
		{`valid-after="20260601",valid-before="20260602"`, "2026-06-01T12:00:00Z", ""},
		{`namespaces="reidentify@tre"`, "2026-06-01T12:00:00Z", ""},
		{`namespaces="*@tre,!release@tre"`, "2026-06-01T12:00:00Z", ""},
		{`namespaces="*@tre,!reidentify@tre"`, "2026-06-01T12:00:00Z", "line 1 does not allow the key the act"},
		{`namespaces="file",valid-after="20200101Z"`, "2026-06-01T12:00:00Z", "does not allow"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		_, err = signers(t, "jo@example.org "+c.options+" "+public(jo)).Verify(Reidentify, []byte("text"), signed, at)
		if c.words == "" && err != nil {
			t.Errorf("%s at %s: %v", c.options, c.at, err)
		} else if c.words != "" {
			refused(t, err, problem.PolicyRefuse, c.words)
		}
	}
	// A key with an old line and a new one is judged by the one that serves.
	two := signers(t, `jo@example.org valid-before="20250101Z" `+public(jo), `jo@example.org valid-after="20250101Z" `+public(jo))
	if got, err := two.Verify(Reidentify, []byte("text"), signed, noon); err != nil || got.Line != 2 {
		t.Error(got, err)
	}
	zone := time.FixedZone("BST", 3600)
	local, err := timestamp("20260601", zone)
	if err != nil || !local.Equal(time.Date(2026, 5, 31, 23, 0, 0, 0, time.UTC)) {
		t.Error("a time without Z is of the machine's zone", local, err)
	}
}

func TestLinesThatAreRefused(t *testing.T) {
	key := public(newKey(t))
	for line, words := range map[string]string{
		"jo":                                 "the key is missing",
		"jo " + key[:20]:                     "the key cannot be read",
		key:                                  "the key is missing",
		"jo ssh-ed25519":                     "the key is missing",
		"jo ecdsa-sha2-nistp256 " + key[12:]: "the key cannot be read",
		"jo cert-authority " + key:           "certificate authorities are not accepted",
		"jo ssh-ed25519-cert-v01@openssh.com " + key[12:]:            "certificates are not accepted",
		"jo touch-required " + key:                                   "an option is unknown",
		`jo namespaces="a",namespaces="b" ` + key:                    "stands there twice",
		`jo namespaces=a ` + key:                                     "needs double quotes",
		`jo namespaces="a ` + key:                                    "not closed",
		`jo namespaces="a"x ` + key:                                  "parted by commas",
		`jo namespaces="" ` + key:                                    "needs a value",
		`jo namespaces ` + key:                                       "needs a value",
		`jo namespaces="a,,b" ` + key:                                "is empty",
		`jo,,jim ` + key:                                             "is empty",
		`jo, ` + key:                                                 "is empty",
		`jo valid-after="2026" ` + key:                               "YYYYMMDD",
		`jo valid-after="20261301Z" ` + key:                          "no such time",
		`jo valid-after="202606012500Z" ` + key:                      "no such time",
		`jo valid-after="+0260601" ` + key:                           "YYYYMMDD",
		`jo valid-after="20260602Z",valid-before="20260601Z" ` + key: "does not lie after",
		"jo\x00 " + key:                                              "control characters",
		"jo\xff " + key:                                              "not UTF-8",
	} {
		_, err := ParseSigners([]byte("# first\n"+line+"\n"), "dir/allowed_signers")
		refused(t, err, problem.Usage, words)
		refused(t, err, problem.Usage, "allowed_signers: line 2: ")
		if strings.Contains(err.Error(), "AAAA") {
			t.Error("the error shows a key")
		}
	}
}

func TestASignatureNamesOnePerson(t *testing.T) {
	jo := newKey(t)
	signed := sign(t, jo, Reidentify, "text")
	for words, lines := range map[string][]string{
		"line 1 stands for several people":      {"jo@example.org,jim@example.org " + public(jo)},
		"line 2 stands for several people":      {"jo@example.org " + public(jo), "*@example.org " + public(jo)},
		"gives the key to several people":       {"jo@example.org " + public(jo), "jim@example.org " + public(jo)},
		"line 1 stands for several people: the": {"j?@example.org " + public(jo)},
	} {
		_, err := signers(t, lines...).Verify(Reidentify, []byte("text"), signed, noon)
		refused(t, err, problem.PolicyRefuse, words)
	}
	many := signers(t, `"*@example.org,!jim@example.org" `+public(jo))
	if got, err := many.VerifyAs("jo@example.org", Reidentify, []byte("text"), signed, noon); err != nil || got.Principal != "jo@example.org" {
		t.Error(got, err)
	}
	for _, name := range []string{"jim@example.org", "jo@example.com", ""} {
		_, err := many.VerifyAs(name, Reidentify, []byte("text"), signed, noon)
		refused(t, err, problem.PolicyRefuse, "not that of the person named")
	}
}
