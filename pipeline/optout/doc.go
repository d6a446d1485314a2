// Package optout applies what people said no to.
//
// The national data opt-out is applied by exchanging files: Request writes the
// NHS numbers of the region's people for the national service, Import reads
// back the numbers of those without an opt-out, and Checked says which people
// are on that list. Who opted out is never written down: what is kept is the
// list of those who did not, sealed, for at most 21 days. Per-controller
// objections (Object) and Type 1 objections (Attested, CheckDissent), which a
// practice's supplier applies before data leaves it, stand here too.
//
// The published sources are named in docs/opt-outs.md.
package optout
