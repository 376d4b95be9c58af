package board

// The setup of the system: what matters to a service that runs for years.

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// SystemSetup describes how the board's system is set up.
type SystemSetup struct {
	CPU           string // the version of ARM that the processor can run: v6, v7 or v8; else empty
	MemoryCgroup  bool   // the kernel can limit the memory of a service
	Swap          []Swap
	Flash         string // the memory card that the system is on; empty: another kind of disk
	JournalOnDisk bool   // systemd's journal is written to /var/log/journal
}

// Swap is a device or file that memory is swapped to.
type Swap struct {
	Device string
	Bytes  int64
}

// Compressed reports whether the swap is memory itself.
func (s *Swap) Compressed() bool { return strings.HasPrefix(s.Device, "/dev/zram") }

// ReadSystemSetup asks the system.
func ReadSystemSetup() SystemSetup { return readSystemSetup(os.DirFS("/")) }

func readSystemSetup(root fs.FS) SystemSetup {
	return SystemSetup{
		CPU: armVersion(root), MemoryCgroup: memoryCgroup(root), Swap: swap(root),
		Flash: flash(root), JournalOnDisk: journalOnDisk(root),
	}
}

// armVersion goes by the model's name: an ARMv6 claims the architecture 7.
func armVersion(root fs.FS) string {
	info := text(root, "proc/cpuinfo")
	for _, version := range []string{"v6", "v7", "v8"} {
		if strings.Contains(info, "("+version+"l)") || strings.Contains(info, "ARM"+version) {
			return version
		}
	}
	if strings.Contains(info, "CPU architecture: 8") {
		return "v8"
	}
	return ""
}

// memoryCgroup looks for the memory controller: in the list of cgroups v2, or in the list of v1,
// with the column enabled.
func memoryCgroup(root fs.FS) bool {
	if slices.Contains(strings.Fields(text(root, "sys/fs/cgroup/cgroup.controllers")), "memory") {
		return true
	}
	for line := range strings.Lines(text(root, "proc/cgroups")) {
		if f := strings.Fields(line); len(f) == 4 && f[0] == "memory" {
			return f[3] == "1" && text(root, "sys/fs/cgroup/cgroup.controllers") == ""
		}
	}
	return false
}

func swap(root fs.FS) (all []Swap) {
	for line := range strings.Lines(text(root, "proc/swaps")) {
		if f := strings.Fields(line); len(f) >= 3 && strings.HasPrefix(f[0], "/") {
			all = append(all, Swap{Device: f[0], Bytes: atoi(f[2]) << 10})
		}
	}
	return all
}

// flash finds the device of / among the mounts. The kernel's own mount is called
// /dev/root.
func flash(root fs.FS) string {
	device := ""
	for line := range strings.Lines(text(root, "proc/self/mounts")) {
		if f := strings.Fields(line); len(f) > 1 && f[1] == "/" {
			device = f[0]
		}
	}
	if strings.HasPrefix(device, "/dev/mmcblk") {
		return device
	}
	if cards := list(root, "sys/block/mmcblk*"); device == "/dev/root" && len(cards) > 0 {
		return "/dev/" + path.Base(cards[0])
	}
	return ""
}

// journalOnDisk follows journald.conf(5): by default the journal is on disk if the folder for it
// exists.
func journalOnDisk(root fs.FS) bool {
	if _, err := fs.Stat(root, "var/log/journal"); err != nil {
		return false
	}
	for line := range strings.Lines(text(root, "proc/self/mounts")) {
		f := strings.Fields(line)
		if len(f) > 2 && (f[1] == "/var/log" || f[1] == "/var/log/journal") && f[2] == "tmpfs" {
			return false // as log2ram does
		}
	}
	storage := "auto"
	files := list(root, "usr/lib/systemd/journald.conf.d/*.conf")
	files = append(files, "etc/systemd/journald.conf")
	files = append(files, list(root, "etc/systemd/journald.conf.d/*.conf")...)
	for _, file := range files {
		for line := range strings.Lines(text(root, file)) {
			if value, ok := strings.CutPrefix(strings.TrimSpace(line), "Storage="); ok {
				storage = value
			}
		}
	}
	return storage == "auto" || storage == "persistent"
}
