// Command tre is a trusted research environment's data pipeline. See the
// README for what it does and docs/design.md for how.
package main

import (
	"os"

	"tre/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
