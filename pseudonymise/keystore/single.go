package keystore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pseudonymise"
)

// alone names a key that belongs to no region: the one of a plain file.
const alone = "alone"

// NewSingle makes a key and seals it to recipients in an age file of its own,
// for work on plain files. A file that is there is refused. The caller wipes
// the key when done.
func NewSingle(path string, recipients []Recipient, now time.Time) (pseudonymise.Key, error) {
	folder, err := workspace.Open(filepath.Dir(path))
	if err != nil {
		return pseudonymise.Key{}, err
	}
	defer folder.Tidy()
	name := filepath.Base(path)
	if _, err := os.Lstat(path); err == nil {
		return pseudonymise.Key{}, problem.New(problem.KeyMissing, "name a file that is not there; a key in use must not be lost", "a file stands at %s already", name)
	}
	key, err := pseudonymise.NewKey()
	if err != nil {
		return key, err
	}
	now = now.UTC().Truncate(time.Second)
	plain, err := content{Name: alone, Version: 1, Purpose: Project, ID: key.ID(), Created: now, NotBefore: now}.write(key)
	defer clear(plain)
	if err != nil {
		return key, err
	}
	sealed, err := seal(plain, recipients, 1)
	if err != nil {
		return key, err
	}
	return key, folder.Write(name, sealed)
}

// OpenSingle opens a key that NewSingle sealed. A file that others can read, or
// that the keyring does not open, is refused with exit code 5.
func OpenSingle(path string, ring *Keyring) (pseudonymise.Key, error) {
	refuse := func(hint, format string) (pseudonymise.Key, error) {
		return pseudonymise.Key{}, problem.New(problem.KeyMissing, hint, format, filepath.Base(path))
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return refuse("name the key that was made with --new-key, or make one", "no key at %s")
	}
	sealed, err := readPrivate(path)
	if err != nil {
		return pseudonymise.Key{}, err
	}
	identities, _, err := ring.identities("", Description{Name: alone, Version: 1})
	if err != nil {
		return pseudonymise.Key{}, err
	}
	plain, _, err := unseal(sealed, identities)
	if _, without := errors.AsType[*age.NoIdentityMatchError](err); without {
		return refuse("open it with the identity it was sealed to: --identity FILE", "no identity given opens the key %s")
	}
	if err != nil {
		return refuse(safeCopy, "the key %s is damaged")
	}
	found, key, err := readContent(plain)
	if err != nil {
		return refuse(safeCopy, "the key %s is damaged")
	}
	if found.Region != "" || found.Name != alone {
		key.Wipe()
		return refuse("use it through its region", "%s is a key of a region")
	}
	return key, nil
}
