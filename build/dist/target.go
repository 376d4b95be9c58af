package main

import (
	"debug/buildinfo"
	"fmt"
	"path/filepath"
	"strings"
)

// debianArchitectures has Debian's names of what programs are built for. Those for
// armhf have instructions of ARMv6 alone: Raspberry Pi OS serves such boards, too.
var debianArchitectures = map[string]string{
	"linux-armv6": "armhf", "linux-arm64": "arm64", "linux-amd64": "amd64", "linux-riscv64": "riscv64",
}

// target is a program that was built for one kind of machine.
type target struct {
	name   string // linux-armv6
	path   string
	debian string // Debian's name of the architecture; empty: no package
	info   *buildinfo.BuildInfo
}

func readTarget(path string) (*target, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s is no program of Go's: %w", path, err)
	}
	name := strings.TrimPrefix(filepath.Base(path), "trawl-")
	return &target{name: name, path: path, debian: debianArchitectures[name], info: info}, nil
}
