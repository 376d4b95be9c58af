package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"trawl/edge/config"
	"trawl/edge/escape"
	"trawl/edge/notify"
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
	status int   // to exit with when there was no error
	lost   error // of the first write of printf that failed

	onInterrupt atomic.Int32 // interruptFails and its like
}

// What the first signal does to a command.
const (
	interruptFails  = iota // ends it as failed: it reads or compiles, and does not look at its context
	interruptEnds          // ends it: a service that has not begun; its manager shall not take that for a failure
	interruptDrains        // cancels its context, upon which it ends by itself, in good order
)

// run runs the program with args and returns its exit status. Errors are one
// line each on stdio.err.
func run(ctx context.Context, args, env []string, s stdio) int {
	a := &app{stdio: s, env: env}
	root := a.rootCommand()
	root.SetArgs(args)
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		switch a.onInterrupt.Load() {
		case interruptFails:
			a.complain(errors.New("interrupted"))
			return statusError
		case interruptEnds:
			return statusOK
		}
		err = <-ended
	}
	if err == nil && a.lost != nil {
		err = fmt.Errorf("cannot write the output: %w", a.lost)
	}
	if err != nil {
		a.complain(err)
		if serves(args) && !notify.New(env, slog.New(slog.DiscardHandler)).Failed(ctx, err) {
			return statusOK // stopped while it waited: no failure of the service
		}
		return statusError
	}
	return a.status
}

// serves reports whether args run a broker, a worker or a watcher, which may be a service.
func serves(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return a == "broker" || a == "worker" || a == "watch" || a == "up" })
}

// complain prints err, each line of it marked as trawl's, in the journal also as
// an error.
func (a *app) complain(err error) {
	priority := ""
	if f, ok := a.err.(*os.File); ok && notify.UnderJournal(f, a.env) {
		priority = notify.Priority(slog.LevelError)
	}
	for line := range strings.Lines(escape.Message(err.Error())) {
		fmt.Fprintf(a.err, "%strawl: %s\n", priority, strings.TrimRight(line, "\n"))
	}
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "trawl",
		Short: "Find large sets of words and regular expressions in text, on one machine or a fleet of boards",
		Long: `trawl finds large sets of words and regular expressions in text.

On one machine, trawl scan works like grep with many patterns. On a fleet, boards
run trawl worker, one runs trawl broker, and anything that speaks ZeroMQ can ask;
trawl scan --broker and trawl send do.

Most flags are settings too: the configuration file, then the environment (the
variable that --help names in brackets), then the flag decides. trawl config show
prints all settings and where each came from.`,
		Example: `  trawl scan -f words.txt /var/log/syslog        match a file here
  trawl up -f rules.yaml                         a broker and workers, on the standard ports
  trawl send "this here is history"              ask it`,
		SilenceErrors: true, SilenceUsage: true,
		Version: versionDetails(), // SetVersionTemplate would bring text/template, and that 1 MB and more
	}
	group(root)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().String("config", "", "configuration file (default "+config.DefaultPath+", if it exists)")
	placeholder(root.PersistentFlags(), "config", "FILE")
	root.AddCommand(
		a.scanCommand(), a.watchCommand(), a.sendCommand(), a.upCommand(), a.brokerCommand(), a.workerCommand(),
		a.statusCommand(), a.workersCommand(), a.pingCommand(), a.stopCommand(),
		a.rulesCommand(), a.keygenCommand(), a.configCommand(), a.serviceCommand(), a.doctorCommand(), a.versionCommand(), a.describeCommand(),
	)
	strictHelp(root)
	return root
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
