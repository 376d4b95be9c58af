package broker

import (
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

func TestPlacesLeaveRoomForWorkersAndHTTP(t *testing.T) {
	for _, tt := range []struct {
		files, memory int64
		clients       int // at least
		workers       int // at least
	}{
		{1100, 64 << 20, 500, 190},
		{1024, 16 << 20, 400, 150},
		{1 << 20, 64 << 20, 2048, 1024},
		{0, 64 << 20, 2048, 1024},
		{256, 64 << 20, fewestPlaces, fewestPlaces},
		{64, 1 << 20, fewestPlaces, fewestPlaces},
	} {
		p := planPlaces(tt.files, tt.memory, 2)
		if p.clients < tt.clients || p.workers < tt.workers || p.handshakes < fewestPlaces {
			t.Errorf("%d files, %d bytes: %+v", tt.files, tt.memory, p)
		}
		all := int64(p.clients + p.workers + 2*p.handshakes + maxHTTPConns + ownFiles)
		if tt.files >= 1000 && all > tt.files {
			t.Errorf("%+v are %d descriptors of %d", p, all, tt.files)
		}
		if cost := int64(p.clients+p.workers) * connectionCost; cost > max(tt.memory, 2*fewestPlaces*connectionCost) {
			t.Errorf("%+v cost %d bytes of %d", p, cost, tt.memory)
		}
	}
}

// few is a broker with 16 places for clients and 16 for workers.
func few(t *testing.T) *rig {
	return start(t, func(o *Options) { o.files, o.bootTime = 64, time.Millisecond })
}

func TestClientsThatNeverAskGiveWay(t *testing.T) {
	r := few(t)
	polite := r.client()
	polite.send(`{"op":"ping"}`, "")
	polite.recv()
	waiting := r.client()
	waiting.send(`{"rules":"default"}`, "waits")
	r.until("it waits", func(s *wire.Status) bool { return s.Broker.Pending == 1 })
	var idle []*peer
	for range 3 * fewestPlaces {
		idle = append(idle, r.client())
	}
	c := r.client()
	c.send(`{"op":"ping"}`, "")
	c.recv()
	for _, p := range idle {
		go func() { _, _ = p.conn.Recv() }() // so that the end is noticed
	}
	r.until("who never asked has given way", func(s *wire.Status) bool { return s.Broker.Clients <= fewestPlaces })
	polite.send(`{"op":"ping"}`, "") // neither those who asked lately
	polite.recv()
	w := r.worker("w", 1) // nor those who wait for an answer, nor workers
	w.answer(w.task(), "{}", "answer")
	waiting.want("{}", "answer")
}

func TestConnectionsThatAreAllAtWorkKeepTheirPlaces(t *testing.T) {
	r := few(t)
	for range fewestPlaces {
		r.client().send(`{"rules":"default"}`, "waits")
	}
	for r.broker.router.status(time.Now()).Broker.Pending < fewestPlaces {
		time.Sleep(time.Millisecond)
	}
	late := r.client()
	_ = late.conn.Send(nil, zmtp.NewMessage([]byte(`{"op":"ping"}`), nil))
	if _, err := late.conn.Recv(); err == nil {
		t.Error("a client got in though all places are in use")
	}
	w := r.worker("w", 1)
	for range fewestPlaces {
		w.answer(w.task(), "{}", "answer")
	}
}

func TestWorkersThatDoNotSayHelloGiveWay(t *testing.T) {
	r := few(t)
	old := r.worker("old", 1)
	for range 2 * fewestPlaces {
		r.dial(r.workers, "DEALER")
	}
	r.worker("new", 1)
	select {
	case <-old.conn.Done():
		t.Error("a worker gave way")
	default:
	}
}
