//go:build !linux

package watch

// The boot clock, for systems that do not tell it: the clock of this process.

import (
	"crypto/rand"
	"time"
)

var (
	started = time.Now()
	process = rand.Text()
)

func bootClock() time.Duration { return time.Since(started) }

// bootID names this process, from whose start bootClock counts.
func bootID() string { return process }
