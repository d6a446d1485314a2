package pipeline

import (
	"encoding/json"
	"errors"
	"os"
	"os/user"
	"strings"
	"time"

	"golang.org/x/crypto/ssh/agent"

	"tre/internal/problem"
	"tre/pseudonymise"
	"tre/pseudonymise/keystore"
)

// regionKey is the name of the region's key in its keystore, and plainKeyName
// where a key stands that was never sealed.
const (
	regionKey    = "region"
	plainKeyName = "keys/region.key"

	openingsName  = "logs/keys.jsonl"
	openingsLimit = 64 << 20 // bytes; some 300,000 openings
)

// Unlock is what people bring to open a region's keys.
type Unlock struct {
	Identities []string            // files: age identities or SSH private keys; none means the default one, if it is there
	Agent      agent.ExtendedAgent // nil when no SSH agent may be asked
	Ask        keystore.Ask        // for a passphrase; nil when there is nobody to ask
}

// Ring gathers what was brought.
func (u Unlock) Ring() (*keystore.Keyring, error) {
	ring := keystore.NewKeyring(u.Ask)
	files := u.Identities
	if len(files) == 0 {
		usual, err := keystore.DefaultIdentity()
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(usual); err == nil {
			files = []string{usual}
		}
	}
	for _, file := range files {
		if err := ring.AddFile(file); err != nil {
			return nil, err
		}
	}
	if u.Agent != nil {
		ring.AddAgent(u.Agent)
	}
	return ring, nil
}

// Keys is the region's keystore. It is refused while a rotation that was stopped
// in its last step is not finished: some of the region's files are then under
// the key before and some under the next.
func (r *Region) Keys() (*keystore.Store, error) {
	if swapIsReady(r.Folder) {
		return nil, unfinishedSwap(r.Folder)
	}
	return keystore.Of(r.Folder, r.Settings.ID)
}

// Keyring is what was brought to open the region's keys.
func (r *Region) Keyring() (*keystore.Keyring, error) { return r.Unlock.Ring() }

// Key opens the region's key. The caller wipes it when done. A region whose key
// lies unsealed is refused until it is sealed.
func (r *Region) Key() (pseudonymise.Key, error) {
	if r.rotation != nil {
		return r.rotation.lend()
	}
	if r.Folder.Exists(plainKeyName) {
		return pseudonymise.Key{}, notSealed(r)
	}
	return r.openKey(regionKey)
}

// KeyID gives the fingerprint of the region's key without opening it. What
// keeps the key from being used is refused here already.
func (r *Region) KeyID() (string, error) {
	if r.Folder.Exists(plainKeyName) {
		return "", notSealed(r)
	}
	store, err := r.Keys()
	if err != nil {
		return "", err
	}
	description, err := store.Current(regionKey, time.Now())
	return description.ID, err
}

func notSealed(r *Region) error {
	return problem.New(problem.KeyMissing, "seal it: tre key seal "+r.Folder.Path(), "%s is not sealed", plainKeyName)
}

func (r *Region) openKey(name string) (pseudonymise.Key, error) {
	store, err := r.Keys()
	if err != nil {
		return pseudonymise.Key{}, err
	}
	ring, err := r.Keyring()
	if err != nil {
		return pseudonymise.Key{}, err
	}
	key, description, err := store.Open(name, 0, time.Now(), ring)
	if err != nil {
		return key, err
	}
	if err := r.recordOpening(description); err != nil {
		key.Wipe()
		return pseudonymise.Key{}, err
	}
	return key, nil
}

// recordOpening writes down that a key was opened, by whom and for what, before
// it is used.
func (r *Region) recordOpening(d keystore.Description) error {
	log, err := r.Folder.Log(openingsName, openingsLimit)
	if err != nil {
		return err
	}
	who, host := os.Getenv("USER"), ""
	if known, err := user.Current(); err == nil {
		who = known.Username
	}
	host, _ = os.Hostname()
	line, err := json.Marshal(map[string]any{"time": time.Now().UTC().Format(time.RFC3339), "key": d.Label(), "fingerprint": d.ID,
		"user": who, "host": host, "command": commandName(), "program": ProgramVersion()})
	if err != nil {
		return errors.Join(err, log.Close())
	}
	_, err = log.Write(append(line, '\n'))
	return errors.Join(err, log.Close())
}

// commandName is what was typed, without what it was typed with: a path or a
// number on the command line is nobody's business later.
func commandName() string {
	var words []string
	for _, word := range os.Args[1:] {
		if strings.HasPrefix(word, "-") || strings.ContainsAny(word, "/.") || len(words) == 2 {
			break
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// ProjectKey opens a project's key: the one made for it, or else the one
// derived from the region's, which is given.
func (r *Region) ProjectKey(region pseudonymise.Key, project, purpose, version string) (pseudonymise.Key, error) {
	store, err := r.Keys()
	if err != nil {
		return pseudonymise.Key{}, err
	}
	name := ProjectKeyName(project)
	if _, err := store.Current(name, time.Now()); err != nil {
		all, listErr := store.List()
		for _, d := range all {
			if d.Name == name { // it is there, and may not be used
				return pseudonymise.Key{}, err
			}
		}
		if listErr != nil {
			return pseudonymise.Key{}, listErr
		}
		return region.Subkey("project", project, purpose, version)
	}
	return r.openKey(name)
}

// ProjectKeyName is the name of a project's own key in the keystore, where
// names have no capitals.
func ProjectKeyName(project string) string { return "project-" + strings.ToLower(project) }

// SealRegionKey makes a new region's key and seals it to recipients, needed of
// whom must come together to open it.
func SealRegionKey(r *Region, recipients []keystore.Recipient, needed int) (keystore.Description, error) {
	store, err := r.Keys()
	if err != nil {
		return keystore.Description{}, err
	}
	key, description, err := store.New(keystore.Spec{Name: regionKey, Purpose: keystore.Region, Created: time.Now(), Recipients: recipients, Needed: needed})
	if err == nil {
		key.Wipe()
	}
	return description, err
}

// SealPlainKey brings a region's unsealed key into its keystore and takes the
// unsealed file away.
func SealPlainKey(r *Region, recipients []keystore.Recipient, needed int) (keystore.Description, error) {
	key, err := pseudonymise.ReadKey(r.Folder, plainKeyName)
	if err != nil {
		return keystore.Description{}, err
	}
	defer key.Wipe()
	store, err := r.Keys()
	if err != nil {
		return keystore.Description{}, err
	}
	sealed, description, err := store.New(keystore.Spec{Name: regionKey, Purpose: keystore.Region, Created: time.Now(), Recipients: recipients, Needed: needed, Key: &key})
	if err != nil {
		return keystore.Description{}, err
	}
	sealed.Wipe()
	return description, r.Folder.Remove(plainKeyName)
}

// examineKey looks at the sealed files, and tries whether the key opens.
func examineKey(region *Region) ([]Finding, error) {
	store, err := region.Keys()
	if err != nil {
		return []Finding{{false, err.Error()}}, nil
	}
	var findings []Finding
	for _, wrong := range store.Check() {
		findings = append(findings, Finding{false, wrong.Error()})
	}
	if len(findings) > 0 {
		return findings, nil
	}
	key, err := region.Key()
	if err != nil {
		return []Finding{{false, err.Error()}}, nil
	}
	key.Wipe()
	return []Finding{{true, "the key is whole, sealed, and opens"}}, nil
}

// newRegionID names a region for its keys, by chance.
func newRegionID() (string, error) {
	key, err := pseudonymise.NewKey()
	if err != nil {
		return "", errors.Join(errors.New("name the region"), err)
	}
	defer key.Wipe()
	return key.ID(), nil
}
