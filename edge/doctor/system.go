package doctor

// Checks of the system: processor, heat, power, memory, clock, memory card, disk.

import (
	"strings"

	"trawl/edge/human"
)

// tooLittleDisk is the room for a few packs and a new program, in bytes.
const tooLittleDisk = 100 << 20

// board looks at processor, heat and power.
func (h *Host) board(out *report) {
	f, health := &h.Facts, &h.Health
	model := f.Model
	if model == "" {
		model = "unknown model"
	}
	cores := human.Count(f.Cores, "core")
	memory := ""
	if f.Memory > 0 {
		memory = ", " + human.Bytes(f.Memory)
	}
	out.ok("board", "%s, %s/%s, %s%s", model, f.OS, f.Arch, cores, memory)

	better := map[string]string{"arm 6 v7": "linux-armv7", "arm 6 v8": "linux-armv7, or linux-arm64 on a 64-bit system", "arm 5 v6": "linux-armv6"}[h.Build+" "+h.SystemSetup.CPU]
	switch {
	case better != "":
		out.warning("program", "take the build "+better, "built for %s, which this processor (%s) runs, but it could run a faster one", h.Build, h.SystemSetup.CPU)
	case h.SystemSetup.CPU != "":
		out.ok("program", "built for %s, and the processor is an ARM%s", h.Build, h.SystemSetup.CPU)
	}
	switch {
	case health.UnderVoltage:
		out.fault("power", "use a stronger power supply and a short, thick cable", "the voltage is too low: the board slows down, and its memory card may be damaged")
	case health.PowerSensor:
		out.ok("power", "no under-voltage is reported")
	case f.OS == "linux":
		out.ok("power", "not known: this board has no sensor for under-voltage")
	}
	switch {
	case health.Throttled:
		out.warning("heat", "cool it", "%.0f °C, and the processor is slowed down", health.Celsius)
	case health.Hot:
		out.warning("heat", "cool it", "%.0f °C: the board is about to slow down", health.Celsius)
	case health.Celsius > 0:
		out.ok("heat", "%.0f °C", health.Celsius)
	case f.OS == "linux":
		out.ok("heat", "not known: this board has no sensor")
	}
}

// memory checks the limits of a process, and swap.
func (h *Host) memory(out *report) {
	if h.Facts.OS == "linux" {
		if h.SystemSetup.MemoryCgroup {
			out.ok("memory cgroup", "on: MemoryMax of a service holds")
		} else {
			out.warning("memory cgroup", "put cgroup_enable=memory cgroup_memory=1 at the end of the line in /boot/firmware/cmdline.txt, and reboot",
				"off, as in many kernels for boards: MemoryMax of a service is ignored")
		}
	}
	if h.MemoryLimit > 0 && h.MemoryLimit < 1<<60 {
		service := ""
		if h.SystemSetup.MemoryCgroup {
			service = "; a service with MemoryMax, to nine tenths of that"
		}
		out.ok("memory limit", "trawl holds itself to %s (%s)%s", human.Bytes(h.MemoryLimit), h.LimitComesOf, service)
	}
	if a := h.Health.Available; a > 0 && a < 64<<20 {
		out.warning("memory", "stop what is not needed", "only %s are available", human.Bytes(a))
	}
	for i := range h.SystemSetup.Swap {
		if s := &h.SystemSetup.Swap[i]; !s.Compressed() && h.SystemSetup.Flash != "" {
			out.warning("swap", "sudo swapoff -a, and remove it (dphys-swapfile or /etc/fstab); or use zram", "%s of %s are on the memory card: slow, and wears it out", human.Bytes(s.Bytes), s.Device)
			return
		}
	}
	if len(h.SystemSetup.Swap) > 0 {
		out.ok("swap", "none on a memory card")
	} else if h.Facts.OS == "linux" {
		out.ok("swap", "none")
	}
}

// systemSetup checks clock, memory card and disk.
func (h *Host) systemSetup(out *report) {
	const firstYear = 2025 // of this program: a board without a battery wakes up in another
	synchronised, known := h.Clock()
	switch {
	case h.Now.Year() < firstYear:
		out.warning("clock", "sudo timedatectl set-ntp true", "it says %s; trawl does not mind, but times in logs mean nothing", h.Now.Format("2006-01-02"))
	case known && !synchronised:
		out.warning("clock", "sudo timedatectl set-ntp true; if that is not supported, first sudo apt install systemd-timesyncd", "not synchronised; trawl does not mind, but times in logs may be wrong")
	case known:
		out.ok("clock", "synchronised")
	}
	if h.SystemSetup.Flash != "" {
		if h.SystemSetup.JournalOnDisk {
			out.warning("memory card", "write [Journal] and Storage=volatile into /etc/systemd/journald.conf.d/volatile.conf, and restart systemd-journald",
				"the journal is written to %s all the time, which wears it out", h.SystemSetup.Flash)
		} else {
			out.ok("memory card", "%s; the journal is not written to it", h.SystemSetup.Flash)
		}
	}
	dir := h.StateDir
	if dir == "" {
		return
	}
	free, known := h.Free(nearest(dir, h.Free))
	switch {
	case h.Unwritable != nil:
		out.fault("disk", "name a folder that the worker's user can write, with worker.state_dir, or leave that out", "%v: a worker compiles its rules anew at every start", h.Unwritable)
	case !known:
	case free < 1<<20:
		out.fault("disk", "make room", "full: a worker compiles its rules anew at every start")
	case free < tooLittleDisk:
		out.warning("disk", "make room", "%s left for packs in %s", human.Bytes(free), dir)
	default:
		out.ok("disk", "%s left for packs in %s", human.Bytes(free), dir)
	}
}

// nearest returns dir, or the nearest folder above dir that exists.
func nearest(dir string, free func(string) (int64, bool)) string {
	for {
		if _, known := free(dir); known {
			return dir
		}
		i := strings.LastIndexByte(dir, '/')
		if i <= 0 {
			return "/"
		}
		dir = dir[:i]
	}
}
