package keystore

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"
)

// asked is an age identity that asks for a passphrase when, and only when, a
// file is sealed to one. It keeps the error of the asking, which age would hide.
type asked struct {
	ask    Ask
	prompt string
	err    error
	used   bool
}

// Unwrap opens the file key with the passphrase.
func (a *asked) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != "scrypt" {
		return nil, age.ErrIncorrectIdentity
	}
	a.used = true
	var phrase []byte
	if phrase, a.err = a.ask(a.prompt); a.err != nil {
		return nil, a.err
	}
	defer clear(phrase)
	identity, err := age.NewScryptIdentity(string(phrase))
	if err != nil {
		return nil, age.ErrIncorrectIdentity // an empty one
	}
	identity.SetMaxWorkFactor(mostScryptWork)
	return identity.Unwrap(stanzas)
}

// lockedSSH is an SSH private key behind a passphrase.
type lockedSSH struct {
	age.Identity
	ask  Ask
	path string
	err  error
}

func (l *lockedSSH) passphrase() ([]byte, error) {
	var phrase []byte
	phrase, l.err = l.ask("passphrase of " + l.path)
	return phrase, l.err
}

// Unwrap asks for the passphrase if the file is sealed to this key. A cause
// that age gives with a wrong passphrase is not shown.
func (l *lockedSSH) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	fileKey, err := l.Identity.Unwrap(stanzas)
	switch {
	case l.err != nil:
		return nil, l.err
	case err == nil, errors.Is(err, age.ErrIncorrectIdentity):
		return fileKey, err
	}
	return nil, wrongPassphrase(l.path)
}

func publicSSH(key ssh.PublicKey) string {
	return string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(key)))
}

// sourceOfRaw makes an identity of a private key that ssh has parsed.
func sourceOfRaw(raw any, path string) (source, error) {
	var identity age.Identity
	var err error
	switch key := raw.(type) {
	case *ed25519.PrivateKey:
		identity, err = agessh.NewEd25519Identity(*key)
	case *rsa.PrivateKey:
		identity, err = agessh.NewRSAIdentity(key)
	default:
		return source{}, noIdentity(path)
	}
	if err != nil {
		return source{}, noIdentity(path)
	}
	signer, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		return source{}, noIdentity(path)
	}
	return source{publicSSH(signer.PublicKey()), func() age.Identity { return identity }}, nil
}
