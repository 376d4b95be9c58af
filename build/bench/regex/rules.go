// The rule sets: regular expressions out of Debian packages, as their own
// programs would use them, without what RE2's syntax does not have.

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"trawl/build/bench/internal/lab"
)

// ruleSet is what is compared.
type ruleSet struct {
	name     string
	pkg      string // Debian's
	read     func(b *bench, root string) ([]string, error)
	texts    []string
	noPlaces bool // Hyperscan is not asked for positions
	version  string
	unpacked string   // folder
	found    int      // expressions in the package, each once
	unusable []string // how many are left out, and why
	regexes  []string // those that are used
}

var ruleSets = []*ruleSet{
	{name: "logcheck", pkg: "logcheck-database", read: readLogcheck, texts: []string{"logs", "logs, non-ASCII"}},
	{name: "SpamAssassin", pkg: "spamassassin", read: readSpamAssassin, texts: []string{"logs", "mail"}, noPlaces: true},
	{name: "fail2ban", pkg: "fail2ban", read: readFail2ban, texts: []string{"failures"}},
	{name: "ModSecurity CRS", pkg: "modsecurity-crs", read: readModSecurity, texts: []string{"requests"}, noPlaces: true},
}

// prepare reads the expressions of the set, once, and leaves those that all take.
func (s *ruleSet) prepare(b *bench) error {
	if s.regexes != nil {
		return nil
	}
	lab.Progress(s.name + ": reading")
	if err := s.load(b); err != nil {
		return err
	}
	return s.filter(b)
}

// load reads the expressions of a set and leaves each one there once.
func (s *ruleSet) load(b *bench) (err error) {
	s.unpacked, s.version, err = lab.Unpack(b.ctx, filepath.Join(b.out, "debian"), s.pkg)
	if err != nil {
		return err
	}
	all, err := s.read(b, s.unpacked)
	if err != nil {
		return fmt.Errorf("%s: %w", s.pkg, err)
	}
	seen := map[string]bool{}
	for _, e := range all {
		if !seen[e] && !strings.ContainsAny(e, "\n\x00") {
			s.regexes = append(s.regexes, e)
		}
		seen[e] = true
	}
	s.found = len(s.regexes)
	if s.found == 0 {
		err = fmt.Errorf("no expressions in %s %s", s.pkg, s.version)
	}
	return err
}

// lines of the files that match patterns, without comments and empty ones.
func lines(root string, patterns ...string) ([]string, error) {
	var list []string
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range files {
			if info, err := os.Stat(path); err != nil || info.IsDir() {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			for line := range strings.Lines(string(text)) {
				if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" && line[0] != '#' {
					list = append(list, line)
				}
			}
		}
	}
	return list, nil
}

// namedClasses are written out, which means the same: Hyperscan stumbles over
// [:[:digit:]].
var namedClasses = strings.NewReplacer("[:digit:]", "0-9", "[:xdigit:]", "0-9A-Fa-f", "[:alpha:]", "A-Za-z",
	"[:alnum:]", "0-9A-Za-z", "[:upper:]", "A-Z", "[:lower:]", "a-z", "[:space:]", `\t\n\x0b\f\r `)

// readLogcheck: a line of a file is an expression of egrep.
func readLogcheck(_ *bench, root string) ([]string, error) {
	list, err := lines(root, "etc/logcheck/*.d/*", "etc/logcheck/ignore.d.*/*")
	for i := range list {
		list[i] = namedClasses.Replace(list[i])
	}
	return list, err
}

// Body tests and their like: body NAME /EXPRESSION/FLAGS; headers: header NAME
// FIELD =~ /EXPRESSION/FLAGS.
var (
	spamTest = regexp.MustCompile(`^\s*(?:(?:body|rawbody|uri|full)\s+\S+|header\s+\S+\s+\S+\s*=~)\s*(m?[/{(\[|,!%#"].*)$`)
	perlEnd  = map[byte]byte{'{': '}', '(': ')', '[': ']'}
)

func readSpamAssassin(_ *bench, root string) ([]string, error) {
	list, err := lines(root, "usr/share/spamassassin/*.cf")
	var regexes []string
	for _, line := range list {
		if m := spamTest.FindStringSubmatch(line); m != nil {
			if e, ok := fromPerl(m[1]); ok {
				regexes = append(regexes, e)
			}
		}
	}
	return regexes, err
}

// fromPerl takes /EXPRESSION/FLAGS or m{EXPRESSION}FLAGS apart; false: the
// flags are not RE2's.
func fromPerl(quoted string) (string, bool) {
	quoted = strings.TrimPrefix(quoted, "m")
	end, ok := perlEnd[quoted[0]]
	if !ok {
		end = quoted[0]
	}
	last := strings.LastIndexByte(quoted, end)
	if last == 0 {
		return "", false
	}
	flags, _, _ := strings.Cut(quoted[last+1:], "#")
	flags = strings.TrimSpace(flags)
	if i := strings.IndexAny(flags, " \t["); i >= 0 {
		flags = flags[:i] // a value for mails without that field
	}
	if strings.Trim(flags, "ims") != "" {
		return "", false
	}
	if flags != "" {
		return "(?" + flags + ")" + quoted[1:last], true
	}
	return quoted[1:last], true
}

// readFail2ban has fail2ban itself put its expressions together.
func readFail2ban(b *bench, root string) ([]string, error) {
	cmd := exec.CommandContext(b.ctx, "/usr/bin/python3", sources+"/failregex.py", root)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.String())
	}
	return slices.Collect(scanLines(out)), nil
}

// readModSecurity: SecRule VARIABLES "@rx EXPRESSION" "ACTIONS".
func readModSecurity(_ *bench, root string) ([]string, error) {
	list, err := lines(root, "usr/share/modsecurity-crs/rules/*.conf")
	rule := regexp.MustCompile(`^SecRule\s.*?"@rx ((?:[^"\\]|\\.)*)"`)
	var regexes []string
	for _, line := range list {
		if m := rule.FindStringSubmatch(line); m != nil {
			regexes = append(regexes, strings.ReplaceAll(m[1], `\"`, `"`))
		}
	}
	return regexes, err
}

// scanLines yields the lines of a text that is in memory.
func scanLines(text []byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		s := bufio.NewScanner(bytes.NewReader(text))
		s.Buffer(nil, len(text)+1)
		for s.Scan() {
			if !yield(s.Text()) {
				return
			}
		}
	}
}
