// The matchers that are compared.

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"trawl/build/bench/internal/lab"
)

// peer is one of those compared.
type peer struct {
	name    string
	argv    []string // of b.out; the file of words follows
	idsOnly bool     // it does not know where matches are
	foreign bool     // that it finds something else is noted, not an error
	ours    bool     // another way to run trawl
}

var (
	trawl      = &peer{name: "trawl", argv: []string{"trawlpeer"}, ours: true}
	trawlDA8   = &peer{name: "trawl, da8", argv: []string{"trawlpeer", "-engine", "da8"}, ours: true}
	trawlDA4   = &peer{name: "trawl, da4", argv: []string{"trawlpeer", "-engine", "da4"}, ours: true}
	trawlFold  = &peer{name: "trawl, nocase", argv: []string{"trawlpeer", "-nocase"}, ours: true, foreign: true}
	hyperscan  = &peer{name: "Hyperscan", argv: []string{"hspeer"}}
	python     = &peer{name: "pyahocorasick"}
	cloudflare = &peer{name: "cloudflare", argv: []string{"gopeer", "cloudflare"}, idsOnly: true}
	coregx     = &peer{name: "coregx", argv: []string{"gopeer", "coregx"}, foreign: true}
	petar      = &peer{name: "petar-dambovaliev", argv: []string{"gopeer", "petar-dambovaliev"}, foreign: true}
	bobu       = &peer{name: "BobuSumisu", argv: []string{"gopeer", "BobuSumisu"}, foreign: true}
)

const sources = "build/bench/match"

// buildPeers builds their programs.
func (b *bench) buildPeers() error {
	if _, err := exec.LookPath("g++"); err != nil {
		return fmt.Errorf("%w; install g++, libhyperscan-dev and python3-ahocorasick", err)
	}
	return lab.Build(b.ctx,
		[]string{"go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(b.out, "trawl"), "./cmd/trawl"},
		[]string{"go", "build", "-trimpath", "-o", filepath.Join(b.out, "measure"), "./build/bench/internal/measure"},
		[]string{"go", "build", "-trimpath", "-o", filepath.Join(b.out, "trawlpeer"), "./" + sources + "/trawlpeer"},
		[]string{"go", "build", "-C", sources + "/gopeer", "-trimpath", "-o", filepath.Join(b.out, "gopeer"), "."},
		[]string{"g++", "-std=c++17", "-O2", "-Wall", "-o", filepath.Join(b.out, "hspeer"), sources + "/hspeer/main.cc", "-lhs"},
	)
}

// running is a matcher with its words compiled.
type running struct {
	*lab.Peer
	peer  *peer
	ready ready
}

// What peers say; PROTOCOL.md describes it.
type ready struct {
	Version      string  `json:"version"`
	Build        float64 `json:"build_s"`
	Memory       int64   `json:"memory"`
	Automaton    int64   `json:"automaton"`
	PatternBytes int64   `json:"pattern_bytes"`
}

type sample struct {
	CPU     float64 `json:"cpu_s"`
	Matches int     `json:"matches"`
}

type checked struct {
	Matches int    `json:"matches"`
	Sum     string `json:"sum"`
}

func (b *bench) start(p *peer, words string) (*running, error) {
	// Debian's module is there for Debian's interpreter.
	argv := []string{"/usr/bin/python3", sources + "/pypeer.py"}
	if p != python {
		argv = append([]string{filepath.Join(b.out, p.argv[0])}, p.argv[1:]...)
	}
	r := &running{peer: p}
	var err error
	r.Peer, err = lab.Start(b.ctx, &r.ready, append(argv, words)...)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// notYet says that err is about an engine which this version has not.
func notYet(p *peer, err error) bool {
	return p.ours && strings.Contains(err.Error(), "unknown engine")
}
