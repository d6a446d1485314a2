package workspace

import "os"

// Scratch opens a private temporary file for writing and reading. It has no
// name from the start, so it is gone when it is closed, however that comes
// about.
func (f *Folder) Scratch() (*os.File, error) {
	path, err := f.stagingPath()
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, fileMode)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
