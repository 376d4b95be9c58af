//go:build !unix

package files

// How files are opened elsewhere.

const nonblocking = 0
