// The words, and the lines that they are looked for in.

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"trawl/build/bench/internal/lab"
)

const (
	wordCount = 10_000
	textBytes = 4 << 20
	dict      = "/usr/share/dict/words"
)

// writeWords writes words of three lower-case letters and more, evenly over the
// list: most lines of a log contain a few.
func writeWords(path string) error {
	list, err := os.ReadFile(dict)
	if err != nil {
		return fmt.Errorf("%w; install a word list (Debian: wamerican)", err)
	}
	var words []string
	for w := range strings.Lines(string(list)) {
		w = strings.TrimSuffix(w, "\n")
		if len(w) >= 3 && strings.IndexFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) < 0 {
			words = append(words, w)
		}
	}
	if len(words) < wordCount {
		return fmt.Errorf("%s has only %d words to use", dict, len(words))
	}
	var text bytes.Buffer
	for i := range wordCount {
		fmt.Fprintln(&text, words[i*len(words)/wordCount])
	}
	return os.WriteFile(path, text.Bytes(), 0o644)
}

// logLines are the lines of a log, without the last one, which may be cut.
func logLines() [][]byte {
	lines := bytes.Split(lab.Logs(textBytes), []byte("\n"))
	return lines[:len(lines)-1]
}

// texts puts n lines into each text.
func texts(lines [][]byte, n int) [][]byte {
	var all [][]byte
	for len(lines) >= n {
		all = append(all, bytes.Join(lines[:n], []byte("\n")))
		lines = lines[n:]
	}
	return all
}
