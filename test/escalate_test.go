// Escalation: what a board with few rules has found goes on to one with more.

package test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"trawl/edge/wire"
)

// escalating is a fleet with a worker "light", whose rules are he, she and his, the
// last of them high, and one "heavy" with more.
func escalating(t *testing.T, when string) (f *fleet, client *socket, heavy *process) {
	t.Helper()
	need(t, "python3-zmq")
	f = newFleet(t, fmt.Sprintf("worker: {escalate: [{rules: default, when: %s, to: heavy}]}", when))
	f.broker(t)
	light := write(t, filepath.Join(f.dir, "light.yaml"), `rules:
  - literal: he
  - literal: she
  - {literal: his, severity: high, tags: [mine]}
`)
	start(t, "light", nil, f.command("worker", "--broker", f.workers, "--name", "light", "--slots", "1", "--rules", light)...)
	plain := write(t, filepath.Join(f.dir, "heavy.yaml"), `rules:
  - {literal: story, tags: [long]}
  - literal: he
  - literal: t
`)
	empty := write(t, filepath.Join(f.dir, "empty.yaml"), "log: {level: info}\n")
	heavy = start(t, "heavy", nil, binary, "--config", empty, "worker", "--broker", f.workers, "--name", "heavy", "--slots", "1", "--rules", "heavy="+plain)
	f.waitWorkers(t, 2)
	return f, newSocket(t, "DEALER", f.clients), heavy
}

func TestEscalationMergesWhatBothHaveFound(t *testing.T) {
	t.Parallel()
	_, client, _ := escalating(t, "any")
	for _, c := range []struct {
		header  string
		texts   []string
		results []string
	}{
		{`{}`, []string{"his story", "only a story"}, []string{
			`{"matches":[{"rule":"his","start":0,"end":3},{"rule":"t","start":5,"end":6},{"rule":"story","start":4,"end":9}]}`,
			`{"matches":[]}`, // nothing found, so not sent on
		}},
		{`{}`, []string{"he"}, []string{`{"matches":[{"rule":"he","start":0,"end":2}]}`}}, // both know it
		{`{"limit":2}`, []string{"his story"}, []string{`{"matches":[{"rule":"his","start":0,"end":3},{"rule":"t","start":5,"end":6}],"truncated":true}`}},
		{`{"want":"rules"}`, []string{"t his story"}, []string{`{"rules":["his","t","story"]}`}},
		{`{"want":"first"}`, []string{"t his story"}, []string{`{"matches":[{"rule":"t","start":0,"end":1}]}`}},
		{`{"want":"count"}`, []string{"his story"}, []string{`{"count":3}`}},
		{`{"want":"any"}`, []string{"his story"}, []string{`{"any":true}`}},
		{`{"fields":["text","tags"]}`, []string{"his story"}, []string{
			`{"matches":[{"rule":"his","start":0,"end":3,"text":"his","tags":["mine"]},{"rule":"t","start":5,"end":6,"text":"t"},{"rule":"story","start":4,"end":9,"text":"story","tags":["long"]}]}`,
		}},
		{`{"split":"lines"}`, []string{"story\nhis story\nt\nthe end"}, []string{
			`{"lines":[{"line":2,"offset":6,"matches":[{"rule":"his","start":0,"end":3},{"rule":"t","start":5,"end":6},{"rule":"story","start":4,"end":9}]},` +
				`{"line":4,"offset":18,"matches":[{"rule":"t","start":0,"end":1},{"rule":"he","start":1,"end":3}]}]}`,
		}},
	} {
		h, results := answer(t, client.ask(t, append([]string{c.header}, c.texts...)...))
		if fmt.Sprint(results) != fmt.Sprint(c.results) {
			t.Errorf("%s %q:\ngot  %s\nwant %s", c.header, c.texts, results, c.results)
		}
		if h.Worker != "light" || !strings.HasPrefix(h.Rules, "default@") {
			t.Errorf("%s: header %+v", c.header, h)
		}
		if strings.Contains(c.header, `"any"`) {
			continue // the answer was known
		}
		if len(h.Escalated) != 1 || h.Escalated[0].Worker != "heavy" || !strings.HasPrefix(h.Escalated[0].Rules, "heavy@") || h.Escalated[0].Error != nil {
			t.Errorf("%s: escalated %+v", c.header, h.Escalated)
		}
	}
	if h, _ := answer(t, client.ask(t, `{}`, "nothing")); h.Escalated != nil {
		t.Errorf("a text without matches was sent on: %+v", h.Escalated)
	}
	const bare = `{"matches":[{"rule":"his","start":0,"end":3},{"rule":"t","start":5,"end":6},{"rule":"story","start":4,"end":9}]}`
	if got := client.ask(t, "his story"); len(got) != 1 || got[0] != bare {
		t.Errorf("bare: %q", got)
	}
	_, packed := answer(t, client.ask(t, `{"format":"packed"}`, "his story"))
	r, err := wire.NewPackedReader([]byte(packed[0]))
	if err != nil {
		t.Fatal(err)
	}
	if o, err := r.Next(); err != nil || len(o.Matches) != 3 || strings.Join(r.Rules, " ") != "his t story" {
		t.Errorf("packed: %+v %v %v", o, r.Rules, err)
	}
}

func TestEscalationOfSomeRulesOnly(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"{severity: [high]}", "{tags: [mine, other]}"} {
		_, client, _ := escalating(t, when)
		for header, texts := range map[string]map[string]bool{
			`{}`:               {"he story": false, "his story": true},
			`{"want":"count"}`: {"he story": false, "his story": true},
			`{"want":"first"}`: {"he story": false, "he and his story": true},
			`{"limit":1}`:      {"he and his story": true},
		} {
			for text, sent := range texts {
				if h, _ := answer(t, client.ask(t, header, text)); (len(h.Escalated) == 1) != sent {
					t.Errorf("%s: %s %q: escalated %+v, want %v", when, header, text, h.Escalated, sent)
				}
			}
		}
		h, results := answer(t, client.ask(t, `{"split":"lines"}`, "he story\nhis story\n"))
		if len(h.Escalated) != 1 || !strings.Contains(results[0], `{"line":1,"offset":0,"matches":[{"rule":"he","start":0,"end":2}]}`) || !strings.Contains(results[0], "story") {
			t.Errorf("%s: %+v %s", when, h.Escalated, results)
		}
	}
}

// Without the second board the first's answer comes all the same, in time, and says
// what is missing.
func TestEscalationWithoutTheOther(t *testing.T) {
	t.Parallel()
	f, client, heavy := escalating(t, "any")
	heavy.signal(syscall.SIGKILL)
	f.waitWorkers(t, 1)
	h, results := answer(t, client.ask(t, `{"deadline_ms":1000}`, "his story"))
	if len(results) != 1 || results[0] != `{"matches":[{"rule":"his","start":0,"end":3}]}` {
		t.Errorf("results %q", results)
	}
	if len(h.Escalated) != 1 || h.Escalated[0].To != "heavy" || h.Escalated[0].Error == nil || h.Escalated[0].Error.Code != wire.NoWorker {
		t.Errorf("escalated %+v", h.Escalated)
	}
	var bare struct {
		Matches   []json.RawMessage
		Escalated []wire.Escalated
	}
	got := client.ask(t, "his story")
	if err := json.Unmarshal([]byte(got[0]), &bare); err != nil || len(bare.Matches) != 1 || len(bare.Escalated) != 1 || bare.Escalated[0].Error == nil {
		t.Errorf("bare: %q, %v", got, err)
	}
	if s := f.status(t); s.Broker.Pending != 0 {
		t.Errorf("%d requests are pending", s.Broker.Pending)
	}
}

func TestEscalationThatCannotWorkIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "worker:\n  escalate:\n    - {rules: default, to: default}")
	p := f.worker(t, "w", f.history(t))
	p.waitLog(t, "trawl.yaml:3: worker.escalate.1: texts would be sent on in a circle: default to default")
	if code := p.wait(t); code != 2 {
		t.Errorf("exit status %d, want 2", code)
	}
}
