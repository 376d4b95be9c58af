package broker

// Plain workers: REP sockets of any language.

import (
	"encoding/binary"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Plain workers: REP sockets of any language, which see the text alone.

// servePlain serves a REP. It gets [number, empty, text]; what it returns has
// the same first two frames, and then its reply.
func (b *Broker) servePlain(c *connection, rules string) {
	conn := c.conn
	address := conn.Peer().RemoteAddr
	w := newWorker(conn, true, address, wire.Hello{Rules: []wire.ServedRules{{Name: rules}}, Slots: 1}, b.options.patience)
	var out batch
	if _, err := b.router.join(w, nil, &out); err != nil {
		b.options.Log.Info("plain worker refused", "address", address, "error", err)
		return
	}
	b.joined(c)
	out.flush()
	b.options.Log.Info("plain worker connected", "worker", w.name, "rules", rules)
	b.mixture.note(b.options.Log, w, []string{rules})
	defer b.leave(w, &out)
	for {
		m, err := conn.Recv()
		if err != nil {
			b.ended(w, err)
			return
		}
		number, ok := plainReply(m)
		if !ok {
			b.options.Log.Warn("plain worker broke the envelope: closed", "worker", address)
			m.Release()
			return
		}
		b.reply(w, number, succeeded, m, 2, &out)
		if !conn.Buffered() {
			out.flush()
		}
	}
}

func plainReply(m zmtp.Message) (number uint64, ok bool) {
	if m.NumFrames() < 3 || len(m.Frame(0)) != 8 || len(m.Frame(1)) != 0 {
		return 0, false
	}
	return binary.BigEndian.Uint64(m.Frame(0)), true
}

func putNumber(to *[8]byte, number uint64) []byte {
	binary.BigEndian.PutUint64(to[:], number)
	return to[:]
}
