package main

// Tests for another kind of machine, under an emulator: make test-arm.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
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

// sameEverywhere are scripts about what is said: it depends on no kind of machine,
// and each start of a program takes the emulator a quarter of a second.
var sameEverywhere = []string{
	"broker_open_to_lan", "completion", "config_check", "config_show", "describe", "doctor", "help", "rules_check_problems",
	"rules_import", "rules_import_problems", "scan_bad_rules", "scan_color", "scan_status", "service_help", "usage_errors",
}

// skipSame skips such a script under an emulator.
func skipSame(env *testscript.Env) {
	name := strings.TrimPrefix(filepath.Base(env.WorkDir), "script-")
	if os.Getenv("TRAWL_EMULATOR") != "" && slices.Contains(sameEverywhere, name) {
		env.T().Skip("it is the same on every machine")
	}
}
