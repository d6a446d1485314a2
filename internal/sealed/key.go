// Package sealed writes and reads the files of the identified zone: Parquet
// with the format's own modular encryption (AES-GCM, every page, the statistics
// and the footer), so that a file is useless without its key and opens in any
// Parquet tool that is given the key.
//
// DuckDB can neither write such files securely without an extension nor read
// these. Rows therefore pass between it and the files as Arrow batches in
// memory, and a database that holds identity must have no folder to spill into.
//
// A file's name in the region is bound to it as additional authenticated data:
// one file cannot be put in another's place.
package sealed

import (
	"fmt"
	"log/slog"

	"github.com/apache/arrow-go/v18/parquet"
)

// KeyBytes is the length of a key: AES-256.
const KeyBytes = 32

const masked = "[secret key]"

// Key seals and opens files. It cannot be printed. The zero Key leaves files
// as they are, for those who work on plain files.
type Key struct {
	reveal func() *[KeyBytes]byte // a function: no printer can call it
	id     string
}

// NewKey makes a key of a secret, which stays the caller's to wipe. The id is
// written beside the ciphertext, so that a reader can tell which key it needs.
func NewKey(secret *[KeyBytes]byte, id string) Key {
	return Key{reveal: func() *[KeyBytes]byte { return secret }, id: id}
}

// None reports whether there is no key.
func (k Key) None() bool { return k.reveal == nil }

// ID is the name of the key, safe to show.
func (k Key) ID() string { return k.id }

// Wipe clears the secret. A wiped key opens nothing, and neither does any copy
// of it.
func (k Key) Wipe() {
	if !k.None() {
		clear(k.reveal()[:])
	}
}

// Format masks the key for every verb of fmt.
func (k Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(masked)) }

// LogValue masks the key in structured logs.
func (k Key) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText masks the key in JSON and everything else that marshals.
func (k Key) MarshalText() ([]byte, error) { return []byte(masked), nil }

// secret gives the bytes as the library takes them. A wiped key would be one
// of zeros, which anybody has.
func (k Key) secret() string {
	secret := k.reveal()
	if *secret == [KeyBytes]byte{} {
		panic("sealed: a key was used after it was wiped")
	}
	return string(secret[:])
}

// Encryption seals the file of a name. Nil when there is no key.
func (k Key) Encryption(name string) *parquet.FileEncryptionProperties {
	if k.None() {
		return nil
	}
	return parquet.NewFileEncryptionProperties(k.secret(), parquet.WithFooterKeyMetadata(k.id), parquet.WithAadPrefix(name))
}

// decryption opens the file of a name.
func (k Key) decryption(name string) *parquet.FileDecryptionProperties {
	return parquet.NewFileDecryptionProperties(parquet.WithFooterKey(k.secret()), parquet.WithPrefixVerifier(prefixOf(name)))
}

// prefixOf is the name that a file's authenticated data must begin with.
type prefixOf string

// Verify panics where the name is another's: the library has no other way to
// say no, and Load turns it into an error.
func (p prefixOf) Verify(prefix string) {
	if prefix != string(p) {
		panic(errOtherFile)
	}
}
