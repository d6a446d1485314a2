package workspace

import (
	"errors"
	"os"
	"syscall"

	"tre/internal/problem"
)

// Lock is the right to write in a folder, held by one process at a time. The
// kernel gives it back when the process ends, however it ends.
type Lock struct{ file *os.File }

// Lock takes the folder's lock without waiting, or says that another process
// holds it.
func (f *Folder) Lock() (*Lock, error) {
	file, err := os.OpenFile(f.Path(".lock"), os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &Lock{file}, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, problem.New(problem.Failed, "wait for it to end, or stop it; nothing was changed",
			"another tre is writing in this region")
	}
	return nil, err
}

// Release gives the lock back.
func (l *Lock) Release() error { return l.file.Close() }
