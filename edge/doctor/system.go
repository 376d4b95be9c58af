package doctor

import (
	"fmt"
	"strings"
)

// tooLittleDisk is what a few packs and a new program take.
const tooLittleDisk = 100 << 20

// board looks at processor, heat and power.
func (p *Patient) board(out *page) {
	f, h := &p.Facts, &p.Health
	model := f.Model
	if model == "" {
		model = "unknown model"
	}
	cores := fmt.Sprintf("%d cores", f.Cores)
	if f.Cores == 1 {
		cores = "1 core"
	}
	memory := ""
	if f.Memory > 0 {
		memory = ", " + size(f.Memory)
	}
	out.ok("board", "%s, %s/%s, %s%s", model, f.OS, f.Arch, cores, memory)

	better := map[string]string{"arm 6 v7": "linux-armv7", "arm 6 v8": "linux-armv7, or linux-arm64 on a 64-bit system", "arm 5 v6": "linux-armv6"}[p.Build+" "+p.Upkeep.CPU]
	switch {
	case better != "":
		out.remark("program", "take the build "+better, "built for %s, which this processor (%s) runs, but it could run a faster one", p.Build, p.Upkeep.CPU)
	case p.Upkeep.CPU != "":
		out.ok("program", "built for %s, and the processor is an ARM%s", p.Build, p.Upkeep.CPU)
	}
	switch {
	case h.UnderVoltage:
		out.fault("power", "use a stronger power supply and a short, thick cable", "the voltage is too low: the board slows down, and its memory card may be damaged")
	case h.PowerSensor:
		out.ok("power", "no under-voltage is reported")
	case f.OS == "linux":
		out.ok("power", "not known: this board has no sensor for under-voltage")
	}
	switch {
	case h.Throttled:
		out.remark("heat", "cool it", "%.0f °C, and the processor is slowed down", h.Celsius)
	case h.Hot:
		out.remark("heat", "cool it", "%.0f °C: the board is about to slow down", h.Celsius)
	case h.Celsius > 0:
		out.ok("heat", "%.0f °C", h.Celsius)
	case f.OS == "linux":
		out.ok("heat", "not known: this board has no sensor")
	}
}

// memory looks at what limits a process, and at swap.
func (p *Patient) memory(out *page) {
	if p.Facts.OS == "linux" {
		if p.Upkeep.MemoryCgroup {
			out.ok("memory cgroup", "on: MemoryMax of a service holds")
		} else {
			out.remark("memory cgroup", "put cgroup_enable=memory cgroup_memory=1 at the end of the line in /boot/firmware/cmdline.txt, and reboot",
				"off, as in many kernels for boards: MemoryMax of a service is ignored")
		}
	}
	if p.MemoryLimit > 0 && p.MemoryLimit < 1<<60 {
		service := ""
		if p.Upkeep.MemoryCgroup {
			service = "; a service with MemoryMax, to nine tenths of that"
		}
		out.ok("memory limit", "trawl holds itself to %s (%s)%s", size(p.MemoryLimit), p.LimitComesOf, service)
	}
	if a := p.Health.Available; a > 0 && a < 64<<20 {
		out.remark("memory", "stop what is not needed", "only %s are available", size(a))
	}
	for i := range p.Upkeep.Swap {
		if s := &p.Upkeep.Swap[i]; !s.Compressed() && p.Upkeep.Flash != "" {
			out.remark("swap", "sudo swapoff -a, and remove it (dphys-swapfile or /etc/fstab); or use zram", "%s of %s are on the memory card: slow, and wears it out", size(s.Bytes), s.Device)
			return
		}
	}
	if len(p.Upkeep.Swap) > 0 {
		out.ok("swap", "none on a memory card")
	} else if p.Facts.OS == "linux" {
		out.ok("swap", "none")
	}
}

// upkeep looks at clock, memory card and disk.
func (p *Patient) upkeep(out *page) {
	const firstYear = 2025 // of this program: a board without a battery wakes up in another
	synchronised, known := p.Clock()
	switch {
	case p.Now.Year() < firstYear:
		out.remark("clock", "sudo timedatectl set-ntp true", "it says %s; trawl does not mind, but times in logs mean nothing", p.Now.Format("2006-01-02"))
	case known && !synchronised:
		out.remark("clock", "sudo timedatectl set-ntp true; if that is not supported, first sudo apt install systemd-timesyncd", "not synchronised; trawl does not mind, but times in logs may be wrong")
	case known:
		out.ok("clock", "synchronised")
	}
	if p.Upkeep.Flash != "" {
		if p.Upkeep.JournalOnDisk {
			out.remark("memory card", "write [Journal] and Storage=volatile into /etc/systemd/journald.conf.d/volatile.conf, and restart systemd-journald",
				"the journal is written to %s all the time, which wears it out", p.Upkeep.Flash)
		} else {
			out.ok("memory card", "%s; the journal is not written to it", p.Upkeep.Flash)
		}
	}
	dir := p.StateDir
	if dir == "" {
		return
	}
	free, known := p.Free(nearest(dir, p.Free))
	switch {
	case p.Unwritable != nil:
		out.fault("disk", "name a folder that the worker's user can write, with worker.state_dir, or leave that out", "%v: a worker compiles its rules anew at every start", p.Unwritable)
	case !known:
	case free < 1<<20:
		out.fault("disk", "make room", "full: a worker compiles its rules anew at every start")
	case free < tooLittleDisk:
		out.remark("disk", "make room", "%s left for packs in %s", size(free), dir)
	default:
		out.ok("disk", "%s left for packs in %s", size(free), dir)
	}
}

// nearest returns the nearest folder above dir, or dir, that there is.
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
