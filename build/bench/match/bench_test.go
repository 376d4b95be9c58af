package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"trawl/build/bench/internal/lab"
	"trawl/test/need"
)

func TestRatiosSayHowMuchFasterTrawlIs(t *testing.T) {
	ours := &result{peer: trawl, cpu: []float64{1, 2, 1.1}}
	// The machine was half as fast in the second run.
	theirs := &result{peer: hyperscan, cpu: []float64{3, 6, 3.3}, against: ours}
	if got := theirs.ratio(); got < 2.99 || got > 3.01 {
		t.Errorf("ratio %v, want 3", got)
	}
	folded := &result{peer: trawlFold, cpu: []float64{2, 4, 2.2}, against: ours}
	if got := folded.ratio(); got != 0.5 {
		t.Errorf("ratio %v, want 0.5", got)
	}
}

func TestWordsAreSpreadOverTheList(t *testing.T) {
	if got := strings.Join(spread(strings.Fields("a b c d e f"), 3), " "); got != "a c e" {
		t.Error(got)
	}
}

func TestAdversarialTexts(t *testing.T) {
	words := []string{"she", "he", "hers", "his", "ushers"}
	m := newTrie(words)
	if got := m.matches("ushers"); got != 4 { // she, he, hers, ushers
		t.Errorf("%d matches, want 4", got)
	}
	for _, a := range adversarial {
		text := a.text(words, m)
		if len(text) != adversarialBytes || text != a.text(words, m) {
			t.Errorf("%s: %d bytes, or another text each time", a.name, len(text))
		}
	}
}

// The benchmark itself works: a small set, all matchers, each measured once.
func TestEveryMatcherFindsTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	need.Program(t, "g++", "g++")
	need.Path(t, "/usr/include/hs/hs.h", "libhyperscan-dev")
	need.That(t, exec.Command("/usr/bin/python3", "-c", "import ahocorasick").Run() == nil, "python3-ahocorasick")
	t.Chdir("../../..")
	b := &bench{ctx: t.Context(), out: t.TempDir(), Options: lab.Options{Runs: 1, Seconds: 1e-6}}
	if err := b.buildPeers(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(b.file(""), 0o755); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("ushers were his, she said; hershershe\n", 20_000) // several pieces
	if err := os.WriteFile(b.text("small"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	g := &group{
		"small words", func(*bench) []string { return []string{"she", "he", "hers", "his", "ushers"} },
		[]string{"small"},
		[]*peer{trawl, trawlDA8, trawlFold, hyperscan, cloudflare, coregx, petar, bobu, python},
	}
	m, err := b.measureGroup(g)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range m.results {
		if len(r.cpu) != 1 || r.matches == 0 || r.note != "" || m.running[i].ready.Memory == 0 {
			t.Errorf("%s: %+v, %+v", r.peer.name, r, m.running[i].ready)
		}
	}
	if got := m.results[0].matches; got <= 13*20_000 || got > 14*20_000 { // a few lie across pieces
		t.Errorf("%d matches", got)
	}
	path := filepath.Join(b.out, "wrong.words")
	if err := os.WriteFile(path, []byte("she\nhim\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	wrong, err := b.start(hyperscan, path)
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Stop()
	right, err := b.start(trawl, b.file("small words.words"))
	if err != nil {
		t.Fatal(err)
	}
	defer right.Stop()
	if _, err := b.check(&measured{group: g, running: []*running{right, wrong}}, "small"); err == nil {
		t.Error("other matches are accepted")
	}
}
