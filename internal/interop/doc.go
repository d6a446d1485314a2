// Package interop proves that the files tre writes open in readers we did not
// write. It is a module of its own so that an old reader's dependencies never
// come near the program's.
package interop
