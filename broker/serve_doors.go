package broker

// How many connections there may be: each takes a file descriptor and memory. Clients
// and workers come in by doors of their own, so that neither keeps the other out, and
// the HTTP port has places besides. A door that is full lets a newcomer in when somebody
// has nothing to do there.

import (
	"slices"
	"sync/atomic"
	"time"

	"trawl/edge/keys"
	"trawl/edge/zmtp"
)

const (
	// ownFiles is how many descriptors the broker needs for itself: logs, keys,
	// listeners, the network poller.
	ownFiles = 64

	// connectionCost is what a connection is taken to cost in memory, in bytes: its
	// structures, a goroutine, and the first bytes of an answer. Connections of clients may
	// take half of limits.memory besides it, those of workers a quarter.
	connectionCost = 16 << 10

	mostHandshakes = 256 // at once, of one listener
	fewestPlaces   = 16

	// A connection that has not asked anything yet, or not said hello, gives way to
	// another after newTime, and a client that has after idleTime. Newcomers wait for
	// newTime at most.
	newTime  = 250 * time.Millisecond
	idleTime = 10 * time.Second
)

// places is how many connections there may be at once.
type places struct{ clients, workers, handshakes int }

// planPlaces shares the descriptors of a process that may have so many files, 0 if that
// is not known, between its listeners. A place costs memory, too.
func planPlaces(files, memory int64, listeners int) places {
	p := places{
		clients:    int(max(memory/2/connectionCost, fewestPlaces)),
		workers:    int(max(memory/4/connectionCost, fewestPlaces)),
		handshakes: mostHandshakes,
	}
	if files == 0 {
		return p
	}
	left := max(int(min(files, 1<<20))-ownFiles-maxHTTPConns, fewestPlaces)
	p.handshakes = min(p.handshakes, max(fewestPlaces, left/16))
	left = max(left-listeners*p.handshakes, fewestPlaces)
	p.workers = min(p.workers, max(fewestPlaces, left/4))
	p.clients = min(p.clients, max(fewestPlaces, left-p.workers))
	return p
}

// door is where peers of one kind come in. Broker.mu guards what is below the line.
type door struct {
	who    string // comes in: for the log
	roles  []keys.Role
	most   int // connections
	budget *zmtp.Budget

	// ---
	conns map[*zmtp.Conn]*connection
}

// connection is a peer that has come in. Broker.mu guards what is below the line.
type connection struct {
	conn  *zmtp.Conn
	since time.Time    // when it came in
	asked atomic.Int64 // when it asked something last, in ns after since; 0: never
	busy  atomic.Bool  // a worker that has joined

	client atomic.Pointer[client] // nil if it is none, or not yet

	// ---
	arrival arrival
}

func newDoor(who string, roles []keys.Role, most int, budget *zmtp.Budget) *door {
	return &door{who: who, roles: roles, most: most, budget: budget, conns: make(map[*zmtp.Conn]*connection)}
}

func (b *Broker) doors() [2]*door { return [...]*door{b.clientDoor, b.workerDoor} }

// enter gives a connection a place. It is nil if there is none, or if the broker ends.
func (b *Broker) enter(d *door, conn *zmtp.Conn) *connection {
	c := &connection{conn: conn, since: time.Now()}
	for {
		b.mu.Lock()
		ending, full := b.ending, len(d.conns) >= d.most
		if !ending && !full {
			d.conns[conn] = c
		}
		candidates := d.sampleLocked(full)
		b.mu.Unlock()
		switch {
		case ending:
			return nil
		case !full:
			return c
		}
		victim, wait := b.router.idlest(candidates)
		if victim != nil && wait > 0 {
			time.Sleep(wait) // the next newcomers wait, too, in the kernel or in their handshakes
			continue
		}
		if victim == nil {
			b.noPlace.Add(1)
			b.options.Log.Warn("all places for "+d.who+" are taken and in use: connection closed; there are more with a higher limits.memory, or file limit (ulimit -n, LimitNOFILE)",
				"address", conn.Peer().RemoteAddr, "places", d.most)
			return nil
		}
		b.options.Log.Info("all places for "+d.who+" are taken: one that asks nothing gave way to another", "address", victim.conn.Peer().RemoteAddr, "places", d.most)
		_ = victim.conn.Close()
		b.mu.Lock()
		delete(d.conns, victim.conn)
		b.mu.Unlock()
	}
}

// sampleLocked returns some of the connections, no two times the same ones: to look at
// all of them for each newcomer would be dear.
func (d *door) sampleLocked(wanted bool) (sample []*connection) {
	const size = 64
	if !wanted {
		return nil
	}
	for _, c := range d.conns {
		if sample = append(sample, c); len(sample) == size {
			break
		}
	}
	return sample
}

// noteAsked notes that a client has asked something.
func (c *connection) noteAsked(now time.Time) { c.asked.Store(int64(max(now.Sub(c.since), 1))) }

// givesWay returns from when on the connection gives way to another, if it has nothing to
// do.
func (c *connection) givesWay() time.Time {
	if asked := c.asked.Load(); asked > 0 {
		return c.since.Add(time.Duration(asked) + idleTime)
	}
	return c.since.Add(newTime)
}

// idlest returns which of some connections gives way first, and how long to wait for
// that; nil if there is none within newTime.
func (r monitor) idlest(among []*connection) (first *connection, wait time.Duration) {
	slices.SortFunc(among, func(x, y *connection) int { return x.givesWay().Compare(y.givesWay()) })
	r.lock()
	defer r.unlock()
	for _, c := range among {
		r.visit(1)
		if client := c.client.Load(); c.busy.Load() || client != nil && client.requests.n > 0 {
			continue
		}
		if wait = time.Until(c.givesWay()); wait <= newTime {
			return c, max(wait, 0)
		}
	}
	return nil, 0
}

// exit frees the place of a connection, and ends it.
func (b *Broker) exit(d *door, c *connection) {
	_ = c.conn.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(d.conns, c.conn)
}
