package broker

import (
	"encoding/json"
	"net"
	"strings"
	"testing"

	"trawl/edge/escape"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// goodHello is a hello with all that can be said.
func goodHello() wire.Hello {
	return wire.Hello{
		Protocol: wire.ProtocolVersion, Version: "test", Name: "pi2", Nonce: "n", Slots: 1,
		Rules: []wire.ServedRules{{Name: "default", Hash: oldHash, Engine: "dfa", Scan: "one stream"}},
		Board: json.RawMessage(`{"model":"Raspberry Pi 4","os":"linux","arch":"arm64","cores":4}`),
	}
}

// texts are the places of a hello that people get to see.
var texts = map[string]func(*wire.Hello, string){
	"name":    func(h *wire.Hello, s string) { h.Name = s },
	"nonce":   func(h *wire.Hello, s string) { h.Nonce = s },
	"version": func(h *wire.Hello, s string) { h.Version = s },
	"rules":   func(h *wire.Hello, s string) { h.Rules[0].Name = s },
	"hash":    func(h *wire.Hello, s string) { h.Rules[0].Hash = s },
	"engine":  func(h *wire.Hello, s string) { h.Rules[0].Engine = s },
	"scan":    func(h *wire.Hello, s string) { h.Rules[0].Scan = s },
	"model":   func(h *wire.Hello, s string) { h.Board = wire.JSONFrame(map[string]string{"model": s}) },
	"a key of the board": func(h *wire.Hello, s string) {
		h.Board = wire.JSONFrame(map[string]any{"os": []any{map[string]int{s: 1}}})
	},
}

func TestHelloWithHiddenTextIsRefused(t *testing.T) {
	h := goodHello()
	if err := checkHello(&h, "test"); err != nil {
		t.Fatal(err)
	}
	for place, set := range texts {
		for _, bad := range []string{"a\x1b[2Jb", "a\nb", "a\rb", "\x00", "a\x7f", "a\u0085b", "a\u009b31m", "a\u202eb", "a\u200bb", "a\u2028b", strings.Repeat("x", 20_000)} {
			h := goodHello()
			set(&h, bad)
			err := checkHello(&h, "test")
			if err == nil || err.Code != wire.BadRequest || escape.Hides(err.Message) || len(err.Message) > 600 {
				t.Errorf("%s %.20q: %v", place, bad, err)
			}
		}
	}
}

func TestHelloThatIsNotUTF8IsRefused(t *testing.T) {
	frame := strings.Replace(string(wire.JSONFrame(goodHello())), "pi2", "pi\xff", 1)
	var h wire.Hello
	if err := readJSON("hello", []byte(frame), &h); err == nil || !strings.Contains(err.Message, "UTF-8") {
		t.Error(err)
	}
}

func TestNamesThatCannotBe(t *testing.T) {
	for _, name := range []string{"127.0.0.1:46970", "[::1]:5556", "[fe80::1%eth0]:5556", "ipc:///run/trawl.sock", "tcp://pi1:5556", " pi2", "pi2 ", " ", ""} {
		h := goodHello()
		h.Name = name
		if err := checkHello(&h, "test"); err == nil {
			t.Errorf("%q can be a worker's name", name)
		}
	}
	for _, name := range []string{"pi2", "pi2.lan", "rack 1", "rack1:3", "10.0.0.7", "fe80::1", "a@b", "küche", "名前"} {
		h := goodHello()
		h.Name = name
		if err := checkHello(&h, "test"); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Why rules could not be loaded may quote anything: it locks nobody out.
func TestFailedReloadIsEscaped(t *testing.T) {
	h := goodHello()
	h.Rules[0].FailedReload = &wire.FailedReload{Error: "a.yaml:1: \x1b[2J\nb.yaml:2: \u202e" + strings.Repeat("x", 10_000)}
	if err := checkHello(&h, "test"); err != nil {
		t.Fatal(err)
	}
	if got := h.Rules[0].FailedReload.Error; !strings.HasPrefix(got, "a.yaml:1: \\x1b[2J\nb.yaml:2: \\u202exxx") || len(got) > 2*wire.MaxReloadError {
		t.Errorf("%d bytes: %.60q", len(got), got)
	}
}

func TestUpdateWithHiddenTextIsRefused(t *testing.T) {
	for _, place := range []string{"rules", "hash", "engine", "scan"} {
		h := goodHello()
		texts[place](&h, "a\x1bb")
		m := zmtp.NewMessage([]byte("U"), wire.JSONFrame(&wire.Update{Rules: h.Rules}))
		if rules, err := parseUpdate(m); err == nil {
			t.Errorf("%s: %v", place, rules)
		}
	}
}

func TestCostsAreEscaped(t *testing.T) {
	c, ok := parseCosts(wire.JSONFrame(&wire.Costs{Sets: []wire.SetCosts{{Name: "a\n", Regexes: []wire.RegexCost{{Rule: "\x1bb"}}}}}))
	if !ok || c.Sets[0].Name != `a\n` || c.Sets[0].Regexes[0].Rule != `\x1bb` {
		t.Errorf("%+v, %v", c, ok)
	}
}

// A worker that has the name of a live one of the other kind would get its requests.
func TestNobodyTakesTheNameOfAPlainWorker(t *testing.T) {
	r := start(t, func(o *Options) { o.Workers = append(o.Workers, "tcp://127.0.0.1:0") })
	endpoint := r.broker.WorkerEndpoints()[1]
	rep := r.dial(endpoint, "REP")
	r.until("the plain worker is there", func(s *wire.Status) bool { return len(s.Workers) == 1 })
	name := r.status().Workers[0].Name
	if _, _, err := net.SplitHostPort(name); err != nil {
		t.Fatalf("a plain worker named %q", name)
	}
	thief := r.hello(name, "n", 8)
	if got := thief.recv(); got[0] != "X" || !strings.Contains(got[1], "is an address") {
		t.Fatalf("a worker named %q: %q", name, got)
	}
	c := r.client()
	c.send(`{"worker":"`+name+`"}`, "secret")
	frames := rep.recv()
	rep.send(frames[0], "", "R")
	if got := c.recv(); got[len(got)-1] != "R" {
		t.Errorf("%q", got)
	}
}

// Names of sockets on this machine are shared by plain workers, and by nobody else.
func TestWorkersOfTwoKindsShareNoName(t *testing.T) {
	for _, first := range []string{"plain", "trawl"} {
		d := newDirect(t, Options{})
		join := func(kind, nonce string) *wire.Error {
			w := newWorker(&fakeConn{heard: d.now}, kind == "plain", "ipc://x", wire.Hello{Nonce: nonce, Rules: newRules()}, patience)
			_, err := d.r.join(w, nil, d.out())
			return err
		}
		if err := join(first, "a"); err != nil {
			t.Fatal(err)
		}
		for _, second := range []string{"plain", "trawl"} {
			err := join(second, "b")
			if refused := err != nil; refused == (first == "plain" && second == "plain") {
				t.Errorf("%s, then %s: %v", first, second, err)
			}
		}
	}
}

func FuzzHello(f *testing.F) {
	f.Add([]byte(wire.JSONFrame(goodHello())))
	f.Add([]byte(`{"protocol":"1.0","name":"a\u001b","nonce":"n","slots":1,"rules":[{"name":"x"}],"board":{"a":["\u009b"]}}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		var h wire.Hello
		err := readJSON("hello", frame, &h)
		if err == nil {
			err = checkHello(&h, "test")
		}
		if err != nil {
			if escape.Hides(err.Message) || len(err.Message) > 4000 {
				t.Errorf("%d bytes: %q", len(err.Message), err.Message)
			}
			return
		}
		w := newWorker(nil, false, h.Name, h, patience)
		for _, s := range []string{w.name, w.facts.Model, w.facts.OS, w.facts.Arch, h.Version, h.Rules[0].Name, h.Rules[0].Hash, h.Rules[0].Scan} {
			if escape.Hides(s) || s != "" && isAddress(w.name) {
				t.Errorf("%q got in", s)
			}
		}
	})
}
