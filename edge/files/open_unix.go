//go:build unix

package files

// How files are opened on Unix.

import "syscall"

// nonblocking keeps Open from waiting for a named pipe that has taken the file's place, and from
// making a terminal the terminal of this process.
const nonblocking = syscall.O_NONBLOCK | syscall.O_NOCTTY
