package main

import (
	"fmt"

	"github.com/rogpeppe/go-internal/testscript"

	"tre/internal/workspace"
	"tre/pseudonymise"
	"tre/pseudonymise/keystore"
)

// plainkey FOLDER: write an unsealed key as keys/region.key of a region.
func writePlainKey(ts *testscript.TestScript, neg bool, args []string) {
	folder, err := workspace.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	key, err := pseudonymise.NewKey()
	ts.Check(err)
	ts.Check(pseudonymise.WriteKey(folder, "keys/region.key", key))
}

// publickey IDENTITY FILE: add the public half of an identity to a file.
func appendPublicKey(ts *testscript.TestScript, neg bool, args []string) {
	recipient, err := keystore.RecipientOf(ts.MkAbs(args[0]))
	ts.Check(err)
	f := create(ts, args[1])
	_, err = fmt.Fprintln(f, recipient)
	ts.Check(err)
	ts.Check(f.Close())
}
