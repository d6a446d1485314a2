package keystore

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"tre/internal/problem"
	"tre/internal/workspace"
)

const (
	folderName    = "keys"
	directoryName = folderName + "/keys.json"
	safeCopy      = "put it back from the safe copy of the folder keys"
)

// Store is the folder keys of a region. Change it only while holding the lock
// of the region's folder.
type Store struct {
	folder *workspace.Folder
	region string
}

// Of gives the keystore of a region. The region's id becomes part of what is
// sealed: a key of another region is refused.
func Of(folder *workspace.Folder, region string) (*Store, error) {
	if !regionForm.MatchString(region) {
		return nil, problem.New(problem.Usage, "give the region a name of one line", "the region has no name")
	}
	return &Store{folder, region}, nil
}

// Exists reports whether any key was made here.
func (s *Store) Exists() bool { return s.folder.Exists(directoryName) }

// List gives all versions of all keys, by name and version, from keys.json. It
// opens nothing.
func (s *Store) List() ([]Description, error) {
	d, err := s.read()
	return d.Keys, err
}

// Current describes the version of a key in use at a time: the latest that is
// valid then and not retired. Where there is none, the error says what keeps
// the latest from being used.
func (s *Store) Current(name string, at time.Time) (Description, error) {
	d, err := s.read()
	if err != nil {
		return Description{}, err
	}
	last := d.find(name, 0)
	if last < 0 {
		return Description{}, unknownKey(name)
	}
	for i := last; i >= 0 && d.Keys[i].Name == name; i-- {
		if d.Keys[i].usable(at) == nil {
			return d.Keys[i], nil
		}
	}
	return Description{}, d.Keys[last].usable(at)
}

// Check examines every sealed file without opening it, and says what is wrong:
// files lost, changed, open to others, or not in keys.json.
func (s *Store) Check() []error {
	d, err := s.read()
	if err != nil {
		return []error{err}
	}
	var found []error
	known := map[string]bool{directoryName: true}
	for _, key := range d.Keys {
		known[key.File()] = true
		if _, _, err := s.sealedFile(d, key); err != nil {
			found = append(found, err)
		}
	}
	names, err := s.folder.Files(folderName)
	if err != nil {
		return append(found, err)
	}
	for _, name := range names {
		if !known[name] {
			found = append(found, problem.New(problem.KeyMissing, "move it away by hand, once you know what it is",
				"%s stands among the keys and is none of them", name))
		}
	}
	return found
}

func unknownKey(name string) error {
	return problem.New(problem.KeyMissing, "see which keys there are with tre key list", "there is no key named %s", name)
}

// usable says why a key may not be used at a time, or nil.
func (d Description) usable(at time.Time) error {
	const rotate = "make the next version with tre key rotate"
	switch {
	case !d.Retired.IsZero() && !at.Before(d.Retired):
		return problem.New(problem.KeyMissing, "use a later version, or "+rotate,
			"the key %s was retired on %s", d.Label(), d.Retired.Format(time.DateOnly))
	case at.Before(d.NotBefore):
		return problem.New(problem.KeyMissing, "wait, or use an earlier version",
			"the key %s is not valid before %s", d.Label(), d.NotBefore.Format(time.RFC3339))
	case !d.Expires.IsZero() && !at.Before(d.Expires):
		return problem.New(problem.PolicyRefuse, "ask information governance; "+rotate,
			"the key %s expired at %s", d.Label(), d.Expires.Format(time.RFC3339))
	}
	return nil
}

// read reads keys.json, refusing a folder that others can look into.
func (s *Store) read() (directory, error) {
	if err := s.private(); err != nil {
		return directory{}, err
	}
	data, err := s.folder.Read(directoryName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return directory{}, problem.New(problem.KeyMissing, "make the first key with tre init, or "+safeCopy,
			"there are no keys: %s is missing", directoryName)
	case err != nil:
		return directory{}, problem.Wrap(err, problem.KeyMissing, "make it readable to you alone", "cannot read %s", directoryName)
	}
	d, err := readDirectory(data)
	if err != nil {
		return directory{}, problem.Wrap(err, problem.KeyMissing, safeCopy, "%s is damaged", directoryName)
	}
	if d.Region != s.region {
		return directory{}, problem.New(problem.KeyMissing, "put back this region's own folder keys, or give the region its name again",
			"%s belongs to another region", directoryName)
	}
	return d, nil
}

// private refuses a keys folder that is open to others.
func (s *Store) private() error {
	info, err := os.Lstat(s.folder.Path(folderName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // there are no keys; what is asked of them says so
	case err != nil:
		return problem.Wrap(err, problem.KeyMissing, "make it readable to you alone", "cannot look at the folder %s", folderName)
	case !info.IsDir():
		return problem.New(problem.KeyMissing, safeCopy, "%s is not a folder", folderName)
	case info.Mode().Perm()&0o077 != 0:
		return problem.New(problem.KeyMissing, "chmod 700 it, and consider whether others have copied the keys",
			"the folder %s is open to other users (mode %04o)", folderName, info.Mode().Perm())
	}
	return nil
}

func (s *Store) write(d directory) error {
	data, err := d.text()
	if err != nil {
		return err
	}
	if _, err := readDirectory(data); err != nil {
		return problem.Wrap(err, problem.Usage, "choose another name, date or recipient", "the key cannot be described")
	}
	return s.folder.Write(directoryName, data)
}

// sealedFile reads a key's file, checks that it is the one described, and says
// how it is sealed.
func (s *Store) sealedFile(d directory, key Description) ([]byte, Sealing, error) {
	if err := s.privateFile(key); err != nil {
		return nil, Sealing{}, err
	}
	data, err := s.folder.Read(key.File())
	if err != nil {
		return nil, Sealing{}, problem.Wrap(err, problem.KeyMissing, "make it readable to you alone", "cannot read %s", key.File())
	}
	sealing, err := d.sealingOf(data, key)
	return data, sealing, err
}

func (s *Store) privateFile(key Description) error {
	name := key.File()
	info, err := os.Lstat(s.folder.Path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return problem.New(problem.KeyMissing, safeCopy+"; without it nothing sealed or hashed with this key can be continued",
			"the key %s is lost: %s is missing", key.Label(), name)
	case err != nil:
		return problem.Wrap(err, problem.KeyMissing, "make it readable to you alone", "cannot look at %s", name)
	case !info.Mode().IsRegular() || info.Size() > largestSealed:
		return problem.New(problem.KeyMissing, safeCopy, "%s is not a sealed key", name)
	case info.Mode().Perm()&0o077 != 0:
		return problem.New(problem.KeyMissing, "chmod 600 it, and consider whether others have copied it",
			"%s is open to other users (mode %04o)", name, info.Mode().Perm())
	}
	return nil
}

// sealingOf compares a sealed file with its digest, and with those of other keys.
func (d directory) sealingOf(data []byte, key Description) (Sealing, error) {
	sum := digestOf(data)
	switch {
	case sum == key.SHA256:
		return key.Sealing, nil
	case key.Next != nil && sum == key.Next.SHA256:
		return *key.Next, nil
	}
	if i := slices.IndexFunc(d.Keys, func(other Description) bool { return other.SHA256 == sum }); i >= 0 {
		return Sealing{}, problem.New(problem.KeyMissing, safeCopy, "%s was swapped: it holds the key %s", key.File(), d.Keys[i].Label())
	}
	return Sealing{}, problem.New(problem.KeyMissing, safeCopy, "%s is damaged or was replaced: it is not the file that %s describes",
		key.File(), directoryName)
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
