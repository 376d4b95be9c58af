package test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"trawl/edge/wire"
)

// Workers on one board that serve the same rules have the pack in memory once.
func TestWorkersShareThePack(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	need(t, "wamerican-insane")
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
		resident := kilobytes(t, fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid), "VmRSS")
		all := kilobytes(t, fmt.Sprintf("/proc/%d/smaps_rollup", p.cmd.Process.Pid), "Pss")
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

// mapOf returns what the kernel says about the map of a pack, in kB.
func mapOf(t *testing.T, p *process, hash string) map[string]int {
	t.Helper()
	smaps, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(smaps), hash+".pack\n")
	if !found {
		t.Fatalf("%s has not mapped the pack %s:\n%s", p.name, hash, p.log)
	}
	fields := map[string]int{}
	for line := range strings.Lines(rest) {
		m := fieldOfMap.FindStringSubmatch(line)
		if m == nil {
			break // the next map
		}
		fields[m[1]], _ = strconv.Atoi(m[2])
	}
	return fields
}

var fieldOfMap = regexp.MustCompile(`^(\w+): +(\d+) kB`)

func kilobytes(t *testing.T, path, key string) int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, key+":"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("%s: no %s", path, key)
	return 0
}
