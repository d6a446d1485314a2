package cli

import "syscall"

// keepMemoryPrivate forbids core files and the reading of this process's
// memory by other processes of the same user: while a region is linked, memory
// holds its people in the clear. The limit keeps a core file from being
// written; the second call also holds where a program is handed the core. A
// system that refuses either is no reason not to work.
func keepMemoryPrivate() {
	const dumpable = 4 // PR_SET_DUMPABLE
	noCoreFile()
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, dumpable, 0, 0)
}
