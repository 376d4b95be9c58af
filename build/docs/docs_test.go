package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trawl/edge/config"
	"trawl/test/need"
)

func TestTheReferenceIsThatOfTheSettings(t *testing.T) {
	var want bytes.Buffer
	if err := config.Reference(&want); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("docs/configuration.md is not that of edge/config/keys.go: make docs")
	}
}

var testEdition = &edition{"1.2.3", time.Unix(0, 0).UTC()}

func TestPageOfACommand(t *testing.T) {
	check := &command{
		Path: "trawl rules check", Use: "trawl rules check FILE… [flags]", Short: "Check rules",
		Long:    "Check rules.\n'Tis said\n\n  line as it is\n    deeper\n\n.so /etc/passwd \\ `x`",
		Example: "  trawl rules check a-b.yaml\n  trawl rules check '~'",
		Flags: []flagText{
			{Name: "color", Value: "WHEN", Default: "auto", Usage: "when to color", Optional: true},
			{Name: "file", Shorthand: "f", Value: "FILE", Usage: "rules"},
			{Name: "json", Usage: "print JSON"},
		},
	}
	rules := &command{Path: "trawl rules", Use: "trawl rules [flags]", Short: "Work with rules", Commands: []*command{check}}
	root := &command{
		Path: "trawl", Use: "trawl [flags]", Short: "Find words", Commands: []*command{rules},
		Flags: []flagText{{Name: "config", Value: "FILE", Usage: "settings"}, {Name: "help", Shorthand: "h", Usage: "help"}},
	}
	pages := commandPages(root, testEdition)
	if len(pages) != 3 {
		t.Errorf("%d pages", len(pages))
	}
	const want = `.TH "TRAWL-RULES-CHECK" 1 "1970-01-01" "trawl 1.2.3" "trawl manual"
.SH NAME
trawl-rules-check \- check rules
.SH SYNOPSIS
\fBtrawl rules check\fR \fIFILE…\fR [\fIOPTIONS\fR]
.SH DESCRIPTION
Check rules.
\(aqTis said
.PP
.RS 4
.nf
line as it is
  deeper
.fi
.RE
.PP
\&.so /etc/passwd \e \(gax\(ga
.SH OPTIONS
.TP
\fB\-\-color\fR[=\fIWHEN\fR]
when to color (default auto)
.TP
\fB\-f\fR, \fB\-\-file\fR \fIFILE\fR
rules
.TP
\fB\-\-json\fR
print JSON
.SH OPTIONS OF ALL COMMANDS
.TP
\fB\-\-config\fR \fIFILE\fR
settings
.SH EXAMPLES
.RS 4
.nf
trawl rules check a\-b.yaml
trawl rules check \(aq\(ti\(aq
.fi
.RE
.SH SEE ALSO
\fBtrawl\fR(1), \fBtrawl\-rules\fR(1), \fBtrawl.yaml\fR(5)
`
	if got := pages["trawl-rules-check.1"]; got != want {
		t.Errorf("page:\n%s\nwant:\n%s", got, want)
	}
}

// What the program says of itself becomes pages that mandoc has nothing to say of
// but that lines are long.
func TestPagesOfTheProgram(t *testing.T) {
	dir := t.TempDir()
	trawl := filepath.Join(dir, "trawl")
	if out, err := need.GoBuild("", nil, "-o", trawl, "../../cmd/trawl").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	man := filepath.Join(dir, "man")
	if err := run(trawl, man, "", testEdition); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(man, "*.[15]"))
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages (%v)", len(pages), err)
	}
	settings, err := os.ReadFile(filepath.Join(man, "trawl.yaml.5"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range config.Keys() {
		if !strings.Contains(string(settings), bold(k.Path)+" (") {
			t.Errorf("trawl.yaml(5) does not have %s", k.Path)
		}
	}
	need.Program(t, "mandoc", "mandoc")
	out, _ := need.Command("mandoc", append([]string{"-T", "lint", "-W", "warning"}, pages...)...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		t.Error(strings.TrimSpace(line))
	}
}
