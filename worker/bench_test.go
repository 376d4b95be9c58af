package worker

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"trawl/edge/match"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// BenchmarkRequest is what a small request costs a worker, with 16 of them under way:
// from its connection through queue and slot and back.
func BenchmarkRequest(b *testing.B) {
	const endpoint, window = "inproc://worker-bench", 16
	l, err := zmtp.Listen(endpoint, zmtp.Options{SocketType: "ROUTER", SendBytes: 64 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	builder := match.NewBuilder(match.Options{})
	if err := builder.Add(&match.Rule{ID: "words", Literals: [][]byte{[]byte("he"), []byte("his")}}); err != nil {
		b.Fatal(err)
	}
	p, err := builder.Pack()
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = Run(ctx, Options{Name: "w", Brokers: []string{endpoint}, Slots: 2, DrainTimeout: time.Millisecond, Rules: map[string]*match.Pack{"default": p}})
	}()
	defer func() { stop(); <-done }()
	conn, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	hello, err := conn.Recv()
	if err != nil || !json.Valid(hello.Frame(1)) {
		b.Fatal(err)
	}
	hello.Release()
	text := []byte("this here is history, and so is this")
	prefix := make([]byte, 0, 64)
	send := func(n int) {
		c := wire.RequestControl{Number: uint64(n), Remaining: time.Hour}
		var frame [32]byte
		prefix = zmtp.AppendFrame(prefix[:0], c.Append(frame[:0]), true)
		if err := conn.Send(prefix, zmtp.NewMessage(text)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	sent := 0
	for ; sent < min(window, b.N); sent++ {
		send(sent)
	}
	for range b.N {
		m, err := conn.Recv()
		if err != nil {
			b.Fatal(err)
		}
		m.Release()
		if sent < b.N {
			send(sent)
			sent++
		}
	}
}
