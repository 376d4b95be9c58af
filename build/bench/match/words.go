// The sets of words.

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const (
	largeList = "/usr/share/dict/american-english-insane"
	minWord   = 5 // bytes
)

// readWordList returns the words of the large list that are long enough.
func readWordList() ([]string, error) {
	list, err := os.ReadFile(largeList)
	if err != nil {
		return nil, fmt.Errorf("%w; install a word list (Debian: wamerican-insane)", err)
	}
	var words []string
	for w := range strings.Lines(string(list)) {
		if w = strings.TrimSuffix(w, "\n"); len(w) >= minWord {
			words = append(words, w)
		}
	}
	return words, nil
}

// listVersion names the package that the words are from.
func listVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Package} ${Version}", "wamerican-insane").Output()
	if err != nil {
		return largeList
	}
	return string(out)
}

// spread returns n of the words, evenly over the list; 0: all.
func spread(words []string, n int) []string {
	if n == 0 || n > len(words) {
		return words
	}
	picked := make([]string, n)
	for i := range picked {
		picked[i] = words[i*len(words)/n]
	}
	return picked
}

// writeWords writes a set for the matchers.
func (b *bench) writeWords(name string, words []string) (path string, err error) {
	path = b.file(name + ".words")
	return path, os.WriteFile(path, []byte(strings.Join(words, "\n")+"\n"), 0o644)
}
