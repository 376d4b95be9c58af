package rules

// From files to a pack.

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"trawl/edge/escape"
	"trawl/edge/match"
	"trawl/edge/problem"
)

// Options change how all files of a call are read.
type Options struct {
	NoCase bool   // every rule ignores case
	Whole  bool   // every literal matches as a whole word only; a regex is then a problem
	Name   string // name of the rule set; empty: the name in the rule files, if they agree
	Engine string // of the pack, see match.Options; empty: match chooses
	Budget int64  // most memory the pack may take, see match.Options; 0: no bound
	Text   int64  // bytes of text that the pack will scan, see match.Options; 0: unknown
}

// Compile reads word lists, rule files and packs, and the rule files of folders, and returns the
// pack of all rules. The report describes the files, also after an error. Mistakes in the files are
// one problem.List; if compiling fails as a whole, the error names no file.
//
// A pack must be the only file, and keeps its name and options. The caller closes the result. "-"
// is refused, since rules come from files.
func Compile(paths []string, o Options) (*match.Pack, *Report, error) {
	l, err := load(paths, o)
	if err != nil || l.pack != nil {
		return l.pack, &l.report, err
	}
	pack, err := l.builder.Pack()
	if err != nil {
		return nil, &l.report, fmt.Errorf("compile rules: %w", err)
	}
	return pack, &l.report, nil
}

// CompileTo is Compile with the pack written to f, an empty file, which takes much less memory. A
// pack among the files is a problem, because it is compiled already. After an error the caller
// throws the content of f away.
func CompileTo(f match.File, paths []string, o Options) (*match.Compiled, *Report, error) {
	l, err := load(paths, o)
	if l.pack != nil {
		l.closePack()
		err = problem.List{{File: paths[0], Message: "is a pack, so there is nothing to compile; name the files that it was made of"}}
	}
	if err != nil {
		return nil, &l.report, err
	}
	c, err := l.builder.Write(f)
	if err != nil {
		return nil, &l.report, fmt.Errorf("compile rules: %w", err)
	}
	return c, &l.report, nil
}

// Check is Compile without compiling.
func Check(paths []string, o Options) (*Report, error) {
	l, err := load(paths, o)
	l.closePack()
	return &l.report, err
}

// loader adds the rules of all files to one builder.
type loader struct {
	options  Options
	builder  *match.Builder
	pack     *match.Pack // the pack, if it is the only file
	problems problem.Collector
	report   Report

	ids   map[string]position // rules of rule files by id, also wrong ones
	fatal bool                // adding more is pointless

	openPack     func(path string) (*match.Pack, error)
	onRule       func(path string, r *Rule) // if not nil: called for each rule of a rule file that was added
	wantKey      bool                       // key is wanted
	key          sourcesKey                 // of the sources read
	unrepeatable bool                       // a source cannot be read a second time
}

func newLoader(o Options) *loader {
	return &loader{options: o, ids: map[string]position{}, openPack: match.Open}
}

// position is where a rule stands.
type position struct {
	file string
	line int
}

func (p position) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// load reads all files: first their kinds and the name of the rule set, then their rules in the
// order of the files.
func load(paths []string, o Options) (*loader, error) {
	l := newLoader(o)
	return l, l.load(paths)
}

func (l *loader) load(paths []string) error {
	paths = Expand(paths)
	if len(paths) == 0 {
		l.problems.Add("", 0, "no rules given; name a word list, a rule file (.yaml) or a pack")
	}
	sources := make([]*source, 0, len(paths))
	for _, path := range paths {
		if s := l.open(path, sources); s != nil {
			defer s.Close()
			sources = append(sources, s)
		}
	}
	o := &l.options
	l.report.Name = ruleSetName(*o, sources)
	l.builder = match.NewBuilder(match.Options{Engine: o.Engine, Name: l.report.Name, Budget: o.Budget, Text: o.Text})
	for _, s := range sources {
		l.add(s, len(paths) == 1)
	}
	l.problems.Sort(paths...)
	err := l.problems.Err()
	if err != nil {
		l.closePack()
	}
	for _, s := range sources {
		if l.wantKey {
			l.key.add(s.kind, s.digest)
			l.unrepeatable = l.unrepeatable || !s.info.Mode().IsRegular()
		}
	}
	return err
}

func (l *loader) closePack() {
	if l.pack != nil {
		l.pack.Close()
		l.pack = nil
	}
}

// ruleSetName returns the name in o, or the name on which all rule files with a name agree.
func ruleSetName(o Options, sources []*source) string {
	name := o.Name
	for _, s := range sources {
		if o.Name != "" || s.kind != KindRules || s.rules.Name == "" {
			continue
		}
		if name != "" && name != s.rules.Name {
			return ""
		}
		name = s.rules.Name
	}
	return name
}

// add adds the rules of a source.
func (l *loader) add(s *source, alone bool) {
	if l.fatal {
		return
	}
	switch s.kind {
	case KindPack:
		l.addPack(s, alone)
	case KindRules:
		l.addRules(s)
	default:
		l.addWords(s)
	}
}

// addPack opens a pack, which is then the result.
func (l *loader) addPack(s *source, alone bool) {
	if !alone {
		l.problems.Add(s.path, 0, "a pack cannot be combined with other files; compile the files that it was made of together with them")
		return
	}
	if !s.info.Mode().IsRegular() {
		l.problems.Add(s.path, 0, "a pack must be a regular file; save it first")
		return
	}
	pack, err := l.openPack(s.path)
	if err != nil {
		again := "; compile it again"
		if errors.Is(err, match.ErrDamaged) {
			again = "" // the error gives this advice
		}
		l.problems.Add(s.path, 0, "not a usable pack: %v%s", err, again)
		return
	}
	l.pack = pack
	info := pack.Info()
	if l.report.Name == "" {
		l.report.Name = info.Name
	}
	l.report.addFile(FileReport{
		Path: s.path, Kind: KindPack, Name: info.Name,
		Rules: info.Rules, Literals: info.Literals, Regexes: info.Regexes,
	})
	if l.options.NoCase || l.options.Whole {
		l.problems.Add(s.path, 0, "ignoring case (-i) and whole words (-w) are settled when a pack is compiled; compile its files again with them")
	}
	if e := l.options.Engine; e != "" && e != match.EngineAuto && e != info.Engine {
		l.problems.Add(s.path, 0, "compiled for engine %s, not %s; compile its files again", info.Engine, e)
	}
}

// addRules adds the rules of a rule file.
func (l *loader) addRules(s *source) {
	f := FileReport{Path: s.path, Kind: KindRules, Name: s.rules.Name, BOM: s.rules.BOM}
	for i := range s.rules.Rules {
		if l.fatal {
			break
		}
		r := &s.rules.Rules[i]
		if !l.addRule(s.path, r) {
			continue
		}
		f.Rules++
		f.Literals += len(r.Literals)
		if r.Regex != "" {
			f.Regexes++
		}
	}
	l.report.addFile(f)
}

// addRule adds a rule of a rule file; false after a problem.
func (l *loader) addRule(path string, r *Rule) bool {
	id := r.Label()
	if first, ok := l.ids[id]; ok {
		l.problems.Add(path, r.Line, "duplicate id %q, first in %v", shortened(id), first)
		return false
	}
	l.ids[id] = position{path, r.Line}
	rule := r.Rule
	rule.Whole = rule.Whole || l.options.Whole
	var err error
	if l.options.NoCase {
		err = ignoreCase(&rule)
	}
	if err == nil {
		err = l.builder.Add(&rule)
	}
	switch {
	case err == nil:
		if l.onRule != nil {
			l.onRule(path, r)
		}
		return true
	case errors.Is(err, match.ErrDuplicateID):
		l.problems.Add(path, r.Line, "duplicate id %q, first in %s", shortened(id), l.findWord(id))
	default:
		l.addError(path, r.PatternLine, fmt.Sprintf("rule %q: ", shortened(id)), err)
	}
	return false
}

// addError notes an error of the builder, and stops loading if the error concerns all rules.
func (l *loader) addError(path string, line int, what string, err error) {
	switch {
	case errors.Is(err, match.ErrUnknownEngine):
		l.fatal = true
		l.problems.Add("", 0, "%v", err)
		return
	case errors.Is(err, match.ErrTooLarge):
		l.fatal = true
	}
	l.problems.Add(path, line, "%s%v", what, err)
}

// addWords streams a word list into the builder; repeated words are merged.
func (l *loader) addWords(s *source) {
	f := FileReport{Path: s.path, Kind: KindWords}
	literal := make([][]byte, 1)
	rule := match.Rule{Literals: literal, NoCase: l.options.NoCase, Whole: l.options.Whole}
	words, size := s.countWords()
	l.builder.Grow(words, size, &rule)
	stats, err := ReadWords(s, func(line int, word []byte) {
		if l.fatal {
			return
		}
		literal[0] = word
		err := l.addWord(&rule)
		switch {
		case err == nil:
			f.Rules++
			f.Literals++
		case !errors.Is(err, match.ErrDuplicateID):
			l.addError(s.path, line, "", err)
		default:
			if first, ok := l.ids[literalID(word)]; ok {
				l.problems.Add(s.path, line, "the word %q is the id of a rule already, in %v", shortened(string(word)), first)
				return
			}
			f.Merged++
		}
	})
	f.Blank, f.CRLF, f.BOM = stats.Blank, stats.CRLF, stats.BOM
	l.report.addFile(f)
	var le *LineError
	switch {
	case errors.As(err, &le):
		l.problems.Add(s.path, le.Line, "%v", le.Err)
	case err != nil:
		l.problems.Append(openProblem(s.path, err))
	case stats.Words == 0:
		l.problems.Add(s.path, 0, "no words in it; write one per line")
	}
}

// addWord adds a word as a rule.
func (l *loader) addWord(rule *match.Rule) error {
	if !l.options.NoCase || utf8.Valid(rule.Literals[0]) {
		return l.builder.Add(rule)
	}
	of := match.Rule{Literals: rule.Literals, Whole: rule.Whole}
	if err := ignoreCase(&of); err != nil {
		return err
	}
	return l.builder.Add(&of)
}

// findWord returns the position of a word that is in the builder already. It reads the word lists
// again, for errors only.
func (l *loader) findWord(id string) string {
	for i := range l.report.Files {
		f := &l.report.Files[i]
		if f.Kind != KindWords {
			continue
		}
		if line := wordLine(f.Path, id); line > 0 {
			return position{f.Path, line}.String()
		}
	}
	return "a word list"
}

// shortened returns the beginning of an id or pattern, for messages.
func shortened(s string) string { return escape.Shorten(s, 64) }
