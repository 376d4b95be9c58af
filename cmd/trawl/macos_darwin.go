package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// macOS returns the major version of macOS, 0 if it is not known, and the services that
// are agents of the calling user.
func macOS() (major int, agents []string) {
	version, _ := unix.Sysctl("kern.osproductversion")
	first, _, _ := strings.Cut(version, ".")
	major, _ = strconv.Atoi(first)
	home, err := os.UserHomeDir()
	if err != nil {
		return major, nil
	}
	files, _ := filepath.Glob(filepath.Join(home, "Library/LaunchAgents/trawl-*.plist"))
	for _, f := range files {
		agents = append(agents, strings.TrimSuffix(filepath.Base(f), ".plist"))
	}
	return major, agents
}
