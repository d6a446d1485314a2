// Package cli turns what was typed into one call of the package that does the
// work: flags, options, one call, the answer. One file a command. It is the
// only importer of cobra.
//
// Walk through `tre run region`: Main builds the tree of commands with a fresh
// set of streams, newRunCommand binds its flags to runOptions, runRun opens
// the region and calls pipeline.Run, and Main turns the error, if any, into
// two lines and an exit code.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
)

// Main runs one command line and gives the exit code.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	keepMemoryPrivate()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	streams := &term.Streams{In: in, Out: out, Err: errOut}
	root := newRoot(streams)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if ctx.Err() != nil && err != nil {
		err = problem.New(problem.Interrupted, "run the same command again: it resumes where it stopped", "interrupted")
	}
	report(streams, err)
	return int(problem.CodeOf(err))
}

func newRoot(s *term.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "tre",
		Short: "A trusted research environment's data pipeline",
		Long: `tre takes extracts from health and care systems as they are sent, links what
belongs to one person, pseudonymises it and answers questions about it.

Start with:  tre init REGION && tre fixtures REGION --people 20000 && tre run REGION`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.PersistentFlags().BoolVar(&s.JSON, "json", false, "answer in JSON, and say what happens as JSON lines")
	root.PersistentFlags().StringArrayVar(&s.Identities, "identity", nil, "open keys with this `FILE`, an age identity or an SSH private key (repeatable); the default is docs/keys.md's")
	root.PersistentFlags().BoolVar(&s.Agent, "agent", false, "ask the SSH agent to open keys that are sealed to it")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		said, _, _ := strings.Cut(err.Error(), ": strconv.") // what the language says of a number that is none helps nobody
		return problem.New(problem.Usage, "see: "+c.CommandPath()+" --help", "wrong usage: %s", said)
	})
	root.AddGroup(&cobra.Group{ID: "region", Title: "A region, from landing to report:"},
		&cobra.Group{ID: "data", Title: "Data sets:"}, &cobra.Group{ID: "questions", Title: "Questions:"}, &cobra.Group{ID: "projects", Title: "Projects and opt-outs:"}, &cobra.Group{ID: "linkage", Title: "Linkage:"}, &cobra.Group{ID: "other", Title: "The program:"})
	cobra.EnableCommandSorting = false // help lists commands in the order they are used
	root.SetHelpCommandGroupID("other")
	root.SetCompletionCommandGroupID("other")
	root.AddCommand(newInitCommand(s), newKeyCommand(s), newFixturesCommand(s), newValidateCommand(s), newPlanCommand(s), newRunCommand(s),
		newStatusCommand(s), newReportCommand(s), newDoctorCommand(s), newQualityCommand(s), newContractCommand(s),
		newAnalyseCommand(s), newProjectCommand(s), newOptOutCommand(s), newReidentifyCommand(s), newLinkCommand(s), newPseudonymiseCommand(s), newSelftestCommand(s), newVersionCommand(s))
	usageErrors(root)
	return root
}

// usageErrors gives every command's argument check the exit code for wrong
// usage and a hint that names the command.
func usageErrors(c *cobra.Command) {
	check := c.Args
	if check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			switch {
			case err == nil:
				return nil
			case c.HasSubCommands():
				return problem.Wrap(err, problem.Usage, "see: "+c.CommandPath()+" --help", "wrong usage")
			}
			return problem.New(problem.Usage, "see: "+c.CommandPath()+" --help", "wrong usage: %s: %s given", c.UseLine(),
				term.Count(int64(len(args)), "argument was", "arguments were"))
		}
	}
	for _, child := range c.Commands() {
		usageErrors(child)
	}
}

func report(s *term.Streams, err error) {
	if err == nil {
		return
	}
	code, hint := problem.CodeOf(err), problem.HintOf(err)
	if s.JSON {
		_ = json.NewEncoder(s.Err).Encode(map[string]any{"event": "error", "code": code, "error": err.Error(), "hint": hint})
		return
	}
	message := err.Error()
	if errors.Is(err, context.Canceled) {
		message = "interrupted"
	}
	fmt.Fprintln(s.Err, "tre: error:", strings.TrimSpace(message))
	if hint != "" {
		fmt.Fprintln(s.Err, "tre: hint:", hint)
	}
}
