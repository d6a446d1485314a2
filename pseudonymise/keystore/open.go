package keystore

import (
	"errors"
	"time"

	"filippo.io/age"

	"tre/internal/problem"
	"tre/pseudonymise"
)

// Open opens a version of a key for use at a time; version 0 is the current
// one. A key that is not yet valid or retired is refused with exit code 5, as
// is one that is lost, damaged, swapped, of another region, or that the keyring
// does not fit; one that has expired is refused with exit code 4. The caller
// wipes the key when done.
func (s *Store) Open(name string, version int, at time.Time, ring *Keyring) (pseudonymise.Key, Description, error) {
	var key Description
	var err error
	if version == 0 {
		key, err = s.Current(name, at)
	} else if key, err = s.version(name, version); err == nil {
		err = key.usable(at)
	}
	if err != nil {
		return pseudonymise.Key{}, Description{}, err
	}
	return s.unlock(key, ring)
}

// OpenOld opens a version of a key whatever its dates. It is for rotation and
// recovery, which are recorded; nothing else may continue with an old key.
func (s *Store) OpenOld(name string, version int, ring *Keyring) (pseudonymise.Key, Description, error) {
	key, err := s.version(name, version)
	if err != nil {
		return pseudonymise.Key{}, Description{}, err
	}
	return s.unlock(key, ring)
}

// version finds a version of a key; 0 is the latest.
func (s *Store) version(name string, version int) (Description, error) {
	d, err := s.read()
	if err != nil {
		return Description{}, err
	}
	i := d.find(name, version)
	switch {
	case i >= 0:
		return d.Keys[i], nil
	case d.find(name, 0) < 0:
		return Description{}, unknownKey(name)
	}
	return Description{}, problem.New(problem.KeyMissing, "see which versions there are with tre key list",
		"the key %s has no version %d", name, version)
}

func (s *Store) unlock(key Description, ring *Keyring) (pseudonymise.Key, Description, error) {
	none := pseudonymise.Key{}
	d, err := s.read()
	if err != nil {
		return none, Description{}, err
	}
	sealed, sealing, err := s.sealedFile(d, key)
	if err != nil {
		return none, Description{}, err
	}
	key.Sealing, key.Next = sealing, nil
	identities, phrase, err := ring.identities(s.region, key)
	if err != nil {
		return none, Description{}, err
	}
	plain, needed, err := unseal(sealed, identities)
	if err != nil {
		return none, Description{}, refusal(err, key, ring, phrase)
	}
	found, secret, err := readContent(plain)
	if err != nil {
		return none, Description{}, problem.Wrap(err, problem.KeyMissing, safeCopy, "%s is damaged", key.File())
	}
	if err := found.mustBe(s.region, key, needed); err != nil {
		secret.Wipe()
		return none, Description{}, err
	}
	return secret, key, nil
}

// refusal says why a file could not be opened. Causes of the libraries are not
// shown: they may quote what they read.
func refusal(err error, key Description, ring *Keyring, phrase *asked) error {
	if known, ok := errors.AsType[*problem.Problem](err); ok {
		return known // somebody was asked and did not answer, or answered wrongly
	}
	_, noMatch := errors.AsType[*age.NoIdentityMatchError](err)
	switch {
	case phrase.err != nil:
		return phrase.err
	case noMatch && phrase.used:
		return wrongPassphrase("the key " + key.Label())
	case key.Custody.Needed > 1 && (noMatch || errors.Is(err, errTooFew)):
		return problem.New(problem.KeyMissing, "gather the custodians' identity files and give them together",
			"the key %s needs %d of its %d custodians together; %d came", key.Label(), key.Custody.Needed, key.Custody.Of, ring.matching(key))
	case noMatch && len(ring.sources) == 0 && ring.agent == nil:
		return problem.New(problem.KeyMissing, "name an identity file, or set TRE_IDENTITY to it; tre key list shows for whom the key is sealed",
			"the key %s is sealed and no identity was given", key.Label())
	case noMatch:
		return problem.New(problem.KeyMissing, "tre key list shows for whom the key is sealed; use one of those identities",
			"no identity given opens the key %s", key.Label())
	}
	return problem.New(problem.KeyMissing, safeCopy, "%s is damaged", key.File())
}

// mustBe compares what a file says of its key with keys.json.
func (c content) mustBe(region string, key Description, needed int) error {
	want := contentOf(region, key)
	switch {
	case c == want && needed == key.Custody.Needed:
		return nil
	case c.Region != want.Region:
		return problem.New(problem.KeyMissing, safeCopy, "%s holds a key of another region", key.File())
	case c.Name != want.Name || c.Version != want.Version || c.Purpose != want.Purpose || c.Project != want.Project || c.ID != want.ID:
		return problem.New(problem.KeyMissing, safeCopy, "%s was swapped: it holds another key", key.File())
	case c != want:
		return problem.New(problem.KeyMissing, safeCopy, "the dates of the key %s were changed in %s", key.Label(), directoryName)
	}
	return problem.New(problem.KeyMissing, safeCopy+", and ask who changed it",
		"%s opens with %d of its custodians, where %s says %d", key.File(), needed, directoryName, key.Custody.Needed)
}
