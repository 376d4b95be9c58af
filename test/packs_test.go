// What workers on one board have in memory of the same rules.

package test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trawl/edge/wire"
)

func TestWorkersShareThePack(t *testing.T) {
	need(t, "wamerican-insane in TRAWL_PACKAGES")
	f := newFleet(t, "")
	f.broker(t)
	words := write(t, filepath.Join(f.dir, "words.txt"), largeList(t, 100_000))
	// The first makes the pack, the second finds it.
	first := f.worker(t, "first", words)
	f.waitWorkers(t, 1)
	second := f.worker(t, "second", words)
	f.waitWorkers(t, 2)
	if log := second.log.String(); strings.Contains(log, "rules compiled") {
		t.Errorf("the second worker compiled as well: %s", log)
	}
	// Both have had work.
	text := write(t, filepath.Join(f.dir, "text"), strings.Repeat(historyText+" and much more of it\n", 50_000))
	if _, stderr, code := f.run(t, "", "scan", "-c", text); code != 0 {
		t.Fatalf("scan: %d %s", code, stderr)
	}
	s := f.waitStatus(t, "both have had work", func(s *wire.Status) bool {
		a, b := workerStatus(s, "first"), workerStatus(s, "second")
		return a != nil && b != nil && a.Stats != nil && b.Stats != nil && a.Stats.Requests > 0 && b.Stats.Requests > 0
	})
	hash := s.Workers[0].Rules[0].Hash
	for _, p := range []*process{first, second} {
		m := mapOf(t, p, hash)
		resident, all := p.kilobytes(t, "status", "VmRSS"), p.kilobytes(t, "smaps_rollup", "Pss")
		t.Logf("%s: %d kB resident, %d kB of it its share; the pack %d kB, its share %d kB", p.name, resident, all, m["Rss"], m["Pss"])
		if m["Rss"] < 4000 || m["Shared_Clean"] != m["Rss"] || m["Pss"] > m["Rss"]*6/10 {
			t.Errorf("%s: the pack is not shared: %v", p.name, m)
		}
		if os.Getenv("TRAWL_RACE") == "" && resident > 20_000 {
			t.Errorf("%s takes %d kB of memory with 100,000 words", p.name, resident)
		}
	}
}

// largeList is a word list of n words of at least 5 bytes.
func largeList(t *testing.T, n int) string {
	t.Helper()
	data, err := os.ReadFile(largeDictionary)
	if err != nil {
		t.Fatal(err)
	}
	var words [][]byte
	for _, w := range bytes.Fields(data) {
		if len(w) >= 5 {
			words = append(words, w)
		}
	}
	if len(words) < n {
		t.Fatalf("%s has only %d words of 5 bytes", largeDictionary, len(words))
	}
	var list bytes.Buffer
	for i := range n {
		list.Write(words[i*len(words)/n])
		list.WriteByte('\n')
	}
	return list.String()
}
