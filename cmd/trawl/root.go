package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Exit statuses, as grep's: scan also uses statusNoMatch.
const (
	statusOK      = 0
	statusNoMatch = 1
	statusError   = 2
)

// stdio is where a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// app is what the commands share: one run of the program.
type app struct {
	stdio
	env    []string
	status int // to exit with when there was no error
}

// run runs the program with args and returns its exit status. Errors are one
// line each on stdio.err.
func run(ctx context.Context, args, env []string, s stdio) int {
	a := &app{stdio: s, env: env}
	root := a.rootCommand()
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		a.complain(err)
		return statusError
	}
	return a.status
}

// complain prints err, each line of it marked as trawl's.
func (a *app) complain(err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(a.err, "trawl: %s\n", strings.TrimRight(line, "\n"))
	}
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "trawl",
		Short: "Find large sets of words and regular expressions in text, on one machine or a fleet of boards",
		Long: `trawl finds large sets of words and regular expressions in text.

On one machine, trawl scan works like grep with many patterns. On a fleet, boards
run trawl worker, one runs trawl broker, and anything that speaks ZeroMQ can ask;
trawl scan --broker and trawl send do.`,
		Example: `  trawl scan -f words.txt /var/log/syslog        match a file here
  trawl up -f rules.yaml                         a broker and workers, on the standard ports
  trawl send "this here is history"              ask it`,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	root.PersistentFlags().String("config", "", "configuration file (default /etc/trawl/trawl.yaml, if it exists)")
	root.AddCommand(
		a.scanCommand(), a.sendCommand(), a.upCommand(), a.brokerCommand(), a.workerCommand(),
		a.statusCommand(), a.workersCommand(), a.pingCommand(), a.stopCommand(),
		a.rulesCommand(), a.configCommand(), a.versionCommand(),
	)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveDefault)
	return root
}

// usage wraps an error about how a command was called.
func usage(cmd *cobra.Command, message string) error {
	return errors.New(message + "; see " + cmd.CommandPath() + " --help")
}

// version is set when a release is built; else the build tells what it knows.
var version = ""

func versionString() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "devel-" + s.Value[:12]
			}
		}
	}
	return "devel"
}
