package main

// The command line is specified by the scripts in testdata/script, one for
// each behaviour. A script runs the program as a user does; what it may use
// besides the commands of testscript is said at the functions below.

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"trawl/edge/config"
)

func TestMain(m *testing.M) {
	testscript.Main(underEmulator{m}, map[string]func(){"trawl": program})
}

// program is trawl with a configuration file of the script, etc/trawl.yaml, in place of
// the machine's.
func program() {
	config.DefaultPath = filepath.Join(os.Getenv("WORK"), "etc/trawl.yaml")
	main()
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setUp,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"waitfor": waitFor,
			"mkfifo":  makeFIFO,
			"signal":  sendSignal,
		},
	})
}

// setUp sets, for each script, $CLIENTS and $WORKERS to endpoints and $HTTP to an
// address that nothing listens at, for a broker of its own, and $NOBODY to an
// endpoint where nothing ever will. $BIN is the folder with trawl alone.
func setUp(env *testscript.Env) error {
	skipSame(env)
	trawl, err := exec.LookPath("trawl") // the first in PATH, see testscript.Main
	if err != nil {
		return err
	}
	env.Setenv("BIN", filepath.Dir(trawl))
	env.Setenv("TRAWL_WORKER_STATE_DIR", filepath.Join(env.WorkDir, "state"))
	env.Setenv("TRAWL_HTTP_LISTEN", "off")    // one port for all of them
	env.Setenv("GORACE", "atexit_sleep_ms=0") // else, with -race, each program sleeps for 1 s at its end
	for _, name := range []string{"CLIENTS", "WORKERS", "NOBODY", "HTTP"} {
		port, err := freePort()
		if err != nil {
			return err
		}
		endpoint := fmt.Sprintf("tcp://127.0.0.1:%d", port)
		if name == "HTTP" {
			endpoint = strings.TrimPrefix(endpoint, "tcp://")
		}
		env.Setenv(name, endpoint)
	}
	return nil
}

// nextPort lies below the ports that systems give to outgoing connections
// (from 32768 on Linux, 49152 elsewhere), so none takes one in between.
var nextPort atomic.Int32

func init() { nextPort.Store(20000 + int32(time.Now().UnixNano()/1000%10000)) }

func freePort() (int, error) {
	for range 1000 {
		port := int(nextPort.Add(1))
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free port on loopback")
}

// exits runs a program that must end with the given status:
//
//	exits STATUS|- [-within DURATION] PROGRAM [ARG…]
//
// With - the program has to end, with whatever status.
// With status 2 stderr must say something, and every line must be marked as
// the program's: no usage text, no log line, no trace of a panic.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS|- [-within DURATION] PROGRAM [ARG…]")
	}
	want, err := strconv.Atoi(args[0])
	anyStatus := args[0] == "-"
	if !anyStatus {
		ts.Check(err)
	}
	args = args[1:]
	limit := time.Minute
	if args[0] == "-within" {
		limit, err = time.ParseDuration(args[1])
		ts.Check(err)
		args = args[2:]
		if os.Getenv("TRAWL_EMULATOR") != "" {
			limit *= 10
		}
	}

	start := time.Now()
	err = ts.Exec(args[0], args[1:]...)
	took := time.Since(start)

	status := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if status != want && !anyStatus {
		ts.Fatalf("exit status %d, not %d", status, want)
	}
	if took > limit {
		ts.Fatalf("took %v, over %v", took, limit)
	}
	if want == statusError {
		checkComplaint(ts, args[0], ts.ReadFile("stderr"))
	}
}

func checkComplaint(ts *testscript.TestScript, program, stderr string) {
	if stderr == "" {
		ts.Fatalf("failed without a word on stderr")
	}
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, program+": ") {
			ts.Fatalf("a line on stderr is no error message of %s: %q", program, line)
		}
	}
}

// waitPatience bounds waitfor: far more than a busy machine needs.
const waitPatience = 20 * time.Second

// waitFor runs a program again and again until its stdout matches a regular
// expression; the output of the last run can be tested after it:
//
//	waitfor REGEX PROGRAM [ARG…]
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: waitfor REGEX PROGRAM [ARG…]")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Since(start) > waitPatience {
			ts.Fatalf("no output matched %q within %v (last error: %v)", args[0], waitPatience, err)
		}
	}
}

// makeFIFO makes named pipes: mkfifo PATH…
func makeFIFO(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: mkfifo PATH…")
	}
	for _, path := range args {
		ts.Check(syscall.Mkfifo(ts.MkAbs(path), 0o600))
	}
}

// sendSignal sends a signal to the programs in the background, or only to those
// that run one command of trawl's:
//
//	signal INT|TERM|HUP [COMMAND]
//
// (testscript's own kill knows no TERM.)
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP}
	if neg || len(args) < 1 || len(args) > 2 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal INT|TERM|HUP [COMMAND]")
	}
	for _, cmd := range ts.BackgroundCmds() {
		if len(args) == 1 || len(cmd.Args) > 1 && cmd.Args[1] == args[1] {
			ts.Check(cmd.Process.Signal(signals[args[0]]))
		}
	}
}
