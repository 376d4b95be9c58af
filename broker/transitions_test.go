package broker

import (
	"fmt"
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
		RuleSets:      map[string]RuleSet{"impure": {Impure: true}},
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
					if got, want := s.outcome(), expected(t, state.name, event.name, i); got != want {
						t.Errorf("it is %q, should be %q", got, want)
					}
				})
			}
		}
	}
}

func expected(t *testing.T, state, event string, kind int) string {
	outcomes, ok := transitions[state][event]
	if !ok {
		t.Fatal("the table does not say what should become of it")
	}
	return outcomes[min(kind, len(outcomes)-1)]
}

// transitions has what becomes of a request for a pure rule set, an impure one,
// and one for a itself; or once, if that is the same.
var transitions = map[string]map[string][]string{
	"waits": {
		"a answers":          {"waits"},
		"a answers an error": {"waits"},
		"b answers":          {"waits"},
		"both answer":        {"waits"},
		"a is lost":          {"waits"},
		"b is lost":          {"waits"},
		"both are lost":      {"waits"},
		"a drains":           {"waits"},
		"a reads":            {"waits"},
		"b joins":            {"at b", "at b", "waits"},
		"a comes back":       {"at a"},
		"deadline":           {"no_worker"},
		"client goes":        {""},
		"broker stops":       {"draining"},
	},
	"begun": {
		"a answers":          {"ok"},
		"a answers an error": {"ok"},
		"b answers":          {"at a"},
		"both answer":        {"ok"},
		"a is lost":          {"waits, 1 losses", "worker_lost", "worker_lost"},
		"b is lost":          {"at a"},
		"both are lost":      {"waits, 1 losses", "worker_lost", "worker_lost"},
		"a drains":           {"at a"},
		"a reads":            {"at a"},
		"b joins":            {"at a"},
		"a comes back":       {"at a, 1 losses", "worker_lost", "worker_lost"},
		"deadline":           {"deadline"},
		"client goes":        {"a stops"},
		"broker stops":       {"draining"},
	},
	"behind": {
		"a answers":          {"ok"},
		"a answers an error": {"ok"},
		"b answers":          {"at a"},
		"both answer":        {"ok"},
		"a is lost":          {"waits", "worker_lost", "worker_lost"},
		"b is lost":          {"at a"},
		"both are lost":      {"waits", "worker_lost", "worker_lost"},
		"a drains":           {"at a"},
		"a reads":            {"at a"},
		"b joins":            {"at a"},
		"a comes back":       {"at a", "worker_lost", "worker_lost"},
		"deadline":           {"deadline"},
		"client goes":        {""},
		"broker stops":       {"draining"},
	},
	"asked back": {
		"a answers":          {"ok"},
		"a answers an error": {"ok"},
		"b answers":          {"at a"},
		"both answer":        {"ok"},
		"a is lost":          {"at b", "worker_lost", "worker_lost"},
		"b is lost":          {"at a"},
		"both are lost":      {"waits", "worker_lost", "worker_lost"},
		"a drains":           {"at b", "at b", "at a"},
		"a reads":            {"at b", "at b", "at a"},
		"b joins":            {"at a"},
		"a comes back":       {"at b", "worker_lost", "worker_lost"},
		"deadline":           {"deadline"},
		"client goes":        {""},
		"broker stops":       {"draining"},
	},
	"hedged_silent": {
		"a answers":          {"ok; b stops"},
		"a answers an error": {"ok; b stops"},
		"b answers":          {"ok; a stops"},
		"both answer":        {"ok"},
		"a is lost":          {"at b, 1 losses"},
		"b is lost":          {"at a, 1 losses"},
		"both are lost":      {"worker_lost"},
		"a drains":           {"at a b"},
		"a reads":            {"at a b"},
		"b joins":            {"at a b"},
		"a comes back":       {"at b, 1 losses"},
		"deadline":           {"deadline"},
		"client goes":        {"a stops; b stops"},
		"broker stops":       {"draining"},
	},
}
