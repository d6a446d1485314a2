package keystore

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"time"

	"tre/internal/problem"
	"tre/pseudonymise"
)

// Spec says which key to make.
type Spec struct {
	Name    string
	Purpose Purpose
	Project string // of a project key

	Created   time.Time // now, as the caller's clock says
	NotBefore time.Time // zero: from Created
	Expires   time.Time // zero: never

	Recipients []Recipient
	Needed     int // how many recipients must come together; 0 and 1: any one

	// From, when given, is the region's key, from which the new one is derived
	// with HKDF under the region, project, purpose and version; otherwise the
	// key is generated. A derived key can be made again from the region's; for
	// the same reason it is open to whoever holds that.
	From *pseudonymise.Key

	// Key, when given, is an existing key to bring in as it is.
	Key *pseudonymise.Key
}

// New makes and seals the first version of a key. The caller wipes the key when
// done.
func (s *Store) New(spec Spec) (pseudonymise.Key, Description, error) {
	d, err := s.readOrBegin()
	if err != nil {
		return pseudonymise.Key{}, Description{}, err
	}
	if d.find(spec.Name, 0) >= 0 {
		return pseudonymise.Key{}, Description{}, problem.New(problem.KeyMissing, "use it, or make its next version with tre key rotate",
			"there is a key named %s already", spec.Name)
	}
	return s.add(d, spec, 1)
}

// Rotate makes and seals the next version of a key. Purpose and project stay;
// recipients and custody stay unless the spec gives recipients. Earlier versions
// stay too, until they are retired.
func (s *Store) Rotate(spec Spec) (pseudonymise.Key, Description, error) {
	d, err := s.read()
	if err != nil {
		return pseudonymise.Key{}, Description{}, err
	}
	i := d.find(spec.Name, 0)
	if i < 0 {
		return pseudonymise.Key{}, Description{}, unknownKey(spec.Name)
	}
	last := d.Keys[i]
	spec.Purpose, spec.Project = last.Purpose, last.Project
	if len(spec.Recipients) == 0 {
		if spec.Recipients, err = parseRecipients(last.Recipients); err != nil {
			return pseudonymise.Key{}, Description{}, err
		}
		spec.Needed = last.Custody.Needed
	}
	return s.add(d, spec, last.Version+1)
}

// add seals a key, then writes it into keys.json, so that keys.json never names
// a key that is not there.
func (s *Store) add(d directory, spec Spec, version int) (pseudonymise.Key, Description, error) {
	key, entry, err := s.prepare(spec, version)
	if err != nil {
		return pseudonymise.Key{}, Description{}, err
	}
	sealed, err := s.seal(entry, key, spec.Recipients)
	if err == nil {
		entry.SHA256 = digestOf(sealed)
		err = s.keep(d, entry, sealed)
	}
	if err != nil {
		key.Wipe()
		return pseudonymise.Key{}, Description{}, err
	}
	return key, entry, nil
}

func (s *Store) keep(d directory, entry Description, sealed []byte) error {
	d.Keys = append(slices.Clone(d.Keys), entry)
	slices.SortFunc(d.Keys, func(a, b Description) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.Version-b.Version)
	})
	text, err := d.text()
	if err != nil {
		return err
	}
	if _, err := readDirectory(text); err != nil {
		return problem.Wrap(err, problem.Usage, "choose another name, date or recipient", "the key %s cannot be added", entry.Label())
	}
	if s.folder.Exists(entry.File()) {
		return problem.New(problem.KeyMissing,
			"put back the keys.json that knows it; if it is what a stopped command left, move it away by hand",
			"%s is there already and %s does not know it", entry.File(), directoryName)
	}
	if err := s.folder.Write(entry.File(), sealed); err != nil {
		return err
	}
	return s.write(d)
}

// prepare makes the key and its description, as yet without a digest.
func (s *Store) prepare(spec Spec, version int) (pseudonymise.Key, Description, error) {
	if spec.Needed == 0 {
		spec.Needed = 1
	}
	if err := sealable(spec.Recipients, spec.Needed); err != nil {
		return pseudonymise.Key{}, Description{}, err
	}
	created, notBefore := seconds(spec.Created), seconds(spec.NotBefore)
	if notBefore.IsZero() {
		notBefore = created
	}
	key, origin, err := s.make(spec, version)
	if err != nil {
		return pseudonymise.Key{}, Description{}, err
	}
	return key, Description{
		Name: spec.Name, Version: version, Purpose: spec.Purpose, Project: spec.Project, ID: key.ID(), Origin: origin,
		Created: created, NotBefore: notBefore, Expires: seconds(spec.Expires),
		Sealing: Sealing{Custody: Custody{Needed: spec.Needed, Of: len(spec.Recipients)}, Recipients: publicOf(spec.Recipients)},
	}, nil
}

func seconds(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

// make gives the secret: brought in, derived or generated.
func (s *Store) make(spec Spec, version int) (pseudonymise.Key, string, error) {
	for _, given := range []*pseudonymise.Key{spec.Key, spec.From} {
		if given != nil && !given.Usable() {
			return pseudonymise.Key{}, "", errors.New("keystore: a wiped key was given")
		}
	}
	switch {
	case spec.Key != nil:
		// A copy of its own: the caller may wipe the original.
		var own pseudonymise.Key
		err := spec.Key.Seal(func(secret []byte) error {
			var err error
			own, err = pseudonymise.KeyFromBytes(secret)
			return err
		})
		return own, "brought in", err
	case spec.From != nil:
		key, err := spec.From.Subkey("key of a region", s.region, string(spec.Purpose), spec.Project, spec.Name, strconv.Itoa(version))
		return key, "derived from " + spec.From.ID(), err
	}
	key, err := pseudonymise.NewKey()
	return key, "generated", err
}

// sealable refuses recipients nothing can be sealed to, before a key is made.
func sealable(recipients []Recipient, needed int) error {
	if err := checkTogether(recipients, needed); err != nil {
		return problem.Wrap(err, problem.Usage, "name other recipients", "the key cannot be sealed")
	}
	for _, r := range recipients {
		if r.age == nil {
			return problem.New(problem.Usage, "give the passphrase again, or other recipients",
				"the key is sealed to a passphrase, which is kept nowhere")
		}
	}
	return nil
}

func (s *Store) seal(entry Description, key pseudonymise.Key, recipients []Recipient) ([]byte, error) {
	plain, err := contentOf(s.region, entry).write(key)
	defer clear(plain)
	if err != nil {
		return nil, err
	}
	sealed, err := seal(plain, recipients, entry.Custody.Needed)
	if err != nil {
		return nil, problem.New(problem.Usage, "a post-quantum recipient cannot stand beside others of the usual kinds",
			"age refuses these recipients together")
	}
	return sealed, nil
}

// Retire sets a version (0: the latest) aside from a time on. Its file stays, for recovery.
func (s *Store) Retire(name string, version int, at time.Time) error {
	d, err := s.read()
	if err != nil {
		return err
	}
	i := d.find(name, version)
	if i < 0 {
		_, err := s.version(name, version)
		return err
	}
	if !d.Keys[i].Retired.IsZero() {
		return problem.New(problem.KeyMissing, "see which versions there are with tre key list", "the key %s was retired on %s", d.Keys[i].Label(), d.Keys[i].Retired.Format(time.DateOnly))
	}
	d.Keys[i].Retired = seconds(at)
	return s.write(d)
}

// Reseal opens a version, whatever its dates, and seals it to other recipients:
// when a custodian leaves, or a passphrase or an SSH key is replaced. Who could
// open the old file and kept a copy of it still can: rotate when that matters.
func (s *Store) Reseal(name string, version int, ring *Keyring, recipients []Recipient, needed int) (Description, error) {
	if needed == 0 {
		needed = 1
	}
	if err := sealable(recipients, needed); err != nil {
		return Description{}, err
	}
	key, entry, err := s.OpenOld(name, version, ring)
	if err != nil {
		return Description{}, err
	}
	defer key.Wipe()
	entry.Sealing = Sealing{Custody: Custody{Needed: needed, Of: len(recipients)}, Recipients: publicOf(recipients)}
	sealed, err := s.seal(entry, key, recipients)
	if err != nil {
		return Description{}, err
	}
	return s.replace(entry, sealed)
}

// replace puts a new sealed file in the place of the old. Between the two
// writes keys.json knows both, so that a command stopped there locks nobody out.
func (s *Store) replace(entry Description, sealed []byte) (Description, error) {
	d, err := s.read()
	if err != nil {
		return Description{}, err
	}
	entry.SHA256 = digestOf(sealed)
	i := d.find(entry.Name, entry.Version)
	d.Keys[i].Next = &entry.Sealing
	if err := s.write(d); err != nil {
		return Description{}, err
	}
	if err := s.folder.Write(entry.File(), sealed); err != nil {
		return Description{}, err
	}
	d.Keys[i] = entry
	return entry, s.write(d)
}

// readOrBegin reads keys.json, or begins one where no key was ever made.
func (s *Store) readOrBegin() (directory, error) {
	if !s.Exists() {
		return directory{Format: directoryFormat, Region: s.region}, s.private()
	}
	return s.read()
}
