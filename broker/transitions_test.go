package broker

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// What becomes of a request: every state that it can be in, and everything that
// can happen then.

// scene is a request "x" in some state, at workers a and b with a slot each.
type scene struct {
	*direct
	client, other *directClient // of x, and of a request that is in the way
	a, b          *directWorker // nil while not connected
}

const sceneDeadline = 60_000 // milliseconds, beyond the patience with a silent worker

var sceneKinds = map[string]string{
	"pure":       fmt.Sprintf(`{"rules":"pure","deadline_ms":%d}`, sceneDeadline),
	"impure":     fmt.Sprintf(`{"rules":"impure","deadline_ms":%d}`, sceneDeadline),
	"designated": fmt.Sprintf(`{"rules":"pure","worker":"a","deadline_ms":%d}`, sceneDeadline),
}

func newScene(t *testing.T) *scene {
	d := newDirect(t, Options{
		RuleSets:      map[string]RulePolicy{"impure": {Impure: true}},
		ExpectRules:   []string{"pure", "impure"},
		ExpectWorkers: []string{"a"},
	})
	return &scene{direct: d, client: d.client(), other: d.client()}
}

func (s *scene) connect(name string) *directWorker {
	w := s.worker(name, 1, true, "pure", "impure")
	w.receive(s.direct)
	return w
}

func (s *scene) ask(kind string) { s.send(s.client, "x", sceneKinds[kind], "x") }

// alive lets seconds pass in which the workers send heartbeats, and nothing else.
func (s *scene) alive(seconds int) {
	for range seconds {
		for _, w := range []*directWorker{s.a, s.b} {
			if w != nil {
				w.port.heard = s.now
			}
		}
		s.advance(time.Second)
	}
}

// sceneStates bring x into a state. Neither worker reads what it is sent from
// then on, but by an event.
var sceneStates = []struct {
	name  string
	enter func(s *scene, kind string)
}{
	{"waits", func(s *scene, kind string) { s.ask(kind) }},
	{"begun", func(s *scene, kind string) {
		s.a = s.connect("a")
		s.ask(kind)
		s.a.receive(s.direct)
	}},
	{"behind", func(s *scene, kind string) { // held, and not begun
		s.a = s.connect("a")
		s.send(s.other, "first", sceneKinds[kind], "first")
		s.ask(kind)
		s.a.receive(s.direct)
	}},
	{"asked back", func(s *scene, kind string) { // reclaimed for b, which had nothing to do
		s.a = s.connect("a")
		s.send(s.other, "first", sceneKinds[kind], "first")
		s.ask(kind)
		s.a.receive(s.direct)
		s.b = s.connect("b")
		s.advance(stealAfter + tick)
	}},
	{"hedged_silent", func(s *scene, kind string) { // a is silent, so b has it, too
		s.a = s.connect("a")
		s.ask(kind)
		s.a.receive(s.direct)
		s.b = s.connect("b")
		s.alive(11)
		s.a.receive(s.direct)
		s.alive(1)
		s.b.receive(s.direct)
	}},
}

var sceneEvents = []struct {
	name   string
	happen func(s *scene)
}{
	{"a answers", func(s *scene) { s.answer(s.a, false) }},
	{"a answers an error", func(s *scene) { s.answer(s.a, true) }},
	{"b answers", func(s *scene) { s.answer(s.b, false) }},
	{"both answer", func(s *scene) { s.answer(s.b, false); s.answer(s.a, false) }},
	{"a is lost", func(s *scene) { s.loseIfThere(&s.a) }},
	{"b is lost", func(s *scene) { s.loseIfThere(&s.b) }},
	{"both are lost", func(s *scene) { s.loseIfThere(&s.a); s.loseIfThere(&s.b) }},
	{"a drains", func(s *scene) {
		if s.a != nil {
			s.r.drains(s.a.worker, wireDrain(), s.out())
			s.a.receive(s.direct)
		}
	}},
	{"a reads", func(s *scene) {
		if s.a != nil {
			s.a.receive(s.direct)
		}
	}},
	{"b joins", func(s *scene) {
		if s.b == nil {
			s.b = s.connect("b")
		}
	}},
	{"a comes back", func(s *scene) { // after it was lost
		s.loseIfThere(&s.a)
		s.a = s.connect("a")
	}},
	{"deadline", func(s *scene) { s.alive(sceneDeadline/1000 + 1) }},
	{"client goes", func(s *scene) { s.r.removeClient(s.client.client, s.out()) }},
	{"broker stops", func(s *scene) { s.r.failAll(s.out()) }},
}

func (s *scene) loseIfThere(w **directWorker) {
	if *w != nil {
		s.lose(*w)
		*w = nil
	}
}

// answer makes w answer x, if it has it.
func (s *scene) answer(w *directWorker, failed bool) {
	if w == nil {
		return
	}
	for i, x := range w.has {
		if x.text == "x" {
			w.answer(s.direct, i, failed)
			return
		}
	}
}

// outcome says how x was answered, where it is, and what workers were told about it.
func (s *scene) outcome() string {
	var out []string
	out = append(out, s.client.answers()["x"]...)
	if q := s.client.requests.front(); q != nil {
		at := "waits"
		if q.held() {
			at = "at"
			for _, p := range q.at {
				if p.worker != nil {
					at += " " + p.worker.name
				}
			}
		}
		if q.losses > 0 {
			at += fmt.Sprintf(", %d losses", q.losses)
		}
		out = append(out, at)
	}
	for _, w := range []*directWorker{s.a, s.b} {
		if w == nil {
			continue
		}
		w.receive(s.direct)
		for _, x := range w.has {
			if x.text == "x" && x.stop {
				out = append(out, w.name+" stops")
			}
		}
	}
	return strings.Join(out, "; ")
}

func TestTransitions(t *testing.T) {
	table := readTransitions(t)
	for _, state := range sceneStates {
		for _, event := range sceneEvents {
			for i, kind := range []string{"pure", "impure", "designated"} {
				if state.name == "hedged_silent" && kind != "pure" {
					continue // never is
				}
				name := state.name + " / " + event.name + " / " + kind
				t.Run(name, func(t *testing.T) {
					s := newScene(t)
					state.enter(s, kind)
					s.check()
					event.happen(s)
					s.check()
					if got, want := s.outcome(), expected(t, table, state.name, event.name, i); got != want {
						t.Errorf("it is %q, should be %q", got, want)
					}
				})
			}
		}
	}
}

// expected returns the outcome that the table has for a kind of request.
func expected(t *testing.T, table map[string]map[string][]string, state, event string, kind int) string {
	outcomes, ok := table[state][event]
	if !ok {
		t.Fatal("the table does not say what should become of it")
	}
	return strings.ReplaceAll(outcomes[min(kind, len(outcomes)-1)], "gone", "")
}

// readTransitions returns the table of DESIGN.md by state and event: what becomes of a request
// for an idempotent rule set, one that is not, and one for a itself; or once, if that is the same.
func readTransitions(t *testing.T) map[string]map[string][]string {
	text, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := bytes.Cut(text, []byte("\n| event |"))
	if !ok {
		t.Fatal("DESIGN.md has no table of transitions")
	}
	text, _, _ = bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(text), "\n")
	cells := func(line string) []string { return strings.Split(strings.Trim(line, "| "), " | ") }
	states := cells(lines[0])
	table := make(map[string]map[string][]string)
	for _, line := range lines[2:] {
		row := cells(line)
		if len(row) != len(states)+1 {
			t.Fatalf("a row with %d cells: %s", len(row), line)
		}
		for i, state := range states {
			if table[state] == nil {
				table[state] = make(map[string][]string)
			}
			table[state][row[0]] = strings.Split(row[i+1], " / ")
		}
	}
	if len(table) != len(sceneStates) || len(table["waits"]) != len(sceneEvents) {
		t.Fatalf("DESIGN.md has %d states and %d events, the test %d and %d", len(table), len(table["waits"]), len(sceneStates), len(sceneEvents))
	}
	return table
}
