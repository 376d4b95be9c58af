package match

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// nameGroups gives each capturing group of an expression a name. The expression has no escaped
// parentheses.
func nameGroups(expr string) string {
	var b strings.Builder
	n := 0
	for i := range len(expr) {
		b.WriteByte(expr[i])
		if expr[i] == '(' && !strings.HasPrefix(expr[i:], "(?") {
			fmt.Fprintf(&b, "?P<g%d>", n)
			n++
		}
	}
	return b.String()
}

// checkGroups compares the groups of all matches of a pack in text with those that package regexp
// finds in the whole text. It returns the number of matches that have groups.
func checkGroups(tb interface{ Fatalf(string, ...any) }, p *Pack, rules []*Rule, exprs []*regexp.Regexp, text []byte) (compared int) {
	var f GroupFinder
	s := p.NewScratch()
	r := p.Scan(s, text, Query{})
	if len(r.Incomplete) > 0 {
		return 0
	}
	want := make(map[Match][]Group)
	done := make(map[uint32]bool)
	f.Begin(p, text, nil)
	for _, m := range r.Matches {
		re := exprs[m.Rule]
		if re == nil {
			continue
		}
		if !done[m.Rule] {
			done[m.Rule] = true
			for _, at := range re.FindAllSubmatchIndex(text, -1) {
				var groups []Group
				for n, name := range re.SubexpNames() {
					if name != "" && at[2*n] >= 0 {
						groups = append(groups, Group{name, int64(at[2*n]), int64(at[2*n+1])})
					}
				}
				want[Match{int64(at[0]), int64(at[1]), m.Rule}] = groups
			}
		}
		got, complete := f.Find(m)
		if !complete {
			tb.Fatalf("%q in %q: the groups of %v were given up", rules[m.Rule].Regex, text, m)
		}
		if len(got)+len(want[m]) > 0 && !reflect.DeepEqual(append([]Group(nil), got...), want[m]) {
			tb.Fatalf("%q in %q: groups of %v: %v, package regexp has %v", rules[m.Rule].Regex, text, m, got, want[m])
		}
		if len(got) > 0 {
			compared++
		}
	}
	return compared
}

// TestGroupsAgreeWithRegexp compares the groups of random regexes with those of package regexp over
// the whole text.
func TestGroupsAgreeWithRegexp(t *testing.T) {
	t.Parallel()
	total := 0
	rapid.Check(t, func(t *rapid.T) {
		for range 10 {
			expr := nameGroups(drawRegex(t, 3))
			b := NewBuilder(Options{})
			rule := &Rule{ID: "r", Regex: expr, NoCase: rapid.Bool().Draw(t, "nocase")}
			if b.Add(rule) != nil {
				continue // matches nothing, or is too large
			}
			p, err := b.Pack()
			if err != nil {
				t.Fatal(err)
			}
			re := regexp.MustCompile(regexSource(expr, rule.NoCase))
			for range 4 {
				total += checkGroups(t, p, []*Rule{rule}, []*regexp.Regexp{re}, drawText(t, expr))
			}
		}
	})
	if t.Logf("%d matches with groups", total); total < 100 {
		t.Error("too few matches had groups")
	}
}

// TestGroupsOfPackagedRules does the same for the regexes of Debian's packages, whose groups get
// names for it.
func TestGroupsOfPackagedRules(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"logcheck", "fail2ban"} {
		t.Run(name, func(t *testing.T) {
			set := packageRuleSets[name](t)
			b := NewBuilder(Options{})
			var rules []*Rule
			var exprs []*regexp.Regexp
			for i, r := range set.rules {
				expr := namePackagedGroups(r.Regex)
				rule := &Rule{ID: fmt.Sprint(i), Regex: expr, NoCase: r.NoCase}
				if err := b.Add(rule); err != nil {
					t.Fatalf("%q: %v", expr, err)
				}
				rules = append(rules, rule)
				exprs = append(exprs, regexp.MustCompile(regexSource(expr, rule.NoCase)))
			}
			p, err := b.Pack()
			if err != nil {
				t.Fatal(err)
			}
			compared := 0
			size := 24 << 10
			if slow {
				size = 8 << 10
			}
			for line := range bytes.Lines(linesFor(set.rules, size, 2, 3)) {
				compared += checkGroups(t, p, rules, exprs, bytes.TrimSuffix(line, newline))
			}
			if t.Logf("%d rules, %d matches with groups", len(rules), compared); compared < 20 {
				t.Error("too few matches have groups")
			}
		})
	}
}

// namePackagedGroups is nameGroups for expressions with escapes and classes.
func namePackagedGroups(expr string) string {
	var b strings.Builder
	class, n := false, 0
	for i := 0; i < len(expr); i++ {
		b.WriteByte(expr[i])
		switch c := expr[i]; {
		case c == '\\' && i+1 < len(expr):
			i++
			b.WriteByte(expr[i])
		case class:
			class = c != ']'
			if strings.HasPrefix(expr[i:], "[:") { // [:alpha:] within a class
				end := strings.Index(expr[i:], ":]")
				b.WriteString(expr[i+1 : i+end+2])
				i += end + 1
				class = true
			}
		case c == '[':
			class = true
			for _, first := range []string{"^", "]"} {
				if strings.HasPrefix(expr[i+1:], first) {
					i++
					b.WriteByte(expr[i])
				}
			}
		case c == '(' && !strings.HasPrefix(expr[i:], "(?"):
			fmt.Fprintf(&b, "?P<g%d>", n)
			n++
		}
	}
	return b.String()
}

// groupsText returns the groups of a rule's matches as text.
func groupsText(t *testing.T, p *Pack, text string) (list []string, incomplete int) {
	t.Helper()
	var f GroupFinder
	f.Begin(p, []byte(text), nil)
	for _, m := range p.Scan(p.NewScratch(), []byte(text), Query{}).Matches {
		groups, complete := f.Find(m)
		if !complete {
			incomplete++
			continue
		}
		for _, g := range groups {
			list = append(list, g.Name+"="+text[g.Start:g.End])
		}
	}
	return list, incomplete
}

func TestGroupsSeeWhatStandsAround(t *testing.T) {
	b := NewBuilder(Options{})
	for _, r := range []Rule{
		{ID: "login", Regex: `\bfrom (?P<ip>[0-9.]+)(?: port (?P<port>\d+))?`},
		{ID: "line", Regex: `(?m)^(?P<first>x+)(?P<rest>y*)$`},
		{ID: "any", Regex: `q(?:(?P<a>1)|(?P<b>2))`},
		{ID: "either", Regex: `k=(?P<v>\d+)|k:(?P<v__2>\d+)(?P<v__3>x)?(?P<__1>y)?`},
		{ID: "inner", Regex: `\B(?P<in>v+)`},
		{ID: "first", Regex: `(?P<bol>^)?m(?P<n>n)`},
		{ID: "plain", Regex: `[(?<]zz`},
		{ID: "list", Literals: [][]byte{[]byte("alpha"), []byte("beta")}, NoCase: true},
		{Literals: [][]byte{[]byte("word")}},
	} {
		if err := b.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if !p.HasGroups() {
		t.Error("the pack has groups")
	}
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"from 10.0.0.1 port 22", []string{"ip=10.0.0.1", "port=22"}},
		{"\xff\xe2from 10.0.0.1", []string{"ip=10.0.0.1"}},
		{"xfrom 10.0.0.1", nil},
		{"a\nxxyy\nxx", []string{"first=xx", "rest=yy", "first=xx", "rest="}},
		{"q1 q2", []string{"a=1", "b=2"}},
		{"k=5 k:6 k:7xy", []string{"v=5", "v=6", "v=7", "__1=y"}},
		{"uvv", []string{"in=vv"}},
		{"mn", []string{"bol=", "n=n"}},
		{"\xe2\x82mn", []string{"n=n"}},
		{"(zz BeTa word", []string{"word=BeTa"}},
	} {
		if got, incomplete := groupsText(t, p, tt.text); !reflect.DeepEqual(got, tt.want) || incomplete > 0 {
			t.Errorf("%q: %q, %d incomplete, want %q", tt.text, got, incomplete, tt.want)
		}
	}
}

// TestGroupsAreGivenUp holds the search to its steps: an expression that has to read to the end of
// the text for each of many matches gives some of them up, and Stop ends it.
func TestGroupsAreGivenUp(t *testing.T) {
	b := NewBuilder(Options{})
	if err := b.Add(&Rule{ID: "r", Regex: `(?P<g>a(?:.*z)?)`}); err != nil {
		t.Fatal(err)
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("a", 200_000))
	var f GroupFinder
	find := func(stop func() bool) (found, lost int) {
		f.Begin(p, text, stop)
		for i := range int64(len(text)) {
			if _, complete := f.Find(Match{i, i + 1, 0}); complete {
				found++
			} else {
				lost++
			}
		}
		return found, lost
	}
	if found, lost := find(nil); found == 0 || lost == 0 || f.Stopped() {
		t.Errorf("%d found, %d given up, stopped %v", found, lost, f.Stopped())
	}
	asked := 0
	if found, _ := find(func() bool { asked++; return true }); found > 0 || asked != 1 || !f.Stopped() {
		t.Errorf("%d found, asked %d times, stopped %v", found, asked, f.Stopped())
	}
	if _, complete := func() ([]Group, bool) { f.Begin(p, text, nil); return f.Find(Match{5, 9, 0}) }(); complete {
		t.Error("a match that package regexp does not have had groups")
	}
}

// TestGroupProgramsStayWithinBudget runs many regexes with names against a small budget.
func TestGroupProgramsStayWithinBudget(t *testing.T) {
	b := NewBuilder(Options{})
	var text bytes.Buffer
	const rules = 50
	for i := range rules {
		if err := b.Add(&Rule{ID: fmt.Sprint(i), Regex: fmt.Sprintf(`w%03d=(?P<value>\w+)`, i)}); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "w%03d=v%d ", i, i)
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	p.groups.budget = 40_000
	for range 3 {
		if got, lost := groupsText(t, p, text.String()); len(got) != rules || lost > 0 || got[7] != "value=v7" {
			t.Fatalf("%d groups, %d given up", len(got), lost)
		}
		if p.groups.size > p.groups.budget || len(p.groups.programs) == 0 || len(p.groups.programs) > rules/2 {
			t.Fatalf("%d programs take %d bytes", len(p.groups.programs), p.groups.size)
		}
	}
}

// TestGroupsOfPackagedRulesWithoutNamesAllocateNothing asks for groups that no rule has.
func TestGroupsOfPackagedRulesWithoutNamesAllocateNothing(t *testing.T) {
	p, s := logcheck(t).pack, &Scratch{}
	if p.HasGroups() {
		t.Fatal("logcheck's rules have no names")
	}
	block := linesFor(logcheck(t).rules, 16<<10, 2, 3)
	var f GroupFinder
	each := func(l *Line) bool {
		f.Begin(p, block[l.Offset:l.Offset+l.Length], nil)
		for _, m := range l.Matches {
			if groups, complete := f.Find(m); len(groups) > 0 || !complete {
				t.Error("groups")
			}
		}
		f.End()
		return true
	}
	p.ScanLines(s, block, Query{}, each)
	if n := testing.AllocsPerRun(5, func() { p.ScanLines(s, block, Query{}, each) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzGroups compares the groups of foreign regexes in foreign texts with those of package regexp.
func FuzzGroups(f *testing.F) {
	f.Add(`from (?P<ip>\S+)`, []byte("from 1.2.3.4"), false)
	f.Add(`(?m)^(?P<a>x*?)(?P<b>x)\b`, []byte("xx\nx\xff"), true)
	f.Fuzz(func(t *testing.T, expr string, text []byte, noCase bool) {
		if len(expr) > 200 || len(text) > 500 {
			return
		}
		b := NewBuilder(Options{})
		rule := &Rule{ID: "r", Regex: expr, NoCase: noCase}
		if b.Add(rule) != nil {
			return
		}
		p, err := b.Pack()
		if err != nil {
			t.Fatal(err)
		}
		re, err := regexp.Compile(regexSource(expr, noCase))
		if err != nil {
			return
		}
		checkGroups(t, p, []*Rule{rule}, []*regexp.Regexp{re}, text)
	})
}
