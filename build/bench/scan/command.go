package main

// The commands that take part, and how one run of them is taken.

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"time"
)

// mode is a kind of output, with the commands that have it. The first is what
// the others are held against.
type mode struct {
	name     string
	commands []*command
}

// command is one contender. Its bar is by how much trawl is to be faster; 0:
// none.
type command struct {
	name string
	env  string
	args []string
	bar  float64

	wall, cpu []float64 // seconds, per run
	lines     int       // of output
}

// Bars of trawl scan -f.
const (
	overRipgrep = 2
	overGrep    = 3
)

func modesOf(trawl string, f *fleet, in *input) []*mode {
	w, t := in.words, in.text
	modes := []*mode{{name: "matching lines"}, {name: "-c"}, {name: "--json"}}
	for i, flags := range [][]string{nil, {"-c"}, {"--json"}} {
		scan := append([]string{trawl, "scan"}, flags...)
		modes[i].commands = []*command{
			{name: "trawl scan -f", args: append(scan[:len(scan):len(scan)], "-f", w, t)},
			{name: "trawl scan --broker, loopback", args: append(scan[:len(scan):len(scan)], "--broker", f.clients, t)},
		}
		if i == 2 {
			break // the others have no such output
		}
		modes[i].commands = append(
			modes[i].commands,
			&command{name: "ripgrep -F -f", args: append(append([]string{"rg"}, flags...), "-F", "-f", w, t), bar: overRipgrep},
			&command{name: "grep -F -f, C locale", env: "LC_ALL=C", args: append(append([]string{"grep"}, flags...), "-F", "-f", w, t), bar: overGrep},
			&command{name: "grep -F -f, UTF-8 locale", env: "LC_ALL=C.UTF-8", args: append(append([]string{"grep"}, flags...), "-F", "-f", w, t), bar: overGrep},
		)
	}
	return modes
}

// run takes the time from the start of the process to its end, with the
// output read meanwhile.
func (c *command) run() error {
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Env = append(os.Environ(), c.env)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	c.lines = 0
	buf := make([]byte, 64<<10)
	for {
		n, err := out.Read(buf)
		c.lines += bytes.Count(buf[:n], []byte("\n"))
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	if err := cmd.Wait(); err != nil {
		return err
	}
	c.wall = append(c.wall, time.Since(start).Seconds())
	c.cpu = append(c.cpu, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
	return nil
}
