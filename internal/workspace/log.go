package workspace

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Log is a file that only grows, by whole lines. Unlike every other file it is
// seen while it is written: it is for people who ask what went on, and nothing
// reads it back.
type Log struct{ file *os.File }

// Log opens a log for appending. One that has reached limit bytes is set
// aside first as NAME.1.EXT, in place of the one set aside before, so a log
// takes little more than twice the limit. A line that a killed process left
// unfinished is ended, so that what follows stands on lines of its own. Call
// it only while holding the lock.
func (f *Folder) Log(name string, limit int64) (*Log, error) {
	path := f.Path(name)
	if err := os.MkdirAll(filepath.Dir(path), folderMode); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Size() >= limit:
		extension := filepath.Ext(path)
		if err := os.Rename(path, strings.TrimSuffix(path, extension)+".1"+extension); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, err
	}
	if err := endLine(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Log{file}, nil
}

// endLine appends a newline unless the file is empty or ends with one.
func endLine(file *os.File) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return err
	}
	last := make([]byte, 1)
	if _, err := file.ReadAt(last, size-1); err != nil || last[0] == '\n' {
		return err
	}
	_, err = file.Write([]byte{'\n'})
	return err
}

// Write appends; give it whole lines.
func (l *Log) Write(p []byte) (int, error) { return l.file.Write(p) }

// Close flushes the log to disk and closes it.
func (l *Log) Close() error { return errors.Join(l.file.Sync(), l.file.Close()) }
