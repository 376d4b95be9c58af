package lab

import (
	"fmt"
	"os"
)

// Progress says on a terminal's line what is being done; empty text clears it.
func Progress(text string) {
	const width = 70
	if info, err := os.Stderr.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	fmt.Fprintf(os.Stderr, "\r%-*.*s", width, width, text)
	if text == "" {
		fmt.Fprint(os.Stderr, "\r")
	}
}
