package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tre/internal/cli"
	"tre/pseudonymise/keystore"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

// beTheProgram makes the test binary act as tre when it is run again as a
// process of its own, to be killed.
const beTheProgram = "TRE_TEST_BE_THE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(beTheProgram) != "" {
		os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	testscript.Main(tidy{m}, map[string]func(){
		"tre": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// tidy removes the regions that tests share once all have run.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer func() { _, _ = os.RemoveAll(dirtyFolder), os.RemoveAll(handmadeFolder) }()
	// One invented identity opens the keys of every region of the tests.
	folder, err := os.MkdirTemp("", "tre-identity-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	if err := os.Setenv("TRE_IDENTITY", filepath.Join(folder, "identity.txt")); err != nil {
		panic(err)
	}
	if _, _, _, err := keystore.EnsureDefault(); err != nil {
		panic(err)
	}
	return m.M.Run()
}

// TestScripts runs every promise and every refusal of the README through the
// program, as a user types it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                scriptCommands(),
		Setup:               ownContracts,
	})
}
