package keystore

import (
	"bytes"
	"errors"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"tre/internal/problem"
)

const (
	passphrasePublic = "passphrase"
	agentPrefix      = "agent "
	longestRecipient = 8 << 10
	shortestPhrase   = 12

	// scryptWork is log2 of scrypt's cost: about a second and 256 MiB for
	// every guess.
	scryptWork = 18
)

// Recipient is somebody to whom a key is sealed.
type Recipient struct {
	public string
	age    func() age.Recipient // a function, which no printer calls: it may hold a passphrase
}

// String gives the public form that stands in keys.json: a public key,
// "passphrase", or "agent", a fingerprint and a public key.
func (r Recipient) String() string { return r.public }

func recipientOf(public string, r age.Recipient) Recipient {
	return Recipient{public, func() age.Recipient { return r }}
}

// ParseRecipient reads one public key: age1…, ssh-ed25519 … or ssh-rsa … (2048
// bits or more), or the "agent …" form that AgentRecipient made. A comment after
// an SSH key is dropped.
func ParseRecipient(line string) (Recipient, error) {
	line = strings.TrimSpace(line)
	// No cause is wrapped here: those of the libraries quote the line, and the
	// line may be a private key given by mistake.
	wrong := problem.New(problem.Usage, "give a public key: age1…, ssh-ed25519 … or ssh-rsa … of 2048 bits or more",
		"a recipient is no public key that a key can be sealed to")
	switch {
	case len(line) > longestRecipient || strings.ContainsAny(line, "\r\n"):
		return Recipient{}, wrong
	case strings.HasPrefix(line, agentPrefix):
		return parseAgentRecipient(line, wrong)
	case strings.HasPrefix(line, "age1"):
		list, err := age.ParseRecipients(strings.NewReader(line))
		if err != nil || len(list) != 1 {
			return Recipient{}, wrong
		}
		return recipientOf(line, list[0]), nil
	}
	public, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil || len(options) > 0 || len(bytes.TrimSpace(rest)) > 0 {
		return Recipient{}, wrong
	}
	text := string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(public)))
	recipient, err := agessh.ParseRecipient(text)
	if err != nil {
		return Recipient{}, wrong
	}
	return recipientOf(text, recipient), nil
}

// parseAgentRecipient reads "agent SHA256:… age1…".
func parseAgentRecipient(line string, wrong error) (Recipient, error) {
	parts := strings.Split(line, " ")
	if len(parts) != 3 || !strings.HasPrefix(parts[1], "SHA256:") {
		return Recipient{}, wrong
	}
	recipient, err := age.ParseX25519Recipient(parts[2])
	if err != nil {
		return Recipient{}, wrong
	}
	return recipientOf(line, recipient), nil
}

// ReadRecipients reads a file of public keys, one a line, such as id_ed25519.pub
// or what age-keygen -y prints. Empty lines and lines that begin with # are
// skipped.
func ReadRecipients(path string) ([]Recipient, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name a file of public keys", "cannot read %s", path)
	}
	if bytes.Contains(data, []byte("PRIVATE KEY")) || bytes.Contains(data, []byte("AGE-SECRET-KEY")) {
		return nil, problem.New(problem.Usage, "give the public half; the private one stays with its owner",
			"%s holds a private key", path)
	}
	var all []Recipient
	for number, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, err := ParseRecipient(line)
		if err != nil {
			return nil, problem.New(problem.Usage, problem.HintOf(err), "%s: line %d: %v", path, number+1, err)
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, problem.New(problem.Usage, "name a file of public keys", "%s holds no public key", path)
	}
	return all, nil
}

// PassphraseRecipient seals to a passphrase, which is wiped. age allows no other
// recipient beside a passphrase.
func PassphraseRecipient(passphrase []byte) (Recipient, error) {
	defer clear(passphrase)
	if len(bytes.TrimSpace(passphrase)) < shortestPhrase {
		return Recipient{}, problem.New(problem.Usage, "take five or more words chosen by dice",
			"the passphrase is shorter than %d characters", shortestPhrase)
	}
	return passphraseRecipient(passphrase, scryptWork)
}

func passphraseRecipient(passphrase []byte, work int) (Recipient, error) {
	r, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return Recipient{}, errors.New("the passphrase is empty")
	}
	r.SetWorkFactor(work)
	return recipientOf(passphrasePublic, r), nil
}

// parseRecipients reads what keys.json says. A passphrase is not there to be
// read: its Recipient can be named and not sealed to.
func parseRecipients(public []string) ([]Recipient, error) {
	out := make([]Recipient, len(public))
	for i, text := range public {
		if text == passphrasePublic {
			out[i] = Recipient{public: text}
			continue
		}
		r, err := ParseRecipient(text)
		if err != nil || r.public != text {
			return nil, errors.New("a recipient cannot be read")
		}
		out[i] = r
	}
	return out, nil
}

// checkTogether refuses recipients that cannot share a key.
func checkTogether(recipients []Recipient, needed int) error {
	seen := map[string]bool{}
	for _, r := range recipients {
		switch {
		case seen[r.public]:
			return errors.New("a recipient stands there twice")
		case r.public == passphrasePublic && len(recipients) > 1:
			return errors.New("a passphrase stands beside other recipients, which age does not allow")
		}
		seen[r.public] = true
	}
	switch {
	case len(recipients) == 0:
		return errors.New("there is no recipient: nobody could open the key")
	case needed < 1 || needed > len(recipients):
		return errors.New("more custodians are needed than there are recipients")
	case needed > 1 && len(recipients) > mostCustodians:
		return errors.New("split custody has at most 7 custodians")
	}
	return nil
}

func publicOf(recipients []Recipient) []string {
	out := make([]string, len(recipients))
	for i, r := range recipients {
		out[i] = r.public
	}
	return out
}
