//go:build unix && !linux

package match

const mapFlags = 0
