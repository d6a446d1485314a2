package identity

import (
	"bytes"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"tre/internal/problem"
)

const largestSignature = 16 << 10

// Signature says whose a signature is.
type Signature struct {
	Act         Act
	Principal   string // the person, as in allowed_signers
	Fingerprint string // of the key, SHA256:…
	KeyType     string // sk-ssh-ed25519@openssh.com: a hardware key that was touched
	Line        int    // of allowed_signers
}

// Verify checks that a person signed the message for the act, with a key that
// was theirs at the time, and says who. The key must stand for one person by
// name: a line for several, or for a pattern, names nobody. Otherwise the act is
// refused with exit code 4.
//
// armored is what ssh-keygen -Y sign writes.
func (s *Signers) Verify(act Act, message, armored []byte, at time.Time) (Signature, error) {
	found, err := s.verified(act, message, armored, at)
	if err != nil {
		return Signature{}, err
	}
	names := map[string]entry{}
	for _, e := range found {
		name, sole := e.sole()
		if !sole {
			return Signature{}, refuse("give each person a line of their own", "%s: line %d stands for several people: the signature names none of them", s.base(), e.line)
		}
		names[name] = e
	}
	if len(names) != 1 {
		return Signature{}, refuse("give each person a key of their own", "%s gives the key to several people: the signature names none of them", s.base())
	}
	return signatureOf(act, found[0], found[0].principals[0]), nil
}

// VerifyAs checks that the signature is that of the person named, as ssh-keygen
// -Y verify -I does: a line for several people or a pattern serves too.
func (s *Signers) VerifyAs(principal string, act Act, message, armored []byte, at time.Time) (Signature, error) {
	found, err := s.verified(act, message, armored, at)
	if err != nil {
		return Signature{}, err
	}
	for _, e := range found {
		if matches(principal, e.principals) {
			return signatureOf(act, e, principal), nil
		}
	}
	return Signature{}, refuse("ask that person to sign", "the signature is not that of the person named")
}

func signatureOf(act Act, e entry, principal string) Signature {
	return Signature{Act: act, Principal: principal, Fingerprint: ssh.FingerprintSHA256(e.key), KeyType: e.key.Type(), Line: e.line}
}

func refuse(hint, format string, args ...any) error {
	return problem.New(problem.PolicyRefuse, hint, format, args...)
}

func (s *Signers) base() string { return s.file[strings.LastIndexByte(s.file, '/')+1:] }

// verified gives the lines whose key made the signature and may make it.
func (s *Signers) verified(act Act, message, armored []byte, at time.Time) ([]entry, error) {
	signature, err := readSignature(armored)
	if err != nil {
		return nil, err
	}
	if signature.Namespace != string(act) {
		return nil, refuse("sign again with ssh-keygen -Y sign -n "+string(act), "the signature was given for another act than %s", act)
	}
	// Whether the bytes are signed comes first: what is said of dates below is
	// said only of signatures that hold.
	err = sshsig.Verify(bytes.NewReader(message), signature, signature.PublicKey, signature.HashAlgorithm, string(act))
	if err != nil {
		return nil, refuse("sign the file as it is now", "the signature does not fit: the file was changed after it was signed, or another file was")
	}
	return s.allowed(signature.PublicKey, act, at)
}

// allowed gives the lines of a key that serve for an act at a time.
func (s *Signers) allowed(key ssh.PublicKey, act Act, at time.Time) ([]entry, error) {
	own := slices.Clone(s.entries)
	own = slices.DeleteFunc(own, func(e entry) bool { return !bytes.Equal(e.key.Marshal(), key.Marshal()) })
	if len(own) == 0 {
		return nil, refuse("ask for the key to be added, or sign with the key that is there", "the signature is by a key that is not in %s", s.base())
	}
	var serving []entry
	var why error
	for _, e := range own {
		switch {
		case len(e.namespaces) > 0 && !matches(string(act), e.namespaces):
			why = refuse("ask for the key to be allowed it", "%s: line %d does not allow the key the act %s", s.base(), e.line, act)
		case !e.validAfter.IsZero() && at.Before(e.validAfter):
			why = refuse("sign when it is", "%s: line %d: the key is not valid yet", s.base(), e.line)
		case !e.validBefore.IsZero() && at.After(e.validBefore):
			why = refuse("sign with a key that is valid", "%s: line %d: the key is no longer valid", s.base(), e.line)
		default:
			serving = append(serving, e)
		}
	}
	if len(serving) == 0 {
		return nil, why
	}
	return serving, nil
}

// unspaced takes blanks and line ends away, in which programs differ.
func unspaced(text []byte) []byte { return bytes.Join(bytes.Fields(text), nil) }

// readSignature reads one armoured signature and nothing else. What could be
// changed without breaking the signature is refused: text around it, headers,
// and bytes after the signature proper.
func readSignature(armored []byte) (*sshsig.Signature, error) {
	const hint = "make it with ssh-keygen -Y sign"
	if len(armored) > largestSignature {
		return nil, refuse(hint, "the signature is too long")
	}
	text := bytes.TrimSpace(armored)
	block, rest := pem.Decode(text)
	if !bytes.HasPrefix(text, []byte("-----BEGIN "+sshsig.PEMType+"-----")) || block == nil || block.Type != sshsig.PEMType ||
		len(block.Headers) > 0 || len(bytes.TrimSpace(rest)) > 0 || !bytes.Equal(unspaced(text), unspaced(pem.EncodeToMemory(block))) {
		return nil, refuse(hint, "this is no SSH signature")
	}
	signature, err := sshsig.ParseSignature(block.Bytes)
	if err != nil { // not shown: it may quote the signature
		return nil, refuse(hint, "the SSH signature cannot be read, or its hash is not sha256 or sha512")
	}
	if err := strong(signature.PublicKey); err != nil {
		return nil, problem.Wrap(err, problem.PolicyRefuse, "sign with another key", "the key of the signature is not accepted")
	}
	if len(signature.Signature.Rest) > 0 != (signature.PublicKey.Type() == ssh.KeyAlgoSKED25519) || !bytes.Equal(signature.Marshal(), block.Bytes) {
		return nil, refuse(hint, "the SSH signature cannot be read")
	}
	return signature, nil
}
