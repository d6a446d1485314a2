package clk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"tre/internal/problem"
)

const (
	leastSecret = 16
	mostSecret  = 4096
	masked      = "[secret]"
)

// Secret is what both partners hold and the matcher must not. It cannot be
// printed: every formatting verb, JSON, text and slog show a mask, and the bytes
// stand behind a function, which no printer can call. The zero Secret is none.
type Secret struct {
	reveal func() []byte
}

// NewSecret keeps the given bytes, which Wipe will overwrite, as a secret. It
// must have 16 to 4,096 of them.
func NewSecret(secret []byte) (Secret, error) {
	if len(secret) < leastSecret || len(secret) > mostSecret {
		return Secret{}, problem.New(problem.KeyMissing, "a secret of 32 random bytes, as text: openssl rand -base64 32",
			"the secret has not between %d and %d bytes", leastSecret, mostSecret)
	}
	return Secret{func() []byte { return secret }}, nil
}

// Wipe overwrites the secret, which encodes nothing afterwards. What was
// derived from it belongs to an Encoder, whose Wipe removes that.
func (s *Secret) Wipe() {
	if s.reveal != nil {
		clear(s.reveal())
		s.reveal = nil
	}
}

// Format masks the secret for every verb of fmt.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(masked)) }

// String masks the secret.
func (s Secret) String() string { return masked }

// GoString masks the secret.
func (s Secret) GoString() string { return masked }

// LogValue masks the secret in structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText masks the secret in JSON, XML and everything else that marshals.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// ReadSecret reads a secret from a file that its owner alone can read. One line
// break at the end is not part of the secret: editors put it there.
func ReadSecret(path string) (Secret, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Secret{}, problem.New(problem.KeyMissing, "put the secret that you agreed with your partner there", "no secret at %s", path)
	case err != nil:
		return Secret{}, problem.Wrap(err, problem.KeyMissing, "make the file readable to you alone", "cannot read the secret %s", path)
	case !info.Mode().IsRegular():
		return Secret{}, problem.New(problem.KeyMissing, "put the secret itself there, as a file", "%s is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return Secret{}, problem.New(problem.KeyMissing, "chmod 600 it, and consider whether others have read it",
			"the secret %s is open to other users (mode %04o)", path, info.Mode().Perm())
	}
	file, err := os.Open(path)
	if err != nil {
		return Secret{}, problem.Wrap(err, problem.KeyMissing, "make the file readable to you alone", "cannot read the secret %s", path)
	}
	defer file.Close()
	// Read into one place, so that one place is to be wiped.
	room := make([]byte, mostSecret+2)
	n, err := io.ReadFull(file, room)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		clear(room)
		return Secret{}, problem.Wrap(err, problem.KeyMissing, "make the file readable to you alone", "cannot read the secret %s", path)
	}
	secret, err := NewSecret(bytes.TrimSuffix(bytes.TrimSuffix(room[:n], []byte("\n")), []byte("\r")))
	if err != nil {
		clear(room)
		return Secret{}, fmt.Errorf("%s: %w", path, err)
	}
	return secret, nil
}
