//go:build unix

package cli

import "syscall"

// noCoreFile lowers this process's own limit, and leaves what programs it
// starts may ask for.
func noCoreFile() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_CORE, &limit) == nil {
		limit.Cur = 0
		_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &limit) // see keepMemoryPrivate
	}
}
