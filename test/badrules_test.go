// Bad and monstrous rule files and texts: a clear answer, in bounded memory.

package test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// ran is what became of a program that was run to its end.
type ran struct {
	status         int
	stdout, stderr string
	peak           int64 // most bytes resident; also of this process, when it started the program
}

// runTrawl runs trawl to its end. stdin is a path, or empty.
func runTrawl(t *testing.T, stdin string, args ...string) ran {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = environment()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if stdin != "" {
		f, err := os.Open(stdin)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.Stdin = f
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := ran{status: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && runtime.GOOS == "linux" {
		r.peak = int64(usage.Maxrss) << 10 // kB there
	}
	return r
}

// written makes a file out of what fill writes.
func written(t *testing.T, dir, name string, fill func(w *bufio.Writer)) string {
	t.Helper()
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fill(w)
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func repeated(s string, n int) func(w *bufio.Writer) {
	return func(w *bufio.Writer) {
		for range n {
			_, _ = w.WriteString(s)
		}
	}
}

func randomBytes(n int) func(w *bufio.Writer) {
	return func(w *bufio.Writer) {
		g := rand.New(rand.NewPCG(1, 2))
		for range n {
			_ = w.WriteByte(byte(g.Uint32()))
		}
	}
}

func ruleFile(regexes ...string) func(w *bufio.Writer) {
	return func(w *bufio.Writer) {
		fmt.Fprintln(w, "rules:")
		for i, r := range regexes {
			fmt.Fprintf(w, "  - {id: r%d, regex: '%s'}\n", i, r)
		}
	}
}

// alternatives are n words, joined by |.
func alternatives(n int, format string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(format, i*7919%n)
	}
	return strings.Join(list, "|")
}

// most that trawl may have resident for these; with the race detector nothing is
// asserted.
const mostForRules = 300e6

func (r ran) check(t *testing.T, status int, says string) {
	t.Helper()
	all := r.stdout + r.stderr
	if r.status != status || !strings.Contains(all, says) {
		t.Errorf("status %d, want %d and %q:\n%s", r.status, status, says, tail(all))
	}
	if strings.Contains(all, "panic: ") || strings.Contains(all, "fatal error: ") {
		t.Errorf("it broke down:\n%s", tail(all))
	}
	if len(all) > 64<<10 {
		t.Errorf("it said %d bytes", len(all))
	}
	t.Logf("at most %.0f MB resident", float64(r.peak)/1e6)
	if r.peak > mostForRules && os.Getenv("TRAWL_RACE") == "" {
		t.Errorf("that is more than %.0f MB", mostForRules/1e6)
	}
}

// What is no rule file is refused by every command alike.
func TestBadRuleFiles(t *testing.T) {
	dir := t.TempDir()
	good := written(t, dir, "good.yaml", ruleFile("error [0-9]+", "x[a-z]+y"))
	pack := filepath.Join(dir, "good.pack")
	runTrawl(t, "", "rules", "compile", "-o", pack, good).check(t, 0, "2 rules")
	packed, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, dir, "text", repeated("error 1 and xay\n", 10))
	for _, tt := range []struct {
		name string
		fill func(w *bufio.Writer)
		says string
	}{
		{"cut.yaml", func(w *bufio.Writer) { _, _ = w.WriteString("rules:\n  - {id: a, regex: 'a+b") }, "cut.yaml:2: not valid YAML"},
		{"cut.pack", func(w *bufio.Writer) { _, _ = w.Write(packed[:len(packed)/2]) }, "cut.pack: not a usable pack"},
		{"head.pack", func(w *bufio.Writer) { _, _ = w.Write(packed[:20]) }, "head.pack: not a usable pack"},
		{"binary.txt", randomBytes(1 << 20), "holds a byte 0, so this is no word list"},
		{"binary.yaml", randomBytes(1 << 20), "binary.yaml:"},
		{"binary.pack", randomBytes(1 << 20), "not a pack, or a damaged one; compile it again"},
		{"line.txt", repeated("0123456789", 5<<20), "line.txt:1: longer than 1,048,576 bytes"},
		{"line.yaml", repeated("0123456789", 5<<20), "line.yaml: larger than 8 MiB"},
		{"empty-lines.txt", repeated("\n", 1_000_000), "empty-lines.txt: no words in it"},
		{"empty-lines.yaml", repeated("\n", 1_000_000), "empty-lines.yaml: no rules in it"},
		{"nested.yaml", repeated("[", 100_000), "nested.yaml:"},
		{"colons.yaml", repeated("a: ", 100_000), "colons.yaml:"},
		{"empty-match.yaml", ruleFile("(a*)*"), "regex can match the empty string"},
		{"repeats.yaml", ruleFile("a{1001}"), "invalid repeat count: {1001}"},
		{"nested-repeats.yaml", ruleFile("((a{100}){100}){100}"), "invalid repeat count"},
		{"large-repeats.yaml", ruleFile("(?:" + strings.Repeat("[a-f]x", 200) + "){1000}"), "too large when compiled"},
		{"deep.yaml", ruleFile(strings.Repeat("(", 20_000) + "a" + strings.Repeat(")", 20_000)), "expression nests too deeply"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := written(t, dir, tt.name, tt.fill)
			runTrawl(t, "", "rules", "check", path).check(t, 2, tt.says)
			runTrawl(t, "", "rules", "compile", "-o", filepath.Join(dir, "x.pack"), path).check(t, 2, tt.says)
			runTrawl(t, "", "scan", "-f", path, text).check(t, 2, tt.says)
			runTrawl(t, "", "rules", "explain", "r0", path, "text").check(t, 2, "trawl: ")
		})
	}
}

// Rules that are right but large are taken, warned of where that is due, and
// found.
func TestLargeRules(t *testing.T) {
	many := make([]string, 5_000)
	for i := range many {
		many[i] = fmt.Sprintf("rule%d [a-z]+ [0-9]{2}", i)
	}
	for _, tt := range []struct {
		name  string
		fill  func(w *bufio.Writer)
		says  string // by check
		text  string
		finds string
	}{
		{"stars.yaml", ruleFile("(a*)*b"), "no-literal (1 rule)", strings.Repeat("a", 100_000) + "b\n", "1:1: r0: "},
		{"stars-miss.yaml", ruleFile("(a*)*b"), "no-literal (1 rule)", strings.Repeat("a", 100_000) + "\n", ""},
		{"alternatives.yaml", ruleFile(alternatives(10_000, "word%d")), "large (1 rule)", "xx word8171 xx\n", "r0"},
		{"prefixes.yaml", ruleFile(alternatives(10_000, "%05d")), "no-literal, large", "xx 08171 xx\n", "r0"},
		{"repeats.yaml", ruleFile("begin(?:[a-z]+ ){1000}"), "large (1 rule)", "begin" + strings.Repeat("word ", 1000) + "\n", "1:1: r0: "},
		{"nested-repeats.yaml", ruleFile("begin((a{1,10}){1,10}){1,10}end"), "given-up", "begin" + strings.Repeat("a", 99) + "end\n", "1:1: r0: "},
		{"nested-repeats-miss.yaml", ruleFile("begin((a{1,10}){1,10}){1,10}end"), "given-up", "begin" + strings.Repeat("a", 999) + "\n", ""},
		{"dots.yaml", ruleFile("x.{1000}y", "[ab].{900}w"), "no-literal", strings.Repeat("xab", 3000) + "x" + strings.Repeat("ab", 500) + "y\n", "r0"},
		{"quadratic.yaml", ruleFile("foo(?:.*bar)?"), "given-up (1 rule)", strings.Repeat("foo ", 10) + "\n", "1:1: r0: "},
		{"many.yaml", ruleFile(many...), "5,000 regexes: 5,000 run only", "rule4999 abc 12\n", "r4999"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := written(t, dir, tt.name, tt.fill)
			text := written(t, dir, "text", repeated(tt.text, 1))
			pack := filepath.Join(dir, "x.pack")
			runTrawl(t, "", "rules", "check", path).check(t, 0, tt.says)
			runTrawl(t, "", "rules", "compile", "-o", pack, path).check(t, 0, "memory on a worker")
			status := 0
			if tt.finds == "" {
				status = 1
			}
			for _, from := range []string{path, pack} {
				r := runTrawl(t, "", "scan", "-f", from, text)
				r.stdout = strings.TrimSpace(r.stdout)[:min(60, len(strings.TrimSpace(r.stdout)))]
				r.check(t, status, tt.finds)
			}
			if tt.finds == "r0" || tt.finds == "" || strings.HasSuffix(tt.finds, "r0: ") {
				r := runTrawl(t, text, "rules", "explain", "r0", path)
				r.check(t, status, `rule "r0"`)
			}
		})
	}
}

// Texts of any form are gone through.
func TestMonstrousTexts(t *testing.T) {
	rules := written(t, t.TempDir(), "rules.yaml", ruleFile("error [0-9]+", "(a*)*b", "x.{1000}y", "[0-9]{3}-[0-9]{4}"))
	for _, tt := range []struct {
		name    string
		fill    func(w *bufio.Writer)
		matches bool
		explain string // of r0; empty: too long
	}{
		{"one line of 50 MB", repeated("0123456789", 5_000_000), false, "does not match"},
		{"one line of 50 MB with matches", repeated("error 12 ", 5_600_000), true, "5,600,000 matching places"},
		{"a million empty lines", repeated("\n", 1_000_000), false, "does not match"},
		{"bytes", randomBytes(8 << 20), true, "does not match"},
		{"over what explain takes", repeated("0123456789abcdef", 5<<20), true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := written(t, t.TempDir(), "text", tt.fill)
			status := 1
			if tt.matches {
				status = 0
			}
			r := runTrawl(t, "", "scan", "-c", "-f", rules, text)
			r.check(t, status, "")
			explained := runTrawl(t, text, "rules", "explain", "r0", rules)
			switch {
			case tt.explain == "":
				explained.check(t, 2, "longer than 64 MiB")
			case strings.Contains(tt.explain, "not"):
				explained.check(t, 1, tt.explain)
			default:
				explained.check(t, 0, tt.explain)
			}
		})
	}
}
