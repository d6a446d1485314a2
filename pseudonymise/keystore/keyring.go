package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"tre/internal/problem"
)

const (
	masked          = "[identities]"
	largestIdentity = 1 << 20

	// mostScryptWork keeps a file made to harm from taking more than 1 GiB.
	mostScryptWork = 20
)

// Ask asks a person for a secret. What it gives is wiped after use.
type Ask func(prompt string) ([]byte, error)

// Keyring is what one or several people bring to open keys: identity files, a
// passphrase, an agent. It can be filled over time, as custodians come. It
// cannot be printed.
type Keyring struct {
	ask     Ask
	sources []source
	agent   agent.ExtendedAgent
}

// source is one identity. It stands behind a function, which no printer calls.
type source struct {
	public   string // as in keys.json
	identity func() age.Identity
}

// NewKeyring makes a keyring without identities. ask is called when a
// passphrase is needed, and only then; nil means that there is nobody to ask.
func NewKeyring(ask Ask) *Keyring {
	const hint = "run it in a terminal, or unlock with an identity file that needs no passphrase"
	return &Keyring{ask: func(prompt string) ([]byte, error) {
		if ask == nil {
			return nil, problem.New(problem.KeyMissing, hint, "there is nobody to ask for the %s", prompt)
		}
		phrase, err := ask(prompt)
		if _, expected := errors.AsType[*problem.Problem](err); err != nil && !expected {
			err = problem.Wrap(err, problem.KeyMissing, hint, "no answer to the question for the %s", prompt)
		}
		return phrase, err
	}}
}

// Format masks the keyring for every verb of fmt.
func (k *Keyring) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(masked)) }

// LogValue masks the keyring in structured logs.
func (k *Keyring) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText masks the keyring in JSON and everything else that marshals.
func (k *Keyring) MarshalText() ([]byte, error) { return []byte(masked), nil }

// AddAgent lets the keyring ask an SSH agent to sign, which opens keys that were
// sealed to an AgentRecipient.
func (k *Keyring) AddAgent(client agent.ExtendedAgent) { k.agent = client }

// AddFile adds the identities of a file: age identities, plain or sealed to a
// passphrase, or one SSH private key (Ed25519 or RSA), also one protected by a
// passphrase, which is asked for only when the key fits. A file that others can
// read is refused.
func (k *Keyring) AddFile(path string) error {
	sources, err := k.readIdentities(path)
	if err != nil {
		return err
	}
	k.sources = append(k.sources, sources...)
	return nil
}

func (k *Keyring) readIdentities(path string) ([]source, error) {
	data, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(data, []byte("age-encryption.org/v1")), bytes.HasPrefix(data, []byte(armor.Header)):
		return k.sealedIdentities(data, path)
	case bytes.Contains(data, []byte("PRIVATE KEY-----")):
		s, err := k.sshIdentity(data, path)
		return []source{s}, err
	}
	defer clear(data)
	return ageIdentities(bytes.NewReader(data), path)
}

// readPrivate reads a file that nobody else may read.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path) // a link is followed, as ssh does
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, problem.New(problem.KeyMissing, "name the file that holds your private key, or set TRE_IDENTITY to it",
			"no identity file at %s", path)
	case err != nil:
		return nil, problem.Wrap(err, problem.KeyMissing, "make the file readable to you alone", "cannot read the identity file %s", path)
	case !info.Mode().IsRegular() || info.Size() > largestIdentity:
		return nil, problem.New(problem.KeyMissing, "name the file that holds your private key", "%s is no identity file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, problem.New(problem.KeyMissing, "chmod 600 it, and consider whether others have read it",
			"the identity file %s is open to other users (mode %04o)", path, info.Mode().Perm())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.KeyMissing, "make the file readable to you alone", "cannot read the identity file %s", path)
	}
	return data, nil
}

// noIdentity wraps no cause: those of the libraries quote parts of the key.
func noIdentity(path string) error {
	return problem.New(problem.KeyMissing, "give an age identity file, or an SSH private key of type ed25519 or rsa",
		"%s holds no identity that can open keys", path)
}

func ageIdentities(r io.Reader, path string) ([]source, error) {
	identities, err := age.ParseIdentities(r)
	if err != nil {
		return nil, noIdentity(path)
	}
	var out []source
	for _, identity := range identities {
		public := ""
		switch i := identity.(type) {
		case *age.X25519Identity:
			public = i.Recipient().String()
		case *age.HybridIdentity:
			public = i.Recipient().String()
		}
		out = append(out, source{public, func() age.Identity { return identity }})
	}
	return out, nil
}

// sealedIdentities opens an age identity file that is sealed to a passphrase.
func (k *Keyring) sealedIdentities(data []byte, path string) ([]source, error) {
	if bytes.HasPrefix(data, []byte(armor.Header)) {
		var plain bytes.Buffer
		if _, err := plain.ReadFrom(armor.NewReader(bytes.NewReader(data))); err != nil {
			return nil, noIdentity(path)
		}
		data = plain.Bytes()
	}
	phrase := &asked{ask: k.ask, prompt: "passphrase of " + path}
	plain, err := decrypt(data, []age.Identity{phrase})
	if phrase.err != nil {
		return nil, phrase.err
	}
	if err != nil {
		return nil, wrongPassphrase(path)
	}
	defer clear(plain)
	return ageIdentities(bytes.NewReader(plain), path)
}

func wrongPassphrase(of string) error {
	return problem.New(problem.KeyMissing, "try again; nothing was changed", "the passphrase does not open %s", of)
}

// sshIdentity reads an SSH private key. One behind a passphrase is kept sealed
// until a key turns out to be sealed to it.
func (k *Keyring) sshIdentity(data []byte, path string) (source, error) {
	raw, err := ssh.ParseRawPrivateKey(data)
	locked, protected := errors.AsType[*ssh.PassphraseMissingError](err)
	if protected && locked.PublicKey != nil {
		l := &lockedSSH{ask: k.ask, path: path}
		if l.Identity, err = agessh.NewEncryptedSSHIdentity(locked.PublicKey, data, l.passphrase); err != nil {
			return source{}, noIdentity(path)
		}
		return source{publicSSH(locked.PublicKey), func() age.Identity { return l }}, nil
	}
	defer clear(data)
	if protected { // an older format, whose public half is sealed too
		return k.unlockNow(data, path)
	}
	if err != nil {
		return source{}, noIdentity(path)
	}
	return sourceOfRaw(raw, path)
}

func (k *Keyring) unlockNow(data []byte, path string) (source, error) {
	phrase, err := k.ask("passphrase of " + path)
	if err != nil {
		return source{}, err
	}
	defer clear(phrase)
	raw, err := ssh.ParseRawPrivateKeyWithPassphrase(data, phrase)
	if err != nil {
		return source{}, wrongPassphrase(path)
	}
	return sourceOfRaw(raw, path)
}

// identities are those that may open a key, in the order they were added.
func (k *Keyring) identities(region string, d Description) ([]age.Identity, *asked, error) {
	var out []age.Identity
	for _, s := range k.sources {
		out = append(out, s.identity())
	}
	if k.agent != nil {
		held, err := agentIdentities(k.agent, region, d)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, held...)
	}
	phrase := &asked{ask: k.ask, prompt: "passphrase of the key " + d.Label()}
	if len(d.Recipients) == 1 && d.Recipients[0] == passphrasePublic {
		out = append(out, phrase)
	}
	return out, phrase, nil
}

// matching counts the recipients whose identity was brought.
func (k *Keyring) matching(d Description) int {
	brought := map[string]bool{}
	for _, s := range k.sources {
		brought[s.public] = true
	}
	n := 0
	for _, r := range d.Recipients {
		if brought[r] || k.agent != nil && agentHolds(k.agent, r) {
			n++
		}
	}
	return n
}
