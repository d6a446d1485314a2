package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"tre/internal/problem"
)

// keygen runs OpenSSH's own program, or leaves the test out, saying so.
func keygen(t *testing.T, stdin string, arguments ...string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is not installed: left out")
	}
	c := exec.Command(program, arguments...)
	c.Stdin = bytes.NewReader([]byte(stdin))
	out, err := c.CombinedOutput()
	return string(out), err
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenSSHSignsAndWeVerify(t *testing.T) {
	for _, kind := range [][]string{{"ed25519"}, {"ecdsa"}, {"rsa", "-b", "2048"}} {
		for _, hash := range []string{"sha256", "sha512"} {
			file := filepath.Join(t.TempDir(), "id")
			if out, err := keygen(t, "", append([]string{"-q", "-N", "", "-f", file, "-t"}, kind...)...); err != nil {
				t.Fatal(out)
			}
			message := write(t, "statement", "the statement\n")
			if out, err := keygen(t, "", "-q", "-Y", "sign", "-n", string(ReviewRelease), "-O", "hashalg="+hash, "-f", file, message); err != nil {
				t.Fatal(out)
			}
			signature, err := os.ReadFile(message + ".sig")
			if err != nil {
				t.Fatal(err)
			}
			key, err := os.ReadFile(file + ".pub")
			if err != nil {
				t.Fatal(err)
			}
			known := signers(t, "jo@example.org "+string(key))
			if _, err := known.Verify(ReviewRelease, []byte("the statement\n"), signature, noon); err != nil {
				t.Error(kind, hash, err)
			}
			_, err = known.Verify(Release, []byte("the statement\n"), signature, noon)
			refused(t, err, problem.PolicyRefuse, "another act")
		}
	}
}

func TestWeSignAndOpenSSHVerifies(t *testing.T) {
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []ssh.Signer{newKey(t), signerOf(t, large)} {
		signature := write(t, "sig", string(sign(t, key, ReviewRelease, "text")))
		for _, c := range []struct {
			principals, options, as, act string
			good                         bool
		}{
			{"jo@example.org", "", "jo@example.org", string(ReviewRelease), true},
			{"jo@example.org", `namespaces="*@tre" `, "jo@example.org", string(ReviewRelease), true},
			{"*@example.org,!jim@example.org", "", "jo@example.org", string(ReviewRelease), true},
			{"*@example.org,!jim@example.org", "", "jim@example.org", string(ReviewRelease), false},
			{"j?@example.org", "", "jo@example.org", string(ReviewRelease), true},
			{"j?@example.org", "", "joe@example.org", string(ReviewRelease), false},
			{"jo@example.org", `namespaces="release@tre" `, "jo@example.org", string(ReviewRelease), false},
			{"jo@example.org", `valid-before="20200101Z" `, "jo@example.org", string(ReviewRelease), false},
			{"jo@example.org", `valid-after="20200101Z",valid-before="20990101Z" `, "jo@example.org", string(ReviewRelease), true},
			{"jo@example.org", "", "jo@example.org", string(Release), false},
		} {
			line := c.principals + " " + c.options + public(key)
			out, err := keygen(t, "text", "-Y", "verify", "-f", write(t, "allowed", line+"\n"), "-I", c.as, "-n", c.act, "-s", signature)
			armored, _ := os.ReadFile(signature)
			_, ours := signers(t, line).VerifyAs(c.as, Act(c.act), []byte("text"), armored, noon)
			if (err == nil) != c.good || (ours == nil) != c.good {
				t.Errorf("%s as %s: OpenSSH says %v %s, we say %v", line[:40], c.as, err, out, ours)
			}
		}
	}
}

// What OpenSSH refuses in a line, we refuse.
func TestRefusesWhatOpenSSHRefuses(t *testing.T) {
	key := newKey(t)
	signature := write(t, "sig", string(sign(t, key, ReviewRelease, "text")))
	for _, options := range []string{`namespaces=x `, `namespaces="a",namespaces="b" `, `nonsense `, `valid-after="2026" `,
		`valid-after="20260602Z",valid-before="20260601Z" `, `namespaces="review-release@tre"x `} {
		line := "jo@example.org " + options + public(key)
		_, err := keygen(t, "text", "-Y", "verify", "-f", write(t, "allowed", line+"\n"), "-I", "jo@example.org", "-n", string(ReviewRelease), "-s", signature)
		_, ours := ParseSigners([]byte(line), "f")
		if err == nil || ours == nil {
			t.Errorf("%s: OpenSSH says %v, we say %v", options, err, ours)
		}
	}
}

func TestPrivateKeyFilesAndTheAgentSign(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	want := ssh.FingerprintSHA256(signerOf(t, private).PublicKey())
	open, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("phrase"))
	if err != nil {
		t.Fatal(err)
	}
	answer := func(text string) func(string) ([]byte, error) {
		return func(string) ([]byte, error) { return []byte(text), nil }
	}
	file, sealed := write(t, "id", string(pem.EncodeToMemory(open))), write(t, "id", string(pem.EncodeToMemory(locked)))
	for _, c := range []struct {
		file  string
		ask   func(string) ([]byte, error)
		words string
	}{
		{file, nil, ""}, {sealed, answer("phrase"), ""}, {sealed, answer("other"), "passphrase does not open"}, {sealed, nil, "without a passphrase"},
		{sealed, func(string) ([]byte, error) {
			return nil, problem.New(problem.KeyMissing, "answer", "nobody answered")
		}, "nobody answered"},
		{write(t, "id", "hello"), nil, "no private key"}, {"/nonexistent", nil, "cannot read"},
	} {
		key, err := PrivateKey(c.file, c.ask)
		if c.words != "" {
			refused(t, err, problem.KeyMissing, c.words)
		} else if err != nil || ssh.FingerprintSHA256(key.PublicKey()) != want {
			t.Error(err)
		}
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = PrivateKey(file, nil)
	refused(t, err, problem.KeyMissing, "open to other users")

	held := agent.NewKeyring()
	if err := held.Add(agent.AddedKey{PrivateKey: &private}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_ = agent.ServeAgent(held, conn)
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", socket)
	client, conn, err := DialAgent()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, which := range []string{want, public(signerOf(t, private)), fmt.Sprintf(" %s\n", want)} {
		key, err := AgentKey(client, which)
		if err != nil {
			t.Fatal(err)
		}
		known := signers(t, "jo@example.org "+public(key))
		if _, err := known.Verify(Release, []byte("text"), sign(t, key, Release, "text"), noon); err != nil {
			t.Error(err)
		}
	}
	_, err = AgentKey(client, "SHA256:none")
	refused(t, err, problem.KeyMissing, "does not hold the key")
	t.Setenv("SSH_AUTH_SOCK", "")
	_, _, err = DialAgent()
	refused(t, err, problem.KeyMissing, "no SSH agent")
	t.Setenv("SSH_AUTH_SOCK", socket+"x")
	_, _, err = DialAgent()
	refused(t, err, problem.KeyMissing, "does not answer")
}
