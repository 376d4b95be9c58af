// Package board tells what board this is and how it feels: cores, memory,
// what this process uses of it. Later: heat, power, sd_notify.
package board

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Facts describe the board and what runs on it, as a worker announces them.
type Facts struct {
	Model  string `json:"model,omitempty"` // Raspberry Pi 4 Model B Rev 1.4
	OS     string `json:"os"`              // linux
	Arch   string `json:"arch"`            // arm64
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory,omitempty"` // bytes of RAM; 0: not known
}

// Read finds out the facts. What a system does not tell stays zero.
func Read() Facts {
	return Facts{
		Model: model(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Cores: runtime.NumCPU(), Memory: kilobytes("/proc/meminfo", "MemTotal:"),
	}
}

// Resident returns the bytes of memory that this process has resident; 0 if
// the system does not tell.
func Resident() int64 { return kilobytes("/proc/self/status", "VmRSS:") }

// model reads the device tree, which boards have and PCs do not.
func model() string {
	b, _ := os.ReadFile("/proc/device-tree/model")
	return strings.TrimRight(string(b), "\x00\n")
}

// kilobytes returns the value of a line "key   123 kB" of a proc file, in bytes.
func kilobytes(path, key string) int64 {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		rest, ok := strings.CutPrefix(line, key)
		if !ok {
			continue
		}
		kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		return kb << 10
	}
	return 0
}
