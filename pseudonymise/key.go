package pseudonymise

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"tre/internal/problem"
	"tre/internal/workspace"
)

const (
	keyBytes  = 32
	keyHeader = "tre-key-v1"
	masked    = "[secret key]"
)

// Key is a 256-bit secret. Every pseudonym and row key of a region depends on
// it: whoever holds it can test a guessed identifier, and without it no run can
// continue an earlier one.
//
// It cannot be printed: every formatting verb, JSON, text, slog and templates
// show a mask. Where fmt cannot call a method, in an unexported field of a
// printed struct, it follows pointers under some verbs; so the bytes stand
// behind a function, which no printer can call. The zero Key is no key, and
// using it panics.
type Key struct {
	reveal func() *[keyBytes]byte
}

func keyOf(secret *[keyBytes]byte) Key {
	return wipeable(secret)
}

// NewKey makes a key from the system's random source.
func NewKey() (Key, error) {
	secret := new([keyBytes]byte)
	if _, err := rand.Read(secret[:]); err != nil {
		return Key{}, fmt.Errorf("make a key: %w", err)
	}
	return keyOf(secret), nil
}

// ID is a fingerprint of 16 hex digits, safe to show and to write down: a
// keyed hash of a constant.
func (k Key) ID() string {
	sum := k.Hasher("key id").Sum()
	return hex.EncodeToString(sum[:8])
}

// Format masks the key for every verb of fmt.
func (k Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(masked)) }

// String masks the key.
func (k Key) String() string { return masked }

// GoString masks the key.
func (k Key) GoString() string { return masked }

// LogValue masks the key in structured logs.
func (k Key) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText masks the key in JSON, XML and everything else that marshals.
func (k Key) MarshalText() ([]byte, error) { return []byte(masked), nil }

// ReadKey reads a key file: one line of the header, 64 hex digits and the
// key's ID, which tells a damaged key from a sound one. A key that is missing,
// of another form or open to others is refused with exit code 5.
func ReadKey(folder *workspace.Folder, name string) (Key, error) {
	info, err := os.Lstat(folder.Path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Key{}, problem.New(problem.KeyMissing, "make one with tre init, or put the region's own key back from its safe copy",
			"no key at %s", name)
	case err != nil:
		return Key{}, problem.Wrap(err, problem.KeyMissing, "make the file readable to you alone", "cannot read the key %s", name)
	case !info.Mode().IsRegular():
		return Key{}, problem.New(problem.KeyMissing, "put the key itself there, as a file", "%s is not a regular file", name)
	case info.Mode().Perm()&0o077 != 0:
		return Key{}, problem.New(problem.KeyMissing, "chmod 600 it, and consider whether others have read it",
			"the key %s is open to other users (mode %04o)", name, info.Mode().Perm())
	}
	data, err := folder.Read(name)
	if err != nil {
		return Key{}, problem.Wrap(err, problem.KeyMissing, "make the file readable to you alone", "cannot read the key %s", name)
	}
	defer clear(data)
	return parseKey(data, name)
}

func parseKey(data []byte, name string) (Key, error) {
	wrongForm := problem.New(problem.KeyMissing, "put the region's own key back from its safe copy",
		"%s does not hold a whole key", name)
	parts := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte(" "))
	if len(parts) != 3 || string(parts[0]) != keyHeader || len(parts[1]) != hex.EncodedLen(keyBytes) {
		return Key{}, wrongForm
	}
	secret := new([keyBytes]byte)
	if _, err := hex.Decode(secret[:], parts[1]); err != nil {
		return Key{}, wrongForm // not err: it quotes a character of the key
	}
	k := keyOf(secret)
	if string(parts[2]) != k.ID() {
		return Key{}, wrongForm
	}
	return k, nil
}

// WriteKey writes a key file, readable by its owner alone. It refuses to
// overwrite: a key that was used once must never be lost.
func WriteKey(folder *workspace.Folder, name string, k Key) error {
	if folder.Exists(name) {
		return problem.New(problem.KeyMissing, "keep it, or move it away by hand if nothing depends on it",
			"a key stands at %s already", name)
	}
	line := fmt.Appendf(nil, "%s %x %s\n", keyHeader, k.reveal()[:], k.ID())
	defer clear(line)
	return folder.Write(name, line)
}

// derive makes the key of one domain: HMAC-SHA-256 over the domain's names,
// each preceded by its length.
func (k Key) derive(domain []string) []byte {
	mac := hmac.New(sha256.New, k.reveal()[:])
	for _, d := range domain {
		writeLength(mac, len(d))
		mac.Write([]byte(d))
	}
	return mac.Sum(nil)
}
