//go:build unix

package watch

import (
	"os/exec"
	"syscall"
)

// killGroup makes the end of cmd's context kill the program and all its children.
func killGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
