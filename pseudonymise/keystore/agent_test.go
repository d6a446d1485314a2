package keystore

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"pgregory.net/rapid"

	"tre/internal/problem"
)

// newAgent is an agent that holds the keys, spoken to over its own protocol.
func newAgent(t *testing.T, keys ...any) agent.ExtendedAgent {
	t.Helper()
	held := agent.NewKeyring()
	for _, key := range keys {
		if err := held.Add(agent.AddedKey{PrivateKey: key}); err != nil {
			t.Fatal(err)
		}
	}
	near, far := net.Pipe()
	t.Cleanup(func() { _ = near.Close() })
	go func() { _ = agent.ServeAgent(held, far) }()
	return agent.NewClient(near)
}

func publicHalf(t *testing.T, private any) ssh.PublicKey {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer.PublicKey()
}

func newEd25519(t *testing.T) *ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &private
}

func TestAgentOpensWhatItWasEnrolledFor(t *testing.T) {
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range []any{newEd25519(t), large} {
		public := publicHalf(t, private)
		client := newAgent(t, newEd25519(t), private)
		r, err := AgentRecipient(client, public, "north", "region")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(r.String(), "agent SHA256:") {
			t.Errorf("enrolled as %s", r)
		}
		s := newStore(t, "north")
		key, _ := mustMake(t, s, regionKey(r, newPerson(t).recipient))
		k := NewKeyring(nil)
		k.AddAgent(newAgent(t, private))
		back, _, err := s.Open("region", 0, made, k)
		if err != nil || back.ID() != key.ID() {
			t.Fatal(err)
		}
		// A rotation needs no agent to seal, and the agent opens the new version.
		next, _, err := s.Rotate(Spec{Name: "region", Created: made})
		if err != nil {
			t.Fatal(err)
		}
		if back, _, err = s.Open("region", 2, made, k); err != nil || back.ID() != next.ID() {
			t.Error(err)
		}
		empty := NewKeyring(nil)
		empty.AddAgent(newAgent(t))
		_, _, err = s.Open("region", 0, made, empty)
		refused(t, err, problem.KeyMissing, "no identity given opens")
	}
}

func TestAgentIdentitiesOfOtherRegionsAndKeysDiffer(t *testing.T) {
	private := newEd25519(t)
	client, public := newAgent(t, private), publicHalf(t, private)
	seen := map[string]bool{}
	for _, at := range [][2]string{{"north", "region"}, {"south", "region"}, {"north", "zone"}, {"northr", "egion"}} {
		r, err := AgentRecipient(client, public, at[0], at[1])
		if err != nil || seen[r.String()] {
			t.Errorf("%v: the identity of another (%v)", at, err)
		}
		seen[r.String()] = true
	}
}

func TestAgentKeysThatCannotServe(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := ssh.ParsePublicKey(ssh.Marshal(struct {
		Type string
		E    []byte
		N    []byte
	}{"ssh-rsa", []byte{1, 0, 1}, append([]byte{0, 0xff}, bytes.Repeat([]byte{1}, 127)...)}))
	if err != nil {
		t.Fatal(err)
	}
	touched, err := ssh.ParsePublicKey(ssh.Marshal(struct {
		Type        string
		Key         []byte
		Application string
	}{"sk-ssh-ed25519@openssh.com", newEd25519(t).Public().(ed25519.PublicKey), "ssh:"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, public := range []ssh.PublicKey{publicHalf(t, curve), weak, touched} {
		_, err := AgentRecipient(newAgent(t, curve), public, "north", "region")
		refused(t, err, problem.Usage, "cannot be enrolled")
	}
	_, err = AgentRecipient(newAgent(t), publicHalf(t, newEd25519(t)), "north", "region")
	refused(t, err, problem.KeyMissing, "the agent did not sign")
}

// twisted signs with another key than it is asked to.
type twisted struct {
	agent.ExtendedAgent
	key ssh.Signer
}

func (l twisted) SignWithFlags(_ ssh.PublicKey, data []byte, _ agent.SignatureFlags) (*ssh.Signature, error) {
	return l.key.Sign(rand.Reader, data)
}

func TestAnAgentThatSignsWithAnotherKeyIsRefused(t *testing.T) {
	signer, err := ssh.NewSignerFromKey(newEd25519(t))
	if err != nil {
		t.Fatal(err)
	}
	_, err = AgentRecipient(twisted{key: signer}, publicHalf(t, newEd25519(t)), "north", "region")
	refused(t, err, problem.KeyMissing, "no valid signature")
}

func TestTheChallengeIsNoOtherMessageOfSSH(t *testing.T) {
	c := challenge("north", "region")
	if bytes.HasPrefix(c, []byte("SSHSIG")) || c[0] == 0 {
		t.Error("it could be taken for a file signature, or for a sign-in")
	}
	if !bytes.Contains(c, []byte("north")) || !bytes.Contains(c, []byte("region")) {
		t.Error("it names neither region nor key")
	}
}

// Bech32 is age's own in reverse: what age writes of a key, and reads.
func TestBech32AgreesWithAge(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(rt, "secret")
		text := strings.ToUpper(string(bech32("age-secret-key-", secret)))
		identity, err := age.ParseX25519Identity(text)
		if err != nil || identity.String() != text {
			rt.Fatalf("age reads another key, or none: %v", err)
		}
	})
	// Two of BIP 173's own examples.
	twenty, err := hex.DecodeString("00443214c74254b635cf84653a56d7c675be77df")
	if err != nil {
		t.Fatal(err)
	}
	for want, got := range map[string][]byte{
		"a12uel5l": bech32("a", nil),
		"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw": bech32("abcdef", twenty),
	} {
		if string(got) != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestRealAgent speaks to OpenSSH's agent. It is left out, saying so, where that
// is not installed.
func TestRealAgent(t *testing.T) {
	program, err := exec.LookPath("ssh-agent")
	if err != nil {
		t.Skip("ssh-agent is not installed: left out")
	}
	socket := filepath.Join(t.TempDir(), "a")
	command := exec.Command(program, "-D", "-a", socket)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Process.Kill(); _ = command.Wait() }()
	var conn net.Conn
	for range 100 {
		if conn, err = net.Dial("unix", socket); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := agent.NewClient(conn)
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range []any{newEd25519(t), large} {
		if err := client.Add(agent.AddedKey{PrivateKey: private}); err != nil {
			t.Fatal(err)
		}
		r, err := AgentRecipient(client, publicHalf(t, private), "north", "region")
		if err != nil {
			t.Fatal(err)
		}
		s := newStore(t, "north")
		key, _ := mustMake(t, s, regionKey(r))
		k := NewKeyring(nil)
		k.AddAgent(client)
		if back, _, err := s.Open("region", 0, made, k); err != nil || back.ID() != key.ID() {
			t.Error(err)
		}
	}
}
