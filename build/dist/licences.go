package main

// The licences of what is linked into the programs: all of them ask that their text
// goes with copies.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

// licences returns those of trawl itself and of all parts of all programs.
func licences(programs []string) ([]byte, error) {
	own, err := os.ReadFile("LICENSE")
	if err != nil {
		return nil, err
	}
	merged := &target{}
	for _, program := range programs {
		if strings.Contains(filepath.Base(program), ".") {
			continue
		}
		t, err := readTarget(program)
		if err != nil {
			return nil, err
		}
		if merged.info == nil {
			merged.info = t.info
			continue
		}
		merged.info.Deps = append(merged.info.Deps, t.info.Deps...)
	}
	parts, err := licencesOf(merged, false)
	return slices.Concat([]byte("trawl\n\n"), own, []byte("\n"), parts), err
}

// licencesOf returns the licences of a program's parts; those of which Debian has a
// copy may be named instead.
func licencesOf(t *target, debian bool) ([]byte, error) {
	dirs, err := moduleDirs()
	if err != nil {
		return nil, err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	var out bytes.Buffer
	part := func(name, dir string) error {
		texts, _ := filepath.Glob(filepath.Join(dir, "LICEN[SC]E*"))
		more, _ := filepath.Glob(filepath.Join(dir, "NOTICE*"))
		if len(texts) == 0 {
			return fmt.Errorf("%s has no LICENSE in %s", name, dir)
		}
		for _, path := range append(texts, more...) {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if debian {
				b = pointer(b)
			}
			fmt.Fprintf(&out, "%s\n%s (%s)\n\n%s\n", strings.Repeat("-", 72), name, filepath.Base(path), bytes.TrimSpace(b))
		}
		return nil
	}
	if err := part("Go's standard library", strings.TrimSpace(string(root))); err != nil {
		return nil, err
	}
	deps := slices.Clone(t.info.Deps)
	slices.SortFunc(deps, func(a, b *debug.Module) int { return strings.Compare(a.Path, b.Path) })
	deps = slices.CompactFunc(deps, func(a, b *debug.Module) bool { return a.Path == b.Path })
	for _, m := range deps {
		if dirs[m.Path] == "" {
			return nil, fmt.Errorf("the module %s is not on this machine: go mod download", m.Path)
		}
		if err := part(m.Path+" "+m.Version, dirs[m.Path]); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// pointer puts the name of Debian's copy in place of the Apache License, and leaves
// who has the copyright.
func pointer(licence []byte) []byte {
	if !bytes.Contains(licence, []byte("TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION")) {
		return licence
	}
	var out bytes.Buffer
	for line := range bytes.Lines(licence) {
		if line = bytes.TrimSpace(line); holder.Match(line) {
			fmt.Fprintf(&out, "%s\n", line)
		}
	}
	out.WriteString("Licensed under the Apache License, Version 2.0: /usr/share/common-licenses/Apache-2.0\n")
	return out.Bytes()
}

// holder is a line that says who has the copyright, and no form to be filled in.
var holder = regexp.MustCompile(`^Copyright (\(c\) )?\d{4}`)

// moduleDirs returns where the modules of the build are.
func moduleDirs() (map[string]string, error) {
	out, err := exec.Command("go", "list", "-m", "-json=Path,Dir", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m: %w", err)
	}
	dirs := make(map[string]string)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var m struct{ Path, Dir string }
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			return dirs, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list -m: %w", err)
		}
		dirs[m.Path] = m.Dir
	}
}
