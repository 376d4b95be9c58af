package broker

// Control requests: ping, status, stop and drain.

import (
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// control answers a control request: a header with op, and an empty frame.
func (b *Broker) control(q *request, out *batch) {
	body, err := b.perform(q)
	if err != nil {
		b.router.refuseNow(q, err, out)
		return
	}
	if err := b.router.reserve(int64(len(body))); err != nil {
		b.router.refuseNow(q, err, out)
		return
	}
	defer b.options.budget.Hold(-int64(len(body)))
	head := wire.AnswerHeader{ID: q.header.ID, HasID: q.header.HasID}
	b.router.answerNow(q, zmtp.NewMessage(head.Append(nil), body), out)
	stop := q.header.Op == wire.OpStop && q.header.Worker == ""
	q.recycle()
	if stop {
		out.flush()
		b.requestStop()
	}
}

// perform does what a control request asks for and returns its document.
func (b *Broker) perform(q *request) ([]byte, *wire.Error) {
	switch q.header.Op {
	case wire.OpPing:
		return wire.JSONFrame(&wire.Pong{Broker: b.options.Name, Version: b.options.Version, Protocol: wire.ProtocolVersion}), nil
	case wire.OpStatus:
		return b.statusBody(), nil
	case wire.OpReport:
		if err := b.report(q); err != nil {
			return nil, err
		}
		return []byte("{}"), nil
	}
	if err := b.options.Security.mayControl(q.client.conn.Peer(), q.header.Op); err != nil {
		return nil, err
	}
	if q.header.Worker != "" {
		if err := b.router.stopWorker(q.header.Worker, q.header.Op == wire.OpStop); err != nil {
			return nil, err
		}
		b.options.Log.Info("told a worker to "+string(q.header.Op), "worker", q.header.Worker)
	} else if q.header.Op == wire.OpDrain {
		b.options.Log.Info("told to drain: takes no new requests from now on")
		b.router.stopTaking()
		b.router.tellWorkers()
	}
	return []byte("{}"), nil
}

// stopWorker stops giving a worker requests; with exit it is told to leave
// once it has answered those it has.
func (r monitor) stopWorker(name string, exit bool) *wire.Error {
	var out batch
	defer out.flush()
	r.lock()
	defer r.leave(&out)
	w := r.names[name]
	if w == nil {
		return wire.Errorf(wire.UnknownWorker, "no worker named %q is connected; `trawl workers` lists those that are", name)
	}
	if exit && w.plain {
		return wire.Errorf(wire.BadRequest, "%q is a plain worker, which cannot be told to stop; end its process", name)
	}
	r.setDraining(w, &out)
	if exit {
		r.tell(w, zmtp.NewMessage(wire.ControlFrame(wire.KindStop)), &out)
	}
	return nil
}

// answerNow answers a control request.
func (r monitor) answerNow(q *request, m zmtp.Message, out *batch) {
	r.lock()
	defer r.leave(out)
	r.count("ok")
	r.received += q.size()
	r.answerUnadmitted(q, m, out)
}
