package broker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

var oldHash, newHash = strings.Repeat("ab", 32), strings.Repeat("cd", 32)

const askOld, askNew = `{"rules":"default@abababababab","deadline_ms":5000}`, `{"rules":"default@cdcdcdcdcdcd","deadline_ms":5000}`

func newRules() []wire.ServedRules { return []wire.ServedRules{{Name: "default", Hash: newHash}} }

// updating is a broker that is up for long, with two workers of a slot each.
type updating struct {
	*direct
	c    *directClient
	a, b *directWorker
}

func newUpdating(t *testing.T, o Options) *updating {
	u := &updating{direct: newDirect(t, o)}
	u.advance(11 * time.Second)
	u.c, u.a, u.b = u.client(), u.worker("a", 1, true), u.worker("b", 1, true)
	return u
}

func (u *updating) want(id string, outcomes ...string) {
	u.t.Helper()
	u.check()
	if got := u.c.answers()[id]; !slices.Equal(got, outcomes) {
		u.t.Errorf("%s: answered %q, want %q", id, got, outcomes)
	}
}

// A worker that loads other rules goes on with what it has, gets what asks for its
// new pack, and nothing that asks for the old one.
func TestUpdateMovesRequestsForAPack(t *testing.T) {
	u := newUpdating(t, Options{})
	u.send(u.c, "early", askNew, "x")
	u.want("early", "unknown_rules")
	u.send(u.c, "bare", "x") // at a
	u.a.update(u.direct, newRules())
	u.a.receive(u.direct)
	u.b.receive(u.direct)
	if len(u.a.has) != 1 {
		t.Fatalf("a has %d requests, want the one from before", len(u.a.has))
	}
	u.a.answer(u.direct, 0, false)
	u.want("bare", "ok")

	u.send(u.c, "old", askOld, "x")
	u.send(u.c, "new", askNew, "x")
	u.a.receive(u.direct)
	u.b.receive(u.direct)
	if len(u.a.has) != 1 || len(u.b.has) != 1 {
		t.Fatalf("a has %d, b %d", len(u.a.has), len(u.b.has))
	}
	u.a.answer(u.direct, 0, false)
	u.b.answer(u.direct, 0, false)
	u.want("old", "ok")
	u.want("new", "ok")
}

// The last worker that had a pack has another: what waits for it is answered at
// once, and so is what comes later.
func TestUpdateOfTheLastWorkerAnswersWhatWaits(t *testing.T) {
	u := newUpdating(t, Options{})
	for i := range 6 { // two windows of two, and two that wait
		u.send(u.c, fmt.Sprint("old", i), askOld, "x")
	}
	u.a.update(u.direct, newRules())
	u.want("old5")
	u.b.update(u.direct, newRules())
	for i := range 4 {
		u.want(fmt.Sprint("old", i)) // they were given out: those who have them answer
	}
	u.want("old4", "unknown_rules")
	u.want("old5", "unknown_rules")
	u.send(u.c, "late", askOld, "x")
	u.want("late", "unknown_rules")
	if len(u.r.targets) != 3 {
		t.Errorf("%d targets are kept, want default and two workers", len(u.r.targets))
	}
	// What a lost worker had for the old pack nobody can do.
	u.lose(u.a)
	u.lose(u.b)
	for i := range 4 {
		u.want(fmt.Sprint("old", i), "unknown_rules")
	}
}

// A request for the old pack that was on its way when the worker changed rules: it
// is refused there, and another worker does it.
func TestRefusedAfterAnUpdateGoesToAnother(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		ask     string
		want    []string
	}{
		"pure":        {Options{}, askOld, []string{"ok"}},
		"impure":      {Options{RuleSets: map[string]RulePolicy{"default": {Impure: true}}}, askOld, []string{"unknown_rules"}},
		"by name":     {Options{}, `{"rules":"default"}`, []string{"unknown_rules"}},
		"to a worker": {Options{}, `{"rules":"default@abababababab","worker":"a"}`, []string{"unknown_rules"}},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpdating(t, test.options)
			u.send(u.c, "x", test.ask, "x")
			if u.b.receive(u.direct); len(u.b.has) == 1 {
				u.a, u.b = u.b, u.a
			}
			u.a.receive(u.direct)
			u.a.update(u.direct, newRules())
			number := u.a.has[0].number
			u.a.has = nil
			u.a.say(u.direct, number, true, `{"error":{"code":"unknown_rules","message":"gone"}}`)
			u.b.receive(u.direct)
			for len(u.b.has) > 0 {
				u.b.answer(u.direct, 0, false)
			}
			u.want("x", test.want...)
		})
	}
	t.Run("nobody has it", func(t *testing.T) {
		u := newUpdating(t, Options{})
		u.b.update(u.direct, newRules())
		u.send(u.c, "x", askOld, "x")
		u.a.receive(u.direct)
		u.a.update(u.direct, newRules())
		u.a.say(u.direct, u.a.has[0].number, true, `{"error":{"code":"unknown_rules","message":"gone"}}`)
		u.want("x", "unknown_rules")
	})
}

func TestStatusTellsAFailedReloadWithItsAge(t *testing.T) {
	u := newUpdating(t, Options{})
	rules := []wire.ServedRules{{Name: "default", Hash: oldHash, FailedReload: &wire.FailedReload{Error: "rules.yaml:3: no", AgeS: 5}}}
	u.a.update(u.direct, rules)
	for range 3 {
		u.a.port.heard, u.b.port.heard = u.now, u.now
		u.advance(time.Second)
	}
	for range 2 { // asking changes nothing
		for _, w := range u.r.status(u.now).Workers {
			switch f := w.Rules[0].FailedReload; {
			case w.Name == "b" && f != nil:
				t.Errorf("b: %+v", f)
			case w.Name == "a" && (f == nil || f.AgeS != 8 || f.Error != "rules.yaml:3: no"):
				t.Errorf("a: %+v", f)
			}
		}
	}
	u.a.update(u.direct, newRules())
	for _, s := range u.r.status(u.now).RuleSets {
		if s.Name == "default" && !slices.Equal(s.Hashes, []string{oldHash, newHash}) {
			t.Errorf("hashes %q", s.Hashes)
		}
	}
}

func TestBadUpdates(t *testing.T) {
	u := newUpdating(t, Options{})
	for what, m := range map[string]zmtp.Message{
		"one frame":        zmtp.NewMessage([]byte("U")),
		"unreadable":       zmtp.NewMessage([]byte("U"), []byte("{")),
		"needs a rule set": zmtp.NewMessage([]byte("U"), []byte("{}")),
		`"a@b"`:            zmtp.NewMessage([]byte("U"), []byte(`{"rules":[{"name":"a@b"}]}`)),
		"at most":          zmtp.NewMessage([]byte("U"), make([]byte, maxHello+1)),
	} {
		if err := u.direct.b.fromWorker(u.a.worker, m, u.out()); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	u.lose(u.a)
	u.r.update(u.a.worker, newRules(), u.out()) // too late, and no harm
	u.check()
}

// Names that come and go with updates leave nothing behind; expected ones are
// waited for.
func TestNamesThatComeAndGo(t *testing.T) {
	u := newUpdating(t, Options{ExpectRules: []string{"expected"}})
	u.lose(u.b)
	before := len(u.r.targets)
	for i := range 100 {
		u.a.update(u.direct, []wire.ServedRules{{Name: fmt.Sprint("set", i), Hash: oldHash}, {Name: "expected", Hash: oldHash}})
	}
	u.send(u.c, "served", `{"rules":"set99"}`, "x")
	u.send(u.c, "gone", `{"rules":"set98"}`, "x")
	u.a.update(u.direct, newRules())
	u.want("gone", "unknown_rules")
	u.send(u.c, "waits", `{"rules":"expected","deadline_ms":5000}`, "x")
	u.want("waits")
	u.a.receive(u.direct)
	u.a.answer(u.direct, 0, false)
	u.want("served", "ok")
	if got := len(u.r.targets); got > before+1 { // b's name stays
		t.Errorf("%d targets, %d before", got, before)
	}
}

// A worker can say whatever it likes in updates and costs.
func FuzzUpdatesAndCosts(f *testing.F) {
	f.Add(string(wire.JSONFrame(&wire.Update{Rules: newRules()})), costs("x", wire.SetCosts{Name: "default", TimeUS: 1, Regexes: []wire.RegexCost{cost("r", 1)}}))
	f.Add(`{"rules":[{"name":"default","hash":"ab","failed_reload":{"age_s":-1}},{"name":"default"}]}`, `{"sets":[{"time_us":-1,"regexes":[{"time_us":-5}]}]}`)
	f.Add(`{"rules":[{"name":"other"}]}`, `null`)
	f.Fuzz(func(t *testing.T, update, costs string) {
		u := &updating{direct: newDirect(t, Options{})}
		u.c, u.a, u.b = u.client(), u.worker("a", 1, true), u.worker("b", 1, true)
		for i, ask := range []string{askOld, askNew, `{}`, askOld, `{"worker":"a"}`, `{"rules":"other"}`} {
			u.send(u.c, fmt.Sprint(i), ask, "x")
		}
		u.a.receive(u.direct)
		if err := u.direct.b.fromWorker(u.a.worker, zmtp.NewMessage([]byte("U"), []byte(update)), u.out()); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q", err)
		}
		u.check()
		u.a.beat(u.direct, costs)
		_ = wire.JSONFrame(u.r.status(u.now))
		for len(u.a.has) > 0 {
			u.a.answer(u.direct, 0, true)
			u.check()
		}
		u.lose(u.a)
		u.check()
	})
}

// A worker that cannot read a pack any more gets no requests for it, until it says otherwise; and
// what it alone has served is waited for.
func TestUnreadablePacksAreNotServed(t *testing.T) {
	d := newDirect(t, Options{})
	a, b, c := d.worker("a", 1, true, "default", "other"), d.worker("b", 1, true), d.client()
	readable := a.hello.Rules
	unreadable := slices.Clone(readable)
	unreadable[0].Unreadable, unreadable[1].Unreadable = true, true
	a.update(d, unreadable)
	for i := range 6 {
		d.send(c, fmt.Sprint(i), "x")
	}
	d.send(c, "other", `{"rules":"other"}`, "x")
	a.receive(d)
	if len(a.has) != 0 || b.worker.held.n == 0 {
		t.Errorf("a has %d requests, b %d", len(a.has), b.worker.held.n)
	}
	d.check()
	if s := d.r.status(d.now); !s.Workers[0].Rules[0].Unreadable {
		t.Errorf("status has %+v", s.Workers[0].Rules)
	}
	a.update(d, readable)
	for a.receive(d); len(a.has) > 0; a.receive(d) {
		a.answer(d, 0, false)
	}
	if got := c.answers()["other"]; fmt.Sprint(got) != "[ok]" {
		t.Errorf("what waited for it is answered %v", got)
	}
	d.check()
}
