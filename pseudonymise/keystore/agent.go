package keystore

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rsa"
	"crypto/sha256"
	"strings"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"tre/internal/problem"
)

// challengeHeader begins what an agent is asked to sign. No SSH protocol signs
// anything that begins so: a sign-in begins with the length of a session id, a
// file signature with SSHSIG. So neither a server one signs in to nor a person
// who has a file signed can come by the signature.
const challengeHeader = "tre-agent-identity-v1\x00"

// challenge is what is signed for a key of a region: all its versions, so that a
// rotation needs no new enrolment.
func challenge(region, name string) []byte {
	return append([]byte(challengeHeader), ssh.Marshal(struct{ Region, Name string }{region, name})...)
}

// AgentRecipient enrols a key that an SSH agent holds as a recipient of the key
// named name of a region. An agent signs and does not decrypt. So it is asked to
// sign a fixed challenge, and an age identity is derived from the signature with
// HKDF-SHA-256; the same agent key gives the same identity whenever it is asked.
//
// The price: whoever may use the agent once, and be it for a minute on a machine
// the agent was forwarded to, can derive the identity and keep it. Load the key
// with "ssh-add -c", which asks before each signature, forward no agent, and
// prefer an identity file where the disk is encrypted.
//
// Only signatures that never vary serve: Ed25519, and RSA of 2048 bits or more
// with SHA-512. ECDSA keys and security keys (sk-) are refused.
func AgentRecipient(client agent.ExtendedAgent, public ssh.PublicKey, region, name string) (Recipient, error) {
	if !deterministic(public) {
		return Recipient{}, problem.New(problem.Usage, "enrol an ed25519 key, or an rsa key of 2048 bits or more",
			"a key of type %s cannot be enrolled through an agent: its signatures vary, or are too weak", public.Type())
	}
	first, err := agentIdentity(client, public, region, name)
	if err != nil {
		return Recipient{}, err
	}
	second, err := agentIdentity(client, public, region, name)
	if err != nil {
		return Recipient{}, err
	}
	if first.String() != second.String() {
		return Recipient{}, problem.New(problem.Usage, "use an identity file instead",
			"the agent signs the same challenge differently each time; a key sealed to it could not be opened again")
	}
	own := first.Recipient()
	return recipientOf(agentPrefix+ssh.FingerprintSHA256(public)+" "+own.String(), own), nil
}

// deterministic reports whether a key signs the same thing the same way always.
func deterministic(public ssh.PublicKey) bool {
	switch public.Type() {
	case ssh.KeyAlgoED25519:
		return true
	case ssh.KeyAlgoRSA:
		if c, ok := public.(ssh.CryptoPublicKey); ok {
			key, ok := c.CryptoPublicKey().(*rsa.PublicKey)
			return ok && key.N.BitLen() >= 2048
		}
	}
	return false
}

// agentIdentity asks the agent for a signature and derives the identity.
func agentIdentity(client agent.ExtendedAgent, public ssh.PublicKey, region, name string) (*age.X25519Identity, error) {
	message := challenge(region, name)
	var flags agent.SignatureFlags
	format := public.Type()
	if format == ssh.KeyAlgoRSA {
		flags, format = agent.SignatureFlagRsaSha512, ssh.KeyAlgoRSASHA512
	}
	signature, err := client.SignWithFlags(public, message, flags)
	if err != nil {
		return nil, problem.New(problem.KeyMissing, "load the key with ssh-add, and allow its use when the agent asks",
			"the agent did not sign with the enrolled key")
	}
	defer clear(signature.Blob)
	if signature.Format != format || len(signature.Rest) > 0 || public.Verify(message, signature) != nil {
		return nil, problem.New(problem.KeyMissing, "use another agent, or an identity file", "the agent gave no valid signature")
	}
	secret, err := hkdf.Key(sha256.New, signature.Blob, nil, challengeHeader+format, 32)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	return x25519Identity(secret)
}

// x25519Identity makes an age identity of 32 bytes. age offers no other way than
// by way of its text form.
func x25519Identity(secret []byte) (*age.X25519Identity, error) {
	text := bech32("age-secret-key-", secret)
	defer clear(text)
	return age.ParseX25519Identity(string(bytes.ToUpper(text)))
}

// bech32 is the text form of age's keys: Bech32 (BIP 173) without its limit of
// length. prefix and result are in small letters.
func bech32(prefix string, data []byte) []byte {
	const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	groups := fiveBits(data)
	defer clear(groups)
	var check []byte
	for _, c := range []byte(prefix) {
		check = append(check, c>>5)
	}
	check = append(check, 0)
	for _, c := range []byte(prefix) {
		check = append(check, c&31)
	}
	check = append(append(check, groups...), make([]byte, 6)...)
	defer clear(check)
	sum := bech32Checksum(check) ^ 1
	out := append([]byte(prefix), '1')
	for _, g := range groups {
		out = append(out, letters[g])
	}
	for shift := 25; shift >= 0; shift -= 5 {
		out = append(out, letters[sum>>shift&31])
	}
	return out
}

func bech32Checksum(values []byte) uint32 {
	generator := [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	sum := uint32(1)
	for _, v := range values {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(v)
		for i, g := range generator {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	return sum
}

// fiveBits cuts bytes into groups of five bits, the last filled with zeros.
func fiveBits(data []byte) []byte {
	out := make([]byte, 0, (len(data)*8+4)/5)
	held, bits := uint32(0), 0
	for _, b := range data {
		held, bits = held<<8|uint32(b), bits+8
		for bits >= 5 {
			bits -= 5
			out = append(out, byte(held>>bits&31))
		}
	}
	if bits > 0 {
		out = append(out, byte(held<<(5-bits)&31))
	}
	return out
}

// agentIdentities derives the identities of a key's agent recipients whose keys
// the agent holds.
func agentIdentities(client agent.ExtendedAgent, region string, d Description) ([]age.Identity, error) {
	var out []age.Identity
	for _, recipient := range d.Recipients {
		public := agentKey(client, recipient)
		if public == nil || !deterministic(public) {
			continue
		}
		identity, err := agentIdentity(client, public, region, d.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, identity)
	}
	return out, nil
}

// agentKey finds the agent's key that a recipient names, or nil.
func agentKey(client agent.ExtendedAgent, recipient string) ssh.PublicKey {
	rest, found := strings.CutPrefix(recipient, agentPrefix)
	if !found {
		return nil
	}
	wanted, _, _ := strings.Cut(rest, " ")
	held, err := client.List()
	if err != nil {
		return nil // an agent that does not answer holds nothing
	}
	for _, key := range held {
		if public, err := ssh.ParsePublicKey(key.Blob); err == nil && ssh.FingerprintSHA256(public) == wanted {
			return public
		}
	}
	return nil
}

func agentHolds(client agent.ExtendedAgent, recipient string) bool {
	return agentKey(client, recipient) != nil
}
