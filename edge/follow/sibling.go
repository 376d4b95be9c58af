package follow

// Names of rotated files: the log of a name, and the age.

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// rank is the age of a rotated file by name. Lower kinds, then lower numbers, then higher dates
// are younger.
type rank struct {
	kind   int
	number int
	date   string
}

const (
	rankTemporary = iota // PATH.tmp: logrotate's renamecopy is at work
	rankNumber           // PATH.1, STEM.1.EXT
	rankDate             // PATH-20240131, PATH.2024-01-31, STEM-20240131.EXT
)

func (r rank) compare(o rank) int {
	return cmp.Or(cmp.Compare(r.kind, o.kind), cmp.Compare(r.number, o.number), cmp.Compare(o.date, r.date))
}

// rankOf returns the age of a file that was rotated away from the log base; ok is false if
// the name is not one of such a file. Both are names without folder.
func rankOf(base, name string) (r rank, ok bool) {
	if name == base+".tmp" {
		return rank{kind: rankTemporary}, true
	}
	name = strings.TrimSuffix(name, ".gz")
	if rest, ok := strings.CutPrefix(name, base); ok {
		return rankOfMark(rest)
	}
	ext := filepath.Ext(base)
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(base, ext))
	if !ok || ext == "" {
		return rank{}, false
	}
	if rest, ok = strings.CutSuffix(rest, ext); !ok {
		return rank{}, false
	}
	return rankOfMark(rest)
}

// rankOfMark reads what rotation puts into a name: "-20240131", ".2024-01-31", ".1".
func rankOfMark(mark string) (r rank, ok bool) {
	const (
		manyDigits = 5 // of a number
		fewDigits  = 6 // of a date
		longest    = 40
	)
	if len(mark) < 2 || len(mark) > longest || mark[0] != '.' && mark[0] != '-' || !isDigit(mark[1]) {
		return rank{}, false
	}
	number, digits := 0, 0
	for _, c := range []byte(mark[1:]) {
		switch {
		case isDigit(c):
			digits++
			number = min(number*10+int(c-'0'), 1e6)
		case !strings.ContainsRune("-_.:T", rune(c)):
			return rank{}, false
		}
	}
	switch {
	case digits >= fewDigits:
		return rank{kind: rankDate, date: mark[1:]}, true
	case digits <= manyDigits && digits == len(mark)-1 && mark[0] == '.':
		return rank{kind: rankNumber, number: number}, true
	}
	return rank{}, false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isCompressed says whether a file is compressed, so that no program writes lines there.
func isCompressed(name string) bool {
	switch filepath.Ext(name) {
	case ".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z", ".zip":
		return true
	}
	return false
}

// bases returns the names of the logs that a file may have been rotated away from.
func bases(name string) (logs []string) {
	full := name
	name = strings.TrimSuffix(name, ".gz")
	ext := filepath.Ext(name)
	for i := 1; i < len(name); i++ {
		if name[i] != '.' && name[i] != '-' {
			continue
		}
		for _, base := range []string{name[:i], name[:i] + ext} {
			if _, ok := rankOf(base, full); ok && base != full {
				logs = append(logs, base)
			}
		}
	}
	if base, ok := strings.CutSuffix(name, ".tmp"); ok && base != "" {
		logs = append(logs, base)
	}
	return logs
}

// sibling is a rotated file beside its log.
type sibling struct {
	path   string
	zipped bool
	rank   rank
}

// maxSiblings bounds how many rotated files of a log are looked at, the youngest.
const maxSiblings = 1000

// listSiblings returns the rotated files of a log, the youngest first. Of a file and its
// compressed twin only the file is in the list: its twin may not be complete.
func listSiblings(path string) (list []sibling, err error) {
	folder, base := filepath.Split(path)
	err = readNames(folder, func(name string) {
		r, ok := rankOf(base, name)
		if !ok {
			return
		}
		list = append(list, sibling{filepath.Join(folder, name), strings.HasSuffix(name, ".gz"), r})
		if len(list) >= 2*maxSiblings {
			list = youngest(list)
		}
	})
	return youngest(list), err
}

func youngest(list []sibling) []sibling {
	slices.SortFunc(list, func(a, b sibling) int {
		return cmp.Or(a.rank.compare(b.rank), cmp.Compare(a.path, b.path)) // the twin with .gz comes second
	})
	list = slices.CompactFunc(list, func(a, b sibling) bool { return b.path == a.path+".gz" })
	return list[:min(len(list), maxSiblings)]
}

// readNames calls add for every name in a folder, which may have very many.
func readNames(folder string, add func(name string)) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(512)
		for _, name := range names {
			add(name)
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}
