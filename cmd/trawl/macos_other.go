//go:build !darwin

package main

// macOS returns the major version of macOS, and services that are agents; here there is
// neither.
func macOS() (major int, agents []string) { return 0, nil }
