// Package workspace is the region's folder on disk, and the only package that
// writes files.
//
// A file appears whole or not at all: it is written under a staging name in
// the folder's own .staging, flushed to disk, renamed to its final name, and
// the folder that holds it is flushed too. DuckDB's COPY TO does none of this,
// so its output is written to a staged path and committed here. A Log, which
// grows while it is read, is the one exception.
//
// Everything is private: files 0600, folders 0700. One process writes at a
// time, held by Lock.
package workspace

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"tre/internal/problem"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
	staging    = ".staging"
)

// Folder is a folder that tre owns. Names are slash-separated and relative to
// it; a name that would leave the folder is refused.
type Folder struct {
	path string
}

// Create makes the folder, private, with its parents, and opens it. A folder
// that already exists is opened.
func Create(path string) (*Folder, error) {
	if err := os.MkdirAll(path, folderMode); errors.Is(err, syscall.ENOTDIR) {
		return nil, problem.New(problem.Usage, "name a folder, not a file", "%s is not a folder", path)
	} else if err != nil {
		return nil, fmt.Errorf("create folder: %w", err)
	}
	return Open(path)
}

// Open opens a folder that exists.
func Open(path string) (*Folder, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name a folder that exists", "cannot open folder %s", path)
	}
	if !info.IsDir() {
		return nil, problem.New(problem.Usage, "name a folder, not a file", "%s is not a folder", path)
	}
	// A folder may be reached by a link, as to a larger disk; below it none is
	// followed.
	resolved, err := filepath.EvalSymlinks(abs)
	return &Folder{path: resolved}, err
}

// Path gives the absolute path of a name. It panics on a name that leaves the
// folder, which only a programming mistake can produce: names from outside
// pass ValidName first.
func (f *Folder) Path(name ...string) string {
	joined := filepath.Join(name...)
	if joined != "" && !filepath.IsLocal(joined) {
		panic("workspace: name leaves the folder")
	}
	return filepath.Join(f.path, joined)
}

// ValidName reports whether a name from outside stays inside the folder and
// holds no control characters.
func ValidName(name string) bool {
	if !filepath.IsLocal(name) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// Exists reports whether a name exists.
func (f *Folder) Exists(name string) bool {
	_, err := os.Lstat(f.Path(name))
	return err == nil
}

// Read reads a whole file.
func (f *Folder) Read(name string) ([]byte, error) { return os.ReadFile(f.Path(name)) }

// Files lists the regular files under a name, sorted, as names relative to
// the folder. A name that does not exist gives none.
func (f *Folder) Files(under string) ([]string, error) {
	return f.list(under, fs.FileMode.IsRegular)
}

// Irregular lists what stands under a name and is neither a file nor a folder,
// such as a link, as Files does.
func (f *Folder) Irregular(under string) ([]string, error) {
	return f.list(under, func(t fs.FileMode) bool { return !t.IsRegular() && !t.IsDir() })
}

func (f *Folder) list(under string, want func(fs.FileMode) bool) ([]string, error) {
	var names []string
	err := filepath.WalkDir(f.Path(under), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !want(d.Type()) {
			return err
		}
		rel, err := filepath.Rel(f.path, path)
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return names, err
}

// Remove deletes a file or a whole folder by name and flushes its parent. A
// name that does not exist is no error.
func (f *Folder) Remove(name string) error {
	path := f.Path(name)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// MakeFolder makes a private folder by name, with its parents.
func (f *Folder) MakeFolder(name string) error { return os.MkdirAll(f.Path(name), folderMode) }

// Write writes a whole small file: it appears with all of data or not at all.
func (f *Folder) Write(name string, data []byte) error {
	s, err := f.Stage(name)
	if err != nil {
		return err
	}
	defer s.Discard()
	if _, err := s.Write(data); err != nil {
		return err
	}
	return s.Commit()
}

// Tidy takes away the folder in which files were staged when it is empty. A
// folder that is no region, where a command wrote one file, need not keep it.
func (f *Folder) Tidy() {
	_ = os.Remove(filepath.Join(f.path, staging)) // it may hold another command's file, and does no harm
}

// ClearStaging removes what a killed run left half written. Call it only
// while holding the lock.
func (f *Folder) ClearStaging() error { return os.RemoveAll(filepath.Join(f.path, staging)) }

func (f *Folder) stagingPath() (string, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	folder := filepath.Join(f.path, staging)
	if err := os.MkdirAll(folder, folderMode); err != nil {
		return "", err
	}
	return filepath.Join(folder, hex.EncodeToString(b[:])), nil
}
