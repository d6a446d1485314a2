package identity

import (
	"bytes"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"tre/internal/problem"
)

// Sign signs a message for an act and gives the armoured signature, as ssh-keygen
// -Y sign does. A key whose signatures Verify refuses is refused.
func Sign(signer ssh.Signer, act Act, message []byte) ([]byte, error) {
	if err := strong(signer.PublicKey()); err != nil {
		return nil, problem.Wrap(err, problem.Usage, "sign with another key", "cannot sign with this key")
	}
	signature, err := sshsig.Sign(bytes.NewReader(message), signer, sshsig.HashSHA512, string(act))
	if err != nil { // not shown: it comes from the agent
		return nil, problem.New(problem.KeyMissing, "load the key with ssh-add, and touch or confirm when asked", "the key did not sign")
	}
	return sshsig.Armor(signature), nil
}

// PrivateKey reads an SSH private key file to sign with. ask is called when it is
// protected by a passphrase, and may be nil. A file that others can read is
// refused. Hardware keys sign through the agent.
func PrivateKey(file string, ask func(prompt string) ([]byte, error)) (ssh.Signer, error) {
	info, err := os.Stat(file)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, problem.New(problem.KeyMissing, "chmod 600 it, and consider whether others have read it",
			"the private key %s is open to other users (mode %04o)", file, info.Mode().Perm())
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, problem.Wrap(err, problem.KeyMissing, "name your private key", "cannot read %s", file)
	}
	defer clear(data)
	signer, err := ssh.ParsePrivateKey(data)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked && ask != nil {
		phrase, err := ask("passphrase of " + file)
		if err != nil {
			return nil, err
		}
		defer clear(phrase)
		if signer, err = ssh.ParsePrivateKeyWithPassphrase(data, phrase); err != nil {
			return nil, problem.New(problem.KeyMissing, "try again", "the passphrase does not open %s", file)
		}
		return signer, nil
	}
	if err != nil { // not shown: it may quote the key
		return nil, problem.New(problem.KeyMissing, "name an SSH private key, or load it with ssh-add and sign through the agent",
			"%s is no private key that can be used from a file without a passphrase", file)
	}
	return signer, nil
}

// DialAgent connects to the SSH agent of $SSH_AUTH_SOCK. The caller closes it.
func DialAgent() (agent.ExtendedAgent, net.Conn, error) {
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil, nil, problem.New(problem.KeyMissing, "start one with eval $(ssh-agent), and load the key with ssh-add", "there is no SSH agent")
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, nil, problem.Wrap(err, problem.KeyMissing, "start one with eval $(ssh-agent), and load the key with ssh-add", "the SSH agent does not answer")
	}
	return agent.NewClient(conn), conn, nil
}

// AgentKey finds a key that the agent holds, by its fingerprint (SHA256:…) or by
// the text of its public half.
func AgentKey(client agent.Agent, which string) (ssh.Signer, error) {
	if public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(which)); err == nil {
		which = ssh.FingerprintSHA256(public)
	}
	signers, err := client.Signers()
	if err != nil {
		return nil, problem.New(problem.KeyMissing, "see what it holds with ssh-add -l", "the SSH agent does not answer")
	}
	for _, s := range signers {
		if ssh.FingerprintSHA256(s.PublicKey()) == strings.TrimSpace(which) {
			return s, nil
		}
	}
	return nil, problem.New(problem.KeyMissing, "load it with ssh-add; see what is there with ssh-add -l", "the SSH agent does not hold the key")
}
