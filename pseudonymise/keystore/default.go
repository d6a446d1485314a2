package keystore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"tre/internal/problem"
	"tre/internal/workspace"
)

// DefaultIdentity names the identity file used when none is given:
// $TRE_IDENTITY; else identity.txt in the folder tre of $XDG_CONFIG_HOME, or of
// .config in the home folder. The file may be missing.
func DefaultIdentity() (string, error) {
	if path := os.Getenv("TRE_IDENTITY"); path != "" {
		return path, nil
	}
	config := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) { // as the XDG Base Directory Specification has it
		home, err := os.UserHomeDir()
		if err != nil {
			return "", problem.New(problem.KeyMissing, "set TRE_IDENTITY to your identity file", "there is no home folder to look for an identity in")
		}
		config = filepath.Join(home, ".config")
	}
	return filepath.Join(config, "tre", "identity.txt"), nil
}

// EnsureDefault makes the default identity when it is missing: an age identity,
// readable by its owner alone, in a private folder. It gives the recipient of
// the default identity, its file, and whether it was made now.
func EnsureDefault() (r Recipient, path string, made bool, err error) {
	if path, err = DefaultIdentity(); err != nil {
		return Recipient{}, "", false, err
	}
	switch _, err = os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		r, err = writeIdentity(path)
		return r, path, err == nil, err
	case err != nil:
		return Recipient{}, path, false, problem.Wrap(err, problem.KeyMissing, "make it readable to you alone", "cannot look at %s", path)
	}
	r, err = RecipientOf(path)
	return r, path, false, err
}

// RecipientOf gives the public half of an identity file. It asks for no
// passphrase: an identity whose public half is behind one is refused.
func RecipientOf(path string) (Recipient, error) {
	sources, err := NewKeyring(nil).readIdentities(path)
	if err != nil {
		return Recipient{}, err
	}
	if sources[0].public == "" {
		return Recipient{}, noIdentity(path)
	}
	return ParseRecipient(sources[0].public)
}

func writeIdentity(path string) (Recipient, error) {
	// The folder first: the identity must not lie where others can replace it.
	folder, err := workspace.Create(filepath.Dir(path))
	if err != nil {
		return Recipient{}, problem.Wrap(err, problem.KeyMissing, "set TRE_IDENTITY to your identity file", "cannot make the folder of %s", path)
	}
	if info, err := os.Stat(folder.Path()); err != nil || info.Mode().Perm()&0o022 != 0 {
		return Recipient{}, problem.New(problem.KeyMissing, "chmod 700 it, or set TRE_IDENTITY to a file in a private folder",
			"others can write in the folder of %s", path)
	}
	// Another process may be making it at this moment: it must not be replaced.
	lock, err := folder.Lock()
	if err != nil {
		return Recipient{}, problem.Wrap(err, problem.KeyMissing, "try again in a moment", "another process is making %s", path)
	}
	defer lock.Release()
	if _, err := os.Stat(path); err == nil {
		return RecipientOf(path)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return Recipient{}, err
	}
	public := identity.Recipient().String()
	text := []byte("# The identity with which tre opens keys. Whoever has this file can open them:\n" +
		"# keep a safe copy, and show it to nobody.\n# public key: " + public + "\n" + identity.String() + "\n")
	defer clear(text)
	if err := folder.Write(filepath.Base(path), text); err != nil {
		return Recipient{}, problem.Wrap(err, problem.KeyMissing, "set TRE_IDENTITY to a file that can be written", "cannot write %s", path)
	}
	folder.Tidy()
	return ParseRecipient(public)
}
