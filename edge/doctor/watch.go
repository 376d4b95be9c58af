package doctor

// Checks of what trawl watch follows, and of where it keeps how far it has read.

import "trawl/edge/human"

// Pattern is a pattern of files that a source of trawl watch follows.
type Pattern struct {
	Source  string
	Pattern string
	Files   int // matched now
}

// watch checks the section watch of the configuration. A pattern without a file is no fault: the
// watcher waits for one.
func (h *Host) watch(out *report) {
	sources := h.Config.Watch.Sources
	if len(sources) == 0 {
		if h.Installed("watch") {
			out.warning("watch", "name them in watch.sources, unless the service has a configuration of its own", "a watcher is installed, and this configuration names no sources")
		}
		return
	}
	before := len(*out)
	files := 0
	for _, p := range h.Followed {
		files += p.Files
		if p.Files == 0 {
			out.warning("watch", "see whether the path is right; a watcher waits for such files", "source %s: no file is matched by %s", p.Source, p.Pattern)
		}
	}
	for i := range sources {
		if sources[i].Journal != nil && h.Journalctl != nil {
			out.fault("watch", "sudo apt install systemd, or take the source out", "source %s: journalctl, which reads the journal, cannot be run: %v", sources[i].Name, h.Journalctl)
		}
	}
	if isTmpfs, known := h.InMemory("/run"); known && !isTmpfs {
		out.warning("watch", "mount a tmpfs at /run, as systemd does", "/run is on a disk: a watcher writes there after each batch, which wears a memory card")
	}
	if len(*out) == before {
		out.ok("watch", "%s, %s matched now", human.Count(len(sources), "source"), human.Count(files, "file"))
	}
}
