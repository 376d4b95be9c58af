// Command gopeer is another Go library as one of the matchers that are
// compared; see build/bench/match/PROTOCOL.md. It is a module of its own, so that
// these libraries do not weigh on trawl's.
//
//	gopeer cloudflare|coregx|petar-dambovaliev|BobuSumisu WORDS
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"trawl/build/bench/match/internal/peer"
)

// library is what is compared.
type library struct {
	module string
	build  func(words [][]byte) (peer.Matcher, error)
}

var libraries = map[string]library{
	"cloudflare":        {"github.com/cloudflare/ahocorasick", newCloudflare},
	"coregx":            {"github.com/coregx/ahocorasick", newCoregx},
	"petar-dambovaliev": {"github.com/petar-dambovaliev/aho-corasick", newPetar},
	"BobuSumisu":        {"github.com/BobuSumisu/aho-corasick", newBobu},
}

func main() {
	if len(os.Args) != 3 || libraries[os.Args[1]].build == nil {
		fmt.Fprintln(os.Stderr, "usage: gopeer cloudflare|coregx|petar-dambovaliev|BobuSumisu WORDS")
		os.Exit(2)
	}
	if err := run(libraries[os.Args[1]], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gopeer:", err)
		os.Exit(1)
	}
}

func run(l library, path string) error {
	words, err := peer.ReadWords(path)
	if err != nil {
		return err
	}
	empty, begin := heap(), peer.CPU()
	m, err := l.build(words)
	if err != nil {
		return err
	}
	build := peer.CPU() - begin
	return peer.Serve(peer.Ready{Version: version(l.module), Build: build, Memory: heap() - empty}, m, nil)
}

// heap is what is in use after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// version is that of a module in this program; of one without releases, the commit.
func version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return module
	}
	for _, d := range info.Deps {
		if d.Path == module {
			v := d.Version
			if strings.HasPrefix(v, "v0.0.0-") {
				v = v[strings.LastIndexByte(v, '-')+1:]
			}
			return module + " " + v
		}
	}
	return module
}
