// Command measure runs a program and prints what it took as a line of JSON, a
// lab.Cost. It is a program of its own because the kernel counts what the process
// that starts another has had in memory as the other's peak: this one is small.
//
//	measure PROGRAM ARGUMENT…
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"trawl/build/bench/internal/lab"
)

func main() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "measure: %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
	cost := lab.Cost{CPU: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		cost.Peak = int64(usage.Maxrss) << 10
	}
	if err := json.NewEncoder(os.Stdout).Encode(cost); err != nil {
		os.Exit(1)
	}
}
