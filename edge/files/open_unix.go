//go:build unix

package files

import "syscall"

// nonblocking: a named pipe that took the file's place is not waited for, nor does a
// terminal become this process's own.
const nonblocking = syscall.O_NONBLOCK | syscall.O_NOCTTY
