package main

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

func TestTheProgramIsUnmappedAfterTheStart(t *testing.T) {
	fromFiles := func() int {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Skip(err)
		}
		m := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(status)
		kB, _ := strconv.Atoi(string(m[1]))
		return kB
	}
	before := fromFiles()
	unmapProgram()
	if after := fromFiles(); after > before*3/4 {
		t.Errorf("%d kB of files are mapped, %d before", after, before)
	}
}
