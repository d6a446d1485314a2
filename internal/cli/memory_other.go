//go:build !linux && unix

package cli

// keepMemoryPrivate forbids core files: while a region is linked, memory holds
// its people in the clear.
func keepMemoryPrivate() { noCoreFile() }
