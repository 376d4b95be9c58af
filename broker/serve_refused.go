package broker

// Workers that the broker turns away: who came lately, why, and how much of it is
// logged.

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"net"
	"sort"
	"sync"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

const (
	// turnedAwayAgain is how often the same worker is logged for the same reason: one
	// whose name is taken asks every few seconds for ever.
	turnedAwayAgain = time.Minute
	// turnedAwayShown is how long a worker that does not come again is in the status.
	turnedAwayShown = 30 * time.Second
	// maxTurnedAway bounds how many are remembered; beyond, who came first is forgotten.
	maxTurnedAway = 64
)

// turnedAway remembers the workers that were refused. The zero value is ready for use,
// by any goroutine.
type turnedAway struct {
	mu   sync.Mutex
	seen map[turnedAwayKey]*turnedAwayWorker
}

// turnedAwayKey tells them apart: the port of an address is another each time.
type turnedAwayKey struct{ name, host string }

type turnedAwayWorker struct {
	address  string
	reason   string
	times    int64
	last     time.Time
	logged   time.Time // when the reason was
	unlogged int       // refusals since then
}

// note remembers a refusal and logs it: a new reason at once, the same one again every
// turnedAwayAgain with the number of times. Name may be empty: the worker has not said
// it.
func (t *turnedAway) note(log *slog.Logger, name, address string, e *wire.Error, now time.Time) {
	key := turnedAwayKey{name, hostOf(address)}
	t.mu.Lock()
	if t.seen == nil {
		t.seen = make(map[turnedAwayKey]*turnedAwayWorker)
	}
	w := t.seen[key]
	if w == nil {
		t.makeRoomLocked()
		w = new(turnedAwayWorker)
		t.seen[key] = w
	}
	w.times++
	w.unlogged++
	w.last, w.address = now, address
	times := w.unlogged
	due := w.reason != e.Message || now.Sub(w.logged) >= turnedAwayAgain
	if due {
		w.reason, w.logged, w.unlogged = e.Message, now, 0
	}
	t.mu.Unlock()
	if !due {
		return
	}
	about := []any{"worker", name, "address", address, "error", e}
	if times > 1 {
		about = append(about, "times", times)
	}
	log.Warn("worker refused", about...)
}

func (t *turnedAway) makeRoomLocked() {
	if len(t.seen) < maxTurnedAway {
		return
	}
	var oldest turnedAwayKey
	var at time.Time
	for key, w := range t.seen {
		if at.IsZero() || w.last.Before(at) {
			oldest, at = key, w.last
		}
	}
	delete(t.seen, oldest)
}

// welcomed forgets a worker that is let in.
func (t *turnedAway) welcomed(name, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.seen, turnedAwayKey{name, hostOf(address)})
}

// list returns those that stand outside now, by name and address.
func (t *turnedAway) list(now time.Time) (list []wire.RefusedWorker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, w := range t.seen {
		if ago := now.Sub(w.last); ago <= turnedAwayShown {
			list = append(list, wire.RefusedWorker{Name: key.name, Address: w.address, Reason: w.reason, Times: w.times, AgoS: int64(ago / time.Second)})
		}
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := &list[i], &list[j]
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Address, b.Address)) < 0
	})
	return list
}

// hostOf cuts the port off an address.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// helloAtClients reports whether a message on the endpoint for clients is a worker's
// hello, and the name in it. No request is one: its header would be a single H.
func helloAtClients(m zmtp.Message) (name string, ok bool) {
	if m.NumFrames() != 2 || len(m.Frame(0)) != 1 || wire.KindOf(m.Frame(0)) != wire.KindHello {
		return "", false
	}
	var hello struct {
		Name  string `json:"name"`
		Nonce string `json:"nonce"`
	}
	if json.Unmarshal(m.Frame(1), &hello) != nil || hello.Nonce == "" || len(hello.Name) > maxName {
		return "", false
	}
	return hello.Name, true
}

// refuseAtClients tells a worker at the endpoint for clients where to go.
func (b *Broker) refuseAtClients(c *client, name string, out *batch) {
	e := wire.Errorf(wire.BadRequest, "this is the endpoint for clients; workers connect to %s", joinEndpoints(b.WorkerEndpoints()))
	b.turnedAway.note(b.options.Log, name, c.conn.Peer().RemoteAddr, e, time.Now())
	answer := wire.AnswerHeader{Error: e}
	if c.conn.Queue(zmtp.AppendFrame(nil, wire.ControlFrame(wire.KindRefused), true), zmtp.NewMessage(answer.Append(nil))) == nil {
		out.add(c.conn)
	}
}
