package job

// Reading sources: whole files within bounds, folders, lines.

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

	"trawl/edge/files"
	"trawl/edge/rules"
)

// MaxIncluded bounds the files included by a file.
const MaxIncluded = 200

const (
	MaxInput  = 64 << 20 // bytes of a file
	maxFiles  = 20_000   // in folders
	MaxLevels = 16       // of folders, and of included files
)

// Files is the file system of the sources.
type Files interface {
	// Read returns the content of a file named by the user, at most MaxInput+1 bytes.
	Read(path string) ([]byte, error)
	// ReadIn returns the content of a file below folder, at most MaxInput+1 bytes. name is a local
	// path (filepath.IsLocal). The error is ErrOutside if symbolic links lead out of folder.
	ReadIn(folder, name string) ([]byte, error)
	// List returns the content of a folder, sorted; fs.ErrInvalid for a file.
	List(path string) ([]fs.DirEntry, error)
}

var (
	ErrOutside = errors.New("leads out of the folder of the rules; copy the file into it, or name the file itself as a source")
	errSpecial = errors.New("no regular file (a device, a pipe or a folder)")
)

// OSFiles are the files of the system.
type OSFiles struct{}

func (OSFiles) Read(path string) ([]byte, error) {
	f, _, err := files.OpenInput(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxInput+1))
}

// ReadIn opens nothing but regular files: a pipe would be waited for, and a
// device may have no end.
func (OSFiles) ReadIn(folder, name string) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil {
		if _, outside := os.Stat(filepath.Join(folder, name)); outside == nil {
			return nil, ErrOutside
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
	return io.ReadAll(io.LimitReader(f, MaxInput+1))
}

func (OSFiles) List(path string) ([]fs.DirEntry, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil, fs.ErrInvalid
	}
	return os.ReadDir(path)
}

// Source is a file to import. Included files must lie within folder, and so must the source itself
// if it was found in a folder: rules are often other people's, and must not carry the reader's
// files into the output.
type Source struct {
	Path   string
	Folder string // the folder named by the user, or the folder of the file named by the user
	found  bool   // found in a folder named by the user
}

// Input is the content of a source.
type Input struct {
	Source
	Data []byte // without byte order mark
}

// Expand replaces each folder among paths by the files of the kind in the folder and below.
func (j *Job) Expand(paths []string) []Source {
	var all []Source
	for _, path := range paths {
		if path == "-" {
			j.AddProblem("-", 0, "rules are not read from standard input; name a file")
			continue
		}
		if _, err := j.from.List(path); err != nil {
			all = append(all, Source{Path: path, Folder: filepath.Dir(path)})
			continue
		}
		before := len(all)
		all = j.walk(all, path, path, 0)
		if len(all) == before {
			j.AddProblem(path, 0, "a folder without files of this kind (--from %s)", j.kind.Name)
		}
	}
	return all
}

func (j *Job) walk(all []Source, path, root string, level int) []Source {
	entries, err := j.from.List(path)
	if err != nil {
		j.AddProblem(path, 0, "cannot be read: %v", WithoutPath(err))
	}
	for _, e := range entries {
		at := filepath.Join(path, e.Name())
		switch {
		case len(all) >= maxFiles:
			if !j.Fatal {
				j.Fatal = true
				j.AddProblem(root, 0, "more than %d files; import its folders one by one", maxFiles)
			}
			return all
		case e.IsDir() && level >= MaxLevels:
			j.AddProblem(at, 0, "more than %d levels of folders", MaxLevels)
		case e.IsDir():
			all = j.walk(all, at, root, level+1)
		case j.kind.holds(at, root):
			all = append(all, Source{Path: at, Folder: root, found: true})
		default:
			j.PassedOver.Add("files of another kind")
		}
	}
	return all
}

// Load reads a file; false after a problem.
func (j *Job) Load(src Source) (*Input, bool) {
	path := src.Path
	var data []byte
	var err error
	if src.found {
		data, err = j.readBelow(src.Folder, path)
	} else {
		data, err = j.from.Read(path)
	}
	if err != nil {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			j.AddProblem(path, 0, "no such file")
		default:
			j.AddProblem(path, 0, "cannot be read: %v", WithoutPath(err))
		}
		return nil, false
	}
	if what := j.badInput(data); what != "" {
		j.AddProblem(path, 0, "%s", what)
		return nil, false
	}
	data, bom := bytes.CutPrefix(data, []byte("\xef\xbb\xbf"))
	if bom {
		j.PassedOver.Add("byte order marks")
	}
	return &Input{src, data}, true
}

// readBelow reads the file at path, which must be below folder.
func (j *Job) readBelow(folder, path string) ([]byte, error) {
	if absolute, err := filepath.Abs(folder); err == nil && filepath.IsAbs(path) {
		folder = absolute
	}
	name, err := filepath.Rel(folder, path)
	if err != nil || !filepath.IsLocal(name) {
		return nil, ErrOutside
	}
	return j.from.ReadIn(folder, name)
}

// Include reads the file at path, which src or a file included by src names, once. The error is
// fs.ErrNotExist, ErrOutside, or another reason.
func (j *Job) Include(src Source, path string) (*Input, error) {
	key := src.Folder + "\x00" + path
	file, ok := j.cache[key]
	if !ok {
		data, err := j.readBelow(src.Folder, path)
		if err == nil {
			if what := j.badInput(data); what != "" {
				err = errors.New(what)
			}
		}
		file = included{&Input{Source{Path: path, Folder: src.Folder}, data}, err}
		j.cache[key] = file
	}
	return file.Input, file.err
}

// PathBeside returns the path of a file named in the file at path.
func PathBeside(path, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(path), name)
}

// included is the result of reading an included file.
type included struct {
	*Input
	err error
}

func (j *Job) badInput(data []byte) string {
	switch {
	case len(data) > MaxInput:
		return fmt.Sprintf("larger than %d MiB, which no rules of this kind are; split it", MaxInput>>20)
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return "is UTF-16; save it as UTF-8"
	case bytes.IndexByte(data, 0) >= 0:
		return fmt.Sprintf("holds a byte 0, so it is no text; --from %s reads %s", j.kind.Name, j.kind.What)
	}
	return ""
}

// WithoutPath returns err without the path of the file.
func WithoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Lines calls each for every line of in, numbered from 1, without line break and '\r' (LineHadCR
// reports a '\r'). A line over rules.MaxLine is a problem and ends the file; false from each ends
// the file, too.
func (j *Job) Lines(in *Input, each func(number int, line []byte) bool) {
	number := 0
	for rest := in.Data; len(rest) > 0 && !j.Fatal; {
		number++
		line, after, _ := bytes.Cut(rest, []byte{'\n'})
		rest = after
		if len(line) > rules.MaxLine {
			j.AddProblem(in.Path, number, "longer than %d MiB, which no line of this kind is", rules.MaxLine>>20)
			return
		}
		if line, j.LineHadCR = bytes.CutSuffix(line, []byte{'\r'}); j.LineHadCR {
			j.PassedOver.Add("carriage returns at line ends")
		}
		if !each(number, line) {
			return
		}
	}
}

// LogicalLines calls each for lines joined at a backslash before the line break, with join in
// between. number is the number of the first line.
func (j *Job) LogicalLines(in *Input, join string, each func(number int, line string)) {
	var long strings.Builder
	first := 0
	j.Lines(in, func(number int, line []byte) bool {
		if first == 0 {
			first = number
		}
		body, more := bytes.CutSuffix(line, []byte{'\\'})
		if long.Len()+len(body) > rules.MaxLine {
			j.AddProblem(in.Path, first, "continued over more than %d MiB, which no rule is", rules.MaxLine>>20)
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
		return !j.Fatal
	})
	if first > 0 {
		each(first, long.String())
	}
}

// ShortPath returns the last parts of a path, as many as given.
func ShortPath(path string, parts int) string {
	list := strings.Split(filepath.ToSlash(filepath.Clean(path)), "/")
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" || s == "." || s == ".." })
	return strings.Join(list[max(0, len(list)-parts):], "/")
}

// Stem returns a file's name without the extension.
func Stem(path string) string {
	name := ShortPath(path, 1)
	return strings.TrimSuffix(name, filepath.Ext(name))
}
