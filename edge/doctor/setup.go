package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"trawl/edge/keys"
)

// Of rules that are not compiled yet, memory is predicted from the size of their
// files. Measured on word lists of 1,000 to 400,000 words: a pack takes 1.6 MB and 2.5
// to 3.7 times the list, compiling it at most 20 MB and 12 times.
const (
	packBase, packTimes       = 3 << 19, 4
	compileBase, compileTimes = 20 << 20, 12
	workerItself              = 10 << 20
)

// configuration reports whether the rest can be looked at.
func (p *Patient) configuration(out *page) bool {
	if p.ConfigError != nil {
		for line := range strings.Lines(p.ConfigError.Error()) {
			out.fault("configuration", "mend it; trawl config reference lists all settings", "%s", strings.TrimSpace(line))
		}
		return false
	}
	if p.ConfigFile == "" {
		out.ok("configuration", "there is no file; defaults hold")
	} else {
		out.ok("configuration", "%s is good", p.ConfigFile)
	}
	return true
}

// handedIn is where systemd shows a service the files that it hands in, and nobody
// else.
const handedIn = "/run/credentials/"

// keys reads every key file that is named.
func (p *Patient) keys(out *page) {
	s := &p.Config.Security
	if !s.On() {
		if p.Config.Broker.Insecure {
			out.remark("keys", "trawl keygen; README.md tells how", "none, and broker.insecure lets in everybody who reaches the ports")
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
			out.remark("keys", "sudo trawl doctor", "%s is not for us to read, as it should be for all but the service", path)
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

// rules predicts what the rule sets of a worker take, and whether the board has it.
func (p *Patient) rules(out *page) {
	sets := p.Config.Worker.Rules
	if len(sets) == 0 {
		if p.Installed("worker") {
			out.remark("rules", "name them in worker.rules, unless the service has a configuration of its own", "a worker is installed, and this configuration names none")
		}
		return
	}
	var packs, compiling int64
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		if bytes, ok := p.Kept(sets[name], name); ok {
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
	available := p.Health.Available
	switch {
	case available == 0:
		out.ok("rules", "%s, about %s; this system does not tell what it has", ruleSets(len(sets)), size(needs))
	case needs > available:
		do := "take fewer rules, or a board with more memory"
		if how == "compile" {
			do = "compile them elsewhere (trawl rules compile) and give the worker the pack; or a board with more memory"
		}
		out.fault("rules", do, "%s: about %s to %s, and only %s are available", ruleSets(len(sets)), size(needs), how, size(available))
	case needs > available/2:
		out.remark("rules", "watch it; a second rule set may not fit", "%s: about %s to %s, more than half of the %s available", ruleSets(len(sets)), size(needs), how, size(available))
	default:
		out.ok("rules", "%s: about %s to %s, of %s available", ruleSets(len(sets)), size(needs), how, size(available))
	}
}

// sourceBytes adds up files, and folders of them; packs apart.
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

func ruleSets(n int) string {
	if n == 1 {
		return "1 rule set"
	}
	return fmt.Sprintf("%d rule sets", n)
}
