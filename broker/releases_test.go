package broker

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"trawl/edge/release"
	"trawl/edge/wire"
)

// testRelease is an unsigned release of a few bytes, and its compressed chunks.
func testRelease(t *testing.T, number uint64, pack string) (*release.Release, map[release.Hash][]byte) {
	t.Helper()
	d := &release.Document{Format: release.Format, Set: "pii", Number: number, Made: "2026-11-30", By: "ann"}
	d.Pack.Format = 4
	chunks := make(map[release.Hash][]byte)
	var c release.Compressor
	for _, m := range []struct{ name, data string }{{"pii.pack", pack}, {"words.txt", "he\n"}} {
		size, hashes, err := release.Split(strings.NewReader(m.data))
		if err != nil {
			t.Fatal(err)
		}
		d.Members = append(d.Members, release.Member{Name: m.name, Size: size, Chunks: hashes})
		compressed, err := c.Compress([]byte(m.data))
		if err != nil {
			t.Fatal(err)
		}
		chunks[hashes[0]] = bytes.Clone(compressed)
	}
	r, err := release.Sign(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, chunks
}

// admin is a client that pushes.
type admin struct{ *peer }

// ask sends a control request and returns the answer's frame, or the error.
func (a admin) ask(op wire.Op, frames ...string) (body string, e *wire.Error) {
	a.t.Helper()
	a.send(append([]string{`{"op":"` + string(op) + `"}`}, frames...)...)
	got := a.recv()
	h, err := wire.ParseAnswerHeader([]byte(got[0]))
	if err != nil {
		a.t.Fatal(err)
	}
	if h.Error != nil {
		return "", h.Error
	}
	return got[1], nil
}

func (a admin) must(op wire.Op, frames ...string) string {
	a.t.Helper()
	body, e := a.ask(op, frames...)
	if e != nil {
		a.t.Fatalf("%s: %v", op, e)
	}
	return body
}

func (a admin) push(r *release.Release, chunks map[release.Hash][]byte, plan string) {
	a.t.Helper()
	missing, ok := wire.ParseHashes([]byte(a.must(wire.OpRulesHave, string(r.Bytes))), len(chunks))
	if !ok {
		a.t.Fatal("unreadable answer to rules.have")
	}
	for _, h := range missing {
		a.must(wire.OpRulesPut, string(h[:]), string(chunks[h]))
	}
	a.must(wire.OpRulesRelease, plan, string(r.Bytes), "")
}

func startReleases(t *testing.T, folder string) (*rig, admin) {
	r := start(t, func(o *Options) { o.ReleaseFolder = folder })
	return r, admin{r.client()}
}

// taking says hello as a worker that takes releases of pii.
func (r *rig) taking(name string) *fakeWorker {
	r.t.Helper()
	h := wire.Hello{
		Protocol: wire.ProtocolVersion, Version: "test", Name: name, Nonce: name, Slots: 1,
		Rules: []wire.ServedRules{{Name: "pii", Hash: strings.Repeat("ab", 32)}}, Releases: []wire.ReleaseID{{Set: "pii"}},
	}
	w := &fakeWorker{r.dial(r.workers, "DEALER")}
	w.send("H", string(wire.JSONFrame(&h)))
	got := w.recv()
	var welcome wire.Welcome
	if got[0] != "W" || json.Unmarshal([]byte(got[1]), &welcome) != nil || !welcome.Releases {
		r.t.Fatalf("welcomed with %q", got)
	}
	return w
}

// goal waits for goals and returns the numbers of their releases.
func (w *fakeWorker) goal() (numbers []uint64) {
	w.t.Helper()
	for {
		got := w.recv()
		if got[0][0] != 'G' {
			continue // heartbeats
		}
		var frames [][]byte
		for _, f := range got {
			frames = append(frames, []byte(f))
		}
		goals, ok := wire.ParseGoals(frames)
		if !ok {
			w.t.Fatalf("unreadable goals %q", got)
		}
		for _, g := range goals {
			d, err := release.Decode(g.Document)
			if err != nil {
				w.t.Fatal(err)
			}
			numbers = append(numbers, d.Number)
		}
		return numbers
	}
}

func (w *fakeWorker) says(r *release.Release, state wire.OutcomeState) {
	o := wire.Outcome{ReleaseID: wire.ReleaseID{Set: r.Set, Number: r.Number, Hash: r.Version.Hash.String()}, State: state, Error: "why"}
	if state == wire.StateActive {
		o.Error = ""
	}
	w.send("O", string(wire.OutcomesFrame([]wire.Outcome{o})))
}

// fetch fetches a chunk in parts of n bytes.
func (w *fakeWorker) fetch(h release.Hash, n int) []byte {
	w.t.Helper()
	var data []byte
	for number := uint64(1); ; number++ {
		q := wire.Fetch{Number: number, Chunk: h, Offset: int64(len(data)), Length: n}
		w.send(string(q.Append(nil)))
		for {
			got := w.recv()
			var frames [][]byte
			for _, f := range got {
				frames = append(frames, []byte(f))
			}
			p, ok := wire.ParsePart(frames)
			if !ok {
				continue // heartbeats
			}
			if p.Number != number || p.Offset != int64(len(data)) {
				w.t.Fatalf("part %+v in answer to %+v", p, q)
			}
			if data = append(data, p.Bytes...); p.Last || len(p.Bytes) == 0 {
				return data
			}
			break
		}
	}
}

// Canaries get a release first; all others once these use it without a fault. A restart changes nothing.
func TestReleaseGoesToCanariesAndThenToAll(t *testing.T) {
	folder := t.TempDir() + "/releases"
	r, a := startReleases(t, folder)
	canary, other := r.taking("canary"), r.taking("other")
	seven, chunks := testRelease(t, 7, "seven")
	a.push(seven, chunks, `{"canaries":["canary"]}`)
	if got := canary.goal(); len(got) != 1 || got[0] != 7 {
		t.Fatalf("goals %v", got)
	}
	for h, want := range chunks {
		if got := canary.fetch(h, 3); !bytes.Equal(got, want) {
			t.Errorf("fetched %q, want %q", got, want)
		}
	}
	if got := canary.fetch(release.Hash{1}, 10); len(got) != 0 {
		t.Errorf("a chunk that is not there has %d bytes", len(got))
	}
	canary.says(seven, wire.StateFailed)
	canary.says(seven, wire.StateActive)
	if got := other.goal(); len(got) != 1 || got[0] != 7 {
		t.Fatalf("after the canaries: goals %v", got)
	}
	other.says(seven, wire.StateActive)
	r.until("the rollout is done", func(*wire.Status) bool {
		return strings.Contains(a.must(wire.OpRulesReleases, ""), `"done":true`)
	})
	again, b := startReleases(t, folder)
	late := again.taking("late")
	if got := late.goal(); len(got) != 1 || got[0] != 7 {
		t.Fatalf("after a restart: goals %v", got)
	}
	if list := b.must(wire.OpRulesReleases, `{"set":"pii","documents":true}`); !strings.Contains(list, `"step":"all"`) || !strings.Contains(list, "trawl_release") {
		t.Error(list)
	}
}

// A paused release goes to no further worker until somebody says go.
func TestPausedReleaseStays(t *testing.T) {
	r, a := startReleases(t, t.TempDir()+"/releases")
	seven, chunks := testRelease(t, 7, "seven")
	a.push(seven, chunks, `{"canaries":["nobody"]}`)
	a.must(wire.OpRulesPause, `{"set":"pii","number":7}`)
	w := r.taking("late")
	if list := a.must(wire.OpRulesReleases, ""); !strings.Contains(list, `"paused":true`) || !strings.Contains(list, `"goal":0`) {
		t.Error(list)
	}
	a.must(wire.OpRulesGo, `{"set":"pii","number":7}`)
	if got := w.goal(); len(got) != 1 || got[0] != 7 {
		t.Fatalf("goals %v", got)
	}
}

// Wrong requests are answered, and change nothing.
func TestWrongPushesAreAnswered(t *testing.T) {
	r, a := startReleases(t, t.TempDir()+"/releases")
	seven, chunks := testRelease(t, 7, "seven")
	a.push(seven, chunks, "")
	six, _ := testRelease(t, 6, "six")
	for _, c := range []struct {
		op     wire.Op
		frames []string
		want   string
	}{
		{wire.OpRulesHave, []string{"{}"}, "no document"},
		{wire.OpRulesHave, []string{string(six.Bytes)}, "make a release 8"},
		{wire.OpRulesPut, []string{""}, "takes 2 frames"},
		{wire.OpRulesPut, []string{"short", "x"}, "SHA-256 of 32 bytes"},
		{wire.OpRulesPut, []string{strings.Repeat("x", 32), "x"}, "begin the push again"},
		{wire.OpRulesRelease, []string{`{"for_s":-1}`, string(seven.Bytes), ""}, "watches its canaries"},
		{wire.OpRulesRelease, []string{"", string(six.Bytes), ""}, "missing"},
		{wire.OpRulesGo, []string{`{"set":"pii","number":9}`}, "the newest is release 7"},
		{wire.OpRulesPause, []string{`{"set":"names","number":1}`}, "push one first"},
		{wire.OpRulesReleases, []string{`{"documents":true}`}, "name the rule set"},
	} {
		if body, e := a.ask(c.op, c.frames...); e == nil || !strings.Contains(e.Message, c.want) {
			t.Errorf("%s: %q, %v; want %q", c.op, body, e, c.want)
		}
	}
	off := admin{start(t, nil).client()}
	if _, e := off.ask(wire.OpRulesHave, string(seven.Bytes)); e == nil || !strings.Contains(e.Message, "broker.state_dir") {
		t.Errorf("without a folder: %v", e)
	}
	for _, frames := range [][]string{{"F"}, {"O"}, {"O", "x"}, {"O", "[]", "more"}} {
		w := r.taking("wrong")
		w.send(frames...)
		for {
			m, err := w.conn.Recv()
			if err != nil {
				break // closed
			}
			m.Release()
		}
	}
}
