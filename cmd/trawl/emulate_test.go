package main

// Tests for another kind of machine, under an emulator: make test-arm.

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// underEmulator is a testing.M for which the program that scripts run, which the
// system could not start, is started by the emulator that TRAWL_EMULATOR names.
type underEmulator struct{ *testing.M }

func (m underEmulator) Run() int {
	if emulator := os.Getenv("TRAWL_EMULATOR"); emulator != "" {
		if err := emulate(emulator); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.M.Run()
}

// emulate puts a script in place of the trawl that testscript has put into PATH.
func emulate(emulator string) error {
	program, err := exec.LookPath("trawl")
	if err != nil {
		return err
	}
	real := program + ".emulated"
	if err := os.Rename(program, real); err != nil {
		return err
	}
	script := fmt.Sprintf("#!/bin/sh\nexec %s -0 trawl '%s' \"$@\"\n", emulator, real)
	return os.WriteFile(program, []byte(script), 0o755)
}
