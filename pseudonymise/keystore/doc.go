// Package keystore keeps a region's keys at rest: each version of a key sealed
// in a file of its own with age (age-encryption.org/v1), and one public file
// that says what keys there are.
//
//	keys/keys.json              what each key is for, its dates, who can open it
//	keys/<name>-v<version>.age  the key, sealed
//
// keys.json holds no secret. It is bound to the sealed files both ways: it
// holds the SHA-256 of each, and what is sealed repeats the region, the name,
// the version, the purpose, the dates and the key's ID. A file put in another's
// place, or brought from another region, is refused.
//
// A key is opened with a Keyring: identity files (SSH or age), a passphrase, or
// a key that an SSH agent holds. Custody may be split, so that k of n people
// must bring their identities together.
//
// No secret is ever put into an error. What this package itself holds of a
// secret is wiped after use; age and the SSH libraries keep buffers of their
// own, which end with the process.
package keystore
