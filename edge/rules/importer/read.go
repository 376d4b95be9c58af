// Reading sources: whole files within bounds, folders, lines.

package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	disk "trawl/edge/files"
	"trawl/edge/rules"
)

const (
	maxInput  = 64 << 20 // bytes of one file
	maxFiles  = 20_000   // in folders
	maxLevels = 16       // of folders, and of files that include files
)

// files is where sources lie.
type files interface {
	// read returns the content of a file that the user named, at most maxInput+1 bytes.
	read(path string) ([]byte, error)
	// readIn returns the content of a file below folder, at most maxInput+1 bytes.
	// name is a local path (filepath.IsLocal). The error is errOutside if symbolic
	// links on the way lead out of folder.
	readIn(folder, name string) ([]byte, error)
	// list returns what a folder holds, sorted; fs.ErrInvalid for a file.
	list(path string) ([]fs.DirEntry, error)
}

var (
	errOutside = errors.New("leads out of the folder of the rules; copy the file into it, or name the file itself as a source")
	errSpecial = errors.New("no regular file (a device, a pipe or a folder)")
)

// osFiles are the files of the system.
type osFiles struct{}

func (osFiles) read(path string) ([]byte, error) {
	f, _, err := disk.OpenInput(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxInput+1))
}

// readIn opens nothing but regular files: a pipe would be waited for, and a
// device may have no end.
func (osFiles) readIn(folder, name string) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil {
		if _, outside := os.Stat(filepath.Join(folder, name)); outside == nil {
			return nil, errOutside
		}
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errSpecial
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxInput+1))
}

func (osFiles) list(path string) ([]fs.DirEntry, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil, fs.ErrInvalid
	}
	return os.ReadDir(path)
}

// source is a file to import. Neither its includes nor, if the file was found in a
// folder, the file itself may lie outside of folder: rules are often other people's,
// and what they name must not carry the reader's files into what is written.
type source struct {
	path   string
	folder string // the folder that was named, or that of the file that was named
	found  bool   // in a folder that was named
}

// input is a file that has been read.
type input struct {
	source
	data []byte // without byte order mark
}

// expand replaces each folder among paths by the files of the kind in it and
// in the folders in it.
func (j *job) expand(paths []string) []source {
	var all []source
	for _, path := range paths {
		if path == "-" {
			j.problem("-", 0, "rules are not read from standard input; name a file")
			continue
		}
		if _, err := j.from.list(path); err != nil {
			all = append(all, source{path: path, folder: filepath.Dir(path)})
			continue
		}
		before := len(all)
		all = j.walk(all, path, path, 0)
		if len(all) == before {
			j.problem(path, 0, "a folder without files of this kind (--from %s)", j.kind.Name)
		}
	}
	return all
}

func (j *job) walk(all []source, path, root string, level int) []source {
	entries, err := j.from.list(path)
	if err != nil {
		j.problem(path, 0, "cannot be read: %v", withoutPath(err))
	}
	for _, e := range entries {
		at := filepath.Join(path, e.Name())
		switch {
		case len(all) >= maxFiles:
			if !j.fatal {
				j.fatal = true
				j.problem(root, 0, "more than %d files; import its folders one by one", maxFiles)
			}
			return all
		case e.IsDir() && level >= maxLevels:
			j.problem(at, 0, "more than %d levels of folders", maxLevels)
		case e.IsDir():
			all = j.walk(all, at, root, level+1)
		case j.kind.inFolder(at, root):
			all = append(all, source{path: at, folder: root, found: true})
		default:
			j.aside.add("files of another kind")
		}
	}
	return all
}

// load reads a file; false if it cannot be used, which has been noted then.
func (j *job) load(src source) (*input, bool) {
	path := src.path
	var data []byte
	var err error
	if src.found {
		data, err = j.readBelow(src.folder, path)
	} else {
		data, err = j.from.read(path)
	}
	if err != nil {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			j.problem(path, 0, "no such file")
		default:
			j.problem(path, 0, "cannot be read: %v", withoutPath(err))
		}
		return nil, false
	}
	if what := j.badInput(data); what != "" {
		j.problem(path, 0, "%s", what)
		return nil, false
	}
	data, bom := bytes.CutPrefix(data, []byte("\xef\xbb\xbf"))
	if bom {
		j.aside.add("byte order marks")
	}
	return &input{src, data}, true
}

// readBelow reads the file at path, which must lie below folder.
func (j *job) readBelow(folder, path string) ([]byte, error) {
	if absolute, err := filepath.Abs(folder); err == nil && filepath.IsAbs(path) {
		folder = absolute
	}
	name, err := filepath.Rel(folder, path)
	if err != nil || !filepath.IsLocal(name) {
		return nil, errOutside
	}
	return j.from.readIn(folder, name)
}

// include reads the file at path, which src or one of its includes names, once. The
// error is fs.ErrNotExist, errOutside, or says why the file cannot be read.
func (j *job) include(src source, path string) (*input, error) {
	key := src.folder + "\x00" + path
	file, ok := j.cache[key]
	if !ok {
		data, err := j.readBelow(src.folder, path)
		if err == nil {
			if what := j.badInput(data); what != "" {
				err = errors.New(what)
			}
		}
		file = included{&input{source{path: path, folder: src.folder}, data}, err}
		j.cache[key] = file
	}
	return file.input, file.err
}

// beside is the path of a file that the file at path names.
func beside(path, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(path), name)
}

// included is what came of reading a file that others name.
type included struct {
	*input
	err error
}

func (j *job) badInput(data []byte) string {
	switch {
	case len(data) > maxInput:
		return fmt.Sprintf("larger than %d MiB, which no rules of this kind are; split it", maxInput>>20)
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return "is UTF-16; save it as UTF-8"
	case bytes.IndexByte(data, 0) >= 0:
		return fmt.Sprintf("holds a byte 0, so it is no text; --from %s reads %s", j.kind.Name, j.kind.What)
	}
	return ""
}

// withoutPath leaves out what err says of the file.
func withoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// lines calls each for every line of in, without its line break and '\r' (j.cr says
// whether there was one), numbered from 1. A line over rules.MaxLine is a problem and ends the file, as does
// false from each.
func (j *job) lines(in *input, each func(number int, line []byte) bool) {
	number := 0
	for rest := in.data; len(rest) > 0 && !j.fatal; {
		number++
		line, after, _ := bytes.Cut(rest, []byte{'\n'})
		rest = after
		if len(line) > rules.MaxLine {
			j.problem(in.path, number, "longer than %d MiB, which no line of this kind is", rules.MaxLine>>20)
			return
		}
		if line, j.cr = bytes.CutSuffix(line, []byte{'\r'}); j.cr {
			j.aside.add("carriage returns at line ends")
		}
		if !each(number, line) {
			return
		}
	}
}

// logicalLines are lines that may go on after a backslash at their end; number
// is that of the first. join is put in between.
func (j *job) logicalLines(in *input, join string, each func(number int, line string)) {
	var long strings.Builder
	first := 0
	j.lines(in, func(number int, line []byte) bool {
		if first == 0 {
			first = number
		}
		body, more := bytes.CutSuffix(line, []byte{'\\'})
		if long.Len()+len(body) > rules.MaxLine {
			j.problem(in.path, first, "continued over more than %d MiB, which no rule is", rules.MaxLine>>20)
			first = 0
			return false
		}
		long.Write(body)
		if more {
			long.WriteString(join)
			return true
		}
		each(first, long.String())
		long.Reset()
		first = 0
		return !j.fatal
	})
	if first > 0 {
		each(first, long.String())
	}
}

// shortPath is the end of a path that tells files apart for people: the folder
// and the name, or just the name.
func shortPath(path string, parts int) string {
	list := strings.Split(filepath.ToSlash(filepath.Clean(path)), "/")
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" || s == "." || s == ".." })
	return strings.Join(list[max(0, len(list)-parts):], "/")
}

// stem is a file's name without its ending.
func stem(path string) string {
	name := shortPath(path, 1)
	return strings.TrimSuffix(name, filepath.Ext(name))
}
