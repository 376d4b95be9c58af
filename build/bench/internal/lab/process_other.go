//go:build !linux

package lab

import (
	"errors"
	"time"
)

var errLinuxOnly = errors.New("processes are measured on Linux only")

// CPU fails: it is for Linux.
func CPU(int) (time.Duration, error) { return 0, errLinuxOnly }

// Memory fails: it is for Linux.
func Memory(int, string) (int64, error) { return 0, errLinuxOnly }
