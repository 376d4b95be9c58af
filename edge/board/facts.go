package board

// Constant facts: model, system, cores, memory.

import (
	"io/fs"
	"os"
	"runtime"
	"strings"

	"trawl/edge/escape"
)

// Facts describe the board, as a worker announces it.
type Facts struct {
	Model  string `json:"model,omitempty"` // Raspberry Pi 4 Model B Rev 1.4
	OS     string `json:"os"`              // linux
	Arch   string `json:"arch"`            // arm64
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory,omitempty"` // bytes of RAM; 0: not known
}

// Read finds out the facts.
func Read() Facts { return readFacts(os.DirFS("/")) }

func readFacts(root fs.FS) Facts {
	return Facts{
		Model: escape.Cut(strings.Trim(text(root, "proc/device-tree/model"), "\x00"), 255), // PCs have none
		OS:    runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(),
		Memory: kilobytes(root, "proc/meminfo", "MemTotal:"),
	}
}

// Resident returns the resident memory of this process, in bytes.
func Resident() int64 { return kilobytes(os.DirFS("/"), "proc/self/status", "VmRSS:") }
