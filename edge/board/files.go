package board

// Small files of /proc and /sys. A missing or malformed file is no error: the board does not tell.

import (
	"io/fs"
	"strconv"
	"strings"
)

// text returns the content of a file without white space around it.
func text(root fs.FS, path string) string {
	b, err := fs.ReadFile(root, path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func number(root fs.FS, path string) (n int64, ok bool) {
	n, err := strconv.ParseInt(text(root, path), 10, 64)
	return n, err == nil
}

// firstFloat returns the first number in a file.
func firstFloat(root fs.FS, path string) float64 {
	first, _, _ := strings.Cut(text(root, path), " ")
	f, _ := strconv.ParseFloat(first, 64)
	return f
}

// kilobytes returns the value of a line "key   123 kB", in bytes.
func kilobytes(root fs.FS, path, key string) int64 {
	for line := range strings.Lines(text(root, path)) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// atoi returns 0 if s is not a number.
func atoi(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}
