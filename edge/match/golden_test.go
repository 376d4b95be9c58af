package match

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the packs in testdata anew: only together with another FormatVersion")

// goldenRules use every part of the format that the engine has. They do not
// change: the packs in testdata are made of them.
func goldenRules(engine string) []*Rule {
	rules := []*Rule{
		{Literals: literals("he")},
		{Literals: literals("she"), Tags: []string{"a", "b"}, Severity: "high", Message: "m", Data: []byte(`{"k":1}`)},
		{ID: "again", Literals: literals("he", "hers")},
		{Literals: literals("\xff\xfe")},
		{ID: "his", Literals: literals("his")},
	}
	if engine == EngineCloudflare {
		return rules
	}
	return append(rules,
		&Rule{ID: "whole", Literals: literals("us"), Whole: true},
		&Rule{ID: "case", Literals: literals("KÉ", "us"), NoCase: true},
		&Rule{Literals: literals(strings.Repeat("ab", 200))},
		&Rule{ID: "long case", Literals: literals(strings.Repeat("xy", 200)), NoCase: true},
		&Rule{ID: "regex", Regex: "err(or|no)"},
		&Rule{ID: "regex case", Regex: `(?i)warn\d`, NoCase: true, Tags: []string{"r"}},
		&Rule{ID: "always", Regex: "[0-9]{3}"},
	)
}

// Packs that were written once can be read for as long as their version is
// this program's, and the same rules give the same bytes, on whatever machine.
func TestGoldenPacks(t *testing.T) {
	text := []byte(mixedText + " his \xff\xfe WARN7 " + strings.Repeat("ab", 201) + strings.Repeat("XY", 200))
	for _, engine := range []string{EngineDA8, EngineDFA, EngineSDFA, EngineDA4, EngineCloudflare} {
		t.Run(engine, func(t *testing.T) {
			path := filepath.Join("testdata", fmt.Sprintf("golden-v%d-%s.pack", FormatVersion, engine))
			rules := goldenRules(engine)
			made := compile(t, engine, rules)
			if *update {
				if err := os.WriteFile(path, made.data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v: a new version of the format needs new packs, go test -run Golden -update", err)
			}
			if !bytes.Equal(made.data, golden) {
				t.Errorf("%s: these rules give other bytes now: packs of both would have one version", path)
			}
			p, err := Load(golden)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Verify(); err != nil {
				t.Error(err)
			}
			if engine != EngineCloudflare {
				checkScan(t, p, &Scratch{}, rules, text, Query{})
			}
			if m := p.Meta(1); m.Severity != "high" || m.Message != "m" || len(m.Tags) != 2 || string(m.Data) != `{"k":1}` {
				t.Errorf("metadata %+v", m)
			}
			for i, r := range rules {
				if want, _ := ruleID(r); p.ID(i) != string(want) {
					t.Errorf("rule %d has the id %q, want %q", i, p.ID(i), want)
				}
			}
		})
	}
}

// Golden rules are too short for a filter, so that has a pack of its own.
func TestGoldenFilter(t *testing.T) {
	path := filepath.Join("testdata", fmt.Sprintf("golden-v%d-filter.pack", FormatVersion))
	rules := []*Rule{
		{Literals: literals("connection refused")},
		{Literals: literals("out of memory")},
		{ID: "case", Literals: literals("SEGMENTATION FAULT"), NoCase: true},
	}
	made := compile(t, EngineDA8, rules)
	if *update {
		if err := os.WriteFile(path, made.data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made.data, p.data) {
		t.Errorf("%s: these rules give other bytes now: packs of both would have one version", path)
	}
	if e := p.matcher.(*searcher); e.exact.grams == nil || e.folded.grams == nil {
		t.Error("no filter")
	}
	text := []byte(strings.Repeat("out of connection, ", 20) + "out of memory: Segmentation Fault, connection refused")
	checkScan(t, withFilter(t, p, "q-grams", maxLookAhead), &Scratch{}, rules, text, Query{})
}

// The first bytes of a pack are as FORMAT.md says, in any version.
func TestHeaderOfAGoldenPack(t *testing.T) {
	path := filepath.Join("testdata", fmt.Sprintf("golden-v%d-%s.pack", FormatVersion, EngineDA8))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(data[:8]) != "trawlpk\x00" || data[8] != FormatVersion || data[9]|data[10]|data[11] != 0 {
		t.Errorf("%q", data[:12])
	}
	hash, err := FileHash(path)
	if p, loadErr := Load(data); loadErr != nil || err != nil || hash != p.Hash() {
		t.Errorf("%s: %v, %v", hash, err, loadErr)
	}
	old := bytes.Clone(data)
	old[atVersion] = FormatVersion - 1
	path = filepath.Join(t.TempDir(), "old.pack")
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("pack of another format version: compile it again (it has %d, of an older trawl; this program reads %d)", FormatVersion-1, FormatVersion)
	for name, open := range map[string]func() error{
		"Open":       func() error { _, err := Open(path); return err },
		"OpenMapped": func() error { _, err := OpenMapped(path); return err },
		"FileHash":   func() error { _, err := FileHash(path); return err },
	} {
		if err := open(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
