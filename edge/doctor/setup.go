package doctor

// Checks of trawl's own files: configuration, keys, rules.

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"trawl/edge/human"
	"trawl/edge/keys"
)

// Memory for rules that are not compiled yet is predicted from the size of the files. Measured with
// word lists of 1,000 to 400,000 words: a pack takes 1.6 MB and 2.5 to 3.7 times the list,
// compiling takes at most 20 MB and 12 times the list.
const (
	packBase, packTimes       = 3 << 19, 4
	compileBase, compileTimes = 20 << 20, 12
	workerItself              = 10 << 20
)

// configuration reports whether the rest can be looked at.
func (h *Host) configuration(out *report) bool {
	if h.ConfigError != nil {
		for line := range strings.Lines(h.ConfigError.Error()) {
			out.fault("configuration", "mend it; trawl config reference lists all settings", "%s", strings.TrimSpace(line))
		}
		return false
	}
	if h.ConfigFile == "" {
		out.ok("configuration", "there is no file; defaults hold")
	} else {
		out.ok("configuration", "%s is good", h.ConfigFile)
	}
	return true
}

// handedIn is where systemd shows credentials to a service, and to nobody else.
const handedIn = "/run/credentials/"

// keys reads all key files of the configuration.
func (h *Host) keys(out *report) {
	s := &h.Config.Security
	if !s.On() {
		if h.Config.Broker.Insecure {
			out.warning("keys", "trawl keygen; README.md tells how", "none, and broker.insecure lets in everybody who reaches the ports")
		} else {
			out.ok("keys", "none are needed while nothing but this board is let in")
		}
		return
	}
	faults := 0
	check := func(path string, err error) {
		switch {
		case errors.Is(err, fs.ErrPermission):
			faults++
			out.warning("keys", "sudo trawl doctor", "%s is not for us to read, as it should be for all but the service", path)
		case err != nil:
			faults++
			for line := range strings.Lines(err.Error()) {
				out.fault("keys", "", "%s", strings.TrimSpace(line))
			}
		}
	}
	if !strings.HasPrefix(s.Key, handedIn) {
		_, err := keys.ReadKeyFile(s.Key)
		check(s.Key, err)
	}
	if s.AllowedKeys != "" {
		_, err := keys.OpenSet(s.AllowedKeys)
		check(s.AllowedKeys, err)
	}
	if s.ServerKey != "" {
		_, err := keys.ReadPublicKey(s.ServerKey)
		check(s.ServerKey, err)
	}
	if faults == 0 {
		out.ok("keys", "readable, and the secret one for its owner alone")
	}
}

// rules predicts the memory for a worker's rule sets, and compares it with the board's.
func (h *Host) rules(out *report) {
	sets := h.Config.Worker.Rules
	if len(sets) == 0 {
		if h.Installed("worker") {
			out.warning("rules", "name them in worker.rules, unless the service has a configuration of its own", "a worker is installed, and this configuration names none")
		}
		return
	}
	var packs, compiling int64
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		if bytes, ok := h.Cached(sets[name], name); ok {
			packs += bytes
			continue
		}
		source, compiled, err := sourceBytes(sets[name])
		if err != nil {
			out.fault("rules", "mend worker.rules, or bring the file", "%s: %v", name, err)
			return
		}
		packs += compiled
		if source > 0 {
			packs += packBase + packTimes*source
			compiling = max(compiling, compileBase+compileTimes*source)
		}
	}
	needs, how := packs+workerItself, "hold"
	if compiling > needs {
		needs, how = compiling, "compile"
	}
	available := h.Health.Available
	switch {
	case available == 0:
		out.ok("rules", "%s, about %s; this system does not tell what it has", human.Count(len(sets), "rule set"), human.Bytes(needs))
	case needs > available:
		do := "take fewer rules, or a board with more memory"
		if how == "compile" {
			do = "compile them elsewhere (trawl rules compile) and give the worker the pack; or a board with more memory"
		}
		out.fault("rules", do, "%s: about %s to %s, and only %s are available", human.Count(len(sets), "rule set"), human.Bytes(needs), how, human.Bytes(available))
	case needs > available/2:
		out.warning("rules", "watch it; a second rule set may not fit", "%s: about %s to %s, more than half of the %s available", human.Count(len(sets), "rule set"), human.Bytes(needs), how, human.Bytes(available))
	default:
		out.ok("rules", "%s: about %s to %s, of %s available", human.Count(len(sets), "rule set"), human.Bytes(needs), how, human.Bytes(available))
	}
}

// sourceBytes adds up the sizes of files, also in folders, with packs apart.
func sourceBytes(paths []string) (source, packs int64, err error) {
	for _, path := range paths {
		err := filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := os.Stat(at)
			if err != nil {
				return err
			}
			if strings.HasSuffix(at, ".pack") {
				packs += info.Size()
			} else {
				source += info.Size()
			}
			return nil
		})
		if err != nil {
			return 0, 0, err
		}
	}
	return source, packs, nil
}
