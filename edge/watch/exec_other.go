//go:build !unix

package watch

import "os/exec"

// killGroup: the end of cmd's context kills the program alone.
func killGroup(*exec.Cmd) {}
