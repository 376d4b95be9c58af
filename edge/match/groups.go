package match

// What the named groups of a regex matched. The DFAs that find a match know its start and end
// only, so package regexp looks at a match once more where somebody asks for groups.
//
// The expression is \A(?:RE) for a match at the beginning of the text. Elsewhere the search starts
// one rune before the match with \A(?s:.)(?:RE), so that \b and ^ see what stands before the match.
// The text is not cut behind the match: the alternative that package regexp prefers may depend on
// what follows.

import (
	"io"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"trawl/edge/match/internal/lazydfa"
)

// Group is what a named group of a match matched: text[Start:End].
type Group struct {
	Name       string
	Start, End int64
}

// WordGroup is the group of a rule of literals that has an id: the literal as it stands in the text.
const WordGroup = "word"

// HasGroups reports whether a regex of the pack has named groups.
func (p *Pack) HasGroups() bool { return p.groups.rules > 0 }

// Steps that the groups of all matches of a text may take together: an instruction looked at for a
// rune is one step.
const (
	groupStepsPerByte = 64
	groupStepsAtLeast = 4 << 20
	// groupStepsAhead is up to how many steps a search is paid for in advance, as if it
	// looked at each instruction for each rune up to the end of the text. A longer search is
	// counted rune by rune, which is slower.
	groupStepsAhead = 1 << 18
)

// GroupFinder finds the groups of matches. It is not safe for concurrent use; the zero value is
// ready for Begin.
type GroupFinder struct {
	pack   *Pack
	text   []byte
	reader groupReader
	groups []Group
}

// Begin turns f to a text that p has scanned. stop is as Query.Stop and may be nil.
func (f *GroupFinder) Begin(p *Pack, text []byte, stop func() bool) {
	f.pack, f.text = p, text
	f.reader = groupReader{steps: groupStepsPerByte*int64(len(text)) + groupStepsAtLeast, stop: stop}
}

// End lets go of the text.
func (f *GroupFinder) End() { *f = GroupFinder{groups: f.groups[:0]} }

// Stopped reports whether stop has ended a search of this text.
func (f *GroupFinder) Stopped() bool { return f.reader.stopped }

// Find returns the groups of m, a match in the text, in the order of their opening parentheses. A
// group that took no part is left out. Of several of one name the first counts that is not empty. The list is f's until the next call. complete is false if the
// groups cannot be told: the text has taken all its steps.
func (f *GroupFinder) Find(m Match) (groups []Group, complete bool) {
	p := f.pack
	f.groups = f.groups[:0]
	if p.flags.of(m.Rule)&ruleRegex == 0 {
		if _, hasID := p.names.find(m.Rule); hasID {
			f.groups = append(f.groups, Group{WordGroup, m.Start, m.End})
		}
		return f.groups, true
	}
	if p.groups.rules == 0 {
		return nil, true
	}
	i, ok := findRegex(p.regexes, m.Rule)
	if !ok || !p.regexes[i].mayName {
		return nil, true
	}
	from, behind := int(m.Start), m.Start > 0
	if behind {
		_, width := utf8.DecodeLastRune(f.text[:from])
		from -= width
	}
	program := p.groups.get(p.regexes[i], behind)
	if program.expr == nil {
		return nil, program.plain
	}
	at := f.reader.find(program, f.text[from:])
	if at == nil || from+at[1] != int(m.End) {
		return nil, false
	}
	for n, name := range program.names {
		if name != "" && at[2*n] >= 0 {
			f.add(Group{name, int64(from + at[2*n]), int64(from + at[2*n+1])})
		}
	}
	return f.groups, true
}

// groupReader gives a text to package regexp rune by rune, up to a number of steps.
type groupReader struct {
	steps    int64 // that are left
	unpolled int64 // steps since stop was asked
	stop     func() bool
	stopped  bool

	rest  []byte
	insts int64 // steps that a rune takes
	cut   bool  // the steps ended before the text did
}

// find runs the program at the beginning of text. It returns nil if the program does not match or
// the steps do not suffice.
func (r *groupReader) find(p *groupProgram, text []byte) []int {
	if ahead := int64(len(text)+1) * p.insts; ahead <= groupStepsAhead {
		if !r.spend(ahead) {
			return nil
		}
		return p.expr.FindSubmatchIndex(text)
	}
	r.rest, r.insts, r.cut = text, p.insts, false
	at := p.expr.FindReaderSubmatchIndex(r)
	r.rest = nil
	if r.cut {
		return nil
	}
	return at
}

// ReadRune implements io.RuneReader.
func (r *groupReader) ReadRune() (c rune, size int, err error) {
	if len(r.rest) == 0 {
		return 0, 0, io.EOF
	}
	if !r.spend(r.insts) {
		r.cut = true
		return 0, 0, io.EOF
	}
	c, size = utf8.DecodeRune(r.rest)
	r.rest = r.rest[size:]
	return c, size, nil
}

// spend takes n steps; false: there are not so many left, or stop says that nobody waits.
func (r *groupReader) spend(n int64) bool {
	const poll = 1 << 20 // steps between two questions to stop
	if r.unpolled += n; r.unpolled >= poll && r.stop != nil {
		r.unpolled = 0
		r.stopped = r.stopped || r.stop()
	}
	if r.stopped || r.steps < n {
		return false
	}
	r.steps -= n
	return true
}

// GroupsSize is what the programs for groups may take for each pack, in bytes; over it all are
// dropped and built again as they are used.
const GroupsSize = groupsBudget

const groupsBudget = 16 << 20

// groupPrograms holds the programs of a pack for groups, built on first use.
type groupPrograms struct {
	rules int // regexes that may have names

	mu       sync.Mutex
	programs map[groupKey]*groupProgram
	size     int // bytes of them all, about
	budget   int // 0: groupsBudget
}

// groupKey names a program: for matches at the beginning of a text, or behind it.
type groupKey struct {
	rule   uint32
	behind bool
}

// groupProgram is a regex for package regexp.
type groupProgram struct {
	expr  *regexp.Regexp // nil: there are no names, or it does not compile
	plain bool           // there are no names
	names []string       // by group; empty: it has none
	insts int64
	size  int // bytes, about
}

// get returns the program of r. It compiles outside of the lock.
func (g *groupPrograms) get(r *regexRule, behind bool) *groupProgram {
	key := groupKey{r.rule, behind}
	g.mu.Lock()
	program := g.programs[key]
	g.mu.Unlock()
	if program != nil {
		return program
	}
	built := compileGroups(r.source(), behind)
	g.mu.Lock()
	defer g.mu.Unlock()
	if program := g.programs[key]; program != nil {
		return program
	}
	budget := g.budget
	if budget == 0 {
		budget = groupsBudget
	}
	if g.size += built.size; g.programs == nil || g.size > budget {
		g.programs, g.size = make(map[groupKey]*groupProgram), built.size
	}
	g.programs[key] = built
	return built
}

const (
	groupProgramLeast = 512 // bytes of a program and its place in the map
	groupProgramInst  = 200 // bytes of an instruction, also in the form that runs in one pass
)

// compileGroups makes the program of a regex.
func compileGroups(source string, behind bool) *groupProgram {
	p := &groupProgram{size: groupProgramLeast + len(source)}
	tree, err := checkRegex(source)
	if err != nil {
		return p // of a pack that this package did not build
	}
	if len(groupNames(tree)) == 0 {
		p.plain = true
		return p
	}
	before := `\A`
	if behind {
		before = `\A(?s:.)`
	}
	expr, err := regexp.Compile(before + "(?:" + source + ")")
	if err != nil {
		return p // nested too deep
	}
	p.expr = expr
	for _, name := range expr.SubexpNames() {
		p.names = append(p.names, groupName(name))
	}
	p.insts = int64(lazydfa.EstimateInsts(tree)) + 4 // with the rune before, start and end
	p.size += groupProgramInst * int(p.insts)
	return p
}

// groupNames are the names of a regex's groups, in order, each once.
func groupNames(tree *syntax.Regexp) (names []string) {
	for _, name := range tree.CapNames() {
		if name = groupName(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// groupName is the name that a group has in answers. RE2 syntax has each name once in an
// expression; so that groups of several alternatives can have one name, two underscores and a
// number at the end do not count: ip__2 is ip.
func groupName(name string) string {
	i := strings.LastIndex(name, "__")
	if i <= 0 || i+2 == len(name) || strings.Trim(name[i+2:], "0123456789") != "" {
		return name
	}
	return name[:i]
}

// add adds a group, unless there is one of that name that is not empty.
func (f *GroupFinder) add(g Group) {
	for i := range f.groups {
		other := &f.groups[i]
		if other.Name == g.Name {
			if other.Start == other.End {
				*other = g
			}
			return
		}
	}
	f.groups = append(f.groups, g)
}

// mayName reports whether an expression can have named groups, without parsing it.
func mayName(expr string) bool {
	return strings.Contains(expr, "(?P<") || strings.Contains(expr, "(?<")
}
