// What Linux says about a process.

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// resident is the most that a process had resident, in bytes.
func resident(t *testing.T, p *process) int64 {
	t.Helper()
	return int64(p.kilobytes(t, "status", "VmHWM")) << 10
}

// residentNow is what a process has resident, in bytes.
func residentNow(t *testing.T, p *process) int64 {
	t.Helper()
	return int64(p.kilobytes(t, "status", "VmRSS")) << 10
}

// kilobytes returns what a line of one of p's files says.
func (p *process) kilobytes(t *testing.T, file, key string) int {
	t.Helper()
	for line := range strings.Lines(p.proc(t, file)) {
		if m := kilobyteLine.FindStringSubmatch(line); m != nil && m[1] == key {
			n, _ := strconv.Atoi(m[2])
			return n
		}
	}
	t.Fatalf("%s: no %s in %s", p.name, key, file)
	return 0
}

var kilobyteLine = regexp.MustCompile(`^(\w+):\s+(\d+) kB`)

// proc returns one of the files that the kernel shows of p.
func (p *process) proc(t *testing.T, file string) string {
	t.Helper()
	need(t, "Linux's /proc")
	data, err := os.ReadFile(p.procPath(file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (p *process) procPath(file string) string {
	return filepath.Join("/proc", fmt.Sprint(p.cmd.Process.Pid), file)
}

// descriptors counts the open files of a process.
func descriptors(t *testing.T, p *process) int {
	t.Helper()
	need(t, "Linux's /proc")
	entries, err := os.ReadDir(p.procPath("fd"))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// mapOf returns what the kernel says about the map of a pack, in kB.
func mapOf(t *testing.T, p *process, hash string) map[string]int {
	t.Helper()
	_, rest, found := strings.Cut(p.proc(t, "smaps"), hash+".pack\n")
	if !found {
		t.Fatalf("%s has not mapped the pack %s:\n%s", p.name, hash, p.log)
	}
	fields := map[string]int{}
	for line := range strings.Lines(rest) {
		m := kilobyteLine.FindStringSubmatch(line)
		if m == nil {
			break // the next map
		}
		fields[m[1]], _ = strconv.Atoi(m[2])
	}
	return fields
}
