package follow

// Which paths are logs: the patterns of a source, looked up again and again.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// finder finds the paths matched by patterns. A folder is listed again after a change.
type finder struct {
	patterns []string
	exclude  []string
	folders  map[string]*listing // by pattern, of a folder and names in it
	paths    []string            // what was found last
	dropped  int                 // how many more there are
}

// listing has the names in a folder matched by one part of a pattern.
type listing struct {
	names   []string
	dropped int
	changed time.Time // of the folder
	made    time.Time // by the clock that changed comes from
	asked   time.Time // by the clock of the follower
	used    bool
}

const (
	maxNames   = 10_000 // kept of a folder
	maxFolders = 1000   // listed for a pattern
	// A folder changed so little before it was listed may have been changed afterwards, too,
	// within one tick of the clock of its file system.
	unsettled = 2 * time.Second
	relist    = 10 * time.Second // for file systems that do not tell of changes
)

func newFinder(patterns, exclude []string) (*finder, error) {
	f := &finder{exclude: exclude, folders: make(map[string]*listing)}
	if len(patterns) == 0 {
		return nil, errors.New("no file is named that should be followed; name at least one")
	}
	if len(patterns) > maxPatterns {
		return nil, fmt.Errorf("%d patterns are too many for one source, which takes %d; make several sources of them", len(patterns), maxPatterns)
	}
	for _, p := range patterns {
		if !filepath.IsAbs(p) {
			return nil, fmt.Errorf("the path %q does not begin with /; only whole paths mean the same everywhere", p)
		}
		f.patterns = append(f.patterns, filepath.Clean(p))
	}
	for _, p := range slices.Concat(patterns, exclude) {
		if _, err := filepath.Match(p, ""); err != nil {
			return nil, fmt.Errorf("the pattern %q is not valid: %w; a bracket is written \\[", p, err)
		}
	}
	return f, nil
}

// matches says whether a path is one of a log, whether there is a file or not, and the
// pattern that says so.
func (f *finder) matches(path string) (pattern string, ok bool) {
	if f.excluded(path) {
		return "", false
	}
	for _, p := range f.patterns {
		if ok, _ := filepath.Match(p, path); ok {
			return p, true
		}
	}
	return "", false
}

func (f *finder) excluded(path string) bool {
	for _, p := range f.exclude {
		name := path
		if !strings.ContainsRune(p, filepath.Separator) {
			name = filepath.Base(path)
		}
		if ok, _ := filepath.Match(p, name); ok {
			return true
		}
	}
	return false
}

// find returns the paths that the patterns match, in the order of the patterns, and how
// many more paths match than find keeps. Rotated files of other logs are left out: a name
// like the name of a rotated file is left out if the log exists or is known to isLog.
func (f *finder) find(now time.Time, isLog func(path string) bool) (paths []string, dropped int) {
	fresh := false
	dropped = 0
	var found []string
	for _, p := range f.patterns {
		before := len(found)
		f.expand(now, p, &found, &fresh, &dropped)
		slices.Sort(found[before:])
	}
	for key, l := range f.folders {
		if !l.used {
			delete(f.folders, key)
			fresh = true
		}
		l.used = false
	}
	if !fresh && f.paths != nil {
		return f.paths, f.dropped
	}
	exists := make(map[string]bool, len(found))
	for _, path := range found {
		exists[path] = true
	}
	f.paths, f.dropped = make([]string, 0, len(found)), dropped
	for _, path := range found {
		if exists[path] && !f.excluded(path) && !f.rotated(path, exists, isLog) {
			f.paths = append(f.paths, path)
			exists[path] = false // by another pattern, too
		}
	}
	return f.paths, f.dropped
}

// rotated says whether a path is the path of a rotated file, and a pattern matches the log.
func (f *finder) rotated(path string, exists map[string]bool, isLog func(string) bool) bool {
	folder, name := filepath.Split(path)
	if isCompressed(name) {
		return true
	}
	for _, base := range bases(name) {
		log := filepath.Join(folder, base)
		if _, ok := f.matches(log); !ok {
			continue
		}
		if _, ok := exists[log]; ok || isLog(log) {
			return true
		}
		if _, err := os.Lstat(log); err == nil {
			return true
		}
	}
	return false
}

// expand appends the paths that a pattern matches.
func (f *finder) expand(now time.Time, pattern string, found *[]string, fresh *bool, dropped *int) {
	folders := []string{""}
	parts := strings.Split(pattern, string(filepath.Separator))
	for i, part := range parts {
		last := i == len(parts)-1
		if !isPattern(part) {
			for k := range folders {
				folders[k] += part
				if !last {
					folders[k] += string(filepath.Separator)
				}
			}
			continue
		}
		var next []string
		for _, folder := range folders {
			l := f.list(now, folder, part, fresh)
			*dropped += l.dropped
			for _, name := range l.names {
				if !last {
					name += string(filepath.Separator)
				}
				next = append(next, folder+name)
			}
		}
		if !last && len(next) > maxFolders {
			*dropped += len(next) - maxFolders
			next = next[:maxFolders]
		}
		folders = next
	}
	*found = append(*found, folders...)
}

func isPattern(part string) bool { return strings.ContainsAny(part, `*?[\`) }

// list returns the names in a folder that match a part of a pattern. As in a shell, a name
// that begins with a dot has to be asked for.
func (f *finder) list(now time.Time, folder, part string, fresh *bool) *listing {
	key := folder + "\x00" + part
	l := f.folders[key]
	info, err := os.Stat(folder)
	var changed time.Time
	if err == nil {
		changed = info.ModTime()
	}
	if l != nil && l.changed.Equal(changed) && now.Sub(l.asked) < relist && l.made.Sub(changed).Abs() > unsettled {
		l.used = true
		return l
	}
	next := &listing{changed: changed, made: time.Now(), asked: now, used: true}
	if err == nil {
		err = readNames(folder, func(name string) {
			if ok, _ := filepath.Match(part, name); !ok || name[0] == '.' && part[0] != '.' {
				return
			}
			if len(next.names) == maxNames {
				next.dropped++
				return
			}
			next.names = append(next.names, name)
		})
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && l != nil {
		next.names, next.dropped = l.names, l.dropped // read again when the clock says so
	}
	slices.Sort(next.names)
	if l == nil || !slices.Equal(l.names, next.names) || l.dropped != next.dropped {
		*fresh = true
	}
	f.folders[key] = next
	return next
}
