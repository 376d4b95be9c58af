//go:build !linux

package watch

// A clock that no one sets: where the system's cannot be asked, that of this process.

import (
	"crypto/rand"
	"time"
)

var (
	started = time.Now()
	process = rand.Text()
)

func bootClock() time.Duration { return time.Since(started) }

// bootID names what bootClock counts from: this process.
func bootID() string { return process }
