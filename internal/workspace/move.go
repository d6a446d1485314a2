package workspace

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Move gives a file or a folder another name within the folder, in one step:
// it stands under the one name or the other, whenever the process ends. A name
// that is taken is refused. Both folders concerned are flushed.
func (f *Folder) Move(from, to string) error {
	if f.Exists(to) {
		return fmt.Errorf("move %s: %s is there already", from, to)
	}
	if err := f.makeParents(to); err != nil {
		return err
	}
	if err := os.Rename(f.Path(from), f.Path(to)); err != nil {
		return err
	}
	// The new name first: a name too many is found, one too few is lost.
	return errors.Join(syncFolder(filepath.Dir(f.Path(to))), syncFolder(filepath.Dir(f.Path(from))))
}

// makeParents makes the folders above a name, and flushes each that it makes.
func (f *Folder) makeParents(name string) error {
	parent := path.Dir(name)
	if parent == "." || f.Exists(parent) {
		return nil
	}
	if err := f.makeParents(parent); err != nil {
		return err
	}
	if err := os.Mkdir(f.Path(parent), folderMode); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(f.Path(parent)))
}

// CopyTo copies a file, or all regular files below a name, into another folder
// under the same names. A name that does not exist copies nothing.
func (f *Folder) CopyTo(to *Folder, name string) error {
	names, err := f.Files(name)
	if err != nil {
		return err
	}
	for _, each := range names {
		if err := f.copyFile(to, each); err != nil {
			return err
		}
	}
	return nil
}

func (f *Folder) copyFile(to *Folder, name string) error {
	from, err := os.Open(f.Path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer from.Close()
	staged, err := to.Stage(name)
	if err != nil {
		return err
	}
	defer staged.Discard()
	if _, err := io.Copy(staged.file, from); err != nil { // the file itself, so that a file system that can share blocks does
		return err
	}
	return staged.Commit()
}

// Flush brings a folder, everything below it and its own name to disk, and
// makes it private.
func (f *Folder) Flush(name string) error {
	return errors.Join(syncTree(f.Path(name)), syncFolder(filepath.Dir(f.Path(name))))
}
