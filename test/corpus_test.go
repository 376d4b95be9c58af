// The real input: words of Debian's list, text of the Go distribution, and what
// pyahocorasick finds in it.

package test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	needs "trawl/test/need"
)

const (
	corpusWords = 10_000
	corpusBytes = 10 << 20 // at least
)

// corpus is made once a run and not changed by any test.
type corpus struct {
	words string   // file: a literal per line
	files []string // in the order in which they are scanned
	all   string   // file: all files one after the other

	matches, counts []byte // `scan --json` and `scan -c` of files
	stdin           []byte // `scan --json` of all as standard input
}

// realInput returns the corpus.
func realInput(t *testing.T) *corpus {
	t.Helper()
	need(t, "wamerican in TRAWL_PACKAGES", "python3-ahocorasick")
	c, err := makeCorpus()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var makeCorpus = sync.OnceValues(func() (*corpus, error) {
	dir := filepath.Join(scratch, "corpus")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	c := &corpus{words: filepath.Join(dir, "words.txt"), all: filepath.Join(dir, "all.txt")}
	words, err := someWords()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.words, words, 0o600); err != nil {
		return nil, err
	}
	if c.files, err = someFiles(); err != nil {
		return nil, err
	}
	if err := concatenate(c.all, c.files); err != nil {
		return nil, err
	}
	list := func(path string) string { return path + "\t" + path }
	if c.matches, c.counts, err = oracle(dir, c.words, c.files, list); err != nil {
		return nil, err
	}
	stdin := func(path string) string { return path + "\t(standard input)" }
	c.stdin, _, err = oracle(dir, c.words, []string{c.all}, stdin)
	return c, err
})

// someWords returns corpusWords of Debian's word list, from all of it: every
// k-th that has at least 3 bytes.
func someWords() ([]byte, error) {
	list, err := os.ReadFile(dictionary)
	if err != nil {
		return nil, err
	}
	var long [][]byte
	for word := range bytes.Lines(list) {
		if len(bytes.TrimSpace(word)) >= 3 {
			long = append(long, word)
		}
	}
	if len(long) < corpusWords {
		return nil, fmt.Errorf("%s has only %d words of 3 bytes", dictionary, len(long))
	}
	var some []byte
	for i := range corpusWords {
		some = append(some, long[i*len(long)/corpusWords]...)
	}
	return some, nil
}

// someFiles lists all of Go's documentation, and so many of its
// sources, taken from everywhere in the tree, as make corpusBytes.
func someFiles() ([]string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	goroot := strings.TrimSpace(string(root))
	text := func(name string) bool {
		return slices.Contains([]string{".go", ".html", ".txt", ".md"}, filepath.Ext(name))
	}
	files, size, err := regularFiles(filepath.Join(goroot, "doc"), text)
	if err != nil {
		return nil, err
	}
	source, sourceSize, err := regularFiles(filepath.Join(goroot, "src"), text)
	if err != nil {
		return nil, err
	}
	if size+sourceSize < corpusBytes {
		return nil, fmt.Errorf("%s has only %d bytes of text", goroot, size+sourceSize)
	}
	// Steps of 7 through the list, from each of the 7 beginnings in turn.
	for first := range 7 {
		for i := first; i < len(source) && size < corpusBytes; i += 7 {
			info, err := os.Stat(source[i])
			if err != nil {
				return nil, err
			}
			files = append(files, source[i])
			size += info.Size()
		}
	}
	return files, nil
}

// regularFiles walks dir in lexical order; size is that of all files together.
func regularFiles(dir string, wanted func(name string) bool) (files []string, size int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !wanted(d.Name()) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files = append(files, path)
		size += info.Size()
		return nil
	})
	return files, size, err
}

// concatenate makes sure that every file ends its last line.
func concatenate(to string, files []string) error {
	var all []byte
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		all = append(all, text...)
		if !bytes.HasSuffix(all, []byte("\n")) {
			all = append(all, '\n')
		}
	}
	return os.WriteFile(to, all, 0o600)
}

// oracle runs testdata/oracle.py; list makes a line of its LIST.
func oracle(dir, words string, files []string, list func(path string) string) (matches, counts []byte, err error) {
	var lines strings.Builder
	for _, f := range files {
		fmt.Fprintln(&lines, list(f))
	}
	listed, countsFile := filepath.Join(dir, "list"), filepath.Join(dir, "counts")
	if err := os.WriteFile(listed, []byte(lines.String()), 0o600); err != nil {
		return nil, nil, err
	}
	var stderr bytes.Buffer
	cmd := needs.Command(interpreter(), filepath.Join("testdata", "oracle.py"), words, countsFile, listed)
	cmd.Stderr = &stderr
	if matches, err = cmd.Output(); err != nil {
		return nil, nil, fmt.Errorf("oracle.py: %w\n%s", err, &stderr)
	}
	counts, err = os.ReadFile(countsFile)
	return matches, counts, err
}
