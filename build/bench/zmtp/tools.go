// The programs that take part, and the machine they run on.

package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"trawl/build/bench/internal/lab"
)

// tools are the paths of the programs.
type tools struct{ peer, engine, trawl, zmq4 string }

// buildTools builds all of them into the folder out.
func buildTools(ctx context.Context, out string) (*tools, error) {
	out, err := filepath.Abs(out)
	if err == nil {
		err = os.MkdirAll(out, 0o755)
	}
	if err != nil {
		return nil, err
	}
	t := &tools{
		peer:   filepath.Join(out, "libzmqpeer"),
		engine: filepath.Join(out, "engineproxy"),
		trawl:  filepath.Join(out, "trawl"),
		zmq4:   filepath.Join(out, "zmq4proxy"),
	}
	peer, err := lab.BuildLibzmqPeer(t.peer)
	if err != nil {
		return nil, err
	}
	return t, lab.Build(ctx,
		peer,
		[]string{"go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", t.trawl, "./cmd/trawl"},
		[]string{"go", "build", "-trimpath", "-o", t.engine, "./edge/zmtp/internal/engineproxy"},
		[]string{"go", "build", "-trimpath", "-o", t.zmq4, "./build/bench/zmtp/zmq4proxy"},
	)
}

// machine describes where and with what this run is made.
func (b *bench) machine() string {
	libzmq, _ := exec.CommandContext(b.ctx, b.tools.peer, "version").Output()
	return fmt.Sprintf("%s, libzmq %s, %s", lab.Machine(), strings.TrimSpace(string(libzmq)), zmq4Version(b.tools.zmq4))
}

// zmq4Version returns the version of the library in a program.
func zmq4Version(program string) string {
	const path = "github.com/go-zeromq/zmq4"
	if info, err := buildinfo.ReadFile(program); err == nil {
		for _, d := range info.Deps {
			if d.Path == path {
				return path + " " + d.Version
			}
		}
	}
	return path
}
