package main

// The program's own pages, after the start.

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// unmapProgram unmaps the pages of the program's file from this process. The kernel maps 64 KB
// around each page in use, so after the start nearly the whole program is mapped: commands that never
// run here, and code for the start alone. The pages in use come back from the page cache within
// microseconds; the kernel may drop the others when memory is short. Failures leave all as before.
func unmapProgram() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var start, end uintptr
		var access string
		line := lines.Text()
		if _, err := fmt.Sscanf(line, "%x-%x %s", &start, &end, &access); err != nil || !strings.HasSuffix(line, program) {
			continue
		}
		if access == "r-xp" || access == "r--p" { // never written, so equal to the file
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, start, end-start, unix.MADV_DONTNEED)
		}
	}
}
