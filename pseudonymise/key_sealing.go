package pseudonymise

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
)

// KeySize is the number of bytes of a key.
const KeySize = keyBytes

// Seal lends the key's bytes to use, which seals them to whoever may open them
// later. What is lent is a copy, wiped when use returns: use must not keep it.
func (k Key) Seal(use func(secret []byte) error) error {
	lent := *k.reveal()
	defer clear(lent[:])
	return use(lent[:])
}

// KeyFromBytes makes a key of KeySize bytes that were sealed, and wipes the
// bytes it was given, whether they make a key or not. Bytes that are all zero
// are what a wiped key leaves, and are no key.
func KeyFromBytes(secret []byte) (Key, error) {
	defer clear(secret)
	if len(secret) != keyBytes {
		return Key{}, errors.New("a key has " + strconv.Itoa(keyBytes) + " bytes")
	}
	held := new([keyBytes]byte)
	copy(held[:], secret)
	if *held == [keyBytes]byte{} {
		return Key{}, errors.New("the bytes of the key are all zero")
	}
	return wipeable(held), nil
}

// wipeable holds a secret so that, once wiped, it is nil and no longer a key of
// zeros with which anybody could compute pseudonyms: using it panics.
func wipeable(secret *[keyBytes]byte) Key {
	return Key{func() *[keyBytes]byte {
		if *secret == [keyBytes]byte{} {
			return nil
		}
		return secret
	}}
}

// Wipe overwrites the key in memory. Every copy of the Key shares the memory,
// so all are wiped; using one afterwards panics. Wiping twice, or wiping the
// zero Key, does nothing.
//
// A Hasher made before stays usable: it holds what was derived from the key
// for one domain, and only the end of the process takes that away.
func (k Key) Wipe() {
	if k.reveal == nil {
		return
	}
	if secret := k.reveal(); secret != nil {
		clear(secret[:])
	}
}

// Usable reports whether the key is one: neither the zero Key nor wiped.
func (k Key) Usable() bool {
	if k.reveal == nil {
		return false
	}
	secret := k.reveal()
	return secret != nil && *secret != [keyBytes]byte{}
}

// Subkey derives another key with HKDF-SHA-256 (RFC 5869) under a label whose
// parts do not run together. Whoever holds k can derive it again; whoever holds
// only the subkey learns nothing of k or of any other subkey.
func (k Key) Subkey(label ...string) (Key, error) {
	var info strings.Builder
	info.WriteString("tre subkey v1")
	for _, part := range label {
		info.WriteString("/" + strconv.Itoa(len(part)) + ":" + part)
	}
	secret := *k.reveal()
	defer clear(secret[:])
	derived, err := hkdf.Key(sha256.New, secret[:], nil, info.String(), keyBytes)
	if err != nil {
		return Key{}, err
	}
	return KeyFromBytes(derived)
}
