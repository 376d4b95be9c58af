package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"trawl/edge/wire"
)

func TestDifferingPacksNameTheFewest(t *testing.T) {
	old, current := strings.Repeat("0a", 32), strings.Repeat("1b", 32)
	s := &wire.Status{RuleSets: []wire.RuleSetStatus{{Name: "pii", Hashes: []string{old, current}}, {Name: "logs", Hashes: []string{old}}}}
	add := func(name, hash string, unreadable bool) {
		s.Workers = append(s.Workers, wire.WorkerStatus{Name: name, Rules: []wire.ServedRules{
			{Name: "pii", Hash: hash, Unreadable: unreadable}, {Name: "logs", Hash: old},
		}})
	}
	add("stale", old, false)
	for i := range 20 {
		add(fmt.Sprintf("pi%02d", i), current, false)
	}
	add("plain", "", false)
	add("broken", old, true)
	var out bytes.Buffer
	a := &app{stdio: stdio{out: &out, err: &out}}
	a.printDifferingPacks(s)
	want := `
rule set pii: workers serve different packs, so an answer depends on the worker that gives the answer:
  pii@1b1b1b1b1b1b  20 workers: pi00, pi01, pi02, pi03, pi04, pi05, pi06, pi07 and 12 more
  pii@0a0a0a0a0a0a  1 worker: stale
`
	if got := out.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	out.Reset()
	a.warnDiffering(s, "logs")
	a.warnDiffering(s, "pii@"+old[:12])
	if out.Len() > 0 {
		t.Errorf("warned of packs that do not differ, or of one that was asked for: %s", out.String())
	}
	a.warnDiffering(s, "pii")
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines warn: %s", n, out.String())
	}
}
