package scan

// From arguments to files: stdin, single files, folders.

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
)

// stdinName is how results name the standard input.
const stdinName = "(standard input)"

// file is one input. The reader sets name and binary before the first of its
// texts is handed on; the rest is the printer's, but for done.
type file struct {
	name    string
	binary  bool
	foreign encoding    // of a text that is not searched as such
	done    atomic.Bool // set by the printer: nothing more of it is needed

	lines      int64           // complete lines before the text at hand
	matching   int64           // lines that matched
	rules      ruleSet         // of a binary file in mode Lines
	incomplete map[string]bool // regexes that were given up on
	pieces     bool            // said what a line that goes in pieces may miss
	marked     bool            // a byte order mark of UTF-8 has been left out, which mode Mask prints
	told       int64           // bytes that Options.Progress knows of
}

var (
	errFolder = errors.New("is a folder: use -r to scan what is in it")
	errOutput = errors.New("is also the output: left out")
)

// walk visits the files that a scan's arguments name.
type walk struct {
	paths  []string
	stdin  io.Reader
	output fs.FileInfo // of stdout where that is a regular file, else nil
}

func newWalk(paths []string, stdin io.Reader, stdout io.Writer) *walk {
	w := &walk{paths: paths, stdin: stdin}
	if f, ok := stdout.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			w.output = info
		}
	}
	return w
}

// withNames decides as grep does: a single argument that is not a folder needs
// no name.
func withNames(paths []string, o *Options) bool {
	if len(paths) != 1 || !o.Recursive {
		return len(paths) > 1 || o.Recursive
	}
	info, err := os.Stat(paths[0])
	return err == nil && info.IsDir()
}

// run gives every file to r, in order. Its error is the context's; what cannot
// be read is a note in the output and the walk goes on.
func (w *walk) run(r *reader) error {
	paths := w.paths
	if len(paths) == 0 {
		if r.o.Recursive {
			return w.folder(r, "")
		}
		paths = []string{"-"}
	}
	for _, path := range paths {
		if err := w.argument(r, path); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) argument(r *reader, path string) error {
	if path == "-" {
		return w.standardInput(r)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return r.unreadable(path, err)
	case info.IsDir() && r.o.Recursive:
		return w.folder(r, path)
	case info.IsDir():
		return r.unreadable(path, errFolder)
	case info.Mode().IsRegular():
		return w.regular(r, path)
	}
	return r.stream(path, nil)
}

func (w *walk) standardInput(r *reader) error {
	if f, ok := w.stdin.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return r.file(&file{name: stdinName}, regular{f})
		}
	}
	return r.stream(stdinName, w.stdin)
}

// folder visits what is in path, without following links and without reading
// devices, sockets and FIFOs, as grep -r. The empty path is the current folder.
func (w *walk) folder(r *reader, path string) error {
	dir := path
	if dir == "" {
		dir = "."
	} else if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		if err := r.unreadable(dir, err); err != nil {
			return err
		}
	}
	for _, e := range entries {
		var err error
		switch {
		case e.IsDir():
			err = w.folder(r, path+e.Name())
		case e.Type().IsRegular():
			err = w.regular(r, path+e.Name())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) regular(r *reader, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return r.unreadable(path, err)
	}
	defer f.Close()
	if w.output != nil {
		if info, err := f.Stat(); err == nil && os.SameFile(info, w.output) {
			return r.unreadable(path, errOutput)
		}
	}
	return r.file(&file{name: path}, regular{f})
}
