// Which expressions all matchers take: only these are compared.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"trawl/build/bench/internal/lab"
	"trawl/edge/match"
)

// filter leaves the expressions of the set that all take.
func (s *ruleSet) filter(b *bench) error {
	s.keep("package regexp", func(e string) bool {
		_, err := regexp.Compile(e)
		return err == nil
	})
	s.keep("trawl: can match the empty text", func(e string) bool {
		err := match.NewBuilder(match.Options{}).Add(&match.Rule{ID: "x", Regex: e})
		return !errors.Is(err, match.ErrEmptyMatch)
	})
	path, err := b.writeRules(s)
	if err != nil {
		return err
	}
	lab.Progress(s.name + ": which rules the peers take")
	out, err := exec.CommandContext(b.ctx, filepath.Join(b.out, "cpppeer"), "check", path).Output()
	if err != nil {
		return fmt.Errorf("cpppeer check: %w", err)
	}
	var refused struct{ RE2, Hyperscan []int }
	if err := json.Unmarshal(out, &refused); err != nil {
		return fmt.Errorf("cpppeer check: %w", err)
	}
	// Both lists count the rules as they are now.
	both := slices.Concat(refused.RE2, refused.Hyperscan)
	s.note("RE2", len(refused.RE2))
	s.note("Hyperscan", len(refused.Hyperscan))
	i := -1
	s.regexes = slices.DeleteFunc(s.regexes, func(string) bool { i++; return slices.Contains(both, i) })
	_, err = b.writeRules(s)
	return err
}

// keep drops what somebody does not take.
func (s *ruleSet) keep(who string, takes func(e string) bool) {
	before := len(s.regexes)
	s.regexes = slices.DeleteFunc(s.regexes, func(e string) bool { return !takes(e) })
	s.note(who, before-len(s.regexes))
}

func (s *ruleSet) note(who string, n int) {
	if n > 0 {
		s.unusable = append(s.unusable, fmt.Sprintf("%d by %s", n, who))
	}
}

// String says what is compared.
func (s *ruleSet) String() string {
	text := fmt.Sprintf("%s: %s %s, %d of %d expressions", s.name, s.pkg, s.version, len(s.regexes), s.found)
	if len(s.unusable) > 0 {
		text += " (refused: " + strings.Join(s.unusable, ", ") + ")"
	}
	return text
}

func (b *bench) writeRules(s *ruleSet) (path string, err error) {
	path = b.file(strings.ReplaceAll(s.name, " ", "-") + ".rules")
	if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
		err = os.WriteFile(path, []byte(strings.Join(s.regexes, "\n")+"\n"), 0o644)
	}
	return path, err
}
