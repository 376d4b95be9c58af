// The matchers that are compared, and the bars.

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"

	"trawl/build/bench/internal/lab"
)

// peer is one of those compared.
type peer struct {
	name   string
	argv   []string // of b.out; the file of rules follows
	places bool     // its hits are matches with their places, not rules
}

var (
	trawl     = &peer{name: "trawl", argv: []string{"gopeer-regex", "trawl"}}
	positions = &peer{name: "trawl, positions", argv: []string{"gopeer-regex", "trawl-positions"}, places: true}
	goRegexp  = &peer{name: "regexp, one by one", argv: []string{"gopeer-regex", "regexp"}}
	filtered  = &peer{name: "FilteredRE2", argv: []string{"cpppeer", "filtered"}}
	re2Set    = &peer{name: "RE2::Set", argv: []string{"cpppeer", "set"}}
	hyperscan = &peer{name: "Hyperscan", argv: []string{"cpppeer", "hyperscan"}}
	hsPlaces  = &peer{name: "Hyperscan, positions", argv: []string{"cpppeer", "hyperscan-som"}, places: true}
)

// peers are all of them, trawl first.
var peers = []*peer{trawl, positions, filtered, hyperscan, hsPlaces, re2Set, goRegexp}

// peersOf returns those that a set is measured with: where Hyperscan compiles for a
// minute even without positions, it is not asked for them.
func peersOf(s *ruleSet) []*peer {
	if s.noPlaces {
		return slices.DeleteFunc(slices.Clone(peers), func(p *peer) bool { return p == hsPlaces })
	}
	return peers
}

// bar is what trawl's speed over a peer's is to be at least, for positions
// theirs over trawl's; 0: none.
func bar(set string, p *peer) float64 {
	switch {
	case p == positions && (set == "logcheck" || set == "SpamAssassin"):
		return 0.7
	case set == "logcheck":
		return map[*peer]float64{filtered: 1.5, hyperscan: 0.6}[p]
	case set == "SpamAssassin":
		return map[*peer]float64{filtered: 2}[p]
	}
	return 0
}

const sources = "build/bench/regex"

// buildPeers builds their programs. RE2 does not tell its version; Debian does.
func (b *bench) buildPeers() error {
	if _, err := exec.LookPath("g++"); err != nil {
		return fmt.Errorf("%w; install g++, libhyperscan-dev and libre2-dev", err)
	}
	version, err := exec.CommandContext(b.ctx, "dpkg-query", "-W", "-f", "${Version}", "libre2-dev").Output()
	if err != nil {
		return fmt.Errorf("no libre2-dev: %w", err)
	}
	files, err := filepath.Glob(sources + "/cpppeer/*.cc")
	if err != nil || len(files) == 0 {
		return fmt.Errorf("%s is not here; run this in the root of the repository", sources)
	}
	cc := append([]string{
		"g++", "-std=c++17", "-O2", "-Wall", "-DRE2_VERSION=\"" + string(version) + "\"", "-o", filepath.Join(b.out, "cpppeer"),
	}, files...)
	return lab.Build(b.ctx,
		[]string{"go", "build", "-trimpath", "-o", filepath.Join(b.out, "gopeer-regex"), "./" + sources + "/gopeer"},
		append(cc, "-lre2", "-lhs"),
	)
}

// running is a matcher with its rules compiled.
type running struct {
	*lab.Peer
	peer  *peer
	ready struct {
		Version string  `json:"version"`
		Build   float64 `json:"build_s"`
	}
}

func (b *bench) start(p *peer, rules string) (*running, error) {
	r := &running{peer: p}
	argv := append([]string{filepath.Join(b.out, p.argv[0])}, p.argv[1:]...)
	var err error
	r.Peer, err = lab.Start(b.ctx, &r.ready, append(argv, rules)...)
	return r, err
}
