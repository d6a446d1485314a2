package workspace

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Staged is a file or a folder being made. Nothing is seen under its final
// name until Commit; Discard throws it away and is safe after Commit.
type Staged struct {
	file  *os.File // nil for a staged path or folder
	from  string
	to    string
	ended bool
}

// Stage begins a file to be written through the returned writer.
func (f *Folder) Stage(name string) (*Staged, error) {
	s, err := f.StagePath(name)
	if err != nil {
		return nil, err
	}
	s.file, err = os.OpenFile(s.from, os.O_CREATE|os.O_EXCL|os.O_RDWR, fileMode)
	return s, err
}

// StagePath begins a file that something else (DuckDB) will write at Path.
func (f *Folder) StagePath(name string) (*Staged, error) {
	from, err := f.stagingPath()
	if err != nil {
		return nil, err
	}
	return &Staged{from: from, to: f.Path(name)}, nil
}

// StageFolder begins a folder to be filled at Path; on Commit it replaces
// whatever stands under the name.
func (f *Folder) StageFolder(name string) (*Staged, error) {
	s, err := f.StagePath(name)
	if err != nil {
		return nil, err
	}
	return s, os.Mkdir(s.from, folderMode)
}

// Path is where the staged file or folder is now.
func (s *Staged) Path() string { return s.from }

// Write appends to a file begun with Stage.
func (s *Staged) Write(p []byte) (int, error) { return s.file.Write(p) }

// Commit flushes what was staged and gives it its final name.
func (s *Staged) Commit() error {
	if err := s.flush(); err != nil {
		return err
	}
	parent := filepath.Dir(s.to)
	if err := os.MkdirAll(parent, folderMode); err != nil {
		return err
	}
	if err := s.replace(); err != nil {
		return err
	}
	s.ended = true
	return syncFolder(parent)
}

// Discard removes what was staged unless it was committed.
func (s *Staged) Discard() {
	if s.ended {
		return
	}
	s.ended = true
	if s.file != nil {
		_ = s.file.Close()
	}
	_ = os.RemoveAll(s.from)
}

func (s *Staged) flush() error {
	if s.file != nil {
		if err := s.file.Sync(); err != nil {
			return err
		}
		return s.file.Close()
	}
	return syncTree(s.from)
}

// replace renames over the final name. A folder cannot be renamed over a
// folder that holds files, so the old one is moved into staging first; a crash
// between the two renames leaves the name absent, which a run sees as work
// still to do, never as half a folder.
func (s *Staged) replace() error {
	info, err := os.Lstat(s.from)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return os.Rename(s.from, s.to)
	}
	old := s.from + ".old"
	if err := os.Rename(s.to, old); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Rename(s.from, s.to); err != nil {
		return err
	}
	return os.RemoveAll(old)
}

// syncTree flushes a file, or every file and folder below a folder, and makes
// them private: DuckDB creates files with the process's own mask.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := os.FileMode(fileMode)
		if d.IsDir() {
			mode = folderMode
		}
		if err := os.Chmod(path, mode); err != nil {
			return err
		}
		return syncFolder(path)
	})
}

// syncFolder flushes a file or a folder by opening it for reading, which is
// enough for fsync on Linux and macOS.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
