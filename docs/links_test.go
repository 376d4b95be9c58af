// Package docs holds what the documentation says against what is there.
package docs

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// page is a Markdown file without its code, which has brackets of its own.
type page struct {
	path  string
	prose string
}

var (
	fence      = regexp.MustCompile("^ {0,3}(```+|~~~+)")
	codeSpan   = regexp.MustCompile("`[^`\n]+`")
	link       = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	definition = regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]:\s+(\S+)`)
	heading    = regexp.MustCompile(`^ {0,3}#{1,6}\s+(.+?)\s*#*$`)
	linked     = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	anchorTag  = regexp.MustCompile(`<a\s+(?:id|name)="([^"]+)"`)
)

// withoutFences drops the lines of fenced code. Indented code stays: it cannot be
// told from a list without a parser, and a link in it is as well a link that works.
func withoutFences(text string) string {
	var kept strings.Builder
	open := ""
	for line := range strings.Lines(text) {
		if m := fence.FindStringSubmatch(line); m != nil {
			switch {
			case open == "":
				open = m[1]
			case strings.HasPrefix(m[1], open):
				open = ""
			}
			continue
		}
		if open == "" {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// notOurs is what git and builds put into the tree; .gitignore has the same.
var notOurs = []string{"../.git", "../bin", "../dist", "../build/bench/out"}

// pages are all Markdown files of the repository that a clone has.
func pages(t *testing.T) []page {
	t.Helper()
	var all []page
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(notOurs, path) || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		all = append(all, page{path, withoutFences(string(text))})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// anchors are the names that GitHub gives to a page's headings: lower case, without
// punctuation, spaces as hyphens, -1, -2 behind those that come again.
func (p *page) anchors() map[string]bool {
	names := make(map[string]bool)
	for line := range strings.Lines(p.prose) {
		m := heading.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if m == nil {
			continue
		}
		title := linked.ReplaceAllString(m[1], "$1")
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, title)
		name := slug
		for n := 1; names[name]; n++ {
			name = slug + "-" + strconv.Itoa(n)
		}
		names[name] = true
	}
	for _, m := range anchorTag.FindAllStringSubmatch(p.prose, -1) {
		names[m[1]] = true
	}
	return names
}

// links are the targets of a page's links, those in code spans left out.
func (p *page) links() []string {
	var targets []string
	prose := codeSpan.ReplaceAllStringFunc(p.prose, func(s string) string {
		return strings.Repeat("x", len(s)) // [`code`](link) stays one
	})
	for _, expr := range []*regexp.Regexp{link, definition} {
		for _, m := range expr.FindAllStringSubmatch(prose, -1) {
			targets = append(targets, m[1])
		}
	}
	return targets
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	byPath := make(map[string]*page)
	for i := range all {
		byPath[all[i].path] = &all[i]
	}
	checked := 0
	for i := range all {
		for _, target := range all[i].links() {
			u, err := url.Parse(target)
			if err != nil {
				t.Errorf("%s: link %q: %v", all[i].path, target, err)
				continue
			}
			if u.Scheme != "" || u.Host != "" {
				continue // another site: not for a test
			}
			checked++
			to := all[i].path
			if u.Path != "" {
				to = filepath.Join(filepath.Dir(all[i].path), filepath.FromSlash(u.Path))
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: link %q: there is no %s", all[i].path, target, to)
				continue
			}
			if u.Fragment == "" {
				continue
			}
			if p := byPath[to]; p == nil {
				t.Errorf("%s: link %q: %s is no page with headings", all[i].path, target, to)
			} else if !p.anchors()[u.Fragment] {
				t.Errorf("%s: link %q: %s has no heading %q", all[i].path, target, to, u.Fragment)
			}
		}
	}
	if len(all) < 15 || checked < 50 {
		t.Errorf("only %d pages and %d links were found", len(all), checked)
	}
}

func TestAnchors(t *testing.T) {
	p := page{prose: "# Limits, and what happens\n## A `code` & more\n## Again\n## Again\n### [A link](x.md)\n"}
	got := p.anchors()
	for _, want := range []string{"limits-and-what-happens", "a-code--more", "again", "again-1", "a-link"} {
		if !got[want] {
			t.Errorf("no anchor %q in %v", want, got)
		}
	}
}
