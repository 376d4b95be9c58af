// Command agent runs, on the virtual board of make test-vm, the programs that the
// test asks for. It speaks JSON over the port that is its argument: first it says
// that it is there, then it answers one request after the other.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// request is the program to run, with its arguments.
type request struct{ Argv []string }

// answer is what became of it. The one without a request has Ready alone.
type answer struct {
	Ready  bool
	Output string // on stdout and stderr
	Status int    // -1: it did not start, or a signal ended it
	Peak   int64  // the most memory that it had resident, in kB
}

func main() {
	if err := serve(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

func serve(path string) error {
	port, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer port.Close()
	in, out := json.NewDecoder(port), json.NewEncoder(port)
	for a := (answer{Ready: true}); ; {
		if err := out.Encode(a); err != nil {
			return err
		}
		var r request
		if err := in.Decode(&r); err != nil {
			return err
		}
		if len(r.Argv) == 0 {
			return errors.New("a request without a program")
		}
		a = run(r.Argv)
	}
}

func run(argv []string) answer {
	cmd := exec.Command(argv[0], argv[1:]...)
	b, err := cmd.CombinedOutput()
	a := answer{Output: string(b)}
	if cmd.ProcessState == nil {
		return answer{Output: err.Error(), Status: -1}
	}
	a.Status = cmd.ProcessState.ExitCode()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		a.Peak = int64(usage.Maxrss)
	}
	return a
}
