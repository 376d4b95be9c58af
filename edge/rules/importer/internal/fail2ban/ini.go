package fail2ban

// The configuration files of fail2ban: INI as read by Python's configparser, with includes and
// %(interpolation)s.

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"trawl/edge/ondemand"
	"trawl/edge/rules"
	"trawl/edge/rules/importer/internal/job"
)

const (
	maxExpanded  = 1 << 20 // bytes of a value after interpolation
	maxIniDepth  = 20      // levels of references between values
	iniDefault   = "DEFAULT"
	iniIncludes  = "INCLUDES"
	iniKnown     = "KNOWN/" // prefix of the name of a section: the values before an override
	iniLocalFile = ".local" // extension of a file read after the .conf file of the name
)

// iniValue is the value of an option before interpolation, as lines without indentation.
type iniValue struct {
	lines  []string
	file   string
	number []int // line number of each line
}

func (v *iniValue) text() string { return strings.Join(v.lines, "\n") }

// iniFile maps sections and options to values; later files override single options.
type iniFile map[string]map[string]*iniValue

var (
	iniSection = ondemand.Regexp{Expr: `^\[([^\]]+)\]`}
	iniOption  = ondemand.Regexp{Expr: `^(.*?)\s*[=:]\s*(.*)$`}
	iniInline  = ondemand.Regexp{Expr: `(?:^|\s);`}
)

// errINI reports a line that is neither section, option nor continuation.
type errINI struct {
	line int
	what string
}

func (e *errINI) Error() string { return e.what }

// parseINI reads one file, without includes.
func parseINI(path string, data []byte) (iniFile, error) {
	f := iniFile{}
	var section map[string]*iniValue
	var value *iniValue
	indent, number := 0, 0
	for line := range bytes.Lines(data) {
		if number++; len(line) > rules.MaxLine {
			return nil, &errINI{number, fmt.Sprintf("longer than %d MiB, which no line of this kind is", rules.MaxLine>>20)}
		}
		s := strings.TrimRight(string(line), "\r\n")
		trimmed := strings.TrimSpace(s)
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
			continue
		}
		if at := iniInline.Get().FindStringIndex(s); at != nil {
			s = s[:at[0]]
			trimmed = strings.TrimSpace(s)
		}
		depth := len(s) - len(strings.TrimLeft(s, " \t\v\f"))
		switch m := iniSection.Get().FindStringSubmatch(trimmed); {
		case trimmed == "":
		case value != nil && depth > indent:
			value.add(trimmed, number)
		case m != nil:
			if f[m[1]] == nil {
				f[m[1]] = map[string]*iniValue{}
			}
			section, value, indent = f[m[1]], nil, depth
		case section == nil:
			return nil, &errINI{number, "text before the first [section]: is this a filter of fail2ban?"}
		default:
			o := iniOption.Get().FindStringSubmatch(trimmed)
			if o == nil || o[1] == "" {
				return nil, &errINI{number, fmt.Sprintf("neither a [section] nor name = value: %.60q", trimmed)}
			}
			value, indent = &iniValue{file: path}, depth
			value.add(o[2], number)
			section[strings.ToLower(o[1])] = value
		}
	}
	return f, nil
}

func (v *iniValue) add(line string, number int) {
	v.lines = append(v.lines, line)
	v.number = append(v.number, number)
}

// merge adds the options of a later file.
func (f iniFile) merge(later iniFile) {
	for name, options := range later {
		if f[name] == nil {
			f[name] = map[string]*iniValue{}
		}
		for option, value := range options {
			if before, ok := f[name][option]; ok {
				if f[iniKnown+name] == nil {
					f[iniKnown+name] = map[string]*iniValue{}
				}
				f[iniKnown+name][option] = before
			}
			f[name][option] = value
		}
	}
}

// iniLoader reads a file with its includes.
type iniLoader struct {
	job    *job.Job
	source job.Source // the filter, whose folder holds all includes
	count  int
	out    iniFile
}

// load reads the file at path, its includes and the .local file beside. Missing files are passed
// over, as in fail2ban. The error names the file.
func (l *iniLoader) load(path string, data []byte, chain []string) error {
	if err := l.one(path, data, chain); err != nil {
		return err
	}
	local := strings.TrimSuffix(path, filepath.Ext(path)) + iniLocalFile
	if local == path {
		return nil
	}
	return l.optional(local, chain)
}

// optional loads a file if present.
func (l *iniLoader) optional(path string, chain []string) error {
	in, err := l.job.Include(l.source, path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
		return nil
	case err != nil:
		return fmt.Errorf("%s: cannot be read: %w", path, job.WithoutPath(err))
	}
	if filepath.Ext(path) == iniLocalFile {
		return l.one(path, in.Data, chain)
	}
	return l.load(path, in.Data, chain)
}

func (l *iniLoader) one(path string, data []byte, chain []string) error {
	if l.count++; l.count > job.MaxIncluded {
		return fmt.Errorf("%s: more than %d files are included", path, job.MaxIncluded)
	}
	if len(chain) > job.MaxLevels {
		return fmt.Errorf("%s: includes more than %d levels deep: %s", path, job.MaxLevels, strings.Join(chain[:3], " → "))
	}
	f, err := parseINI(path, data)
	if err != nil {
		return &includeError{path, err}
	}
	chain = append(chain[:len(chain):len(chain)], path)
	if err := l.include(f, "before", path, chain); err != nil {
		return err
	}
	l.out.merge(f)
	return l.include(f, "after", path, chain)
}

type includeError struct {
	path string
	err  error
}

func (e *includeError) Error() string { return e.path + ": " + e.err.Error() }

func (e *includeError) Unwrap() error { return e.err }

func (l *iniLoader) include(f iniFile, option, path string, chain []string) error {
	v, ok := f[iniIncludes][option]
	if !ok {
		return nil
	}
	for _, name := range v.lines {
		if name == "" {
			continue
		}
		at := job.PathBeside(path, name)
		seen := false
		for _, c := range chain {
			seen = seen || c == at
		}
		if seen {
			continue // as fail2ban does
		}
		if err := l.optional(at, chain); err != nil {
			return err
		}
	}
	return nil
}

// lookup finds the option for %(name)s in section. name is an option, section/option or
// known/option.
func (f iniFile) lookup(section, name string) (string, bool) {
	if sec, option, ok := strings.Cut(name, "/"); ok {
		if strings.EqualFold(sec, "known") {
			sec = iniKnown + section
		}
		if v, ok := f[sec][strings.ToLower(option)]; ok {
			return v.text(), true
		}
		name = option
		section = iniDefault
	}
	name = strings.ToLower(name)
	for _, s := range []string{section, iniDefault} {
		if v, ok := f[s][name]; ok {
			return v.text(), true
		}
	}
	return "", false
}

// expander replaces references by values, within bounds.
type expander struct {
	file iniFile
	size int // bytes produced so far
}

var errExpanded = errors.New("values that refer to values get too large or refer to themselves")

// interpolate replaces %(name)s and %%.
func (x *expander) interpolate(section, s string, depth int) (string, error) {
	if depth > maxIniDepth {
		return "", errExpanded
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		switch {
		case strings.HasPrefix(s, "%%"):
			b.WriteByte('%')
			s = s[2:]
		case strings.HasPrefix(s, "%("):
			name, rest, ok := strings.Cut(s[2:], ")s")
			value, found := x.file.lookup(section, name)
			if !ok || !found {
				return "", fmt.Errorf("%%(%.60s)s is defined nowhere", name)
			}
			value, err := x.interpolate(section, value, depth+1)
			if err != nil {
				return "", err
			}
			b.WriteString(value)
			s = rest
		default:
			return "", fmt.Errorf("a %% that is neither %%%% nor %%(name)s: %.20s", s)
		}
		if b.Len() > maxExpanded {
			return "", errExpanded
		}
	}
	x.size += b.Len()
	if x.size > 16*maxExpanded {
		return "", errExpanded
	}
	return b.String(), nil
}
